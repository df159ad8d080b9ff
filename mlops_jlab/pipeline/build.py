"""One step → one papermill notebook, the same bytes every time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from mlops_jlab.dataflow.identity import (
    asks_for_base,
    asks_for_calls,
    asks_for_identity,
    asks_for_memory,
    asks_for_size,
    names_an_index,
    takes_an_index,
)
from mlops_jlab.dataflow.patches import places_of
from mlops_jlab.entities.graphs import CarriedSource, Graph, Loop, Step
from mlops_jlab.entities.notebooks import Cell, Role
from mlops_jlab.handoff.twins import BASE, CACHE, HELD_IDENTITY, IDENTITY, INDEX, LOOKED_UP, SIZE
from mlops_jlab.notebook.python import parse_cell

LOAD_CELL = "mlops-load"
SAVE_CELL = "mlops-save"
STOP_CELL = "mlops-stop"  # what is made again from what was kept stops here
OWN_CELLS = frozenset(
    {LOAD_CELL, SAVE_CELL, STOP_CELL, "mlops-carried", "mlops-carried-values", "mlops-parameters",
     "mlops-take", "mlops-each"}
)  # fmt: skip


def identity_of(graph: Graph) -> str:
    """``name@digest``: the digest changes with anything that a step runs or hands on."""
    facts = [[c.id, c.source, list(c.tags)] for c in graph.notebook.tagged] + [
        [s.name, s.position, s.inputs, s.outputs, *([s.loop.over] if s.loop else [])] for s in graph.steps
    ]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode("utf-8", "surrogatepass"))
    return f"{graph.name}@{digest.hexdigest()[:16]}"


def file_name(step: Step) -> str:
    """The name of the step's notebook within ``steps/``."""
    return f"{step.position + 1:02d}-{step.name}.ipynb"


