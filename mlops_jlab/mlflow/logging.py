"""The fluent calls that log: values, files, data. Without an active run they begin one, as MLflow does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_jlab.errors import InputError
from mlops_jlab.mlflow import tables
from mlops_jlab.mlflow.backing import inputs, places
from mlops_jlab.mlflow.client import MlflowClient
from mlops_jlab.mlflow.clients.runs import RunOperations, done
from mlops_jlab.mlflow.entities import LoggedModelInput, LoggedModelOutput
from mlops_jlab.mlflow.exceptions import translated
from mlops_jlab.mlflow.fluent import experiment_id
from mlops_jlab.mlflow.starting import ensured

if TYPE_CHECKING:
    import pandas

    from mlops_jlab.mlflow.data.dataset import Dataset


def _run(run_id: str | None) -> str:
    return run_id or ensured().id


@translated
def log_metric(
    key: str,
    value: float,
    step: int | None = None,
    synchronous: bool | None = None,
    timestamp: int | None = None,
    run_id: str | None = None,
    model_id: str | None = None,
    dataset: Any = None,
) -> RunOperations | None:
    """Keeps one value of a metric; without ``step`` it is the next one. ``timestamp`` is milliseconds.

    With ``model_id`` it is kept with that logged model as well; ``dataset`` says on which data. Without a
    model the run keeps the dataset among those that it has read.
    """
    if model_id is None and run_id is None and dataset is None:
        ensured().log_metric(key, value, step, None if timestamp is None else timestamp / 1000)
        return done(synchronous)
    name, digest = (dataset.name, dataset.digest) if dataset is not None else (None, None)
    return MlflowClient().log_metric(
        _run(run_id), key, value, timestamp, step, synchronous, name, digest, model_id
    )


@translated
def log_metrics(
    metrics: Mapping[str, float],
    step: int | None = None,
    synchronous: bool | None = None,
    run_id: str | None = None,
    timestamp: int | None = None,
    model_id: str | None = None,
    dataset: Any = None,
) -> RunOperations | None:
    """Keeps one value each of several metrics; keywords as of :func:`log_metric`."""
    for key, value in metrics.items():
        log_metric(key, value, step, None, timestamp, run_id, model_id, dataset)
    return done(synchronous)


@translated
def log_param(key: str, value: Any, synchronous: bool | None = None) -> Any:
    """Keeps a param, or corrects it; gives ``value`` back."""
    ensured().log_param(key, value)
    return value if synchronous is not False else done(synchronous)


@translated
def log_params(
    params: Mapping[str, Any], synchronous: bool | None = None, run_id: str | None = None
) -> RunOperations | None:
    """Keeps several params."""
    for key, value in params.items():
        MlflowClient().log_param(_run(run_id), key, value)
    return done(synchronous)


@translated
def set_tag(key: str, value: Any, synchronous: bool | None = None) -> RunOperations | None:
    """Sets a tag."""
    return MlflowClient().set_tag(_run(None), key, value, synchronous)


@translated
def set_tags(tags: Mapping[str, Any], synchronous: bool | None = None) -> RunOperations | None:
    """Sets several tags."""
    for key, value in tags.items():
        set_tag(key, value)
    return done(synchronous)


def delete_tag(key: str) -> None:
    """Takes a tag away."""
    MlflowClient().delete_tag(_run(None), key)


def log_artifact(local_path: str | Path, artifact_path: str | None = None, run_id: str | None = None) -> None:
    """Keeps a file."""
    MlflowClient().log_artifact(_run(run_id), local_path, artifact_path)


def log_artifacts(local_dir: str | Path, artifact_path: str | None = None, run_id: str | None = None) -> None:
    """Keeps all files of a folder."""
    MlflowClient().log_artifacts(_run(run_id), local_dir, artifact_path)


def log_text(text: str, artifact_file: str, run_id: str | None = None) -> None:
    """Keeps a text as a file."""
    MlflowClient().log_text(_run(run_id), text, artifact_file)


def log_dict(dictionary: Any, artifact_file: str, run_id: str | None = None) -> None:
    """Keeps a dict as JSON or YAML."""
    MlflowClient().log_dict(_run(run_id), dictionary, artifact_file)


def log_figure(figure: Any, artifact_file: str, *, save_kwargs: Mapping[str, Any] | None = None) -> None:
    """Keeps a figure of matplotlib or plotly."""
    MlflowClient().log_figure(_run(None), figure, artifact_file, save_kwargs=save_kwargs)


def log_image(
    image: Any,
    artifact_file: str | None = None,
    key: str | None = None,
    step: int | None = None,
    timestamp: int | None = None,
    synchronous: bool | None = None,
) -> RunOperations | None:
    """Keeps an image: an array, a Pillow image, or :class:`mlops_jlab.mlflow.Image`."""
    return MlflowClient().log_image(_run(None), image, artifact_file, key, step, timestamp, synchronous)


def log_table(data: Any, artifact_file: str, run_id: str | None = None) -> None:
    """Keeps rows as ``.json`` or ``.parquet``; those of an earlier call stay above them."""
    MlflowClient().log_table(_run(run_id), data, artifact_file)


@translated
def load_table(
    artifact_file: str, run_ids: Sequence[str] | None = None, extra_columns: Sequence[str] | None = None
) -> pandas.DataFrame:
    """The rows of a table in ``run_ids``, or in all runs of the experiment."""
    if run_ids:
        return tables.load(run_ids, artifact_file, extra_columns or ())
    found: pandas.DataFrame = MlflowClient().load_table(experiment_id(), artifact_file, None, extra_columns)
    return found


def log_stream(stream: Any, artifact_file: str, run_id: str | None = None) -> None:
    """Keeps what can be read from an open file."""
    MlflowClient().log_stream(_run(run_id), stream, artifact_file)


@translated
def log_input(
    dataset: Dataset | None = None,
    context: str | None = None,
    tags: Mapping[str, str] | None = None,
    model: LoggedModelInput | None = None,
) -> None:
    """Keeps which data, or which logged model, the run reads; ``context`` says what for."""
    log_inputs([dataset], [context], [tags], [model])


@translated
def log_inputs(
    datasets: Sequence[Dataset | None] | None = None,
    contexts: Sequence[str | None] | None = None,
    tags_list: Sequence[Mapping[str, str] | None] | None = None,
    models: Sequence[LoggedModelInput | None] | None = None,
) -> None:
    """Keeps which data and logged models the run reads."""
    from mlops_jlab.mlflow.data.dataset import as_input

    datasets = datasets or []
    contexts, tags_list = contexts or [None] * len(datasets), tags_list or [None] * len(datasets)
    if not len(datasets) == len(contexts) == len(tags_list):
        raise InputError("log_inputs() takes as many contexts and tags as datasets")
    found = [
        as_input(one, context, tags)
        for one, context, tags in zip(datasets, contexts, tags_list, strict=True)
        if one is not None
    ]
    inputs.log(ensured(), found, [model.model_id for model in models or () if model is not None])


def log_outputs(models: Sequence[LoggedModelOutput] | None = None) -> None:
    """Keeps at which step the run has made each of these logged models."""
    MlflowClient().log_outputs(_run(None), models or ())


@translated
def get_artifact_uri(artifact_path: str | None = None) -> str:
    """The address of the run's artifacts, or of one of them."""
    uri = places.run_uri(_run(None))
    return f"{uri}/{artifact_path}" if artifact_path else uri


def flush_async_logging() -> None:
    """Brings everything that was logged into the database; values are safe without it."""
    from mlops_jlab.tracking import fluent

    fluent.flush()


flush_artifact_async_logging = flush_async_logging
