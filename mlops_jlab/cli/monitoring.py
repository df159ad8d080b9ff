"""``mlops-jlab monitor``: new data of a model against what it was fitted on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("address", metavar="MODEL")
@click.option("--data", "source", required=True, metavar="PATH|PATTERN",
              help="Where its new data arrive, or its prediction log: what is new is a window.")  # fmt: skip
@click.option("--target", default="", metavar="COLUMN",
              help="The truth, where new data have it: the loss is measured too.")  # fmt: skip
@click.option("--every", default="", metavar="DURATION", help="Look again and again; else once.")
@click.option("--cooldown", default="1d", show_default=True, metavar="DURATION",
              help="Between two retrainings.")  # fmt: skip
@click.option("--min-rows", type=click.IntRange(0), default=500, show_default=True,
              help="New rows that a retraining needs.")  # fmt: skip
@click.option("--per-week", type=click.IntRange(0), default=3, show_default=True,
              help="Retrainings within seven days, at most.")  # fmt: skip
@click.option("--alert", "alerts", multiple=True, metavar="ADDRESS",
              help="Tell of drift that persists, as schedule add does.")  # fmt: skip
@click.option("--trust", is_flag=True, help="Load a pickle that another machine wrote.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text",
              show_default=True, help="How to print.")  # fmt: skip
def monitor(
    address: str, source: str, target: str, every: str, cooldown: str, min_rows: int, per_week: int,
    alerts: tuple[str, ...], trust: bool, style: str,
) -> int:  # fmt: skip
    """Compare new data with what a model was fitted on; exit code 1 if drift persists.

    Each window is a run. What comes of it is in the audit log; a schedule with --on-drift takes it up.
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
    place = location.find()
    while True:
        try:
            looked = watching.look(place, address, _path(source), policy, target=target, trust=trust)
        except InputError as error:
            if not pause:
                raise
            click.echo(f"no window: {error}", err=True)  # the next look may find what is missing now
        else:
            _tell(looked, style, alerts)
            if not pause:
                return int(looked.window is not None and looked.window.action != "nothing")
        time.sleep(pause)


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
        served = [str(looked.service)] if looked.service is not None else []
        lines = [*repr(looked.drift).splitlines()[:30], *served, f"{looked.window.action}: {looked.why}",
                 f"run {looked.window.run[:8]}"]  # fmt: skip
        click.echo("\n".join(visible(line) for line in lines))
    if looked.window is not None and looked.window.action != "nothing":
        message = telling.Message("drift", f"{looked.window.model}: {looked.why}", repr(looked.drift))
        for problem in telling.send(alerts, message):
            click.echo(problem, err=True)
