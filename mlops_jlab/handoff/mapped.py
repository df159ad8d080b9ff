"""Memory that is a file's: which digest it had when it was mapped, and whether it was written to since."""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from functools import cache
from pathlib import Path

_PAGE = mmap.PAGESIZE
_PAGEMAP = "/proc/self/pagemap"
# Of an entry's highest byte (see the kernel's documentation of pagemap): the page is in memory, is swapped
# out, is the file's own or shared.
_PRESENT, _SWAPPED, _OF_FILE = 0x80, 0x40, 0x20


class Mapped:
    """The pieces of memory that were mapped from objects by this process, by place and length."""

    def __init__(self) -> None:
        self._digests: dict[tuple[int, int], str] = {}

    def note(self, memory: mmap.mmap, digest: str) -> None:
        """The memory has this content now; a write to it changes a copy, and no file."""
        self._digests[_place(memory)] = digest

    def digest_of(self, place: tuple[int, int]) -> str:
        """The digest of what was mapped there, as far as it is known."""
        return self._digests.get(place, "")

    def unchanged(self, place: tuple[int, int]) -> str:
        """The digest of what is there now, if the system knows that nobody has written to it; or nothing."""
        digest = self.digest_of(place)
        return digest if digest and tells_writes() and not _is_written(*place) else ""


def place_of(memory: memoryview) -> tuple[int, int]:
    """Where contiguous memory lies, and its length in bytes; zeros where that cannot be told."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not memory.nbytes:
        return 0, 0
    array = numpy.frombuffer(memory, dtype=numpy.uint8)
    return int(array.__array_interface__["data"][0]), memory.nbytes


def _place(memory: mmap.mmap) -> tuple[int, int]:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory)), len(memory)


def _is_written(start: int, length: int) -> bool:
    """Whether any page of a private mapping of a file is a copy of this process's own by now."""
    first, last = start // _PAGE, -(-(start + length) // _PAGE)
    with Path(_PAGEMAP).open("rb", buffering=0) as file:
        file.seek(first * 8)
        entries = bytearray()
        while len(entries) < (last - first) * 8:
            more = file.read((last - first) * 8 - len(entries))
            if not more:
                return True
            entries += more
    highest = set(entries[7::8] if sys.byteorder == "little" else entries[::8])
    return any(byte & (_PRESENT | _SWAPPED) and not byte & _OF_FILE for byte in highest)


@cache
def tells_writes() -> bool:
    """Whether this system says which pages were written to: it is tried out once."""
    if sys.platform != "linux":
        return False
    try:
        file = os.memfd_create("pages")  # a file on the disk would be seen as the step's own
        try:
            os.write(file, b"x" * 3 * _PAGE)
            memory = mmap.mmap(file, 0, access=mmap.ACCESS_COPY)
        finally:
            os.close(file)
        start, length = _place(memory)
        touched = sum(memory[::_PAGE])
        before = _is_written(start, length)
        memory[_PAGE] = 0
        after = _is_written(start, length)
        elsewhere = _is_written(start, _PAGE)
    except (OSError, ValueError):
        return False
    return bool(touched) and (before, after, elsewhere) == (False, True, False)


def owner_and_time(path: int | str) -> str:
    """Changes if a file is replaced or written to by anybody; empty where others than its owner may do so.

    Somebody else could only forge it with this user's rights, as a file's time is its owner's alone.
    """
    status = os.stat(path)
    if not hasattr(os, "geteuid") or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        return ""
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"
