"""What a run is part of, and what is part of it, however deep."""

from __future__ import annotations

import sqlite3

_DEEPEST = 100


def whole_of(connection: sqlite3.Connection, run: str) -> str:
    """The outermost run that a run is part of: the pipeline's for a run within a step.

    A trial of a sweep is one for itself.
    """
    row = connection.execute(
        "WITH RECURSIVE up(id, parent, depth) AS (SELECT id, parent, 0 FROM runs WHERE id = ? UNION ALL "
        "SELECT r.id, r.parent, depth + 1 FROM runs r JOIN up ON r.id = up.parent "
        "WHERE r.kind <> 'sweep' AND depth < ?) SELECT id FROM up ORDER BY depth DESC LIMIT 1",
        (run, _DEEPEST),
    ).fetchone()
    return row[0] if row is not None else run


def within(connection: sqlite3.Connection, run: str) -> list[str]:
    """A run and all that are below it, in their order; none that was deleted."""
    rows = connection.execute(
        "WITH RECURSIVE down(id, seq, depth) AS (SELECT id, seq, 0 FROM runs WHERE id = ? UNION "
        "SELECT r.id, r.seq, depth + 1 FROM runs r JOIN down ON r.parent = down.id "
        "WHERE r.parent <> '' AND r.deleted IS NULL AND depth < ?) "
        "SELECT id FROM down GROUP BY id ORDER BY min(depth), seq",
        (run, _DEEPEST),
    )
    return [row[0] for row in rows]


def is_pipeline(connection: sqlite3.Connection, run: str) -> bool:
    """Whether a run is one of a pipeline, and not of a step, a cell or a script."""
    row = connection.execute("SELECT kind FROM runs WHERE id = ?", (run,)).fetchone()
    return row is not None and row[0] == "pipeline"
