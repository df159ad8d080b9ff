"""Points of metrics beyond a course: those that were replaced, and when each latest one was logged."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Sequence

from mlops_jlab.entities.runs import Point, Run


def replaced(connection: sqlite3.Connection, run: Run, name: str) -> list[Point]:
    """The values of a metric that a later one took the place of, by when they were logged."""
    rows = connection.execute(
        "SELECT p.iteration, p.value, p.at FROM replaced_points p JOIN series s ON s.id = p.series "
        "JOIN keys k ON k.id = s.key WHERE s.run = ? AND k.name = ? ORDER BY p.at",
        (run.seq, name),
    )
    return [Point(i, math.nan if value is None else value, at) for i, value, at in rows]


def latest(connection: sqlite3.Connection, runs: Sequence[Run]) -> dict[tuple[int, str], float]:
    """When the latest value of each metric was logged, by the run's number and the metric's name."""
    rows = connection.execute(
        "SELECT s.run, k.name, p.at FROM series s JOIN keys k ON k.id = s.key "
        "JOIN points p ON p.series = s.id AND p.iteration = s.iteration "
        "WHERE s.run IN (SELECT value FROM json_each(?))",
        (json.dumps([run.seq for run in runs]),),
    )
    return {(run, name): at for run, name, at in rows}
