"""Files of runs under their digests: written once and whole, never outside their folder."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from blake3 import blake3

from mlops_jlab.errors import StoreError, TrackingError
from mlops_jlab.store.location import Place

_PART = 1 << 20
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?\Z", re.IGNORECASE)
_LONGEST = 1024  # bytes of a whole name, 255 of a part


def check_name(name: str) -> str:
    """The name of an artifact, as it may stand below any folder.

    Raises:
        TrackingError: it is empty, absolute, too long, or could lead outside.
    """
    problem = _problem(name) or _problem(unquote(name))
    if problem:
        raise TrackingError(
            f"{name[:80]!r} is not a valid name for an artifact: {problem}",
            hint="use a relative name such as plots/loss.png",
        )
    return unicodedata.normalize("NFC", name)


def _problem(name: str) -> str:
    parts = name.split("/")
    if not name:
        return "it is empty"
    if len(name.encode("utf-8", "surrogatepass")) > _LONGEST or any(
        len(part.encode("utf-8", "surrogatepass")) > 255 for part in parts
    ):
        return "it is too long"
    if name.startswith("/") or "\\" in name or re.match(r"[A-Za-z]:", name):
        return "it is not a relative name with forward slashes"
    if any(part in ("", ".", "..") for part in parts):
        return "it has empty parts or dots"
    if any(ord(char) < 32 or ord(char) == 127 or 0xD800 <= ord(char) < 0xE000 for char in name):
        return "it has control characters"
    if any(part.endswith((".", " ")) or _RESERVED.match(part) for part in parts):
        return "a part of it is reserved on some system"
    if "#" in name or "?" in name:
        return "it has # or ? in it"
    return ""


def path_of(place: Place, digest: str) -> Path:
    """Where the file with this digest lies.

    Raises:
        StoreError: that is no digest.
    """
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise StoreError(f"{digest[:80]!r} is not a digest")
    return place.objects / digest[:2] / digest


def digest_of(path: Path) -> str:
    """The BLAKE3 digest of a file's content, in hexadecimal."""
    hasher = blake3()
    with path.open("rb") as file:
        while part := file.read(1 << 22):
            hasher.update(part)
    return str(hasher.hexdigest())


def digest_of_data(path: Path, size: int, stop: Callable[[], bool]) -> str:
    """The BLAKE3 digest of the first ``size`` bytes of a regular file; nothing if it is told to ``stop``.

    It never waits for a device, and follows no link.

    Raises:
        OSError: it is no regular file, or cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(handle, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        digest = blake3()
        while size > 0 and (part := file.read(min(size, 1 << 22))):
            if stop():
                return ""
            digest.update(part)
            size -= len(part)
    return str(digest.hexdigest())


def put(place: Place, parts: Iterable[bytes]) -> tuple[str, int]:
    """Writes a file; its digest and size. One that is there already is not written again.

    Raises:
        StoreError: no space, or the folder cannot be written. Nothing half-written stays.
    """
    hasher, size = blake3(), 0
    unfinished = place.objects / f".{os.getpid()}-{secrets.token_hex(6)}.tmp"
    try:
        place.objects.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            for part in parts:
                hasher.update(part)
                size += len(part)
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        target = path_of(place, hasher.hexdigest())
        target.parent.mkdir(mode=0o700, exist_ok=True)
        os.replace(unfinished, target)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise StoreError(
            f"an artifact cannot be written below {place.objects}: "
            f"{'no space left' if full else error.strerror or error}",
            hint="free some space and log it again" if full else "check the folder's permissions",
        ) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return hasher.hexdigest(), size


def parts_of(path: Path) -> Iterator[bytes]:
    """The content of a regular file.

    Raises:
        TrackingError: it is no regular file, is missing, or changes while it is read.
    """
    if not path.is_file():
        what = "does not exist" if not path.exists() else "is not a regular file"
        raise TrackingError(f"the file {path} {what}", hint="log a file, or a folder with log_artifacts")
    before = path.stat()
    with path.open("rb") as file:
        while part := file.read(_PART):
            yield part
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise TrackingError(f"the file {path} changed while it was read", hint="log it when it is finished")


def read(place: Place, digest: str) -> bytes:
    """The content of an artifact.

    Raises:
        StoreError: it is missing, or is not what was written.
    """
    path = path_of(place, digest)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StoreError(f"the artifact {path} cannot be read: {error.strerror}") from error
    if blake3(content).hexdigest() != digest:
        raise _damaged(path)
    return content


def checked(place: Place, digest: str) -> Path:
    """Where the content of an artifact lies, after all of it was read; a part at a time.

    Raises:
        StoreError: it is missing, or is not what was written.
    """
    path = path_of(place, digest)
    try:
        found = digest_of(path)
    except OSError as error:
        raise StoreError(f"the artifact {path} cannot be read: {error.strerror}") from error
    if found != digest:
        raise _damaged(path)
    return path


def _damaged(path: Path) -> StoreError:
    return StoreError(
        f"the artifact {path} is not what was written: its digest differs",
        hint="it was damaged; restore it from a copy of the store",
    )


def objects(place: Place) -> Iterator[Path]:
    """All files that lie under a digest."""
    yield from (path for path in place.objects.glob("[0-9a-f][0-9a-f]/*") if len(path.name) == 64)
