"""Small programs, cut anywhere and run both ways: in forks of the test process, without kernels.

The steps run in any order that the edges allow, which is what parallel branches may do; then the
witness's verdict is followed until everything is at rest, as the runner does.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import signal
import sys
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlops_jlab.dataflow.analysis import analyse
from mlops_jlab.engine.run.witness import Court
from mlops_jlab.entities.graphs import Graph
from mlops_jlab.handoff.records import read_record, record_path
from mlops_jlab.handoff.session import HANDOFF, KEEP
from mlops_jlab.notebook.reading import from_node
from mlops_jlab.pipeline import build
from tests.conftest import notebook_json


def in_fork(work: Callable[[], None]) -> None:
    """Runs ``work`` in a process of its own; raises AssertionError with its traceback."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(30)  # a program that does not end ends here
        text = ""
        try:
            work()
            text = ""
        except BaseException:
            text = traceback.format_exc()
        with os.fdopen(writing, "w") as pipe:
            pipe.write(text)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        problem = pipe.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, f"the process ended with {status}"
    assert not problem, problem


def run_cells(cells: list[dict[str, Any]], target: Path) -> None:
    """Runs code cells as a notebook's kernel would; what each prints goes to ``target``."""
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    printed: dict[str, str] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile("".join(cell["source"]), cell["id"], "exec"), vars(main))
            printed[cell["id"]] = out.getvalue()
    target.write_text(json.dumps(printed))


def differences(graph: Graph, folder: Path, order: random.Random) -> list[str]:
    """Where the pipeline of ``graph`` and its notebook differ; also counts what ran again."""
    identity = build.identity_of(graph)
    os.environ.update({HANDOFF: str(folder / "handoff"), KEEP: "all"})
    printed = _pipeline(graph, identity, folder, order)
    result = folder / "result.json"
    cells = [cell for c in graph.notebook.tagged for cell in build.plain_cells(graph, c)]
    compare = (
        "from mlops_jlab.handoff.comparing import compare as _mlops_compare\n"
        f"_mlops_compare({str(folder / 'handoff')!r}, {identity!r}, {str(result)!r})"
    )
    cells.append({"cell_type": "code", "id": "compare", "source": [compare]})
    in_fork(lambda: run_cells(cells, folder / "whole.json"))
    whole = json.loads((folder / "whole.json").read_text())
    found = [f"{name}: {what}" for name, what in json.loads(result.read_text())["differences"].items()]
    for step in graph.steps:
        for cell in step.cells:
            if whole[cell.id] != printed[cell.id]:
                found.append(f"{cell.id} prints {whole[cell.id]!r} and {printed[cell.id]!r}")
    return found


def graph_of(cells: list[tuple[str, str]]) -> Graph:
    """The graph of a notebook with these cells, each with its tags."""
    return analyse(*from_node(notebook_json(cells), Path("/nowhere/nb.ipynb"), "0" * 64))


def answers(folder: Path, *cells: str) -> list[str]:
    """Where a notebook whose every cell is a step differs from it, if each step is rebuilt in a process."""
    tagged = [
        (f"step:s{place}" + (f" after:s{place - 1}" if place else ""), c) for place, c in enumerate(cells)
    ]
    return differences(graph_of(tagged), folder, random.Random(0))


def _pipeline(graph: Graph, identity: str, folder: Path, order: random.Random) -> dict[str, str]:
    pending = {step.name for step in graph.steps}
    steps = {step.name: step for step in graph.steps}
    court = Court(())
    printed: dict[str, str] = {}
    for turn in range(400):
        free = sorted(name for name in pending if not graph.before(name) & pending)
        if not free:
            return printed
        step = steps[order.choice(free)]
        target = folder / f"{turn}.json"
        cells = build.step_notebook(graph, step, identity)["cells"]
        in_fork(lambda cells=cells, target=target: run_cells(cells, target))
        printed.update(json.loads(target.read_text()))
        pending.discard(step.name)
        pending |= set(court.hear(read_record(record_path(folder / "handoff", step.position, step.name))))
    raise AssertionError("the steps never come to rest")
