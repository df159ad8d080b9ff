"""The public calls: small things that MLflow's users complain of, and code that was written for MLflow."""

from __future__ import annotations

import asyncio
import json
import math
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mlops_jlab as mlflow
from mlops_jlab import telling
from mlops_jlab.errors import InputError, TrackingError
from mlops_jlab.store import database, maintenance, opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all
from mlops_jlab.tracking import exporting, finding


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    telling._said.clear()
    yield Place(tmp_path / "store")
    while mlflow.active_run():
        mlflow.end_run()
    close_all()


def test_a_run_keeps_what_is_logged() -> None:
    with mlflow.start_run(run_name="one", tags={"a": 1}, description="why", group="g") as run:
        assert mlflow.active_run() is run
        assert mlflow.log_param("depth", 3) == 3
        mlflow.log_params({"model": "rf", "list": [1, 2]})
        for value in (1.0, 0.5):
            mlflow.log_metric("loss", value)
        mlflow.log_metrics({"acc": np.float32(0.5), "n": 7}, step=4)
        mlflow.set_tags({"b": "x"})
        mlflow.log_text("hello", "notes/a.txt")
        mlflow.log_dict({"x": 1}, "d.yaml")
    found = mlflow.get_run(run.id)
    assert mlflow.active_run() is None
    assert (found.status, found.name, found.group, found.note) == ("finished", "one", "g", "why")
    assert found.params == {"depth": "3", "list": "[1, 2]", "model": "rf"}
    assert {name: (m.latest, m.iteration) for name, m in found.metrics.items()} == {
        "loss": (0.5, 1), "acc": (0.5, 4), "n": (7.0, 4),
    }  # fmt: skip
    assert found.tags == {"a": "1", "b": "x"}
    assert found.facts["machine"]["python"]


def test_the_block_that_raises_fails_its_run() -> None:
    with pytest.raises(ZeroDivisionError), mlflow.start_run() as run:
        1 / 0  # noqa: B018
    found = mlflow.get_run(run.id)
    assert (found.status, found.reason) == ("failed", "ZeroDivisionError: division by zero")


def test_starting_again_ends_the_run_before_as_when_a_cell_is_executed_again() -> None:
    first = mlflow.start_run()
    second = mlflow.start_run()
    mlflow.log_metric("x", 1)
    assert mlflow.get_run(first.id).status == "finished"
    assert mlflow.get_run(second.id).metrics["x"].latest == 1
    assert mlflow.get_run(second.id).parent == ""


def test_blocks_nest_by_themselves() -> None:
    outer = mlflow.start_run()
    with mlflow.start_run() as inner:
        mlflow.log_metric("x", 1)
        with mlflow.start_run(nested=True) as innermost:
            mlflow.log_metric("y", 1)
    mlflow.log_metric("z", 1)
    mlflow.end_run()
    assert mlflow.get_run(inner.id).parent == outer.id
    assert mlflow.get_run(innermost.id).parent == inner.id
    assert list(mlflow.get_run(outer.id).metrics) == ["z"]
    assert mlflow.get_run(outer.id).status == "finished"


def test_a_param_is_corrected_and_of_any_length(place: Place) -> None:
    with mlflow.start_run() as run:
        mlflow.log_param("p", "x" * 100_000)
        mlflow.log_param("p", 2)
    with opening.reading(place) as connection:
        found = reading.find(connection, run.id)
        assert found.params == {"p": "2"}
        assert [len(value) for _, value, _ in reading.corrections(connection, found)] == [100_000]


def test_logging_outside_a_run_warns_once_keeps_and_starts_no_run(capsys: pytest.CaptureFixture[str]) -> None:
    mlflow.log_metric("acc", 0.9)
    mlflow.log_param("p", 1)
    assert "no run is active" in capsys.readouterr().err
    with mlflow.start_run() as run:
        assert mlflow.adopt() == 2
    assert mlflow.search_runs()["run_id"].tolist() == [run.id]
    assert mlflow.get_run(run.id).params == {"p": "1"}


