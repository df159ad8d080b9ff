"""Runs as they are in the store: one, a page of many, the points of a metric."""

from __future__ import annotations

import base64
import json
import math
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops_jlab.entities.runs import Artifact, MetricSummary, Point, Run, RunStatus
from mlops_jlab.errors import InputError, NotFound, nearest
from mlops_jlab.store.applying import BUCKET
from mlops_jlab.store.filters import DECLARED, EVERY, Condition, Field, Order
from mlops_jlab.store.recovery import owner_of

_COLUMNS = (
    "r.seq, r.id, r.name, e.name, r.status, r.started, r.ended, r.duration, r.reason, r.parent, r.grouping, "
    "r.kind, r.source, r.user, r.note, r.attempt, r.owner, r.heartbeat, r.deleted, r.facts"
)
_ALIVE = "r.deleted IS NULL"
_PLAIN = re.compile(r"[^\W\d][\w/:@-]*(\.[\w/:@-]+)*")  # a name that a filter takes without quotes


@dataclass(frozen=True)
class Page:
    """Some runs, and where the next page begins (nothing: this was the last)."""

    runs: tuple[Run, ...]
    after: str = ""


@dataclass(frozen=True)
class Query:
    """What to look for. ``limit`` is the most runs of a page."""

    condition: Condition = EVERY
    order: tuple[Order, ...] = ()
    limit: int = 50
    after: str = ""
    deleted: bool = False
    longest: int = 0  # characters of a note, param or tag; 0: all of them


def find(connection: sqlite3.Connection, wanted: str, longest: int = 0) -> Run:
    """The run with an id, or the newest of a name, or the run with the only id that begins so.

    Raises:
        NotFound: there is none.
        InputError: there are several.
    """
    rows = connection.execute("SELECT seq, id FROM runs WHERE id = ?", (wanted,)).fetchall()
    if not rows:  # names have no index
        by_name = "SELECT seq, id FROM runs WHERE name = ? AND deleted IS NULL ORDER BY seq DESC LIMIT 1"
        rows = connection.execute(by_name, (wanted,)).fetchall()
    if not rows:  # more of an id can always be given; a name is all that there is
        rows = connection.execute(
            "SELECT seq, id FROM runs WHERE id GLOB ? LIMIT 3", (_escaped(wanted) + "*",)
        ).fetchall()
    if not rows or not wanted:
        raise NotFound(f"there is no run {wanted!r}", hint="see them with: mlops-jlab runs list")
    if len(rows) > 1:
        raise InputError(
            f"several runs begin with {wanted!r}: {', '.join(row[1][:12] for row in rows)} …",
            hint="give more of the id",
        )
    return load(connection, [rows[0][0]], longest)[0]


def _escaped(text: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in text)


def load(connection: sqlite3.Connection, seqs: Sequence[int], longest: int = 0) -> list[Run]:
    """The runs with these numbers, in this order, with params, metrics and tags.

    With ``longest``, at most so many characters of each text, so that many runs take little memory.
    """
    chosen = json.dumps(list(dict.fromkeys(seqs)))
    columns = _COLUMNS.replace("r.note", f"substr(r.note, 1, {longest:d})") if longest else _COLUMNS
    rows = connection.execute(
        f"SELECT {columns} FROM runs r JOIN experiments e ON e.id = r.experiment "
        "WHERE r.seq IN (SELECT value FROM json_each(?))",
        (chosen,),
    )
    params = _pairs(connection, "params", chosen, longest)
    tags = _pairs(connection, "tags", chosen, longest)
    metrics: dict[int, dict[str, MetricSummary]] = {}
    for run, name, latest, iteration, low, high in connection.execute(
        "SELECT s.run, k.name, s.latest, s.iteration, s.minimum, s.maximum FROM series s "
        "JOIN keys k ON k.id = s.key WHERE s.run IN (SELECT value FROM json_each(?)) ORDER BY k.name",
        (chosen,),
    ):
        metrics.setdefault(run, {})[name] = MetricSummary(_nan(latest), iteration, _nan(low), _nan(high))
    found = {
        row[0]: Run(
            seq=row[0], id=row[1], name=row[2], experiment=row[3], status=RunStatus(row[4]), started=row[5],
            ended=row[6], duration=row[7], reason=row[8], parent=row[9], group=row[10], kind=row[11],
            source=row[12], user=row[13], note=row[14], attempt=row[15], owner=owner_of(row[16]),
            heartbeat=row[17], deleted=row[18], facts=json.loads(row[19]), params=params.get(row[0], {}),
            metrics=metrics.get(row[0], {}), tags=tags.get(row[0], {}),
        )
        for row in rows
    }  # fmt: skip
    return [found[seq] for seq in seqs if seq in found]


