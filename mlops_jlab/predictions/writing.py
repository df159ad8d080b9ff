"""Entries are written by a thread of their own: answers do not wait, whatever the disk does."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import queue
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlops_jlab.handoff import trust
from mlops_jlab.predictions import logfolder
from mlops_jlab.predictions.logfolder import AT, ERROR, ID, ROLE, SECONDS, VERSION, LogSettings
from mlops_jlab.store.locks import try_lock
from mlops_jlab.telling import tell

_MOST_WAITING = 100_000  # rows that wait to be written; what comes beyond them is lost, and said
_AGAIN = 1.0  # seconds between two tries to write where the disk is full
_TOLD = 60.0  # seconds between two words about rows that are lost


@dataclass(frozen=True)
class Answered:
    """Rows that a version answered: of ``frame`` the ``columns`` are logged, and what it ``said`` by name.

    ``at`` is in seconds since 1970, ``seconds`` is what the whole request took. An ``error`` stands for rows
    that have no answer.
    """

    ids: Sequence[str]
    at: float
    version: int
    role: str
    seconds: float
    frame: Any = None
    columns: Sequence[str] = ()
    said: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    error: str = ""


class Writer:
    """Writes a prediction log until it is closed. One process has one, and its files are its own."""

    def __init__(
        self, folder: Path, settings: LogSettings, lost: Callable[[int], None] = lambda _rows: None
    ) -> None:
        logfolder.prepare(folder, settings)
        self.folder, self.settings = folder, settings
        self.problem = ""  # why nothing can be written just now
        self._lost, self._told, self._missing = lost, 0.0, 0
        self._unsaid = 0  # rows that are lost since the last word about them
        self._key = trust.machine_key() if settings.hashed else b""
        self._queue: queue.SimpleQueue[Answered | None] = queue.SimpleQueue()
        self._waiting = 0  # rows
        self._file: _Open | None = None
        self._again = 0.0
        self._counting = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="mlops-jlab-log", daemon=True)
        self._thread.start()

    def put(self, entry: Answered) -> None:
        """Takes rows over to be written; they are lost, and counted, where too many wait already."""
        rows = len(entry.ids)
        with self._counting:
            if self._waiting and self._waiting + rows > _MOST_WAITING:
                taken = False
            else:
                self._waiting, taken = self._waiting + rows, True
        if taken:
            self._queue.put(entry)
        else:
            self._lose(rows, "they come faster than they are written")

    def close(self, patience: float = 10.0) -> None:
        """Writes what waits, and makes the file a whole one; says what is lost and was not said of yet."""
        self._queue.put(None)
        self._thread.join(patience)
        self._told = 0.0
        if self._thread.is_alive():
            self._lose(self._waiting, f"the disk did not take them within {patience:g} s of the end")
        elif self._unsaid:
            self._say(self.problem or "at the end")

    def _run(self) -> None:
        while True:
            with suppress(queue.Empty):
                entry = self._queue.get(timeout=1.0)
                if entry is None:
                    break
                self._write(entry)
                with self._counting:
                    self._waiting -= len(entry.ids)
            if self._file is not None and self._file.age > self.settings.seconds:
                self._rotate()
        self._rotate()

    def _write(self, entry: Answered) -> None:
        chosen = [place for place, name in enumerate(entry.ids) if is_sampled(name, self.settings.share)]
        if not chosen:
            return
        if time.monotonic() < self._again:
            self._lose(len(chosen), self.problem)
            return
        try:
            data = "".join(f"{line}\n" for line in self._lines(entry, chosen)).encode("utf-8", "replace")
            if self._file is None or not self._file.path.exists():  # somebody may clear the folder
                self._rotate()
                self._file = _Open(self.folder)
            self._file.add(data)
        except OSError as error:
            self._again = time.monotonic() + _AGAIN
            self.problem = f"the prediction log {self.folder} cannot be written: {error.strerror or error}"
            self._lose(len(chosen), self.problem)
            return
        except Exception as error:  # rows that cannot be written down end no thread
            self._lose(len(chosen), f"{type(error).__name__}: {str(error)[:300]}")
            return
        if self.problem:
            tell(
                f"the prediction log {self.folder} is written again; {self._missing:,} rows are lost",
                once=False,
            )
            self.problem, self._missing, self._unsaid, self._told = "", 0, 0, 0.0
        if self._file.size >= self.settings.of_file:
            self._rotate()

    def _lines(self, entry: Answered, chosen: Sequence[int]) -> Iterable[str]:
        hidden, hashed = self.settings.hidden, set(self.settings.hashed)
        inputs = {} if entry.frame is None else {str(n): entry.frame[n].tolist() for n in entry.columns}
        columns = {name: values for name, values in inputs.items() if name not in hidden}
        secret = {name: values for name, values in inputs.items() if name in hashed}
        for place in chosen:
            line: dict[str, Any] = {
                ID: entry.ids[place], AT: round(entry.at, 3), VERSION: entry.version, ROLE: entry.role,
                SECONDS: round(entry.seconds, 6),
            }  # fmt: skip
            if entry.error:
                line[ERROR] = entry.error
            for name, values in columns.items():
                line[name] = values[place]
            for name, values in secret.items():
                line[name] = self._digest(values[place])
            for name, values in entry.said.items():
                line[name] = values[place]
            yield json.dumps(line, default=str)

    def _digest(self, value: Any) -> str:
        return hmac.new(self._key, repr(value).encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]

    def _rotate(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None
        logfolder.prune(self.folder, self.settings.most - self.settings.of_file)

    def _lose(self, rows: int, why: str) -> None:
        self._lost(rows)
        self._missing += rows
        self._unsaid += rows
        if not self._told or time.monotonic() - self._told > _TOLD:
            self._say(why)

    def _say(self, why: str) -> None:
        self._told, self._unsaid = time.monotonic(), 0
        tell(f"rows are not logged, and answers go on: {why} ({self._missing:,} lost so far)", once=False)


class _Open:
    """The file that this process writes. Whoever finds it unlocked knows that its writer is dead."""

    def __init__(self, folder: Path) -> None:
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        self.path = folder / logfolder.open_name(f"{moment}-{secrets.token_hex(3)}")
        self._begun = time.monotonic()
        self.size = 0
        self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try_lock(self._handle)

    @property
    def age(self) -> float:
        """Seconds since it was begun."""
        return time.monotonic() - self._begun

    def add(self, data: bytes) -> None:
        """Adds lines: all of them or, where the disk is full, none."""
        view, end = memoryview(data), self.size
        try:
            while view:
                done = os.write(self._handle, view)
                view, end = view[done:], end + done
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._handle, self.size)
            raise
        self.size = end

    def close(self) -> None:
        """Makes it a whole file; one without a line is removed."""
        try:
            if self.size:
                self.path.rename(logfolder.whole_path(self.path))
            else:
                self.path.unlink(missing_ok=True)
        finally:
            os.close(self._handle)


def is_sampled(name: str, share: float) -> bool:
    """Whether the rows of an id belong to a share of all: the same answer for whoever asks."""
    return share >= 1 or share_of(name, "log") < share


def share_of(name: str, salt: str) -> float:
    """A number from 0 up to 1 that an id always gets; by another ``salt`` one that knows nothing of it."""
    digest = hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=8, key=salt.encode()).digest()
    return int.from_bytes(digest) / 2**64
