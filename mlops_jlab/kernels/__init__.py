"""Processes for steps: a warm parent that has the libraries imported and forks a process for each step.

The parent and what it forks run in the interpreter of the notebook's kernel; the rest in the runner.
"""
