"""The mirror, against a real MLflow server."""

from __future__ import annotations

import math
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import mlops_jlab
from mlops_jlab.errors import InputError, StoreError
from mlops_jlab.mirror import words
from mlops_jlab.mirror.client import Server
from mlops_jlab.mirror.pulling import Pull
from mlops_jlab.mirror.pushing import Push, Pushed
from mlops_jlab.store import artifacts, changing, database, location, opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all
from mlops_jlab.tracking import finding

pytest.importorskip("mlflow")
# What MLflow and its libraries warn of is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a SQLite store of its own, on the loopback interface."""
    folder = tmp_path_factory.mktemp("server")
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
         "--backend-store-uri", "sqlite:///runs.db", "--artifacts-destination", str(folder / "artifacts")],
        cwd=folder, stdout=log, stderr=log, start_new_session=True,
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"},
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 300
    try:
        while True:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            try:
                with urllib.request.urlopen(f"{url}/health", timeout=2):
                    break
            except OSError:
                time.sleep(0.5)
        yield url
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)
        log.close()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    monkeypatch.setenv("MLOPS_JLAB_NOTEBOOK", "/home/me/train.ipynb")
    yield Place(tmp_path / "store")
    close_all()


def push(place: Place, address: str) -> Pushed:
    with opening.writing(place) as connection:
        return Push(place, connection, Server(address)).all()


def client(address: str) -> Any:
    from mlflow.tracking import MlflowClient

    return MlflowClient(address)


def remote(address: str, run_id: str) -> Any:
    found = client(address)
    experiments = [e.experiment_id for e in found.search_experiments()]
    (run,) = found.search_runs(experiments, f"tags.`{words.ID}` = '{run_id}'")
    return run


ODD = [1.5, -0.0, math.inf, -math.inf, math.nan, 1e308, -2.0]


def odd_run(name: str) -> str:
    with mlops_jlab.start_run(run_name=name, experiment_id=f"of {name}", tags={"a tag/é": "v"}) as run:
        mlops_jlab.log_param("long", "x" * 20_000)
        mlops_jlab.log_param("é = ü", "ü")
        mlops_jlab.log_params({f"p{n}": n for n in range(150)})
        for value in ODD:
            mlops_jlab.log_metric("loss: ü/../%", value)
        for n in range(2_500):
            mlops_jlab.log_metric("many", n * 0.1)
        mlops_jlab.note("**why**")
        mlops_jlab.log_text("hello", "notes/a b.txt")
        with mlops_jlab.start_run(run_name=f"{name} inner"):
            mlops_jlab.log_metric("x", 1)
    return run.id


def test_runs_look_right_in_mlflow(place: Place, address: str) -> None:
    run_id = odd_run("looks")
    ours = finding.get_run(run_id)
    result = push(place, address)
    assert (result.runs, result.unchanged) == (2, 0)
    there = remote(address, run_id)
    assert (there.info.run_name, there.info.status) == ("looks", "FINISHED")
    assert there.info.start_time == int(ours.started * 1000)
    assert there.info.end_time == int((ours.ended or 0) * 1000)
    assert there.data.tags["mlflow.note.content"] == "**why**"
    assert there.data.tags["mlflow.source.name"] == "/home/me/train.ipynb"
    assert there.data.tags["mlflow.source.type"] == "NOTEBOOK"
    assert there.data.params["p149"] == "149"
    assert len(there.data.params["long"]) <= 6_000
    inner = remote(address, finding.get_run("looks inner").id)
    assert inner.data.tags["mlflow.parentRunId"] == there.info.run_id


def test_pushing_again_changes_nothing_and_goes_on_where_it_was_cut(place: Place, address: str) -> None:
    run_id = odd_run("again")
    assert push(place, address).runs == 2
    assert push(place, address).unchanged == 2
    with opening.writing(place) as connection, database.transaction(connection):
        connection.execute("DELETE FROM mirrored")  # as if the process had died before it could remember
    assert push(place, address).runs == 2
    there = remote(address, run_id)  # one, not two
    assert len(client(address).get_metric_history(there.info.run_id, "many")) == 2_500
    with mlops_jlab.start_run(run_id=run_id):
        mlops_jlab.log_metric("many", 7.0)
        mlops_jlab.log_param("p1", "corrected")
        mlops_jlab.set_tag("new", "tag")
    assert push(place, address).runs == 1
    there = remote(address, run_id)
    assert there.data.metrics["many"] == 7.0
    assert there.data.tags["mlops_jlab.corrected.p1"] == "corrected"
    assert there.data.tags["new"] == "tag"


