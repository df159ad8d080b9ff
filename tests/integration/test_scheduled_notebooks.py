"""Several notebooks as one schedule: one trains, another judges as well; what is promoted has passed both."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlops_jlab.cli.main import cli
from mlops_jlab.entities.schedules import Firing, Schedule
from mlops_jlab.errors import InputError, MlopsError, ParameterError
from mlops_jlab.registry import versions
from mlops_jlab.retraining import schedules, sources, ticking
from mlops_jlab.store import opening
from mlops_jlab.store import reading as runs
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all
from tests.conftest import notebook_json

TRAIN = [
    ("parameters", "rows: int = 400\nday: str = ''"),
    ("setup", "import numpy as np, pandas as pd, mlops_jlab\nfrom mlops_jlab import gate\n"
     "from sklearn.linear_model import LogisticRegression"),
    ("step:load", "random = np.random.default_rng(0)\n"
     "frame = pd.DataFrame(random.normal(size=(rows, 2)), columns=['a', 'b'])\n"
     "frame['y'] = (frame.a + frame.b + random.normal(size=rows) > 0).astype(int)"),
    ("step:fit", "model = LogisticRegression().fit(frame[['a', 'b']], frame.y)\n"
     "version = mlops_jlab.register_model(model, 'small')"),
    ("step:judge gate", "gate.compare(model, frame, 'y', name='small', rules='roc_auc above 0.5', bootstrap=True)"),
]  # fmt: skip
REPORT = [
    ("setup", "import pathlib\nfrom mlops_jlab import gate"),
    ("step:look gate", "assert not pathlib.Path('broken').exists(), 'the report is broken'\n"
     "gate.compare(model, data, 'y', name='small', rules='accuracy above 0.1\\nsize below 1 GB',"
     " bootstrap=True)"),
]  # fmt: skip
FILE = """\
pipeline:
  notebooks: [train.ipynb, report.ipynb]
  take: {report: [from train take model, frame as data]}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / ".mlops"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # several threads wait for each other on a busy machine
    write("train", TRAIN)
    write("report", REPORT)
    (tmp_path / "churn.yaml").write_text(FILE)
    yield Place(tmp_path / ".mlops")
    close_all()


def write(name: str, cells: Sequence[tuple[str, str]]) -> None:
    Path(f"{name}.ipynb").write_text(json.dumps(notebook_json(list(cells))))


def add(place: Place, given: dict[str, object] | None = None, *, retries: int = 0) -> Schedule:
    wish = Schedule("", "churn.yaml", cron="0 3 * * *", promote="champion", backoff=1.0, retries=retries)
    return schedules.add(place, wish, given or {})


def run_now(place: Place) -> Firing:
    claimed = ticking.run_now(place, "churn")
    assert claimed is not None
    return ticking.execute(place, claimed)


def told(firing: Firing) -> dict[str, str]:
    return {step.step: step.outcome for step in firing.steps}


def test_what_passed_the_gates_of_all_notebooks_is_promoted(place: Place) -> None:
    schedule = add(place, {"rows": "500", "train.day": "{due:%Y-%m-%d}"})
    assert schedule.name == "churn"
    assert schedule.parameters["train.rows"] == 500
    assert sources.gates(schedule) == {
        "train.judge": ["roc_auc above 0.5"], "report.look": ["accuracy above 0.1", "size below 1 GB"]
    }  # fmt: skip
    (_, first), _ = schedules.preview(place, schedule, 2)
    assert first.keys() == {"train.day"}
    firing = run_now(place)
    assert (firing.status, told(firing)["gates"], told(firing)["promote"]) == ("finished", "pass", "done"), (
        firing.steps
    )
    (version,) = versions.all_versions(place, "small")
    assert version.aliases == ("champion",)
    assert version.whole == firing.run
    with opening.reading(place) as connection:
        whole = runs.find(connection, firing.run)
        parts = runs.children(connection, whole)
        steps = [step.name for part in parts for step in runs.children(connection, part)]
    assert [part.params.get("rows") for part in parts] == ["500", None]
    assert steps == ["load", "fit", "judge", "hand-on", "from-train", "look"]
    assert sources.drifted(schedule) == ""
    write("report", [*REPORT, ("step:more", "print(1)")])
    assert sources.drifted(schedule).startswith("one of the notebooks was changed on")
    Path("report.ipynb").unlink()
    assert sources.drifted(schedule) == "report.ipynb is gone"


@pytest.mark.slow
def test_a_model_that_one_notebook_refuses_is_not_promoted(place: Place) -> None:
    write("train", [*TRAIN[:-1], (TRAIN[-1][0], TRAIN[-1][1].replace("0.5", "0.99"))])
    add(place)
    firing = run_now(place)
    assert (firing.status, told(firing)["gates"], told(firing)["promote"]) == ("finished", "fail", "no"), (
        firing
    )
    with pytest.raises(MlopsError, match="the gate of small 1 says: fail"):
        versions.promote(place, "small/1", "champion")


@pytest.mark.slow
def test_another_try_goes_on_in_the_notebook_that_failed(place: Place) -> None:
    Path("broken").touch()
    add(place, retries=1)
    firing = run_now(place)
    assert firing.status == "waiting"
    assert "report: look: AssertionError: the report is broken" in firing.steps[-1].why
    Path("broken").unlink()
    (claimed,) = ticking.claim_all(place, time.time() + 3600)
    firing = ticking.execute(place, claimed)
    assert (firing.status, told(firing)["promote"]) == ("finished", "done"), firing
    (version,) = versions.all_versions(place, "small")
    assert version.whole == firing.run.split()[-1]  # it was registered by the first try, and is judged whole
    with opening.reading(place) as connection:
        (part,) = runs.children(connection, runs.find(connection, version.whole))
    assert part.source.endswith("report.ipynb")


def test_what_is_wrong_is_said_when_the_schedule_is_made(place: Place) -> None:
    with pytest.raises(ParameterError, match="no notebook has a parameter 'row'"):
        add(place, {"row": 1})
    write("report", [("step:look", "print(nothing)")])
    with pytest.raises(InputError, match="nothing"):
        add(place)
    write("report", REPORT)
    pinned = CliRunner().invoke(cli, ["schedule", "add", "churn.yaml", "--every", "1h", "--pin"])
    assert pinned.exit_code != 0
    made = CliRunner().invoke(cli, ["schedule", "add", "churn.yaml", "--every", "1h"], standalone_mode=False)
    assert made.exception is None, made.output
    assert "churn: every 1 h" in made.output or "churn:" in made.output