def _pairs(
    connection: sqlite3.Connection, table: str, chosen: str, longest: int
) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    column = f"substr(x.value, 1, {longest:d})" if longest else "x.value"
    for run, name, value in connection.execute(
        f"SELECT x.run, k.name, {column} FROM {table} x JOIN keys k ON k.id = x.key "
        "WHERE x.run IN (SELECT value FROM json_each(?)) ORDER BY k.name",
        (chosen,),
    ):
        found.setdefault(run, {})[name] = value
    return found


def _nan(value: Any) -> float:
    return math.nan if value is None else float(value)


def page(connection: sqlite3.Connection, query: Query) -> Page:
    """The runs that the query asks for, the newest first unless it says otherwise.

    Raises:
        InputError: ``after`` is no place in this order.
    """
    metric = len(query.order) == 1 and query.order[0].field.kind == "metric"
    rows = _by_metric(connection, query) if metric else _by_fields(connection, query)
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    after = _encode(rows[-1]) if more else ""
    return Page(tuple(load(connection, [row[-1] for row in rows], query.longest)), after)


def _by_metric(connection: sqlite3.Connection, query: Query) -> list[tuple[Any, ...]]:
    """Down the index of latest values; runs without the metric, or with NaN, come last."""
    order = query.order[0]
    row = connection.execute("SELECT id FROM keys WHERE name = ?", (order.field.name,)).fetchone()
    key, sense, way = row[0] if row else 0, "<" if order.descending else ">", _way(order)
    where, values = _where(query)
    last = _decode(query.after, 2) if query.after else None
    rows: list[tuple[Any, ...]] = []
    if last is None or last[0] is not None:
        place = f"AND (o.latest, o.run) {sense} (?, ?)" if last else ""
        rows = connection.execute(
            f"SELECT o.latest, o.run FROM series o CROSS JOIN runs r ON r.seq = o.run "
            f"WHERE o.key = ? AND o.latest IS NOT NULL AND {where} {place} "
            f"ORDER BY o.latest {way}, o.run {way} LIMIT ?",
            (key, *values, *(last or ()), query.limit + 1),
        ).fetchall()
        last = None
    if len(rows) <= query.limit:
        place = "AND r.seq < ?" if last else ""
        rows += connection.execute(
            f"SELECT NULL, r.seq FROM runs r WHERE {where} {place} AND NOT EXISTS "
            "(SELECT 1 FROM series o WHERE o.run = r.seq AND o.key = ? AND o.latest IS NOT NULL) "
            "ORDER BY r.seq DESC LIMIT ?",
            (*values, *(last[1:] if last else ()), key, query.limit + 1 - len(rows)),
        ).fetchall()
    return rows


def _by_fields(connection: sqlite3.Connection, query: Query) -> list[tuple[Any, ...]]:
    order = [*query.order, Order(Field("attribute", "created"), descending=True)]
    where, values = _where(query)
    columns: list[str] = []
    chosen: list[Any] = []
    for place, entry in enumerate(order):
        sql, given = _sortable(entry.field)
        columns.append(f"{sql} AS o{place}")
        chosen += given
    beyond, last = _beyond(order, _decode(query.after, len(order))) if query.after else ("1", [])
    sorting = ", ".join(f"o{place} IS NULL, o{place} {_way(entry)}" for place, entry in enumerate(order))
    return connection.execute(
        f"SELECT * FROM (SELECT {', '.join(columns)} FROM runs r WHERE {where}) "
        f"WHERE {beyond} ORDER BY {sorting} LIMIT ?",
        (*chosen, *values, *last, query.limit + 1),
    ).fetchall()


def _sortable(field: Field) -> tuple[str, list[Any]]:
    """Params and tags that are numbers sort as numbers, before all others."""
    sql, values = field.expression
    if field.kind not in ("param", "tag"):
        return sql, values
    number = f"{sql} GLOB '*[0-9]*' AND NOT {sql} GLOB '*[^-+.eE0-9]*'"
    return f"iif({number}, CAST({sql} AS REAL), {sql})", values * 4


