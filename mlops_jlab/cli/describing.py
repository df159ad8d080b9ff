"""``mlops-jlab schema``: what programs may rely on in the JSON of a command."""

from __future__ import annotations

import click

from mlops_jlab.cli import answers
from mlops_jlab.errors import NotFound, nearest


@click.command()
@click.argument("command", nargs=-1, required=True, metavar="COMMAND...")
def schema(command: tuple[str, ...]) -> None:
    """Print the JSON Schema of what COMMAND prints with --format json.

    Such as: mlops-jlab schema runs list.
    """
    name = " ".join(command)
    known = answers.described()
    if name not in known:
        raise NotFound(
            f"there is no schema of {name!r}{nearest(name, known)}", hint=f"schemas: {', '.join(known)}"
        )
    click.echo(answers.as_json(answers.schema_of(name)))
