"""What ``mlops-jlab models evaluate`` does and prints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mlops_jlab.cli.answers import as_json


def show(
    address: str, source: Path, target: str, groups: Sequence[str], unit: str, positive: Any, *, trust: bool,
    style: str,
) -> None:  # fmt: skip
    """Evaluates a version on the rows of a file, and prints what was found."""
    import pandas

    from mlops_jlab.cli.tables import visible
    from mlops_jlab.profiles import chunks
    from mlops_jlab.registry import evaluations
    from mlops_jlab.store import location

    rows = pandas.concat(list(chunks.of_file(source)), ignore_index=True)
    crossed = [names[0] if len(names) == 1 else names for names in (g.split(",") for g in groups)]
    found = evaluations.evaluate(
        location.find(), address, rows, target, groups=crossed, unit=unit, positive=positive, trust=trust
    )
    if style == "json":
        click.echo(as_json(found.as_json()))
        return
    click.echo("\n".join(visible(line) for line in repr(found).splitlines()))
    click.echo(f"in the card: mlops-jlab models card {found.model}/{found.version}")
