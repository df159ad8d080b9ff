"""The shells of one run: forked from its warm parent, some of them before a step asks for one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from mlops_jlab.errors import RunError
from mlops_jlab.processes.client.connect import Unfit, WarmParent

if TYPE_CHECKING:
    from mlops_jlab.engine.step.attempt import StepRun, StepShell
    from mlops_jlab.engine.step.shell import ForkedShell

_AT_ONCE = 2  # more would make the first step wait for its own


class Shells:
    """Gives each step a shell of its own. ``environment`` and ``folder`` are common to all steps.

    While a step is prepared or executed, its shell and those of the steps that come next set themselves
    up: as many as :meth:`expect` says. ``unfit`` says why none can be forked.
    """

    def __init__(self, parent: WarmParent, environment: Mapping[str, str], folder: Path) -> None:
        self._parent = parent
        self._environment = dict(environment)
        self._folder = folder
        self._ahead: deque[ForkedShell] = deque()
        self._lock = threading.Lock()
        self._expected = 0
        self._below: deque[int] = deque()
        self.unfit = ""

    def expect(self, count: int, below: Sequence[int] = ()) -> None:
        """So many steps are going to ask soon; the first shells are forked now.

        ``below`` says how many modules only steps below the first one import, then the same of the next one.
        """
        with self._lock:
            self._expected, self._below = count, deque(below)
            self._fill(min(count, _AT_ONCE))

    def fork_ahead(self) -> None:
        """A step has its shell, and begins: the others that are expected are forked meanwhile."""
        with self._lock:
            self._fill(self._expected - 1)

    def _fill(self, count: int) -> None:
        with suppress(RunError):  # a step that asks will be told
            while len(self._ahead) < count and not self.unfit:
                self._ahead.append(self._fork())

    def take(
        self,
        environment: Mapping[str, str],
        log: BinaryIO,
        cpus: int,
        memory: int = 0,
        ignored: str = "",
        *,
        brings: bool = False,
    ) -> ForkedShell | None:
        """A shell for a step with its own ``environment``; nothing if none can be forked.

        Raises:
            RunError: the parent is gone.
        """
        if self.unfit:
            return None
        with self._lock:
            shell = self._ahead.popleft() if self._ahead else self._fork()
        try:
            shell.begin(environment, log, cpus, memory, ignored, brings=brings)
        except Unfit as error:
            self.unfit = str(error)
            shell.drop()
            return None
        except BaseException:
            shell.drop()
            raise
        return shell

    def open(self, step: StepRun, log: BinaryIO) -> ForkedShell | None:
        """A shell for the step; nothing if none can be forked."""
        shell = self.take(step.environment, log, step.cpus, step.memory)
        if shell is not None:
            step.execution.attach(lambda: shell.process)
            shell.wait_until_ready()
            self.fork_ahead()
        return shell

    def before(self, step: StepRun, shell: StepShell, cell: str) -> None:
        """Each cell finds what the one above it left."""

    def close(self, step: StepRun, shell: StepShell, notebook: Any, *, done: bool) -> None:
        """The step was all that its process was for."""
        shell.end()

    def _fork(self) -> ForkedShell:
        from mlops_jlab.engine.step.shell import ForkedShell

        below = self._below.popleft() if self._below else 0
        return ForkedShell.forked(
            self._parent, environment=self._environment, folder=self._folder, modules_below=below
        )

    def let_go(self) -> None:
        """Lets the parent go, and with it the shells that nobody asked for."""
        for shell in self._ahead:
            shell.drop()
        self._parent.close()
