"""Runs that are in the store: one, a table of many, several side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlops_jlab.entities.runs import Point, Run
from mlops_jlab.errors import TrackingError
from mlops_jlab.store import filters, location, opening, reading
from mlops_jlab.tracking import keywords
from mlops_jlab.tracking.comparing import Comparison, compare

if TYPE_CHECKING:
    import pandas

_PAGE = 1000
_ACTIVE, _DELETED = 1, 2  # as MLflow counts
_VIEWS = (_ACTIVE, _DELETED, 3)


def get_run(run_id: str) -> Run:
    """The run with an id, or the beginning of one, or the newest of a name.

    Raises:
        InputError: there is none.
    """
    with opening.reading(location.find()) as connection:
        return reading.find(connection, run_id)


def get_history(run_id: str, metric: str, points: int = 0) -> list[Point]:
    """The points of a metric; with ``points``, so many that show its course.

    Raises:
        InputError: there is no such run or metric.
    """
    with opening.reading(location.find()) as connection:
        return reading.history(connection, reading.find(connection, run_id), metric, points)


def find_runs(
    filter_string: str = "",
    order_by: Sequence[str] = (),
    max_results: int = 100,
    experiment_names: Sequence[str] = (),
    deleted: bool = False,
) -> list[Run]:
    """The runs that a filter finds, the newest first unless ``order_by`` says otherwise.

    Raises:
        FilterError: with the column where the filter goes wrong.
    """
    condition = filters.parse(filter_string)
    if experiment_names:
        marks = ", ".join("?" for _ in experiment_names)
        sql = f"{condition.sql} AND {filters.ATTRIBUTES['experiment']} IN ({marks})"
        condition = filters.Condition(sql, (*condition.values, *experiment_names))
    order = tuple(filters.parse_order(entry) for entry in order_by)
    found: list[Run] = []
    after = ""
    if not opening.exists(location.find()):
        return found
    with opening.reading(location.find()) as connection:
        while len(found) < max_results:
            limit = min(_PAGE, max_results - len(found))
            page = reading.page(connection, reading.Query(condition, order, limit, after, deleted))
            found += page.runs
            after = page.after
            if not after:
                break
    return found


def parts(runs: Sequence[Run]) -> dict[str, int]:
    """How many steps, trials or other parts each run has; those without any are left out."""
    with opening.reading(location.find()) as connection:
        return reading.parts(connection, [run.id for run in runs])


def unfolded(runs: Sequence[Run]) -> list[tuple[Run, int]]:
    """Each run with its depth, 0 for ``runs`` themselves, followed by its parts in their order."""
    with opening.reading(location.find()) as connection:
        waiting = [(run, 0) for run in reversed(runs)]
        found = []
        while waiting:
            run, depth = waiting.pop()
            found.append((run, depth))
            waiting += [(part, depth + 1) for part in reversed(reading.children(connection, run))]
    return found


def search_runs(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str = "",
    run_view_type: int = 1,
    max_results: int = 100_000,
    order_by: Sequence[str] | None = None,
    output_format: str = "pandas",
    search_all_experiments: bool = False,
    experiment_names: Sequence[str] | None = None,
    **others: Any,
) -> pandas.DataFrame | list[Run]:
    """The runs that a filter finds, as a DataFrame with columns as MLflow names them.

    One row a run: ``run_id``, ``name``, ``experiment``, ``status``, ``start_time``, ``end_time`` (UTC),
    ``duration`` (seconds), ``metrics.*`` (latest values), ``params.*`` (also what a pipeline's run
    takes as it is declared) and ``tags.*``.

    ``run_view_type`` is 1 for runs that are not deleted, 2 for those that are, 3 for both.

    Raises:
        FilterError: with the column where the filter goes wrong.
        TrackingError: a keyword cannot be obeyed.
    """
    keywords.refuse("search_runs", others, search_runs)
    names = [str(name) for name in experiment_names or experiment_ids or ()]
    if search_all_experiments and names:
        raise TrackingError("search_runs() looks in all experiments or in those that are named, not both")
    if output_format not in ("pandas", "list"):
        raise TrackingError(f"{output_format!r} is not an output format", hint="pandas or list")
    if run_view_type not in _VIEWS:
        raise TrackingError(f"{run_view_type!r} is not a view of runs", hint="1: active, 2: deleted, 3: all")
    if run_view_type == _DELETED:
        filter_string = (
            f"({filter_string}) and deleted is not null" if filter_string else "deleted is not null"
        )
    deleted = run_view_type != _ACTIVE
    runs = find_runs(filter_string, order_by or (), max_results, names, deleted)
    return runs if output_format == "list" else frame(runs)


def frame(runs: Iterable[Run]) -> pandas.DataFrame:
    """Runs as a DataFrame, one row each."""
    import pandas

    rows = [row_of(run) for run in runs]
    plain = ["run_id", "name", "experiment", "status", "start_time", "end_time", "duration"]
    table = pandas.DataFrame(rows, columns=None if rows else plain)
    more = sorted(name for name in table.columns if name not in plain)
    return table[[*plain, *more]]


def row_of(run: Run) -> dict[str, Any]:
    """A run as one row."""
    row: dict[str, Any] = {
        "run_id": run.id, "name": run.name, "experiment": run.experiment, "status": str(run.status),
        "start_time": moment(run.started), "end_time": moment(run.ended) if run.ended else None,
        "duration": run.duration if run.duration is not None else math.nan,
    }  # fmt: skip
    row |= {f"metrics.{name}": metric.latest for name, metric in run.metrics.items()}
    row |= {f"params.{name}": value for name, value in run.taken.items()}
    row |= {f"tags.{name}": value for name, value in run.tags.items()}
    return row


def moment(seconds: float) -> datetime:
    """Seconds since 1970 as a moment in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def compare_runs(runs: Sequence[str | Run] | pandas.DataFrame) -> Comparison:
    """Several runs side by side: what differs between them, and their metrics.

    Raises:
        InputError: one of them does not exist.
    """
    if hasattr(runs, "columns"):
        runs = list(runs["run_id"])  # type: ignore[call-overload]  # a DataFrame of search_runs
    return compare([get_run(run) if isinstance(run, str) else run for run in runs])
