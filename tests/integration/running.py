"""Small pipelines, run in this process: what the tests of the engine share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_jlab.engine.asked import Options
from mlops_jlab.engine.folder.state import RunFolder, RunState, StepState
from mlops_jlab.engine.run.loop import run
from mlops_jlab.pipeline import export, manifest
from tests.conftest import notebook_json

Cells = Sequence[tuple[str, str]]


class Silent:
    """A listener that says nothing."""

    def started(self, state: RunState) -> None: ...

    def step(self, step: StepState, note: str = "") -> None: ...

    def written(self, step: StepState) -> None: ...

    def cell(self, step: str, index: int, count: int, cell_id: str) -> None: ...

    def ended(self, state: RunState) -> None: ...


@dataclass
class Bench:
    """A folder with a notebook, in which pipelines are run one after the other."""

    folder: Path
    runs: list[Path] = field(default_factory=list)

    def run(
        self, cells: Cells, given: Mapping[str, object] | None = None, *,
        settings: Mapping[str, Any] | None = None, **options: Any,
    ) -> RunState:  # fmt: skip
        """Runs the cells as a pipeline, with a cache in the folder unless told otherwise."""
        node = notebook_json(list(cells))
        node["metadata"]["mlops_jlab"] = {"steps": dict(settings or {})}
        notebook = self.folder / "nb.ipynb"
        notebook.write_text(json.dumps(node))
        target = self.folder / "runs" / f"{len(self.runs)}"
        self.runs.append(target)
        graph = export.graph_of(notebook)
        assert graph.errors == (), graph.errors
        export.export(graph, target / "pipeline")
        (self.folder / "cache").mkdir(exist_ok=True)  # it is there before a step lists the folder
        chosen = {"folder": self.folder, "cache": self.folder / "cache", **options}
        return run(manifest.read(target / "pipeline"), target, given or {}, Options(**chosen), Silent())

    def resume(self, **options: Any) -> RunState:
        """Goes on with the newest run."""
        target = self.runs[-1]
        chosen = {"folder": self.folder, "resume": True, **options}
        return run(manifest.read(target / "pipeline"), target, {}, Options(**chosen), Silent())

    def printed(self, step: str) -> str:
        """What a step of the newest run printed, errors included."""
        path = RunFolder(self.runs[-1]).executed(step)
        outputs = [o for c in json.loads(path.read_text())["cells"] for o in c.get("outputs", ())]
        texts = [o.get("text") or o.get("evalue") or o.get("data", {}).get("text/plain", "") for o in outputs]
        return "".join("".join(text) for text in texts)


def computed(state: RunState) -> list[str]:
    """The steps that were really run."""
    return [step.name for step in state.steps if step.status == "finished" and not step.cached]


def why(state: RunState, step: str) -> str:
    return state.step(step).why


def note(state: RunState, step: str) -> str:
    return state.step(step).note
