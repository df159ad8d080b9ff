"""Routes of runs: a page, one, a metric's course, several side by side, tags and notes, deleting."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.entities.runs import DEFAULTS, Point, Run
from mlops_jlab.errors import InputError, NotFound
from mlops_jlab.server import spending
from mlops_jlab.server.handling import Route, answered, aside, whole
from mlops_jlab.store import artifacts, changing, database, filters, opening, reading
from mlops_jlab.store.applying import Applier
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import comparing, lifecycle
from mlops_jlab.tracking.exporting import finite, plain

if TYPE_CHECKING:
    import sqlite3

_MOST = 500
_NAMES = 50
_ORDERS = 8
_DELETED = 10_000
_COMPARED = 5_000  # characters of a param side by side with others
_ANSWER = 32 << 20  # characters of params side by side
_MOST_NAMES = 5_000
_MOST_COURSES = 2_000
_SPARKS = 4  # metrics of a run whose course a list shows
_SPARK_POINTS = 32
_PART = 1 << 20  # bytes of a file that are sent at once
_SHORT = 200  # characters of a param or tag in a list
_MONITORING = reading.Query(filters.Condition("r.kind = 'monitor'"))


class RunsRoute(Route):
    """``GET runs``: a page of runs."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """``filter``, ``search``, ``order`` (several), ``limit``, ``after``, ``deleted``, ``top``."""
        limit = whole(self.get_argument("limit", "50"), 1, _MOST)
        condition = filters.both(
            filters.parse(self.get_argument("filter", "")), filters.words(self.get_argument("search", ""))
        )
        if self.get_argument("top", "") == "true":
            condition = filters.Condition(f"{condition.sql} AND r.parent = ''", condition.values)
        query = reading.Query(
            condition,
            tuple(filters.parse_order(text) for text in _some(self.get_arguments("order"), "order", _ORDERS)),
            limit, self.get_argument("after", ""), self.get_argument("deleted", "") == "true",
            _SHORT,
        )  # fmt: skip
        self.answer(await aside(_page, self.place, query))


def _page(place: Place, query: reading.Query) -> dict[str, Any]:
    writable = opening.is_writable(place) or not place.root.exists()
    if not opening.exists(place):
        return {"runs": [], "after": "", "total": 0, "writable": writable, "monitored": False}
    with opening.reading(place) as connection:
        page = reading.page(connection, query)
        total = reading.count(connection, query) if not query.after else None
        monitored = reading.count(connection, _MONITORING) > 0 if not query.after else None
        parts = reading.parts(connection, [run.id for run in page.runs])
        costs = spending.costs(place, connection, [run.id for run in page.runs])
        runs = [
            short(run)
            | {"sparks": _sparks(connection, run), "parts": parts.get(run.id, 0), "cost": costs[run.id]}
            for run in page.runs
        ]
    known = {"total": total, "writable": writable, "monitored": monitored}
    return {"runs": runs, "after": page.after, **known}


def _sparks(connection: sqlite3.Connection, run: Run) -> dict[str, list[Any]]:
    """The courses of a run's first metrics, a few points each; those of one point have none."""
    long = [name for name, metric in run.metrics.items() if metric.iteration > 0][:_SPARKS]
    return {
        name: [finite(point.value) for point in reading.history(connection, run, name, _SPARK_POINTS)]
        for name in long
    }


def short(run: Run) -> dict[str, Any]:
    """A run as a list shows it."""
    return {
        "id": run.id, "number": run.seq, "name": run.name, "experiment": run.experiment,
        "status": str(run.status),
        "reason": run.reason[:_SHORT], "started": run.started, "ended": run.ended, "duration": run.duration,
        "parent": run.parent, "group": run.group, "kind": run.kind, "source": run.source, "user": run.user,
        "note": run.note[:_SHORT], "deleted": run.deleted is not None,
        "metrics": {name: finite(metric.latest) for name, metric in run.metrics.items()},
        "params": {name: value[:_SHORT] for name, value in run.params.items()},
        "tags": {name: value[:_SHORT] for name, value in run.tags.items()},
        **_declared(run),
    }  # fmt: skip


def _declared(run: Run) -> dict[str, dict[str, str]]:
    """What a pipeline's run takes as it is declared, where it was given nothing else."""
    found = run.facts.get(DEFAULTS)
    return {"defaults": {name: value[:_SHORT] for name, value in found.items()}} if found else {}


