"""Our entities → the JSON of MLflow's protocol, and back."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from typing import Any

from mlops_jlab.errors import InputError
from mlops_jlab.mlflow import entities as ours
from mlops_jlab.mlflow.backing import places

# The scheme by which MLflow's clients ask the server itself for files.
PROXY = "mlflow-artifacts"
_MODEL_STATUS = {
    ours.LoggedModelStatus.UNSPECIFIED: "LOGGED_MODEL_STATUS_UNSPECIFIED",
    ours.LoggedModelStatus.PENDING: "LOGGED_MODEL_PENDING",
    ours.LoggedModelStatus.READY: "LOGGED_MODEL_READY",
    ours.LoggedModelStatus.FAILED: "LOGGED_MODEL_UPLOAD_FAILED",
}
Found = dict[str, Any]


def told(uri: str) -> str:
    """An address of ours as clients get it."""
    return f"{PROXY}:{uri.removeprefix(f'{places.SCHEME}:')}" if uri.startswith(f"{places.SCHEME}:") else uri


def meant(uri: str) -> str:
    """The address of ours that a client means."""
    return f"{places.SCHEME}:{uri.removeprefix(f'{PROXY}:')}" if uri.startswith(f"{PROXY}:") else uri


def pairs(values: Mapping[str, Any]) -> list[Found]:
    """Tags or params."""
    return [{"key": key, "value": str(value)} for key, value in values.items()]


def _given(found: Mapping[str, Any]) -> Found:
    """Without the fields that have no value: protobuf leaves them out."""
    return {name: value for name, value in found.items() if value is not None}


def number(value: float) -> float | str:
    """A number, which JSON has no other way to write than as a word where it is not finite."""
    if math.isnan(value):
        return "NaN"
    return value if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"


def metric(one: ours.Metric) -> Found:
    """One value of a metric."""
    return _given({**vars(one), "value": number(one.value)})


def metric_back(found: Mapping[str, Any]) -> ours.Metric:
    """One value of a metric, as a client sends it.

    Raises:
        InputError: it has no name, or its value is not a number.
    """
    try:
        return ours.Metric(
            str(found["key"]),
            float(found["value"]),
            int(found.get("timestamp") or time.time() * 1000),
            int(found.get("step") or 0),
            found.get("model_id") or None,
            found.get("dataset_name") or None,
            found.get("dataset_digest") or None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{dict(found)} is not a metric", hint="it needs key and value") from error


def experiment(one: ours.Experiment) -> Found:
    """An experiment."""
    where = told(one.artifact_location)
    return _given({**vars(one), "artifact_location": where, "tags": pairs(one.tags)})


def info(one: ours.RunInfo) -> Found:
    """Id, name, status and times of a run."""
    return _given({**vars(one), "run_uuid": one.run_id, "artifact_uri": told(one.artifact_uri)})


def run(one: ours.Run) -> Found:
    """A run."""
    data = {
        "metrics": [metric(point) for point in one.data.points],
        "params": pairs(one.data.params),
        "tags": pairs(one.data.tags),
    }
    inputs = {
        "dataset_inputs": [
            {"dataset": _given(vars(used.dataset)), "tags": [vars(tag) for tag in used.tags]}
            for used in one.inputs.dataset_inputs
        ],
        "model_inputs": [vars(model) for model in one.inputs.model_inputs],
    }
    outputs = {"model_outputs": [vars(model) for model in one.outputs.model_outputs]}
    return {"info": info(one.info), "data": data, "inputs": inputs, "outputs": outputs}


def dataset_back(found: Mapping[str, Any]) -> ours.DatasetInput:
    """A use of data, as a client sends it.

    Raises:
        InputError: it has no name or no digest.
    """
    data = found.get("dataset") or {}
    names = ("name", "digest", "source_type", "source", "schema", "profile")
    if not data.get("name") or not data.get("digest"):
        raise InputError("a dataset needs a name and a digest")
    return ours.DatasetInput(
        ours.Dataset(**{name: str(data[name]) for name in names if name in data}),
        [ours.InputTag(str(tag["key"]), str(tag["value"])) for tag in found.get("tags") or ()],
    )


def file(one: ours.FileInfo) -> Found:
    """A file or folder."""
    return _given(vars(one))


def logged_model(one: ours.LoggedModel) -> Found:
    """A logged model."""
    about = {
        "model_id": one.model_id,
        "experiment_id": one.experiment_id,
        "name": one.name,
        "creation_timestamp_ms": one.creation_timestamp,
        "last_updated_timestamp_ms": one.last_updated_timestamp,
        "artifact_uri": told(one.artifact_location),
        "status": _MODEL_STATUS[one.status],
        "model_type": one.model_type,
        "source_run_id": one.source_run_id,
        "tags": pairs(one.tags),
    }
    data = {"params": pairs(one.params), "metrics": [metric(point) for point in one.metrics or ()]}
    return {"info": _given(about), "data": data}


def status_back(word: str) -> str:
    """The status of a logged model, as a client sends it.

    Raises:
        InputError: it is not one.
    """
    for status, theirs in _MODEL_STATUS.items():
        if word == theirs:
            return status
    raise InputError(f"{word!r} is not the status of a model", hint=", ".join(_MODEL_STATUS.values()))


def version(one: ours.ModelVersion) -> Found:
    """A version of a registered model."""
    return _given(
        {**vars(one), "version": str(one.version), "source": told(one.source), "tags": pairs(one.tags)}
    )


def model(one: ours.RegisteredModel) -> Found:
    """A registered model."""
    return {
        **vars(one),
        "latest_versions": [version(newest) for newest in one.latest_versions],
        "tags": pairs(one.tags),
        "aliases": [{"alias": alias, "version": str(number)} for alias, number in one.aliases.items()],
    }


def page(name: str, found: Iterable[Any], token: str | None) -> Found:
    """A page of results under the name that the protocol has for them."""
    return _given({name: list(found), "next_page_token": token})