def step_notebook(graph: Graph, step: Step, identity: str) -> dict[str, Any]:
    """The step's notebook as nbformat 4.5 JSON: parameters, carried source, load, cells, save."""
    first = step.cells[0].index
    cells: list[dict[str, Any]] = [_heading(graph, step)]
    if step.only_continued:
        cells.append(_code(STOP_CELL, _stop(step), ["mlops-load"]))
    for cell in graph.setup:
        if cell.index < first:
            cells += _front(graph, cell)
    early = [source for source in step.carried if not source.values]
    late = [source for source in step.carried if source.values]
    if early:
        cells.append(_carried(graph, "mlops-carried", early))
    cells.append(_code(LOAD_CELL, _load(graph, step, identity, late), ["mlops-load"]))
    if late:
        cells.append(_carried(graph, "mlops-carried-values", late))
        rest = sorted(set(step.inputs) - _values(late))
        cells.append(_code("mlops-take", f"_mlops_step.take({_list(rest)})", ["mlops-load"]))
    if step.loop is not None:
        cells.append(_code("mlops-each", _each(step.loop), ["mlops-load"]))
    between = [c for c in graph.setup if first < c.index < step.cells[-1].index]
    for cell in sorted([*step.cells, *between], key=lambda c: c.index):
        cells += plain_cells(graph, cell)
    cells.append(_code(SAVE_CELL, _save(graph, step), ["mlops-save"]))
    kernel = graph.notebook.kernel
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": kernel, "language": "python", "name": kernel},
            "language_info": {"name": "python"},
            "mlops_jlab": {"pipeline": identity, "step": step.name},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def dump(notebook: dict[str, Any]) -> bytes:
    """The notebook as the bytes of a file, as JupyterLab would lay them out."""
    return (json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _code(cell_id: str, source: str, tags: Sequence[str]) -> dict[str, Any]:
    return {
        "cell_type": "code", "execution_count": None, "id": cell_id,
        "metadata": {"tags": list(tags)}, "outputs": [],
        "source": source.splitlines(keepends=True),
    }  # fmt: skip


def _own(cell: Cell) -> dict[str, Any]:
    return {**_code(cell.id, "", cell.tags), "source": lines_of(cell.source)}


def lines_of(source: str) -> list[str]:
    """Split as nbformat splits: at newlines alone, so that odd separators stay inside a line."""
    parts = source.split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _heading(graph: Graph, step: Step) -> dict[str, Any]:
    text = (
        f"# {graph.name}: {step.name}\n\n"
        f"Step {step.position + 1} of {len(graph.steps)}, made from `{graph.notebook.path.name}`. "
        "Change the notebook and export again; changes made here are lost."
    )
    return {"cell_type": "markdown", "id": "mlops-about", "metadata": {}, "source": lines_of(text)}


def plain_cells(graph: Graph, cell: Cell) -> list[dict[str, Any]]:
    """A tagged cell as it stands in the notebook; parameters are followed by their check."""
    return [_own(cell)] if cell.role is Role.STEP else _front(graph, cell)


def _front(graph: Graph, cell: Cell) -> list[dict[str, Any]]:
    cells = [_own(cell)]
    if cell.role is Role.PARAMETERS and graph.parameters:
        entries = ",\n".join(f"    {_literal(parameter.as_json())}" for parameter in graph.parameters)
        text = (
            "# mlops-jlab: the parameters, checked and in their declared types\n"
            "from mlops_jlab import handoff as _mlops_handoff\n\n"
            f"_mlops_handoff.check_parameters([\n{entries},\n])"
        )
        cells.append(_code("mlops-parameters", text, ["mlops-parameters"]))
    return cells


def _literal(value: object) -> str:
    """A Python literal; infinities and NaN are no literals and are called by name."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {_literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    if isinstance(value, float) and repr(value) in ("inf", "-inf", "nan"):
        return f"float({repr(value)!r})"
    return repr(value)


def _values(sources: Sequence[CarriedSource]) -> set[str]:
    return {name for source in sources for name in source.values}


def _join_two(text: str, more: str) -> str:
    """Two carried texts; one that its notebook writes over several lines stands alone."""
    gap = "\n\n" if text and ("\n" in more or text.endswith(":")) else "\n"
    return text + (gap if text else "") + more


def _carried(graph: Graph, cell_id: str, sources: Sequence[CarriedSource]) -> dict[str, Any]:
    """The carried texts as a cell, which says of each part the step that it comes from and its lines."""
    parts: list[dict[str, Any]] = []
    text = ""
    for source in sources:
        before, text = len(text), _join_two(text, source.text)
        first = text[: len(text) - len(source.text)].count("\n") if before else 0
        parts.append({
            "name": source.name, "step": graph.notebook.cells[source.cell].step, "at": source.line - 1,
            "line": first, "count": source.text.count("\n") + 1, "values": sorted(source.values),
        })  # fmt: skip
    cell = _code(cell_id, text, ["mlops-carried"])
    cell["metadata"]["mlops_jlab"] = {"carried": parts}
    return cell


def _list(names: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


def _load(graph: Graph, step: Step, identity: str, late: Sequence[CarriedSource]) -> str:
    inputs = sorted(_values(late) & set(step.inputs)) if late else list(step.inputs)
    options = {
        "inputs": inputs,
        "after": sorted(graph.before(step.name)),
        "setup": [n for n in step.setup_values if n not in step.inputs and n not in _secret(graph)],
        "defined": [one.name for one in step.carried if one.text.startswith(("@", "class "))],
        "tells": _tells(step),
    }
    return (
        "# mlops-jlab: takes over what the steps before this one made\n"
        "from mlops_jlab import handoff as _mlops_handoff\n\n"
        f'_mlops_step = _mlops_handoff.enter(\n    "{identity}",\n    "{step.name}",\n    {step.position},\n'
        + "".join(f"    {key}={_list(value)},\n" for key, value in options.items() if value)
        + ")"
    )


def _tells(step: Step) -> list[str]:
    texts = [cell.source for cell in step.cells] + [one.text for one in step.carried]
    trees = [parse_cell(text).tree for text in texts]
    identity = IDENTITY if any(map(takes_an_index, trees)) else HELD_IDENTITY
    asked = {
        identity: asks_for_identity,
        INDEX: names_an_index,
        BASE: asks_for_base,
        SIZE: asks_for_size,
        LOOKED_UP: asks_for_memory,
        CACHE: asks_for_calls,
    }
    return [what for what, asks in asked.items() if any(map(asks, trees))]


def _stop(step: Step) -> str:
    words = (
        f"step {step.name!r} can only go on where the step above it ended: {'; '.join(step.only_continued)}"
    )
    cure = "put both into one step, or mend what mlops-jlab check says of it"
    return (
        "# mlops-jlab: stops, for the answer would be another one\n"
        "from mlops_jlab.errors import HandoffError as _HandoffError\n\n"
        f"raise _HandoffError(\n    {words!r},\n    hint={cure!r},\n)"
    )


def _each(loop: Loop) -> str:
    options = {"collects": list(loop.collects), "sets": list(loop.sets)}
    lines = "".join(f"    {key}={_list(value)},\n" for key, value in options.items() if value)
    head = "# mlops-jlab: several processes may take a piece of this list each\n"
    return head + f'_mlops_step.each(\n    "{loop.over}",\n{lines})'


def _secret(graph: Graph) -> set[str]:
    return {parameter.name for parameter in graph.parameters if parameter.secret}


def _run_again(graph: Graph, step: Step) -> list[CarriedSource]:
    """The carried sources of this step's that steps below run again."""
    below = graph.steps[step.position + 1 :]
    return [
        one for other in below for one in other.carried if graph.notebook.cells[one.cell].step == step.name
    ]


def _save(graph: Graph, step: Step) -> str:
    again = _run_again(graph, step)
    options = {
        "outputs": list(step.outputs), "optional": list(step.optional),
        "watched": list(step.watched), "seeds": list(step.seeds), "settings": list(step.hidden),
        "patched": sorted(
            {p for one in again if one.name.startswith("~patch:") for p in places_of(one.name[7:], one.text)}
        ),
    }  # fmt: skip
    lines = "".join(f"    {key}={_list(value)},\n" for key, value in options.items() if value)
    if step.writes_any:
        lines += "    writes_any=True,\n"
    if any(one.name == "~session" for one in again):
        lines += "    has_lines=True,\n"
    head = "# mlops-jlab: leaves what the steps below need\n"
    return head + (f"_mlops_step.leave(\n{lines})" if lines else "_mlops_step.leave()")
