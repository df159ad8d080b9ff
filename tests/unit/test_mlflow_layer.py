"""MLflow's names over our store: what code written for MLflow asks for, and finds."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import ElasticNet, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

import mlops_jlab
import mlops_jlab.mlflow as mlflow
import mlops_jlab.mlflow.sklearn
from mlops_jlab import autologging
from mlops_jlab.mlflow import MlflowClient, starting
from mlops_jlab.mlflow.entities import Metric, Param, RunTag, ViewType
from mlops_jlab.mlflow.exceptions import MlflowException
from mlops_jlab.mlflow.models import ModelSignature, infer_signature
from mlops_jlab.store.recorder import close_all
from mlops_jlab.tracking import lifecycle


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    monkeypatch.setattr(starting, "_chosen", "")
    monkeypatch.setattr(lifecycle, "_experiment", "")
    yield tmp_path / "store"
    close_all()


def test_logging_without_a_run_begins_one_and_a_second_start_is_refused() -> None:
    assert mlflow.active_run() is None
    assert mlflow.log_param("depth", 4) == 4
    mlflow.log_metric("loss", 0.5)
    mlflow.log_metric("loss", 0.25)
    run = mlflow.active_run()
    assert run is not None
    assert run.data.params == {"depth": "4"}
    assert run.data.metrics == {"loss": 0.25}
    with pytest.raises(MlflowException, match="already active") as refused:
        mlflow.start_run()
    assert refused.value.error_code == "INVALID_STATE"
    with mlflow.start_run(nested=True, run_name="part", tags={"a": 1}, description="why") as inner:
        assert mlflow.get_parent_run(inner.info.run_id).info.run_id == run.info.run_id  # type: ignore[union-attr]
    tags = mlflow.get_run(inner.info.run_id).data.tags
    assert (tags["a"], tags["mlflow.note.content"], tags["mlflow.runName"]) == ("1", "why", "part")
    mlflow.end_run()
    assert mlflow.active_run() is None
    last = mlflow.last_active_run()
    assert last is not None
    assert last.info.run_id == inner.info.run_id
    assert last.info.status == "FINISHED"
    assert [m.value for m in MlflowClient().get_metric_history(run.info.run_id, "loss")] == [0.5, 0.25]


def test_a_run_goes_on_and_its_time_is_obeyed() -> None:
    with mlflow.start_run() as run:
        mlflow.log_metric("x", 1.0, step=3, timestamp=1_700_000_000_000)
    with mlflow.start_run(run_id=run.info.run_id):
        mlflow.log_metric("x", 2.0, step=3)
        assert mlflow.active_run().info.status == "RUNNING"  # type: ignore[union-attr]
    history = MlflowClient().get_metric_history(run.info.run_id, "x")
    assert [(m.step, m.value) for m in history] == [(3, 1.0), (3, 2.0)]
    assert history[0].timestamp == 1_700_000_000_000
    mlflow.log_metrics({"y": math.inf}, run_id=run.info.run_id)
    assert mlflow.get_run(run.info.run_id).data.metrics["y"] == math.inf
    assert mlflow.active_run() is None


def test_experiments_are_made_chosen_tagged_deleted_and_restored() -> None:
    assert mlflow.get_experiment("0").name == "Default"
    one = mlflow.create_experiment("churn", tags={"team": "risk"})
    with pytest.raises(MlflowException) as twice:
        mlflow.create_experiment("churn")
    assert twice.value.error_code == "RESOURCE_ALREADY_EXISTS"
    assert mlflow.get_experiment_by_name("nobody") is None
    with pytest.raises(MlflowException) as missing:
        mlflow.get_experiment("999")
    assert missing.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert mlflow.set_experiment(experiment_id=one).name == "churn"
    mlflow.set_experiment_tag("season", "winter")
    with mlflow.start_run() as run:
        assert run.info.experiment_id == one
    assert mlflow.get_experiment(one).tags == {"team": "risk", "season": "winter"}
    found = mlflow.search_experiments(filter_string="tags.team = 'risk' AND name LIKE 'ch%'")
    assert [e.experiment_id for e in found] == [one]
    assert {e.name for e in mlflow.search_experiments()} == {"Default", "churn"}
    mlflow.set_experiment("other")
    mlflow.delete_experiment(one)
    assert [e.name for e in mlflow.search_experiments(view_type=ViewType.DELETED_ONLY)] == ["churn"]
    assert mlflow.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
    with pytest.raises(MlflowException, match="deleted"):
        mlflow.set_experiment("churn")
    mlflow.restore_experiment(one)
    assert mlflow.get_run(run.info.run_id).info.lifecycle_stage == "active"
    with pytest.raises(MlflowException, match="default experiment"):
        mlflow.delete_experiment("0")


def test_runs_are_found_by_mlflows_filters_in_frames_and_lists() -> None:
    with mlflow.start_run(run_name="a") as parent:
        mlflow.log_params({"kind": "tree"})
        for depth in (1, 2, 3):
            with mlflow.start_run(nested=True):
                mlflow.log_param("depth", depth)
                mlflow.log_metric("acc", depth / 10)
    frame: Any = mlflow.search_runs(
        filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}' and metrics.acc > 0.1",
        order_by=["metrics.acc DESC"],
    )
    assert list(frame["params.depth"]) == ["3", "2"]
    assert list(frame.columns[:6]) == [
        "run_id",
        "experiment_id",
        "status",
        "artifact_uri",
        "start_time",
        "end_time",
    ]
    assert str(frame["start_time"].dtype).endswith("UTC]")
    runs = mlflow.search_runs(output_format="list", filter_string="attributes.run_name = 'a'")
    assert [run.info.run_id for run in runs] == [parent.info.run_id]
    page = MlflowClient().search_runs(["0"], max_results=3)
    assert len(page) == 3
    assert len(MlflowClient().search_runs(["0"], max_results=3, page_token=page.token)) == 1
    mlflow.delete_run(parent.info.run_id)
    assert len(mlflow.search_runs()) == 0
    assert len(mlflow.search_runs(run_view_type=ViewType.DELETED_ONLY)) == 4
    with pytest.raises(MlflowException, match="column 1"):
        mlflow.search_runs(filter_string="nonsense ~ 3")


def test_the_client_makes_logs_and_ends_runs_by_their_ids() -> None:
    client = MlflowClient()
    made = client.create_run("0", start_time=1_700_000_000_000, tags={"mlflow.runName": "by id", "t": "1"})
    run_id = made.info.run_id
    assert mlflow.active_run() is None
    now = int(time.time() * 1000)
    client.log_batch(
        run_id, [Metric("m", 1.5, now, 2)], [Param("p", "x")], [RunTag("mlflow.note.content", "n")]
    )
    client.set_terminated(run_id, "FAILED", 1_700_000_001_000)
    info = client.get_run(run_id).info
    assert (info.status, info.run_name, info.start_time, info.end_time) == (
        "FAILED", "by id", 1_700_000_000_000, 1_700_000_001_000
    )  # fmt: skip
    client.delete_tag(run_id, "t")
    data = client.get_run(run_id).data
    assert "t" not in data.tags
    assert data.tags["mlflow.note.content"] == "n"
    with mlflow.start_run(run_id=run_id):
        mlflow.log_metric("m", 2.5, step=3)
    assert client.get_run(run_id).data.metrics == {"m": 2.5}
    with pytest.raises(MlflowException) as missing:
        client.get_run("f" * 32)
    assert missing.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    client.create_registered_model("m")
    for odd in ("\u00b2", "9" * 30, "9" * 5000):
        for ask in (
            lambda odd=odd: client.get_experiment(odd),
            lambda odd=odd: client.get_model_version("m", odd),
        ):
            with pytest.raises(MlflowException) as missing:
                ask()
            assert missing.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_files_tables_and_images_are_kept_and_come_back(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.txt").write_text("hello")
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(tmp_path / "out"), "texts")
        mlflow.log_dict({"a": [1]}, "config.json")
        mlflow.log_text("x", "b/c.txt")
        mlflow.log_image(np.zeros((4, 5), dtype=np.uint8), "black.png")
        mlflow.log_image(np.ones((4, 5, 3)), key="white", step=2)
        mlflow.log_table({"q": ["one", "two"], "n": [1, 2]}, "answers.json")
        mlflow.log_table({"q": ["three"], "n": [3]}, "answers.json")
        uri = mlflow.get_artifact_uri("texts")
    run_id = run.info.run_id
    assert mlflow.artifacts.load_text(f"{uri}/a.txt") == "hello"
    assert mlflow.artifacts.load_dict(f"runs:/{run_id}/config.json") == {"a": [1]}
    assert mlflow.artifacts.load_image(f"runs:/{run_id}/black.png").size == (5, 4)
    listed = MlflowClient().list_artifacts(run_id)
    assert {(f.path, f.is_dir) for f in listed} >= {("b", True), ("config.json", False), ("texts", True)}
    assert [f.path for f in MlflowClient().list_artifacts(run_id, "b")] == ["b/c.txt"]
    (picture,) = MlflowClient().list_artifacts(run_id, "images")
    assert picture.path.startswith("images/white+step+2+timestamp+")
    table = mlflow.load_table("answers.json", extra_columns=["run_id"])
    assert list(table["n"]) == [1, 2, 3]
    assert set(table["run_id"]) == {run_id}
    local = mlflow.artifacts.download_artifacts(
        run_id=run_id, artifact_path="texts", dst_path=str(tmp_path / "to")
    )
    assert (Path(local) / "a.txt").read_text() == "hello"
    with pytest.raises(MlflowException, match="between 0 and 1"):
        mlflow.log_image(np.full((2, 2), 7.0), "wrong.png")
    mlflow.end_run()


def iris() -> tuple[pd.DataFrame, pd.Series]:
    data = load_iris(as_frame=True)
    return data.data, data.target


def test_a_model_is_logged_loaded_measured_and_registered() -> None:
    rows, target = iris()
    model = LogisticRegression(max_iter=500).fit(rows, target)
    with mlflow.start_run() as run:
        signature = infer_signature(rows, model.predict(rows))
        info = mlflow.sklearn.log_model(
            model, name="iris", signature=signature, input_example=rows.head(3), params={"iterations": 500},
            registered_model_name="iris-model", tags={"k": "v"},
        )  # fmt: skip
        data = mlflow.data.from_pandas(rows, name="train")
        mlflow.log_metrics({"acc": 0.9}, model_id=info.model_id, dataset=data)
    for uri in (
        info.model_uri,
        f"runs:/{run.info.run_id}/iris",
        "models:/iris-model/1",
        "models:/iris-model/latest",
    ):
        assert (mlflow.sklearn.load_model(uri).predict(rows) == model.predict(rows)).all()
    loaded = mlflow.pyfunc.load_model(info.model_uri)
    shuffled = rows[rows.columns[::-1]].assign(more=1)
    assert (loaded.predict(shuffled) == model.predict(rows)).all()
    with pytest.raises(mlops_jlab.errors.InputError, match="no column"):
        loaded.predict(rows.iloc[:, :2])
    kept = mlflow.get_logged_model(info.model_id)
    assert kept.params == {"iterations": "500"}
    assert [(m.key, m.value, m.dataset_name) for m in kept.metrics or []] == [("acc", 0.9, "train")]
    assert mlflow.get_run(run.info.run_id).outputs.model_outputs[0].model_id == info.model_id
    assert mlflow.models.get_model_info(info.model_uri).signature == signature
    client = MlflowClient()
    client.set_registered_model_alias("iris-model", "Champion", 1)
    client.set_model_version_tag("iris-model", 1, "checked", "yes")
    version = client.get_model_version_by_alias("iris-model", "champion")
    assert (version.version, version.run_id, version.tags) == (1, run.info.run_id, {"checked": "yes"})
    assert mlops_jlab.load_model("iris-model@champion").predict(rows)[0] == 0
    again = mlflow.register_model(f"runs:/{run.info.run_id}/iris", "iris-model", tags={"a": 1})
    assert again.version == 2
    assert [v.version for v in mlflow.search_model_versions(filter_string="name = 'iris-model'")] == [2, 1]
    (registered,) = mlflow.search_registered_models()
    assert registered.aliases == {"champion": 1}
    with pytest.raises(MlflowException, match="champion"):
        client.delete_model_version("iris-model", 1)


def test_nothing_but_a_model_is_registered(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    client = MlflowClient()
    client.create_registered_model("m")
    with mlflow.start_run() as run:
        mlflow.log_text("mine", "notes/notes.txt")
    sources = [str(tmp_path), f"file://{tmp_path}", f"runs:/{run.info.run_id}/notes"]
    for source in sources:
        with pytest.raises(MlflowException, match="is no model: there is no file MLmodel in it"):
            client.create_model_version("m", source)
    assert client.search_model_versions("name = 'm'") == []


def test_logged_models_are_ranked_by_what_was_measured() -> None:
    rows, target = iris()
    with mlflow.start_run():
        for depth in (1, 3):
            model = DecisionTreeClassifier(max_depth=depth, random_state=0).fit(rows, target)
            info = mlflow.sklearn.log_model(model, name=f"tree-{depth}", step=depth)
            mlflow.log_metric("acc", model.score(rows, target), step=depth, model_id=info.model_id)
    best: Any = mlflow.search_logged_models(
        output_format="list", order_by=[{"field_name": "metrics.acc", "ascending": False}]
    )
    assert [one.name for one in best] == ["tree-3", "tree-1"]
    assert mlflow.register_model(f"models:/{best[0].model_id}", name="best").model_id == best[0].model_id


class Doubling(mlflow.pyfunc.PythonModel):  # type: ignore[misc,name-defined]  # found when it is asked for
    """A model of one's own, which reads a file beside it."""

    def load_context(self, context: Any) -> None:
        self.factor = float(Path(context.artifacts["factor"]).read_text())

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return model_input * self.factor + (params or {}).get("plus", 0)