def test_there_and_back_nothing_is_lost(
    place: Place, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = odd_run("back")
    push(place, address)
    with mlops_jlab.start_run(run_id=run_id):  # a correction, which MLflow does not have
        mlops_jlab.log_param("p1", "corrected")
    before = finding.get_run(run_id)
    points = finding.get_history(run_id, "loss: ü/../%")
    push(place, address)
    close_all()
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "other"))
    other = Place(tmp_path / "other")
    location.make(other)
    database.connect(other.database).close()
    with opening.writing(other) as connection:
        assert Pull(other, connection, Server(address)).all(["of back"]) == 2
        assert Pull(other, connection, Server(address)).all(["of back"]) == 0
    after = finding.get_run(run_id)
    for key in (
        "name",
        "experiment",
        "status",
        "params",
        "tags",
        "note",
        "kind",
        "source",
        "user",
        "duration",
        "started",
        "ended",
    ):
        assert getattr(after, key) == getattr(before, key), key
    assert {k: v for k, v in after.facts.items() if k != "mlflow"} == before.facts
    assert set(after.metrics) == set(before.metrics)
    back = finding.get_history(run_id, "loss: ü/../%")
    assert [(p.iteration, repr(p.value)) for p in back] == [(p.iteration, repr(p.value)) for p in points]
    assert len(finding.get_history(run_id, "many")) == 2_500
    with opening.reading(other) as connection:
        (file,) = reading.artifacts(connection, after)
        assert (file.path, artifacts.read(other, file.digest)) == ("notes/a b.txt", b"hello")
    assert finding.get_run("back inner").parent == run_id


def test_runs_that_were_made_with_mlflow_are_taken_over(place: Place, address: str) -> None:
    theirs = client(address)
    experiment = theirs.create_experiment("theirs")
    made = theirs.create_run(experiment, run_name="native")
    theirs.log_metric(made.info.run_id, "acc", 0.5, step=3)
    theirs.log_param(made.info.run_id, "depth", 4)
    theirs.set_terminated(made.info.run_id, "FAILED")
    location.make(place)
    database.connect(place.database).close()
    with opening.writing(place) as connection:
        assert Pull(place, connection, Server(address)).all(["theirs"]) == 1
    run = finding.get_run(made.info.run_id)
    assert (run.name, run.experiment, run.status, run.kind) == ("native", "theirs", "failed", "mlflow")
    assert (run.metrics["acc"].latest, run.metrics["acc"].iteration, run.params) == (0.5, 3, {"depth": "4"})
    assert push(place, address).runs == 0


def test_a_deleted_run_is_deleted_there(place: Place, address: str) -> None:
    with mlops_jlab.start_run(run_name="short-lived", experiment_id="deleting") as run:
        mlops_jlab.log_metric("x", 1)
    push(place, address)
    there = remote(address, run.id)
    with opening.writing(place) as connection:
        changing.delete(connection, [reading.find(connection, run.id)])
    push(place, address)
    assert client(address).get_run(there.info.run_id).info.lifecycle_stage == "deleted"


def test_a_server_that_is_away_is_an_error_and_nothing_is_lost(place: Place, address: str) -> None:
    with mlops_jlab.start_run(run_name="offline", experiment_id="offline") as run:
        mlops_jlab.log_metric("x", 1)
    with pytest.raises(StoreError, match="push again when the server can be reached"):
        push(place, "http://127.0.0.1:9")
    assert push(place, address).runs == 1
    assert remote(address, run.id).data.metrics == {"x": 1.0}


def test_without_an_address_it_says_how_to_give_one(place: Place, tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    done = subprocess.run(
        [sys.executable, "-m", "mlops_jlab", "mlflow", "push"], capture_output=True, text=True, check=False,
        env=environment,
    )  # fmt: skip
    assert (done.returncode, "MLFLOW_TRACKING_URI" in done.stderr) == (2, True)
    assert InputError.exit_code == 2


NAMES = [
    "acc",
    "loss: ü/../%",
    "..",
    "a.xb",
    "/start",
    "end/",
    "a//b",
    "x" * 200,
    "tab\there",
    "é",
    "a.b/c d-e_f",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_go_there_and_back(name: str) -> None:
    there = words.name(name)
    assert words.name_back(there) == name
    assert all(char.isascii() and (char.isalnum() or char in "_-. /") for char in there)


def test_registered_models_are_mirrored_with_files_and_aliases(
    place: Place, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow
    from sklearn.linear_model import LogisticRegression

    from mlops_jlab.registry import versions

    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    with mlops_jlab.start_run(run_name="trains") as run:
        mlops_jlab.register_model(model, "mirrored", note="first")
    mlops_jlab.register_model(model, "mirrored")
    versions.promote(place, "mirrored/1")
    assert push(place, address).versions == 2
    there = client(address)
    assert there.get_model_version_by_alias("mirrored", "champion").version in (1, "1")
    first = there.get_model_version("mirrored", "1")
    assert first.description == "first"
    assert first.run_id == remote(address, run.id).info.run_id
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    loaded = mlflow.sklearn.load_model("models:/mirrored@champion")
    assert loaded.predict([[2.0]]).tolist() == [1]
    versions.promote(place, "mirrored/2")
    versions.promote(place, "mirrored/1", "own")
    assert push(place, address).versions == 0
    aliases = {alias: str(n) for alias, n in there.get_registered_model("mirrored").aliases.items()}
    assert aliases == {"champion": "2", "own": "1"}
