"""MLflow's own client over our store, by its entry points; and its names beside ours."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.pyplot import close as close_figures
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression

import mlops_jlab
from mlops_jlab.cli.main import cli
from mlops_jlab.errors import InputError
from mlops_jlab.mlflow.backing import runs
from mlops_jlab.store.recorder import close_all
from mlops_jlab.tracking import finding

theirs: Any = pytest.importorskip("mlflow")
# What MLflow and its libraries warn of is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setattr(runs, "_own", {})
    monkeypatch.setattr(theirs.tracking.fluent, "_active_experiment_id", None)
    theirs.set_tracking_uri("mlops-jlab:")
    os.environ.pop("MLFLOW_EXPERIMENT_ID", None)  # which set_experiment leaves behind
    yield theirs.MlflowClient()
    os.environ.pop("MLFLOW_EXPERIMENT_ID", None)
    close_all()


def test_runs_of_mlflows_client_are_ours() -> None:
    theirs.set_experiment("by mlflow")
    with theirs.start_run(run_name="one", description="why", tags={"team": "risk"}) as run:
        theirs.log_params({"depth": 4})
        theirs.log_metric("loss", 0.5, step=1, timestamp=1_700_000_000_000)
        theirs.log_metric("loss", math.nan, step=2)
        theirs.log_text("hello", "notes/a.txt")
        with theirs.start_run(nested=True) as inner:
            theirs.log_metric("x", 1.0)
    ours = mlops_jlab.get_run(run.info.run_id)
    assert (ours.name, ours.experiment, ours.status, ours.note) == ("one", "by mlflow", "finished", "why")
    assert ours.params == {"depth": "4"}
    assert ours.tags["team"] == "risk"
    assert math.isnan(ours.metrics["loss"].latest)
    assert mlops_jlab.get_run(inner.info.run_id).parent == run.info.run_id
    seen = theirs.get_run(run.info.run_id)
    assert seen.info.status == "FINISHED"
    assert seen.data.tags["mlflow.note.content"] == "why"
    history = theirs.MlflowClient().get_metric_history(run.info.run_id, "loss")
    assert (history[0].step, history[0].timestamp) == (1, 1_700_000_000_000)
    assert theirs.artifacts.load_text(f"runs:/{run.info.run_id}/notes/a.txt") == "hello"
    frame = theirs.search_runs(filter_string=f"tags.mlflow.parentRunId = '{run.info.run_id}'")
    assert list(frame["run_id"]) == [inner.info.run_id]
    with theirs.start_run(run_id=run.info.run_id):
        theirs.log_metric("loss", 0.1, step=3)
    assert mlops_jlab.get_run(run.info.run_id).metrics["loss"].latest == 0.1


def test_data_that_metrics_name_are_inputs_of_the_run(client: Any) -> None:
    metric = theirs.entities.Metric
    for send in (client.log_batch, client._tracking_client.store.log_batch):
        run_id = client.create_run("0").info.run_id
        points = [
            metric("auc", 0.9, 1_700_000_000_000, step, dataset_name="flights", dataset_digest="d1")
            for step in range(2)
        ]
        send(run_id, [*points, metric("loss", 0.1, 1_700_000_000_000, 0)], [], [])
        (read,) = client.get_run(run_id).inputs.dataset_inputs
        assert (read.dataset.name, read.dataset.digest) == ("flights", "d1")
    one = client.create_run("0").info.run_id
    client.log_metric(one, "auc", 0.9, dataset_name="flights", dataset_digest="d2")
    assert client.get_run(one).inputs.dataset_inputs[0].dataset.digest == "d2"


def test_models_of_mlflows_flavours_are_registered_and_loaded_by_both(client: Any) -> None:
    rows = np.arange(10.0).reshape(-1, 1)
    model = LinearRegression().fit(rows, 2 * rows.ravel())
    with theirs.start_run() as run:
        signature = theirs.models.infer_signature(rows, model.predict(rows))
        info = theirs.sklearn.log_model(
            model, name="line", signature=signature, registered_model_name="line", pip_requirements=[]
        )
        theirs.log_metric("r2", 1.0, model_id=info.model_id)
    assert theirs.pyfunc.load_model("models:/line/1").predict(rows)[1] == pytest.approx(2.0)
    assert theirs.sklearn.load_model(info.model_uri).coef_[0] == pytest.approx(2.0)
    assert mlops_jlab.load_model("line/1").coef_[0] == pytest.approx(2.0)
    assert theirs.get_logged_model(info.model_id).metrics[0].value == 1.0
    client.set_registered_model_alias("line", "champion", 1)
    client.set_model_version_tag("line", "1", "checked", "yes")
    version = client.get_model_version_by_alias("line", "champion")
    assert (version.run_id, version.tags) == (run.info.run_id, {"checked": "yes"})
    with pytest.raises(theirs.MlflowException, match="champion") as refused:
        client.delete_model_version("line", "1")
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
    mlops_jlab.register_model(model, "ours", input_example=rows)
    assert theirs.pyfunc.load_model("models:/ours/1").predict(rows)[1] == pytest.approx(2.0)
    assert [one.name for one in client.search_registered_models()] == ["line", "ours"]


def test_evaluation_agrees_with_mlflows_own(client: Any) -> None:
    import mlops_jlab.mlflow as mlflow

    data = load_iris(as_frame=True)
    rows, target = data.data.iloc[:, :3], (data.target == 2).astype(int)
    frame = rows.assign(truth=target)
    model = LogisticRegression(max_iter=300).fit(rows, target)
    with mlflow.start_run():
        info = mlflow.sklearn.log_model(model, name="m")
        ours = mlflow.evaluate(info.model_uri, frame, targets="truth", model_type="classifier").metrics
    with theirs.start_run():
        found = theirs.models.evaluate(
            info.model_uri,
            frame,
            targets="truth",
            model_type="classifier",
            evaluator_config={"log_explainer": False, "log_model_explainability": False},
        ).metrics
    assert ours == pytest.approx(found)
    close_figures("all")


def test_experiments_and_errors_are_mlflows(client: Any) -> None:
    one = client.create_experiment("e", tags={"a": "b"})
    assert client.get_experiment(one).tags == {"a": "b"}
    with pytest.raises(theirs.MlflowException) as twice:
        client.create_experiment("e")
    assert twice.value.error_code == "RESOURCE_ALREADY_EXISTS"
    client.delete_experiment(one)
    assert client.get_experiment(one).lifecycle_stage == "deleted"
    client.restore_experiment(one)
    with pytest.raises(theirs.MlflowException) as missing:
        client.get_run("f" * 32)
    assert missing.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_a_run_whose_process_is_killed_is_not_running_for_ever(tmp_path: Path) -> None:
    code = "import mlflow, os\nrun = mlflow.start_run()\nmlflow.log_metric('x', 2.0)\n" \
        "print(run.info.run_id, flush=True)\nos.kill(os.getpid(), 9)"  # fmt: skip
    environment = {**os.environ, "MLFLOW_TRACKING_URI": "mlops-jlab:"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    run = mlops_jlab.get_run(done.stdout.strip())
    assert (run.status, run.metrics["x"].latest) == ("killed", 2.0)


def test_every_public_name_of_mlflow_is_here_or_refused_with_a_reason() -> None:
    import mlops_jlab.mlflow as mlflow
    from mlops_jlab.mlflow import absent

    for name in theirs.__all__:
        assert hasattr(mlflow, name) or name in absent.known(), name
    for name in mlflow.__all__:
        assert getattr(mlflow, name) is not None


@pytest.mark.parametrize("kind", ["database", "folder"])
def test_what_mlflow_has_kept_is_imported_once(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    uri = f"sqlite:///{tmp_path}/theirs.db" if kind == "database" else str(tmp_path / "mlruns")
    monkeypatch.chdir(tmp_path)
    theirs.set_tracking_uri(uri)
    rows = np.arange(5.0).reshape(-1, 1)
    with theirs.start_run(run_name="made there", description="why") as run:
        for step in range(3):
            theirs.log_metric("loss", 1 / (step + 1), step=step)
        theirs.log_text("hello", "a.txt")
        theirs.sklearn.log_model(
            LinearRegression().fit(rows, rows.ravel()),
            name="m",
            registered_model_name="line",
            pip_requirements=[],
            serialization_format="cloudpickle",
        )
    theirs.MlflowClient().set_registered_model_alias("line", "champion", 1)
    for expected in ("took 1 runs and 1 model versions", "took 0 runs and 0 model versions"):
        done = CliRunner().invoke(cli, ["import", "mlflow", uri], catch_exceptions=False)
        assert expected in done.output
    ours = mlops_jlab.get_run(run.info.run_id)
    assert (ours.name, ours.note, ours.status) == ("made there", "why", "finished")
    assert [p.iteration for p in finding.get_history(run.info.run_id, "loss")] == [0, 1, 2]
    with pytest.raises(InputError, match="from another machine"):
        mlops_jlab.load_model("line@champion")
    assert mlops_jlab.load_model("line@champion", trust=True).coef_[0] == pytest.approx(1.0)
