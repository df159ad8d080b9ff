"""The runner's side of a step's process: it tells it what to do, and takes what it says."""

from __future__ import annotations

import itertools
import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from mlops_jlab.engine.step.outputs import CellOutputs, Displays
from mlops_jlab.processes import protocol
from mlops_jlab.processes.client.connect import WarmParent
from mlops_jlab.processes.client.process import Process
from mlops_jlab.processes.protocol import Message, Talk, tell

_LAST_WORDS = 0.2  # seconds in which what a dead process printed is still read
_QUIT_LIMIT = 10.0
_ANSWER_LIMIT = 10.0  # seconds in which a fork answers, if it ever does
_SAVE_LIMIT = 600.0
_Kind = TypeVar("_Kind")
_numbers = itertools.count(1)


class ProcessEnded(Exception):
    """The process of a step ended before its cells did."""


class _Files:
    """Both ends of what a shell speaks through: a channel and two pipes."""

    def __init__(self) -> None:
        self.channel, theirs = socket.socketpair()
        self.reads: list[int] = []
        self._theirs = theirs
        self._writes: list[int] = []
        for _ in range(2):
            read, write = os.pipe()
            os.set_blocking(read, False)
            self.reads.append(read)
            self._writes.append(write)

    @property
    def given(self) -> list[int]:
        """The shell's ends."""
        return [self._theirs.fileno(), *self._writes]

    def give(self) -> None:
        """The shell has its own copies now."""
        self._theirs.close()
        for fd in self._writes:
            os.close(fd)

    def drop(self) -> None:
        """There is no shell."""
        self.channel.close()
        for fd in self.reads:
            os.close(fd)


