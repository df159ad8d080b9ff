"""When a schedule is due: cron lines in a time zone, or every so often. The clock is an argument.

Cron lines have the meaning of Debian's cron (cronsim): a local time that the clock jumps over in spring
comes at its end, one that the clock passes twice in autumn comes once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from mlops_jlab.entities.schedules import Schedule
from mlops_jlab.errors import InputError, nearest

SHORTEST = 10.0  # seconds between two times that are due
_NICKNAMES = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}  # fmt: skip
_MOST_MISSED = 10_000


@dataclass(frozen=True)
class Due:
    """The newest time that is due, and how many before it were missed; of very many, at least so many."""

    at: datetime
    missed: int = 0


def check(schedule: Schedule) -> Schedule:
    """The schedule with its cron line written out.

    Raises:
        InputError: it is never due, or its line or zone is none.
    """
    if not (schedule.cron or schedule.every or schedule.on_data or schedule.on_drift):
        raise InputError(
            "the schedule is never due",
            hint="say when: --cron '0 3 * * *', --every 6h, --on-data PATH or --on-drift MODEL",
        )
    if schedule.cron and schedule.every:
        raise InputError("a schedule has a cron line or is due every so often, not both")
    if schedule.every and schedule.every < SHORTEST:
        raise InputError(f"a schedule is due every {SHORTEST:g} seconds at most")
    if schedule.tz not in available_timezones():
        raise InputError(
            f"there is no time zone {schedule.tz!r}{nearest(schedule.tz, available_timezones())}",
            hint="name one such as Europe/Berlin",
        )
    _days(schedule)
    if not schedule.cron:
        return schedule
    line = _NICKNAMES.get(schedule.cron.strip(), schedule.cron.strip())
    try:
        next(CronSim(line, datetime(2026, 1, 1, tzinfo=ZoneInfo(schedule.tz))))
    except CronSimError as error:
        raise InputError(
            f"{schedule.cron!r} is not a valid cron line: {error}",
            hint="minute hour day month weekday, such as '0 3 * * *'",
        ) from error
    except StopIteration:
        raise InputError(f"the cron line {schedule.cron!r} is never due") from None
    from dataclasses import replace

    return replace(schedule, cron=line)


def _days(schedule: Schedule) -> tuple[datetime, datetime]:
    """The moments from which and before which a schedule may be due; in its zone, the last day counts.

    Raises:
        InputError: a date is none, or the last one is before the first.
    """
    zone = ZoneInfo(schedule.tz)
    ends = []
    for text, without in ((schedule.start, date(1970, 1, 2)), (schedule.end, date(9998, 12, 30))):
        try:
            ends.append(date.fromisoformat(text) if text else without)
        except ValueError:
            raise InputError(f"{text!r} is not a date", hint="write it as 2026-11-24") from None
    first, last = ends
    if last < first:
        raise InputError(f"the last day, {schedule.end}, is before the first, {schedule.start}")
    beginning, end = (datetime.combine(day, time(), zone) for day in (first, last + timedelta(days=1)))
    return beginning, end


def is_within(schedule: Schedule, at: datetime) -> bool:
    """Whether a moment lies between the first and the last day of a schedule."""
    beginning, end = _days(schedule)
    return beginning <= at < end


def times(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """The times after ``after`` at which the schedule is due, in UTC; none if only data makes it due.

    They lie between its first and its last day.
    """
    beginning, end = _days(schedule)
    for at in _times(schedule, max(after, beginning - timedelta(seconds=1))):
        if at >= end:
            return
        yield at


def _times(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    if schedule.cron:
        for local in CronSim(schedule.cron, after.astimezone(ZoneInfo(schedule.tz))):
            yield local.astimezone(UTC)
    elif schedule.every:
        start = datetime.fromtimestamp(schedule.created, UTC)
        count = max(0, math.floor((after - start).total_seconds() / schedule.every))
        while True:
            count += 1
            at = start + timedelta(seconds=count * schedule.every)
            if at > after:
                yield at


def upcoming(schedule: Schedule, after: datetime, count: int) -> list[datetime]:
    """The next times at which it is due."""
    return list(islice(times(schedule, after), count))


def due(schedule: Schedule, since: datetime, now: datetime) -> Due | None:
    """The newest time after ``since`` and not after ``now`` that is due, or nothing.

    A clock that was set back makes nothing due again: ``since`` is later than ``now`` then.
    """
    found = many = _until(schedule, since, now)
    while len(many) == _MOST_MISSED:  # the newest lies in the last part of the time, if that has any
        later = max(many[-1], now - (many[-1] - many[0]) / 2)
        many = _until(schedule, later, now) or _until(schedule, many[-1], now) or many[-1:]
    return Due(many[-1], len(found) - 1) if found else None


def _until(schedule: Schedule, after: datetime, now: datetime) -> list[datetime]:
    """The times after ``after`` and not after ``now``, of very many the first ones."""
    return list(islice(takewhile(lambda at: at <= now, times(schedule, after)), _MOST_MISSED))


def parse_duration(text: str) -> float:
    """Seconds in a text such as ``90s``, ``15min``, ``6h`` or ``1d``.

    Raises:
        InputError: it is no duration.
    """
    units = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
    words = text.strip().lower()
    number = words.rstrip("abcdefghijklmnopqrstuvwxyz ")
    unit = words[len(number) :].strip() or "s"
    try:
        seconds = float(number) * units[unit]
    except (ValueError, KeyError):
        raise InputError(f"{text!r} is not a duration", hint="write 90s, 15min, 6h or 1d") from None
    if not 0 < seconds < 366 * 86_400:
        raise InputError(f"{text!r} is not a duration", hint="more than nothing, and a year at most")
    return seconds
