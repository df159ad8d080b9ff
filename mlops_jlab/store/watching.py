"""Whether anything was written to a store since one looked last."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from mlops_jlab.errors import StoreError
from mlops_jlab.store import database, location, opening, recovery


class StoreWatch:
    """Looks at the store that serves a folder, for as long as one likes. One look costs microseconds."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._last = self._version()

    def changed(self) -> bool:
        """Whether anybody has written since the last call."""
        before, self._last = self._last, self._version()
        return self._last != before

    def _version(self) -> tuple[int, int]:
        """The file, and SQLite's count of what others have committed to it; nothing without a store."""
        path = location.find(self._root).database
        try:
            inode = path.stat().st_ino
        except OSError:
            inode = 0
        if inode != self._inode:
            self.close()
        if inode == 0:
            return (0, 0)
        try:
            if self._connection is None:
                self._connection = database.connect(path, write=False)
                self._inode = inode
            row = self._connection.execute("PRAGMA data_version").fetchone()
        except (StoreError, sqlite3.Error):
            return (inode, 0)
        return (inode, int(row[0]))

    def close(self) -> None:
        """Lets go of the store."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection, self._inode = None, 0

    def mark_dead(self) -> int:
        """Runs whose process has died are killed from here on; how many there were.

        A process that dies writes nothing, so somebody has to look. Without an open run that costs one
        query.
        """
        place = location.find(self._root)
        if not opening.exists(place):
            return 0
        try:
            with closing(database.connect(place.database)) as connection:
                return opening.recover(place, connection) if recovery.has_work(place, connection) else 0
        except StoreError:
            return 0  # whoever asks for runs is told
