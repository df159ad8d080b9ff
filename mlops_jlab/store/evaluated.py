"""Evaluations of versions: each is an entry of the audit log, with the digest of its report."""

from __future__ import annotations

import json
import sqlite3
from contextlib import suppress
from typing import Any

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import StoreError
from mlops_jlab.store import artifacts, auditing, database
from mlops_jlab.store.location import Place

ACTION = "evaluate"


def keep(
    connection: sqlite3.Connection, model: str, version: int, *, who: str, run: str, report: str, rows: int
) -> None:
    """Keeps that a version was evaluated: in which run, on how many rows, and the digest of the report."""
    with database.transaction(connection, durable=True):
        auditing.append(
            connection,
            who,
            ACTION,
            f"{model}/{version}",
            details={"run": run, "report": report, "rows": rows},
        )


def newest(connection: sqlite3.Connection, place: Place, version: ModelVersion) -> dict[str, Any] | None:
    """The newest evaluation of a version that is still there, as JSON data; None if there is none."""
    for entry in auditing.entries(connection, subject=f"{version.model}/{version.version}"):
        if entry.action == ACTION:
            with suppress(StoreError, ValueError):  # the run was deleted, and its files with it
                found: dict[str, Any] = json.loads(artifacts.read(place, str(entry.details["report"])))
                return found
    return None
