"""Every keyword of the MLflow layer is obeyed, or refused with the reason and what to use."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packaging.requirements import Requirement
from sklearn.linear_model import LinearRegression

import mlops_jlab.mlflow as mlflow
from mlops_jlab.mlflow import MlflowClient, starting
from mlops_jlab.mlflow.exceptions import MlflowException
from mlops_jlab.mlflow.flavours import switching
from mlops_jlab.store.recorder import close_all
from mlops_jlab.tracking import lifecycle

LAYER = Path(mlflow.__file__).parent

# Read by nobody, as they are always obeyed.
ALWAYS = {
    "await_registration_for": "a version is there when the call returns",
    "await_creation_for": "a version is there when the call returns",
    "log_traces": "these libraries have no traces",
}
# Calls of MLflow's stores that need do nothing here.
NOTHING = {
    "record_logged_model": "a logged model is a row of its own",
    "set_model_versions_tags": "a version knows its logged model",
}


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    monkeypatch.setattr(starting, "_chosen", "")
    monkeypatch.setattr(lifecycle, "_experiment", "")
    yield tmp_path / "store"
    mlflow.sklearn.autolog(disable=True)
    close_all()


def unread(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """The parameters that the body never reads; none where all it does is raise, or where users fill it in."""
    body = [
        one
        for one in function.body
        if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
    ]
    if all(isinstance(one, ast.Raise) for one in body) and (body or function.name not in NOTHING):
        if body:
            return set()
    arguments = function.args
    every = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ]
    read = {one.id for part in body for one in ast.walk(part) if isinstance(one, ast.Name)}
    named = {one.arg for one in every if one and not one.arg.startswith("_")}  # "_" says that it is not used
    return named - read - {"self", "cls"} - set(ALWAYS)


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in sorted(LAYER.rglob("*.py")):
        for one in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield f"{path.relative_to(LAYER)}:{one.lineno} {one.name}", one


def test_no_parameter_is_swallowed() -> None:
    hooks = {"load_context"}  # of PythonModel, which users write themselves
    swallowed = {
        title: sorted(names)
        for title, one in functions()
        if one.name not in NOTHING and one.name not in hooks and (names := unread(one))
    }
    assert swallowed == {}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(a, *, b=1, **c):\n    return a", {"b", "c"}),
        ("def f(a):\n    '''Nothing.'''", {"a"}),
        ("def f(a):\n    raise ValueError('no')", set()),
        ("def f(a, *b):\n    def g():\n        return a, b\n    return g", set()),
        ("def f(await_registration_for=300):\n    return 1", set()),
    ],
)
def test_a_parameter_is_swallowed_if_the_body_never_reads_it(source: str, expected: set[str]) -> None:
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    assert unread(function) == expected


@pytest.fixture
def line() -> Any:
    return LinearRegression().fit(np.arange(4.0).reshape(-1, 1), np.arange(4.0))


def files_of(info: Any) -> set[str]:
    return {one.path for one in mlflow.artifacts.list_artifacts(info.model_uri)}


def test_the_format_of_a_model_is_obeyed(line: Any, tmp_path: Path) -> None:
    assert "model.skops" in files_of(mlflow.sklearn.log_model(line, name="a", serialization_format="skops"))
    pickled = mlflow.sklearn.log_model(line, name="b", serialization_format="cloudpickle")
    assert "model.pkl" in files_of(pickled)
    assert mlflow.sklearn.load_model(pickled.model_uri).coef_[0] == pytest.approx(1.0)
    mlflow.sklearn.save_model(line, tmp_path / "c", serialization_format="pickle")
    assert (tmp_path / "c" / "model.pkl").is_file()
    mlflow.sklearn.load_model(str(tmp_path / "c"), dst_path=str(tmp_path / "copy"))
    assert (tmp_path / "copy" / "model.pkl").is_file()
    with pytest.raises(MlflowException, match="'skop' does not exist; did you mean 'skops'"):
        mlflow.sklearn.log_model(line, name="d", serialization_format="skop")
    with pytest.raises(MlflowException, match="skops cannot keep"):
        mlflow.pyfunc.log_model(python_model=lambda rows: rows, name="e", serialization_format="skops")


def test_only_types_that_are_named_are_trusted(line: Any) -> None:
    from sklearn.tree import DecisionTreeRegressor

    tree = DecisionTreeRegressor(max_depth=1).fit([[0.0], [1.0]], [0.0, 1.0])
    mlflow.sklearn.log_model(line, name="a", skops_trusted_types=[])
    mlflow.sklearn.log_model(tree, name="b", skops_trusted_types=["sklearn.tree._tree.Tree"])
    with pytest.raises(MlflowException, match=r"sklearn\.tree\._tree\.Tree"):
        mlflow.sklearn.log_model(tree, name="c", skops_trusted_types=[])
    with pytest.raises(MlflowException, match="is pickled"):
        mlflow.sklearn.log_model(tree, name="d", skops_trusted_types=[], serialization_format="pickle")


def test_autolog_keeps_models_in_the_format_that_it_was_told() -> None:
    mlflow.sklearn.autolog(serialization_format="cloudpickle")
    with mlflow.start_run():
        LinearRegression().fit(np.arange(4.0).reshape(-1, 1), np.arange(4.0))
    made = mlflow.last_logged_model()
    assert made is not None
    assert "model.pkl" in {one.path for one in mlflow.artifacts.list_artifacts(made.model_uri)}


def test_autolog_is_off_where_a_version_is_not_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow.sklearn.autolog(disable_for_unsupported_versions=True)
    assert "sklearn" in switching._wanted
    known = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0.1" if name == "scikit-learn" else known(name))
    mlflow.sklearn.autolog(disable_for_unsupported_versions=True, silent=True)
    assert "sklearn" not in switching._wanted
    mlflow.sklearn.autolog()
    assert "sklearn" in switching._wanted


def test_each_library_of_autolog_has_a_version_that_we_test() -> None:
    needed = {Requirement(one).name for one in metadata.requires("mlops-jlab") or ()}
    for library in switching.LIBRARIES:
        assert needed & set(switching._DISTRIBUTIONS[library]), library


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: mlflow.autolog(exclusive=True), "exclusive"),
        (lambda: mlflow.sklearn.autolog(exclusive=True), "exclusive"),
        (lambda: mlflow.xgboost.autolog(model_format="json"), "model_format"),
        (lambda: mlflow.lightgbm.autolog(exclusive=True), "exclusive"),
        (lambda: mlflow.xgboost.log_model(object(), name="m", model_format="ubj"), "model_format"),
        (lambda: MlflowClient("http://127.0.0.1:5000"), "127.0.0.1:5000"),
        (lambda: MlflowClient(registry_uri="sqlite:///a.db"), "sqlite:///a.db"),
        (lambda: mlflow.artifacts.list_artifacts("models:/a/1", tracking_uri="http://x"), "http://x"),
        (lambda: mlflow.artifacts.download_artifacts("models:/a/1", tracking_uri="http://x"), "http://x"),
        (
            lambda: mlflow.evaluate(
                data=[[1]], model_type="classifier", evaluator_config={"metric_prefix": "a"}
            ),
            "metric_prefix",
        ),
    ],
)
def test_what_cannot_be_obeyed_is_refused_by_its_name(call: Any, named: str) -> None:
    with pytest.raises(MlflowException) as refused:
        call()
    assert named in str(refused.value)
    assert refused.value.hint


def test_the_dataset_of_a_metric_and_the_link_of_a_version_are_kept(line: Any) -> None:
    data = mlflow.data.from_numpy(np.arange(4.0), name="numbers")
    with mlflow.start_run() as run:
        mlflow.log_metric("loss", 0.5, dataset=data)
        info = mlflow.sklearn.log_model(line, name="m")
    (found,) = mlflow.get_run(run.info.run_id).inputs.dataset_inputs
    assert (found.dataset.name, found.dataset.digest) == ("numbers", data.digest)
    client = MlflowClient(mlflow.get_tracking_uri())
    client.create_registered_model("line")
    client.create_model_version("line", info.model_uri, run_link="https://example.org/run")
    assert client.get_model_version("line", 1).run_link == "https://example.org/run"
