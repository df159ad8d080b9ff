"""Deleting runs, taking that back, and cleaning up for good."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from mlops_jlab.entities.runs import Run
from mlops_jlab.errors import InputError
from mlops_jlab.store import artifacts, auditing, database, used
from mlops_jlab.store.location import Place

GRACE = 3600.0  # seconds for which a file without a run is left alone: its line may still be in a journal
_DIGEST = re.compile(r'"([0-9a-f]{64})"')


@dataclass(frozen=True)
class Cleaned:
    """What cleaning up removed: runs, files, and their bytes."""

    runs: int
    files: int
    size: int


def delete(connection: sqlite3.Connection, runs: Sequence[Run], who: str = "") -> list[str]:
    """Hides runs and all their children; their ids. Nothing is lost before :func:`clean`.

    It is in the audit log, as done by ``who``.

    Raises:
        InputError: one of them is still running.
    """
    ids = [row for run in runs for row in _family(connection, run.id)]
    busy = connection.execute(
        "SELECT id FROM runs WHERE status IN ('pending', 'running') "
        "AND id IN (SELECT value FROM json_each(?))",
        (json.dumps(ids),),
    ).fetchall()
    if busy:
        raise InputError(f"run {busy[0][0][:12]} is still running", hint="end it first")
    _mark(connection, ids, time.time(), who)
    return ids


def restore(connection: sqlite3.Connection, runs: Sequence[Run], who: str = "") -> list[str]:
    """Shows deleted runs and their children again; their ids."""
    ids = [row for run in runs for row in _family(connection, run.id)]
    _mark(connection, ids, None, who)
    return ids


def _family(connection: sqlite3.Connection, run: str) -> Iterator[str]:
    rows = connection.execute(
        "WITH RECURSIVE family (id) AS (VALUES (?) UNION "
        "SELECT r.id FROM runs r JOIN family f ON r.parent = f.id WHERE r.parent <> '') "
        "SELECT id FROM family",
        (run,),
    ).fetchall()
    yield from (row[0] for row in rows)


def _mark(connection: sqlite3.Connection, ids: Sequence[str], when: float | None, who: str) -> None:
    with database.transaction(connection, durable=True):
        connection.execute(
            "UPDATE runs SET deleted = ? WHERE id IN (SELECT value FROM json_each(?))",
            (when, json.dumps(ids)),
        )
        action = "restore runs" if when is None else "delete runs"
        subject = ", ".join(run[:12] for run in ids[:5]) + (
            f" and {len(ids) - 5} more" if len(ids) > 5 else ""
        )
        auditing.append(connection, who, action, subject, details={"runs": ids[:1000]})


def clean(place: Place, connection: sqlite3.Connection, older_than: float = 0.0, who: str = "") -> Cleaned:
    """Removes deleted runs for good with their logs, and the files that no run refers to.

    ``older_than`` are seconds since a run was deleted.
    """
    with database.transaction(connection, durable=True):
        old = ("deleted IS NOT NULL AND deleted <= ?", (time.time() - older_than,))
        gone = connection.execute(f"SELECT id FROM runs WHERE {old[0]}", old[1]).fetchall()
        if gone:
            ids = {run for (run,) in gone}
            used.keep(connection, [row for row in used.rows(connection, time.time()) if row.id in ids])
        count = connection.execute(f"DELETE FROM runs WHERE {old[0]}", old[1]).rowcount
        if count:
            auditing.append(connection, who, "remove runs", f"{count} deleted runs")
    for (run,) in gone:
        place.log_of(run).unlink(missing_ok=True)
    referred = references(connection)
    files = size = 0
    for path in artifacts.objects(place):
        with suppress(FileNotFoundError):
            about = path.stat()
            if path.name not in referred and time.time() - about.st_mtime > GRACE:
                path.unlink()
                files, size = files + 1, size + about.st_size
    for unfinished in place.objects.glob(".*.tmp"):
        with suppress(FileNotFoundError):
            if time.time() - unfinished.stat().st_mtime > GRACE:
                unfinished.unlink()
    return Cleaned(count, files, size)


def references(connection: sqlite3.Connection) -> set[str]:
    """The digests of all files that runs, versions and logged models refer to, as files or in facts."""
    found = {row[0] for row in connection.execute("SELECT digest FROM artifacts")}
    for table in ("version_files", "logged_model_files"):
        found |= {row[0] for row in connection.execute(f"SELECT digest FROM {table}")}
    for (facts,) in connection.execute("SELECT facts FROM runs"):
        found.update(_DIGEST.findall(facts))
    return found
