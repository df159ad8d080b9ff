"""What ``mlops-jlab models evaluate`` does and prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click


def show(
    address: str, source: Path, target: str, groups: Sequence[str], unit: str, positive: Any, *, trust: bool,
    as_json: bool,
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
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2, ensure_ascii=False))
        return
    click.echo("\n".join(visible(line) for line in repr(found).splitlines()))
    click.echo(f"in the card: mlops-jlab models card {found.model}/{found.version}")
