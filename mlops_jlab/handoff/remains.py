"""What stays in a process when its step is over, and is neither a value nor a global of some module."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mlops_jlab.handoff.observing import watch

_OURS = "mlops-jlab"  # what the names of our own threads begin with
_OF_LIBRARIES = (
    "_DummyThread",
    "TMonitor",
    "HistorySavingThread",
)  # they are made again when they are needed


class Remains:
    """Remembers how the process was before its first cell; :meth:`found` says what is there since."""

    def __init__(self) -> None:
        self._threads: set[int | None] = set()
        self._files: set[int] = set()
        self._finalizers: set[str] = set()
        self._settings: dict[str, object] = {}

    def begin(self) -> None:
        """The first cell is still to come, in this process or in a step that goes on in it."""
        if not self._settings:
            self._threads = {thread.ident for thread in threading.enumerate()}
            self._files = {id(file) for file in _files_for_writing()}
            self._finalizers = _finalizers()
            self._settings = _settings_now()

    def found(self) -> str:
        """The first thing that another process would not have, in words, or nothing."""
        for thread in threading.enumerate():
            own = thread.name.startswith(_OURS) or type(thread).__name__ in _OF_LIBRARIES
            if thread.ident not in self._threads and not own:
                return f"the thread {thread.name!r} is alive"
        for file in _files_for_writing():
            name = getattr(file, "name", "")
            if id(file) not in self._files and not (isinstance(name, str) and _is_ours(name)):
                return f"the file {name!r} is open for writing"
        for finalizer in _finalizers() - self._finalizers:
            return f"{finalizer} is to be done when something is gone"
        now = _settings_now()
        changed = [name for name, value in now.items() if value != self._settings[name]]
        return f"{changed[0]} is another one" if changed else ""


def _files_for_writing() -> Iterator[io.IOBase]:
    """What was written into an open file may not be in it yet."""
    for one in gc.get_objects():
        if isinstance(one, (io.BufferedWriter, io.BufferedRandom, io.TextIOWrapper)) and not one.closed:
            with suppress(OSError, ValueError):
                if one.writable():
                    yield one


def _is_ours(name: str) -> bool:
    """Whether a file belongs to the store of runs, or to what is installed."""
    return bool(name) and watch().is_ignored(os.path.realpath(name))


def _finalizers() -> set[str]:
    """What the notebook's objects, and temporary folders, have done when they are gone, or Python ends."""
    found = set()
    for finalizer in list(weakref.finalize._registry):  # type: ignore[attr-defined]  # there is no other way
        alive = finalizer.peek()
        if alive is not None and getattr(alive[1], "__module__", "") in ("__main__", "tempfile", "shutil"):
            found.add(f"{alive[1].__qualname__}{alive[2]!r:.80}")
    return found


def _who(hook: object) -> int:
    """A function's identity; a kernel's own methods are bound anew for each cell."""
    return id(getattr(hook, "__func__", hook))


def _settings_now() -> dict[str, object]:
    """What a process is told for good, and no variable says."""
    found: dict[str, object] = {
        "sys.displayhook": _who(sys.displayhook), "sys.excepthook": _who(sys.excepthook),
        "sys.unraisablehook": _who(sys.unraisablehook), "threading.excepthook": _who(threading.excepthook),
        "sys.argv": tuple(sys.argv), "the trace function": id(sys.gettrace()),
        "the profile function": id(sys.getprofile()), "sys.path_hooks": [id(one) for one in sys.path_hooks],
        "the switch interval": sys.getswitchinterval(),
        "garbage collection": (gc.isenabled(), gc.get_threshold()),
    }  # fmt: skip
    for number in signal.valid_signals():
        found[f"what is done on signal {int(number)}"] = repr(signal.getsignal(number))
    if hasattr(signal, "getitimer"):
        found["the alarm clock"] = signal.getitimer(signal.ITIMER_REAL)[0] > 0
    with suppress(OSError, ValueError):
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
        found["the umask"] = next(line for line in lines if line.startswith("Umask"))
    return found