class RunRoute(Route):
    """``GET runs/ID``: all of one run; ``PATCH``: its name, tags and note."""

    @web.authenticated
    @authorized
    @answered
    async def get(self, run_id: str) -> None:
        """The run, its files and children."""
        self.answer(await aside(_detail, self.place, run_id))

    @web.authenticated
    @authorized
    @answered
    async def patch(self, run_id: str) -> None:
        """``tags`` (a value, or null to take it away), ``note`` and ``name``."""
        content = self.body(tags=dict, note=str, name=str)
        self.answer(await aside(_edit, self.place, run_id, content))


def _detail(place: Place, run_id: str) -> dict[str, Any]:
    with opening.reading(place) as connection:
        run = reading.find(connection, run_id)
        sparks = _sparks(connection, run)
        files = reading.artifacts(connection, run)
        inner = reading.children(connection, run, _SHORT)
        costs = spending.costs(place, connection, [run.id, *(child.id for child in inner)])
    content = plain(run)
    content.pop("owner")
    return content | {
        "number": run.seq,
        "sparks": sparks,
        "artifacts": [{"path": file.path, "size": file.size} for file in files],
        "children": [short(child) | {"cost": costs[child.id]} for child in inner],
        "cost": costs[run.id],
    }


def _edit(place: Place, run_id: str, content: dict[str, Any]) -> dict[str, Any]:
    from mlops_jlab.tracking import values

    tags = content.get("tags", {})
    if not all(isinstance(value, (str, type(None))) for value in tags.values()):
        raise InputError("a tag's value is a text, or null to take the tag away")
    with opening.writing(place) as connection:
        run = reading.find(connection, run_id, _SHORT)
        lines: list[list[Any]] = [
            ["tag", run.id, run.attempt, values.name_of(name, "tag"), values.tag(name, value)]
            for name, value in tags.items()
        ]
        if "note" in content:
            lines.append(["note", run.id, run.attempt, values.note(content["note"])])
        if "name" in content:
            name = values.name_of(values.label(content["name"], "name of a run"), "run")
            lines.append(["name", run.id, run.attempt, name])
        with database.transaction(connection, durable=True):
            Applier(connection).apply(lines)
        return short(reading.find(connection, run.id, _SHORT))


class HistoryRoute(Route):
    """``GET runs/ID/history``: the course of a metric."""

    @web.authenticated
    @authorized
    @answered
    async def get(self, run_id: str) -> None:
        """``metric``, and ``points``: at most so many."""
        points = whole(self.get_argument("points", "1000"), 2, 5_000)
        self.answer(await aside(_history, self.place, run_id, self.get_argument("metric"), points))


def _history(place: Place, run_id: str, metric: str, points: int) -> dict[str, Any]:
    with opening.reading(place) as connection:
        found = reading.history(connection, reading.find(connection, run_id, _SHORT), metric, points)
    return _course(found)


def _course(found: Sequence[Point]) -> dict[str, Any]:
    return {
        "iterations": [point.iteration for point in found],
        "values": [finite(point.value) for point in found],
        "times": [point.at for point in found],
    }


