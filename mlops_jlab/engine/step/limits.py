"""A bound on the processes of a step: a fork bomb takes the step with it, and not the machine."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlops_jlab.engine.step.attempt import Execution

USUAL = 2000  # processes and threads of a step
_LOOK = 0.1  # seconds
_LOAD = Path("/proc/loadavg")


@contextmanager
def bounded(execution: Execution, most: int) -> Iterator[None]:
    """Kills the step if it has more than ``most`` processes and threads. Only Linux can tell cheaply."""
    if sys.platform != "linux" or not _LOAD.exists():
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_watch, args=(execution, most, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _watch(execution: Execution, most: int, over: threading.Event) -> None:
    """One small file says how many tasks there are on the machine; who they belong to is asked only then."""
    before = _tasks()
    while not over.wait(_LOOK):
        process = execution.process
        if process is None or _tasks() - before < most // 2:
            continue
        found = _tasks_of(int(process.pid))
        if found > most:
            execution.kill(f"the process limit was reached: {found:,} of {most:,} processes and threads")
            return


def _tasks() -> int:
    with suppress(OSError, ValueError, IndexError):
        return int(_LOAD.read_text("ascii").split()[3].partition("/")[2])
    return 0


def _tasks_of(group: int) -> int:
    """The tasks of all processes of a group; a step leads one of its own."""
    found = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                facts = Path("/proc", name, "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
                if int(facts[2]) == group:
                    found += int(facts[17])
    return found