class ForkedShell:
    """The shell of one step, or of several in turn. ``end`` or ``drop`` must be called at last."""

    def __init__(self, parent: WarmParent, process: Process, files: _Files) -> None:
        self._parent = parent
        self._files = files
        self._channel = files.channel
        self.process = process
        self._log: BinaryIO | None = None
        self._talk = Talk(self._channel)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._channel, selectors.EVENT_READ)
        self._names = dict(zip(files.reads, ("stdout", "stderr"), strict=True))
        for fd in files.reads:
            self._selector.register(fd, selectors.EVENT_READ)
        self._told: deque[Message] = deque()
        self.displays = Displays()
        self.notebooks: list[tuple[Path, Any]] = []  # the executed notebooks of its steps
        self._outputs: CellOutputs | None = None
        self._number = 0
        self.steps: list[str] = []  # whose cells it, or what it was forked from, has executed
        self.fronts: set[str] = set()  # the cells of setup and parameters among those
        self.held = ""
        self.lock = threading.RLock()  # who asks it waits for the answer
        self.is_fresh = True

    @classmethod
    def forked(
        cls, parent: WarmParent, *, environment: Mapping[str, str], folder: Path, modules_below: int = 0
    ) -> ForkedShell:
        """Asks the warm parent for a shell, which may be forked before its last modules are imported."""
        files = _Files()
        try:
            request = {
                "kind": "shell", "environment": dict(environment), "folder": str(folder),
                "missing": parent.missing(modules_below),
            }  # fmt: skip
            process = parent.ask(request, files.given)
        except BaseException:
            files.drop()
            raise
        finally:
            files.give()
        return cls(parent, process, files)

    def begin(
        self, environment: Mapping[str, str], log: BinaryIO, cpus: int, memory: int = 0, ignored: str = "",
        *, brings: bool = False,
    ) -> None:  # fmt: skip
        """Gives the process to a step, with what the step adds to the environment.

        Raises:
            RunError: it could not be forked.
        """
        self._log = log
        self._parent.settle(self.process)
        with suppress(OSError):  # it has ended, which is found when it is waited for
            tell(self._channel, protocol.Begin(dict(environment), cpus, memory, ignored, brings))

    def wait_until_ready(self) -> None:
        """Waits until cells can come."""
        if self.is_fresh:
            self._until(protocol.Ready)
            self.is_fresh = False

    def execute(
        self, source: str, cell_id: str, changed: Callable[[CellOutputs], None]
    ) -> tuple[int, CellOutputs, protocol.Done]:
        """Executes one cell; its number, what it put out, and how it ended. ``changed`` is called meanwhile.

        Raises:
            ProcessEnded: the process died in the cell; ``changed`` has had all that it put out.
        """
        outputs = self._outputs = CellOutputs(self.displays)
        try:
            self._number = next(_numbers)
            self._tell(protocol.Execute(cell_id, source, self._number))
            count = self._until(protocol.Begun).count
            done = self._until(protocol.Done, lambda: changed(outputs))
        except ProcessEnded:
            self._read_last_words()
            changed(outputs)
            raise
        finally:
            self._read_pipes()
            self._outputs = None
        return count, outputs, done

    def finish(self, step: str) -> Mapping[str, float]:
        """The step's last cell is done; what the step has used.

        Raises:
            ProcessEnded: it was the last one that its process could execute.
        """
        self._tell(protocol.End())
        used = self._until(protocol.Ended).usage
        self.steps.append(step)
        return used

    def copy(self, *, pristine: bool = False) -> ForkedShell | protocol.Stays:
        """A fork of the process as it is; or the reason why there can be none.

        Raises:
            ProcessEnded: there is no process any more.
        """
        files = _Files()
        try:
            self._tell(protocol.Continue(pristine), files.given)
            answer = self._until(protocol.Parting)
        except BaseException:
            files.drop()
            raise
        finally:
            files.give()
        if isinstance(answer, protocol.Stays):
            files.drop()
            return answer
        assert isinstance(answer, protocol.Forked)  # noqa: S101  # there is no third way
        shell = ForkedShell(self._parent, self._parent.adopt(answer.pid), files)
        shell.steps, shell.fronts = list(self.steps), set(self.fronts)
        shell.displays, shell.notebooks = self.displays, list(self.notebooks)
        try:
            shell._until(protocol.Ready, limit=_ANSWER_LIMIT)
        except ProcessEnded:
            shell.drop()
            return protocol.Stays("", f"a fork of it did not answer within {_ANSWER_LIMIT:g} s")
        shell.is_fresh = False
        return shell

    def lives(self, *, at_setup: bool = False) -> str:
        """Nothing that a fork would not have: where it would not, there is none."""
        return ""

    def save(self, leaving: Mapping[str, Any]) -> str:
        """Lets the process write down what the step made; why that is not kept, or nothing."""
        try:
            self._tell(protocol.Save(leaving))
            return self._until(protocol.Saved, limit=_SAVE_LIMIT).why
        except ProcessEnded:
            return "the process that was to write it down has ended"

    def bring(self, what: protocol.Bring) -> protocol.Brought:
        """Lets the process have the values of steps that are not in it.

        Raises:
            ProcessEnded: it died of it.
        """
        self._tell(what)
        return self._until(protocol.Brought)

    def _tell(self, message: Message, fds: Sequence[int] = ()) -> None:
        try:
            tell(self._channel, message, fds)
        except OSError:
            raise ProcessEnded from None

    def _until(
        self, wanted: type[_Kind], changed: Callable[[], None] = lambda: None,
        limit: float | None = None,
    ) -> _Kind:  # fmt: skip
        """Takes what comes until the wanted message is there; those after it wait for the next call."""
        begun = told = time.monotonic()
        while self._told or not self._talk.ended:
            while self._told:
                message = self._told.popleft()
                if isinstance(message, protocol.Output):
                    # As nbclient does: what belongs to a cell that is over is not shown.
                    if self._outputs is not None and message.number in (0, self._number):
                        self._outputs.take(message.kind, dict(message.content))
                elif isinstance(message, wanted):
                    return message
            if limit is not None and time.monotonic() - begun > limit:
                break
            for key, _events in self._selector.select(limit):
                if key.fd in self._names:
                    self._read_pipe(key.fd)
                else:
                    self._told.extend(self._talk.messages())
            if time.monotonic() - told > 1:
                told = time.monotonic()
                changed()
        raise ProcessEnded

    def _read_pipes(self) -> None:
        for fd in list(self._names):
            self._read_pipe(fd)

    def _read_pipe(self, fd: int) -> None:
        """What was printed past Python: by programs that a cell started, or by native code."""
        while fd in self._names:
            try:
                data = os.read(fd, 1 << 16)
            except BlockingIOError:
                return
            if not data:
                self._selector.unregister(fd)
                os.close(fd)
                del self._names[fd]
            elif self._outputs is None:
                if self._log is not None and not self._log.closed:
                    self._log.write(data)
            else:
                self._outputs.take(
                    "stream", {"name": self._names[fd], "text": data.decode("utf-8", "replace")}
                )

    def _read_last_words(self) -> None:
        deadline = time.monotonic() + _LAST_WORDS
        while self._names and time.monotonic() < deadline:
            self._read_pipes()
            time.sleep(0.01)

    def end(self) -> None:
        """Lets the process end, and ends it if it does not; with it goes what it has started.

        Once all code in it is over, it is not waited for: to take it apart costs the system some time.
        """
        over = False
        with suppress(OSError, ProcessEnded):  # it may have ended already
            tell(self._channel, protocol.Quit())
            self._channel.shutdown(socket.SHUT_WR)
            self._parent.learn(self._until(protocol.Imported, limit=_QUIT_LIMIT).modules)
            over = bool(self._until(protocol.Over, limit=_QUIT_LIMIT))
        if over:
            self.process.kill()
        elif not self.process.ended.wait(_QUIT_LIMIT):
            self.process.kill()
            self.process.wait()
        self._close()

    def drop(self) -> None:
        """Nobody needs the process."""
        self.process.kill()
        self._close()

    def _close(self) -> None:
        with ExitStack() as stack:
            stack.callback(self._channel.close)
            stack.callback(self._selector.close)
            self._read_pipes()
            for fd in list(self._names):
                os.close(fd)
            self._names.clear()
