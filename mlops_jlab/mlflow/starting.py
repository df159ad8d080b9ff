"""Which run is active, how it begins and ends: as little as it takes to begin one is imported."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mlops_jlab.errors import InputError
from mlops_jlab.mlflow.exceptions import INVALID_STATE, MlflowException, translated
from mlops_jlab.tracking import keywords, lifecycle
from mlops_jlab.tracking.live import LiveRun

if TYPE_CHECKING:
    from mlops_jlab.mlflow.entities import Run, RunData, RunInfo, RunInputs, RunOutputs

_DELETED = "deleted"
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
        return self.now().info

    _info = info

    @property
    def data(self) -> RunData:
        """Latest metrics, params and tags."""
        return self.now().data

    @property
    def inputs(self) -> RunInputs:
        """What the run has read."""
        return self.now().inputs

    @property
    def outputs(self) -> RunOutputs:
        """What the run has made."""
        return self.now().outputs

    def now(self) -> Run:
        """The run as it is now."""
        from mlops_jlab.mlflow.backing import runs

        return runs.get(self.live.id)

    def to_dictionary(self) -> dict[str, Any]:
        """All of the run as a dict."""
        return self.now().to_dictionary()

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
            experiment=experiment_name(experiment_id, active if nested else None),
            parent=parent_run_id or "",
            nested=nested,
        )
    if tags:
        from mlops_jlab.mlflow.backing import runs

        for key, value in tags.items():
            runs.set_tag(live, str(key), value)
    if description:
        live.note(description)
    return ActiveRun(live)


def _gone_on(run_id: str) -> LiveRun:
    from mlops_jlab.mlflow.backing import runs

    found = runs.get(run_id)
    if found.info.lifecycle_stage == _DELETED:
        raise InputError(f"run {run_id} is deleted", hint="restore_run() shows it again")
    waiting = runs.taken(run_id)
    return lifecycle.activate(waiting) if waiting is not None else lifecycle.resume(run_id)


def experiment_name(experiment_id: str | None, above: LiveRun | None) -> str:
    """The name of the experiment of a new run, as our store has it; nothing: the one that is set."""
    wanted = str(experiment_id or "")
    if not wanted and above is not None:
        return above.begun.experiment
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", "") if not wanted and not _chosen else ""
    wanted = wanted or _chosen or os.environ.get("MLFLOW_EXPERIMENT_ID", "")
    if not name and not wanted:
        return ""
    from mlops_jlab.mlflow.backing import experiments

    found = experiments.named(name) if name else experiments.get(wanted)
    if found.lifecycle_stage == _DELETED:
        raise InputError(
            f"the experiment {found.name!r} is deleted", hint="restore_experiment() shows it again"
        )
    return experiments.name_of(found.name)


def choose(experiment_id: str, name: str) -> None:
    """Runs that are begun from now on belong to this experiment, called ``name`` in our store."""
    global _chosen
    _chosen = experiment_id
    lifecycle.set_experiment(name)


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
    return ActiveRun(run).now() if run is not None else None
