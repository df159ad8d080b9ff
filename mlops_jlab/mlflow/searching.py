"""Searching runs: MLflow's filters and orders, as pages, lists and DataFrames with MLflow's columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlops_jlab.errors import InputError
from mlops_jlab.mlflow.backing import experiments, places, runs
from mlops_jlab.mlflow.entities import PagedList, Run, ViewType
from mlops_jlab.store import experiments as rows
from mlops_jlab.store import filters, opening, reading
from mlops_jlab.store.filters import Condition

if TYPE_CHECKING:
    import pandas

_PAGE = 1000
_VIEWS = {
    ViewType.ACTIVE_ONLY: "r.deleted IS NULL",
    ViewType.DELETED_ONLY: "r.deleted IS NOT NULL",
    ViewType.ALL: "1",
}


def page(
    experiment_ids: Sequence[str],
    filter_string: str = "",
    view: int = ViewType.ACTIVE_ONLY,
    most: int = _PAGE,
    order_by: Sequence[str] = (),
    token: str | None = None,
) -> PagedList[Run]:
    """A page of the runs of some experiments that a filter finds; the newest first without ``order_by``.

    Raises:
        FilterError: with the column where the filter goes wrong.
        InputError: that is no view.
    """
    if view not in _VIEWS:
        raise InputError(f"{view!r} is not a view of runs", hint="ViewType.ACTIVE_ONLY, DELETED_ONLY or ALL")
    condition = filters.both(filters.parse(filter_string or "", given=True), Condition(_VIEWS[view]))
    order = tuple(filters.parse_order(entry, given=True) for entry in order_by)
    with opening.writing(places.here()) as connection:
        known = {one.name: one.id for one in rows.every(connection)}
        ids = {number: known[name] for name, number in experiments.ids(connection).items()}
        chosen = json.dumps([ids[str(one)] for one in experiment_ids if str(one) in ids])
        within = Condition("r.experiment IN (SELECT value FROM json_each(?))", (chosen,))
        query = reading.Query(
            filters.both(condition, within), order, max(min(most, _PAGE), 1), token or "", True
        )
        found = reading.page(connection, query)
        return PagedList(runs.seen(connection, found.runs), found.after or None)


def runs_of(
    experiment_ids: Sequence[str],
    filter_string: str = "",
    view: int = ViewType.ACTIVE_ONLY,
    most: int = 100_000,
    order_by: Sequence[str] = (),
) -> list[Run]:
    """All runs that a filter finds, at most ``most``."""
    found: list[Run] = []
    token: str | None = None
    while len(found) < most:
        some = page(experiment_ids, filter_string, view, most - len(found), order_by, token)
        found += some
        token = some.token
        if not token:
            break
    return found


def frame(found: Sequence[Run]) -> pandas.DataFrame:
    """Runs as a DataFrame with MLflow's columns: ``run_id``, …, ``metrics.*``, ``params.*``, ``tags.*``."""
    import pandas

    rows = [_row(run) for run in found]
    plain = ["run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time"]
    table = pandas.DataFrame(rows, columns=None if rows else plain)
    for column in ("start_time", "end_time"):
        table[column] = pandas.to_datetime(table[column], utc=True)
    more = [
        name for kind in ("metrics.", "params.", "tags.") for name in table.columns if name.startswith(kind)
    ]
    return table[[*plain, *more]]


def _row(run: Run) -> dict[str, Any]:
    info = run.info
    row: dict[str, Any] = {
        "run_id": info.run_id,
        "experiment_id": info.experiment_id,
        "status": info.status,
        "artifact_uri": info.artifact_uri,
        "start_time": _moment(info.start_time),
        "end_time": _moment(info.end_time),
    }
    row |= {f"metrics.{name}": value for name, value in run.data.metrics.items()}
    row |= {f"params.{name}": value for name, value in run.data.params.items()}
    row |= {f"tags.{name}": value for name, value in run.data.tags.items()}
    return row


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
