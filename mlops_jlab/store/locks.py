"""Locks that die with the process that holds them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from time import sleep  # a notebook may put another in its place

from mlops_jlab.errors import ConflictError
from mlops_jlab.telling import tell

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_SOMEBODY = "another process"
_AGAIN = 0.005  # seconds between two tries
PATIENCE = 2.0  # seconds until it is said for whom somebody waits
HURRY = 4.0  # seconds that those wait who are hurried
_hurried: ContextVar[bool] = ContextVar("hurried", default=False)


@contextmanager
def hurried() -> Iterator[None]:
    """Within it nobody waits longer for a lock than :data:`HURRY`: the answer is then who holds it.

    It is for who has asked from elsewhere, as in a browser, and does not read what a process prints.
    """
    token = _hurried.set(True)
    try:
        yield
    finally:
        _hurried.reset(token)


def is_hurried() -> bool:
    """Whether an error that names the holder is better than to go on waiting."""
    return _hurried.get()


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


def unlock(handle: int) -> None:
    """Gives a lock back, at once: a process that was forked meanwhile has the open file as well."""
    if sys.platform == "win32":
        os.lseek(handle, 1 << 40, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
    else:
        fcntl.flock(handle, fcntl.LOCK_UN)


def take(handle: int, path: Path, *, shared: bool = False) -> None:
    """Waits for the lock on an open file ``path``, and says after a moment for whom.

    Raises:
        OSError: the file system knows no locks.
        ConflictError: another process holds it, and who waits is :func:`hurried`.
    """
    if sys.platform == "win32":
        while not try_lock(handle):
            sleep(_AGAIN)
        return
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    end = time.monotonic() + (HURRY if is_hurried() else PATIENCE)
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                others = _others(path)
                if is_hurried() and others:
                    raise ConflictError(
                        f"{path} is held by {' and '.join(others)}", hint="try again when it is done"
                    ) from None
                tell(f"waiting for {' and '.join(others) or _SOMEBODY}, which holds {path}", once=False)
                end = time.monotonic() + PATIENCE if is_hurried() else float("inf")
            sleep(_AGAIN)
        else:
            return


def holder(path: Path) -> str:
    """The process that holds a lock on a file, in words, as far as the system tells."""
    return " and ".join(_others(path)) or _SOMEBODY


def _others(path: Path) -> list[str]:
    try:
        about = path.stat()
        device = f"{os.major(about.st_dev):02x}:{os.minor(about.st_dev):02x}:{about.st_ino}"
        fields = [line.split() for line in Path("/proc/locks").read_text("ascii").splitlines()]
    except OSError:
        return []
    held = [line for line in fields if len(line) > 5 and line[5] == device and line[1] != "->"]
    pids = [line[4] for line in held if line[3] == "WRITE"] or [line[4] for line in held]
    return [in_words(int(pid)) for pid in dict.fromkeys(pids) if int(pid) not in (0, -1, os.getpid())]


def in_words(pid: int) -> str:
    """A process: its number, name, and whether somebody has stopped it."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return f"process {pid}"
    name = text[text.index("(") + 1 : text.rindex(")")]
    state = ", which is stopped: kill -CONT goes on with it" if is_stopped(pid) else ""
    return f"process {pid} ({name}{state})"


def is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal, and does nothing until it gets another."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] in "Tt"


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Holds the lock ``path`` while inside, or says that somebody else does."""
    with waited(path, 0.0) as mine:
        yield mine


@contextmanager
def waited(path: Path, seconds: float) -> Iterator[bool]:
    """As :func:`locked`, but waits up to so many ``seconds`` for the lock."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    begun = time.monotonic()
    end, told = begun + seconds, False
    mine = False
    try:
        while not (mine := try_lock(handle)) and time.monotonic() < end:
            if not told and time.monotonic() - begun > PATIENCE:
                told = True
                tell(f"waiting for {holder(path)}, which holds {path}", once=False)
            sleep(_AGAIN)
        yield mine
    finally:
        with suppress(OSError):
            if mine:
                unlock(handle)
        with suppress(OSError):
            os.close(handle)