def test_a_run_is_resumed_by_its_id() -> None:
    with mlflow.start_run() as run:
        mlflow.log_metric("x", 1)
    with mlflow.start_run(run_id=run.id) as again:
        mlflow.log_metric("x", 2)
    found = mlflow.get_run(run.id)
    assert (again.id, found.attempt, found.status) == (run.id, 2, "finished")
    assert [p.value for p in finding.get_history(run.id, "x")] == [1.0, 2.0]
    with pytest.raises(InputError, match="there is no run"):
        mlflow.start_run(run_id="f" * 32)


def test_two_processes_do_not_write_one_run() -> None:
    run = mlflow.start_run()
    mlflow.flush()
    code = f"import mlops_jlab; mlops_jlab.start_run(run_id={run.id!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "is being written by process" in done.stderr


def test_tasks_side_by_side_do_not_mix_their_runs() -> None:
    async def job(n: int) -> str:
        with mlflow.start_run(run_name=f"task {n}") as run:
            for i in range(5):
                mlflow.log_metric("x", 10 * n + i)
                await asyncio.sleep(0.001)
        return run.id

    async def everything() -> list[str]:
        return await asyncio.gather(*(job(n) for n in range(4)))

    for n, run_id in enumerate(asyncio.run(everything())):
        assert [p.value for p in finding.get_history(run_id, "x")] == [10.0 * n + i for i in range(5)]


def test_threads_log_to_the_run_that_is_active() -> None:
    with mlflow.start_run() as run:
        threads = [threading.Thread(target=mlflow.log_metric, args=(f"m{n}", n)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(mlflow.get_run(run.id).metrics) == 8


def test_a_forked_child_logs_to_the_run_and_does_not_end_it() -> None:
    run = mlflow.start_run()
    mlflow.log_metric("parent", 1)
    child = os.fork()
    if child == 0:
        mlflow.log_metric("child", 2)
        os._exit(0)
    os.waitpid(child, 0)
    mlflow.log_metric("parent", 3)
    mlflow.end_run()
    found = mlflow.get_run(run.id)
    assert ({*found.metrics}, found.status) == ({"parent", "child"}, "finished")


NUMBERS = [(True, 1.0), (3, 3.0), (Decimal("0.5"), 0.5), (np.int64(4), 4.0), (np.array(2.5), 2.5),
           (float("nan"), math.nan), (-math.inf, -math.inf), (-0.0, -0.0), (10**300, 1e300)]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), NUMBERS, ids=repr)
def test_numbers_of_all_kinds_are_kept_exactly(value: object, expected: float) -> None:
    with mlflow.start_run() as run:
        mlflow.log_metric("x", value)
    assert repr(finding.get_history(run.id, "x")[0].value) == repr(expected)


@pytest.mark.parametrize(
    "value", ["0.5", None, 1j, [1.0], np.zeros(3), 10**400, object()], ids=lambda v: type(v).__name__
)
def test_what_is_no_number_is_refused_with_its_name(value: object) -> None:
    with mlflow.start_run(), pytest.raises(TrackingError, match="'x'"):
        mlflow.log_metric("x", value)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\0", "x" * 501, 5, "\ud800"])
def test_a_name_that_is_none_is_refused(name: object) -> None:
    with mlflow.start_run():
        for call in (mlflow.log_metric, mlflow.log_param, mlflow.set_tag):
            with pytest.raises(TrackingError):
                call(name, 1)  # type: ignore[operator]


def test_secrets_are_masked() -> None:
    with mlflow.start_run() as run:
        mlflow.log_params({"db_password": "hunter2", "API_TOKEN": "t"})
    assert set(mlflow.get_run(run.id).params.values()) == {"***"}


