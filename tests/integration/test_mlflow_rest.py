"""MLflow's own client speaks to ``mlops-jlab mlflow serve`` and finds in it what a server of MLflow's has."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

import mlops_jlab
from mlops_jlab import gate
from mlops_jlab.store.recorder import close_all

theirs: Any = pytest.importorskip("mlflow")
# What MLflow and its libraries warn of is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rest") / "store"


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Where the server answers."""
    environment = {**os.environ, "MLOPS_JLAB_STORE": str(folder)}
    environment.pop("MLOPS_JLAB_SERVE_TOKEN", None)
    command = [sys.executable, "-m", "mlops_jlab", "mlflow", "serve", "--port", "0"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        assert line.startswith("MLFLOW_TRACKING_URI=http://127.0.0.1:"), line + process.stderr.read()
        yield line.strip().partition("=")[2]
    finally:
        process.terminate()
        assert process.wait(60) == 0
        process.stderr.close()


@pytest.fixture
def client(address: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(folder))
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setattr(theirs.tracking.fluent, "_active_experiment_id", None)
    os.environ.pop("MLFLOW_EXPERIMENT_ID", None)  # which set_experiment leaves behind
    before = theirs.get_tracking_uri()
    theirs.set_tracking_uri(address)
    yield theirs.MlflowClient()
    theirs.set_tracking_uri(before)
    os.environ.pop("MLFLOW_EXPERIMENT_ID", None)
    close_all()


def test_a_run_is_begun_logged_to_found_and_ended(client: Any, tmp_path: Path) -> None:
    theirs.set_experiment("over rest")
    data = theirs.data.from_numpy(np.arange(4.0), name="numbers")
    with theirs.start_run(run_name="one", description="why", tags={"team": "risk"}) as run:
        theirs.log_params({"depth": 4, "word": "ä"})
        theirs.log_metric("loss", 0.5, step=1, timestamp=1_700_000_000_000)
        theirs.log_metrics({"loss": math.nan, "top": math.inf}, step=2)
        theirs.log_input(data, context="train")
        theirs.log_text("hello", "notes/a.txt")
        (tmp_path / "b.bin").write_bytes(bytes(range(256)) * 1000)
        theirs.log_artifact(str(tmp_path / "b.bin"))
        theirs.set_tag("gone", "1")
        theirs.delete_tag("gone")
    ours = mlops_jlab.get_run(run.info.run_id)
    assert (ours.name, ours.experiment, ours.status, ours.note) == ("one", "over rest", "finished", "why")
    assert ours.params == {"depth": "4", "word": "ä"}
    seen = client.get_run(run.info.run_id)
    assert seen.info.status == "FINISHED"
    assert seen.data.tags["team"] == "risk"
    assert "gone" not in seen.data.tags
    assert math.isnan(seen.data.metrics["loss"])
    assert seen.data.metrics["top"] == math.inf
    assert seen.inputs.dataset_inputs[0].dataset.name == "numbers"
    history = client.get_metric_history(run.info.run_id, "loss")
    assert (history[0].step, history[0].value, history[0].timestamp) == (1, 0.5, 1_700_000_000_000)
    assert [one.path for one in client.list_artifacts(run.info.run_id)] == ["b.bin", "notes"]
    assert [one.path for one in client.list_artifacts(run.info.run_id, "notes")] == ["notes/a.txt"]
    assert client.list_artifacts(run.info.run_id, "b.bin") == []
    kept = theirs.artifacts.download_artifacts(f"runs:/{run.info.run_id}/b.bin", dst_path=str(tmp_path / "c"))
    assert Path(kept).read_bytes() == bytes(range(256)) * 1000
    assert theirs.artifacts.load_text(f"runs:/{run.info.run_id}/notes/a.txt") == "hello"
    frame = theirs.search_runs(filter_string="params.depth = '4' and tags.team = 'risk'")
    assert list(frame["run_id"]) == [run.info.run_id]
    client.delete_run(run.info.run_id)
    assert client.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
    client.restore_run(run.info.run_id)
    client.rename_experiment(run.info.experiment_id, "renamed")
    assert mlops_jlab.get_run(run.info.run_id).experiment == "renamed"


def test_a_batch_arrives_whole_and_runs_come_in_pages(client: Any) -> None:
    number = client.create_experiment("pages", tags={"a": "b"})
    assert client.get_experiment(number).tags == {"a": "b"}
    ids = [client.create_run(number, run_name=f"r{count}").info.run_id for count in range(3)]
    points = [theirs.entities.Metric("m", float(step), 1_700_000_000_000 + step, step) for step in range(50)]
    client.log_batch(ids[0], points, [theirs.entities.Param("p", "1")], [theirs.entities.RunTag("t", "2")])
    assert [one.value for one in client.get_metric_history(ids[0], "m")] == [float(s) for s in range(50)]
    first = client.search_runs([number], max_results=2, order_by=["attributes.start_time ASC"])
    rest = client.search_runs(
        [number], max_results=2, order_by=["attributes.start_time ASC"], page_token=first.token
    )
    assert len(first) + len(rest) == 3
    for one in ids:
        client.set_terminated(one, "FAILED")
    assert {mlops_jlab.get_run(one).status for one in ids} == {"failed"}


def test_a_model_is_logged_registered_and_loaded(client: Any) -> None:
    rows = np.arange(10.0).reshape(-1, 1)
    model = LinearRegression().fit(rows, 2 * rows.ravel())
    with theirs.start_run() as run:
        info = theirs.sklearn.log_model(
            model, name="line", input_example=rows, registered_model_name="line", pip_requirements=[]
        )
        theirs.log_metric("r2", 1.0, model_id=info.model_id)
    assert theirs.pyfunc.load_model("models:/line/1").predict(rows)[1] == pytest.approx(2.0)
    assert theirs.sklearn.load_model(info.model_uri).coef_[0] == pytest.approx(2.0)
    assert theirs.sklearn.load_model(f"runs:/{run.info.run_id}/line").coef_[0] == pytest.approx(2.0)
    assert theirs.get_logged_model(info.model_id).metrics[0].value == 1.0
    client.set_registered_model_alias("line", "champion", 1)
    client.set_model_version_tag("line", "1", "checked", "yes")
    version = client.get_model_version_by_alias("line", "champion")
    assert (version.run_id, version.tags) == (run.info.run_id, {"checked": "yes"})
    assert [one.name for one in client.search_registered_models()] == ["line"]
    assert len(client.search_model_versions("name = 'line'")) == 1
    client.update_registered_model("line", "a line")
    assert client.get_registered_model("line").description == "a line"


def test_an_alias_that_a_gate_guards_is_refused(client: Any) -> None:
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"a": rng.normal(size=300), "y": rng.integers(0, 2, 300)})
    model = LogisticRegression().fit(rows[["a"]], rows["y"])
    mlops_jlab.register_model(model, "guarded", input_example=rows[["a"]])
    result = gate.compare(model, rows, "y", name="guarded", rules="accuracy above 0.99")
    assert result.verdict != "pass"
    with pytest.raises(theirs.MlflowException, match="gate") as refused:
        client.set_registered_model_alias("guarded", "champion", 1)
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
    assert client.get_registered_model("guarded").aliases == {}


