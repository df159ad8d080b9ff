"""Processes for steps: parents, what they fork, and the messages between them.

The parent and what it forks run in the interpreter of the notebook's kernel; the rest in the runner.
"""