def test_files_tables_figures_and_models_are_kept(place: Place, tmp_path: Path) -> None:
    import matplotlib.pyplot as plt
    from sklearn.linear_model import LinearRegression

    folder = tmp_path / "data"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "sub" / "b.txt").write_text("b")
    (folder / "out").symlink_to("/etc/passwd")
    figure, _axes = plt.subplots()
    with mlflow.start_run() as run:
        mlflow.log_artifact(folder / "a.txt", "in")
        mlflow.log_artifacts(folder, "all")
        mlflow.log_figure(figure, "plots/f.svg")
        mlflow.log_table(pd.DataFrame({"x": [1, 2]}), "t.csv")
        mlflow.log_table({"x": [1]}, "t.json")
        mlflow.sklearn.log_model(sk_model=LinearRegression().fit([[1.0], [2.0]], [1, 2]), name="m")
        mlflow.log_input(pd.DataFrame({"x": [1, 2]}), "train")
        for bad in (lambda: mlflow.log_text("x", "../up"), lambda: mlflow.log_artifact(folder / "none"),
                    lambda: mlflow.log_figure(3, "f.png"), lambda: mlflow.log_figure(figure, "f.nope"),
                    lambda: mlflow.log_table(3, "t.csv")):  # fmt: skip
            with pytest.raises(TrackingError):
                bad()
    plt.close(figure)
    with opening.reading(place) as connection:
        names = [file.path for file in reading.artifacts(connection, reading.find(connection, run.id))]
    model = [name for name in names if name.startswith("m/")]
    assert [name for name in names if name not in model] == [
        "all/a.txt", "all/sub/b.txt", "in/a.txt", "plots/f.svg", "t.csv", "t.json",
    ]  # fmt: skip
    assert len(model) == 2
    data = mlflow.get_run(run.id).facts["data"]
    assert data["train"]["hash"] == data["t.csv"]["hash"]
    assert data["train"]["shape"] == [2, 1]


def test_a_fingerprint_changes_with_the_data_and_with_nothing_else() -> None:
    from mlops_jlab.tracking.contents import fingerprint

    frame = pd.DataFrame({"x": np.arange(200_000.0), "y": "a"})
    other = frame.copy()
    other.loc[12_345, "x"] += 1
    assert fingerprint(frame) == fingerprint(frame.copy())
    assert fingerprint(frame)["hash"] != fingerprint(other)["hash"]
    assert fingerprint(np.arange(3))["hash"] != fingerprint(np.arange(3.0))["hash"]
    assert fingerprint([1, 2])["shape"] == [2]


def test_runs_are_searched_and_compared() -> None:
    ids = []
    for n in range(3):
        with mlflow.start_run(experiment_id="e", run_name=f"r{n}") as run:
            mlflow.log_metric("acc", n / 10)
            mlflow.log_params({"n": n, "same": 1})
        ids.append(run.id)
    frame = mlflow.search_runs(filter_string="metrics.acc > 0.05", order_by=["metrics.acc DESC"])
    assert frame["run_id"].tolist() == [ids[2], ids[1]]
    assert frame["metrics.acc"].tolist() == [0.2, 0.1]
    assert mlflow.search_runs(experiment_names=["none"]).columns.tolist()[0] == "run_id"
    comparison = mlflow.compare_runs(frame)
    assert {line.name for line in comparison.differences} == {"n", "acc"}
    assert comparison.frame.loc[("param", "n")].tolist() == ["2", "1"]
    assert "* acc" in repr(comparison)


def test_parameters_that_a_run_takes_as_declared_are_compared_with_those_that_others_were_given() -> None:
    ids = []
    for given, declared in (({"lr": 0.01}, {"epochs": "30"}), ({}, {"lr": "0.1", "epochs": "30"})):
        with mlflow.start_run() as run:
            run.add_facts({"defaults": declared})
            mlflow.log_params(given)
        ids.append(run.id)
    lines = mlflow.compare_runs(ids).lines
    assert [line.values for line in lines if line.name == "lr"] == [("0.01", "0.1")]
    assert [line.differs for line in lines if line.name == "epochs"] == [False]


HOSTILE = "<img src=x onerror=window.__pwn=1>"


def test_nothing_from_a_user_becomes_markup() -> None:
    with mlflow.start_run(run_name=HOSTILE, tags={HOSTILE: HOSTILE}, description=HOSTILE) as run:
        mlflow.log_param(HOSTILE, HOSTILE)
        for value in (1, 2):
            mlflow.log_metric(HOSTILE, value)
    from mlops_jlab.tracking import pages, scatter

    found = mlflow.get_run(run.id)
    comparison = mlflow.compare_runs([run.id, run.id])
    for page in (run._repr_html_(), pages.table([found]), comparison._repr_html_(),
                 scatter.plot([found], f"metrics.{HOSTILE}", f"metrics.{HOSTILE}")):  # fmt: skip
        assert "<img" not in page
        assert "&lt;img" in page


