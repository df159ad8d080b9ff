"""Content-addressed files: written once and whole, checked against their digest, mapped into memory.

A file holds one pickle and its out-of-band buffers::

    b"MLOPSJ02" | count: u64 | (length: u64, flags: u64) * count | pickle | buffers, each aligned

Lengths are bytes, little-endian; the first length is that of the pickle. Flag 1: the buffer is read-only.
Flag 2: it is a file of its own, which holds nothing else, and its digest stands in its place.
"""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from io import FileIO
from pathlib import Path

from mlops_jlab.errors import HandoffError
from mlops_jlab.handoff.digests import digest_of, hasher, quiet_hasher
from mlops_jlab.handoff.mapped import Mapped, owner_and_time
from mlops_jlab.handoff.places import object_path
from mlops_jlab.handoff.remote import opened
from mlops_jlab.handoff.variables import ARTIFACTS

_MAGIC = b"MLOPSJ02"
_ALIGN = 64
_READ_ONLY, _APART = 1, 2
LARGE = 1 << 20  # bytes from which on a buffer is a file of its own
_TRUSTED = 3600.0  # seconds for which the system's memory of a file is taken for the disk's
RESERVE = 16_000_000  # bytes of the disk that values leave free


@dataclass(frozen=True)
class Apart:
    """A buffer that is a file of its own."""

    digest: str
    nbytes: int
    readonly: bool


@dataclass(frozen=True)
class Payload:
    """A pickle stream and the buffers that it refers to, out of band."""

    stream: bytes | memoryview
    buffers: tuple[memoryview, ...]


@dataclass(frozen=True)
class Put:
    """Where a payload lies: its ``digest``, and those of ``all`` files that it needs."""

    digest: str
    all: frozenset[str]


class ObjectStore:
    """The files of one run under ``root/objects``; their names are their BLAKE3 digests.

    ``seals`` say of large files what they looked like when this machine wrote them. One that has not been
    touched since is not read again to be checked. ``mapped`` knows what was mapped from them.
    """

    def __init__(self, root: Path, seals: Mapping[str, str] | None = None) -> None:
        self.root = root / "objects"
        self.seals = dict(seals or {})
        self.mapped = Mapped()
        self.fresh: set[str] = set()  # large files that were not there before

    def path(self, digest: str) -> Path:
        """Where the object with this digest lies."""
        return object_path(self.root.parent, digest)

    def put(self, stream: bytes, buffers: Sequence[memoryview | Apart]) -> Put:
        """Writes the payload unless it is there already.

        Raises:
            HandoffError: the disk is full or cannot be written.
        """
        settled = [self._apart(one) for one in buffers]
        parts = _layout(stream, settled)
        with self._writing(sum(map(len, parts))) as (file, finish):
            digest = hasher()
            for part in parts:
                digest.update(part)
                _write_whole(memoryview(part).cast("B"), file)
            found = finish(digest.hexdigest())
        return Put(found, frozenset({found, *(one.digest for one in settled if isinstance(one, Apart))}))

    def _apart(self, buffer: memoryview | Apart) -> memoryview | Apart:
        if isinstance(buffer, Apart) or buffer.nbytes < LARGE:
            return buffer
        return Apart(self.put_apart(buffer), buffer.nbytes, buffer.readonly)

    def put_apart(self, memory: memoryview) -> str:
        """Writes a large buffer as a file of its own, and computes its digest meanwhile.

        Raises:
            HandoffError: the disk is full or cannot be written.
        """
        with self._writing(memory.nbytes) as (file, finish):
            digest = quiet_hasher()
            hashing = threading.Thread(target=digest.update, args=(memory,))
            hashing.start()
            try:
                _write_whole(memory, file)
            finally:
                hashing.join()
            existed = self.path(digest.hexdigest()).exists()
            found = finish(digest.hexdigest())
        if not existed:
            self.fresh.add(found)
        self.seals[found] = seal_of(self.path(found))
        return found

    @contextmanager
    def _writing(self, size: int) -> Iterator[tuple[FileIO, Callable[[str], str]]]:
        """A new file, and what gives it its name when it is whole."""
        self._check_room(size)
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self.root, prefix=".", suffix=".tmp")

            def finish(digest: str) -> str:
                target = self.path(digest)
                if not target.exists():
                    target.parent.mkdir(exist_ok=True, mode=0o700)
                    os.replace(name, target)
                return digest

            try:
                with os.fdopen(handle, "wb", buffering=0) as file:
                    yield file, finish
            finally:
                Path(name).unlink(missing_ok=True)
        except OSError as error:
            space = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            raise self._unwritten(size, "no space left" if space else str(error)) from error

    def _check_room(self, size: int) -> None:
        """Leaves room for what tells of a failure: on a disk that is full to the last byte nothing can."""
        place = next(path for path in (self.root, *self.root.parents) if path.is_dir())
        if shutil.disk_usage(place).free < size + RESERVE:
            raise self._unwritten(size, "no space left")

    def _unwritten(self, size: int, why: str) -> HandoffError:
        return HandoffError(
            f"a value of {size:,} bytes cannot be written to {self.root}: {why}",
            hint="free some space, or choose another folder with --output" if why == "no space left" else "",
        )

    def get(self, digest: str) -> Payload:
        """The payload with this digest, mapped copy-on-write: writing to it changes no file.

        Raises:
            HandoffError: the file is missing, cut off, or is not what was written.
        """
        stream, buffers = _unpack(memoryview(self._map(digest)))
        return Payload(
            stream,
            tuple(self._mapped_apart(buffer) if isinstance(buffer, Apart) else buffer for buffer in buffers),
        )

    def _mapped_apart(self, buffer: Apart) -> memoryview:
        memory = self._map(buffer.digest)
        self.mapped.note(memory, buffer.digest)
        view = memoryview(memory)
        return view.toreadonly() if buffer.readonly else view

    def _map(self, digest: str) -> mmap.mmap:
        path = self.path(digest)
        if not path.exists() and ARTIFACTS in os.environ:
            opened(os.environ[ARTIFACTS]).fetch_object(digest, path)
        try:
            with path.open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
                is_known = self._is_sealed(digest, file.fileno())
        except (OSError, ValueError) as error:
            raise HandoffError(
                f"the handoff file {path} is missing or empty",
                hint="run the step that made it again: start the run without --resume",
            ) from error
        if not is_known and digest_of(memoryview(mapped)) != digest:
            raise HandoffError(
                f"the handoff file {path} is not what was written: its digest differs",
                hint="it was damaged or tampered with and is not loaded; start a new run",
            )
        return mapped

    def _is_sealed(self, digest: str, file: int) -> bool:
        seal = self.seals.get(digest)
        return bool(seal) and seal == seal_of(file) and time.time() - os.stat(file).st_mtime < _TRUSTED

    def drop(self, digests: Iterable[str]) -> None:
        """Removes files that nobody needs: when no step is at work, as one that finds them does not write."""
        for digest in digests:
            with suppress(OSError):  # it is for room alone
                self.path(digest).unlink(missing_ok=True)


