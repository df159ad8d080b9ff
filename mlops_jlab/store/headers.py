"""What kind of file a database is, seen without SQLite, which might write beside it.

Who closes a file takes all locks from it that the process has, SQLite's too. So a file is opened here only
before this process has any connection to it: once.
"""

from __future__ import annotations

import enum
import os
import stat
import threading
from pathlib import Path

_MAGIC = b"SQLite format 3\0"
_APPLICATION = slice(68, 72)  # of the header, as SQLite documents it

_looking = threading.Lock()
_known: set[tuple[int, int]] = set()  # device and inode of files that were looked at


class Kind(enum.Enum):
    """What there is."""

    OURS = "ours, or nothing that could be told without SQLite"
    EMPTY = "a file without content"
    NONE = "no database"
    FOREIGN = "another program's database"


def kind_of(path: Path, application: int) -> Kind:
    """What the file is; ``application`` is the number that marks ours."""
    try:
        about = path.stat()
    except OSError:
        return Kind.OURS
    if not stat.S_ISREG(about.st_mode):
        return Kind.OURS
    if not about.st_size:
        return Kind.EMPTY
    with _looking:
        if (about.st_dev, about.st_ino) in _known:
            return Kind.OURS
        try:
            with path.open("rb") as file:
                head = file.read(100)
        except OSError:
            return Kind.OURS
        if not head.startswith(_MAGIC):
            return Kind.NONE
        # What is in its log alone is SQLite's to tell.
        logged = path.with_name(f"{path.name}-wal").exists()
        if int.from_bytes(head[_APPLICATION], "big") != application and not logged:
            return Kind.FOREIGN
        _known.add((about.st_dev, about.st_ino))
    return Kind.OURS


def know(path: Path) -> None:
    """A file that this process has just made is ours."""
    about = path.stat()
    _known.add((about.st_dev, about.st_ino))


def _after_fork_in_child() -> None:
    """Whoever was looking is not here."""
    global _looking
    _looking = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
