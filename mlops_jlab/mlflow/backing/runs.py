"""Runs: made, logged to, ended, deleted and read, by their ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlops_jlab.entities import runs as ours
from mlops_jlab.errors import InputError, NotFound
from mlops_jlab.mirror import words
from mlops_jlab.mlflow.backing import experiments, inputs, places
from mlops_jlab.mlflow.entities import (
    LifecycleStage,
    LoggedModelOutput,
    Metric,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
)
from mlops_jlab.mlflow.entities.models import LoggedModelInput
from mlops_jlab.store import changing, histories, loggedmodels, opening, reading
from mlops_jlab.tracking import lifecycle
from mlops_jlab.tracking.live import LiveRun

if TYPE_CHECKING:
    import sqlite3

_own: dict[str, LiveRun] = {}  # runs that this process has made without making them active


def find(connection: sqlite3.Connection, run_id: str) -> ours.Run:
    """The run with an id.

    Raises:
        NotFound: there is none.
    """
    return reading.find(connection, run_id)


def get(run_id: str) -> Run:
    """The run with an id, which may be a deleted one.

    Raises:
        NotFound: there is none.
    """
    with opening.reading(places.here()) as connection:
        return seen(connection, [find(connection, run_id)])[0]


def seen(connection: sqlite3.Connection, found: Sequence[ours.Run]) -> list[Run]:
    """Runs of the store in MLflow's words."""
    ids, times = experiments.ids(connection), histories.latest(connection, found)
    return [_run(connection, run, ids, times) for run in found]


def _run(
    connection: sqlite3.Connection,
    run: ours.Run,
    ids: Mapping[str, str],
    times: Mapping[tuple[int, str], float],
) -> Run:
    facts = run.facts.get(inputs.FACTS, {})
    info = RunInfo(
        run.id,
        ids.get(run.experiment, experiments.DEFAULT_ID),
        run.user,
        words.status(run.status),
        int(run.started * 1000),
        None if run.ended is None else int(run.ended * 1000),
        LifecycleStage.ACTIVE if run.deleted is None else LifecycleStage.DELETED,
        places.run_uri(run.id),
        run.name,
    )
    points = tuple(
        Metric(name, metric.latest, int(times.get((run.seq, name), run.started) * 1000), metric.iteration)
        for name, metric in run.metrics.items()
    )
    data = RunData(
        {point.key: point.value for point in points},
        dict(run.params),
        words.system_tags(run, run.parent) | dict(run.tags),
        points,
    )
    steps = facts.get("steps", {})
    made = loggedmodels.of_run(connection, run.id)
    return Run(
        info,
        data,
        RunInputs(inputs.of(run), [LoggedModelInput(model) for model in facts.get("read", {})]),
        RunOutputs([LoggedModelOutput(model.id, int(steps.get(model.id, 0))) for model in reversed(made)]),
    )


def create(
    experiment_id: str,
    *,
    name: str = "",
    tags: Mapping[str, Any] | None = None,
    user: str = "",
    started: int | None = None,
) -> Run:
    """Begins a run that is not the active one; this process says when it ends. ``started`` is milliseconds.

    Raises:
        NotFound: there is no such experiment.
    """
    given = {str(key): value for key, value in (tags or {}).items()}
    with opening.writing(places.here()) as connection:
        experiment = experiments.row_of(connection, experiment_id)
    if experiment.deleted is not None:
        raise InputError(
            f"the experiment {experiment.name!r} is deleted", hint="restore_experiment() shows it again"
        )
    run = lifecycle.start(
        name=str(name or given.pop("mlflow.runName", "")),
        experiment=experiment.name,
        parent=str(given.pop("mlflow.parentRunId", "")),
        activate=False,
        at=None if started is None else started / 1000,
    )
    _own[run.id] = run
    for key, value in given.items():
        set_tag(run, key, value)
    if user and user != lifecycle.user():
        run.set_tag("mlflow.user", user)
    return get(run.id)


def live(run_id: str) -> LiveRun:
    """The run with an id, to log to.

    Raises:
        NotFound: there is none.
    """
    return _own.get(run_id) or lifecycle.run_of(run_id)


def taken(run_id: str) -> LiveRun | None:
    """A run that this process has begun without making it active; it is the caller's from here on."""
    return _own.pop(run_id, None)


def set_tag(run: LiveRun, key: str, value: Any) -> None:
    """Sets a tag. Name, parent and note, which MLflow keeps as tags, go where our runs have them."""
    if key == "mlflow.runName":
        run.rename(str(value))
    elif key == "mlflow.parentRunId":
        run.belong_to(str(value))
    elif key == "mlflow.note.content":
        run.note(str(value))
    elif key != "mlflow.user" or str(value) != lifecycle.user():  # which our own record says as well
        run.set_tag(key, value)


def log(
    run_id: str,
    metrics: Sequence[Metric] = (),
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
) -> None:
    """Keeps metrics, params and tags of a run.

    Raises:
        NotFound: there is no such run.
        TrackingError: a value or a name cannot be kept; what stands before it is.
    """
    run = live(run_id)
    for metric in metrics:
        run.log_metric(metric.key, metric.value, metric.step, metric.timestamp / 1000)
    run.log_params(params or {})
    for key, value in (tags or {}).items():
        set_tag(run, key, value)


def update(
    run_id: str, status: str | None = None, ended: int | None = None, name: str | None = None
) -> RunInfo:
    """Gives a run another name or status; ``RUNNING`` goes on with it. ``ended`` is milliseconds.

    Raises:
        NotFound: there is no such run.
        TrackingError: that is no status.
    """
    word = str(status or "")
    if word == "RUNNING":
        _go_on(run_id)
    run = live(run_id)
    if name:
        run.rename(name)
    if word and word not in ("RUNNING", "SCHEDULED"):
        run.begun.owned = True  # who calls says that it is over, whoever has begun it
        run.end(word, at=None if ended is None else ended / 1000)
        _own.pop(run.id, None)
    return get(run_id).info


def _go_on(run_id: str) -> None:
    place = places.here()
    with opening.reading(place) as connection:
        found = find(connection, run_id)
    if found.status.is_over:
        _own[found.id] = lifecycle.resume(found.id, activate=False)


def delete(run_id: str) -> None:
    """Hides a run with its children.

    Raises:
        NotFound: there is no such run.
        InputError: it is still running.
    """
    with opening.writing(places.here()) as connection:
        changing.delete(connection, [find(connection, run_id)], lifecycle.who())


def restore(run_id: str) -> None:
    """Shows a deleted run again, with its children."""
    with opening.writing(places.here()) as connection:
        changing.restore(connection, [find(connection, run_id)], lifecycle.who())


def history(run_id: str, metric: str) -> list[Metric]:
    """All values of a metric in the order of their steps, those among them that a later one replaced.

    Raises:
        NotFound: there is no such run.
    """
    with opening.reading(places.here()) as connection:
        run = find(connection, run_id)
        if metric not in run.metrics:
            return []
        points = [*histories.replaced(connection, run, metric), *reading.history(connection, run, metric)]
    points.sort(key=lambda point: (point.iteration, point.at))
    return [
        Metric(metric, point.value, round(point.at * 1000), point.iteration, run_id=run.id)
        for point in points
    ]


def delete_tag(run_id: str, key: str) -> None:
    """Takes a tag away.

    Raises:
        NotFound: the run has no such tag.
    """
    if key not in get(run_id).data.tags:
        raise NotFound(f"run {run_id[:12]} has no tag {key!r}")
    live(run_id).delete_tag(key)
