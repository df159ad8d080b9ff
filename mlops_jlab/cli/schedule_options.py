"""The options of ``mlops-jlab schedule add`` and ``edit``: when, and what then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mlops_jlab.entities.schedules import EVENTS

_DURATIONS = {"every", "settle", "cooldown", "backoff", "time_limit"}


def when(command: Any) -> Any:
    """The options that say when a schedule is due."""
    for option in reversed((
        click.option("--name", default="", help="Its name (default: the notebook's)."),
        click.option("--cron", default="", metavar="LINE", help="Minute hour day month weekday, or @daily."),
        click.option("--tz", default="UTC", show_default=True, metavar="ZONE",
                     help="The cron line's time zone."),
        click.option("--every", default="", metavar="DURATION", help="Such as 90s, 15min, 6h or 1d."),
        click.option("--on-data", multiple=True, metavar="PATH", help="When this file or folder changes."),
        click.option("--on-drift", default="", metavar="MODEL",
                     help="When mlops-jlab monitor MODEL finds drift that persists."),
        click.option("--settle", default="2s", show_default=True, metavar="DURATION",
                     help="Files must have been left alone for so long."),
        click.option("--pattern", default="", metavar="GLOB", help="Only files such as '*.csv'."),
        click.option("--marker", default="", metavar="NAME",
                     help="Only folders with a file of this name, such as _SUCCESS."),
        click.option("--cooldown", default="", metavar="DURATION",
                     help="At least so long between two of these."),
        click.option("--from", "start", default="", metavar="DATE", help="The first day: 2026-11-24."),
        click.option("--until", "end", default="", metavar="DATE", help="The last day; it counts."),
        click.option("--catch-up", type=click.Choice(["once", "skip"]), default="once", show_default=True,
                     help="Times that were missed: run once, or skip."),
    )):  # fmt: skip
        command = option(command)
    return command


def what(command: Any) -> Any:
    """The options that say what is executed then, and what becomes of it."""
    for option in reversed((
        click.option("-p", "--parameter", "pairs", multiple=True, metavar="NAME=VALUE",
                     help="Set a parameter."),
        click.option("-f", "--parameters-file", "file", type=click.Path(path_type=Path), default=None,
                     help="Parameters from a YAML or JSON file."),
        click.option("--pin", is_flag=True,
                     help="Execute the notebook as it is today, not as it will be then."),
        click.option("--promote", default="", metavar="ALIAS",
                     help="Versions whose gate passes get this alias."),
        click.option("--gate", multiple=True, metavar="RULE",
                     help="Gates hold this as well: 'size below 5 MB'."),
        click.option("--approve", is_flag=True,
                     help="Somebody has to approve: they become challenger first."),
        click.option("--retries", type=click.IntRange(0, 20), default=1, show_default=True,
                     help="Tries after a failure."),
        click.option("--backoff", default="1min", show_default=True, metavar="DURATION",
                     help="Before the first try again; doubled each time."),
        click.option("--time-limit", default="", metavar="DURATION",
                     help="A run that takes longer is stopped."),
        click.option("--keep", type=click.IntRange(1), default=30, show_default=True,
                     help="So many run folders stay."),
        click.option("--alert", "alerts", multiple=True, metavar="ADDRESS",
                     help="Tell mailto://..., json://HOST/PATH, command:..., or what env:NAME has."),
        click.option("--alert-on", multiple=True, type=click.Choice(EVENTS),
                     help="Of what (default: all but kept)."),
    )):  # fmt: skip
        command = option(command)
    return command


def in_seconds(given: dict[str, Any]) -> dict[str, Any]:
    """The options with durations as numbers of seconds.

    Raises:
        InputError: one is not a duration.
    """
    from mlops_jlab.scheduling.due import parse_duration

    for key in _DURATIONS & set(given):
        given[key] = parse_duration(given[key]) if given[key] not in ("", "0") else 0.0
    if "time_limit" in given:
        given["timeout"] = given.pop("time_limit")
    return given
