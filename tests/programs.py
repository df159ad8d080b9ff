"""Programs and their answers: what one ordinary kernel puts out for each cell, and what the pipeline does.

A file of ``tests/data/programs`` holds several programs: ``# === name`` opens one, ``# %%`` each of its
cells, and words in brackets after ``# %%`` are the cell's own tags. Beside it lies a JSON file with the
answers of Run All.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from mlops_jlab.engine.asked import Options
from mlops_jlab.engine.folder.state import RunFolder, RunState, StepState
from mlops_jlab.engine.proof.verify import normal
from mlops_jlab.engine.run.loop import run
from mlops_jlab.entities.graphs import Graph
from mlops_jlab.entities.notebooks import Role
from mlops_jlab.errors import HandoffError, MlopsError
from mlops_jlab.handoff import parts, pickling  # noqa: F401 - their errors are kinds of HandoffError
from mlops_jlab.pipeline import export, manifest
from tests.conftest import notebook_json

HOME = Path(__file__).parent / "data" / "programs"
THEMES = sorted(HOME.glob("*.txt"))
ALL = os.environ.get("MLOPS_JLAB_PROGRAMS", "") == "all"
TOO_LONG = 90.0  # seconds for one program, its imports included
READABLE = ("SyntaxError", "IndentationError", "TabError", "NameError", "UsageError")
_TIMES = re.compile(r"^(CPU times|Wall time|Compiler time)\b.*\n?", re.MULTILINE)
_FILE = re.compile(r"\(\d{6,}\.py,")  # how a SyntaxError names the cell
_SITE = re.compile(r"[^\s\"']*/site-packages/")  # warnings say where a library lies
_CELL = re.compile(r"# %%(?: \[([\w: -]*)\])?$")

Outputs = dict[str, list[list[str]]]


@dataclass(frozen=True)
class Program:
    """A small notebook: each cell is its own tags and its source."""

    name: str
    theme: str
    cells: tuple[tuple[str, str], ...]

    @property
    def digest(self) -> str:
        """Another text has another digest, and needs another answer."""
        return hashlib.sha256(json.dumps(self.cells).encode()).hexdigest()[:16]

    @property
    def edited(self) -> Program:
        """The same program after somebody has changed its last cell, which puts out what it did."""
        *above, (tags, source) = self.cells
        return replace(self, cells=(*above, (tags, source if source.startswith("%%") else f"pass\n{source}")))

    def notebook(self, *, tagged: bool) -> dict[str, Any]:
        """The program as a notebook; if ``tagged``, each cell that holds something is a step."""
        cells = []
        for place, (tags, source) in enumerate(self.cells):
            is_step = tagged and source.strip() and not {"setup", "parameters"} & set(tags.split())
            step = f" step:c{place + 1}" if is_step else ""
            cells.append(((tags + step).strip() or "-", source))
        return notebook_json(cells)


@dataclass
class Answer:
    """What each cell put out. If the notebook stopped: in which cell, and the error's name.

    ``refused`` is what the product said where it would not run the notebook.
    """

    outputs: Outputs = field(default_factory=dict)
    stopped: str = ""
    ename: str = ""
    message: str = ""
    refused: str = ""
    seconds: float = 0.0


def is_wanted(name: str, one_of: int) -> bool:
    """Whether a case belongs to the sample that the tests take; ``make programs`` takes all of them."""
    return ALL or zlib.crc32(name.encode()) % one_of == 0


def read(path: Path) -> list[Program]:
    """The programs of a file."""
    found: list[Program] = []
    for text in re.split(r"^# === ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        name, _, body = text.partition("\n")
        cells: list[tuple[str, list[str]]] = []
        for line in body.splitlines():
            opening = _CELL.match(line)
            if opening:
                cells.append((opening.group(1) or "", []))
            elif cells:
                cells[-1][1].append(line)
            elif line.strip():
                raise ValueError(f"{path.name}, {name}: {line!r} stands above the first cell")
        sources = tuple((tags, "\n".join(lines).strip("\n")) for tags, lines in cells)
        found.append(Program(name.strip(), path.stem, sources))
    return found


def golden(path: Path) -> dict[str, Answer]:
    """The kept answers for a file of programs; those of programs that were changed since are left out."""
    beside = path.with_suffix(".json")
    if not beside.exists():
        return {}
    kept = json.loads(beside.read_text("utf-8"))
    digests = {program.name: program.digest for program in read(path)}
    return {
        name: Answer(node["outputs"], node.get("stopped", ""), node.get("ename", ""), node.get("message", ""))
        for name, node in kept.items()
        if node["of"] == digests.get(name)
    }


def outputs_of(node: Mapping[str, Any], folder: Path) -> Outputs:
    """The comparable outputs of an executed notebook's cells that put out anything.

    What ``%time`` measured is left out; the working folder and that of libraries are called so.
    """
    found: Outputs = {}
    for cell in node["cells"]:
        if cell["cell_type"] == "code" and cell.get("outputs"):
            outputs = [_joined(output) for output in cell["outputs"]]
            found[cell["id"]] = [
                [kind, "(a picture)" if kind.startswith("image/") else text]
                for kind, text in normal(outputs)
                for text in [_SITE.sub("LIBRARIES/", _FILE.sub("(<cell>,", _TIMES.sub("", text)))]
                for text in [text.replace(str(folder), "FOLDER")]
            ]
    return found


def _joined(output: Mapping[str, Any]) -> dict[str, Any]:
    """The output with its texts in one piece; a file has them line by line."""
    data = {
        mime: "".join(text) if isinstance(text, list) and all(isinstance(t, str) for t in text) else text
        for mime, text in output.get("data", {}).items()
    }
    return {**output, "data": data} if data else dict(output)


def run_all(node: dict[str, Any], folder: Path, limit: float = TOO_LONG) -> Answer:
    """Runs the notebook in one ordinary kernel, as Run All does: it stops at the first error."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = nbformat.from_dict(node)
    # Without a manager given to it, the client ends its kernel.
    client = NotebookClient(notebook, kernel_name="python3", timeout=limit, shutdown_kernel="immediate")
    begun = time.perf_counter()
    running: list[str] = []
    client.on_cell_start = lambda cell, **_: running.append(cell["id"])
    answer = Answer()
    try:
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        client.execute(cwd=str(folder), env=environment, stderr=subprocess.DEVNULL)
    except CellExecutionError as error:
        answer.stopped, answer.ename, answer.message = running[-1], error.ename, error.evalue
    answer.seconds = time.perf_counter() - begun
    answer.outputs = outputs_of(notebook, folder)
    return answer


