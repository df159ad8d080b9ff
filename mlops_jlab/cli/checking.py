"""``mlops-jlab check``: what the steps of notebooks are, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_jlab.entities.findings import Severity
from mlops_jlab.errors import InputError, OtherLanguage

if TYPE_CHECKING:
    from mlops_jlab.entities.graphs import Graph


@click.command()
@click.argument("notebooks", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="NOTEBOOK...")
@click.option("--tagged", is_flag=True, help="Leave out notebooks without a cell tagged as a step.")
@click.option("--format", "style", default="text", show_default=True, help="How to print.",
              type=click.Choice(["text", "json", "sarif", "mermaid"]))  # fmt: skip
def check(notebooks: tuple[Path, ...], tagged: bool, style: str) -> int:
    """Show the steps of each NOTEBOOK and what crosses between them.

    NOTEBOOK may be a YAML file that names several. Every error and hazard is named with its cell and
    line. Exit code 2 if there are errors.
    """
    from mlops_jlab.cli import printing, together
    from mlops_jlab.pipeline.picture import mermaid
    from mlops_jlab.pipeline.planning import is_several

    if len(notebooks) > 1 or tagged:
        return _each(notebooks, style, tagged=tagged)
    if is_several(notebooks[0]):
        return together.check_several(notebooks[0], style)
    from mlops_jlab.pipeline.export import graph_of

    graph = graph_of(notebooks[0])
    shown: dict[str, Callable[[Graph], str]] = {
        "text": printing.text, "json": printing.as_json, "sarif": printing.sarif, "mermaid": mermaid,
    }  # fmt: skip
    click.echo(shown[style](graph))
    return 2 if graph.errors else 0


def _each(notebooks: tuple[Path, ...], style: str, *, tagged: bool) -> int:
    """Checks each notebook on its own: one that cannot be read does not hide the others."""
    from mlops_jlab.cli import printing
    from mlops_jlab.cli.saying import say_error
    from mlops_jlab.pipeline.export import graph_of
    from mlops_jlab.pipeline.planning import is_several

    if style not in ("text", "sarif"):
        raise InputError(
            f"--format {style} takes one notebook, and without --tagged",
            hint="call the command once for each",
        )
    graphs: list[Graph] = []
    unread = 0
    for path in notebooks:
        try:
            if is_several(path):
                raise InputError(
                    f"{path} names several notebooks", hint=f"check it alone: mlops-jlab check {path}"
                )
            if tagged and not _is_pipeline(path):
                continue
            graphs.append(graph_of(path))
        except InputError as error:
            unread += 1
            say_error(error.message, error.hint)
            continue
        if style == "text":
            click.echo(f"{'' if len(graphs) == 1 else chr(10)}{click.style(str(path), bold=True)}")
            click.echo(printing.text(graphs[-1]))
    if style == "sarif":
        click.echo(printing.sarif(*graphs))
    return 2 if unread or any(graph.errors for graph in graphs) else 0


def _is_pipeline(path: Path) -> bool:
    """Whether any cell of the notebook is tagged as a step, or was meant to be.

    Raises:
        NotebookError: it cannot be read.
    """
    from mlops_jlab.notebook import reading

    try:
        notebook, findings = reading.read(path)
    except OtherLanguage:
        return False
    wrong = any(finding.cell >= 0 and finding.severity is Severity.ERROR for finding in findings)
    return wrong or any(cell.step for cell in notebook.tagged)
