"""``mlops-jlab schedule`` with all that one does to schedules, and ``mlops-jlab worker``."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_jlab.cli.firings import MARKS, coming, show, upcoming
from mlops_jlab.entities.schedules import EVENTS, without_secrets

if TYPE_CHECKING:
    pass

_REASON = click.option("--reason", default="", metavar="TEXT", help="Why; it stands in the audit log.")
_FORMAT = click.option("--format", "style", type=click.Choice(["text", "json"]), default="text",
                       show_default=True, help="How to print.")  # fmt: skip
_NAME = click.argument("name")
_DURATIONS = {"every", "settle", "cooldown", "backoff", "time_limit"}


@click.group()
def schedule() -> None:
    """Run pipelines again and again: by time, or when data changes."""


def _when(command: Any) -> Any:
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
                     help="What is done about times that were missed."),
    )):  # fmt: skip
        command = option(command)
    return command


def _what(command: Any) -> Any:
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


@schedule.command()
@click.argument("pipeline", type=click.Path(path_type=Path), metavar="DIR|NOTEBOOK")
@_when
@_what
def add(pipeline: Path, pairs: tuple[str, ...], file: Path | None, **given: Any) -> None:
    """Run a pipeline when it is due.

    Nothing is run before `mlops-jlab worker`, `mlops-jlab schedule tick` or JupyterLab looks.
    """
    from mlops_jlab.cli.commands import given as parameters
    from mlops_jlab.cli.commands import store_of
    from mlops_jlab.entities.schedules import Schedule
    from mlops_jlab.retraining import schedules
    from mlops_jlab.store.location import Place

    given = _in_seconds(given)
    given["alert_on"] = given["alert_on"] or Schedule.alert_on
    place = Place(store_of(pipeline))
    found = schedules.add(place, Schedule(pipeline=str(pipeline), **given), parameters(pairs, file))
    click.echo(f"{found.name}: {found.when}")
    for line in coming(place, found, 3):
        click.echo(f"  next: {line}")
    click.echo("  it runs while one of these does: mlops-jlab worker, JupyterLab, or")
    click.echo("  what this writes: mlops-jlab schedule install --systemd")


def _in_seconds(given: dict[str, Any]) -> dict[str, Any]:
    """The options with durations as numbers."""
    from mlops_jlab.scheduling.due import parse_duration

    for key in _DURATIONS & set(given):
        given[key] = parse_duration(given[key]) if given[key] not in ("", "0") else 0.0
    if "time_limit" in given:
        given["timeout"] = given.pop("time_limit")
    return given


@schedule.command()
@click.argument("schedule_name", metavar="NAME")
@_when
@_what
def edit(schedule_name: str, pairs: tuple[str, ...], file: Path | None, **given: Any) -> None:
    """Change what is given of a schedule; the rest stays as it is.

    Its history stays, and the audit log has what was changed.
    """
    from mlops_jlab.cli.commands import given as parameters
    from mlops_jlab.retraining import schedules
    from mlops_jlab.store import location

    context, said = click.get_current_context(), click.core.ParameterSource.COMMANDLINE
    changes = {key: value for key, value in given.items() if context.get_parameter_source(key) is said}
    found = schedules.edit(location.find(), schedule_name, _in_seconds(changes), parameters(pairs, file))
    click.echo(f"{found.name}: {found.when}")
    for line in coming(location.find(), found, 3):
        click.echo(f"  next: {line}")


@schedule.command()
@_NAME
@click.option("--from", "first", required=True, metavar="DATE", help="The first day, or time.")
@click.option("--to", "last", required=True, metavar="DATE", help="The last day, or time; both count.")
@click.option("--promote", is_flag=True, help="Promote as the schedule does; else nothing is promoted.")
@click.option("--dry-run", is_flag=True, help="Only say what would be run.")
def backfill(name: str, first: str, last: str, promote: bool, dry_run: bool) -> int:
    """Run the times that were due in the past, in their order, here.

    What has finished is not run again; steps come from the cache as ever. Exit code 1 if one fails.
    """
    from mlops_jlab.retraining import backfilling
    from mlops_jlab.store import location, opening, scheduling

    place = location.find()
    if dry_run:
        with opening.reading(place) as connection:
            found = scheduling.find(connection, name)
        for at in backfilling.times(found, first, last):
            done = "done already" if backfilling.is_done(place, found, at) else "would be run"
            click.echo(f"{at.isoformat(timespec='seconds')}  {done}")
        return 0
    failed = False
    for count, firing in enumerate(backfilling.backfill(place, name, first, last, promote=promote), 1):
        click.echo(f"{count}: {firing.due}")
        show(firing)
        failed = failed or firing.status != "finished"
    return int(failed)


@schedule.command()
@click.option(
    "--after", default="15min", show_default=True, metavar="DURATION", help="So long without a look."
)
@click.option("--alert", "alerts", multiple=True, metavar="ADDRESS", help="Tell these, as of schedule add.")
def alive(after: str, alerts: tuple[str, ...]) -> int:
    """Whether anybody looks after schedules. Exit code 1, and alerts, if nobody has for too long.

    Call it from cron, CI, or another machine that sees the store: who is dead can tell nobody.
    """
    from mlops_jlab.retraining import watching
    from mlops_jlab.scheduling.due import parse_duration
    from mlops_jlab.store import location

    told = watching.problem(location.find(), parse_duration(after))
    click.echo(told.title if told else "schedules are looked after")
    if told:
        from mlops_jlab.retraining.alerts import send

        for problem in send(alerts, told):
            click.echo(f"  {problem}", err=True)
    return int(told is not None)


@schedule.command("list")
@_FORMAT
def list_schedules(style: str) -> None:
    """All schedules: next time, and how the last ones went."""
    import time

    from mlops_jlab.cli.tables import rows
    from mlops_jlab.retraining import schedules, ticking, watching
    from mlops_jlab.store import location, opening, scheduling

    place = location.find()
    found = schedules.all_schedules(place)
    if style == "json":
        shown = [asdict(one) | {"alerts": list(map(without_secrets, one.alerts))} for one in found]
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo("no schedules yet; make one: mlops-jlab schedule add NOTEBOOK --cron '0 3 * * *'")
        return
    table = []
    with opening.reading(place) as connection:
        for one in found:
            past = scheduling.firings(connection, one.id, 10)
            times = upcoming(one, 1)
            strip = "".join(MARKS[firing.status] for firing in reversed(past))
            table.append([
                one.name, one.when, "paused" if one.paused else (times[0] if times else ""), strip,
                (past[0].why if past else "")[:60], "pinned" if one.pin else "follows",
                schedules.drifted(one),
            ])  # fmt: skip
    click.echo(rows(("name", "when", "next", "last", "", "notebook", "changed since"), table))
    told = watching.problem(place, 600.0)
    for line in [*([told.title] if told else []), *ticking.waiting_for(place, time.time())]:
        click.echo(f"  {line}", err=True)


@schedule.command("next")
@_NAME
@click.option("-n", "--count", type=click.IntRange(1, 100), default=5, show_default=True, help="How many.")
def next_times(name: str, count: int) -> None:
    """When a schedule is due next."""
    from mlops_jlab.store import location, opening, scheduling

    with opening.reading(location.find()) as connection:
        found = scheduling.find(connection, name)
    times = coming(location.find(), found, count)
    click.echo("\n".join(times) or f"only {found.when}")


@schedule.command()
@_NAME
@_REASON
def pause(name: str, reason: str) -> None:
    """Let a schedule rest."""
    from mlops_jlab.retraining import schedules
    from mlops_jlab.store import location

    click.echo(f"{schedules.set_paused(location.find(), name, True, reason).name}: paused")


@schedule.command()
@_NAME
@_REASON
def resume(name: str, reason: str) -> None:
    """Let a paused schedule go on, from now."""
    from mlops_jlab.retraining import schedules
    from mlops_jlab.store import location

    found = schedules.set_paused(location.find(), name, False, reason)
    click.echo(f"{found.name}: next {', '.join(upcoming(found, 1)) or 'when data changes'}")


@schedule.command()
@_NAME
@_REASON
@click.confirmation_option(prompt="Remove this schedule?")
def remove(name: str, reason: str) -> None:
    """Remove a schedule; its history and its runs stay."""
    from mlops_jlab.retraining import schedules
    from mlops_jlab.store import location

    click.echo(f"{schedules.remove(location.find(), name, reason).name}: removed")


@schedule.command()
@_NAME
def run(name: str) -> int:
    """Run a schedule now, here. Exit code 1 if it fails."""
    from mlops_jlab.errors import ConflictError
    from mlops_jlab.retraining import ticking
    from mlops_jlab.store import location

    place = location.find()
    claimed = ticking.run_now(place, name)
    if claimed is None:
        raise ConflictError(f"a run of {name!r} is going on already", hint="see: mlops-jlab schedule history")
    firing = ticking.execute(place, claimed)
    show(firing)
    return 0 if firing.status == "finished" else 1


@schedule.command()
@_NAME
@click.option(
    "-n", "--limit", type=click.IntRange(1), default=10, show_default=True, help="The most firings."
)
@_FORMAT
def history(name: str, limit: int, style: str) -> None:
    """What a schedule has done, step by step, and why."""
    from mlops_jlab.store import location, opening, scheduling

    with opening.reading(location.find()) as connection:
        found = scheduling.firings(connection, scheduling.find(connection, name).id, limit)
    if style == "json":
        click.echo(json.dumps([asdict(firing) for firing in found], indent=2, ensure_ascii=False))
        return
    for firing in reversed(found):
        show(firing)
    if not found:
        click.echo(f"{name} has not been due yet")


@schedule.command()
def tick() -> int:
    """Do what is due now, and end: for cron, timers and CI.

    Any number of ticks and workers may run at once. Exit code 1 if anything failed.
    """
    import time

    from mlops_jlab.retraining import ticking
    from mlops_jlab.store import location

    place, failed, any_due = location.find(), False, False
    for claimed in ticking.claim_all(place, time.time()):
        click.echo(f"{claimed.schedule.name}: {claimed.firing.steps[0].why}")
        firing = ticking.execute(place, claimed)
        show(firing)
        any_due, failed = True, failed or firing.status == "failed"
    if not any_due:
        click.echo("\n".join(["nothing is due", *ticking.waiting_for(place, time.time())]))
    return int(failed)


@schedule.command()
@click.option("--systemd", "kind", flag_value="systemd", help="A service of the user's own.")
@click.option("--cron", "kind", flag_value="cron", help="A line for crontab.")
@click.option("--windows", "kind", flag_value="windows", help="A task of Windows.")
@click.option("--container", "kind", flag_value="container", help="A Dockerfile.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None, help="Write into this folder.")
@click.option("--show", is_flag=True, help="Print it, and write nothing.")
def install(kind: str | None, output: Path | None, show: bool) -> None:
    """Write what looks after schedules when JupyterLab is closed."""
    from mlops_jlab.errors import InputError
    from mlops_jlab.retraining import installing
    from mlops_jlab.store import location

    if kind is None:
        raise InputError("say which: --systemd, --cron, --windows or --container")
    place = location.find()
    if show:
        for text in installing.files(kind, place).values():
            click.echo(text, nl=False)
        return
    written, then = installing.write(kind, place, output)
    click.echo("\n".join(map(str, written)) + f"\n  then: {then}")


@click.command()
@click.option(
    "--slots", type=click.IntRange(1, 256), default=2, show_default=True, help="How many runs at once."
)
def worker(slots: int) -> None:
    """Look after all schedules, until it is stopped."""
    from mlops_jlab.retraining.working import Worker
    from mlops_jlab.store import location

    place = location.find()
    click.echo(f"working on the schedules in {place.root}; stop with Ctrl-C")
    one = Worker(place, slots, lambda line: click.echo(f"{datetime.now():%H:%M:%S} {line}"))
    try:
        one.work()
    except KeyboardInterrupt:
        if one.busy:
            click.echo(f"waiting for {one.busy} runs; Ctrl-C again leaves them to themselves")
        one.wait()
