"""Whether there is room on the store's disk, and what is said where there is none."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from mlops_jlab.errors import FULL, NoSpace

_INDEX = 64 << 10  # bytes that SQLite's index of the log takes at first, and some to spare


def is_full(error: sqlite3.Error | OSError, path: Path) -> bool:
    """Whether the disk of ``path`` is full, which SQLite may call an error of input and output."""
    if isinstance(error, OSError):
        return error.errno in FULL
    kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if kind != sqlite3.SQLITE_IOERR:
        return bool(kind == sqlite3.SQLITE_FULL)
    return not is_left(path)


def is_left(path: Path) -> bool:
    """Whether the disk has room for what SQLite makes beside a database when it opens it."""
    try:
        return shutil.disk_usage(path.parent).free >= _INDEX
    except OSError:
        return True


def none_left(path: Path) -> NoSpace:
    """The error that says so of a store's database."""
    return NoSpace(
        f"no space left for the store {path}", hint="free some space; what is logged is kept meanwhile"
    )