QUICK_START = """
import mlops_jlab as mlflow
import pandas as pd
from sklearn import datasets
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score
from sklearn.model_selection import train_test_split

X, y = datasets.load_iris(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)
params = {"solver": "lbfgs", "max_iter": 1000, "random_state": 8888}

mlflow.set_experiment("MLflow Quickstart")
with mlflow.start_run():
    mlflow.log_params(params)
    lr = LogisticRegression(**params)
    lr.fit(X_train, y_train)
    model_info = mlflow.sklearn.log_model(sk_model=lr, name="iris_model")
    y_pred = lr.predict(X_test)
    accuracy = accuracy_score(y_test, y_pred)
    mlflow.log_metric("accuracy", accuracy)
    mlflow.set_tag("Training Info", "Basic LR model for iris data")
"""


def test_mlflows_quick_start_runs_with_another_import(place: Place) -> None:
    done = subprocess.run([sys.executable, "-c", QUICK_START], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (run,) = finding.find_runs('experiment = "MLflow Quickstart"')
    assert run.metrics["accuracy"].latest == 1.0
    assert run.params["solver"] == "lbfgs"
    assert run.tags == {"Training Info": "Basic LR model for iris data"}


def test_a_store_that_cannot_be_used_stops_nobody_and_nothing_is_lost(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.root.mkdir(parents=True)
    place.database.write_bytes(b"garbage " * 1000)
    with mlflow.start_run(run_name="meanwhile"):
        mlflow.log_metric("x", 1)
    said = capsys.readouterr().err
    assert said.count("is damaged") + said.count("not a store of mlops-jlab") >= 1
    assert "kept in a journal" in said
    close_all()
    place.database.unlink()
    database.connect(place.database).close()
    found = mlflow.get_run("meanwhile")
    assert (found.status, found.metrics["x"].latest) == ("finished", 1.0)


def test_a_clock_that_goes_back_makes_no_run_negative(monkeypatch: pytest.MonkeyPatch) -> None:
    run = mlflow.start_run()
    began = time.time()
    with monkeypatch.context() as earlier:
        earlier.setattr(time, "time", lambda: began - 3600)
        mlflow.log_metric("x", 1)
        mlflow.end_run()
    found = mlflow.get_run(run.id)
    assert found.duration is not None
    assert found.ended is not None
    assert (found.duration >= 0, found.ended >= found.started, found.status) == (True, True, "finished")


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (os.environ["BOMB"],)


def test_nothing_that_looks_at_runs_unpickles(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOMB", str(tmp_path / "exploded"))
    (tmp_path / "bomb.pkl").write_bytes(pickle.dumps(Bomb()))
    with mlflow.start_run(run_name="armed") as run:
        mlflow.log_artifact(tmp_path / "bomb.pkl", "model")
    found = mlflow.get_run("armed")
    run._repr_html_()
    mlflow.compare_runs([found, found])._repr_html_()
    mlflow.search_runs()
    with opening.reading(place) as connection:
        exporting.write(place, connection, found, tmp_path / "out")
    assert maintenance.check(place).problems == []
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    ("rest", "status"),
    [("", "finished"), ("1/0", "failed"), ("import os; os.kill(os.getpid(), 9)", "killed")],
)
def test_a_script_that_ends_leaves_an_honest_status(rest: str, status: str) -> None:
    code = f"import mlops_jlab as m; m.start_run(run_name='s'); m.log_metric('x', 1)\n{rest}"
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    found = mlflow.get_run("s")
    assert (found.status, found.metrics["x"].latest) == (status, 1.0)


def test_importing_and_starting_brings_in_nothing_heavy() -> None:
    code = (
        "import sys, mlops_jlab, json; mlops_jlab.start_run(); mlops_jlab.log_metric('x', 1); "
        "print(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"pandas", "numpy", "IPython", "ipywidgets", "papermill", "nbformat", "tornado",
                         "lark", "click", "rich", "mlflow", "sklearn", "asyncio"}  # fmt: skip
