"""The cells of a step in a process that a warm parent forks: no kernel, no sockets, the same shell."""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from mlops_jlab.engine.celloutputs import CellOutputs
from mlops_jlab.kernels.warm import Process, WarmParent
from mlops_jlab.kernels.wire import Receiver, send

_LAST_WORDS = 0.2  # seconds in which what a dead process printed is still read
_QUIT_LIMIT = 10.0


class ProcessEnded(Exception):
    """The process of a step ended before its cells did."""


class ForkedShell:
    """One step's process, asked for when this is made. ``end`` or ``drop`` must be called at last.

    It may be forked before the last ``modules_below`` of its parent's modules are imported.
    """

    def __init__(
        self, parent: WarmParent, *, environment: Mapping[str, str], folder: Path, modules_below: int = 0
    ) -> None:
        self._parent = parent
        self._log: BinaryIO | None = None
        self._channel, theirs = socket.socketpair()
        reads: list[int] = []
        fds: list[int] = []
        for _ in range(2):
            read, write = os.pipe()
            os.set_blocking(read, False)
            reads.append(read)
            fds.append(write)
        try:
            request = {
                "kind": "shell", "environment": dict(environment), "folder": str(folder),
                "missing": parent.missing(modules_below),
            }  # fmt: skip
            self.process: Process = parent.ask(request, [theirs.fileno(), *fds])
        except BaseException:
            for fd in reads:
                os.close(fd)
            self._channel.close()
            raise
        finally:
            theirs.close()
            for fd in fds:
                os.close(fd)
        self._receiver = Receiver(self._channel)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._channel, selectors.EVENT_READ)
        self._names = dict(zip(reads, ("stdout", "stderr"), strict=True))
        for fd in reads:
            self._selector.register(fd, selectors.EVENT_READ)
        self._told: deque[Any] = deque()
        self._displays: dict[str, list[Any]] = {}
        self._outputs: CellOutputs | None = None

    def settle(self, environment: Mapping[str, str], log: BinaryIO, cpus: int) -> None:
        """Gives the process to a step, with what the step adds to the environment and how many processors.

        Raises:
            RunError: it could not be forked.
        """
        self._log = log
        self._parent.settle(self.process)
        with suppress(OSError):  # it has ended, which is found when it is waited for
            send(self._channel, {"environment": dict(environment), "cpus": cpus})

    def wait_until_ready(self) -> None:
        """Waits until cells can come."""
        self._until("ready", lambda: None)

    def execute(
        self, source: str, cell_id: str, changed: Callable[[CellOutputs], None]
    ) -> tuple[int, CellOutputs]:
        """Executes one cell; its number and what it put out. ``changed`` is called while it goes on.

        Raises:
            ProcessEnded: the process died in the cell; ``changed`` has had all that it put out.
        """
        outputs = self._outputs = CellOutputs(self._displays)
        try:
            try:
                send(self._channel, {"cell": cell_id, "source": source})
            except OSError:
                raise ProcessEnded from None
            count = int(self._until("begun", lambda: None)["begun"])
            self._until("done", lambda: changed(outputs))
        except ProcessEnded:
            self._read_last_words()
            changed(outputs)
            raise
        finally:
            self._read_pipes()
            self._outputs = None
        return count, outputs

    def _until(self, wanted: str, changed: Callable[[], None], limit: float | None = None) -> Any:
        """Takes what comes until a message says what is ``wanted``; those after it wait for the next call."""
        begun = told = time.monotonic()
        while self._told or not self._receiver.ended:
            while self._told:
                message = self._told.popleft()
                if "output" in message:
                    if self._outputs is not None:
                        self._outputs.take(message["output"], message["content"])
                elif wanted in message:
                    return message
            if limit is not None and time.monotonic() - begun > limit:
                break
            for key, _events in self._selector.select(limit):
                if key.fd in self._names:
                    self._read_pipe(key.fd)
                else:
                    self._told.extend(self._receiver.read())
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
                if self._log is not None:
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
            send(self._channel, {"quit": True})
            self._channel.shutdown(socket.SHUT_WR)
            self._parent.learn(self._until("imported", lambda: None, _QUIT_LIMIT)["imported"])
            over = bool(self._until("over", lambda: None, _QUIT_LIMIT))
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
        self._read_pipes()
        for fd in list(self._names):
            os.close(fd)
        self._selector.close()
        self._channel.close()
