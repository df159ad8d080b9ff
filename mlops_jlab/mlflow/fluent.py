"""The fluent calls for runs and experiments: which run is active, how it begins and ends."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mlops_jlab.errors import InputError
from mlops_jlab.mlflow import searching
from mlops_jlab.mlflow.backing import experiments, places, runs
from mlops_jlab.mlflow.client import MlflowClient
from mlops_jlab.mlflow.entities import (
    Experiment,
    LifecycleStage,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
)
from mlops_jlab.mlflow.exceptions import INVALID_STATE, MlflowException, translated
from mlops_jlab.telling import tell
from mlops_jlab.tracking import keywords, lifecycle
from mlops_jlab.tracking.live import LiveRun

if TYPE_CHECKING:
    import pandas

_chosen = ""  # the id of the experiment that set_experiment has named


class ActiveRun:
    """The run that is logged to. ``with`` ends it, as failed if the block raises.

    ``info``, ``data``, ``inputs`` and ``outputs`` are as they are now.
    """

    def __init__(self, live: LiveRun) -> None:
        self.live = live

    @property
    def info(self) -> RunInfo:
        """Id, name, status and times."""
        return runs.get(self.live.id).info

    _info = info

    @property
    def data(self) -> RunData:
        """Latest metrics, params and tags."""
        return runs.get(self.live.id).data

    @property
    def inputs(self) -> RunInputs:
        """What the run has read."""
        return runs.get(self.live.id).inputs

    @property
    def outputs(self) -> RunOutputs:
        """What the run has made."""
        return runs.get(self.live.id).outputs

    def to_dictionary(self) -> dict[str, Any]:
        """All of the run as a dict."""
        return runs.get(self.live.id).to_dictionary()

    def __enter__(self) -> ActiveRun:
        self.live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.live.__exit__(kind, error, trace)

    def __repr__(self) -> str:
        return f"<ActiveRun: {self.live!r}>"

    def _repr_html_(self) -> str:
        return self.live._repr_html_()


@translated
def start_run(
    run_id: str | None = None,
    experiment_id: str | None = None,
    run_name: str | None = None,
    nested: bool = False,
    parent_run_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    description: str | None = None,
    log_system_metrics: bool | None = None,
) -> ActiveRun:
    """Begins a run, or goes on with ``run_id``; as a context manager it also ends it.

    What a run takes of the machine is always kept, beside its metrics. ``MLFLOW_RUN_ID`` names a run to go on
    with, ``MLFLOW_EXPERIMENT_NAME`` or ``MLFLOW_EXPERIMENT_ID`` the experiment where none is set.

    Raises:
        MlflowException: a run is active already and ``nested`` is off, or there is none with ``run_id``.
    """
    active = lifecycle.current()
    wanted = run_id or (os.environ.pop("MLFLOW_RUN_ID", "") if active is None else "")
    if log_system_metrics is False:
        keywords.unsupported(
            "start_run", "what a run took of the machine is always kept", log_system_metrics=False
        )
    if active is not None and not nested and not parent_run_id and active.begun.owned:
        raise MlflowException(
            f"Run with UUID {active.id} is already active",
            INVALID_STATE,
            hint="end it first: end_run(); or start_run(nested=True) for a run within it",
        )
    if wanted:
        live = _gone_on(wanted)
    else:
        live = lifecycle.start(
            name=run_name or "",
            experiment=_experiment(experiment_id, active if nested else None),
            parent=parent_run_id or "",
            nested=nested,
        )
    for key, value in (tags or {}).items():
        runs.set_tag(live, str(key), value)
    if description:
        live.note(description)
    return ActiveRun(live)


def _gone_on(run_id: str) -> LiveRun:
    found = runs.get(run_id)
    if found.info.lifecycle_stage == LifecycleStage.DELETED:
        raise InputError(f"run {run_id} is deleted", hint="restore_run() shows it again")
    waiting = runs.taken(run_id)
    return lifecycle.activate(waiting) if waiting is not None else lifecycle.resume(run_id)


def _experiment(experiment_id: str | None, above: LiveRun | None) -> str:
    """The name of the experiment of a new run, as our store has it."""
    wanted = str(experiment_id or "")
    if not wanted and above is not None:
        return above.begun.experiment
    if not wanted and not _chosen and (name := os.environ.get("MLFLOW_EXPERIMENT_NAME", "")):
        return experiments.name_of(set_experiment(name).name)
    wanted = wanted or _chosen or os.environ.get("MLFLOW_EXPERIMENT_ID", "")
    if not wanted:
        return ""
    found = experiments.get(wanted)
    if found.lifecycle_stage == LifecycleStage.DELETED:
        raise InputError(
            f"the experiment {found.name!r} is deleted", hint="restore_experiment() shows it again"
        )
    return experiments.name_of(found.name)


def ensured() -> LiveRun:
    """The active run; where none is, one is begun, as MLflow does."""
    return lifecycle.current() or start_run().live


@translated
def end_run(status: str = "FINISHED") -> None:
    """Ends the active run, if there is one."""
    run = lifecycle.current()
    if run is not None:
        run.end(str(status))


def active_run() -> ActiveRun | None:
    """The run that is logged to now."""
    run = lifecycle.current()
    return ActiveRun(run) if run is not None else None


@translated
def last_active_run() -> Run | None:
    """The active run, or the one that was active last."""
    run = lifecycle.last()
    return runs.get(run.id) if run is not None else None


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
        raise InputError(f"{output_format!r} is no output format", hint="pandas or list")
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
    name = _experiment(None, None) or os.environ.get(lifecycle.EXPERIMENT, "")
    found = experiments.by_name(name) if name else None
    return found.experiment_id if found else experiments.DEFAULT_ID


@translated
def set_experiment(experiment_name: str | None = None, experiment_id: str | None = None) -> Experiment:
    """Runs that are begun from now on belong to this experiment, which is made if there is none of the name.

    Raises:
        MlflowException: both or none are given, there is no such id, or it is deleted.
    """
    global _chosen
    if (experiment_name is None) == (experiment_id is None):
        raise InputError("set_experiment() takes either experiment_name or experiment_id")
    found = experiments.get(str(experiment_id)) if experiment_id is not None else None
    if experiment_name is not None:
        found = experiments.by_name(experiment_name) or experiments.get(experiments.create(experiment_name))
    if found is None or found.lifecycle_stage == LifecycleStage.DELETED:
        name = found.name if found else experiment_id
        raise InputError(f"the experiment {name!r} is deleted", hint="restore_experiment() shows it again")
    _chosen = found.experiment_id
    lifecycle.set_experiment(experiments.name_of(found.name))
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
