"""The runner's side of a warm parent: find it or start it, ask it for processes, hear how they end."""

from __future__ import annotations

import itertools
import signal
import socket
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from mlops_jlab.errors import RunError
from mlops_jlab.processes.client import address, start
from mlops_jlab.processes.client.hints import Hints
from mlops_jlab.processes.client.process import Process
from mlops_jlab.processes.client.start import Spawned
from mlops_jlab.processes.protocol import Receiver, send
from mlops_jlab.store import locks
from mlops_jlab.telling import tell

_LOOK = 2.0  # seconds between two looks at a parent that does not answer
_NOTHING, _NO_MORE = "-", "!"  # no module's name


class Unfit(RunError):
    """A parent that has imported what it was told to cannot be forked: the next one will leave that out."""


class WarmParent:
    """A connection to a warm parent. Processes that were asked for through it end with it."""

    def __init__(self, channel: socket.socket, hints: Hints, spawned: Spawned | None = None) -> None:
        self._channel = channel
        self._hints = hints
        self._spawned = spawned
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._asked: dict[int, Process] = {}
        self._alive: dict[int, Process] = {}
        self._closed = False
        self.pid = address.pid_of(channel)
        self._learned: set[str] = set()
        threading.Thread(target=self._listen, name="warm-parent", daemon=True).start()

    def fork(self, request: Mapping[str, Any], fds: Sequence[int]) -> Process:
        """A process of the parent's; see :func:`mlops_jlab.processes.parent.shell.become` for ``request``.

        Raises:
            RunError: the parent is gone, or cannot fork.
        """
        return self.settle(self.ask(request, fds))

    def ask(self, request: Mapping[str, Any], fds: Sequence[int]) -> Process:
        """Asks for a process without waiting until it is there."""
        process = Process()
        with self._lock:
            number = next(self._numbers)
            self._asked[number] = process
            try:
                send(self._channel, {**request, "id": number, "fds": len(fds)}, fds)
            except OSError as error:
                raise RunError(f"the warm parent is gone: {error}") from error
        return process

    def settle(self, process: Process) -> Process:
        """Waits until a process that was asked for is there.

        Raises:
            Unfit: the parent cannot fork, now or later.
            RunError: it is gone.
        """
        while not process.forked.wait(_LOOK):
            if locks.is_stopped(self.pid):
                tell(f"waiting for the warm parent, {locks.in_words(self.pid)}")
        if process.unfit:
            self._hints.note_unfit(process.unfit)
            raise Unfit(f"the module {process.unfit} starts threads when it is imported")
        if not process.pid:
            raise RunError("the warm parent ended before it could fork", hint="try again, or use --cold")
        return process

    def adopt(self, pid: int) -> Process:
        """A process that one of this parent's children forked: it ends with this connection, too."""
        process = Process()
        process.pid = pid
        process.forked.set()
        with self._lock:
            self._alive[pid] = process
            try:
                send(self._channel, {"adopt": pid})
            except OSError as error:
                raise RunError(f"the warm parent is gone: {error}") from error
        return process

    def missing(self, below: int) -> int:
        """How many modules the parent may still have to import for a step that needs all but ``below``.

        What was learned from earlier runs comes last, and nobody waits for it.
        """
        return below + len(self._hints.learned)

    def learn(self, modules: Iterable[str]) -> None:
        """A step had to import these itself: the next parent of this kind will have them."""
        self._learned |= set(modules)

    def close(self) -> None:
        """Lets the parent go; what it forked for this connection ends."""
        self._closed = True
        self._hints.note_learned(self._learned)
        with suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        self._channel.close()

    def _listen(self) -> None:
        receiver = Receiver(self._channel)
        while not receiver.ended:
            for message in receiver.read():
                if "forked" in message:
                    process = self._asked.pop(message["forked"])
                    process.pid, process.unfit = message["pid"], message["unfit"]
                    if process.pid:
                        self._alive[process.pid] = process
                    process.forked.set()
                else:
                    ended = self._alive.pop(message["ended"], None)
                    if ended is not None:
                        ended.note_end(message["code"], message["memory"])
        for process in [*self._asked.values(), *self._alive.values()]:
            process.note_end(-int(signal.SIGKILL))  # the parent took them with it
        if self._spawned is not None:
            self._spawned.wait()  # it ends when nobody needs it any more
            self._spawned.let_go()


def connect(
    python: str, modules: Sequence[str] | None, environment: Mapping[str, str], linger: float, *,
    learns: bool = True,
) -> WarmParent:  # fmt: skip
    """A warm parent with these modules, in that environment: one that is left from before, or a new one.

    Without ``modules`` (None) it imports nothing of the user's, and learns nothing. What runs have found out
    that it needs beside them, it imports as well if it ``learns``.

    The call returns as soon as the parent listens; a request waits until what it needs is imported.

    Raises:
        RunError: it does not start.
    """
    wanted = [_NOTHING] if modules is None else sorted(set(modules)) + [_NO_MORE] * (not learns)
    kept = start.lasting(environment)
    path = address.socket_of(python, wanted, kept)
    hints = Hints(path.with_suffix(".json"), frozen=modules is None or not learns)
    if hints.never:
        path = address.socket_of(python, [*wanted, *(f"!{module}" for module in hints.never)], kept)
        modules = [module for module in modules or () if module not in hints.never]
    with open(path.parent / "start.lock", "w") as lock:
        locks.take(lock.fileno(), path.parent / "start.lock")
        channel = address.call(path)
        if channel is not None:
            if linger:
                send(channel, {"linger": linger})
            return WarmParent(channel, hints)
        path.unlink(missing_ok=True)
        try:
            spawned = start.spawn(python, kept)
        except OSError as error:
            raise RunError(f"the warm parent does not start: {error}") from error
        address.listen(spawned, path, linger, modules=[*(modules or ()), *hints.learned])
        channel = address.wait_and_call(spawned, path)
        if channel is None:
            said = spawned.said()
            spawned.end()
            raise RunError(f"the warm parent does not start: {said or 'it says nothing'}")
    return WarmParent(channel, hints, spawned)
