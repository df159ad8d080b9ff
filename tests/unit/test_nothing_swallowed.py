"""Every keyword is obeyed or refused with the nearest name; only models are registered."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mlops_jlab
from mlops_jlab.errors import InputError, NotFound, TrackingError
from mlops_jlab.store import changing, location, opening, reading
from mlops_jlab.store.recorder import close_all
from mlops_jlab.tracking import finding

np = pytest.importorskip("numpy")


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)


CALLS: dict[str, tuple[Any, ...]] = {
    "log_metric": ("m", 1), "log_metrics": ({"m": 1},), "log_param": ("p", 1), "log_params": ({"p": 1},),
    "set_tag": ("t", "x"), "set_tags": ({"t": "x"},), "log_text": ("x", "x.txt"), "log_dict": ({}, "x.json"),
    "log_artifact": ("x",), "log_artifacts": (".",), "log_figure": (None,), "log_table": (None,),
    "log_input": ([1],), "log_model": (None,), "register_model": (None, "m"), "start_run": (),
    "set_experiment": ("e",), "search_runs": (), "autolog": (),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_a_keyword_that_there_is_not_is_refused_with_the_nearest(name: str) -> None:
    call: Callable[..., Any] = getattr(mlops_jlab, name)
    with pytest.raises(TrackingError, match=f"{name}\\(\\) takes no 'unheard_of'") as caught:
        call(*CALLS[name], unheard_of=1)
    assert "it takes: " in caught.value.hint
    known = [p.name for p in inspect.signature(call).parameters.values() if p.kind is not p.VAR_KEYWORD]
    with pytest.raises(TrackingError, match=f"did you mean '{known[-1]}'"):
        call(*CALLS[name], **{f"{known[-1]}x": 1})


@pytest.mark.parametrize(
    ("name", "keyword", "value"),
    [("log_metric", "model_id", "m-1"), ("log_metric", "dataset", object()), ("log_metrics", "dataset", object()),
     ("log_metric", "timestamp", "yesterday"), ("log_metric", "timestamp", -5), ("log_metric", "timestamp", 1e30),
     ("log_figure", "save_kwargs", {}), ("log_input", "tags", {"a": 1}), ("start_run", "log_system_metrics", False),
     ("search_runs", "output_format", "arrow"), ("search_runs", "run_view_type", 9)],
)  # fmt: skip
def test_what_cannot_be_obeyed_is_refused(name: str, keyword: str, value: Any) -> None:
    with pytest.raises(TrackingError):
        getattr(mlops_jlab, name)(*CALLS[name], **{keyword: value})


def test_a_value_goes_to_the_run_that_is_named_at_the_time_that_is_given() -> None:
    with mlops_jlab.start_run(run_name="a") as a:
        mlops_jlab.log_metric("m", 0)
    with mlops_jlab.start_run(run_name="b") as b:
        mlops_jlab.log_metric("m", 1, run_id=a.id, timestamp=1_700_000_000_000)
        mlops_jlab.log_metrics({"m": 2}, run_id=a.id)
        mlops_jlab.log_params({"p": "a's"}, run_id=a.id)
        mlops_jlab.log_text("a's", "note.txt", run_id=a.id)
        mlops_jlab.log_metric("m", 7, run_id=b.id)
        mlops_jlab.log_metric("m", 8, synchronous=True)
        with pytest.raises(NotFound, match="there is no run 'nobody'"):
            mlops_jlab.log_metric("m", 1, run_id="nobody")
    close_all()
    points = finding.get_history(a.id, "m")
    assert [(point.iteration, point.value) for point in points] == [(0, 0.0), (1, 1.0), (2, 2.0)]
    assert points[1].at == 1_700_000_000.0
    found = finding.get_run(a.id)
    assert (found.params, found.status) == ({"p": "a's"}, "finished")
    assert [point.value for point in finding.get_history(b.id, "m")] == [7.0, 8.0]
    assert finding.get_run(b.id).params == {}


def test_a_view_of_runs_is_what_is_asked_for() -> None:
    for name in ("kept", "gone"):
        with mlops_jlab.start_run(run_name=name):
            pass
    close_all()
    with opening.writing(location.find()) as connection:
        changing.delete(connection, [reading.find(connection, "gone")])
    names = {}
    for view in (1, 2, 3):
        found = mlops_jlab.search_runs(run_view_type=view, output_format="list")
        names[view] = sorted(run.name for run in found)
    assert names == {1: ["kept"], 2: ["gone"], 3: ["gone", "kept"]}


NO_MODELS = [
    "a text",
    "runs:/",
    "runs:/abc",
    b"x",
    5,
    1.5,
    None,
    True,
    [1],
    (1,),
    {1},
    Path("x.pkl"),
    np.ones(3),
    int,
    np,
]


@pytest.mark.parametrize("thing", NO_MODELS)
def test_nothing_but_a_model_is_registered(thing: Any) -> None:
    with mlops_jlab.start_run() as run:
        with pytest.raises(InputError):
            mlops_jlab.register_model(thing, "m")
        with pytest.raises(InputError):
            mlops_jlab.log_model(thing)
    assert mlops_jlab.get_run(run.id).tags == {}


class Own:
    def predict(self, rows: Any) -> Any:
        return rows


def test_addresses_of_models_are_resolved() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    pytest.importorskip("skops")
    model = linear.LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0])
    with mlops_jlab.start_run() as run:
        mlops_jlab.log_model(model, "best")
        mlops_jlab.log_model(Own(), "own")
    first = mlops_jlab.register_model(f"runs:/{run.id}/best", "m")
    assert (first.version, first.run) == (1, run.id)
    assert first.about["class"].endswith("LinearRegression")
    second = mlops_jlab.register_model("models:/m/1", "other")
    assert mlops_jlab.load_model("models:/other/1").predict([[2.0]])[0] == pytest.approx(4.0)
    assert (second.model, second.version) == ("other", 1)
    assert mlops_jlab.load_model(f"runs:/{run.id}/best").coef_[0] == pytest.approx(2.0)
    for address, words in (
        (f"runs:/{run.id}/none", "has kept no model 'none'"), ("runs:/feed/best", "there is no run"),
        ("models:/nobody/1", "nobody"), (f"runs:/{run.id}/own", "is a pickle"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=words):
            mlops_jlab.register_model(address, "m")
    assert mlops_jlab.load_model(f"runs:/{run.id}/own", trust=True).predict(3) == 3
