"""A last look at the process: files that are held and that nothing told of, and bytes from nowhere."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from mlops_jlab.handoff.observing.seen import Watcher

_SPARE = 1_000_000  # bytes that nobody needs to explain
_TIMES = 8  # a file may be read several times while it is open: fonts are, here and there
# Mapped parts that hold no code, with the path of their file.
_DATA = re.compile(r"^\S+ ..[^x]\S \S+ \S+ [1-9]\d* +(/.*)$", re.MULTILINE)


class Doubts:
    """Compares what the process has read with what is known of it. It needs Linux; elsewhere it is silent."""

    def __init__(self) -> None:
        self._read = 0
        self._held: set[str] | None = None  # since the step above, or the first look

    def begin(self) -> None:
        """A step begins."""
        self._read = _bytes_read()
        if self._held is None:
            self._held = set(_held())

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is read meanwhile is ours, and no news."""
        before = _bytes_read()
        try:
            yield
        finally:
            self._read += _bytes_read() - before

    def end(self, watcher: Watcher, opened: Mapping[str, int], *, has_children: bool) -> None:
        """A step is over: what it holds without anybody having told of it counts as read."""
        seen = watcher.seen()
        held, before = set(_held()), self._held or set()
        self._held = held
        for path in held - before:
            if path not in seen.read and path not in seen.written and not watcher.is_ignored(path):
                seen.read_now(path)
        read = _bytes_read() - self._read
        if has_children or seen.hosts or read <= _SPARE:
            return  # pipes and sockets are read as files are
        ours = {path for path in held if watcher.is_ignored(path)}  # the store of runs, for one
        if read > _SPARE + _TIMES * _size(opened, seen.read | ours):
            seen.unseen.add(f"it reads {read / 1e6:.0f} MB from files that nobody saw it open")


def _bytes_read() -> int:
    with suppress(OSError, ValueError, IndexError), Path("/proc/self/io").open("rb") as file:
        return int(file.readline().split()[1])
    return 0


def _held() -> Iterator[str]:
    """The files that are mapped into the process or open in it, libraries apart."""
    with suppress(OSError):
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape")
        for path in set(_DATA.findall(maps)):
            if not path.endswith(" (deleted)") and ".so" not in os.path.basename(path):
                yield path
    with suppress(OSError):
        for number in os.listdir("/proc/self/fd"):
            with suppress(OSError):
                path = os.readlink(f"/proc/self/fd/{number}")
                if path[0] == "/" and os.path.isfile(path):
                    yield path


def _size(opened: Mapping[str, int], read: set[str]) -> int:
    total = 0
    for path, times in {**dict.fromkeys(read, 1), **opened}.items():
        with suppress(OSError, ValueError):
            total += os.path.getsize(path) * times
    return total