def test_what_is_wrong_has_mlflows_code(client: Any, tmp_path: Path) -> None:
    with pytest.raises(theirs.MlflowException) as missing:
        client.get_run("f" * 32)
    assert missing.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    client.create_experiment("twice")
    with pytest.raises(theirs.MlflowException) as twice:
        client.create_experiment("twice")
    assert twice.value.error_code == "RESOURCE_ALREADY_EXISTS"
    assert client.get_experiment_by_name("never") is None
    with pytest.raises(theirs.MlflowException, match="artifact_location"):
        client.create_experiment("elsewhere", artifact_location=str(tmp_path))
    client.create_registered_model("m")
    with pytest.raises(theirs.MlflowException, match="is not in this store"):
        client.create_model_version("m", f"file://{tmp_path}")
    with pytest.raises(theirs.MlflowException, match="no stages"):
        client.transition_model_version_stage("m", "1", "Production")


def asked(address: str, path: str, given: object = None, **headers: str) -> tuple[int, Any]:
    """Status and JSON of what a bare client gets."""
    body = None if given is None else json.dumps(given).encode()
    request = urllib.request.Request(f"{address}/api/2.0/mlflow/{path}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@pytest.mark.parametrize(
    ("path", "given", "status", "words"),
    [
        ("experiments/create", {}, 400, "Missing value for required parameter 'name'"),
        ("experiments/create", {"name": "x", "tag": []}, 400, "'tag' is not known here; did you mean 'tags'"),
        ("runs/create", {"tags": 7}, 400, "'tags' cannot be read"),
        ("runs/log-metric", {"run_id": "a", "key": "k", "value": "high"}, 400, "is not a metric"),
        ("experiments/search", [], 400, "not a JSON object"),
        ("traces/search", {}, 404, "is not answered here"),
    ],
)
def test_a_request_that_cannot_be_obeyed_is_refused_with_its_reason(
    address: str, path: str, given: object, status: int, words: str
) -> None:
    code, answer = asked(address, path, given)
    assert code == status
    assert words in answer["message"]
    assert answer["error_code"]


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_pages_of_other_sites_are_not_answered(address: str, headers: dict[str, str]) -> None:
    assert asked(address, "experiments/create", {"name": "stolen"}, **headers)[0] == 403
    assert asked(address, "experiments/get-by-name?experiment_name=stolen")[0] == 404


def test_beyond_this_machine_it_needs_a_token(tmp_path: Path) -> None:
    environment = {**os.environ, "MLOPS_JLAB_STORE": str(tmp_path)}
    command = [sys.executable, "-m", "mlops_jlab", "mlflow", "serve", "--host", "0.0.0.0", "--port", "0"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert re.search("open to other machines", done.stderr)
