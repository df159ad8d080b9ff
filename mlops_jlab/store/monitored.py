"""Windows that were watched, as rows; each is one transaction with its entry in the audit log."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mlops_jlab.errors import NotFound
from mlops_jlab.store import auditing, database

RETRAIN = "retrain"
_COLUMNS = "id, model, version, source, at, run, rows, drifted, action, why, seen"
_BRIEF = _COLUMNS.replace("seen", "'{}'")


@dataclass(frozen=True)
class WindowRow:
    """One window of a model's data. ``seen`` are the digests of all files up to then, by path."""

    id: int
    model: str
    version: int
    source: str
    at: float
    run: str
    rows: int
    drifted: Sequence[str]
    action: str
    why: str
    seen: Mapping[str, str]

    @property
    def due(self) -> str:
        """By what a firing that it starts is known."""
        moment = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="microseconds")
        return f"{moment} drift"


def keep(connection: sqlite3.Connection, window: WindowRow, *, who: str) -> None:
    """Keeps a window; what came of it and why is in the audit log."""
    with database.transaction(connection, durable=True):
        connection.execute(
            "INSERT INTO monitor_windows (model, version, source, at, run, rows, drifted, action, why, seen) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (window.model, window.version, window.source, window.at, window.run, window.rows,
             json.dumps(list(window.drifted)), window.action, window.why, json.dumps(dict(window.seen))),
        )  # fmt: skip
        details = {"run": window.run, "rows": window.rows, "drifted": list(window.drifted)[:50]}
        subject = f"{window.model}/{window.version}"
        auditing.append(
            connection, who, f"monitor: {window.action}", subject, reason=window.why[:2000], details=details
        )


def windows(
    connection: sqlite3.Connection, model: str, source: str = "", most: int = 100, *, whole: bool = True
) -> list[WindowRow]:
    """The windows of a model, the newest first: of one source, or of all.

    Those that are not ``whole`` come without the files that were ``seen``, which may be many.
    """
    columns = _COLUMNS if whole else _BRIEF
    rows = connection.execute(
        f"SELECT {columns} FROM monitor_windows WHERE model = ? AND ? IN ('', source) "
        "ORDER BY id DESC LIMIT ?",
        (model, source, most),
    )
    return [_window(row) for row in rows]


def window(connection: sqlite3.Connection, model: str, number: int) -> WindowRow:
    """One window of a model, without the files that were seen.

    Raises:
        NotFound: there is none of that number.
    """
    row = connection.execute(
        f"SELECT {_BRIEF} FROM monitor_windows WHERE model = ? AND id = ?", (model, number)
    ).fetchone()
    if row is None:
        raise NotFound(f"there is no window {number} of {model!r}")
    return _window(row)


def newest(connection: sqlite3.Connection) -> list[WindowRow]:
    """The newest window of each model, without the files that were seen, by the model's name."""
    rows = connection.execute(
        f"SELECT {_BRIEF} FROM monitor_windows "
        "WHERE id IN (SELECT max(id) FROM monitor_windows GROUP BY model) ORDER BY model"
    )
    return [_window(row) for row in rows]


def _window(row: tuple[Any, ...]) -> WindowRow:
    number, model, version, source, at, run, rows, drifted, action, why, seen = row
    return WindowRow(
        number, model, version, source, at, run, rows, json.loads(drifted), action, why, json.loads(seen)
    )


def newest_signal(connection: sqlite3.Connection, model: str, since: float) -> WindowRow | None:
    """The newest window after a moment that asks for a retraining of a model."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM monitor_windows WHERE model = ? AND action = ? AND at > ? "
        "ORDER BY id DESC LIMIT 1",
        (model, RETRAIN, since),
    ).fetchone()
    return None if row is None else _window(row)
