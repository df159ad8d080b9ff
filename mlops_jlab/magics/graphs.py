"""``%pipeline``: the graph of the notebook that runs here, in a cell."""

from __future__ import annotations

from pathlib import Path

from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.telling import tell
from mlops_jlab.tracking.provenance import notebook


def show(line: str) -> None:
    """Shows the graph of a notebook, or of the one that runs here, and what is wrong with it."""
    try:
        _show(line.strip())
    except MlopsError as error:
        tell(str(error), once=False)


def _show(named: str) -> None:
    from IPython.display import display

    from mlops_jlab.pipeline.drawing import svg
    from mlops_jlab.pipeline.export import graph_of
    from mlops_jlab.pipeline.picture import lines_of

    path = Path(named.strip("\"'")) if named else notebook.source()
    if path is None:
        raise InputError("nobody knows which notebook runs here", hint="name it: %pipeline train.ipynb")
    graph = graph_of(path)
    if graph.steps:
        text = "\n".join([f"{graph.name}: {len(graph.steps)} steps", "", *lines_of(graph)])
        display({"image/svg+xml": svg(graph), "text/plain": text}, raw=True)
    for finding in graph.findings:
        hint = f"\n  → {finding.hint}" if finding.hint else ""
        print(f"{finding.severity.value} {finding.where}: {finding.message}{hint}")