def _beyond(order: Sequence[Order], last: Sequence[Any]) -> tuple[str, list[Any]]:
    """The condition for rows that come after ``last``; nothing (NULL) comes last in every order."""
    terms: list[str] = []
    values: list[Any] = []
    for place, entry in enumerate(order):
        if last[place] is None:
            continue
        same = "".join(f"o{before} IS ? AND " for before in range(place))
        terms.append(f"({same}(o{place} IS NULL OR o{place} {'<' if entry.descending else '>'} ?))")
        values += [*last[:place], last[place]]
    return f"({' OR '.join(terms)})", values


def _where(query: Query) -> tuple[str, list[Any]]:
    alive = "1" if query.deleted else _ALIVE
    return f"{alive} AND {query.condition.sql}", list(query.condition.values)


def _way(order: Order) -> str:
    return "DESC" if order.descending else "ASC"


def _encode(row: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(row)).encode()).decode()


def _decode(text: str, count: int) -> list[Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(text))
        if isinstance(found, list) and len(found) == count:
            return found
    except ValueError:
        pass
    raise InputError("this page token is not known", hint="begin with the first page")


def count(connection: sqlite3.Connection, query: Query) -> int:
    """How many runs the query finds in all."""
    where, values = _where(query)
    sql = f"SELECT count(*) FROM runs r WHERE {where}"
    return int(connection.execute(sql, values).fetchone()[0])


def names(connection: sqlite3.Connection, prefix: str, most: int) -> list[str]:
    """The fields that begin with ``prefix`` (``metrics.lo``, ``params.``), as a filter writes them."""
    found: list[str] = []
    for kind, table in (("metrics", "series"), ("params", "params"), ("tags", "tags")):
        beginning = f"{kind}."
        if not beginning.startswith(prefix) and not prefix.startswith(beginning):
            continue
        start = prefix[len(beginning) :].strip("`")
        known = f"SELECT k.name FROM keys k WHERE EXISTS (SELECT 1 FROM {table} x WHERE x.key = k.id)"
        rows = connection.execute(
            f"SELECT name FROM ({known} {DECLARED if table == 'params' else ''}) "
            "WHERE name GLOB ? ORDER BY name LIMIT ?",
            (_escaped(start) + "*", most - len(found)),
        )
        found += [f"{kind}.{name if _PLAIN.fullmatch(name) else f'`{name}`'}" for (name,) in rows]
    return found


def parts(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, int]:
    """How many steps, trials or other parts each of these runs has; those without any are left out."""
    return dict(
        connection.execute(
            "SELECT parent, count(*) FROM runs WHERE parent IN (SELECT value FROM json_each(?)) "
            "AND parent <> '' AND deleted IS NULL GROUP BY parent",
            (json.dumps(list(ids)),),
        ).fetchall()
    )


def history(connection: sqlite3.Connection, run: Run, name: str, most: int = 0) -> list[Point]:
    """The points of a metric in the order of their iterations.

    With ``most``, at most that many: of each stretch its least and its greatest point, and the ends.

    Raises:
        InputError: the run has no such metric.
    """
    row = connection.execute(
        "SELECT s.id, s.first, s.iteration FROM series s JOIN keys k ON k.id = s.key "
        "WHERE s.run = ? AND k.name = ?",
        (run.seq, name),
    ).fetchone()
    if row is None:
        raise InputError(f"run {run.id[:12]} has no metric {name!r}{nearest(name, run.metrics)}")
    series, first, last = row
    if most and last - first >= 2 * most:
        return _thinned(connection, series, first, last, max(most, 4))
    points = _points(connection, "series = ?", [series])
    return _thin(points, most) if most else points


def _points(connection: sqlite3.Connection, where: str, values: Sequence[Any]) -> list[Point]:
    rows = connection.execute(
        f"SELECT iteration, value, at FROM points WHERE {where} ORDER BY iteration",
        values,
    )
    return [Point(iteration, _nan(value), at) for iteration, value, at in rows]


