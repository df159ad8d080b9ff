"""SQLite databases of other programs, which are read and never written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from mlops_jlab.errors import InputError


def rows(path: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a table in the order in which they were written.

    Raises:
        InputError: it is no database, or has no such table.
    """
    quoted = table.replace('"', '""')
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            found = connection.execute(f'SELECT * FROM "{quoted}" ORDER BY rowid')
            return [dict(row) for row in found]
    except sqlite3.Error as error:
        raise InputError(f"{path} cannot be read: {error}", hint="move it out of the folder") from None