class HistoriesRoute(Route):
    """``GET histories``: the courses of some metrics in some runs."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """``metric`` and ``id``, several times each, and ``points``: at most so many of each course."""
        points = whole(self.get_argument("points", "1000"), 2, 5_000)
        ids, metrics = (list(dict.fromkeys(self.get_arguments(name))) for name in ("id", "metric"))
        if not 0 < len(ids) * len(metrics) <= _MOST_COURSES:
            raise InputError(f"1 to {_MOST_COURSES} courses are given at once, not {len(ids) * len(metrics)}")
        self.answer({"courses": await aside(_histories, self.place, ids, metrics, points)})


def _histories(place: Place, ids: Sequence[str], metrics: Sequence[str], points: int) -> dict[str, Any]:
    """By metric and run; runs without a metric are left out."""
    with opening.reading(place) as connection:
        found = (reading.find(connection, run_id, _SHORT) for run_id in ids)
        runs = list({run.id: run for run in found}.values())
        return {
            metric: {
                run.id: _course(reading.history(connection, run, metric, points))
                for run in runs
                if metric in run.metrics
            }
            for metric in metrics
        }


class NamesRoute(Route):
    """``GET names``: what params, metrics and tags are called, to complete a filter with."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """``prefix``: the beginning, such as ``metrics.a``; ``limit``: at most so many names."""
        most = whole(self.get_argument("limit", str(_NAMES)), 1, _MOST_NAMES)
        self.answer({"names": await aside(_names, self.place, self.get_argument("prefix", ""), most)})


def _names(place: Place, prefix: str, most: int) -> list[str]:
    if not opening.exists(place):
        return []
    with opening.reading(place) as connection:
        return reading.names(connection, prefix, most)


class CompareRoute(Route):
    """``GET compare``: runs side by side."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """``id``, several times."""
        self.answer(await aside(_compare, self.place, self.get_arguments("id")))


def _compare(place: Place, ids: Sequence[str]) -> dict[str, Any]:
    ids = _some(ids, "id", _MOST)
    with opening.reading(place) as connection:
        runs: dict[str, Run] = {}
        size = 0
        for run_id in ids:
            run = reading.find(connection, run_id, _COMPARED)
            if run.id not in runs:
                size += sum(map(len, run.params.values()))
                runs[run.id] = run
            if size > _ANSWER:
                raise InputError("these runs have too many and too long params to be compared",
                                 hint="compare fewer of them")  # fmt: skip
    if len(runs) < 2:
        raise InputError(f"2 to {_MOST} different runs are compared, not {len(runs)}")
    found = comparing.compare(list(runs.values()))
    return {
        "runs": [short(run) for run in found.runs],
        "lines": [
            {"kind": line.kind, "name": line.name, "differs": line.differs,
             "values": [finite(value) for value in line.values]}
            for line in found.lines
        ],
    }  # fmt: skip


class DeleteRoute(Route):
    """``POST runs/delete`` and ``POST runs/restore``: hide runs, or show them again."""

    @web.authenticated
    @authorized
    @answered
    async def post(self, verb: str) -> None:
        """``ids``: the runs; answers with all that changed, children too."""
        ids = self.body(ids=list).get("ids", [])
        if not ids or not all(isinstance(run_id, str) for run_id in ids):
            raise InputError("'ids' lists the runs")
        ids = _some(ids, "ids", _DELETED)
        self.answer({"ids": await aside(_delete, self.place, ids, verb == "restore")})


def _delete(place: Place, ids: Sequence[str], back: bool) -> list[str]:
    with opening.writing(place) as connection:
        runs = [reading.find(connection, run_id, _SHORT) for run_id in ids]
        return (changing.restore if back else changing.delete)(connection, runs, lifecycle.who())


class ArtifactRoute(Route):
    """``GET runs/ID/artifacts/PATH``: a file of a run, never to be run by the browser."""

    @web.authenticated
    @authorized
    @answered
    async def get(self, run_id: str, path: str) -> None:
        """The file as a download; images may be shown."""
        file, name = await aside(_artifact, self.place, run_id, path)
        kind = _SHOWN.get(name.rpartition(".")[2].lower(), "application/octet-stream")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        if kind in ("application/octet-stream", _DRAWN):  # a drawing is shown as a picture, never as a page
            self.set_header("Content-Disposition", "attachment")
        self.set_header("Content-Type", kind)
        self.set_header("Content-Length", str(file.stat().st_size))
        with file.open("rb") as content:
            while part := await aside(content.read, _PART):
                self.write(part)
                await self.flush()
        self.finish(set_content_type=kind)


_DRAWN = "image/svg+xml"
_SHOWN = {"svg": _DRAWN, "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif",
          "webp": "image/webp", "txt": "text/plain; charset=utf-8", "csv": "text/plain; charset=utf-8",
          "py": "text/plain; charset=utf-8", "json": "text/plain; charset=utf-8"}  # fmt: skip


def _artifact(place: Place, run_id: str, path: str) -> tuple[Path, str]:
    with opening.reading(place) as connection:
        for file in reading.artifacts(connection, reading.find(connection, run_id)):
            if file.path == path:
                return artifacts.checked(place, file.digest), file.path
    raise NotFound(f"the run has no file {path[:80]!r}")


def _some(given: Sequence[str], what: str, most: int) -> list[str]:
    """What was given, each once.

    Raises:
        InputError: it is too much.
    """
    found = list(dict.fromkeys(given))
    if len(found) > most:
        raise InputError(f"{what!r} is given {len(found)} times", hint=f"{most} at most")
    return found