def _thinned(connection: sqlite3.Connection, series: int, first: int, last: int, most: int) -> list[Point]:
    """From the stored extremes of each bucket where those are fine enough, else from the points."""
    size = 1 << BUCKET
    few = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM points WHERE series = ? LIMIT ?)", (series, 8 * size)
    ).fetchone()[0]
    if few < 8 * size:
        return _thin(_points(connection, "series = ?", [series]), most)
    if (stretch := 2 * (last - first) // most) < size:
        return _thin(_extremes(connection, series, first, last, stretch), most)
    rows = connection.execute(
        "SELECT low_iteration, high_iteration FROM buckets WHERE series = ?", (series,)
    ).fetchall()
    wanted = {iteration for row in rows for iteration in row} | {first, last}
    chosen = _points(
        connection,
        "series = ? AND iteration IN (SELECT value FROM json_each(?))",
        [series, json.dumps(sorted(wanted))],
    )
    start = _points(connection, "series = ? AND iteration BETWEEN 0 AND ?", [series, size - 1])
    merged = {point.iteration: point for point in [*chosen, *start]}
    return _thin([merged[iteration] for iteration in sorted(merged)], most)


def _extremes(
    connection: sqlite3.Connection, series: int, first: int, last: int, stretch: int
) -> list[Point]:
    """The least and the greatest point of every ``stretch`` iterations, and the ends."""
    own = "SELECT iteration, {}(value), at FROM points WHERE series = ?1 GROUP BY iteration / ?2"
    rows = connection.execute(f"{own.format('min')} UNION ALL {own.format('max')}", (series, stretch))
    ends = _points(connection, "series = ? AND iteration IN (?, ?)", [series, first, last])
    found = {iteration: Point(iteration, _nan(value), at) for iteration, value, at in rows}
    found |= {point.iteration: point for point in ends}
    return [found[iteration] for iteration in sorted(found)]


def _thin(points: list[Point], most: int) -> list[Point]:
    """The ends, and of each of equally long stretches the least and the greatest point."""
    if len(points) <= most:
        return points
    stretches = max((most - 2) // 2, 1)
    low, span = points[0].iteration, points[-1].iteration - points[0].iteration + 1
    extremes: dict[int, list[Point]] = {}
    for point in points:
        stretch = (point.iteration - low) * stretches // span
        seen = extremes.setdefault(stretch, [point, point])
        if point.value < seen[0].value or math.isnan(seen[0].value):
            seen[0] = point
        if point.value > seen[1].value or math.isnan(seen[1].value):
            seen[1] = point
    kept = {p.iteration: p for pair in extremes.values() for p in pair}
    kept |= {p.iteration: p for p in (points[0], points[-1])}
    return [kept[iteration] for iteration in sorted(kept)]


def artifacts(connection: sqlite3.Connection, run: Run) -> list[Artifact]:
    """The files of a run, by name."""
    rows = connection.execute(
        "SELECT path, digest, size FROM artifacts WHERE run = ? ORDER BY path", (run.seq,)
    )
    return [Artifact(*row) for row in rows]


def files_of(connection: sqlite3.Connection, run_id: str) -> dict[str, str]:
    """The digests of a run's files by name; none of a run that is not there any more."""
    rows = connection.execute(
        "SELECT a.path, a.digest FROM artifacts a JOIN runs r ON r.seq = a.run WHERE r.id = ? "
        "AND r.deleted IS NULL", (run_id,),
    )  # fmt: skip
    return dict(rows.fetchall())


def children(connection: sqlite3.Connection, run: Run, longest: int = 0) -> list[Run]:
    """The runs that this one is the parent of, in their order; ``longest`` as in :func:`load`."""
    rows = connection.execute(
        "SELECT seq FROM runs WHERE parent = ? AND parent <> '' AND deleted IS NULL ORDER BY seq", (run.id,)
    ).fetchall()
    return load(connection, [row[0] for row in rows], longest)


def metrics_of_parts(connection: sqlite3.Connection, run: Run) -> dict[str, dict[str, float]]:
    """The latest metrics of the parts of a run's parts, by the id of the part that these are in."""
    found: dict[str, dict[str, float]] = {}
    for part, name, latest in connection.execute(
        "SELECT c.parent, k.name, s.latest FROM runs p JOIN runs c ON c.parent = p.id AND c.parent <> '' "
        "JOIN series s ON s.run = c.seq JOIN keys k ON k.id = s.key "
        "WHERE p.parent = ? AND p.parent <> '' AND p.deleted IS NULL AND c.deleted IS NULL ORDER BY c.seq",
        (run.id,),
    ):
        found.setdefault(part, {})[name] = _nan(latest)
    return found


def corrections(connection: sqlite3.Connection, run: Run) -> list[tuple[str, str, float]]:
    """The values that params had before they were corrected: name, value, when it was given."""
    return connection.execute(
        "SELECT k.name, h.value, h.changed FROM param_history h JOIN keys k ON k.id = h.key "
        "WHERE h.run = ? ORDER BY h.rowid",
        (run.seq,),
    ).fetchall()
