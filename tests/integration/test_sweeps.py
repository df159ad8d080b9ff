"""Sweeps from the command line: each combination a run, and nothing computed twice."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from mlops_jlab.engine.sweeps.search import combinations, space_of
from mlops_jlab.engine.sweeps.study import Study
from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.errors import InputError, ParameterError
from mlops_jlab.store import opening, reading
from mlops_jlab.store.location import Place
from tests.conftest import notebook_json

CELLS = [
    ("parameters", "depth: int = 3\nrate: float = 0.5"),
    ("step:load", "rows = [1, 2, 3]"),
    ("step:fit", "model = sum(rows) * depth"),
    (
        "step:judge",
        "import mlops_jlab\nassert depth != 8, 'too deep'\nmlops_jlab.log_metric('score', model * rate)",
    ),
]
DECLARED = (Parameter("depth", ("int",)), Parameter("kind", ("str",)), Parameter("rate", ("float",)))


def sweep(
    folder: Path, *words: str, cells: Sequence[tuple[str, str]] = CELLS
) -> subprocess.CompletedProcess[str]:
    (folder / "nb.ipynb").write_text(json.dumps(notebook_json(list(cells))))
    return subprocess.run(
        [sys.executable, "-m", "mlops_jlab", "sweep", "nb.ipynb", *words], cwd=folder, text=True,
        capture_output=True, timeout=120, env={**os.environ, "MLOPS_JLAB_STORE": str(folder / "store")},
    )  # fmt: skip


def test_each_combination_is_run_and_what_does_not_change_is_computed_once(tmp_path: Path) -> None:
    done = sweep(tmp_path, "-p", "depth=3,5", "-p", "rate=0.5,1", "--metric", "score")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.strip()[:1].isdigit()]
    assert rows == [
        ["4", "5", "1", "30"],
        ["2", "3", "1", "18"],
        ["3", "5", "0.5", "15"],
        ["1", "3", "0.5", "9"],
    ]
    with opening.reading(Place(tmp_path / "store")) as connection:
        whole = next(r for r in reading.page(connection, reading.Query(limit=99)).runs if r.kind == "sweep")
        trials = reading.children(connection, whole)
        steps = [step for trial in trials for step in reading.children(connection, trial)]
    assert sorted(bool(step.engine.cached) for step in steps if step.name == "load") == [
        False,
        True,
        True,
        True,
    ]
    assert whole.status == "finished"
    assert [trial.kind for trial in trials] == ["pipeline"] * 4
    assert [trial.params["depth"] for trial in trials] == ["3", "3", "5", "5"]


def test_a_trial_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    done = sweep(tmp_path, "-p", "depth=8,3", "--metric", "score")
    assert done.returncode == 1
    assert "✗   1  depth=8" in done.stderr
    assert "✓   2  depth=3" in done.stderr


def listed(given: Mapping[str, object], trials: int | None = None, seed: int = 0) -> list[dict[str, object]]:
    return combinations(DECLARED, space_of(DECLARED, given), trials, seed)


def test_combinations_are_checked_and_drawn() -> None:
    every = listed({"depth": "1,2,2", "kind": ["a,b", "c"]})
    assert every == [{"depth": d, "kind": k} for d in (1, 2) for k in ("a,b", "c")]
    some = listed({"depth": list(range(1000)), "kind": "a"}, 5, 7)
    assert len({one["depth"] for one in some}) == 5
    assert some == listed({"depth": list(range(1000)), "kind": "a"}, 5, 7)
    with pytest.raises(InputError, match="nothing varies"):
        listed({"depth": "3"})
    with pytest.raises(InputError, match="combinations"):
        listed({"depth": list(range(200)), "kind": [str(n) for n in range(200)]})
    with pytest.raises(ParameterError):
        listed({"depth": "3,x"})


def test_ranges_are_drawn_from_within_their_ends() -> None:
    some = listed({"depth": "2..9", "rate": "1e-4..1:log", "kind": "a..b,c"}, 200)
    depths = {one["depth"] for one in some}
    assert depths == set(range(2, 10))
    rates = [one["rate"] for one in some]
    assert all(isinstance(rate, float) and 1e-4 <= rate <= 1 for rate in rates)
    assert 60 < sum(rate < 0.01 for rate in rates) < 140  # half of them, as it is logarithmic
    assert {one["kind"] for one in some} == {"a..b", "c"}
    with pytest.raises(InputError, match="no end of values"):
        listed({"depth": "2..9"})
    for wrong in ("9..2", "0..4:log"):
        with pytest.raises(ParameterError, match="not a range of depth"):
            listed({"depth": wrong}, 3)
    with pytest.raises(ParameterError):
        listed({"depth": "2..x"}, 3)


def test_a_search_that_learns_comes_nearer_than_chance() -> None:
    space = space_of(DECLARED, {"depth": "0..200", "rate": "0..1", "kind": "good,bad"})

    def score(one: dict[str, object]) -> float:
        near = -abs(float(str(one["depth"])) - 150) / 200 - abs(float(str(one["rate"])) - 0.3)
        return near - (one["kind"] == "bad")

    study = Study(DECLARED, space, 60, 1, minimize=False, prune=False)
    found: list[float] = []
    while (one := study.ask(len(found))) is not None:
        found.append(score(one))
        study.tell(len(found) - 1, found[-1])
    assert len(found) == 60
    assert sum(found[-20:]) / 20 > sum(found[:20]) / 20
    assert max(found) > -0.15


LEARNER = [
    ("parameters", "slope: float = 1.0\nwait: float = 0.0"),
    (
        "step:fit",
        "import time, mlops_jlab\nfor n in range(40):\n"
        "    mlops_jlab.log_metric('score', slope * n, step=n)\n    time.sleep(wait)",
    ),
]


@pytest.mark.slow
def test_a_trial_that_falls_behind_is_given_up(tmp_path: Path) -> None:
    words = ["-p", "slope=5,4,3,-1", "-p", "wait=0.1", "--metric", "score", "--prune"]
    done = sweep(tmp_path, *words, cells=LEARNER)
    assert done.returncode == 0, done.stderr
    assert "–   4  slope=-1, wait=0.1" in done.stderr
    assert "pruned at iteration" in done.stderr
    with opening.reading(Place(tmp_path / "store")) as connection:
        runs = reading.page(connection, reading.Query(limit=99)).runs
    assert sorted(run.status for run in runs if run.kind == "pipeline") == ["finished"] * 3 + ["killed"]
    assert next(run for run in runs if run.kind == "sweep").status == "finished"


def test_what_a_search_needs_is_said(tmp_path: Path) -> None:
    for words, told in (
        (["--search", "bayes", "--trials", "3"], "--metric NAME"),
        (["--search", "random"], "how many trials"),
        (["--search", "grid", "--trials", "3"], "a grid has all its trials"),
    ):
        done = sweep(tmp_path, "-p", "depth=2,3", *words)
        assert done.returncode == 2
        assert told in done.stderr
    assert not (tmp_path / "store" / "runs.db").exists()


def test_a_search_by_what_trials_have_shown_runs_from_the_command_line(tmp_path: Path) -> None:
    done = sweep(
        tmp_path, "-p", "depth=1..7", "-p", "rate=0.1..1:log", "--search", "bayes", "--trials", "16",
        "--metric", "score",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.strip()[:1].isdigit()]
    assert len(rows) == 16
    scores = {int(row[0]): float(row[-1]) for row in rows}
    learned = [scores[number] for number in range(12, 17)]  # by chance for the first ten
    assert sum(learned) / 5 > sum(scores[number] for number in range(1, 11)) / 10


MEETING = [
    ("parameters", "seat: int = 0\npause: float = 2.0"),
    ("step:load", "rows = [1, 2, 3]"),
    (
        "step:meet",
        "import time, mlops_jlab\n"
        "mlops_jlab.log_metric('begun', time.time())\n"
        "time.sleep(pause)\n"
        "mlops_jlab.log_metric('ended', time.time())",
    ),
]


def spans(folder: Path) -> list[tuple[float, float]]:
    """When each trial's step was executed, in the order of the trials."""
    with opening.reading(Place(folder / "store")) as connection:
        whole = next(r for r in reading.page(connection, reading.Query(limit=99)).runs if r.kind == "sweep")
        steps = [
            step for trial in reading.children(connection, whole)
            for step in reading.children(connection, trial) if step.metrics
        ]  # fmt: skip
    return [(step.metrics["begun"].latest, step.metrics["ended"].latest) for step in steps]


