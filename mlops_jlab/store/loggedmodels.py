"""Logged models as rows: their files, tags, params, and what was measured of them."""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mlops_jlab.entities.logged import PENDING, LoggedModel, Measured, new_model_id
from mlops_jlab.entities.runs import Artifact
from mlops_jlab.errors import NotFound
from mlops_jlab.store import database

_COLUMNS = "id, experiment, run, name, kind, status, created, updated, deleted, params, tags"


def make(
    connection: sqlite3.Connection,
    experiment: int,
    name: str,
    *,
    run: str = "",
    kind: str = "",
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> LoggedModel:
    """A new logged model, whose files are still to come."""
    now = time.time()
    found = LoggedModel(
        new_model_id(),
        experiment,
        run,
        name,
        kind,
        PENDING,
        now,
        now,
        None,
        dict(params or {}),
        dict(tags or {}),
    )
    with database.transaction(connection):
        connection.execute(
            f"INSERT INTO logged_models ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?)",
            (
                found.id,
                experiment,
                run,
                name,
                kind,
                PENDING,
                now,
                now,
                json.dumps(found.params),
                json.dumps(found.tags),
            ),
        )
    return found


def find(connection: sqlite3.Connection, model: str, *, deleted: bool = False) -> LoggedModel:
    """The logged model with an id; deleted ones are found only with ``deleted``.

    Raises:
        NotFound: there is none.
    """
    found = _loaded(connection, "id = ?", (model,), deleted=deleted)
    if not found:
        raise NotFound(f"there is no logged model {model!r}", hint="see them with search_logged_models()")
    return found[0]


def search(connection: sqlite3.Connection, experiments: Sequence[int] = ()) -> list[LoggedModel]:
    """The logged models of some experiments (all without), the newest first."""
    chosen = json.dumps(list(experiments))
    return _loaded(
        connection, "(? = '[]' OR experiment IN (SELECT value FROM json_each(?)))", (chosen, chosen)
    )


def of_run(connection: sqlite3.Connection, run: str) -> list[LoggedModel]:
    """The logged models that a run has made, the newest first."""
    return _loaded(connection, "run = ?", (run,))


def _loaded(
    connection: sqlite3.Connection, where: str, values: Sequence[str], *, deleted: bool = False
) -> list[LoggedModel]:
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM logged_models WHERE (? OR deleted IS NULL) AND {where} "
        "ORDER BY created DESC, id",
        (deleted, *values),
    ).fetchall()
    return [_loaded_one(connection, row) for row in rows]


def _loaded_one(connection: sqlite3.Connection, row: tuple[Any, ...]) -> LoggedModel:
    model, experiment, run, name, kind, status, created, updated, deleted, params, tags = row
    return LoggedModel(
        model, experiment, run, name, kind, status, created, updated, deleted, json.loads(params),
        json.loads(tags), _metrics(connection, model),
    )  # fmt: skip


def _metrics(connection: sqlite3.Connection, model: str) -> tuple[Measured, ...]:
    rows = connection.execute(
        "SELECT run, name, iteration, value, at, dataset, digest FROM logged_model_metrics WHERE model = ? "
        "ORDER BY rowid",
        (model,),
    )
    return tuple(Measured(r[0], r[1], r[2], math.nan if r[3] is None else r[3], *r[4:]) for r in rows)


def measure(connection: sqlite3.Connection, model: str, found: Iterable[Measured]) -> None:
    """Keeps what was measured of a logged model."""
    with database.transaction(connection):
        connection.executemany(
            "INSERT INTO logged_model_metrics VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(model, m.run, m.name, m.iteration, m.value, m.at, m.dataset, m.digest) for m in found],
        )


def put(connection: sqlite3.Connection, model: str, files: Iterable[Artifact]) -> None:
    """Keeps files of a logged model, whose content is there already."""
    with database.transaction(connection, durable=True):
        connection.executemany(
            "INSERT OR REPLACE INTO logged_model_files VALUES (?, ?, ?, ?)",
            [(model, file.path, file.digest, file.size) for file in files],
        )


def files(connection: sqlite3.Connection, model: str) -> list[Artifact]:
    """The files of a logged model, by name."""
    rows = connection.execute(
        "SELECT path, digest, size FROM logged_model_files WHERE model = ? ORDER BY path", (model,)
    )
    return [Artifact(*row) for row in rows]


def settle(connection: sqlite3.Connection, model: str, status: str) -> None:
    """Says that a logged model is whole, or that it failed."""
    _change(connection, model, "status", status)


def tag(connection: sqlite3.Connection, model: LoggedModel, tags: Mapping[str, str | None]) -> None:
    """Sets tags of a logged model; None takes one away."""
    merged = {key: value for key, value in {**model.tags, **tags}.items() if value is not None}
    _change(connection, model.id, "tags", json.dumps(merged))


def parametrise(connection: sqlite3.Connection, model: LoggedModel, params: Mapping[str, str]) -> None:
    """Adds params to a logged model."""
    _change(connection, model.id, "params", json.dumps({**model.params, **params}))


def delete(connection: sqlite3.Connection, model: str) -> None:
    """Hides a logged model; the run that made it keeps its files."""
    _change(connection, model, "deleted", time.time())


def _change(connection: sqlite3.Connection, model: str, column: str, value: str | float) -> None:
    with database.transaction(connection, durable=True):
        connection.execute(
            f"UPDATE logged_models SET {column} = ?, updated = ? WHERE id = ?", (value, time.time(), model)
        )
