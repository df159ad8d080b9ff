"""Autolog: what estimators do in fit is in the run, nothing inner, and all of it can be undone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mlops_jlab
from mlops_jlab import autologging
from mlops_jlab.store import opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all
from mlops_jlab.tracking import finding

DATA = load_breast_cancer(as_frame=True)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    yield Place(tmp_path / "store")
    mlops_jlab.autolog(disable=True)
    close_all()


def files(place: Place, run_id: str) -> set[str]:
    with opening.reading(place) as connection:
        return {file.path for file in reading.artifacts(connection, reading.find(connection, run_id))}


def test_an_estimator_becomes_a_run_of_its_own(place: Place) -> None:
    mlops_jlab.autolog()
    RandomForestClassifier(5, random_state=0).fit(DATA.data, DATA.target)
    (run,) = finding.find_runs()
    assert (run.name, run.kind, run.status) == ("RandomForestClassifier", "fit", "finished")
    assert (run.params["n_estimators"], run.params["max_depth"]) == ("5", "None")
    assert run.metrics["training_score"].latest > 0.95
    assert run.metrics["fit_seconds"].latest > 0
    assert files(place, run.id) == {
        "feature_importance.png",
        "training_confusion_matrix.png",
        "training_roc.png",
    }
    assert run.facts["data"]["training"]["shape"] == [569, 30]


def test_a_pipeline_is_logged_once_into_the_active_run() -> None:
    mlops_jlab.autolog(figures=False)
    with mlops_jlab.start_run(run_name="mine") as mine:
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(DATA.data, DATA.target)
        model.score(DATA.data, DATA.target)
    (run,) = finding.find_runs()
    assert run.id == mine.id
    assert run.params["logisticregression__max_iter"] == "500"
    assert {"fit_seconds", "training_score", "Pipeline.score"} == set(run.metrics)


def test_each_candidate_of_a_search_is_a_child() -> None:
    mlops_jlab.autolog(figures=False)
    GridSearchCV(Ridge(), {"alpha": [0.1, 1.0, 10.0]}, cv=3).fit(DATA.data, DATA.target)
    runs = finding.find_runs()
    children = [run for run in runs if run.kind == "candidate"]
    (parent,) = [run for run in runs if run.kind == "fit"]
    assert {run.params["alpha"] for run in children} == {"0.1", "1.0", "10.0"}
    assert {run.parent for run in children} == {parent.id}
    assert (
        max(run.metrics["mean_test_score"].latest for run in children) == parent.metrics["best_score"].latest
    )
    assert len(runs) == 4


def test_estimators_that_are_defined_later_are_logged_and_undoing_leaves_no_trace() -> None:
    before = {name: vars(cls).get("fit") for name, cls in (("r", Ridge), ("l", LogisticRegression))}
    hook = vars(BaseEstimator).get("__init_subclass__")
    mlops_jlab.autolog()
    mlops_jlab.autolog()

    class Mean(BaseEstimator):
        def fit(self, X: Any, y: Any = None) -> Mean:  # noqa: N803
            self.mean_ = np.mean(X)
            return self

    Mean().fit([[1.0], [3.0]])
    assert [run.name for run in finding.find_runs()] == ["Mean"]
    mlops_jlab.autolog(disable=True)
    Mean().fit([[1.0]])
    Ridge().fit([[1.0], [2.0]], [1.0, 2.0])
    assert len(finding.find_runs()) == 1
    assert {name: vars(cls).get("fit") for name, cls in (("r", Ridge), ("l", LogisticRegression))} == before
    assert vars(BaseEstimator).get("__init_subclass__") is hook


def test_a_fit_that_raises_fails_its_run_and_raises() -> None:
    mlops_jlab.autolog()
    with pytest.raises(ValueError, match="NaN"):
        Ridge().fit([[np.nan]], [1.0])
    (run,) = finding.find_runs()
    assert run.status == "failed"
    assert run.reason.startswith("ValueError")


def test_what_goes_wrong_in_logging_stops_no_training(capsys: pytest.CaptureFixture[str]) -> None:
    class Odd(BaseEstimator):
        def fit(self, X: Any, y: Any = None) -> Odd:  # noqa: N803
            self.fitted_ = True
            return self

        def get_params(self, deep: bool = True) -> dict[str, Any]:
            raise RuntimeError("no params today")

    mlops_jlab.autolog()
    assert Odd().fit(pd.DataFrame({"x": [1]})).fitted_
    assert "no params today" in capsys.readouterr().err


def test_a_library_of_ones_own_is_taught_in_one_function(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("mylibrary")
    module.train = lambda n: n * 2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mylibrary", module)

    def teach(library: Any, patches: Any) -> None:
        def train(original: Any, n: int) -> int:
            with autologging.outermost("mine") as run:
                result = original(n)
                if run:
                    run.log_metric("result", result)
                return int(result)

        patches.wrap(library, "train", train)

    mlops_jlab.autolog()
    autologging.register("mylibrary", teach)
    assert module.train(3) == 6
    assert finding.find_runs()[0].metrics["result"].latest == 6
    monkeypatch.delitem(autologging._taught, "mylibrary")


def test_xgboost_logs_each_round() -> None:
    xgboost = pytest.importorskip("xgboost")
    mlops_jlab.autolog()
    data = xgboost.DMatrix(DATA.data, DATA.target)
    xgboost.train(
        {"objective": "binary:logistic", "max_depth": 2}, data, 5, evals=[(data, "train")], verbose_eval=False
    )
    (run,) = finding.find_runs()
    assert run.params["max_depth"] == "2"
    assert run.metrics["train.logloss"].iteration == 4


def test_lightgbm_logs_each_round() -> None:
    lightgbm = pytest.importorskip("lightgbm")
    mlops_jlab.autolog()
    data = lightgbm.Dataset(DATA.data, DATA.target)
    lightgbm.train({"objective": "binary", "verbose": -1}, data, 5, valid_sets=[data], valid_names=["train"])
    (run,) = finding.find_runs()
    assert run.metrics["train.binary_logloss"].iteration == 4
