"""Content-addressed files: written once and whole, checked against their digest, mapped into memory.

A file holds one pickle and its out-of-band buffers::

    b"MLOPSJ01" | count: u64 | (length: u64, read-only: u64) * count | pickle | buffers, each aligned

Lengths are bytes, little-endian; the first length is that of the pickle.
"""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import struct
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from blake3 import blake3

from mlops_jlab.errors import HandoffError
from mlops_jlab.handoff.variables import ARTIFACTS

_MAGIC = b"MLOPSJ01"
_ALIGN = 64
_LARGE = 1 << 23  # bytes
RESERVE = 16_000_000  # bytes of the disk that values leave free


@dataclass(frozen=True)
class Payload:
    """A pickle stream and the buffers that it refers to, out of band."""

    stream: bytes | memoryview
    buffers: tuple[memoryview, ...]


class ObjectStore:
    """The files of one run under ``root/objects``; their names are their BLAKE3 digests."""

    def __init__(self, root: Path) -> None:
        self.root = root / "objects"

    def path(self, digest: str) -> Path:
        """Where the object with this digest lies."""
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise HandoffError(f"{digest!r} is no digest")
        return self.root / digest[:2] / digest

    def put(self, stream: bytes, buffers: Sequence[memoryview]) -> str:
        """Writes the payload unless it is there already; its digest.

        Raises:
            HandoffError: the disk is full or cannot be written.
        """
        parts = _layout(stream, buffers)
        self._check_room(sum(map(len, parts)))
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self.root, prefix=".", suffix=".tmp")
            try:
                with os.fdopen(handle, "wb", buffering=0) as file:
                    digest = _write(parts, file)
                target = self.path(digest)
                if not target.exists():
                    target.parent.mkdir(exist_ok=True, mode=0o700)
                    os.replace(name, target)
            finally:
                Path(name).unlink(missing_ok=True)
        except OSError as error:
            space = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            raise self._unwritten(sum(map(len, parts)), "no space left" if space else str(error)) from error
        return digest

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
        path = self.path(digest)
        if not path.exists() and ARTIFACTS in os.environ:
            from mlops_jlab.handoff.remote import opened

            opened(os.environ[ARTIFACTS]).fetch_object(digest, path)
        try:
            with path.open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        except (OSError, ValueError) as error:
            raise HandoffError(
                f"the handoff file {path} is missing or empty",
                hint="run the step that made it again: start the run without --resume",
            ) from error
        view = memoryview(mapped)
        if hasher(view).hexdigest() != digest:
            raise HandoffError(
                f"the handoff file {path} is not what was written: its digest differs",
                hint="it was damaged or tampered with and is not loaded; start a new run",
            )
        return _unpack(view)


class _Threads:
    """How many threads a digest may use: all, but in a child of a process that has used them, one.

    They are not there after a fork, and would be waited for.
    """

    def __init__(self) -> None:
        self.most = int(blake3.AUTO)
        self.were_used = False

    def in_child(self) -> None:
        """Called in a forked child."""
        if self.were_used:
            self.most = 1


_threads = _Threads()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_threads.in_child)


def hasher(data: bytes | memoryview = b"") -> Any:
    """A digest that is computed on all processors."""
    _threads.were_used = True
    return blake3(data, max_threads=_threads.most)


def _write(parts: Sequence[bytes | memoryview], file: FileIO) -> str:
    """Writes all of it and gives its digest; large parts are hashed while they are being written."""
    digest = hasher()
    for part in parts:
        view = memoryview(part).cast("B")
        if len(view) < _LARGE:
            digest.update(view)
            _write_whole(view, file)
            continue
        hashing = threading.Thread(target=digest.update, args=(view,))
        hashing.start()
        try:
            _write_whole(view, file)
        finally:
            hashing.join()
    return str(digest.hexdigest())


def _write_whole(view: memoryview, file: FileIO) -> None:
    while view:
        view = view[file.write(view) or 0 :]


def _layout(stream: bytes, buffers: Sequence[memoryview]) -> list[bytes | memoryview]:
    sizes = [(len(stream), 1), *((view.nbytes, int(view.readonly)) for view in buffers)]
    head = _MAGIC + struct.pack("<Q", len(sizes))
    head += b"".join(struct.pack("<QQ", *size) for size in sizes)
    parts: list[bytes | memoryview] = [head, stream]
    at = len(head) + len(stream)
    for view in buffers:
        padding = -at % _ALIGN
        parts += [b"\0" * padding, view]
        at += padding + view.nbytes
    return parts


def _unpack(view: memoryview) -> Payload:
    if bytes(view[:8]) != _MAGIC:
        raise HandoffError("this is no handoff file")
    (count,) = struct.unpack_from("<Q", view, 8)
    sizes = [struct.unpack_from("<QQ", view, 16 + 16 * place) for place in range(count)]
    at = 16 + 16 * count
    stream = view[at : at + sizes[0][0]]
    at += sizes[0][0]
    buffers: list[memoryview] = []
    for length, readonly in sizes[1:]:
        at += -at % _ALIGN
        part = view[at : at + length]
        buffers.append(part.toreadonly() if readonly else part)
        at += length
    return Payload(stream, tuple(buffers))