def test_a_model_of_ones_own_finds_its_files(tmp_path: Path) -> None:
    (tmp_path / "factor.txt").write_text("2")
    with mlflow.start_run():
        info = mlflow.pyfunc.log_model(
            name="own", python_model=Doubling(), artifacts={"factor": str(tmp_path / "factor.txt")},
            registered_model_name="doubling",
        )  # fmt: skip
    (tmp_path / "factor.txt").unlink()
    loaded = mlflow.pyfunc.load_model(info.model_uri)
    assert list(loaded.predict(pd.Series([1.0, 2.0]))) == [2.0, 4.0]
    assert list(loaded.predict(pd.Series([1.0]), params={"plus": 1})) == [3.0]
    assert mlops_jlab.load_model("doubling").predict(pd.Series([4.0]))[0] == 8.0


def test_a_pickle_that_another_machine_wrote_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow.pyfunc.save_model(tmp_path / "m", python_model=lambda rows: rows)
    assert mlflow.pyfunc.load_model(str(tmp_path / "m")).predict([1]) == [1]
    monkeypatch.setenv("MLOPS_JLAB_KEY_FILE", str(tmp_path / "another"))
    with pytest.raises(MlflowException, match="was not written here"):
        mlflow.pyfunc.load_model(str(tmp_path / "m"))


