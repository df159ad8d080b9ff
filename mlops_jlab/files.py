"""Files that are written whole or not at all, and never for everybody to write."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

PRIVATE = 0o600  # for the user alone
SHARED = 0o666  # as the user's umask says


def write_whole(path: Path, data: bytes, mode: int = SHARED) -> None:
    """Writes the bytes ``data`` to ``path``: a temporary file beside it, forced to the disk, then a rename.

    An existing file keeps its permissions. A new one gets ``mode`` less what the user's umask takes away, and
    is never open for everybody to write.

    Raises:
        OSError: it cannot be written; what was there before still is.
    """
    unfinished = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(unfinished, flags, mode & ~0o002)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            os.chmod(unfinished, path.stat().st_mode & 0o777)
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def told(error: Exception) -> str:
    """What an error says, without the name of the unfinished file that it may have met."""
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def close_to_others(path: Path) -> None:
    """Takes from everybody the right to write a file or folder that was just made, whatever the umask is."""
    mode = path.stat().st_mode
    if mode & 0o002 and os.name == "posix":
        os.chmod(path, mode & 0o7775)
