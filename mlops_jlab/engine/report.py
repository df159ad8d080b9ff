"""A run as one HTML page: what happened, and each step's cells with their outputs (nbconvert)."""

from __future__ import annotations

import importlib
import re
import threading
from pathlib import Path
from typing import Any

from mlops_jlab.engine.runfolder import RunFolder, RunState
from mlops_jlab.notebook.retagging import write_whole
from mlops_jlab.pipeline.build import OWN_CELLS
from mlops_jlab.pipeline.manifest import Manifest
from mlops_jlab.pipeline.picture import crossing

_MARKS = {"finished": "✓", "failed": "✗", "killed": "✗", "pending": "·", "running": "…"}
_LONGEST_OUTPUT = 200_000


def prepare() -> None:
    """Imports what the report needs in a thread of its own, while the run goes on."""
    threading.Thread(target=importlib.import_module, args=("nbconvert",), daemon=True).start()


def write_report(manifest: Manifest, folder: RunFolder, state: RunState) -> Path:
    """Writes ``report.html`` and gives its path."""
    import nbformat
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    notebook = nbformat.from_dict(
        {"cells": _cells(manifest, folder, state), "metadata": _METADATA, "nbformat": 4,
         "nbformat_minor": 5}
    )  # fmt: skip
    config = Config({"HTMLExporter": dict.fromkeys(_FROM_THE_NET, "")})
    exporter = HTMLExporter(config=config, template_name="lab", sanitize_html=True)
    exporter.register_filter("clean_html", _clean)  # nbconvert's own takes headings and tables apart
    resources = {"metadata": {"name": f"{manifest.name}: {state.status}"}}
    html, _ = exporter.from_notebook_node(notebook, resources)
    write_whole(folder.report, html.encode("utf-8", "replace"))
    return folder.report


_METADATA = {"kernelspec": {"display_name": "Python", "language": "python", "name": "python3"},
             "language_info": {"name": "python", "pygments_lexer": "ipython3"}}  # fmt: skip


# What may stand in the page; anything else in a notebook's HTML is taken out, its text stays.
_TAGS = """a abbr b blockquote br caption code col colgroup dd div dl dt em figcaption figure h1 h2 h3
h4 h5 h6 hr i img li ol p pre s small span strong sub sup table tbody td tfoot th thead tr tt u
ul""".split()
_ATTRIBUTES = {
    "*": ["class", "title", "id", "align", "colspan", "rowspan", "border"],
    "a": ["href"],
    "img": ["src", "alt", "width", "height"],
}
_FROM_THE_NET = ("mathjax_url", "require_js_url", "mermaid_js_url")
_NO_TEXT = re.compile(r"<(style|script)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)


def _clean(html: str) -> str:
    """HTML from outputs without scripts, handlers and foreign frames (bleach comes with nbconvert)."""
    import bleach

    cleaned: str = bleach.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, strip=True)
    return cleaned


def _cells(manifest: Manifest, folder: RunFolder, state: RunState) -> list[dict[str, Any]]:
    import nbformat

    cells = [_text("summary", _summary(manifest, state))]
    shown: set[str] = set()
    for step in manifest.steps:
        status = state.step(step.name).status
        cells.append(_text(f"step-{step.position}", f"## {_MARKS[status]} {step.name}"))
        path = folder.executed(step.name)
        if not path.is_file():
            cells.append(_text(f"none-{step.position}", "Not run."))
            continue
        try:
            executed = nbformat.reads(path.read_text("utf-8"), as_version=4)["cells"]
        except (OSError, ValueError, KeyError, nbformat.ValidationError):
            cells.append(_text(f"cut-{step.position}", "The executed notebook cannot be read."))
            continue
        for cell in executed:
            if cell["cell_type"] == "code" and _is_shown(cell, step.cells, shown):
                shown.add(cell["id"])
                cells.append(_bounded(cell))
    return cells


def _is_shown(cell: dict[str, Any], own: tuple[str, ...], shown: set[str]) -> bool:
    """A step's own cells, and anything else only where it has something to say."""
    if cell["id"] in own:
        return True
    failed = any(output["output_type"] == "error" for output in cell["outputs"])
    return failed or (cell["id"] not in shown and cell["id"] not in OWN_CELLS and bool(cell["outputs"]))


def _bounded(cell: dict[str, Any]) -> dict[str, Any]:
    """The cell with very long text cut, and its HTML without styles and scripts."""
    return {**cell, "outputs": [_bounded_output(output) for output in cell["outputs"]]}


def _bounded_output(output: dict[str, Any]) -> dict[str, Any]:
    text = output.get("text", "")
    if len(text) > _LONGEST_OUTPUT:
        cut = f"{text[:_LONGEST_OUTPUT]}\n… {len(text) - _LONGEST_OUTPUT:,} characters more"
        return {**output, "text": cut}
    data = dict(output.get("data", {}))
    if "text/html" not in data:
        return output
    html = _NO_TEXT.sub("", data["text/html"])
    if "sk-top-container" in html and "text/plain" in data:
        del data["text/html"]  # a diagram that is nothing without its style
    else:
        data["text/html"] = html
    return {**output, "data": data}


def _text(cell_id: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": cell_id, "metadata": {}, "source": text}


def _summary(manifest: Manifest, state: RunState) -> str:
    took = f" in {state.seconds:.1f} s" if state.seconds is not None else ""
    parts = [
        f"# {manifest.name}: {state.status}{took}",
        f"From `{manifest.source}`, begun {state.started}.",
    ]
    if state.error:
        parts.append(f"**{_cell(state.error)}**")
    if state.parameters:
        parts.append("| parameter | value |\n|---|---|\n" + "\n".join(
            f"| `{name}` | `{_cell(repr(value))}` |" for name, value in state.parameters.items()
        ))  # fmt: skip
    rows = ["| step | status | seconds | takes | note |", "|---|---|---|---|---|"]
    for step in state.steps:
        edges = [edge for edge in manifest.edges if edge.target == step.name]
        takes = "; ".join(f"{crossing(edge)} from {edge.source}" for edge in edges)
        note = "; ".join(step.again) + (f" {step.error['message']}" if step.error else "")
        seconds = "" if step.seconds is None else f"{step.seconds:.2f}"
        rows.append(
            f"| {step.name} | {_MARKS[step.status]} {step.status} | {seconds} | {_cell(takes)} "
            f"| {_cell(note)} |"
        )
    return "\n\n".join([*parts, "\n".join(rows)])


def _cell(text: str) -> str:
    """Text that is safe within a Markdown table."""
    short = " ".join(text.split())[:400]
    for char in "\\`*_[]<>|":
        short = short.replace(char, f"\\{char}" if char not in "<>" else {"<": "&lt;", ">": "&gt;"}[char])
    return short
