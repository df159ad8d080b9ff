"""Which run versions and verdicts are part of: one that goes on takes over, a failed try is for none."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from mlops_jlab.entities.runs import ENGINE
from mlops_jlab.store import auditing, database
from mlops_jlab.store.whole import whole_of, within

_TABLES = (
    ("versions", "(SELECT name FROM models m WHERE m.id = model)", "version"),
    ("gate_results", "model", "id"),
)


def in_folder(connection: sqlite3.Connection, folder: str, begun: str) -> list[str]:
    """The runs of a pipeline that went on in a folder one after the other; ``begun`` is what they share.

    A folder that was removed and used again holds another one.
    """
    rows = connection.execute(
        f"SELECT id FROM runs WHERE kind = 'pipeline' AND json_extract(facts, '$.{ENGINE}.folder') = ? "
        f"AND coalesce(json_extract(facts, '$.{ENGINE}.begun'), '') = ? ORDER BY seq",
        (folder, begun),
    )
    return [str(run) for (run,) in rows]


def adopt(connection: sqlite3.Connection, runs: Sequence[str], whole: str, *, who: str) -> None:
    """What earlier runs in a folder have registered and judged belongs to the run that goes on there."""
    before = sorted({whole_of(connection, run) for run in runs} - {whole})
    _move(connection, "adopt", "whole", before, whole, who)


def set_aside(connection: sqlite3.Connection, runs: Sequence[str], step: str, *, who: str) -> None:
    """A step of a run begins again: what it has registered and judged before is no longer the run's.

    It stays there, as part of the step's own run. ``runs`` are all that have gone on in the run's folder.
    """
    rows = connection.execute(
        "SELECT id FROM runs WHERE kind = 'step' AND name = ? AND parent IN (SELECT value FROM json_each(?))",
        (step, json.dumps([*runs])),
    ).fetchall()
    for (run,) in rows:
        _move(connection, "set aside", "run", within(connection, run), run, who)


def _move(
    connection: sqlite3.Connection, action: str, column: str, among: Sequence[str], whole: str, who: str
) -> None:
    """Lets versions and verdicts be part of ``whole``; the audit log says which, and who has done so."""
    those = f"{column} IN (SELECT value FROM json_each(?)) AND whole <> ?"
    given = (json.dumps([*among]), whole)
    with database.transaction(connection, durable=True):
        for table, name, number in _TABLES:
            found = connection.execute(
                f"SELECT {name}, json_group_array({number}) FROM {table} WHERE {those} GROUP BY 1", given
            ).fetchall()
            connection.execute(f"UPDATE {table} SET whole = ? WHERE {those}", (whole, *given))
            for model, numbers in found:
                details = {"whole": whole, table: json.loads(numbers)}
                auditing.append(connection, who, action, model, details=details)
