"""Logged models: begun, filled with files, measured, found again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlops_jlab.entities import logged as ours
from mlops_jlab.entities.runs import Artifact
from mlops_jlab.mlflow.backing import experiments, filtering, inputs, places, runs
from mlops_jlab.mlflow.entities import (
    Dataset,
    DatasetInput,
    LoggedModel,
    LoggedModelStatus,
    Metric,
    PagedList,
)
from mlops_jlab.registry import modelfiles
from mlops_jlab.store import experiments as known
from mlops_jlab.store import loggedmodels as rows
from mlops_jlab.store import opening

if TYPE_CHECKING:
    import sqlite3

_FIELDS = (
    "name",
    "model_id",
    "model_type",
    "status",
    "source_run_id",
    "creation_timestamp",
    "last_updated_timestamp",
    "experiment_id",
)


SIGNED = "mlops_jlab.signed"  # the tag with this machine's signature of a pickle that it wrote


def _seen(connection: sqlite3.Connection, one: ours.LoggedModel) -> LoggedModel:
    number = {row.id: row.name for row in known.every(connection)}
    return LoggedModel(
        experiments.ids(connection)[number[one.experiment]],
        one.id,
        one.name,
        places.model_uri(one.id),
        int(one.created * 1000),
        int(one.updated * 1000),
        one.kind or None,
        one.run or None,
        LoggedModelStatus(one.status.upper()),
        {key: value for key, value in one.tags.items() if key != SIGNED},
        dict(one.params),
        [
            Metric(
                m.name,
                m.value,
                int(m.at * 1000),
                m.iteration,
                one.id,
                m.dataset or None,
                m.digest or None,
                m.run,
            )
            for m in one.metrics
        ]
        or None,
    )


def begin(
    experiment_id: str,
    name: str,
    *,
    run_id: str = "",
    kind: str = "",
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
) -> LoggedModel:
    """A logged model whose files are still to come.

    Raises:
        NotFound: there is no such experiment.
    """
    with opening.writing(places.here()) as connection:
        one = rows.make(
            connection,
            experiments.row_of(connection, experiment_id).id,
            name,
            run=run_id,
            kind=kind,
            params={k: str(v) for k, v in (params or {}).items()},
            tags={k: str(v) for k, v in (tags or {}).items()},
        )
        return _seen(connection, one)


def get(model_id: str, *, deleted: bool = False) -> LoggedModel:
    """The logged model with an id, which may be a deleted one if ``deleted``.

    Raises:
        NotFound: there is none.
    """
    with opening.reading(places.here()) as connection:
        return _seen(connection, rows.find(connection, model_id, deleted=deleted))


def fill(model_id: str, files: Sequence[Artifact]) -> None:
    """Keeps files of a logged model, with the run as well that made it.

    Raises:
        NotFound: there is no such model.
    """
    with opening.writing(places.here()) as connection:
        one = rows.find(connection, model_id)
        rows.put(connection, model_id, files)
    if one.run:
        run = runs.live(one.run)
        for file in files:
            run.keep_artifact(Artifact(f"{one.name}/{file.path}", file.digest, file.size))


def sign(model_id: str, digest: str) -> None:
    """Says that this machine wrote the pickle of a logged model."""
    tag(model_id, {SIGNED: modelfiles.signature_of(digest)})


def signed(model_id: str) -> str:
    """The signature of a logged model's pickle; nothing where another machine wrote it."""
    with opening.reading(places.here()) as connection:
        return rows.find(connection, model_id).tags.get(SIGNED, "")


def settle(model_id: str, status: str) -> LoggedModel:
    """Says that a logged model is whole (``READY``) or that it failed."""
    with opening.writing(places.here()) as connection:
        rows.settle(connection, model_id, LoggedModelStatus(str(status)).lower())
        return _seen(connection, rows.find(connection, model_id))


def made(run_id: str, steps: Mapping[str, int]) -> None:
    """Says at which step of a run each of these logged models was made."""
    runs.live(run_id).add_facts({inputs.FACTS: {"steps": dict(steps)}})


def measure(metrics: Sequence[Metric], run_id: str) -> None:
    """Keeps what metrics name: a logged model, beside the run, or else the data that the run has read."""
    found: dict[str, list[ours.Measured]] = {}
    data: dict[tuple[str, str], DatasetInput] = {}
    for m in metrics:
        if m.model_id:
            found.setdefault(m.model_id, []).append(
                ours.Measured(
                    run_id,
                    m.key,
                    m.step,
                    m.value,
                    m.timestamp / 1000,
                    m.dataset_name or "",
                    m.dataset_digest or "",
                )
            )
        elif m.dataset_name and m.dataset_digest:
            key = (m.dataset_name, m.dataset_digest)
            data[key] = DatasetInput(Dataset(*key))
    if data:
        inputs.log(runs.live(run_id), list(data.values()))
    if found:
        with opening.writing(places.here()) as connection:
            for model_id, measured in found.items():
                rows.find(connection, model_id)
                rows.measure(connection, model_id, measured)


def tag(model_id: str, tags: Mapping[str, Any]) -> None:
    """Sets tags of a logged model; None takes one away."""
    given = {key: None if value is None else str(value) for key, value in tags.items()}
    with opening.writing(places.here()) as connection:
        rows.tag(connection, rows.find(connection, model_id), given)


def parametrise(model_id: str, params: Mapping[str, Any]) -> None:
    """Adds params to a logged model."""
    with opening.writing(places.here()) as connection:
        rows.parametrise(connection, rows.find(connection, model_id), {k: str(v) for k, v in params.items()})


def delete(model_id: str) -> None:
    """Hides a logged model; the run that made it keeps its files."""
    with opening.writing(places.here()) as connection:
        rows.delete(connection, rows.find(connection, model_id).id)


def search(
    experiment_ids: Sequence[str] = (),
    filter_string: str = "",
    order_by: Sequence[Mapping[str, Any]] = (),
    max_results: int | None = None,
    token: str | None = None,
) -> PagedList[LoggedModel]:
    """The logged models that a filter finds, the newest first unless ``order_by`` says otherwise.

    An entry of ``order_by`` has ``field_name`` (``metrics.accuracy``, ``name``) and ``ascending``; those
    without the field come last.

    Raises:
        FilterError: the filter is not understood.
    """
    with opening.writing(places.here()) as connection:
        numbers = [experiments.row_of(connection, one).id for one in experiment_ids]
        found = [_seen(connection, one) for one in rows.search(connection, numbers)]
    found = filtering.apply(found, filter_string, _FIELDS)
    for entry in reversed(list(order_by)):
        kind, dot, name = str(entry["field_name"]).partition(".")
        kind, name = (kind.rstrip("s"), name) if dot else ("attribute", kind)
        rising = bool(entry.get("ascending", True))
        have = [one for one in found if filtering.value_of(one, kind, name) is not None]
        rest = [one for one in found if filtering.value_of(one, kind, name) is None]
        have.sort(key=lambda one: filtering.value_of(one, kind, name), reverse=not rising)
        found = have + rest
    return filtering.page(found, max_results, token)
