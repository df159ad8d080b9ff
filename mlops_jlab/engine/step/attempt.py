"""One attempt at one step: what it is given, how far it is, and how others stop it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

if TYPE_CHECKING:
    from mlops_jlab.engine.step.outputs import CellOutputs, Displays
    from mlops_jlab.processes import protocol
    from mlops_jlab.processes.spare.kernels import KernelsAhead


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
    raised: bool = False  # a cell that may not
    parts: list[Execution] = field(default_factory=list)  # of a step that is several processes
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

    def processes(self) -> list[int]:
        """The processes of this machine that execute it now."""
        own = [self.process, *(part.process for part in list(self.parts))]
        return [int(one.pid) for one in own if one is not None]

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


class StepShell(Protocol):
    """The process of one step, or of several in turn: a fork of a warm parent, or an ordinary kernel.

    ``steps`` are those whose cells it, or what it was forked from, has executed, ``fronts`` the cells of
    setup and parameters among those; ``notebooks`` are the executed ones. ``held`` is why all steps below go
    on in it for good. Who asks it holds ``lock``.
    """

    process: Any
    displays: Displays
    notebooks: list[tuple[Path, Any]]
    steps: list[str]
    fronts: set[str]
    held: str
    lock: Any

    def begin(
        self, environment: Mapping[str, str], log: BinaryIO, cpus: int, memory: int = 0, ignored: str = "",
        *, brings: bool = False,
    ) -> None:  # fmt: skip
        """Gives the process to a step, with what the step adds to the environment."""

    def wait_until_ready(self) -> None:
        """Waits until cells can come."""

    def execute(
        self, source: str, cell_id: str, changed: Callable[[CellOutputs], None]
    ) -> tuple[int, CellOutputs, protocol.Done]:
        """Executes one cell; its number, what it put out, and how it ended."""

    def finish(self, step: str) -> Mapping[str, float]:
        """The step's last cell is done; what the step has used."""

    def copy(self, *, pristine: bool = False) -> StepShell | protocol.Stays:
        """A fork of the process as it is; or the reason why there can be none."""

    def lives(self, *, at_setup: bool = False) -> str:
        """What lives in it that values cannot stand for; ``at_setup``, what it has done outside."""

    def save(self, leaving: Mapping[str, Any]) -> str:
        """Lets the process write down what the step made; why that is not kept, or nothing."""

    def bring(self, what: protocol.Bring) -> protocol.Brought:
        """Lets the process have the values of steps that are not in it."""

    def end(self) -> None:
        """Lets the process end as an interpreter does."""

    def drop(self) -> None:
        """Nobody needs the process."""


class ShellSource(Protocol):
    """Where the process of a step comes from, and what becomes of it."""

    def open(self, step: StepRun, log: BinaryIO) -> StepShell | None:
        """A shell for the step, which has begun; nothing if none can be forked."""

    def before(self, step: StepRun, shell: StepShell, cell: str) -> None:
        """The cell comes next."""

    def close(self, step: StepRun, shell: StepShell, notebook: Any, *, done: bool) -> None:
        """The step is over: all cells of its notebook are done, or one of them failed."""


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
    shells: ShellSource | None = None
    cpus: int = 0
    memory: int = 0
    ahead: KernelsAhead | None = None
