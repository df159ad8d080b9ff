"""What checks of data have found, as rows: later checks ask how many rows were usual."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from mlops_jlab.store import database


def keep(connection: sqlite3.Connection, report: Mapping[str, Any], run: str) -> None:
    """Keeps what a check found (its JSON). One that a run asks again counts as it came out last."""
    with database.transaction(connection):
        if run:
            connection.execute("DELETE FROM data_checks WHERE name = ? AND run = ?", (report["name"], run))
        connection.execute(
            "INSERT INTO data_checks (name, run, at, rows, passed, report) VALUES (?, ?, ?, ?, ?, ?)",
            (report["name"], run, time.time(), report["rows"], int(report["passed"]),
             json.dumps(dict(report), ensure_ascii=False)),
        )  # fmt: skip


def rows_before(connection: sqlite3.Connection, name: str, run: str, most: int) -> list[int]:
    """Rows that the last checks of a name have passed, the newest first; without those of ``run``."""
    found = connection.execute(
        "SELECT rows FROM data_checks WHERE name = ? AND passed AND (run <> ? OR run = '') "
        "ORDER BY id DESC LIMIT ?",
        (name, run, most),
    )
    return [int(rows) for (rows,) in found]
