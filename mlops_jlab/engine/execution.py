"""One attempt at one step: what it is given, how far it is, and how others stop it."""

from __future__ import annotations

import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_jlab.engine.shells import Shells
from mlops_jlab.errors import RunError
from mlops_jlab.kernels import spawning, warm
from mlops_jlab.kernels.specs import python_of_kernel

if TYPE_CHECKING:
    from mlops_jlab.kernels.ahead import KernelsAhead


GRACE = 2.0  # seconds between the interrupt and the kill


@dataclass(frozen=True)
class CellFailure:
    """What a cell raised, or how its process ended."""

    kind: str
    message: str
    cell_id: str = ""
    traceback: str = ""


@dataclass
class Execution:
    """One notebook while it runs. Other threads may :meth:`stop` it."""

    on_cell: Callable[[int, int, str], None] = lambda _index, _count, _cell: None
    stop_elsewhere: Callable[[str], None] | None = None  # where the process is another machine's
    stopped: str = ""
    cell_id: str = ""
    _ids: list[str] = field(default_factory=list)
    _process: Callable[[], Any] = lambda: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def attach(self, process: Callable[[], Any]) -> None:
        """From now on there is a process to end; ``process`` gives it, or nothing."""
        with self._lock:
            self._process = process
        self.go_on()

    def go_on(self) -> None:
        """Raises RuntimeError if the execution was stopped before its process could be told."""
        if self.stopped:
            raise RuntimeError(self.stopped)

    def watch(self, notebook: Any) -> None:
        """The cells of this notebook are the ones that will begin."""
        self._ids = [cell.get("id", "") for cell in notebook.cells if cell.cell_type == "code"]

    def begin(self, cell: Any) -> None:
        """A cell begins, unless the execution was stopped."""
        self.go_on()
        if cell.cell_type == "code":
            self.cell_id = cell.get("id", "")
            self.on_cell(self._ids.index(self.cell_id), len(self._ids), self.cell_id)

    def stop(self, why: str) -> None:
        """Interrupts the process, and after a moment kills it with all its children."""
        self.stopped = self.stopped or why
        if self.stop_elsewhere is not None:
            self.stop_elsewhere(why)
            return
        group = self._group()
        if group is None:
            return
        _signal_group(group, signal.SIGINT)
        deadline = time.monotonic() + GRACE
        while time.monotonic() < deadline and self._group() is not None:
            time.sleep(0.05)
        _signal_group(group, getattr(signal, "SIGKILL", signal.SIGTERM))

    def kill(self, why: str) -> None:
        """Kills the process with all its children at once."""
        self.stopped = self.stopped or why
        group = self._group()
        if group is not None:
            _signal_group(group, getattr(signal, "SIGKILL", signal.SIGTERM))

    def reap(self) -> None:
        """Waits for a process that nobody waits for any more, on a busy machine."""
        process = self.process
        if process is not None:
            with suppress(OSError):
                process.kill()
            process.wait()
            _signal_group(int(process.pid), getattr(signal, "SIGKILL", signal.SIGTERM))  # what it left behind

    @property
    def process(self) -> Any:
        """The process of the step, once there is one."""
        with self._lock:
            return self._process()

    def _group(self) -> int | None:
        """The process group, while its leader lives: kernels and forked shells lead one of their own."""
        process = self.process
        return None if process is None or process.poll() is not None else int(process.pid)


def _signal_group(group: int, number: int) -> None:
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(group, number)
        else:
            os.kill(group, number)


@dataclass(frozen=True)
class StepRun:
    """How one notebook is executed: where it is written to, in which environment, folder and process.

    Without ``shells`` it is executed in a kernel, one of those that were started ``ahead`` if any were.
    """

    target: Path | None
    environment: Mapping[str, str]
    folder: Path
    log: Path | None
    execution: Execution
    shells: Shells | None = None
    cpus: int = 0
    ahead: KernelsAhead | None = None
    own_shells: bool = False

    @classmethod
    def alone(cls, kernel: str, notebook: Any) -> StepRun:
        """For a notebook that papermill runs without our runner."""
        shells = None
        python = python_of_kernel(kernel)
        sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        if python and spawning.is_possible() and not warm.needs_kernel(sources):
            with suppress(RunError):
                parent = warm.connect(python, warm.modules_of(sources), os.environ, 0)
                shells = Shells(parent, os.environ, Path.cwd())
        return cls(None, {}, Path.cwd(), None, Execution(), shells, own_shells=True)

    def close(self) -> None:
        """Lets shells go that were only there for this notebook."""
        if self.own_shells and self.shells is not None:
            self.shells.close()

    @staticmethod
    def use_ipc(manager: Any) -> None:
        """Sockets in the user's runtime folder: no ports, so no race for them (papermill 511).

        The path is ours because jupyter_client's default is relative to the working directory. Where
        it would be longer than a socket's may be, and on Windows, TCP stays.
        """
        from jupyter_core.paths import jupyter_runtime_dir

        path = os.path.join(jupyter_runtime_dir(), f"mlops-{secrets.token_hex(8)}")
        if sys.platform != "win32" and len(path) < 100:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            manager.transport = "ipc"
            manager.ip = path
