"""A run's values, records and executed notebooks in a store that other machines reach, through fsspec.

::

    URL/objects/ab/abcd...   values by digest
    URL/steps/00001-x.json   records; a step is finished when its record is there, so it is written last
    URL/executed/x.ipynb     executed notebooks
    URL/stop/ATTEMPT         asks whoever executes this attempt to stop

A path is a folder. Where any other store is (``s3://``, ...) and who may use it is fsspec's business and
configuration.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from mlops_jlab.errors import HandoffError, InputError
from mlops_jlab.handoff.places import object_path
from mlops_jlab.handoff.plainfolder import PlainFolder
from mlops_jlab.handoff.records import claims, record_path


class Artifacts:
    """The store of one run at ``url``."""

    def __init__(self, url: str) -> None:
        self._url = url
        if "://" not in url:
            self._files: Any = PlainFolder()
            self._root = str(Path(url).absolute())
            return
        try:
            import fsspec
        except ImportError as error:
            raise InputError(
                "values cannot be kept elsewhere without fsspec", hint="pip install 'mlops-jlab[remote]'"
            ) from error
        try:
            self._files, self._root = fsspec.core.url_to_fs(url.rstrip("/"))
        except (ValueError, ImportError) as error:
            raise InputError(f"{url} cannot be used as a store of values: {error}") from error

    def put_step(self, root: Path, position: int, step: str, executed: Path) -> None:
        """Publishes a finished step from the handoff folder ``root``: values first, the record last."""
        path = record_path(root, position, step)
        for digest in claims(path.read_text("ascii"))["objects"]:
            there = self._place("objects", digest[:2], digest)
            if not self._files.exists(there):
                self._publish(object_path(root, digest), there)
        self.put_executed(executed)
        self._publish(path, self._place("steps", path.name))

    def put_executed(self, executed: Path) -> None:
        """Publishes an executed notebook, whatever became of its step."""
        if executed.is_file():
            self._publish(executed, self._place("executed", executed.name))

    def fetch_records(self, root: Path) -> None:
        """Brings all records into the handoff folder ``root``, which then has no others."""
        folder = root / "steps"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        there = {Path(name).name: name for name in self._list("steps") if name.endswith(".json")}
        for old in folder.glob("[0-9]*.json"):
            if old.name not in there:
                old.unlink(missing_ok=True)
        for name, place in there.items():
            self._fetch(place, folder / name)

    def fetch_executed(self, target: Path) -> None:
        """Brings an executed notebook here, if there is one."""
        place = self._place("executed", target.name)
        if self._files.exists(place):
            self._fetch(place, target)

    def fetch_object(self, digest: str, target: Path) -> None:
        """Brings a value here.

        Raises:
            HandoffError: it is not there, or the store cannot be reached.
        """
        try:
            self._fetch(self._place("objects", digest[:2], digest), target)
        except FileNotFoundError as error:
            raise HandoffError(
                f"the value {digest[:12]} is not in {self._url}",
                hint="run the step that made it again: start the run without --resume",
            ) from error

    def attempt_of(self, position: int, step: str) -> str:
        """The attempt that finished a step, or nothing. Not proof of who wrote it."""
        place = self._place("steps", record_path(Path(), position, step).name)
        if not self._files.exists(place):
            return ""
        return str(claims(self._files.cat_file(place).decode("ascii"))["attempt"])

    def put_file(self, path: Path, *parts: str) -> None:
        """Publishes any file, whole or not at all; one that is there is replaced."""
        self._publish(path, self._place(*parts))

    def fetch_file(self, target: Path, *parts: str) -> None:
        """Brings a file here.

        Raises:
            FileNotFoundError: it is not there.
        """
        self._fetch(self._place(*parts), target)

    def has(self, *parts: str) -> bool:
        """Whether there is such a file."""
        self._files.invalidate_cache()
        return bool(self._files.exists(self._place(*parts)))

    def text(self, *parts: str) -> str:
        """What a file says, or nothing if it is not there."""
        self._files.invalidate_cache()
        try:
            return str(self._files.cat_file(self._place(*parts)).decode("utf-8"))
        except FileNotFoundError:
            return ""

    def names(self, folder: str = "") -> list[str]:
        """The names of what a folder of the store holds, in order."""
        return sorted(name.rstrip("/").rpartition("/")[2] for name in self._list(folder))

    def ask_to_stop(self, attempt: str, why: str) -> None:
        """Asks whoever executes this attempt to stop."""
        self._files.makedirs(self._place("stop"), exist_ok=True)
        self._files.pipe_file(self._place("stop", attempt), why.encode("utf-8", "replace"))

    def asked_to_stop(self, attempt: str) -> str:
        """Why an attempt is to be stopped, or nothing."""
        place = self._place("stop", attempt)
        self._files.invalidate_cache()
        return str(self._files.cat_file(place).decode()) if self._files.exists(place) else ""

    def _place(self, *parts: str) -> str:
        return "/".join((str(self._root), *(part for part in parts if part)))

    def _list(self, folder: str) -> Iterable[str]:
        self._files.invalidate_cache()
        place = self._place(folder)
        if not self._files.exists(place):
            return []
        return [str(name) for name in self._files.ls(place, detail=False)]

    def _publish(self, path: Path, place: str) -> None:
        """Whole or not at all: an object store sees to it itself, in a folder a rename does."""
        parent, _, name = place.rpartition("/")
        self._files.makedirs(parent, exist_ok=True)
        if not _is_folder(self._files):
            self._files.put_file(str(path), place)
            return
        unfinished = f"{parent}/.{name}.{secrets.token_hex(4)}"
        self._files.put_file(str(path), unfinished)
        os.replace(unfinished, place)

    def _fetch(self, place: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
        try:
            self._files.get_file(place, str(unfinished))
            os.replace(unfinished, target)
        finally:
            unfinished.unlink(missing_ok=True)


def _is_folder(files: Any) -> bool:
    protocol = files.protocol
    return "file" in ((protocol,) if isinstance(protocol, str) else protocol)


@cache
def opened(url: str) -> Artifacts:
    """The store at ``url``, opened once in a process."""
    return Artifacts(url)
