"""Our entities → MLflow's own classes, and our errors → its exception."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from mlflow import entities as theirs
from mlflow.entities import model_registry as registered
from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2
from mlflow.store.entities.paged_list import PagedList

from mlops_jlab.errors import MlopsError
from mlops_jlab.mlflow import entities as ours
from mlops_jlab.mlflow import exceptions

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def speaking(call: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """``call``, whose errors are MLflow's own."""

    @functools.wraps(call)
    def translated(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        try:
            return call(*args, **kwargs)
        except MlopsError as error:
            code = databricks_pb2.ErrorCode.Value(exceptions.code_of(error))
            raise MlflowException(str(error), error_code=code) from error

    return translated


def page(found: ours.PagedList[Any], convert: Callable[[Any], Any]) -> Any:
    """A page of MLflow's own."""
    return PagedList([convert(one) for one in found], found.token)


def experiment(one: ours.Experiment) -> Any:
    """An experiment."""
    tags = [theirs.ExperimentTag(key, value) for key, value in one.tags.items()]
    return theirs.Experiment(**{**vars(one), "tags": tags})


def metric(one: ours.Metric) -> Any:
    """One value of a metric."""
    return theirs.Metric(**vars(one))


def run(one: ours.Run) -> Any:
    """A run."""
    return theirs.Run(
        theirs.RunInfo(**vars(one.info)),
        theirs.RunData(
            [metric(point) for point in one.data.points],
            [theirs.Param(key, value) for key, value in one.data.params.items()],
            [theirs.RunTag(key, value) for key, value in one.data.tags.items()],
        ),
        theirs.RunInputs(
            [_dataset(found) for found in one.inputs.dataset_inputs],
            [theirs.LoggedModelInput(model.model_id) for model in one.inputs.model_inputs],
        ),
        theirs.RunOutputs([theirs.LoggedModelOutput(m.model_id, m.step) for m in one.outputs.model_outputs]),
    )


def _dataset(one: ours.DatasetInput) -> Any:
    tags = [theirs.InputTag(tag.key, tag.value) for tag in one.tags]
    return theirs.DatasetInput(theirs.Dataset(**vars(one.dataset)), tags)


def dataset_back(one: Any) -> ours.DatasetInput:
    """A use of data, from MLflow's."""
    found = one.dataset
    return ours.DatasetInput(
        ours.Dataset(found.name, found.digest, found.source_type, found.source, found.schema, found.profile),
        [ours.InputTag(tag.key, tag.value) for tag in one.tags],
    )


def metric_back(one: Any) -> ours.Metric:
    """One value of a metric, from MLflow's."""
    return ours.Metric(
        one.key, one.value, one.timestamp, one.step, one.model_id, one.dataset_name, one.dataset_digest
    )


def file(one: ours.FileInfo) -> Any:
    """A file or folder."""
    return theirs.FileInfo(one.path, one.is_dir, one.file_size)


def logged_model(one: ours.LoggedModel) -> Any:
    """A logged model."""
    return theirs.LoggedModel(
        **{
            **vars(one),
            "status": theirs.LoggedModelStatus(str(one.status)),
            "tags": [theirs.LoggedModelTag(key, value) for key, value in one.tags.items()],
            "params": [theirs.LoggedModelParameter(key, value) for key, value in one.params.items()],
            "metrics": [metric(point) for point in one.metrics or ()],
        }
    )


def version(one: ours.ModelVersion) -> Any:
    """A version of a registered model."""
    tags = [registered.ModelVersionTag(key, value) for key, value in one.tags.items()]
    return registered.ModelVersion(**{**vars(one), "tags": tags})


def model(one: ours.RegisteredModel) -> Any:
    """A registered model."""
    return registered.RegisteredModel(
        **{
            **vars(one),
            "latest_versions": [version(newest) for newest in one.latest_versions],
            "tags": [registered.RegisteredModelTag(key, value) for key, value in one.tags.items()],
            "aliases": [
                registered.RegisteredModelAlias(alias, number) for alias, number in one.aliases.items()
            ],
        }
    )


def tags(found: Any) -> Mapping[str, str]:
    """Tags or params, from MLflow's, by name."""
    return {one.key: one.value for one in found or ()}
