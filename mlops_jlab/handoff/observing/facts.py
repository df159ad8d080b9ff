"""What can be looked at in the file system without opening anything, and what is to be seen now."""

from __future__ import annotations

import hashlib
import os
import stat
from enum import Enum

# They come and go with the work itself.
_PASSING = ("__pycache__", ".mlops", ".ipynb_checkpoints", ".pytest_cache", ".ruff_cache", ".mypy_cache")

_OF_PACKAGES = (".dist-info", ".egg-info", ".egg")

FOLDER = "folder"


class Aspect(Enum):
    """What was asked of a path."""

    EXISTS = "exists"  # is it there, as a file or as a folder
    SIZE = "size"
    TIME = "time"
    STATE = "state"  # all that ``os.stat`` tells
    LINK = "link"  # where it leads
    NAMES = "names"  # what lies in the folder
    RIGHTS = "rights"  # may it be read, written, executed
    PACKAGES = "packages"  # which packages lie in the folder, by the folders that pip makes of them


def see(path: str, aspect: Aspect) -> str:
    """What is to be seen of one aspect of ``path`` now, as a short text; nothing if there is nothing."""
    try:
        if aspect is Aspect.LINK:
            return os.path.realpath(path)
        if aspect is Aspect.NAMES:
            return names_in(path)
        if aspect is Aspect.PACKAGES:
            return names_in(path, _OF_PACKAGES)
        if aspect is Aspect.RIGHTS:
            return "".join(
                letter for letter, how in zip("rwx", (4, 2, 1), strict=True) if os.access(path, how)
            )
        state = os.stat(path)
    except (OSError, ValueError):
        return ""
    if aspect is Aspect.EXISTS:
        return "folder" if stat.S_ISDIR(state.st_mode) else "file"
    if aspect is Aspect.SIZE:
        return str(state.st_size)
    if aspect is Aspect.TIME:
        return str(state.st_mtime_ns)
    folder = stat.S_ISDIR(state.st_mode)  # a folder's time changes with what comes and goes in it
    return f"{state.st_mode} {'' if folder else state.st_size} {state.st_mtime_ns}"


def mark(path: str) -> str:
    """Tells the file at ``path`` from what lies there once it was changed; nothing if there is none.

    A copy brings the time of its original along, so the time of the last change of anything counts too.
    """
    try:
        state = os.stat(path)
    except (OSError, ValueError):
        return ""
    if stat.S_ISDIR(state.st_mode):
        return FOLDER
    return f"{state.st_dev} {state.st_ino} {state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}"


def names_in(path: str, ends: tuple[str, ...] = ("",)) -> str:
    """A digest of the names in a folder, of those alone that end so."""
    names = sorted(
        name
        for name in os.listdir(path)
        if name not in _PASSING and not name.endswith(".tmp") and name.lower().endswith(ends)
    )
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()
