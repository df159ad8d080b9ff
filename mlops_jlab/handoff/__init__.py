"""Handing values from step to step: what a step notebook calls in its kernel.

:func:`enter` begins a step, :func:`check_parameters` types its parameters. Everything is stored as
content-addressed files that only this machine's own runs can have written.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_jlab.handoff.session import StepSession, check_parameters, enter

__all__ = ["StepSession", "check_parameters", "enter"]


def __getattr__(name: str) -> Any:
    """What only a step needs is imported in a step alone: the runner reads records."""
    if name in __all__:
        from mlops_jlab.handoff import session

        return getattr(session, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
