"""Firings of schedules, and the times to come, as lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from mlops_jlab.entities.schedules import without_secrets

if TYPE_CHECKING:
    from mlops_jlab.entities.schedules import Firing, Schedule
    from mlops_jlab.store.location import Place

MARKS = {"finished": "✓", "failed": "✗", "running": "…", "waiting": "↻", "skipped": "-"}
_COLOURS = {"finished": "green", "failed": "red", "running": "blue", "waiting": "yellow"}


def upcoming(found: Schedule, count: int) -> list[str]:
    """The next times at which a schedule is due."""
    from zoneinfo import ZoneInfo

    from mlops_jlab.scheduling import due

    times = due.upcoming(found, datetime.now(UTC), count) if found.cron or found.every else []
    return [f"{at.astimezone(ZoneInfo(found.tz)):%a %Y-%m-%d %H:%M %Z}" for at in times]


def coming(place: Place, found: Schedule, count: int) -> list[dict[str, Any]]:
    """The next times, with the parameters that name a time as they will be then."""
    from zoneinfo import ZoneInfo

    from mlops_jlab.retraining import schedules

    return [
        {"at": at.astimezone(ZoneInfo(found.tz)).isoformat(), "parameters": timed}
        for at, timed in schedules.preview(place, found, count)
    ]


def times_of(found: Schedule, next_ones: Sequence[dict[str, Any]]) -> list[str]:
    """What :func:`coming` returns, as lines."""
    from zoneinfo import ZoneInfo

    return [
        f"{datetime.fromisoformat(one['at']).astimezone(ZoneInfo(found.tz)):%a %Y-%m-%d %H:%M %Z}"
        + "".join(f"  {name}={value}" for name, value in one["parameters"].items())
        for one in next_ones
    ]


def plain(found: Schedule) -> dict[str, Any]:
    """A schedule as JSON data, without the secrets in the addresses of its alerts."""
    return asdict(found) | {"when": found.when, "alerts": list(map(without_secrets, found.alerts))}


def lines_of(firing: Firing) -> str:
    """What became of a firing, step by step."""
    mark = click.style(MARKS[firing.status], fg=_COLOURS.get(firing.status))
    started = datetime.fromtimestamp(firing.started).astimezone()
    lines = [f"{mark} {started:%Y-%m-%d %H:%M:%S}  {firing.status}, try {firing.attempt}"]
    lines += [f"    {step.step:<9} {step.outcome:<9} {step.why}".rstrip() for step in firing.steps]
    return "\n".join(lines)
