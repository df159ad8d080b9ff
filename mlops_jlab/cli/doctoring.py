"""``mlops-jlab doctor``: what works here, what does not, and the cure."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_jlab.cli.answers import FORMAT, as_json

_MARKS = {"good": ("✓", "green"), "note": ("!", "yellow"), "broken": ("✗", "red")}


@click.command()
@FORMAT
def doctor(style: str) -> int:
    """Look whether everything works here, and say the cure where it does not.

    Environment, JupyterLab, kernels, store, schedules; at last a pipeline of two steps is run in a folder
    of its own. Exit code 1 if anything is broken.
    """
    from dataclasses import asdict

    from mlops_jlab.cli.tables import visible
    from mlops_jlab.doctor import State, checks

    found = []
    for check in checks(Path.cwd()):
        found.append(check)
        if style == "text":
            mark, colour = _MARKS[check.state]
            click.echo(f"{click.style(mark, fg=colour)} {check.name}: {visible(check.text)}")
            if check.cure:
                click.echo(f"    → {visible(check.cure)}")
    broken = sum(check.state is State.BROKEN for check in found)
    if style == "json":
        click.echo(as_json([asdict(check) for check in found]))
    elif broken:
        click.echo(click.style(f"{broken} broken", fg="red"))
    else:
        click.echo(click.style("everything works", fg="green"))
    return int(broken > 0)
