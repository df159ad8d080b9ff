"""What is kept of a person in print, and its removal after asking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from mlops_jlab.cli.answers import as_json
from mlops_jlab.cli.tables import visible
from mlops_jlab.store import datasets, forgetting, opening
from mlops_jlab.store.forgetting import Trace
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import lifecycle

_DONE = {"mask": "is masked", "remove": "is removed", "nothing": "stays as it is"}


def forget(place: Place, wanted: str, *, remove: bool, asks: bool, style: str) -> int:
    """Prints where an id stands, and removes it if that is wanted; 1 if something is left.

    Raises:
        InputError: the id is too short to look for.
    """
    with opening.writing(place) as connection:
        found = forgetting.find(place, connection, wanted)
        outside = _outside(connection, wanted)
        if remove and found:
            if style == "text":
                _print([*found, *outside])
            if asks:
                click.confirm("Remove it for good?", abort=True)
            found = forgetting.forget(place, connection, wanted, who=lifecycle.who())
            if style == "text":
                click.echo("removed" + ("; what is left:" if found or outside else ""))
    left = [*found, *outside]
    if style == "json":
        click.echo(as_json({"found": [asdict(trace) for trace in left]}))
    elif left:
        _print(left)
    elif not remove or not found:
        click.echo("nothing of it is kept")
    return 1 if left and remove else 0


def _outside(connection: Any, wanted: str) -> list[Trace]:
    """Files of registered data with the id in them, and the models that came of them."""
    found = []
    for version in datasets.versions(connection):
        if "base" not in version.about:
            continue
        paths = [Path(str(version.about["base"])) / file.path for file in datasets.files(connection, version)]
        models = {model for reader in datasets.readers(connection, version) for model in reader.models}
        came = f"; came of it: {', '.join(sorted(models))}" if models else ""
        found += [
            Trace(f"{path}, data of {version.title}{came}", "nothing")
            for path in forgetting.beside(paths, wanted)
        ]
    return found


def _print(traces: Sequence[Trace]) -> None:
    for trace in traces:
        times = f", {trace.count} times" if trace.count > 1 else ""
        click.echo(visible(f"  {trace.where}{times}: {_DONE[trace.what]}"))
