"""A run as one HTML page: what happened, and each step's cells with their outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mlops_jlab.engine.folder.state import RunFolder, RunState, StepState
from mlops_jlab.engine.report.cells import cells_of, colours, highlighted
from mlops_jlab.engine.step.importing import IMPORTING
from mlops_jlab.files import PRIVATE, write_whole
from mlops_jlab.masking import masked
from mlops_jlab.pipeline.manifest import Manifest
from mlops_jlab.pipeline.picture import crossing

_TEMPLATE = Path(__file__).with_name("report.html.j2")
_MARKS = {"finished": "✓", "failed": "✗", "killed": "✗", "skipped": "–", "pending": "·", "running": "…"}


def prepare() -> None:
    """Imports and compiles what a page needs: while steps are waited for, it costs no time."""
    with IMPORTING:
        _template()
        highlighted("")
        colours()


@cache
def _template() -> Any:
    import jinja2

    environment = jinja2.Environment(autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(_TEMPLATE.read_text("utf-8"))


def write_report(manifest: Manifest, folder: RunFolder, state: RunState) -> Path:
    """Writes ``report.html`` and gives its path. The page needs no network and runs no script."""
    from markupsafe import Markup

    shown: set[str] = set()
    steps = [
        SimpleNamespace(
            name=step.name, status=state.step(step.name).status,
            cells=Markup(cells_of(folder.executed(step.name), step.cells, shown)),  # noqa: S704  # made of escaped parts
        )
        for step in manifest.steps
    ]  # fmt: skip
    parameters = {
        one.name: state.parameters.get(one.name, one.as_json().get("default")) for one in manifest.parameters
    }
    html = _template().render(
        title=f"{manifest.name}: {state.status}", manifest=manifest, state=state, marks=_MARKS,
        parameters=parameters, rows=_rows(manifest, state), steps=steps, colours=Markup(colours()),  # noqa: S704  # of Pygments
    )  # fmt: skip
    write_whole(folder.report, masked(html).encode("utf-8", "replace"), PRIVATE)
    return folder.report


def _rows(manifest: Manifest, state: RunState) -> list[dict[str, Any]]:
    rows = []
    for step in state.steps:
        edges = [edge for edge in manifest.edges if edge.target == step.name]
        rows.append({
            "name": step.name, "status": step.status, "cached": step.cached,
            "seconds": "" if step.seconds is None else f"{step.seconds:.2f}",
            "takes": "; ".join(f"{crossing(edge)} from {edge.source}" for edge in edges),
            "note": "; ".join(_notes(step)),
        })  # fmt: skip
    return rows


def _notes(step: StepState) -> Iterator[str]:
    if step.status == "skipped":
        yield step.why
    yield from filter(None, [step.split, *step.again])
    if step.error:
        yield _failure(step.error)


def _failure(error: Mapping[str, Any]) -> str:
    return f"{error['kind']}: {error['message']}"
