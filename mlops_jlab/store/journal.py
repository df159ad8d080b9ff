"""What was logged, line by line, before it is in the database.

A line is one JSON array. Writing one is a single system call, so that what was logged is safe from the
end of its process, however sudden. The file belongs to one process, which holds a lock on it; whoever
gets the lock may take the lines over.

The kinds of lines, each with the run's id and the attempt that writes::

    ["run", id, attempt, {fields}]          ["end", id, attempt, {status, reason, ended, duration}]
    ["m", id, attempt, name, iteration, value, at]
    ["param", id, attempt, name, value, at] ["tag", id, attempt, name, value or null]
    ["note", id, attempt, text]             ["artifact", id, attempt, path, digest, size]
    ["facts", id, attempt, {fields}]        ["resume", id, attempt, {fields}]
    ["parent", id, attempt, parent's id]
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlops_jlab.store.locks import try_lock

SUFFIX = ".jsonl"
UNLOCKED = ".new"  # of one whose process has not locked it yet
ROTATE = 8 << 20  # bytes
_PART = 1 << 18

Line = list[Any]


class Journal:
    """The file that this process writes."""

    def __init__(self, folder: Path) -> None:
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        self.path = folder / f"{stamp}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
        self.size = 0
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
        # Under another name first, as nobody may take it over before it is locked.
        unlocked = self.path if sys.platform == "win32" else folder / f".{self.path.name}{UNLOCKED}"
        self._handle = os.open(unlocked, flags, 0o600)
        if not try_lock(self._handle):
            raise OSError(f"{self.path} cannot be locked")
        unlocked.replace(self.path)

    def write(self, data: bytes) -> None:
        """Appends whole lines.

        Raises:
            OSError: no space left, or the folder is gone. Then nothing of ``data`` counts.
        """
        written = os.write(self._handle, data)
        if written != len(data):
            os.ftruncate(self._handle, self.size)
            raise OSError(28, "no space left on device")
        self.size += written

    def close(self) -> None:
        """Gives the file up; what is in it stays. Closing it again does nothing."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def encode(line: Line) -> bytes:
    """One line; NaN and infinities are strings, as JSON has no numbers for them."""
    return json.dumps(line, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"


def lines_of(path: Path, start: int) -> Iterator[tuple[list[Line], int]]:
    """The whole lines from byte ``start`` on, in parts; each with the place where it ends."""
    with path.open("rb") as file:
        file.seek(start)
        place, rest = start, b""
        while part := file.read(_PART):
            text = rest + part
            end = text.rfind(b"\n") + 1
            rest = text[end:]
            place += end
            if end:
                yield _decode(text[:end]), place


def _decode(text: bytes) -> list[Line]:
    try:
        found: list[Line] = json.loads(b"[" + text[:-1].replace(b"\n", b",") + b"]")
    except ValueError:
        found = []
        for line in text.splitlines():  # a damaged line costs no other
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
    return found
