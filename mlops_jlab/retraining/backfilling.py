"""Running a schedule for times that are past, in their order; what is done already is not done again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import takewhile
from zoneinfo import ZoneInfo

from mlops_jlab.entities.schedules import Firing, Schedule, Story
from mlops_jlab.errors import ConflictError, InputError
from mlops_jlab.retraining import ticking
from mlops_jlab.retraining.ticking import Claimed
from mlops_jlab.scheduling import due
from mlops_jlab.store import opening, scheduling
from mlops_jlab.store.location import Place

MOST = 1_000  # times of one backfill


def times(schedule: Schedule, first: str, last: str) -> list[datetime]:
    """The times due from ``first`` to ``last``: dates, both included, or times, in the schedule's zone.

    Raises:
        InputError: they are no dates, lie ahead, are too many, or the schedule has no cron line.
    """
    if not schedule.cron:
        raise InputError(f"{schedule.name} has no cron line, so nothing was due before it was made")
    zone = ZoneInfo(schedule.tz)
    start, end = _moment(first, zone, last=False), min(_moment(last, zone, last=True), datetime.now(UTC))
    wanted = replace(schedule, created=0.0)
    found = []
    for at in takewhile(lambda at: at <= end, due.times(wanted, start)):
        found.append(at)
        if len(found) > MOST:
            raise InputError(f"more than {MOST:,} times were due then", hint="choose a shorter span")
    if not found:
        raise InputError(f"nothing was due from {first} to {last}", hint="times that are past are filled in")
    return found


def _moment(text: str, zone: ZoneInfo, *, last: bool) -> datetime:
    """A date's first or last moment, or a time; one microsecond before it if it is the first that counts."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is not a date", hint="write 2026-01-31, or 2026-01-31T08:00") from error
    if last and len(text) <= len("2026-01-31"):
        found = found.replace(hour=23, minute=59, second=59, microsecond=999_999)
    local = found if found.tzinfo else found.replace(tzinfo=zone)
    moment = local.astimezone(UTC)
    return moment if last else datetime.fromtimestamp(moment.timestamp() - 1e-3, UTC)


def is_done(place: Place, schedule: Schedule, at: datetime) -> bool:
    """Whether the firing of that time has finished."""
    with opening.reading(place) as connection:
        found = scheduling.find_firing(connection, schedule.id, _key(at))
    return found is not None and found.status == "finished"


def backfill(place: Place, name: str, first: str, last: str, *, promote: bool = False) -> Iterator[Firing]:
    """Runs the times that were due and have not finished, the oldest first; each as it is over.

    Nothing is promoted and nobody alerted, unless it is asked to ``promote``.

    Raises:
        InputError: there is no such schedule, or nothing was due.
        ConflictError: a run of the schedule is going on.
    """
    with opening.reading(place) as connection:
        schedule = scheduling.find(connection, name)
    quiet = replace(schedule, retries=0, alerts=(), promote=schedule.promote if promote else "")
    for at in times(schedule, first, last):
        if not is_done(place, schedule, at):
            yield ticking.execute(place, Claimed(quiet, _claim(place, schedule, at)))


def _claim(place: Place, schedule: Schedule, at: datetime) -> Firing:
    told = [Story("due", "done", f"filled in: due at {_key(at)}", time.time())]
    with opening.writing(place) as connection:
        before = scheduling.find_firing(connection, schedule.id, _key(at))
        if scheduling.is_busy(connection, schedule.id):
            found = None
        elif before is not None:
            scheduling.try_again(connection, before)
            found = scheduling.take_over(connection, before)
        elif scheduling.claim(connection, schedule, _key(at), "backfill", steps=told):
            found = scheduling.get(connection, schedule.id, _key(at))
        else:
            found = None
    if found is None:
        raise ConflictError(
            f"a run of {schedule.name!r} is going on already", hint="see: mlops-jlab schedule history"
        )
    return found


def _key(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
