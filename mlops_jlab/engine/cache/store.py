"""Finished steps on disk, to be used again: signed entries, and objects that are linked, not copied.

::

    cache/objects/ab/abcd…            what steps handed on, and executed notebooks
    cache/steps/ab/abcd…/1f2e….json   one entry: what a step depended on, and what it made

The folder that entries of one step share is named after the step's code. Several runners may use a
cache at once: an entry appears whole, and what another removes meanwhile is a miss.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mlops_jlab.engine.cache.outputs import notebook_bytes, read_notebook, with_outputs
from mlops_jlab.errors import HandoffError, InputError
from mlops_jlab.files import PRIVATE, write_whole
from mlops_jlab.handoff.trust import is_ours, sign
from mlops_jlab.store import locks
from mlops_jlab.store.artifacts import digest_of

LIMIT = 10 * 1000**3  # bytes
_EVERY = 3600.0  # seconds between two looks at how much is kept
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_BROKEN = (OSError, ValueError, KeyError, TypeError, HandoffError)


@dataclass(frozen=True)
class Entry:
    """One finished step: what its answer depended on, and where its answer lies.

    ``files`` maps each file and folder that it looked at to a digest of what it saw there (empty: there
    was nothing), ``written`` those that it wrote, ``packages`` each package to its place, time and size,
    ``environment`` each variable that it read to a signature of its value.
    """

    key: str
    id: str
    pipeline: str
    step: str
    created: str
    seconds: float
    parameters: dict[str, Any]
    files: dict[str, str]
    written: dict[str, str]
    packages: dict[str, list[Any]]
    environment: dict[str, str]
    record: dict[str, Any]
    objects: list[str]
    executed: str
    place: str = ""  # the folder in which it was run
    origin: str = ""  # the run in the run table that computed it
    warnings: list[str] = field(default_factory=list)


class CacheStore:
    """The cache in one folder, which is made when something is kept for the first time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._objects = root / "objects"
        self._steps = root / "steps"

    def entries(self, key: str) -> list[Entry]:
        """The entries of a step's code, the one used last first. What is damaged is removed."""
        return [entry for path in _newest_first(self._folder(key)) if (entry := self._read(path))]

    def all(self) -> list[Entry]:
        """Every entry, the one used last first."""
        return [entry for path in self._all_paths() if (entry := self._read(path))]

    def add(self, entry: Entry, run_objects: Path, executed: Path) -> None:
        """Keeps a finished step: links its objects and its executed notebook, then writes the entry.

        Raises:
            OSError: the cache cannot be written; the run does not need it.
        """
        folder = self._folder(entry.key)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        body = json.dumps(asdict(entry), sort_keys=True)
        with self._locked(alone=False):  # else its objects belong to nothing until it is there
            for digest in entry.objects:
                _link(run_objects / digest[:2] / digest, self._object(digest))
            _link(executed, self._object(entry.executed))
            signed = json.dumps({"signature": sign(body.encode()), "entry": body})
            write_whole(folder / f"{entry.id}.json", signed.encode("ascii"), PRIVATE)

    def take(self, entry: Entry, run_objects: Path, executed: Path, notebook: Path) -> str:
        """Links what the entry made into a run; why that was not possible, or nothing.

        ``executed`` becomes the step's own ``notebook`` with the outputs that were kept. Everything is
        checked against its digest: what was cut off or tampered with is not used, and the entry is removed.
        """
        try:
            for digest in [*entry.objects, entry.executed]:
                if digest_of(self._object(digest)) != digest:
                    self._object(digest).unlink(missing_ok=True)
                    self._path(entry).unlink(missing_ok=True)
                    return f"the cached file {digest[:12]} is not what was written, so it was removed"
            own = with_outputs(read_notebook(notebook), read_notebook(self._object(entry.executed)))
            if own is None:
                return "the outputs that were kept do not fit its cells"
            for digest in entry.objects:
                _link(self._object(digest), run_objects / digest[:2] / digest)
            executed.parent.mkdir(parents=True, exist_ok=True)
            executed.unlink(missing_ok=True)
            write_whole(executed, notebook_bytes(own), PRIVATE)
            os.utime(self._path(entry))  # it was used
        except (OSError, ValueError) as error:
            return f"what was cached is gone: {getattr(error, 'strerror', None) or error}"
        return ""

    def collect(self, limit: int = LIMIT) -> tuple[int, int]:
        """Removes what was not used for the longest time until ``limit`` bytes are kept.

        Objects that belong to no entry go too. The numbers of entries and of bytes that were removed.
        """
        if not self.root.is_dir():
            return 0, 0
        with self._locked(alone=True):
            sizes = {path.name: path.stat().st_size for path in self._objects.glob("??/*")}
            before = sum(sizes.values())
            kept: set[str] = set()
            size = removed = 0
            for path in self._all_paths():
                entry = self._read(path)
                new = {*entry.objects, entry.executed} - kept if entry else set()
                size += sum(sizes.get(digest, 0) for digest in new)
                if entry is None or size > limit:
                    size -= sum(sizes.get(digest, 0) for digest in new)
                    path.unlink(missing_ok=True)
                    removed += 1
                else:
                    kept |= new
            for digest in sizes.keys() - kept:
                self._object(digest).unlink(missing_ok=True)
            return removed, before - sum(sizes[digest] for digest in sizes.keys() & kept)

    def collect_now_and_then(self) -> None:
        """Makes room as :meth:`collect` does, unless somebody has within the hour."""
        stamp = self.root / "collected"
        with suppress(OSError):
            if self.root.is_dir() and not time.time() - _used(stamp) < _EVERY:
                stamp.touch()
                self.collect()

    @contextmanager
    def _locked(self, *, alone: bool) -> Iterator[None]:
        with open(self.root / "lock", "w") as lock:
            if sys.platform != "win32":  # there, two at once may miss, which costs time and nothing else
                locks.take(lock.fileno(), self.root / "lock", shared=not alone)
            yield

    def size(self) -> int:
        """Bytes that objects take, those that a run's folder shares included."""
        return sum(path.stat().st_size for path in self._objects.glob("??/*"))

    def _folder(self, key: str) -> Path:
        if not _DIGEST.match(key):
            raise InputError(f"{key!r} is not a digest")
        return self._steps / key[:2] / key

    def _path(self, entry: Entry) -> Path:
        return self._folder(entry.key) / f"{entry.id}.json"

    def _object(self, digest: str) -> Path:
        if not _DIGEST.match(digest):
            raise InputError(f"{digest!r} is not a digest")
        return self._objects / digest[:2] / digest

    def _all_paths(self) -> list[Path]:
        return sorted(self._steps.glob("??/*/*.json"), key=_used, reverse=True)

    @staticmethod
    def _read(path: Path) -> Entry | None:
        try:
            envelope = json.loads(path.read_text("ascii"))
            body = str(envelope["entry"])
            if not is_ours(body.encode(), str(envelope["signature"])):
                raise ValueError("it was not written by this machine")
            return Entry(**json.loads(body))
        except _BROKEN:
            path.unlink(missing_ok=True)
            return None


def fresh_id() -> str:
    """A name for an entry."""
    return secrets.token_hex(8)


def _newest_first(folder: Path) -> Iterable[Path]:
    return sorted(folder.glob("*.json"), key=_used, reverse=True)


def _used(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _link(source: Path, target: Path) -> None:
    """One file in two places; a copy where the file system has no links, or they are on two."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = target.with_name(f".{target.name[:16]}.{secrets.token_hex(4)}.tmp")
    try:
        try:
            os.link(source, unfinished)
        except OSError:
            shutil.copyfile(source, unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
