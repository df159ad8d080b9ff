"""What Python's audit events tell of files, programs, processes and the network."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from importlib.util import source_from_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from mlops_jlab.handoff.observing import noise, places
from mlops_jlab.handoff.observing.facts import Aspect, mark
from mlops_jlab.handoff.observing.places import Asked, Asker
from mlops_jlab.handoff.observing.seen import Seen, Watcher

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PROGRAMS = ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.forkpty", "pty.spawn")
_NETWORK = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0, "socket.gethostbyname": 0}
_REMOVED = ("os.remove", "os.rmdir")
_LINKED = ("os.symlink", "os.link")
_TOUCHED = ("os.chmod", "os.chown", "os.utime", "os.setxattr", "os.removexattr")
_OTHERS = ("open", "os.listdir", "os.scandir", "os.rename", "os.truncate", "os.mkdir", "os.chdir", "os.fork",
           "sqlite3.connect", "ctypes.dlopen", "ctypes.dlsym", "os.putenv", "sys.addaudithook")  # fmt: skip
_KNOWN = frozenset({*_PROGRAMS, *_NETWORK, *_REMOVED, *_LINKED, *_TOUCHED, *_OTHERS})


class FileEvents:
    """Takes what audit events tell to the observer."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self.opened: Counter[str] = Counter()  # how often each file was opened, whatever it is
        self.has_children = False
        self._has_loaded = False
        self._databases: dict[str, tuple[str, ...]] = {}  # how each looked when it was opened
        self._removed: set[str] = set()  # what had been there before the step

    def begin(self) -> None:
        """A step begins."""
        self.opened.clear()
        self._databases.clear()
        self._removed.clear()
        self.has_children = False

    def end(self) -> None:
        """A step is over: a database that has changed was changed by it, and what is gone was removed."""
        for path in self._removed:
            if not os.path.lexists(path):
                self._watcher.seen().effects.add(f"it removes {path}")
        for path, before in self._databases.items():
            seen = self._watcher.seen()
            if _state(path) == before:
                seen.read |= {path, f"{path}-wal"}  # which holds what is new in some
            else:
                seen.written.add(path)
                seen.effects.add(f"it changes the database {path}")

    def heard(self, event: str, given: tuple[Any, ...]) -> None:
        """An audit event."""
        if event not in _KNOWN or self._watcher.is_busy:
            return
        if event.startswith("ctypes"):
            if event == "ctypes.dlsym" and self._has_loaded:
                self._watcher.extension_loaded()
            self._has_loaded = event == "ctypes.dlopen"
            return
        if event == "open" and isinstance(given[0], (str, bytes)):
            self.opened[os.fsdecode(given[0])] += 1
        asked = places.who(places.caller())
        if asked.asker is Asker.SEARCH and event == "open":
            self._module(given[0])
        if asked.asker is Asker.SEARCH or (asked.asker is Asker.NOBODY and not self._watcher.is_inside):
            return
        with self._watcher.quiet():
            self._take(event, given, asked)

    def _module(self, path: object) -> None:
        """A module is read, from its source or from what was compiled of it."""
        if isinstance(path, str) and path.endswith((".py", ".pyc")):
            with self._watcher.quiet(), suppress(ValueError, NotImplementedError):
                source = source_from_cache(path) if path.endswith(".pyc") else path
                if not self._watcher.is_ignored(os.path.abspath(source)):
                    self._watcher.imported(source)

    def _take(self, event: str, given: tuple[Any, ...], asked: Asked) -> None:
        seen = self._watcher.where(asked)
        if event == "open":
            self._open(seen, *given[:3])
        elif event in ("os.listdir", "os.scandir"):
            folder = given[0] if given[0] is not None else "."
            if noise.INSTALLED.intersection(asked.through):
                self._watcher.look(seen, folder, Aspect.PACKAGES)
            else:
                self._watcher.note(seen, folder, False)
        elif event in _REMOVED:
            self._gone(seen, given[0])
        elif event in _LINKED:
            self._must_be_new(seen, given[1])
            self._watcher.note(seen, given[1], True)
        elif event in _TOUCHED:
            self._touched(seen, given[0])
        elif event == "os.mkdir":
            self._made(seen, given[0])
        elif event in ("os.rename", "os.truncate"):
            self._changed(seen, event, given)
        elif event == "os.chdir":
            self._watcher.drain()  # paths that are not absolute mean something else from now on
        elif event == "sqlite3.connect":
            self._database(given[0])
        elif event in _NETWORK:
            self._network(seen, given[_NETWORK[event]])
        elif event == "os.fork":
            self._fork(seen, asked)
        elif event in _PROGRAMS:
            self.has_children = True
            self._program(seen, given[0] if given else event)
        elif event == "os.putenv" and asked.asker is Asker.USER and not asked.through:
            seen.stays.add("it sets a variable of the environment past os.environ")
        elif event == "sys.addaudithook":
            seen.stays.add("it listens to audit events")

    def _open(self, seen: Seen, path: object, mode: str | None, flags: int | None) -> None:
        writing = bool(set(mode or "") & set("wax+")) or bool((flags or 0) & _WRITING)
        adds = "a" in (mode or "") or bool((flags or 0) & os.O_APPEND)
        full = self._watcher.place(path)
        if writing and full and full not in seen.written and not self._watcher.is_ignored(full):
            here = os.path.exists(full)
            if adds and here:
                seen.effects.add(f"it adds to {full}")
            elif adds or "x" in (mode or ""):  # it matters that there is nothing yet
                seen.look(full, Aspect.EXISTS.value, "")
        real = self._watcher.note(seen, path, writing)
        if real and "+" in (mode or "") and "w" not in (mode or "") and "x" not in (mode or ""):
            seen.read_now(real)

    def _made(self, seen: Seen, path: object) -> None:
        """A folder is made; that it is there again is what skipping the step would have to see to."""
        full = self._watcher.place(path)
        if full and not os.path.exists(full) and not self._watcher.is_ignored(full):
            if not _may_be_there():
                self._must_be_new(seen, path)
            seen.made.add(full)

    def _must_be_new(self, seen: Seen, path: object) -> None:
        """Something is made that must not be there yet: where it is, Run All would stop."""
        full = self._watcher.place(path)
        if full and full not in seen.written and not self._watcher.is_ignored(full):
            seen.look(full, Aspect.EXISTS.value, "")
            seen.look(full, Aspect.LINK.value, os.path.realpath(full))  # one that leads nowhere is there too

    def _gone(self, seen: Seen, path: object) -> None:
        """A file or folder is removed: where it is missing Run All would stop, so it must not be skipped."""
        full = self._watcher.place(path)
        if full and not self._watcher.is_ignored(full):
            if not os.path.lexists(full):
                seen.look(full, Aspect.EXISTS.value, "")
            elif not {full, os.path.realpath(full)} & {*seen.written, *seen.made}:
                self._removed.add(full)
        self._watcher.note(seen, path, True)

    def _touched(self, seen: Seen, path: object) -> None:
        """The rights or times of what was there before are changed."""
        full = self._watcher.place(path)
        if full and not {full, os.path.realpath(full)} & {*seen.written, *seen.made}:
            if not self._watcher.is_ignored(full):
                seen.effects.add(f"it changes the rights or times of {full}")

    def _changed(self, seen: Seen, event: str, given: tuple[Any, ...]) -> None:
        """A file that was there before gets another name or another length."""
        own = seen.written
        for path in given[: 2 if event == "os.rename" else 1]:
            full = os.path.realpath(self._watcher.place(path))
            if path is given[0] and full not in own and not self._watcher.is_ignored(full):
                seen.effects.add(f"it {'renames' if event == 'os.rename' else 'shortens'} {full}")
            self._watcher.note(seen, path, True)

    def _database(self, path: object) -> None:
        text = self._watcher.place(path)
        name = os.path.basename(text)
        if name.startswith("file:"):
            text = self._watcher.place(unquote(urlsplit(os.fsdecode(path)).path))  # type: ignore[arg-type]
        if text and name != ":memory:" and self._watcher.is_inside and not self._watcher.is_ignored(text):
            real = os.path.realpath(text)
            if real not in self._databases:
                self._databases[real] = _state(real)
                for name in (real, f"{real}-wal"):
                    self._watcher.seen().marks.setdefault(name, mark(name))

    def _network(self, seen: Seen, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else address
        if (
            isinstance(host, (str, bytes))
            and host
            and not (isinstance(address, str) and address[:1] in "/\0")
        ):
            seen.hosts.add(host if isinstance(host, str) else host.decode("utf-8", "replace"))

    def _fork(self, seen: Seen, asked: Asked) -> None:
        self.has_children = True
        if asked.asker is Asker.USER and not (
            asked.packages and noise.WORKERS.isdisjoint(asked.through[-1:])
        ):
            seen.unseen.add("it starts processes of its own, and what they look at cannot be seen")

    @staticmethod
    def _program(seen: Seen, program: object) -> None:
        name = os.path.basename(os.fsdecode(program)) if isinstance(program, (str, bytes)) else str(program)
        if name not in noise.PROGRAMS:
            seen.programs.add(name[:80])


def _may_be_there() -> bool:
    """Whether who makes a folder does not mind one that is there."""
    frame = places.caller()
    while frame is not None and places.origin(frame.f_code.co_filename)[0] is places.Code.STDLIB:
        if frame.f_code.co_name in ("makedirs", "mkdir") and frame.f_locals.get("exist_ok"):
            return True
        frame = frame.f_back
    return False


def _state(path: str) -> tuple[str, ...]:
    """What a database and the files beside it look like."""
    found = []
    for name in (path, f"{path}-wal", f"{path}-journal"):
        try:
            state = os.stat(name)
            found.append(f"{state.st_size} {state.st_mtime_ns}")
        except OSError:
            found.append("")
    return tuple(found)
