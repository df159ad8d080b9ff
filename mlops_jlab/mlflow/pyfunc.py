"""``mlflow.pyfunc``: any model behind one ``predict``, and models of one's own."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mlops_jlab.errors import InputError
from mlops_jlab.mlflow.backing import files
from mlops_jlab.mlflow.exceptions import translated
from mlops_jlab.mlflow.flavours import keeping
from mlops_jlab.mlflow.flavours.predicting import PyFuncModel, PythonModel, PythonModelContext, Wrapped
from mlops_jlab.mlflow.models.info import ModelInfo, of
from mlops_jlab.mlflow.models.signature import ModelSignature

FLAVOUR = "python_function"

__all__ = ["PyFuncModel", "PythonModel", "PythonModelContext", "load_model", "log_model", "save_model"]


def _wrapped(python_model: Any, artifacts: Mapping[str, str] | None) -> Wrapped:
    if python_model is None or not (callable(python_model) or hasattr(python_model, "predict")):
        raise InputError(
            "python_model is a PythonModel or a function", hint="for a fitted model: mlflow.sklearn"
        )
    found = {
        name: Path(path.removeprefix("file://")) if not files.is_ours(path) else files.download(path)
        for name, path in (artifacts or {}).items()
    }
    return Wrapped(python_model, {name: (path.name, path.read_bytes()) for name, path in found.items()})


@translated
def log_model(
    artifact_path: str | None = None,
    *,
    python_model: PythonModel | Callable[..., Any] | None = None,
    name: str | None = None,
    artifacts: Mapping[str, str] | None = None,
    registered_model_name: str | None = None,
    signature: ModelSignature | None = None,
    input_example: Any = None,
    await_registration_for: int | None = 300,
    **others: Any,
) -> ModelInfo:
    """Keeps a model of one's own; ``artifacts`` are files by name, which it finds in its context."""
    return keeping.log(
        _wrapped(python_model, artifacts),
        name,
        artifact_path,
        FLAVOUR,
        signature=signature,
        input_example=input_example,
        registered_model_name=registered_model_name,
        **others,
    )


@translated
def save_model(
    path: str | Path,
    *,
    python_model: PythonModel | Callable[..., Any] | None = None,
    artifacts: Mapping[str, str] | None = None,
    **others: Any,
) -> None:
    """Writes a model of one's own into a new folder."""
    keeping.save(_wrapped(python_model, artifacts), path, FLAVOUR, **others)


@translated
def load_model(
    model_uri: str,
    suppress_warnings: bool = False,
    dst_path: str | None = None,
    model_config: Any = None,
) -> PyFuncModel:
    """The model at an address behind one ``predict``."""
    if model_config is not None:
        raise InputError(
            "load_model() cannot obey 'model_config'", hint="give it to the model when it is made"
        )
    with warnings.catch_warnings():
        if suppress_warnings:
            warnings.simplefilter("ignore")
        model = keeping.load(model_uri, dst_path)
    return PyFuncModel(model, of(files.contents(model_uri), model_uri))