class _Silent:
    def started(self, state: RunState) -> None: ...

    def step(self, step: StepState, note: str = "") -> None: ...

    def written(self, step: StepState) -> None: ...

    def cell(self, step: str, index: int, count: int, cell_id: str) -> None: ...

    def ended(self, state: RunState) -> None: ...


def run_pipeline(
    graph: Graph, target: Path, folder: Path, given: Mapping[str, object] | None = None, **options: Any
) -> Answer:
    """Runs the graph with the parameters ``given`` as a pipeline into ``target``, as the product does."""
    begun = time.perf_counter()
    deadline = time.monotonic() + TOO_LONG
    if graph.errors:
        found = graph.errors
        return Answer(refused=f"{found[0].code}: {found[0].message} ({len(found)} errors at check)")
    environment = {"PYTHONHASHSEED": "0", **options.pop("environment", {})}
    late = lambda: "" if time.monotonic() < deadline else f"it took over {TOO_LONG:.0f} seconds"  # noqa: E731
    asked = Options(folder=folder, cancelled=late, environment=environment, **{"jobs": 2, **options})
    try:
        export.export(graph, target / "pipeline")
        state = run(manifest.read(target / "pipeline"), target, dict(given or {}), asked, _Silent())
    except MlopsError as error:
        return Answer(refused=f"{type(error).__name__}: {error}")
    answer = _answer_of_run(graph, target, folder, state)
    answer.seconds = time.perf_counter() - begun
    return answer


