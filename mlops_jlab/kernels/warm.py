"""The runner's side of a warm parent: find it or start it, ask it for processes, hear how they end."""

from __future__ import annotations

import ast
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlops_jlab.errors import RunError
from mlops_jlab.kernels import meeting, spawning
from mlops_jlab.kernels.spawning import Spawned
from mlops_jlab.kernels.wire import Receiver, send
from mlops_jlab.notebook.python import parse_cell
from mlops_jlab.notebook.retagging import write_whole

_WIDGETS = ("ipywidgets", "tqdm.notebook", "tqdm.auto", "ipympl", "get_ipython().kernel")
_MOST_LEARNED = 1000
_NOTHING = "-"  # no module's name
_CHANGES_ENVIRONMENT = re.compile(
    r"environ\s*(\[[^\]]*\]\s*[|+]?=(?!=)|\.\s*(update|setdefault|pop|popitem|clear|__setitem__)\b|\|=)"
    r"|\bdel\s+[\w.]*environ\b|\b(un)?(put|set)env\b|%\s*(set_)?env\b|dotenv"
)


class Process:
    """A process that a warm parent forked: as ``subprocess.Popen`` shows it, as far as anybody asks."""

    stdin = stdout = stderr = None

    def __init__(self) -> None:
        self.pid = 0
        self.returncode: int | None = None
        self.memory = 0  # peak, in bytes; known at the end
        self.unfit = ""  # the module for which the parent cannot fork
        self.forked = threading.Event()
        self.ended = threading.Event()

    def poll(self) -> int | None:
        """The exit code, negative for a signal, or nothing while it lives."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Waits for the end.

        Raises:
            subprocess.TimeoutExpired: it still lives after ``timeout`` seconds.
        """
        if not self.ended.wait(timeout):
            raise subprocess.TimeoutExpired("step", timeout or 0)
        return self.returncode or 0

    def send_signal(self, number: int) -> None:
        """Signals the process and all in its group."""
        if self.pid and self.returncode is None:
            with suppress(OSError):
                os.killpg(self.pid, number)

    def terminate(self) -> None:
        """Asks it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it."""
        self.send_signal(signal.SIGKILL)

    def note_end(self, code: int, memory: int = 0) -> None:
        """It has ended."""
        self.returncode, self.memory = code, memory
        self.forked.set()
        self.ended.set()


class Unfit(RunError):
    """What a pipeline imports cannot be forked: its steps need kernels of their own."""


class Hints:
    """What earlier runs have found out about a parent: a small file beside its socket, for speed alone."""

    def __init__(self, path: Path, *, frozen: bool) -> None:
        self._path = path
        self._frozen = frozen
        self.learned: list[str] = []
        self.unfit = ""
        self._never: list[str] = []
        with suppress(OSError, ValueError, KeyError, TypeError):
            found = json.loads(path.read_text("utf-8"))
            self.learned, self.unfit, self._never = found["learned"], found["unfit"], found["never"]

    def note_learned(self, modules: Iterable[str]) -> None:
        """Steps had to import these themselves."""
        if self._frozen:
            return
        more = set(modules) - set(self.learned) - set(self._never)
        if more:
            self.learned = sorted({*self.learned, *more})[:_MOST_LEARNED]
            self._save()

    def note_unfit(self, module: str) -> None:
        """The parent cannot fork with this module: leave it out if it was not asked for, else the parent."""
        if module in self.learned:
            self.learned.remove(module)
            self._never.append(module)
        else:
            self.unfit = module
        self._save()

    def _save(self) -> None:
        facts = {"learned": self.learned, "unfit": self.unfit, "never": self._never}
        with suppress(OSError):
            write_whole(self._path, json.dumps(facts).encode("utf-8", "replace"))


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
        self._learned: set[str] = set()
        threading.Thread(target=self._listen, name="warm-parent", daemon=True).start()

    def fork(self, request: Mapping[str, Any], fds: Sequence[int]) -> Process:
        """A process of the parent's; see :func:`mlops_jlab.kernels.shell.become` for ``request``.

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
        process.forked.wait()
        if process.unfit:
            self._hints.note_unfit(process.unfit)
            raise Unfit(f"the module {process.unfit} starts threads when it is imported")
        if not process.pid:
            raise RunError("the warm parent ended before it could fork", hint="try again, or use --cold")
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
                    self._alive.pop(message["ended"]).note_end(message["code"], message["memory"])
        for process in [*self._asked.values(), *self._alive.values()]:
            process.note_end(-int(signal.SIGKILL))  # the parent took them with it
        if self._spawned is not None:
            self._spawned.wait()  # it ends when nobody needs it any more
            self._spawned.let_go()


def needs_kernel(sources: Iterable[str]) -> bool:
    """Whether cells use what only a kernel has: widgets, whose state is kept with the notebook."""
    return any(word in source for source in sources for word in _WIDGETS)


def modules_of(sources: Iterable[str]) -> list[str] | None:
    """The modules that cells import at their top level, by full name.

    None where nothing may be imported beforehand: cells change environment variables, which libraries
    may look at when they are imported.
    """
    sources = list(sources)
    if any(_CHANGES_ENVIRONMENT.search(source) for source in sources):
        return None
    found: dict[str, None] = {}
    for source in sources:
        for node in parse_cell(source).tree.body:
            if isinstance(node, ast.Import):
                found |= dict.fromkeys(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found[node.module] = None
    return list(found)


def connect(
    python: str, modules: Sequence[str] | None, environment: Mapping[str, str], linger: float
) -> WarmParent:
    """A warm parent with these modules, in that environment: one that is left from before, or a new one.

    Without ``modules`` (None) it imports nothing of the user's, and learns nothing.

    The call returns as soon as the parent listens; a request waits until what it needs is imported.

    Raises:
        RunError: it does not start.
    """
    import fcntl  # where processes cannot be forked there is none

    wanted = [_NOTHING] if modules is None else sorted(set(modules))
    kept = spawning.lasting(environment)
    path = meeting.socket_of(python, wanted, kept)
    hints = Hints(path.with_suffix(".json"), frozen=modules is None)
    if hints.unfit:
        raise Unfit(f"the module {hints.unfit} starts threads when it is imported")
    with open(path.parent / "start.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        channel = meeting.call(path)
        if channel is not None:
            if linger:
                send(channel, {"linger": linger})
            return WarmParent(channel, hints)
        path.unlink(missing_ok=True)
        try:
            spawned = spawning.spawn(python, kept)
        except OSError as error:
            raise RunError(f"the warm parent does not start: {error}") from error
        meeting.listen(spawned, path, linger, modules=[*(modules or ()), *hints.learned])
        channel = meeting.wait_and_call(spawned, path)
        if channel is None:
            said = spawned.said()
            spawned.end()
            raise RunError(f"the warm parent does not start: {said or 'it says nothing'}")
    return WarmParent(channel, hints, spawned)
