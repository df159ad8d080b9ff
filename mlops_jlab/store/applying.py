"""Lines of a journal → rows. A line may come twice and counts once."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from mlops_jlab.entities.runs import DEFAULT_EXPERIMENT
from mlops_jlab.store.journal import Line

BUCKET = 8  # a bucket is 2**8 iterations
_FIELDS = ("name", "parent", "grouping", "kind", "source", "user", "owner", "started")
# A run that was announced is attempt 0; the process that begins it knows all of it better.
_TAKEN_OVER = (
    ", ".join(
        f"{name} = excluded.{name}" for name in ("attempt", "status", "heartbeat", "experiment", *_FIELDS)
    )
    + ", reason = '', ended = NULL, duration = NULL"
)


class Applier:
    """Writes lines through one connection, inside the caller's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._runs: dict[str, tuple[int, int]] = {}  # id -> seq, attempt
        self._keys: dict[str, int] = {}
        self._series: dict[tuple[int, str], int] = {}
        self._kinds: dict[str, Callable[[int, Line], None]] = {
            "param": self._param, "tag": self._tag, "note": self._note, "artifact": self._artifact,
            "facts": self._facts, "end": self._end, "parent": self._parent, "name": self._name,
            "samples": self._samples,
        }  # fmt: skip

    def forget(self) -> None:
        """After a transaction that was taken back: nothing that was remembered need be true."""
        self._runs.clear()
        self._keys.clear()
        self._series.clear()

    def apply(self, lines: Sequence[Line]) -> None:
        """Writes the lines in their order."""
        self._runs.clear()  # others may have resumed a run meanwhile
        for (kind, run), group in groupby(lines, key=lambda line: (line[0], line[1])):
            if kind == "run":
                for line in group:
                    self._begin(line)
            elif kind == "resume":
                for line in group:
                    self._resume(line)
            else:
                self._values(kind, run, list(group))

    def _values(self, kind: str, run: str, lines: list[Line]) -> None:
        seq, attempt = self._run(run)
        good = [line for line in lines if seq and line[2] >= attempt]
        if len(good) < len(lines):
            late = ((run, json.dumps(line)) for line in lines if line not in good)
            self._connection.executemany("INSERT INTO late VALUES (?, ?)", late)
        if kind == "m":
            for name, points in _by_name(good).items():
                self._points(seq, name, points)
            return
        write = self._kinds.get(kind)
        if write is not None:
            for line in good:
                write(seq, line)

    def _run(self, run: str) -> tuple[int, int]:
        if run not in self._runs:
            row = self._connection.execute("SELECT seq, attempt FROM runs WHERE id = ?", (run,)).fetchone()
            self._runs[run] = row or (0, 0)
        return self._runs[run]

    def key(self, name: str) -> int:
        """The number of a name."""
        if name not in self._keys:
            insert = "INSERT INTO keys (name) VALUES (?) ON CONFLICT DO NOTHING"
            self._connection.execute(insert, (name,))
            (self._keys[name],) = self._connection.execute(
                "SELECT id FROM keys WHERE name = ?", (name,)
            ).fetchone()
        return self._keys[name]

    def _begin(self, line: Line) -> None:
        _kind, run, attempt, fields = line
        experiment = fields.get("experiment") or DEFAULT_EXPERIMENT
        self._connection.execute(
            "INSERT INTO experiments (name, created) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (experiment, fields["started"]),
        )
        self._connection.execute(
            "INSERT INTO runs (id, attempt, status, heartbeat, experiment, name, parent, grouping, kind, "
            "source, user, owner, started) "
            "VALUES (?, ?, ?, ?, (SELECT id FROM experiments WHERE name = ?), ?, ?, ?, ?, ?, ?, ?, ?) "
            f"ON CONFLICT (id) DO UPDATE SET {_TAKEN_OVER} "
            "WHERE runs.attempt = 0 AND excluded.attempt > 0",
            (run, attempt, fields.get("status", "running"), fields["started"], experiment,
             *(fields.get(name, "") for name in _FIELDS)),
        )  # fmt: skip
        self._runs.pop(run, None)

    def _resume(self, line: Line) -> None:
        _kind, run, attempt, fields = line
        self._connection.execute(
            "UPDATE runs SET status = 'running', reason = '', ended = NULL, duration = NULL, attempt = ?, "
            "owner = ?, heartbeat = ? WHERE id = ? AND attempt < ?",
            (attempt, fields["owner"], fields["at"], run, attempt),
        )
        self._runs.pop(run, None)

    def _end(self, seq: int, line: Line) -> None:
        fields = line[3]
        self._connection.execute(
            "UPDATE runs SET status = ?, reason = ?, ended = ?, duration = ? WHERE seq = ?",
            (fields["status"], fields.get("reason", ""), fields["ended"], fields.get("duration"), seq),
        )

    def _param(self, seq: int, line: Line) -> None:
        self._connection.execute(
            "INSERT INTO params VALUES (?, ?, ?, ?) ON CONFLICT (run, key) "
            "DO UPDATE SET value = excluded.value, changed = excluded.changed",
            (seq, self.key(line[3]), line[4], line[5]),
        )

    def _tag(self, seq: int, line: Line) -> None:
        if line[4] is None:
            self._connection.execute("DELETE FROM tags WHERE run = ? AND key = ?", (seq, self.key(line[3])))
            return
        self._connection.execute(
            "INSERT INTO tags VALUES (?, ?, ?) ON CONFLICT (run, key) DO UPDATE SET value = excluded.value",
            (seq, self.key(line[3]), line[4]),
        )

    def _note(self, seq: int, line: Line) -> None:
        self._connection.execute("UPDATE runs SET note = ? WHERE seq = ?", (line[3], seq))

    def _name(self, seq: int, line: Line) -> None:
        self._connection.execute("UPDATE runs SET name = ? WHERE seq = ?", (line[3], seq))

    def _parent(self, seq: int, line: Line) -> None:
        self._connection.execute("UPDATE runs SET parent = ? WHERE seq = ?", (line[3], seq))

    def _artifact(self, seq: int, line: Line) -> None:
        self._connection.execute(
            "INSERT INTO artifacts VALUES (?, ?, ?, ?) ON CONFLICT (run, path) "
            "DO UPDATE SET digest = excluded.digest, size = excluded.size",
            (seq, *line[3:6]),
        )

    def _facts(self, seq: int, line: Line) -> None:
        self._connection.execute(
            "UPDATE runs SET facts = json_patch(facts, ?) WHERE seq = ?", (json.dumps(line[3]), seq)
        )

    def _samples(self, seq: int, line: Line) -> None:
        self._connection.executemany(
            "INSERT OR REPLACE INTO samples VALUES (?, ?, ?, ?, ?, ?)", [(seq, *sample) for sample in line[3]]
        )

    def _points(self, seq: int, name: str, points: list[tuple[int, float, float]]) -> None:
        series = self._series_of(seq, name, points)
        before = self._replaced(series)
        self._connection.executemany(
            "INSERT INTO points VALUES (?, ?, ?, ?) ON CONFLICT (series, iteration) "
            "DO UPDATE SET value = excluded.value, at = excluded.at",
            [(series, i, v, at) for i, v, at in points],
        )
        if self._replaced(series) != before:
            self._summarise_again(series)
            return
        real = [(v, i) for i, v, _at in points if v is not None and not math.isnan(v)]
        iteration, latest = points[0][:2]
        for i, v, _at in points:
            if i >= iteration:
                iteration, latest = i, v
        low, high = (min(real)[0], max(real)[0]) if real else (None, None)
        self._connection.execute(
            "UPDATE series SET latest = CASE WHEN :i >= iteration THEN :v ELSE latest END, "
            "iteration = max(iteration, :i), first = min(first, :first), "
            "minimum = min(coalesce(minimum, :low), coalesce(:low, minimum)), "
            "maximum = max(coalesce(maximum, :high), coalesce(:high, maximum)) WHERE id = :id",
            {"i": iteration, "v": latest, "first": min(p[0] for p in points), "low": low, "high": high,
             "id": series},
        )  # fmt: skip
        self._fill_buckets(series, points)

    def _series_of(self, seq: int, name: str, points: list[tuple[int, float, float]]) -> int:
        found = self._series.get((seq, name))
        if found is None:
            first = points[0]
            self._connection.execute(
                "INSERT INTO series (run, key, latest, iteration, first) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (seq, self.key(name), first[1], first[0], first[0]),
            )
            (found,) = self._connection.execute(
                "SELECT id FROM series WHERE run = ? AND key = ?", (seq, self.key(name))
            ).fetchone()
            self._series[seq, name] = found
        return int(found)

    def _replaced(self, series: int) -> int:
        query = "SELECT count(*) FROM replaced_points WHERE series = ?"
        return int(self._connection.execute(query, (series,)).fetchone()[0])

    def _fill_buckets(self, series: int, points: list[tuple[int, float, float]]) -> None:
        found: dict[int, list[Any]] = {}
        for i, v, _at in points:
            bucket = i >> BUCKET
            if bucket == 0 or v is None or math.isnan(v):
                continue
            seen = found.setdefault(bucket, [v, i, v, i])
            if v < seen[0]:
                seen[:2] = [v, i]
            if v > seen[2]:
                seen[2:] = [v, i]
        self._connection.executemany(
            "INSERT INTO buckets VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (series, bucket) DO UPDATE SET "
            "low_iteration = CASE WHEN excluded.low < low THEN excluded.low_iteration "
            "ELSE low_iteration END, "
            "low = min(low, excluded.low), "
            "high_iteration = CASE WHEN excluded.high > high THEN excluded.high_iteration "
            "ELSE high_iteration END, high = max(high, excluded.high)",
            [(series, bucket, *seen) for bucket, seen in found.items()],
        )

    def _summarise_again(self, series: int) -> None:
        """A point was replaced, which is rare: everything in short is made anew from the points."""
        self._connection.execute(
            "UPDATE series SET (minimum, maximum, iteration, first) = "
            "(SELECT min(value), max(value), max(iteration), min(iteration) FROM points WHERE series = :s), "
            "latest = (SELECT value FROM points WHERE series = :s ORDER BY iteration DESC LIMIT 1) "
            "WHERE id = :s",
            {"s": series},
        )
        self._connection.execute("DELETE FROM buckets WHERE series = ?", (series,))
        rows = self._connection.execute(
            "SELECT iteration, value, at FROM points WHERE series = ? ORDER BY iteration", (series,)
        ).fetchall()
        self._fill_buckets(series, rows)


def _by_name(lines: Sequence[Line]) -> dict[str, list[tuple[int, float, float]]]:
    """The points of each metric; NaN stays NaN here and is NULL in the database."""
    found: dict[str, list[tuple[int, float, float]]] = {}
    for _kind, _run, _attempt, name, iteration, value, at in lines:
        number = value if type(value) is float else float(value)
        found.setdefault(name, []).append((iteration, number, at))
    return found
