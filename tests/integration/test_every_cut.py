"""Each notebook, as it is tagged and cut at every cell, computes what Run All computes.

Where steps are rebuilt, one of three notebooks is taken, with ``--cold`` another one than on Dask; ``make programs``
takes all.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings

from mlops_jlab.engine.asked import Options
from mlops_jlab.engine.folder.state import RunState, StepState
from mlops_jlab.engine.proof.verify import cut_everywhere, verify
from mlops_jlab.pipeline.export import graph_of
from tests.conftest import DATA, notebook_json
from tests.integration.clusters import Cluster, two_workers
from tests.programs import is_wanted
from tests.steps.test_any_program import PROGRAM, Program, may_run

# What the fifth registers and compares with is another each time; its story is test_retraining's.
NOTEBOOKS = sorted((DATA.parent.parent / "notebooks").glob("0[1-4]-*.ipynb"))
SMALL = sorted((DATA / "notebooks").glob("*.py"))
WAYS = {"as-tagged": 4, "every-cut": 4, "every-cut-cold": 8, "every-cut-dask": 8}  # one of so many
RUNS = [
    (path, how)
    for how, one_of in WAYS.items()
    for path in [*NOTEBOOKS, *SMALL]
    if is_wanted(f"{how} {path.stem}", one_of)
]


class Silent:
    """A listener that keeps the errors for the assertion's message."""

    def __init__(self) -> None:
        self.errors: list[object] = []

    def started(self, state: RunState) -> None: ...

    def step(self, step: StepState, note: str = "") -> None:
        if step.error:
            self.errors.append(step.error["message"])

    def written(self, step: StepState) -> None: ...

    def cell(self, step: str, index: int, count: int, cell_id: str) -> None: ...

    def ended(self, state: RunState) -> None: ...


def test_there_are_enough_hard_cases() -> None:
    assert len(SMALL) >= 25
    assert len(NOTEBOOKS) >= 2


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with two_workers(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.mark.parametrize(("path", "how"), RUNS, ids=lambda part: getattr(part, "stem", part))
def test_the_pipeline_gives_the_same_answer(
    path: Path, how: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    graph = graph_of(path)
    if how != "as-tagged":
        graph = cut_everywhere(graph.notebook)
    folder = tmp_path / "cwd"
    folder.mkdir()
    watching = Silent()
    executor = request.getfixturevalue("cluster").address if how == "every-cut-dask" else ""
    options = Options(folder=folder, jobs=2, cold=how == "every-cut-cold", executor=executor)
    verdict = verify(graph, tmp_path / "out", {}, options, watching)
    assert verdict.same, (verdict.failure, verdict.differences, watching.errors)
    assert verdict.outputs >= len(graph.steps)


@pytest.mark.slow
@pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])
def test_any_program_gives_the_same_answer_on_real_kernels(cold: bool, tmp_path: Path) -> None:
    numbers = itertools.count()

    @settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(PROGRAM)
    def holds(program: Program) -> None:
        cells = may_run(program)
        assume(cells)
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        (folder / "nb.ipynb").write_text(json.dumps(notebook_json(cells)), "utf-8")
        graph = graph_of(folder / "nb.ipynb")
        verdict = verify(graph, folder / "out", {}, Options(folder=folder, jobs=2, cold=cold), Silent())
        assert verdict.same, (cells, verdict.failure, verdict.differences)

    holds()
    assert next(numbers) >= 10
