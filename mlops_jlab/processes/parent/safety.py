"""May this process be forked, and the fork go on in its place? Or would something that lives be lost?"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import re
import struct
import sys
import threading
import time
from asyncio import AbstractEventLoop, all_tasks
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from time import sleep  # a notebook may put another in its place
from typing import Any

from mlops_jlab.handoff.observing import watch
from mlops_jlab.processes.parent import threads
from mlops_jlab.processes.protocol import DEVICE

# Libraries whose own threads sleep in a pool that they make anew in a child, or that waits for nothing but
# the thread that forks (OpenMP: the pool belongs to the thread that used it).
_POOLS = re.compile(
    r"(ld-linux|libc[.-]|libpthread|libm[.-]|librt|libdl|libgomp|libiomp|libomp|lib(scipy_)?openblas|libmkl"
    r"|libblas|libarrow|libstdc\+\+|libgcc_s|libtbb|libpython|python|\[vdso\])"
)
_OURS = "mlops-jlab"  # what the names of our own threads begin with
_STACK = 1536  # bytes of a sleeping thread's stack that are looked at
_SPINNING = 0.2  # seconds for which a pool may go on looking for work
_ENDING = 0.05  # seconds in which a thread whose work is done is gone
_TASKS = Path("/proc/self/task")


class Kind(Enum):
    """What lives here."""

    THREAD = "thread"
    NATIVE = "native thread"
    CONNECTION = "connection"
    POSITION = "position"
    TASK = "task"
    PROCESS = "process"
    LOCK = "lock"
    DEVICE = DEVICE
    NUMBER = "number"


_ASKS_COLLECTOR = frozenset({"gc.get_objects", "gc.get_referrers"})


@dataclass(frozen=True)
class Living:
    """Something that a fork would lose, in words."""

    kind: Kind
    text: str


class Watch:
    """Remembers from now on whether a database was connected to; :meth:`living` asks for the rest.

    Who asks the collector which objects there are is told of those that a fork has put aside as well.
    """

    def __init__(self) -> None:
        self._connected = False
        sys.addaudithook(self._hear)

    def _hear(self, event: str, _arguments: tuple[Any, ...]) -> None:
        if event == "sqlite3.connect" and not _is_ours(sys._getframe(1).f_globals.get("__name__", "")):
            self._connected = True
        elif event in _ASKS_COLLECTOR and not _is_ours(sys._getframe(1).f_globals.get("__name__", "")):
            gc.unfreeze()

    def living(self, loop: AbstractEventLoop) -> Living | None:
        """The first thing found that a fork would lose, or nothing."""
        for look in (_number, self._threads, self._processes, _locks, self.connections, _devices):
            if found := look():
                return found
        return _tasks(loop) or _native()

    @staticmethod
    def _threads() -> Living | None:
        _retire()
        deadline = time.monotonic() + _ENDING
        while (thread := next(_strangers(), None)) is not None:
            if time.monotonic() > deadline:
                return Living(Kind.THREAD, f"the thread {thread.name!r} is alive")
            sleep(0.002)
        return None

    @staticmethod
    def _processes() -> Living | None:
        """A tracker of shared memory counts too: it would end with this process, and a fork would miss it."""
        pid = next(children(), 0)
        return Living(Kind.PROCESS, f"the process {pid} that it started is alive") if pid else None

    def connections(self) -> Living | None:
        """Connections are looked for among what is new since the last fork: they prevented one until now."""
        if "dbm" in sys.modules or "shelve" in sys.modules:  # nobody can tell whether one is closed
            return Living(Kind.POSITION, "a dbm file may be open")  # a copy that looks at it moves on in it
        module = sys.modules.get("sqlite3")
        if module is None or not self._connected:
            return None
        ours = _own_connections()
        for one in gc.get_objects():
            if issubclass(type(one), module.Connection) and id(one) not in ours and not _is_closed(one):
                return Living(Kind.CONNECTION, "a connection to a SQLite database is open")
        self._connected = False
        return None


def _is_ours(module: str) -> bool:
    """Whether a connection that a module opens is IPython's, or that of the store: see _own_connections."""
    return module == "IPython.core.history" or module.startswith("mlops_jlab.")


def _strangers() -> Iterator[threading.Thread]:
    """Threads that are neither ours nor known to Python by chance alone."""
    for thread in threading.enumerate():
        own = thread is threading.current_thread() or thread.name.startswith(_OURS)
        if not own and not isinstance(thread, threading._DummyThread):
            yield thread


def _retire() -> None:
    """Ends threads that only wait to be needed again, and are made again when they are."""
    monitors = getattr(sys.modules.get("tqdm._monitor"), "TMonitor", None)
    for thread in threading.enumerate():
        if monitors is not None and isinstance(thread, monitors):
            thread.exit()
            thread.tqdm_cls.monitor = None  # each kind of progress bar has its own
    shell = _shell()
    scripts = shell.magics_manager.registry.get("ScriptMagics") if shell is not None else None
    if scripts is not None and getattr(scripts, "event_loop", None) and not scripts.bg_processes:
        scripts.stop_event_loop()


