"""``mlops-jlab schedule`` with all that one does to schedules, and ``mlops-jlab worker``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_jlab.cli import schedule_options
from mlops_jlab.cli.answers import FORMAT, answer, as_json
from mlops_jlab.cli.firings import MARKS, coming, lines_of, plain, times_of, upcoming
from mlops_jlab.entities.schedules import Schedule

if TYPE_CHECKING:
    from mlops_jlab.store.location import Place

_REASON = click.option("--reason", default="", metavar="TEXT", help="Why; it stands in the audit log.")
_NAME = click.argument("name")


@click.group()
def schedule() -> None:
    """Run pipelines again and again: by time, or when data changes."""


@schedule.command()
@click.argument("pipeline", type=click.Path(path_type=Path), metavar="DIR|NOTEBOOK")
@schedule_options.when
@schedule_options.what
@FORMAT
def add(pipeline: Path, pairs: tuple[str, ...], file: Path | None, style: str, **given: Any) -> None:
    """Run a pipeline when it is due.

    Nothing is run before `mlops-jlab worker`, `mlops-jlab schedule tick` or JupyterLab looks.
    """
    from mlops_jlab.cli.asking import given as parameters
    from mlops_jlab.cli.asking import store_of
    from mlops_jlab.retraining import schedules
    from mlops_jlab.store.location import Place

    given = schedule_options.in_seconds(given)
    given["alert_on"] = given["alert_on"] or Schedule.alert_on
    place = Place(store_of(pipeline))
    found = schedules.add(place, Schedule(pipeline=str(pipeline), **given), parameters(pairs, file))
    _tell(place, found, style, (
        "  it runs while one of these does: mlops-jlab worker, JupyterLab, or",
        "  what this writes: mlops-jlab schedule install --systemd",
    ))  # fmt: skip


def _tell(place: Place, found: Schedule, style: str, more: Sequence[str] = ()) -> None:
    times = coming(place, found, 3)
    lines = [f"{found.name}: {found.when}", *(f"  next: {line}" for line in times_of(found, times)), *more]
    answer(style, plain(found) | {"next": times}, "\n".join(lines))


@schedule.command()
@click.argument("schedule_name", metavar="NAME")
@schedule_options.when
@schedule_options.what
@FORMAT
def edit(schedule_name: str, pairs: tuple[str, ...], file: Path | None, style: str, **given: Any) -> None:
    """Change what is given of a schedule; the rest stays as it is.

    Its history stays, and the audit log has what was changed.
    """
    from mlops_jlab.cli.asking import given as parameters
    from mlops_jlab.retraining import schedules
    from mlops_jlab.store import location

    context, said = click.get_current_context(), click.core.ParameterSource.COMMANDLINE
    changes = {key: value for key, value in given.items() if context.get_parameter_source(key) is said}
    found = schedules.edit(
        location.find(), schedule_name, schedule_options.in_seconds(changes), parameters(pairs, file)
    )
    _tell(location.find(), found, style)


@schedule.command()
@_NAME
@click.option("--from", "first", required=True, metavar="DATE", help="The first day, or time.")
@click.option("--to", "last", required=True, metavar="DATE", help="The last day, or time; both count.")
@click.option("--promote", is_flag=True, help="Promote as the schedule does; else nothing is promoted.")
@click.option("--dry-run", is_flag=True, help="Only say what would be run.")
@FORMAT
def backfill(name: str, first: str, last: str, promote: bool, dry_run: bool, style: str) -> int:
    """Run the times that were due in the past, in their order, here.

    What has finished is not run again; steps come from the cache as ever. Exit code 1 if one fails.
    """
    from mlops_jlab.retraining import backfilling
    from mlops_jlab.store import location, opening, scheduling

    place = location.find()
    if dry_run:
        with opening.reading(place) as connection:
            found = scheduling.find(connection, name)
        times = [
            {"due": at.isoformat(timespec="seconds"), "done": backfilling.is_done(place, found, at)}
            for at in backfilling.times(found, first, last)
        ]
        words = {True: "done already", False: "would be run"}
        lines = [f"{one['due']}  {words[bool(one['done'])]}" for one in times]
        answer(style, {"times": times, "firings": []}, "\n".join(lines))
        return 0
    firings = []
    for count, firing in enumerate(backfilling.backfill(place, name, first, last, promote=promote), 1):
        firings.append(firing)
        if style == "text":
            click.echo(f"{count}: {firing.due}\n{lines_of(firing)}")
    answer(style, {"times": [], "firings": firings}, "")
    return int(any(firing.status != "finished" for firing in firings))


@schedule.command()
@click.option(
    "--after", default="15min", show_default=True, metavar="DURATION", help="So long without a look."
)
@click.option("--alert", "alerts", multiple=True, metavar="ADDRESS", help="Tell these, as of schedule add.")
@FORMAT
def alive(after: str, alerts: tuple[str, ...], style: str) -> int:
    """Whether anybody looks after schedules. Exit code 1, and alerts, if nobody has for too long.

    Call it from cron, CI, or another machine that sees the store: who is dead can tell nobody.
    """
    from mlops_jlab.retraining import watching
    from mlops_jlab.scheduling.due import parse_duration
    from mlops_jlab.store import location

    told = watching.problem(location.find(), parse_duration(after))
    title = told.title if told else ""
    answer(style, {"alive": not told, "problem": title}, title or "schedules are looked after")
    if told:
        from mlops_jlab.retraining.alerts import send

        for problem in send(alerts, told):
            click.echo(f"  {problem}", err=True)
    return int(told is not None)


@schedule.command("list")
@FORMAT
def list_schedules(style: str) -> None:
    """All schedules: next time, and how the last ones went."""
    import time

    from mlops_jlab.cli.tables import rows
    from mlops_jlab.retraining import schedules, sources, ticking, watching
    from mlops_jlab.store import location, opening, scheduling

    place = location.find()
    found = schedules.all_schedules(place)
    if style == "json":
        click.echo(as_json([plain(one) for one in found]))
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
                sources.drifted(one),
            ])  # fmt: skip
    click.echo(rows(("name", "when", "next", "last", "", "notebook", "changed since"), table))
    told = watching.problem(place, 600.0)
    for line in [*([told.title] if told else []), *ticking.waiting_for(place, time.time())]:
        click.echo(f"  {line}", err=True)


@schedule.command("next")
@_NAME
@click.option("-n", "--count", type=click.IntRange(1, 100), default=5, show_default=True, help="How many.")
@FORMAT
def next_times(name: str, count: int, style: str) -> None:
    """When a schedule is due next."""
    from mlops_jlab.store import location, opening, scheduling

    with opening.reading(location.find()) as connection:
        found = scheduling.find(connection, name)
    times = coming(location.find(), found, count)
    lines = times_of(found, times) or [f"only {found.when}"]
    answer(style, {"name": found.name, "paused": found.paused, "times": times}, "\n".join(lines))


@schedule.command()
@_NAME
@_REASON
@FORMAT
def pause(name: str, reason: str, style: str) -> None:
    """Let a schedule rest."""
    from mlops_jlab.retraining import schedules
    from mlops_jlab.store import location

    found = schedules.set_paused(location.find(), name, True, reason)
    answer(style, plain(found), f"{found.name}: paused")


@schedule.command()
@_NAME
@_REASON
@FORMAT
def resume(name: str, reason: str, style: str) -> None:
    """Let a paused schedule go on, from now."""
    from mlops_jlab.retraining import schedules
    from mlops_jlab.store import location

    found = schedules.set_paused(location.find(), name, False, reason)
    answer(style, plain(found), f"{found.name}: next {', '.join(upcoming(found, 1)) or 'when data changes'}")


@schedule.command()
@_NAME
@_REASON
@click.confirmation_option(prompt="Remove this schedule?")
@FORMAT
def remove(name: str, reason: str, style: str) -> None:
    """Remove a schedule; its history and its runs stay."""
    from mlops_jlab.retraining import schedules
    from mlops_jlab.store import location

    found = schedules.remove(location.find(), name, reason)
    answer(style, plain(found), f"{found.name}: removed")


@schedule.command()
@_NAME
@FORMAT
def run(name: str, style: str) -> int:
    """Run a schedule now, here. Exit code 1 if it fails."""
    from mlops_jlab.errors import ConflictError
    from mlops_jlab.retraining import ticking
    from mlops_jlab.store import location

    place = location.find()
    claimed = ticking.run_now(place, name)
    if claimed is None:
        raise ConflictError(f"a run of {name!r} is going on already", hint="see: mlops-jlab schedule history")
    firing = ticking.execute(place, claimed)
    answer(style, firing, lines_of(firing))
    return 0 if firing.status == "finished" else 1


@schedule.command()
@_NAME
@click.option(
    "-n", "--limit", type=click.IntRange(1), default=10, show_default=True, help="The most firings."
)
@FORMAT
def history(name: str, limit: int, style: str) -> None:
    """What a schedule has done, step by step, and why."""
    from mlops_jlab.store import location, opening, scheduling

    with opening.reading(location.find()) as connection:
        found = scheduling.firings(connection, scheduling.find(connection, name).id, limit)
    if style == "json":
        click.echo(as_json([asdict(firing) for firing in found]))
        return
    for firing in reversed(found):
        click.echo(lines_of(firing))
    if not found:
        click.echo(f"{name} has not been due yet")


@schedule.command()
@FORMAT
def tick(style: str) -> int:
    """Do what is due now, and end: for cron, timers and CI.

    Any number of ticks and workers may run at once. Exit code 1 if anything failed.
    """
    import time

    from mlops_jlab.retraining import ticking
    from mlops_jlab.store import location

    place, firings = location.find(), []
    for claimed in ticking.claim_all(place, time.time()):
        if style == "text":
            click.echo(f"{claimed.schedule.name}: {claimed.firing.steps[0].why}")
        firings.append(ticking.execute(place, claimed))
        if style == "text":
            click.echo(lines_of(firings[-1]))
    nothing = "" if firings else "\n".join(["nothing is due", *ticking.waiting_for(place, time.time())])
    answer(style, firings, nothing)
    return int(any(firing.status == "failed" for firing in firings))


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