def test_autolog_obeys_its_arguments() -> None:
    rows, target = iris()
    try:
        mlflow.sklearn.autolog(max_tuning_runs=2, extra_tags={"by": "autolog"}, registered_model_name="auto")
        search = GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2, 3]}, cv=3)
        with mlflow.start_run() as run:
            search.fit(rows, target)
        data = run.data
        assert data.tags["by"] == "autolog"
        assert data.tags["estimator_name"] == "GridSearchCV"
        assert data.metrics["training_accuracy_score"] == pytest.approx(search.score(rows, target))
        assert data.metrics["best_cv_score"] == pytest.approx(search.best_score_)
        assert {"training_f1_score", "training_log_loss", "training_roc_auc"} <= set(data.metrics)
        parts: Any = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{run.info.run_id}'")
        assert len(parts) == 2
        assert set(parts["params.max_depth"]) == {"2", "3"}
        assert run.inputs.dataset_inputs[0].tags[0].value == "train"
        assert mlflow.pyfunc.load_model("models:/auto/1").predict(rows)[0] == 0
        mlflow.sklearn.autolog(disable=True)
        assert autologging.listeners == []
        DecisionTreeClassifier().fit(rows, target)
        assert len(mlflow.search_runs(search_all_experiments=True)) == 3
    finally:
        mlflow.autolog(disable=True)


