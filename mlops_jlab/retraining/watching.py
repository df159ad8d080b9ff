"""Whether anybody looks after schedules: every look leaves its time."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from mlops_jlab.entities.schedules import in_words
from mlops_jlab.retraining.alerts import Message
from mlops_jlab.store import opening, scheduling
from mlops_jlab.store.location import Place

EVENT = "unwatched"


def _mark(place: Place) -> Path:
    return place.root / "schedules" / "looked"


def note(place: Place) -> None:
    """Somebody looks now."""
    path = _mark(place)
    with suppress(OSError):  # what cannot be written is no reason not to look
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(mode=0o600)
        os.utime(path)


def last(place: Place) -> float | None:
    """When somebody looked last, in seconds since 1970; nothing if nobody ever has."""
    try:
        return _mark(place).stat().st_mtime
    except OSError:
        return None


def problem(place: Place, longest: float) -> Message | None:
    """What there is to tell if nobody has looked for more than ``longest`` seconds, though schedules wait."""
    if not opening.exists(place):
        return None
    with opening.reading(place) as connection:
        active = scheduling.schedules(connection, active=True)
    looked = last(place)
    since = looked if looked is not None else min((one.created for one in active), default=time.time())
    silent = time.time() - since
    if not active or silent <= longest:
        return None
    title = f"nobody has looked after schedules for {in_words(max(60, round(silent / 60) * 60))}"
    at = "never" if looked is None else f"{datetime.fromtimestamp(looked, UTC):%Y-%m-%d %H:%M} UTC"
    waits = ", ".join(one.name for one in active[:10])
    cure = "start one: mlops-jlab worker, or mlops-jlab schedule install --systemd"
    return Message(EVENT, title, f"store: {place.root}\nlast look: {at}\nschedules: {waits}\n{cure}")
