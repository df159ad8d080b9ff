"""Locks that die with the process that holds them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def try_lock(handle: int) -> bool:
    """Locks an open file for this process alone; whether that was possible just now."""
    try:
        if sys.platform == "win32":
            os.lseek(handle, 1 << 40, os.SEEK_SET)  # beyond all content: what is locked cannot be read
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Holds the lock ``path`` while inside, or says that somebody else does."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield try_lock(handle)
    finally:
        with suppress(OSError):
            os.close(handle)