def _own_connections() -> set[int]:
    """Those of the store of runs: it opens its own in each process."""
    module = sys.modules.get("mlops_jlab.store.recorder")
    found: set[int] = set()
    if module is not None:
        found = {id(one._connection) for one in module._recorders.values()}
        found |= {id(one) for one in module._of_parent}
    shell = _shell()
    if shell is not None:
        found.add(id(getattr(shell.history_manager, "db", None)))
    return found


def _shell() -> Any:
    found = getattr(sys.modules.get("IPython.core.interactiveshell"), "InteractiveShell", None)
    return found.instance() if found is not None and found.initialized() else None


def _is_closed(connection: Any) -> bool:
    try:
        connection.total_changes  # noqa: B018  # it asks, and nothing else
    except (
        Exception
    ) as error:  # a closed one says so; one of another thread, or of a user's class, may do anything
        return type(error).__name__ == "ProgrammingError" and "closed" in str(error)
    return False


def _number() -> Living | None:
    """A fork is another process with clocks of its own, its thread another thread: who knows would notice."""
    knows = watch().knows
    return Living(Kind.NUMBER, f"the notebook knows {knows}") if knows else None


def _locks() -> Living | None:
    if threads.holds_a_lock():
        return Living(Kind.LOCK, "a lock is held")
    greenlet = sys.modules.get("greenlet")
    if greenlet is not None and any(issubclass(type(one), greenlet.greenlet) for one in gc.get_objects()):
        return Living(Kind.THREAD, "a greenlet is alive")
    return None


def _devices() -> Living | None:
    """An open graphics card belongs to the process that opened it."""
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/self/fd/{name}").startswith(("/dev/nvidia", "/dev/kfd", "/dev/dri")):
                return Living(Kind.DEVICE, "a graphics card is in use")
    return None


def children() -> Iterator[int]:
    """The processes that this one has started and that have not ended."""
    for task in _TASKS.iterdir():
        with contextlib.suppress(OSError, ValueError):
            yield from map(int, (task / "children").read_text("ascii").split())


def _tasks(loop: AbstractEventLoop) -> Living | None:
    if any(not task.done() for task in all_tasks(loop)):
        return Living(Kind.TASK, "an asyncio task is not done")
    selector = getattr(loop, "_selector", None)
    own = getattr(loop, "_ssock", None)
    watched = list(selector.get_map().values()) if selector is not None else []
    if any(key.fileobj is not own and key.fd != getattr(own, "fileno", lambda: -1)() for key in watched):
        return Living(Kind.TASK, "the event loop waits for a file or socket")
    if getattr(loop, "_scheduled", None):
        return Living(Kind.TASK, "a call is scheduled in the event loop")
    return None


def _native() -> Living | None:
    """Threads that Python does not know, unless they sleep in one of the known pools."""
    deadline = time.monotonic() + _SPINNING
    while True:
        found = _unknown()
        if not found or time.monotonic() > deadline:
            return Living(Kind.NATIVE, f"threads of {found} are alive") if found else None
        sleep(0.005)


def _unknown() -> str:
    """A library that has a thread of its own here, or nothing; ``?`` for one that does not sleep."""
    known = {str(thread.native_id) for thread in threading.enumerate()}
    known.add(str(os.getpid()))  # the main thread, which Python does not ask again after a fork
    others = [task.name for task in _TASKS.iterdir() if task.name not in known]
    if not others:
        return ""
    maps = _libraries()
    for task in others:
        try:
            words = (_TASKS / task / "syscall").read_text("ascii").split()
        except OSError:
            continue  # it has ended
        if len(words) < 3:
            return "some library"
        for library in _on_stack(int(words[-2], 16), maps):
            if not _POOLS.match(library):
                return library
    return ""


def _libraries() -> list[tuple[int, int, str, bool]]:
    """The mapped parts of memory: where from, where to, whose, and whether code is there."""
    found = []
    for line in Path("/proc/self/maps").read_text("utf-8", "replace").splitlines():
        part, rights, *rest = line.split(maxsplit=5)
        begin, _, end = part.partition("-")
        name = os.path.basename(rest[3]) if len(rest) > 3 else ""
        found.append((int(begin, 16), int(end, 16), name, "x" in rights))
    return found


def _on_stack(pointer: int, maps: list[tuple[int, int, str, bool]]) -> Iterator[str]:
    """The libraries whose code the upper end of a stack leads back to."""
    here = next((one for one in maps if one[0] <= pointer < one[1]), None)
    if here is None:
        return
    size = min(_STACK, here[1] - pointer) & ~7
    code = [one for one in maps if one[3] and one[2]]
    for (word,) in struct.iter_unpack("<Q", ctypes.string_at(pointer, size)):
        for begin, end, name, _ in code:
            if begin <= word < end:
                yield name
                break
