"""``mlops-jlab monitor``: new data of a model against what it was fitted on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_jlab.cli.answers import FORMAT

if TYPE_CHECKING:
    from mlops_jlab.monitoring.labels import Labels


@click.command()
@click.argument("address", metavar="MODEL")
@click.option("--data", "source", required=True, metavar="PATH|PATTERN",
              help="Where new rows arrive, or its prediction log; what is new is a window.")  # fmt: skip
@click.option("--reference", default="", metavar="PATH|PATTERN",
              help="Rows that it was fitted on, to compare all columns together, too.")  # fmt: skip
@click.option("--labels", "labels", default="", metavar="PATH|PATTERN",
              help="Where labels arrive later, in files that name their row by --id.")  # fmt: skip
@click.option("--id", "identifier", default="", metavar="COLUMN", help="What a row is known by.")
@click.option("--target", default="", metavar="COLUMN",
              help="The column of the label: in the data, or in the files of --labels.")  # fmt: skip
@click.option(
    "--unit",
    default="",
    metavar="COLUMN",
    help="Rows that share its value hang together, as those of a day: their loss is judged as one.",
)
@click.option("--false-alarms-every", "apart", type=click.FloatRange(10), default=10_000.0, metavar="N",
              show_default=True, help="A false alarm of the loss in so many labels, at most.")  # fmt: skip
@click.option(
    "--every", default="", metavar="DURATION", help="Look again and again, as every 1h or 1d; else once."
)
@click.option("--cooldown", default="1d", show_default=True, metavar="DURATION",
              help="At least so long between two retrainings.")  # fmt: skip
@click.option("--min-rows", type=click.IntRange(0), default=500, show_default=True,
              help="Ask for no retraining with fewer new rows.")  # fmt: skip
@click.option("--per-week", type=click.IntRange(0), default=3, show_default=True,
              help="Ask for at most so many retrainings in seven days.")  # fmt: skip
@click.option("--alert", "alerts", multiple=True, metavar="ADDRESS",
              help="Where to tell of it: as schedule add --alert.")  # fmt: skip
@click.option("--trust", is_flag=True, help="Load a pickle that another machine wrote.")
@FORMAT
def monitor(
    address: str, source: str, reference: str, labels: str, identifier: str, target: str, unit: str,
    apart: float, every: str, cooldown: str, min_rows: int, per_week: int,
    alerts: tuple[str, ...], trust: bool, style: str,
) -> int:  # fmt: skip
    """Compare new data with what a model was fitted on; exit code 1 if drift persists or the loss has risen.

    Each look is a run with a report, in the run table. What was decided is in the audit log: a schedule added
    with --on-drift MODEL retrains then.

    \b
    mlops-jlab monitor flights@champion --data 'incoming/*.parquet' --every 1h
    mlops-jlab monitor flights@champion --data served/ --labels paid/ --id order --target paid
    """
    from mlops_jlab.errors import InputError
    from mlops_jlab.monitoring import watching
    from mlops_jlab.monitoring.policy import Policy
    from mlops_jlab.retraining import alerts as telling
    from mlops_jlab.scheduling.due import parse_duration
    from mlops_jlab.store import location

    for one in alerts:
        telling.check(one)
    policy = Policy(parse_duration(cooldown) if cooldown != "0" else 0.0, per_week, min_rows)
    pause = parse_duration(every) if every else 0.0
    wanted = _labels(labels, identifier, target, unit)
    place = location.find()
    while True:
        try:
            looked = watching.look(
                place,
                address,
                _path(source),
                policy,
                trust=trust,
                labels=wanted,
                every=apart,
                beside=_path(reference) if reference else None,
            )
        except InputError as error:
            if not pause:
                raise
            click.echo(f"no window: {error}", err=True)  # the next look may find what is missing now
        else:
            _tell(looked, style, alerts)
            if not pause:
                return int(looked.window is not None and looked.window.action != "nothing")
        time.sleep(pause)


def _labels(source: str, identifier: str, target: str, unit: str) -> Labels | None:
    from mlops_jlab.errors import InputError
    from mlops_jlab.monitoring.labels import Labels

    if not source and not target and not unit:
        return None
    if not target or bool(source) != bool(identifier):
        raise InputError(
            "labels are known by their column, and where they come later by the row's",
            hint="--target COLUMN, or --labels PATH --id COLUMN --target COLUMN",
        )
    return Labels(target, _path(source) if source else None, identifier, unit)


def _path(source: str) -> str | Path:
    return source if any(char in source for char in "*?[") else Path(source)


def _tell(looked: Any, style: str, alerts: tuple[str, ...]) -> None:
    from mlops_jlab.cli.tables import visible
    from mlops_jlab.monitoring import watching
    from mlops_jlab.retraining import alerts as telling

    if style == "json":
        click.echo(watching.as_json(looked))
    elif looked.window is None:
        click.echo(looked.why)
    else:
        drift = repr(looked.drift).splitlines()[:30] if looked.drift is not None else []
        lines = [*drift, *looked.sentences, _decided(looked),
                 f"the window is run {looked.window.run[:8]}, with its report"]  # fmt: skip
        click.echo("\n".join(visible(line) for line in lines))
    if looked.window is not None and looked.window.action != "nothing":
        message = telling.Message("drift", f"{looked.window.model}: {looked.why}", repr(looked.drift))
        for problem in telling.send(alerts, message):
            click.echo(problem, err=True)


def _decided(looked: Any) -> str:
    """What comes of a window, and why."""
    if looked.window.action != "nothing":
        return f"{looked.window.action}: {looked.why}"
    first = looked.drift is not None and looked.drift.found
    return f"nothing to do: {looked.why}{', it counts when seen in two of three windows' if first else ''}"
