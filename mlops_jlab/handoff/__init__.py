"""Handing values from step to step: what a step notebook calls in its kernel.

:func:`enter` begins a step, :func:`check_parameters` types its parameters. Everything is stored as
content-addressed files that only this machine's own runs can have written.
"""

from mlops_jlab.handoff.session import StepSession, check_parameters, enter

__all__ = ["StepSession", "check_parameters", "enter"]
