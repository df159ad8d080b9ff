"""What data looks like now, so that a change of it can make a schedule due.

A look reads as little as it can and never waits: regular files alone, of one file system, no more of them
than :data:`MOST_FILES`, no more bytes and seconds than a look may take. What is beyond that is judged by
size and time.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from mlops_jlab.errors import InputError
from mlops_jlab.scheduling import writers

SETTLED = 2.0  # seconds for which a file must have been left alone, unless the schedule says otherwise
MOST_FILES = 100_000
LARGEST = 1 << 30  # bytes of a file that is read; of a larger one size and time say whether it has changed
LONGEST = 60.0  # seconds that a look reads
_PSEUDO = ("/proc", "/sys", "/dev")  # what lies there is made when it is read


class TooMuch(InputError):
    """More files than a look goes through."""


@dataclass(frozen=True)
class Watched:
    """What is looked at: ``paths`` of files and folders, and in folders the names that fit ``pattern``.

    ``settle`` are seconds for which a file must have been left alone. With a ``marker``, such as
    ``_SUCCESS``, a file counts when the folder that it lies in has a file of that name which is not older.
    """

    paths: Sequence[str]
    settle: float = SETTLED
    pattern: str = ""
    marker: str = ""


Digest = Callable[[Path, int, Callable[[], bool]], str]
"""The digest of the first so many bytes of a file; nothing if it was asked to stop meanwhile."""


def look(
    watched: Watched, before: str, now: float, digest_of: Digest,
    cancelled: Callable[[], bool] = lambda: False, longest: float = LONGEST,
) -> str:  # fmt: skip
    """What is at the paths, as a text that changes with their content; ``before`` is what it was.

    Contents are read only where a time or a size differs from ``before``. While a file is being written or
    a folder filled, where nothing is there, and if it is ``cancelled``, what it was before counts.

    Raises:
        TooMuch: there are more than :data:`MOST_FILES` files.
    """
    known = json.loads(before) if before else {}
    found: dict[str, list[object]] = {}
    end = time.monotonic() + longest
    for path, about in _files(watched):
        old = known.get(str(path), [])
        if watched.marker and not _is_marked(path.parent / watched.marker, about):
            if old:
                found[str(path)] = old
            continue
        stamp = [about.st_mtime_ns, about.st_ctime_ns]  # a copy may have the time of what it replaces
        same = [old[0], *old[1]] == [about.st_size, *stamp] if old and isinstance(old[1], list) else False
        if cancelled() or (not same and _is_written(path, about, now, watched.settle)):
            return before
        digest = old[2] if same else _digest(path, about, digest_of, lambda: cancelled() or _is_over(end))
        if cancelled() or not digest:
            return before
        found[str(path)] = [about.st_size, stamp, digest]
    if watched.marker:
        found = {**_unmarked(known, found, watched.marker), **found}
    if _is_being_filled({*known} ^ {*found}, now, watched.settle):
        return before
    return json.dumps(found, sort_keys=True) if found else before


def _unmarked(known: dict[str, list[object]], found: Iterable[str], marker: str) -> dict[str, list[object]]:
    """What is gone from folders without a marker: they are being written anew."""
    return {
        name: old for name, old in known.items()
        if name not in found and not Path(name).with_name(marker).exists()
    }  # fmt: skip


def _is_being_filled(names: Iterable[str], now: float, settle: float) -> bool:
    """Whether files have come or gone just now in the folder of one of these."""
    for folder in {os.path.dirname(name) for name in names}:
        with suppress(OSError):
            if -settle < now - os.stat(folder).st_mtime < settle:
                return True
    return False


def held_up(watched: Watched, before: str, now: float) -> str:
    """The file that nothing is due before: it is still being written; nothing if there is none."""
    known = json.loads(before) if before else {}
    for path, about in _files(watched):
        is_new = str(path) not in known or known[str(path)][0] != about.st_size
        if is_new and _is_written(path, about, now, watched.settle):
            return str(path)
    return ""


def _is_over(end: float) -> bool:
    return time.monotonic() > end


def _digest(path: Path, about: os.stat_result, digest_of: Digest, stop: Callable[[], bool]) -> str:
    """A digest that changes with the file; nothing if it changed while it was read."""
    by_time = f"size {about.st_size} time {about.st_mtime_ns}"
    if about.st_size > LARGEST or stop():
        return by_time
    try:
        digest = digest_of(path, about.st_size, stop)
        after = path.stat()
    except OSError:
        return ""
    if (after.st_size, after.st_mtime_ns) != (about.st_size, about.st_mtime_ns):
        return ""
    return digest or by_time


def _is_written(path: Path, about: os.stat_result, now: float, settle: float) -> bool:
    """Whether somebody may still be writing the file. A time that lies ahead says nothing.

    What is moved here or copied with its time is as new as the change of its entry.
    """
    ages = (now - about.st_mtime, now - about.st_ctime)
    return any(-settle < age < settle for age in ages) or writers.has_writer(path)


def _is_marked(marker: Path, about: os.stat_result) -> bool:
    try:
        return marker.stat().st_mtime_ns >= about.st_mtime_ns
    except OSError:
        return False


def changed(before: str, now: str) -> list[str]:
    """The files that are new, gone or have another content."""
    old, new = (json.loads(text) if text else {} for text in (before, now))
    names = sorted({*old, *new})
    return [name for name in names if old.get(name, [0, 0, ""])[2] != new.get(name, [0, 0, ""])[2]]


def check(watched: Watched) -> None:
    """Whether the paths are data that can be watched.

    Raises:
        InputError: one is missing, is no regular file or folder, or its content is made when it is read.
        TooMuch: there are too many files.
    """
    for path in watched.paths:
        if os.path.realpath(path).startswith(tuple(f"{root}/" for root in _PSEUDO)) or path in _PSEUDO:
            raise InputError(f"{path} is not data: the system makes it up when it is read")
        if not Path(path).exists():
            raise InputError(f"there is no {path}", hint="name files or folders whose change makes it due")
        if not (Path(path).is_file() or Path(path).is_dir()):
            raise InputError(f"{path} is neither a regular file nor a folder")
    if "/" in watched.marker or watched.marker in (".", ".."):
        raise InputError(f"{watched.marker!r} is not a file's name", hint="such as _SUCCESS")
    for _ in _files(watched):
        pass


def _files(watched: Watched) -> Iterator[tuple[Path, os.stat_result]]:
    """The regular files, with what the system knows of them. Links in folders are not followed."""
    for count, (path, about) in enumerate(_all_files(watched), 1):
        if count > MOST_FILES:
            raise TooMuch(
                f"there are more than {MOST_FILES:,} files at {', '.join(watched.paths)}",
                hint="name the folder that matters, or a pattern: --pattern '*.csv'",
            )
        if path.name != watched.marker:
            yield path, about


def _all_files(watched: Watched) -> Iterator[tuple[Path, os.stat_result]]:
    for given in watched.paths:
        path = Path(given)
        try:
            top = path.stat()
        except OSError:
            continue
        if stat.S_ISREG(top.st_mode):
            yield path, top
        elif stat.S_ISDIR(top.st_mode):
            yield from _inside(path, top.st_dev, watched.pattern)


def _inside(top: Path, device: int, pattern: str) -> Iterator[tuple[Path, os.stat_result]]:
    """Files below a folder whose names fit, on its own file system, that are not hidden."""
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and
                            _device(os.path.join(folder, name)) == device)  # fmt: skip
        for name in sorted(names):
            path = Path(folder, name)
            if name.startswith(".") or (pattern and not _fits(path.relative_to(top), pattern)):
                continue
            try:
                about = path.lstat()
            except OSError:
                continue
            if stat.S_ISREG(about.st_mode):
                yield path, about


def _fits(relative: Path, pattern: str) -> bool:
    return fnmatch(relative.name, pattern) or fnmatch(relative.as_posix(), pattern)


def _device(folder: str) -> int:
    try:
        return os.lstat(folder).st_dev
    except OSError:
        return -1
