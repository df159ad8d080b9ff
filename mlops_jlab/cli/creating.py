"""``mlops-jlab new``: a project to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_jlab.cli.answers import FORMAT, answer


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="NAME")
@FORMAT
def new(folder: Path, style: str) -> None:
    """Write a new project into the folder NAME: a pipeline that runs, to be changed into yours.

    A notebook with tagged steps, a check of its data, a gate, a schedule to add, a workflow for GitHub.
    """
    from mlops_jlab.scaffolding import writing

    written = writing.write(folder)
    lines = [f"wrote {folder}", *(f"  {path.relative_to(folder)}" for path in written)]
    lines.append(f"  try it: cd {folder}, then mlops-jlab run train.ipynb")
    answer(
        style, {"folder": folder, "files": [path.relative_to(folder) for path in written]}, "\n".join(lines)
    )