def test_boosters_are_logged_under_mlflows_names() -> None:
    xgboost = pytest.importorskip("xgboost")
    rows, target = iris()
    try:
        mlflow.xgboost.autolog(log_models=False)
        train = xgboost.DMatrix(rows, label=target)
        with mlflow.start_run() as run:
            settings = {"objective": "multi:softprob", "num_class": 3, "eval_metric": "mlogloss"}
            booster = xgboost.train(
                settings, train, num_boost_round=3, evals=[(train, "train")], verbose_eval=False
            )
            info = mlflow.xgboost.log_model(booster, name="booster", input_example=rows.head(2))
        assert len(MlflowClient().get_metric_history(run.info.run_id, "train-mlogloss")) == 3
        assert mlflow.pyfunc.load_model(info.model_uri).predict(rows).shape == (150, 3)
        assert type(mlflow.xgboost.load_model(info.model_uri)) is xgboost.Booster
    finally:
        mlflow.autolog(disable=True)


def test_evaluation_gives_mlflows_metrics_and_logs_them() -> None:
    rows, target = iris()
    binary = (target == 2).astype(int)
    frame = rows.assign(truth=binary)
    model = LogisticRegression(max_iter=500).fit(rows, binary)
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(model, name="m")
        result = mlflow.evaluate(info.model_uri, frame, targets="truth", model_type="classifier")
    assert result.metrics["accuracy_score"] == pytest.approx(model.score(rows, binary))
    assert result.metrics["true_positives"] + result.metrics["false_negatives"] == 50
    assert run.data.metrics["roc_auc"] == result.metrics["roc_auc"]
    assert result.metrics["score"] == result.metrics["accuracy_score"]
    assert 0.5 < result.metrics["precision_recall_auc"] <= 1
    line = ElasticNet().fit(rows.iloc[:, :3], rows.iloc[:, 3])
    found = mlflow.evaluate(line.predict, rows.iloc[:, :3], targets=rows.iloc[:, 3], model_type="regressor")
    assert found.metrics["r2_score"] == pytest.approx(line.score(rows.iloc[:, :3], rows.iloc[:, 3]))
    said = mlflow.evaluate(data=pd.DataFrame({"y": [1.0, 2.0], "p": [1.0, 3.0]}), targets="y", predictions="p",
                           model_type="regressor")  # fmt: skip
    assert said.metrics["mean_absolute_error"] == 0.5
    with pytest.raises(MlflowException, match="did you mean 'classifier'"):
        mlflow.evaluate(model, frame, targets="truth", model_type="clasifier")


