"""The pulse of a service: a line every few seconds that says what it has done, in a file of the store.

Whoever wants to know how a service does reads the file: nobody has to reach the service, or have its token.
Its writer holds a lock on it while it lives. The first line says what is served, each further one is a beat;
of older beats fewer are kept. Counts only grow: the difference of two beats is what happened between them.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlops_jlab.store.location import Place
from mlops_jlab.store.locks import try_lock

KEPT = 48 * 3600.0  # seconds that a service's beats are kept
_GONE = 7 * 86400.0  # seconds after which the file of a service that has ended goes
_RECENT, _APART = 1800.0, 300.0  # seconds in which each beat is kept, and between those before
_LINES = 2000  # from which on a file is made shorter
_MOST = 20  # services that are shown, the newest first
_ENDING = ".jsonl"


@dataclass(frozen=True)
class Begun:
    """What is served since when. ``trial`` is shadow, canary or nothing; times in seconds since 1970."""

    model: str
    address: str
    url: str
    pid: int
    processes: int
    begun: float
    log: str = ""
    trial: str = ""
    candidate: int = 0
    share: float = 0.0


@dataclass(frozen=True)
class Beat:
    """What a service has done from its beginning up to ``at``.

    Counts of requests by what came of them, of rows answered and of rows lost to the log; ``seconds`` counts
    requests by the upper edge of their latency in seconds, ``cpu`` has each process' processor seconds.
    ``busy``, ``behind``, ``memory`` (bytes) and ``version`` are of that moment. ``events`` are those of a
    trial, of which ``standing`` says how it stands; ``on`` is whether it goes on.
    """

    at: float
    version: int = 0
    ok: int = 0
    refused: int = 0
    failed: int = 0
    rows: int = 0
    lost: int = 0
    busy: int = 0
    behind: bool = False
    memory: int = 0
    seconds: Mapping[str, int] = field(default_factory=dict)
    cpu: Mapping[str, float] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    on: bool = False
    standing: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Service:
    """A service with its beats, the oldest first; whether it runs now."""

    id: str
    begun: Begun
    beats: Sequence[Beat]
    running: bool


class Record:
    """The file of a service that lives. It is made on the first beat, and stays when the service ends."""

    def __init__(self, place: Place, begun: Begun) -> None:
        stamp = f"{datetime.fromtimestamp(begun.begun, UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        self.path = _folder(place) / f"{stamp}{_ENDING}"
        self._begun, self._handle = begun, -1
        self._beats: list[Beat] = []

    def add(self, beat: Beat) -> None:
        """Adds a beat.

        Raises:
            OSError: it cannot be written.
        """
        self._beats.append(beat)
        if self._handle < 0 or len(self._beats) > _LINES:
            self._beats = list(_thinned(self._beats))
            self._anew()
        else:
            os.write(self._handle, _line(asdict(beat)))

    def _anew(self) -> None:
        """Writes the file as a whole, locked before anybody can see it."""
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        unfinished = self.path.with_name(f".{self.path.name}")
        handle = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            try_lock(handle)
            os.write(handle, _line(asdict(self._begun)) + b"".join(_line(asdict(one)) for one in self._beats))
            unfinished.replace(self.path)
        except BaseException:
            os.close(handle)
            unfinished.unlink(missing_ok=True)
            raise
        self.close()
        self._handle = handle

    def close(self) -> None:
        """The service has ended."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def _folder(place: Place) -> Path:
    return place.root / "services"


def _line(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode() + b"\n"


def _thinned(beats: Sequence[Beat]) -> Iterator[Beat]:
    """The beats that are kept: all recent ones, of those before one every few minutes."""
    newest = beats[-1].at
    last = float("-inf")
    for beat in beats:
        is_recent = beat.at > newest - _RECENT
        if is_recent or (beat.at > newest - KEPT and beat.at >= last + _APART):
            last = beat.at
            yield beat


def services(place: Place, model: str = "") -> list[Service]:
    """The services of a model, or of all models: those that run, then those that have ended, newest first."""
    found = []
    for path in sorted(_folder(place).glob(f"*{_ENDING}"), reverse=True):
        service = _read(path)
        if service is not None and model in ("", service.begun.model):
            found.append(service)
        if len(found) == _MOST:
            break
    return sorted(found, key=lambda one: not one.running)


def _read(path: Path) -> Service | None:
    """What a file says; nothing where it is none, or is gone."""
    try:
        with path.open("rb") as file:
            running = not try_lock(file.fileno())
            first, *rest = file.read().splitlines()
        return Service(path.stem, Begun(**json.loads(first)), tuple(_beats(rest)), running)
    except (OSError, ValueError, TypeError):
        return None


def _beats(lines: Sequence[bytes]) -> Iterator[Beat]:
    for line in lines:
        with suppress(ValueError, TypeError):  # one that was being written, or was cut by a full disk
            yield Beat(**json.loads(line))


def tidy(place: Place, now: float) -> None:
    """Removes the files of services that ended long ago."""
    for path in _folder(place).glob(f"*{_ENDING}"):
        with suppress(OSError):
            if path.stat().st_mtime < now - _GONE:
                found = _read(path)
                if found is None or not found.running:
                    path.unlink()
