"""Experiments by their ids. The default one is number 0 and called ``Default``, as in MLflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlops_jlab.entities import experiments as ours
from mlops_jlab.entities.models import NUMBER
from mlops_jlab.entities.runs import DEFAULT_EXPERIMENT
from mlops_jlab.errors import ConflictError, InputError, NotFound
from mlops_jlab.mlflow.backing import places
from mlops_jlab.mlflow.entities import Experiment, LifecycleStage, PagedList, ViewType
from mlops_jlab.store import experiments as rows
from mlops_jlab.store import opening
from mlops_jlab.tracking import lifecycle, values

if TYPE_CHECKING:
    import sqlite3

DEFAULT_ID, DEFAULT_NAME = "0", "Default"


def name_of(name: str) -> str:
    """The name that an experiment has in our store."""
    return DEFAULT_EXPERIMENT if name == DEFAULT_NAME else values.name_of(name, "experiment")


def ids(connection: sqlite3.Connection) -> dict[str, str]:
    """The ids of all experiments, by the names that they have in our store."""
    return {one.name: _id(one) for one in rows.every(connection)}


def _id(one: ours.Experiment) -> str:
    return DEFAULT_ID if one.name == DEFAULT_EXPERIMENT else str(one.id)


def _seen(one: ours.Experiment) -> Experiment:
    return Experiment(
        _id(one),
        DEFAULT_NAME if one.name == DEFAULT_EXPERIMENT else one.name,
        places.experiment_uri(_id(one)),
        LifecycleStage.ACTIVE if one.deleted is None else LifecycleStage.DELETED,
        dict(one.tags),
        int(one.created * 1000),
        int((one.deleted or one.created) * 1000),
    )


def row_of(connection: sqlite3.Connection, experiment_id: str) -> ours.Experiment:
    """The experiment with an id, as the store has it.

    Raises:
        NotFound: there is none.
    """
    if str(experiment_id) == DEFAULT_ID:
        return rows.named(connection, DEFAULT_EXPERIMENT) or rows.make(connection, DEFAULT_EXPERIMENT, {})
    if not NUMBER.fullmatch(str(experiment_id)):
        raise NotFound(
            f"there is no experiment with the id {experiment_id!r}",
            hint="an id is a number: see search_experiments()",
        )
    return rows.find(connection, int(experiment_id))


def get(experiment_id: str) -> Experiment:
    """The experiment with an id, which may be a deleted one.

    Raises:
        NotFound: there is none.
    """
    with opening.writing(places.here()) as connection:
        return _seen(row_of(connection, experiment_id))


def by_name(name: str) -> Experiment | None:
    """The experiment with a name, which may be a deleted one."""
    with opening.writing(places.here()) as connection:
        if name_of(name) == DEFAULT_EXPERIMENT:
            return _seen(row_of(connection, DEFAULT_ID))
        found = rows.named(connection, name_of(name))
        return _seen(found) if found else None


def named(name: str) -> Experiment:
    """The experiment with a name, which may be a deleted one; it is made if there is none."""
    return by_name(name) or get(create(name))


def create(name: str, tags: Mapping[str, Any] | None = None) -> str:
    """Makes an experiment; its id.

    Raises:
        ConflictError: there is one of this name.
    """
    if name_of(name) == DEFAULT_EXPERIMENT:
        raise ConflictError("the experiment 'Default' exists", hint="its id is 0")
    with opening.writing(places.here()) as connection:
        return _id(rows.make(connection, name_of(name), {k: str(v) for k, v in (tags or {}).items()}))


def search(
    view: int = ViewType.ACTIVE_ONLY,
    filter_string: str = "",
    order_by: Sequence[str] = (),
    max_results: int = 1000,
    token: str | None = None,
) -> PagedList[Experiment]:
    """The experiments that a filter finds, the newest first unless ``order_by`` says otherwise.

    Raises:
        FilterError: the filter is not understood.
    """
    from mlops_jlab.mlflow.backing import filtering

    with opening.writing(places.here()) as connection:
        row_of(connection, DEFAULT_ID)
        found = [_seen(one) for one in rows.every(connection)]
    wanted = {ViewType.ACTIVE_ONLY: (True,), ViewType.DELETED_ONLY: (False,)}.get(view, (True, False))
    found = [one for one in found if (one.lifecycle_stage == LifecycleStage.ACTIVE) in wanted]
    fields = ("experiment_id", "name", "creation_time", "last_update_time")
    chosen = filtering.apply(found, filter_string, fields)
    return filtering.page(
        filtering.ordered(chosen, order_by or ["creation_time DESC"], fields), max_results, token
    )


def tag(experiment_id: str, key: str, value: Any) -> None:
    """Sets a tag; None takes it away."""
    with opening.writing(places.here()) as connection:
        found = row_of(connection, experiment_id)
        rows.tag(connection, found, values.name_of(key, "tag"), None if value is None else str(value))


def rename(experiment_id: str, name: str) -> None:
    """Gives an experiment another name.

    Raises:
        InputError: it is the default one.
        ConflictError: another one has that name.
    """
    if str(experiment_id) == DEFAULT_ID:
        raise InputError(
            "the default experiment keeps its name", hint="make another one: create_experiment()"
        )
    with opening.writing(places.here()) as connection:
        rows.rename(connection, row_of(connection, experiment_id), name_of(name))


def delete(experiment_id: str) -> None:
    """Hides an experiment with its runs.

    Raises:
        InputError: it is the default one, or one of its runs is still running.
    """
    with opening.writing(places.here()) as connection:
        rows.delete(connection, row_of(connection, experiment_id), lifecycle.who())


def restore(experiment_id: str) -> None:
    """Shows a deleted experiment again."""
    with opening.writing(places.here()) as connection:
        rows.restore(connection, row_of(connection, experiment_id), lifecycle.who())
