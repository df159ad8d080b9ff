"""The fluent calls for registered and logged models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlops_jlab.errors import InputError
from mlops_jlab.mlflow.backing import logged, versions
from mlops_jlab.mlflow.client import MlflowClient
from mlops_jlab.mlflow.entities import LoggedModel, ModelVersion, RegisteredModel
from mlops_jlab.mlflow.exceptions import translated
from mlops_jlab.mlflow.fluent import experiment_id
from mlops_jlab.tracking import keywords, lifecycle

if TYPE_CHECKING:
    import pandas

_last = ""  # the id of the logged model that this process made last


@translated
def register_model(
    model_uri: str,
    name: str,
    await_registration_for: int | None = 300,
    *,
    tags: Mapping[str, Any] | None = None,
    env_pack: Any = None,
) -> ModelVersion:
    """Registers the model at an address as the next version of ``name``; it is there on return."""
    keywords.unsupported("register_model", "its requirements are kept with a version", env_pack=env_pack)
    return versions.create(name, str(model_uri), tags=tags)


def search_registered_models(
    max_results: int | None = None, filter_string: str | None = None, order_by: Sequence[str] | None = None
) -> list[RegisteredModel]:
    """The registered models that a filter finds, by name."""
    return list(MlflowClient().search_registered_models(filter_string, max_results or 100_000, order_by))


def search_model_versions(
    max_results: int | None = None, filter_string: str | None = None, order_by: Sequence[str] | None = None
) -> list[ModelVersion]:
    """The versions that a filter finds, the newest first."""
    return list(MlflowClient().search_model_versions(filter_string, max_results or 100_000, order_by))


@translated
def set_model_version_tag(
    name: str, version: int | str | None = None, key: str | None = None, value: Any = None
) -> None:
    """Sets a tag of a version; of the newest one without ``version``."""
    if not key:
        raise InputError("set_model_version_tag() needs a key")
    newest = MlflowClient().get_latest_versions(name)
    number = version if version is not None else newest[0].version if newest else 0
    MlflowClient().set_model_version_tag(name, number, key, value)


def get_logged_model(model_id: str) -> LoggedModel:
    """The logged model with an id."""
    return MlflowClient().get_logged_model(model_id)


def last_logged_model() -> LoggedModel | None:
    """The logged model that this process made last."""
    return get_logged_model(_last) if _last else None


def remember(model_id: str) -> None:
    """This is the logged model that was made last."""
    global _last
    _last = model_id


@translated
def initialize_logged_model(
    name: str | None = None,
    source_run_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    model_type: str | None = None,
    experiment_id: str | None = None,
) -> LoggedModel:
    """A logged model whose files are still to come, of the active run unless another one is named."""
    active = lifecycle.current()
    made = MlflowClient().create_logged_model(
        experiment_id or current_experiment(),
        name,
        source_run_id or (active.id if active else None),
        tags,
        params,
        model_type,
    )
    remember(made.model_id)
    return made


def current_experiment() -> str:
    """The id of the experiment that logged models belong to now."""
    active = lifecycle.current()
    return MlflowClient().get_run(active.id).info.experiment_id if active else experiment_id()


def create_external_model(
    name: str | None = None,
    source_run_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    model_type: str | None = None,
    experiment_id: str | None = None,
) -> LoggedModel:
    """A logged model whose files lie elsewhere."""
    made = initialize_logged_model(name, source_run_id, tags, params, model_type, experiment_id)
    return finalize_logged_model(made.model_id, "READY")


def finalize_logged_model(model_id: str, status: str) -> LoggedModel:
    """Says that a logged model is whole (``READY``) or that it failed."""
    return MlflowClient().finalize_logged_model(model_id, status)


def set_logged_model_tags(model_id: str, tags: Mapping[str, Any]) -> None:
    """Sets tags of a logged model."""
    MlflowClient().set_logged_model_tags(model_id, tags)


def delete_logged_model_tag(model_id: str, key: str) -> None:
    """Takes a tag of a logged model away."""
    MlflowClient().delete_logged_model_tag(model_id, key)


@translated
def log_model_params(params: Mapping[str, Any], model_id: str | None = None) -> None:
    """Adds params to a logged model: the one that was made last unless ``model_id`` names another."""
    chosen = model_id or _last
    if not chosen:
        raise InputError("log_model_params() needs a model_id", hint="log_model() gives one")
    MlflowClient().log_model_params(chosen, params)


@translated
def search_logged_models(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str | None = None,
    datasets: Any = None,
    max_results: int | None = None,
    order_by: Sequence[Mapping[str, Any]] | None = None,
    output_format: str = "pandas",
) -> pandas.DataFrame | list[LoggedModel]:
    """The logged models that a filter finds, the newest first, as a DataFrame or as a list."""
    keywords.unsupported(
        "search_logged_models", "choose from what it gives by metrics[].dataset_name", datasets=datasets
    )
    found = list(
        logged.search(
            experiment_ids or [current_experiment()], filter_string or "", order_by or (), max_results
        )
    )
    if output_format == "list":
        return found
    import pandas

    return pandas.DataFrame([one.to_dictionary() for one in found])
