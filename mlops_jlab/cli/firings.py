"""Firings of schedules, and the times to come, as lines of text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

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


def coming(place: Place, found: Schedule, count: int) -> list[str]:
    """The next times, with the parameters that name a time as they will be then."""
    from zoneinfo import ZoneInfo

    from mlops_jlab.retraining import schedules

    return [
        f"{at.astimezone(ZoneInfo(found.tz)):%a %Y-%m-%d %H:%M %Z}"
        + "".join(f"  {name}={value}" for name, value in timed.items())
        for at, timed in schedules.preview(place, found, count)
    ]


def show(firing: Firing) -> None:
    """Prints what became of a firing, step by step."""
    mark = click.style(MARKS[firing.status], fg=_COLOURS.get(firing.status))
    started = datetime.fromtimestamp(firing.started).astimezone()
    click.echo(f"{mark} {started:%Y-%m-%d %H:%M:%S}  {firing.status}, try {firing.attempt}")
    for step in firing.steps:
        click.echo(f"    {step.step:<9} {step.outcome:<9} {step.why}".rstrip())