def test_data_are_known_by_name_digest_and_source(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [0.5, None]})
    frame.to_csv(path, index=False)
    dataset = mlflow.data.from_pandas(frame, source=str(path), name="mine", targets="a")
    with mlflow.start_run() as run:
        mlflow.log_input(dataset, context="training", tags={"part": "1"})
        mlflow.log_input(mlflow.data.from_numpy(np.zeros((3, 2)), name="zeros"))
    first, second = run.inputs.dataset_inputs
    assert (first.dataset.name, first.dataset.digest) == ("mine", dataset.digest)
    assert {tag.key: tag.value for tag in first.tags} == {"mlflow.data.context": "training", "part": "1"}
    assert mlflow.data.get_source(first).load() == str(path)
    assert second.dataset.name == "zeros"
    assert dataset.digest == mlflow.data.from_pandas(frame.copy()).digest
    assert infer_signature(frame).inputs.to_dict()[2] == {"type": "double", "name": "c", "required": False}  # type: ignore[union-attr]
    with pytest.raises(MlflowException, match="no column 'aa'"):
        mlflow.data.from_pandas(frame, targets="aa")


def test_a_signature_goes_through_its_text_unchanged() -> None:
    signature = infer_signature(np.zeros((2, 3)), pd.DataFrame({"y": [1]}), {"top": 3})
    assert ModelSignature.from_dict(signature.to_dict()) == signature
    assert signature.inputs is not None
    assert signature.inputs.to_dict() == [
        {"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 3]}}
    ]


@pytest.mark.parametrize("name", ["trace", "pytorch", "register_prompt", "run", "login"])
def test_what_is_absent_says_why_and_what_to_use(name: str) -> None:
    with pytest.raises(MlflowException, match=f"mlflow.{name} is not here: .*\n  → use"):
        getattr(mlflow, name)
    assert not hasattr(mlflow, name)


def test_the_layer_loads_nothing_that_our_own_calls_do_not() -> None:
    code = (
        "import sys, mlops_jlab.mlflow as m\nm.start_run()\n"
        "print(sorted({'numpy', 'pandas', 'sklearn', 'mlflow', 'yaml', 'papermill', 'click'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
