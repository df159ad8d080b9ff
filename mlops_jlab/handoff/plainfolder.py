"""A folder as a store of values: the few calls of fsspec's file systems that are used, without fsspec."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path


class PlainFolder:
    """Files of this machine, or of a file system that several machines see at the same path."""

    protocol = "file"

    def exists(self, place: str) -> bool:
        """Whether there is something."""
        return os.path.exists(place)

    def makedirs(self, place: str, exist_ok: bool = False) -> None:
        """Makes a folder, for this user alone."""
        Path(place).mkdir(parents=True, exist_ok=exist_ok, mode=0o700)

    def ls(self, place: str, detail: bool = False) -> list[str]:
        """The paths of what a folder holds."""
        return [f"{place}/{name}" for name in sorted(os.listdir(place))]

    def put_file(self, source: str, place: str) -> None:
        """Copies a file there; one that never changes, as a value, is linked where that is possible."""
        if Path(source).parent.parent.name == "objects":
            with suppress(OSError):
                os.link(source, place)
                return
        shutil.copyfile(source, place)
        os.chmod(place, 0o600)

    def get_file(self, place: str, target: str) -> None:
        """Copies a file from there."""
        if Path(place).parent.parent.name == "objects":
            with suppress(OSError):
                os.link(place, target)
                return
        shutil.copyfile(place, target)
        os.chmod(target, 0o600)

    def cat_file(self, place: str) -> bytes:
        """The content of a file."""
        return Path(place).read_bytes()

    def pipe_file(self, place: str, content: bytes) -> None:
        """Writes a file."""
        Path(place).write_bytes(content)

    def invalidate_cache(self) -> None:
        """Nothing is remembered."""
