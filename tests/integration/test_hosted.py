"""Steps that another engine starts: each in a process of its own, with nothing in common but a store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlops_jlab.engine.hosted.place import run_name
from tests.conftest import notebook_json

ODD = 'O\'B "x" $(id) `id` {{ y }} ${{ z }} {% raw %}\n%d \\n %%'
CELLS = [
    ("parameters", "rows: int = 10\ncity: str = 'Rome'"),
    ("step:load", "data = list(range(rows))\nprint(ascii(city))"),
    (
        "step:double",
        "import mlops_jlab\ndoubled = [2 * x for x in data]\nmlops_jlab.log_metric('most', max(doubled))",
    ),
    ("step:join", "print(max(doubled), max(data))"),
]


class Bench:
    """A folder with an export and a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def export(self, cells: Any, steps: Any = None) -> None:
        node = notebook_json(cells)
        node["metadata"]["mlops_jlab"] = {"steps": dict(steps or {})}
        (self.folder / "nb.ipynb").write_text(json.dumps(node))
        self.call("export", "nb.ipynb", "-o", "pipe")

    def call(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mlops_jlab", *words], cwd=self.folder, capture_output=True, text=True,
            env={**os.environ, **environment}, timeout=120,
        )  # fmt: skip

    def step(self, name: str, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.call("step", "pipe", name, "--store", "store", "--run", "r:1", *more, **environment)

    def printed(self, step: str) -> str:
        node = json.loads(
            (self.folder / "store" / run_name("r:1") / "executed" / f"{step}.ipynb").read_text()
        )
        outputs = [one for cell in node["cells"] for one in cell.get("outputs", ())]
        return "".join("".join(one.get("text", "")) for one in outputs)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.delenv("MLOPS_JLAB_STORE", raising=False)
    (tmp_path / ".mlops").mkdir()
    return Bench(tmp_path)


def test_steps_hand_on_by_the_store_and_become_one_run_of_the_table(bench: Bench) -> None:
    bench.export(CELLS)
    early = bench.step("join")
    assert early.returncode == 2
    assert "needs what load, double made" in early.stderr
    given = {"MLOPS_JLAB_PARAMETERS": json.dumps({"city": ODD}), "MLOPS_JLAB_PARAMETER_rows": "4"}
    for name in ("load", "double", "join"):
        done = bench.step(name, "--result", "told.json", **given)
        assert done.returncode == 0, done.stderr
        told = json.loads((bench.folder / "told.json").read_text())
        assert (told["status"], told["metrics"]) == ("finished", {"most": 6} if name == "double" else {})
    assert bench.printed("load") == ascii(ODD) + "\n"
    assert bench.printed("join") == "6 3\n"

    again = bench.step("double", **given)
    assert again.returncode == 0
    assert "done already" in again.stdout
    other = bench.step("double", MLOPS_JLAB_PARAMETER_rows="5")
    assert other.returncode == 2
    assert "began with" in other.stderr

    assert "finished, 3 of 3 steps" in bench.call("runs", "import", "store").stdout
    assert "nothing new" in bench.call("runs", "import", f"store/{run_name('r:1')}").stdout
    runs = json.loads(bench.call("runs", "list", "--flat", "--format", "json").stdout)
    whole = next(run for run in runs if run["kind"] == "pipeline")
    assert len(runs) == 4
    assert (whole["status"], whole["params"]["city"], whole["metrics"]["most"]["latest"]) == (
        "finished",
        ODD,
        6,
    )
    assert {run["parent"] for run in runs if run is not whole} == {whole["id"]}


def test_a_step_is_left_out_by_its_condition_and_one_that_fails_is_tried_again(bench: Bench) -> None:
    bench.export(
        [
            ("step:a", "import mlops_jlab\nx = 1\nmlops_jlab.log_metric('drift', 0.05)"),
            ("step:b", "x = 2"),
            ("step:c", "import pathlib\nassert pathlib.Path('ready').exists()\nprint(x)"),
        ],
        {"b": {"when": "metrics.drift > 0.1"}, "c": {"retries": 9}},
    )
    assert [bench.step(name, "--once").returncode for name in "abc"] == [0, 0, 1]
    assert "failed, 2 of 3 steps" in bench.call("runs", "import", "store").stdout
    (bench.folder / "ready").touch()
    table = bench.folder / "table"
    assert bench.step("c", MLOPS_JLAB_STORE=str(table)).returncode == 0
    assert bench.printed("c") == "1\n"
    assert "finished, 3 of 3 steps" in bench.call("runs", "import", "store").stdout
    states = bench.folder / "store" / run_name("r:1") / "states"
    assert json.loads((states / "b.json").read_text())["state"]["why"].startswith(
        "not so: metrics.drift > 0.1"
    )
    assert json.loads((states / "c.json").read_text())["state"]["attempts"] == 2
    listed = bench.call("runs", "list", "--flat", "--format", "json", MLOPS_JLAB_STORE=str(table)).stdout
    assert sorted(run["kind"] for run in json.loads(listed)) == ["pipeline", "step", "step", "step"]


def test_what_another_machine_wrote_is_trusted_by_a_common_key(bench: Bench, tmp_path: Path) -> None:
    bench.export([("step:a", "x = 1"), ("step:b", "print(x)")])
    key = {"MLOPS_JLAB_KEY": "k" * 32}
    assert bench.step("a", **key, MLOPS_JLAB_KEY_FILE=str(tmp_path / "1")).returncode == 0
    refused = bench.step("b", MLOPS_JLAB_KEY_FILE=str(tmp_path / "2"))
    assert refused.returncode == 1
    assert "the same MLOPS_JLAB_KEY" in refused.stderr
    assert bench.step("b", **key, MLOPS_JLAB_KEY_FILE=str(tmp_path / "2")).returncode == 0
    assert "needs 32" in bench.step("b", MLOPS_JLAB_KEY="short").stderr


def test_steps_hand_on_by_a_store_of_objects(bench: Bench, bucket: str) -> None:
    bench.export([("step:a", "import numpy as np\nx = np.arange(400_000.0)"), ("step:b", "print(x.sum())")])
    words = ("--store", f"{bucket}/hosted", "--run", "1")
    for name in "ab":
        done = bench.call("step", "pipe", name, *words)
        assert done.returncode == 0, done.stderr
    assert "done already" in bench.call("step", "pipe", "b", *words).stdout
    assert "finished, 2 of 2 steps" in bench.call("runs", "import", f"{bucket}/hosted").stdout


@pytest.mark.parametrize(
    ("one", "other"),
    [("a:b", "a=3ab"), ("a/b", "a_b"), (".x", "=2ex"), ("ä", "=c3=a4"), ("x" * 200, "x" * 201)],
)
def test_two_runs_never_share_a_name(one: str, other: str) -> None:
    assert run_name(one) != run_name(other)
    assert set(run_name(one)) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-=")


@pytest.mark.slow
def test_the_last_task_promotes_what_passed_its_gate_and_no_model_is_lost(bench: Bench) -> None:
    bench.export(
        [
            (
                "setup",
                "import numpy as np, pandas as pd, mlops_jlab\nfrom mlops_jlab import gate\n"
                "from sklearn.linear_model import LogisticRegression",
            ),
            (
                "step:fit",
                "random = np.random.default_rng(1)\nframe = pd.DataFrame(random.normal(size=(4000, 2)), columns=['a', 'b'])\n"
                "frame['y'] = (frame.a + frame.b + random.normal(size=4000) > 0).astype(int)\n"
                "model = LogisticRegression().fit(frame[['a', 'b']], frame.y)\n"
                "version = mlops_jlab.register_model(model, 'small')",
            ),
            (
                "step:judge gate",
                "gate.compare(model, frame, 'y', name='small', rules='roc_auc better', bootstrap=True)",
            ),
        ]
    )
    lost = bench.step("fit")
    assert lost.returncode == 1
    assert "no run table keeps it" in lost.stderr
    assert bench.step("@champion").returncode == 2
    table = {"MLOPS_JLAB_STORE": str(bench.folder / "table")}
    assert bench.step("fit", **table).returncode == 0
    early = bench.step("@champion", **table)
    assert early.returncode == 2
    assert "judge of the run" in early.stderr
    assert bench.step("judge", **table).returncode == 0
    promoted = bench.step("@champion", **table)
    assert (promoted.returncode, promoted.stdout) == (0, "small 1: small@champion: version none → 1\n")
    assert "is the champion already" in bench.step("@champion", **table).stdout
    (said,) = json.loads(bench.call("models", "list", "--format", "json", **table).stdout)
    assert "champion" in json.dumps(said)