def _answer_of_run(graph: Graph, target: Path, folder: Path, state: RunState) -> Answer:
    answer = Answer()
    shared = {cell.id for cell in graph.notebook.cells if cell.role in (Role.SETUP, Role.PARAMETERS)}
    for step in graph.steps:
        path = RunFolder(target).executed(step.name)
        if path.exists():
            own = {cell.id for cell in step.cells}
            found = outputs_of(json.loads(path.read_text("utf-8")), folder)
            for key, outputs in found.items():
                if key in own or (key in shared and key not in answer.outputs):
                    answer.outputs[key] = outputs
    failed = next((step for step in state.steps if step.error), None)
    if failed is not None and failed.error is not None:
        error = failed.error
        if not error.get("own_cell", True) and error["kind"] in _kinds(HandoffError):
            answer.refused = f"step {failed.name}: {error['kind']}: {error['message']}"
        cells = {cell.id for step in graph.steps if step.name == failed.name for cell in step.cells}
        inside = error.get("cell") or next(iter(sorted(cells)), "")
        answer.stopped, answer.ename, answer.message = inside, error["kind"], error["message"]
    elif state.status == "failed":
        answer.refused = state.error
    elif state.status != "finished":
        answer.stopped, answer.ename, answer.message = "?", state.status, state.error
    return answer


def _kinds(kind: type[MlopsError]) -> set[str]:
    return {kind.__name__}.union(*(_kinds(child) for child in kind.__subclasses__()))


def difference(whole: Answer, mine: Answer) -> str:
    """Nothing if both are the same answer, else the first place where they are not.

    Where Run All stops, a step further down that is independent may well have run.
    """
    if (whole.stopped, whole.ename) != (mine.stopped, mine.ename):
        return f"Run All {_how_it_ended(whole)}, the pipeline {_how_it_ended(mine)}"
    more = () if whole.stopped else [cell for cell in mine.outputs if cell not in whole.outputs]
    for cell in [*whole.outputs, *more]:
        theirs, ours = whole.outputs.get(cell, []), mine.outputs.get(cell, [])
        if cell == whole.stopped:
            theirs, ours = _without_errors(theirs), _without_errors(ours)
        if theirs != ours:
            return f"cell {cell}: {_excerpt(theirs, ours)}"
    return ""


def _without_errors(outputs: list[list[str]]) -> list[list[str]]:
    return [output for output in outputs if output[0] != "error"]


def _how_it_ended(answer: Answer) -> str:
    if not answer.ename:
        return "runs to its end"
    return f"stops in cell {answer.stopped} with {answer.ename}: {answer.message[:300]}"


def _excerpt(theirs: list[list[str]], ours: list[list[str]]) -> str:
    for (kind, one), (_kind, other) in zip(theirs, ours, strict=False):
        if one != other:
            return f"{kind}: Run All gives {one[-300:]!r}, the pipeline {other[-300:]!r}"
    if [kind for kind, _ in theirs] == [kind for kind, _ in ours]:
        return "the same texts of other kinds"
    return f"Run All gives {theirs!r:.300}, the pipeline {ours!r:.300}"


def verdict(whole: Answer, mine: Answer) -> tuple[str, str]:
    """What came of it, and the first difference.

    ``same``; ``rightly refused``, where Run All stops as well, for a reason that reading alone shows; ``refused``;
    ``different``, and nobody was told; ``crashed``, with an error that Run All does not meet.
    """
    what = difference(whole, mine)
    if mine.refused:
        return "rightly refused" if whole.ename in READABLE else "refused", mine.refused
    if not what:
        return "same", ""
    if mine.ename and (mine.stopped, mine.ename) != (whole.stopped, whole.ename):
        return "crashed", what
    return "different", what


def emptied(folder: Path) -> Path:
    """The folder, with nothing in it."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def as_json(answer: Answer) -> dict[str, Any]:
    """What is kept of an answer of Run All."""
    node = asdict(answer)
    return {key: node[key] for key in ("outputs", "stopped", "ename", "message") if node[key]}
