"""The door for paths: what a request names by a path is found here, below the server's root, or refused.

A path is one of the contents API: relative to the root, with forward slashes. Nothing leads out, neither
dots nor links; what the contents manager hides stays hidden.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from jupyter_server.utils import ensure_async

from mlops_jlab.errors import InputError, NotFound

_LONGEST = 4096  # bytes of a path, 255 of a part: what file systems take
_UNFIT = re.compile("[\0-\x1f\x7f\ud800-\udfff]")


class Door:
    """Finds files and folders below ``root``, which the contents manager ``contents`` serves."""

    def __init__(self, root: Path, contents: Any) -> None:
        self._root = root
        self._contents = contents

    async def file(self, name: str) -> Path:
        """The regular file that ``name`` means.

        Raises:
            InputError: it leads outside, or is no path.
            NotFound: there is none, or it is hidden.
        """
        found = await self.place(name)
        if not found.is_file():
            raise NotFound(f"there is no file {name[:80]!r}")
        return found

    async def data(self, name: str) -> Path:
        """The regular file or folder that ``name`` means; raises as :meth:`file` does."""
        found = await self.place(name)
        if not (found.is_file() or found.is_dir()):
            raise NotFound(f"there is no file or folder {name[:80]!r}")
        return found

    async def place(self, name: str) -> Path:
        """Where ``name`` would lie, whether anything is there or not.

        Raises:
            InputError: it leads outside, or is no path.
            NotFound: it is hidden.
        """
        relative = _checked(name)
        if await self._is_hidden(relative):
            raise NotFound(f"there is no file {name[:80]!r}")
        found = Path(os.path.realpath(self._root / relative))
        if not found.is_relative_to(self._root):
            raise InputError(f"{name[:80]!r} leads outside the server's root")
        try:
            found.stat()
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:  # a loop of links, a file in place of a folder
            why = getattr(error, "strerror", None) or error
            raise InputError(f"{name[:80]!r} is not a path below the server's root: {why}") from error
        behind = found.relative_to(self._root).as_posix()
        if behind != relative and await self._is_hidden(behind):  # a link to what is hidden
            raise NotFound(f"there is no file {name[:80]!r}")
        return found

    async def _is_hidden(self, relative: str) -> bool:
        if self._contents.allow_hidden or relative in ("", "."):
            return False
        if any(part.startswith(".") for part in relative.split("/")):
            return True
        return bool(await ensure_async(self._contents.is_hidden(relative)))


def _checked(name: str) -> str:
    """The parts of a path that could lie below the root, joined.

    Raises:
        InputError: they could not.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    lengths = [len(part.encode("utf-8", "surrogatepass")) for part in parts]
    if "://" in name or _UNFIT.search(name) or sum(lengths) + len(lengths) > _LONGEST:
        raise InputError(f"{name[:80]!r} is not a path below the server's root")
    if max(lengths, default=0) > 255:
        raise InputError(f"{name[:80]!r} is not a path below the server's root: a part of it is too long")
    if ".." in parts:
        raise InputError(f"{name[:80]!r} leads outside the server's root, or goes around in it")
    return "/".join(parts)