def test_trials_run_side_by_side_after_the_first(tmp_path: Path) -> None:
    done = sweep(
        tmp_path, "-p", "seat=1,2,3,4", "--parallel", "3", "--metric", "begun", "--minimize", cells=MEETING
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, *others = spans(tmp_path)
    assert len(others) == 3
    assert first[1] < min(begun for begun, _ in others), "the first is alone: it fills the cache"
    assert max(begun for begun, _ in others) < min(ended for _, ended in others), "the others are not"
    assert done.stdout.splitlines()[1].split()[0] == "1", "the best first"
    assert done.stderr.count("1 of 2 steps cached") == 3


def test_trials_that_write_files_run_one_after_the_other(tmp_path: Path) -> None:
    cells = [*MEETING, ("step:write", "open('seat.txt', 'w').write(str(seat))")]
    done = sweep(tmp_path, "-p", "seat=1,2,3", "-p", "pause=0.1", "--parallel", "3", cells=cells)
    assert done.returncode == 0, done.stderr
    assert "trials run one after the other: step 'write' writes seat.txt" in done.stderr
    times = spans(tmp_path)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(times))
    assert (tmp_path / "seat.txt").read_text() == "3"


def test_a_search_that_learns_and_trials_side_by_side(tmp_path: Path) -> None:
    words = ["--search", "bayes", "--trials", "5", "--metric", "score", "--parallel", "2", "--prune"]
    done = sweep(tmp_path, "-p", "depth=1..7", "-p", "rate=0.1..1", *words)
    assert done.returncode == 0, done.stderr
    assert sum(line.strip()[:1].isdigit() for line in done.stdout.splitlines()) == 5


def test_ctrl_c_ends_all_trials_that_run(tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(json.dumps(notebook_json(MEETING)))
    words = ["sweep", "nb.ipynb", "-p", "pause=0,60,61,62", "--parallel", "2"]
    store = tmp_path / "store"
    running = subprocess.Popen(
        [sys.executable, "-m", "mlops_jlab", *words], cwd=tmp_path,
        env={**os.environ, "MLOPS_JLAB_STORE": str(store)}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while statuses(store).count("running") < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    assert running.wait(60) == 1
    assert statuses(store) == ["finished", "killed", "killed"], "and the fourth never began"


def statuses(store: Path) -> list[str]:
    """How the trials of the only sweep in a store stand, in their order."""
    if not opening.exists(Place(store)):
        return []
    with opening.reading(Place(store)) as connection:
        wholes = [r for r in reading.page(connection, reading.Query(limit=99)).runs if r.kind == "sweep"]
        return [str(trial.status) for whole in wholes for trial in reading.children(connection, whole)]
