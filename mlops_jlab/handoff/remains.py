"""What stays in a process when its step is over, and is neither a value nor a global of some module."""

from __future__ import annotations

import gc
import io
import os
import sys
import threading
import weakref
from contextlib import suppress

from mlops_jlab.handoff import modules, settings
from mlops_jlab.handoff.endings import doomed
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
        self._settings: settings.Settings = {}
        self._numbers: dict[int, str] = {}

    def begin(self) -> None:
        """The first cell is still to come, in this process or in a step that goes on in it."""
        if not self._settings:
            self._threads = {thread.ident for thread in threading.enumerate()}
            self._files = {id(file) for file in _files_for_writing()}
            self._finalizers = _finalizers()
            self._settings = {**settings.hooks(), **settings.now()}
            self._numbers = settings.descriptors()

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
        if one := doomed() or modules.not_loaded(vars(sys.modules["__main__"])):
            return one
        for finalizer in _finalizers() - self._finalizers:
            return f"{finalizer} is to be done when something is gone"
        now = {**settings.hooks(), **settings.now()}
        if changed := settings.changed(self._settings, now):
            return changed
        if not watch().opens_by_number:
            return ""
        return settings.known_number(settings.others(settings.descriptors(), self._numbers))


def _files_for_writing() -> list[io.IOBase]:
    """What was written into an open file may not be in it yet."""
    found: list[io.IOBase] = []  # no generator: it would be among the objects that it holds
    for one in gc.get_objects():
        # ask its type, not the object: a weak proxy, or an object that is loaded late, answers for another
        if issubclass(type(one), (io.BufferedWriter, io.BufferedRandom, io.TextIOWrapper)) and not one.closed:
            with suppress(OSError, ValueError):
                if one.writable():
                    found.append(one)
    return found


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
