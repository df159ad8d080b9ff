"""Sweeps from the command line: each combination a run, and nothing computed twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_jlab.engine.sweeping import combinations
from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.errors import InputError, ParameterError
from mlops_jlab.store import opening, reading
from mlops_jlab.store.location import Place
from tests.conftest import notebook_json

CELLS = [
    ("parameters", "depth: int = 3\nrate: float = 0.5"),
    ("step:load", "open('loads', 'a').write('x')\nrows = [1, 2, 3]"),
    ("step:fit", "model = sum(rows) * depth"),
    (
        "step:judge",
        "import mlops_jlab\nassert depth != 8, 'too deep'\nmlops_jlab.log_metric('score', model * rate)",
    ),
]
DECLARED = (Parameter("depth", ("int",)), Parameter("kind", ("str",)))


def sweep(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "nb.ipynb").write_text(json.dumps(notebook_json(CELLS)))
    return subprocess.run(
        [sys.executable, "-m", "mlops_jlab", "sweep", "nb.ipynb", *words], cwd=folder, text=True,
        capture_output=True, timeout=120, env={**os.environ, "MLOPS_JLAB_STORE": str(folder / "store")},
    )  # fmt: skip


def test_each_combination_is_run_and_what_does_not_change_is_computed_once(tmp_path: Path) -> None:
    done = sweep(tmp_path, "-p", "depth=3,5", "-p", "rate=0.5,1", "--metric", "score")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "loads").read_text() == "x"
    rows = [line.split() for line in done.stdout.splitlines() if line.strip()[:1].isdigit()]
    assert rows == [
        ["4", "5", "1.0", "30"],
        ["2", "3", "1.0", "18"],
        ["3", "5", "0.5", "15"],
        ["1", "3", "0.5", "9"],
    ]
    with opening.reading(Place(tmp_path / "store")) as connection:
        whole = next(r for r in reading.page(connection, reading.Query(limit=99)).runs if r.kind == "sweep")
        trials = reading.children(connection, whole)
    assert whole.status == "finished"
    assert [trial.kind for trial in trials] == ["pipeline"] * 4
    assert [trial.params["depth"] for trial in trials] == ["3", "3", "5", "5"]


def test_a_trial_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    done = sweep(tmp_path, "-p", "depth=8,3", "--metric", "score")
    assert done.returncode == 1
    assert "✗   1  depth=8" in done.stderr
    assert "✓   2  depth=3" in done.stderr


def test_combinations_are_checked_and_drawn(tmp_path: Path) -> None:
    every = combinations(DECLARED, {"depth": "1,2,2", "kind": ["a,b", "c"]}, None, 0)
    assert every == [{"depth": d, "kind": k} for d in (1, 2) for k in ("a,b", "c")]
    some = combinations(DECLARED, {"depth": list(range(1000)), "kind": "a"}, 5, 7)
    assert len({one["depth"] for one in some}) == 5
    assert some == combinations(DECLARED, {"depth": list(range(1000)), "kind": "a"}, 5, 7)
    with pytest.raises(InputError, match="nothing varies"):
        combinations(DECLARED, {"depth": "3"}, None, 0)
    with pytest.raises(InputError, match="combinations"):
        combinations(DECLARED, {"depth": list(range(200)), "kind": [str(n) for n in range(200)]}, None, 0)
    with pytest.raises(ParameterError):
        combinations(DECLARED, {"depth": "3,x"}, None, 0)
