"""``mlops-jlab lineage``: where something comes from, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_jlab.cli.answers import as_json

if TYPE_CHECKING:
    from mlops_jlab.lineage.graph import Lineage

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("wanted", metavar="MODEL|RUN|DATA|FILE|PREDICTION")
@click.option("--log", type=_PATH, default=None, metavar="FOLDER",
              help="The folder of a prediction log; then a prediction's id is looked for.")  # fmt: skip
@click.option("--format", "style", default="text", show_default=True, help="How to write it.",
              type=click.Choice(["text", "json", "openlineage", "prov", "ro-crate"]))  # fmt: skip
@click.option("-o", "--output", type=_PATH, default=None, help="Write a file, or for ro-crate a new folder.")
def lineage(wanted: str, log: Path | None, style: str, output: Path | None) -> None:
    """Where a model, run, dataset, file or prediction comes from, and what came of it.

    Such as: mlops-jlab lineage flights@champion, or mlops-jlab lineage data/flights.csv.
    """
    from mlops_jlab.lineage import crate, tracing
    from mlops_jlab.store import location

    place = location.find()
    found = tracing.trace(place, wanted, log=log)
    if style == "ro-crate" and output is not None:
        click.echo(crate.write(place, found, output))
        return
    text = _written(found, style)
    if output is None:
        click.echo(text)
        return
    from mlops_jlab.errors import InputError, unwritten
    from mlops_jlab.files import write_whole

    try:
        write_whole(output, f"{text}\n".encode())
    except OSError as error:
        raise unwritten(output, error, InputError) from error
    click.echo(output)


def _written(found: Lineage, style: str) -> str:
    from mlops_jlab.cli.tables import visible
    from mlops_jlab.lineage import crate, openlineage, prov, texts

    if style == "text":
        return visible(texts.as_text(found))
    forms: dict[str, Callable[[], object]] = {
        "json": found.as_json, "openlineage": lambda: openlineage.events(found),
        "prov": lambda: prov.document(found), "ro-crate": lambda: crate.metadata(found),
    }  # fmt: skip
    return as_json(forms[style]())