def seal_of(file: int | Path) -> str:
    """What a file looks like that nobody has touched since this machine was started; or nothing."""
    with suppress(OSError):
        seen = owner_and_time(file if isinstance(file, int) else str(file))
        return f"{_this_start()}:{seen}" if seen and _this_start() else ""
    return ""


@cache
def _this_start() -> str:
    """Another one each time the machine is started: what its memory held is gone then."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    return ""


def _write_whole(view: memoryview, file: FileIO) -> None:
    while view:
        view = view[file.write(view) or 0 :]


def _layout(stream: bytes, buffers: Sequence[memoryview | Apart]) -> list[bytes | memoryview]:
    sizes = [(len(stream), _READ_ONLY)]
    sizes += [(one.nbytes, one.readonly * _READ_ONLY + isinstance(one, Apart) * _APART) for one in buffers]
    head = _MAGIC + struct.pack("<Q", len(sizes))
    head += b"".join(struct.pack("<QQ", *size) for size in sizes)
    parts: list[bytes | memoryview] = [head, stream]
    at = len(head) + len(stream)
    for one in buffers:
        content = bytes.fromhex(one.digest) if isinstance(one, Apart) else one
        padding = -at % _ALIGN
        parts += [b"\0" * padding, content]
        at += padding + len(content)
    return parts


def _unpack(view: memoryview) -> tuple[memoryview, list[memoryview | Apart]]:
    if bytes(view[:8]) != _MAGIC:
        raise HandoffError("this is not a handoff file, or one of another version", hint="start a new run")
    (count,) = struct.unpack_from("<Q", view, 8)
    sizes = [struct.unpack_from("<QQ", view, 16 + 16 * place) for place in range(count)]
    at = 16 + 16 * count
    stream = view[at : at + sizes[0][0]]
    at += sizes[0][0]
    buffers: list[memoryview | Apart] = []
    for length, flags in sizes[1:]:
        at += -at % _ALIGN
        part = view[at : at + (32 if flags & _APART else length)]
        if flags & _APART:
            buffers.append(Apart(bytes(part).hex(), length, bool(flags & _READ_ONLY)))
        else:
            buffers.append(part.toreadonly() if flags & _READ_ONLY else part)
        at += len(part)
    return stream, buffers
