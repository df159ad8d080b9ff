"""``mlops-jlab debug``: a failed step as a notebook."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_jlab.cli.answers import FORMAT, answer
from mlops_jlab.cli.caches import folder_of

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("run", type=_PATH, metavar="FOLDER|RUN")
@click.argument("step", default="")
@click.option("-o", "--output", type=_PATH, default=Path(), help="Where to write it (default: here).")
@FORMAT
def debug(run: Path, step: str, output: Path, style: str) -> None:
    """Open a failed step: a notebook with its inputs loaded, at the failing cell.

    FOLDER is the run's folder, RUN its id or name in the run table. Without STEP it is the one that
    failed first. Nothing is written back into the run.
    """
    from mlops_jlab.engine.proof.debug import open_step

    output.mkdir(parents=True, exist_ok=True)
    opened = open_step(folder_of(run).resolve(), step, output)
    answer(
        style, {"notebook": opened.path, "step": opened.step, "cell": opened.cell},
        f"wrote {opened.path}: step {opened.step}, cell {opened.cell}\n  open it: jupyter lab {opened.path}",
    )  # fmt: skip
