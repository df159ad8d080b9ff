"""What runs have used, as rows; and what was used by runs that are gone for good, by month."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

PIPELINE, SWEEP = "pipeline", "sweep"  # kinds of runs whose parts have processes of their own
_BROKEN = ("failed", "killed", "blocked")
TAG = "pipeline"  # of a pipeline's run: its name, and what else tells it from others of that name
_LEDGER = "used:"  # begins the keys of what is kept of runs that are gone


@dataclass(frozen=True)
class UsedRow:
    """What one run has used. ``usage`` is as its process wrote it down, ``duration`` in seconds."""

    id: str
    name: str
    parent: str
    kind: str
    pipeline: str
    user: str
    started: float
    duration: float
    status: str
    cached: bool = False
    usage: Mapping[str, Any] = field(default_factory=dict)
    runs: int = 1  # that are counted in it
    is_whole: bool = True  # part of no other run

    @property
    def month(self) -> str:
        """When it began, as ``2026-11`` in UTC."""
        return month_of(self.started)


def month_of(at: float) -> str:
    """The month of a moment, in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m}"


_FAMILY = """
  WITH RECURSIVE up (id, parent) AS (
    SELECT id, parent FROM runs WHERE id IN (SELECT value FROM json_each(?))
    UNION SELECT r.id, r.parent FROM runs r JOIN up ON r.id = up.parent
  ), family (id) AS (
    SELECT id FROM up UNION SELECT r.id FROM runs r JOIN family f ON r.parent = f.id WHERE r.parent <> ''
  ) SELECT id FROM family
"""


def rows(connection: sqlite3.Connection, now: float, ids: Sequence[str] | None = None) -> list[UsedRow]:
    """All runs, also those that are deleted, in their order; and what is kept of those that are gone.

    A run that goes on has used the time up to ``now``. With ``ids`` only these, what they are part of, and
    their parts.
    """
    where = "" if ids is None else f"WHERE r.id IN ({_FAMILY})"
    found = connection.execute(
        "SELECT r.id, r.name, r.parent, r.kind, coalesce(("
        "SELECT x.value FROM tags x JOIN keys k ON k.id = x.key WHERE x.run = r.seq AND k.name = ?), ''), "
        "r.user, r.started, coalesce(r.duration, iif(r.status = 'running', max(? - r.started, 0), 0)), "
        "r.status, json_extract(r.facts, '$.engine.cached'), json_extract(r.facts, '$.usage') "
        f"FROM runs r {where} ORDER BY r.seq",
        (TAG, now, *([] if ids is None else [json.dumps(list(ids))])),
    )
    counted = _counted([_row(line) for line in found])
    return [*counted] if ids is not None else [*_gone(connection), *counted]


def _counted(found: Sequence[UsedRow]) -> Iterator[UsedRow]:
    """Those whose process is their own, each with the pipeline that it is part of.

    A run within another one is a part of its process, unless it is a step or a trial.
    """
    by_id = {row.id: row for row in found}
    for row in found:
        above = by_id.get(row.parent)
        if above is not None and above.kind not in (PIPELINE, SWEEP):
            continue
        top, pipeline = row, row.pipeline
        while top.parent in by_id and top.parent != top.id:
            top = by_id[top.parent]
            pipeline = pipeline or top.pipeline
        usage = {} if row.kind in (PIPELINE, SWEEP) else row.usage  # theirs is the sum of their parts
        yield replace(row, pipeline=pipeline, usage=usage, is_whole=top is row)


def _row(line: Sequence[Any]) -> UsedRow:
    number, name, parent, kind, pipeline, user, started, duration, status, cached, usage = line
    known = json.loads(usage) if usage else {}
    return UsedRow(
        number, name, parent, kind, str(pipeline).partition("@")[0], user, started, duration, status,
        bool(cached), known if isinstance(known, dict) else {},
    )  # fmt: skip


def _gone(connection: sqlite3.Connection) -> Iterator[UsedRow]:
    kept = connection.execute("SELECT key, value FROM meta WHERE key GLOB ? ORDER BY key", (f"{_LEDGER}*",))
    for key, text in kept:
        entry = json.loads(text)
        yield UsedRow(id=key, parent="", status="gone", **entry)


def keep(connection: sqlite3.Connection, gone: Sequence[UsedRow]) -> None:
    """Adds what runs that are removed have used to what is kept, in the transaction that removes them."""
    for row in gone:
        if not row.is_whole and not any(amounts(row).values()):
            continue
        alike = [row.pipeline, row.user, row.kind, row.name, row.cached, row.is_whole, _spot(row)]
        place = f"{_LEDGER}{row.month}:{json.dumps(alike)}"
        before = connection.execute("SELECT value FROM meta WHERE key = ?", (place,)).fetchone()
        entry: dict[str, Any] = json.loads(before[0]) if before else {
            "name": row.name, "kind": row.kind, "pipeline": row.pipeline, "user": row.user, "runs": 0,
            "started": row.started, "duration": 0.0, "cached": row.cached, "is_whole": row.is_whole,
            "usage": {"spot": True} if _spot(row) else {},
        }  # fmt: skip
        for key, amount in amounts(row).items():
            entry["usage"][key] = round(entry["usage"].get(key, 0.0) + amount, 3)
        peak = max(_number(entry["usage"], "peak_memory"), _number(row.usage, "peak_memory"))
        entry["usage"]["peak_memory"] = peak
        entry["duration"] += row.duration
        entry["runs"] += row.runs
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (place, json.dumps(entry)))


def _spot(row: UsedRow) -> bool:
    return bool(row.usage.get("spot"))


def amounts(row: UsedRow) -> dict[str, float]:
    """Seconds of clock, processor, gigabyte and graphics card that a run has used.

    Of a step whose answer was kept, those that it would have used. A run that failed before its process could
    say what it had used is taken to have kept one processor at work.
    """
    usage = row.usage
    if "gb_seconds" in usage:
        return {key: _number(usage, key) for key in _SUMMED}
    cpu = _number(usage, "cpu_seconds")
    # Of steps that were kept before their clock was, the processor's time stands for it.
    wall = _number(usage, "wall_seconds") or cpu if row.cached else row.duration
    if "cpu_seconds" not in usage and row.status in _BROKEN and row.kind not in (PIPELINE, SWEEP):
        cpu = wall
    return {
        "wall_seconds": wall, "cpu_seconds": cpu, "gb_seconds": wall * _number(usage, "peak_memory") / 1e9,
        "gpu_seconds": wall * _number(usage, "gpus"),
    }  # fmt: skip


def _number(usage: Mapping[str, Any], key: str) -> float:
    value = usage.get(key, 0.0)
    return float(value) if isinstance(value, (int, float)) else 0.0


_SUMMED = ("wall_seconds", "cpu_seconds", "gb_seconds", "gpu_seconds")
