"""Which run is the active one: per task where tasks run side by side, else one for the whole process."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from mlops_jlab.tracking.live import LiveRun

# A task of the user's own has its own stack. Everything else shares one: the cells of a notebook (each may
# run in another context), and threads, which log to the run of the notebook that started them.
_of_task: ContextVar[tuple[LiveRun, ...] | None] = ContextVar("mlops_jlab_runs", default=None)
_shared: list[LiveRun] = []
_home_task: asyncio.Task[object] | None = None


def at_home() -> None:
    """Says that the task that runs now is the one that executes cells, not one of the user's."""
    global _home_task
    _home_task = _task()


def _task() -> asyncio.Task[object] | None:
    library = sys.modules.get("asyncio")  # who has tasks has imported it
    if library is None:
        return None
    try:
        return library.current_task()  # type: ignore[no-any-return]
    except RuntimeError:
        return None


def _is_own_task() -> bool:
    task = _task()
    return task is not None and task is not _home_task


def stack() -> tuple[LiveRun, ...]:
    """The active runs here, the outermost first."""
    mine = _of_task.get()
    return mine if mine is not None else tuple(_shared)


def push(run: LiveRun) -> None:
    """``run`` is the active one from here on."""
    if _is_own_task():
        _of_task.set((*stack(), run))
    else:
        _shared.append(run)


def remove(run: LiveRun) -> None:
    """``run`` is not active any more."""
    mine = _of_task.get()
    if mine is not None and run in mine:
        _of_task.set(tuple(other for other in mine if other is not run))
    if run in _shared:
        _shared.remove(run)


def everywhere() -> tuple[LiveRun, ...]:
    """The runs that are active outside of tasks."""
    return tuple(_shared)
