"""``mlops-jlab policy``: the policy of a store, checked and explained."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from mlops_jlab.cli.answers import FORMAT, answer, as_json


@click.group()
def policy() -> None:
    """The policy of the store: who may promote what, which data, packages and costs, what is personal."""


@policy.command()
@click.argument("path", required=False, type=click.Path(path_type=Path), metavar="[FILE]")
@FORMAT
def check(path: Path | None, style: str) -> None:
    """Read a policy and say what it asks for, or what is wrong with which line (exit code 2).

    FILE is policy.yaml in the folder of the store, if none is named: the one that is in force.
    """
    from mlops_jlab.cli.tables import visible
    from mlops_jlab.gates.rules import rule_of
    from mlops_jlab.policies import explaining, reading
    from mlops_jlab.store import location

    own = location.find().root / reading.FILE
    chosen = path or own
    if path is None and not own.exists():
        nothing = f"there is no policy: everything is allowed. One would lie at {own}"
        answer(style, {"asks": []}, nothing)
        return
    found = reading.read(chosen, rule_of)
    said = explaining.sentences(found)
    if style == "json":
        content = {**asdict(found), "asks": [{"line": line, "text": text} for line, text in said]}
        click.echo(as_json(content))
        return
    name = f" {found.name}" if found.name else ""
    force = "in force" if chosen.resolve() == own.resolve() else "not in force here"
    click.echo(visible(f"policy{name} ({chosen}, {found.digest[:12]}), {force}"))
    for line, text in said:
        click.echo(visible(f"  {text}" + (f"  (line {line})" if line else "")))
    if not said:
        click.echo("  it asks for nothing")


@policy.command()
def schema() -> None:
    """Print the JSON Schema of policies, for editors."""
    from mlops_jlab.policies import reading

    click.echo(as_json(reading.schema()))
