"""A failed step as a notebook: its inputs are loaded where they lie, and the failing cell is named."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_jlab.engine.folder.state import RunFolder, RunState, StepState
from mlops_jlab.errors import InputError, nearest
from mlops_jlab.files import write_whole
from mlops_jlab.handoff.variables import HANDOFF
from mlops_jlab.pipeline import manifest
from mlops_jlab.pipeline.build import SAVE_CELL, dump
from mlops_jlab.pipeline.manifest import Manifest


@dataclass(frozen=True)
class Opened:
    """The notebook that was written, and the id of the cell to look at."""

    path: Path
    step: str
    cell: str


def open_step(root: Path, name: str, target: Path) -> Opened:
    """Writes the notebook of a step of the run in ``root`` into the folder ``target``.

    Without a ``name`` it is the step that failed first. Running its cells from the top loads what the
    steps above made; the step itself writes nothing.

    Raises:
        InputError: no such run or step, no step that failed, or the run keeps no pipeline.
    """
    folder = RunFolder(root)
    state = folder.load()
    plan = manifest.read(_pipeline_of(root, state))
    step = _choose(state, name)
    error = step.error or {}
    planned = next(one for one in plan.steps if one.name == step.name)
    notebook = json.loads(plan.notebook_of(planned).read_text("utf-8"))
    done = _executed(folder, step.name)
    cell = str(error.get("cell") or (planned.cells[0] if planned.cells else ""))
    notebook["cells"] = _front(folder, plan, state, step, cell) + [
        inner
        for one in notebook["cells"][1:]
        if one.get("id") != SAVE_CELL
        for inner in (_untagged(done.get(one.get("id"), one)), *_given(state, one))
    ]
    notebook["metadata"]["mlops_jlab"] = {"debug": {"run": str(root), "step": step.name, "cell": cell}}
    path = target / f"debug-{plan.name}-{step.name}.ipynb"
    write_whole(path, dump(notebook))
    return Opened(path, step.name, cell)


def _pipeline_of(root: Path, state: RunState) -> Path:
    own = root / "pipeline"
    if own.is_dir():
        return own
    if state.export and Path(state.export).is_dir():
        return Path(state.export)
    raise InputError(f"the pipeline of the run in {root} is gone", hint="run it again")


def _choose(state: RunState, name: str) -> StepState:
    known = [step.name for step in state.steps]
    if name:
        if name not in known:
            hint = f"steps: {', '.join(known)}"
            raise InputError(f"there is no step {name!r}{nearest(name, known)}", hint=hint)
        return state.step(name)
    failed = [step for step in state.steps if step.error or step.status == "killed"]
    if not failed:
        raise InputError("no step of this run failed", hint=f"name one: {', '.join(known)}")
    return failed[0]


def _executed(folder: RunFolder, step: str) -> dict[str, Any]:
    """The cells as they were executed, by id; without papermill's book-keeping."""
    try:
        cells = json.loads(folder.executed(step).read_text("utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return {}
    for cell in cells:
        cell["metadata"].pop("papermill", None)
    return {cell.get("id"): cell for cell in cells}


def _front(
    folder: RunFolder, plan: Manifest, state: RunState, step: StepState, cell: str
) -> list[dict[str, Any]]:
    told = (step.error or {}).get("message", "")
    text = (
        f"# {plan.name}: {step.name}\n\n"
        f"This step is as it was in `{folder.root}`. Run the cells from the top: they load what the steps "
        f"above made, and nothing is written back.\n\n"
        + (
            f"It failed in the cell `{cell}`: {told.splitlines()[0] if told else ''}\n\n"
            if step.error
            else ""
        )
        + "This is a copy: mend the step in the notebook of the pipeline, and run it again there. Steps that "
        "have not changed are kept."
    )
    lines = [
        "import os",
        f"os.environ[{HANDOFF!r}] = {str(folder.handoff)!r}",
        *([f"os.chdir({state.folder!r})"] if state.folder else []),
    ]
    about: dict[str, Any] = {"cell_type": "markdown", "id": "mlops-debug", "metadata": {}, "source": text}
    return [about, _code("mlops-debug-place", lines)]


def _untagged(cell: dict[str, Any]) -> dict[str, Any]:
    """The cell without tags: this notebook is no pipeline."""
    return {**cell, "metadata": {k: v for k, v in cell["metadata"].items() if k != "tags"}}


def _given(state: RunState, cell: dict[str, Any]) -> list[dict[str, Any]]:
    """The run's parameters, below the cell with their defaults."""
    given = [f"{name} = {value!r}" for name, value in state.parameters.items()]
    follows = given and "parameters" in cell["metadata"].get("tags", ())
    return [_code("mlops-debug-given", given)] if follows else []


def _code(cell_id: str, lines: list[str]) -> dict[str, Any]:
    return {
        "cell_type": "code", "execution_count": None, "id": cell_id, "metadata": {}, "outputs": [],
        "source": "\n".join(lines),
    }  # fmt: skip
