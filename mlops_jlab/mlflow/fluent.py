"""The fluent calls for runs that are there, for experiments, and for where they are kept."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlops_jlab.errors import InputError
from mlops_jlab.mlflow import searching, starting
from mlops_jlab.mlflow.backing import experiments, places
from mlops_jlab.mlflow.client import MlflowClient
from mlops_jlab.mlflow.entities import Experiment, LifecycleStage, Run
from mlops_jlab.mlflow.exceptions import translated
from mlops_jlab.telling import tell
from mlops_jlab.tracking import lifecycle

if TYPE_CHECKING:
    import pandas


def get_run(run_id: str) -> Run:
    """The run with an id."""
    return MlflowClient().get_run(run_id)


def get_parent_run(run_id: str) -> Run | None:
    """The run that a run is a part of, if it is of one."""
    return MlflowClient().get_parent_run(run_id)


def delete_run(run_id: str) -> None:
    """Hides a run with its children."""
    MlflowClient().delete_run(run_id)


def restore_run(run_id: str) -> None:
    """Shows a deleted run again."""
    MlflowClient().restore_run(run_id)


@translated
def search_runs(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str = "",
    run_view_type: int = 1,
    max_results: int = 100_000,
    order_by: Sequence[str] | None = None,
    output_format: str = "pandas",
    search_all_experiments: bool = False,
    experiment_names: Sequence[str] | None = None,
) -> pandas.DataFrame | list[Run]:
    """The runs that a filter finds, as a DataFrame with MLflow's columns or as a list.

    Without experiments it looks in the one that is set.

    Raises:
        MlflowException: the filter is not understood, or both ids and names are given.
    """
    if experiment_ids and experiment_names:
        raise InputError("search_runs() takes experiment_ids or experiment_names, not both")
    if output_format not in ("pandas", "list"):
        raise InputError(f"{output_format!r} is not an output format", hint="pandas or list")
    if search_all_experiments:
        chosen = [one.experiment_id for one in experiments.search()]
    elif experiment_names:
        chosen = [one.experiment_id for name in experiment_names if (one := experiments.by_name(name))]
    else:
        chosen = list(experiment_ids) if experiment_ids is not None else [experiment_id()]
    found = searching.runs_of(chosen, filter_string, run_view_type, max_results, order_by or ())
    return found if output_format == "list" else searching.frame(found)


def experiment_id() -> str:
    """The id of the experiment that runs belong to now."""
    name = starting.experiment_name(None, None) or os.environ.get(lifecycle.EXPERIMENT, "")
    found = experiments.by_name(name) if name else None
    return found.experiment_id if found else experiments.DEFAULT_ID


@translated
def set_experiment(experiment_name: str | None = None, experiment_id: str | None = None) -> Experiment:
    """Runs that are begun from now on belong to this experiment, which is made if there is none of the name.

    Raises:
        MlflowException: both or none are given, there is no such id, or it is deleted.
    """
    if (experiment_name is None) == (experiment_id is None):
        raise InputError("set_experiment() takes either experiment_name or experiment_id")
    found = (
        experiments.get(str(experiment_id)) if experiment_name is None else experiments.named(experiment_name)
    )
    if found.lifecycle_stage == LifecycleStage.DELETED:
        raise InputError(
            f"the experiment {found.name!r} is deleted", hint="restore_experiment() shows it again"
        )
    starting.choose(found.experiment_id, experiments.name_of(found.name))
    return found


def create_experiment(
    name: str, artifact_location: str | None = None, tags: Mapping[str, Any] | None = None
) -> str:
    """Makes an experiment; its id."""
    return MlflowClient().create_experiment(name, artifact_location, tags)


def get_experiment(experiment_id: str) -> Experiment:
    """The experiment with an id."""
    return MlflowClient().get_experiment(experiment_id)


def get_experiment_by_name(name: str) -> Experiment | None:
    """The experiment with a name, if there is one."""
    return MlflowClient().get_experiment_by_name(name)


def search_experiments(
    view_type: int = 1,
    max_results: int | None = None,
    filter_string: str | None = None,
    order_by: Sequence[str] | None = None,
) -> list[Experiment]:
    """The experiments that a filter finds, the newest first."""
    return list(MlflowClient().search_experiments(view_type, max_results or 100_000, filter_string, order_by))


def delete_experiment(experiment_id: str) -> None:
    """Hides an experiment with its runs."""
    MlflowClient().delete_experiment(experiment_id)


def restore_experiment(experiment_id: str) -> None:
    """Shows a deleted experiment again."""
    MlflowClient().restore_experiment(experiment_id)


def set_experiment_tag(key: str, value: Any) -> None:
    """Sets a tag of the experiment that runs belong to now."""
    MlflowClient().set_experiment_tag(experiment_id(), key, value)


def set_experiment_tags(tags: Mapping[str, Any]) -> None:
    """Sets several tags of the experiment that runs belong to now."""
    for key, value in tags.items():
        set_experiment_tag(key, value)


def delete_experiment_tag(key: str) -> None:
    """Takes a tag of the experiment away."""
    MlflowClient().delete_experiment_tag(experiment_id(), key)


@translated
def get_tracking_uri() -> str:
    """Where runs are kept."""
    return MlflowClient().tracking_uri


def get_registry_uri() -> str:
    """Where registered models are kept: beside the runs."""
    return get_tracking_uri()


def is_tracking_uri_set() -> bool:
    """Whether a place for runs was named: by ``MLOPS_JLAB_STORE``."""
    return bool(os.environ.get("MLOPS_JLAB_STORE"))


@translated
def set_tracking_uri(uri: object) -> None:
    """Runs stay in our store; an address of a server is answered by how they get there.

    ``mlops-jlab:/folder`` names the folder of a store.
    """
    text = str(uri)
    if text.startswith(f"{places.SCHEME}:"):
        places.choose(text)
    elif text:
        tell(
            f"runs are kept in {places.here().root}; to see them on {text}: "
            f"MLFLOW_TRACKING_URI={text} mlops-jlab mlflow push"
        )


def set_registry_uri(uri: object) -> None:
    """As :func:`set_tracking_uri`: registered models are beside the runs."""
    set_tracking_uri(uri)
