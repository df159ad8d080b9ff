"""Tells the interface that runs have changed, through jupyter_server's event stream.

The store is written by other processes; its files' times say that something happened. They are looked at
four times a second, which costs two system calls, and only a change is sent.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any

from mlops_jlab.errors import StoreError
from mlops_jlab.store import database, location, opening, recovery

SCHEMA = "https://mlops-jlab.org/events/runs-changed/v1"
INTERVAL = 250  # milliseconds
PATROL = 2_000  # milliseconds between two looks for runs whose process has died


class StoreWatch:
    """Looks at the files of the store that serves a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._last = self._seen()

    def changed(self) -> bool:
        """Whether anything was written since the last call."""
        before, self._last = self._last, self._seen()
        return self._last != before

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

    def _seen(self) -> tuple[int, ...]:
        base = location.find(self._root).database
        return tuple(_time(path) for path in (base, base.with_name(f"{base.name}-wal")))


def _time(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def send_changes(app: Any) -> list[Any]:
    """Starts looking; the callbacks, which can be stopped."""
    from tornado.ioloop import PeriodicCallback

    schema = (files("mlops_jlab.server") / "runs-changed.yaml").read_text("utf-8")
    app.event_logger.register_event_schema(schema)
    watch = StoreWatch(Path(str(app.root_dir)))

    def look() -> None:
        if watch.changed():
            app.event_logger.emit(schema_id=SCHEMA, data={"at": time.time()})

    async def find_dead() -> None:
        await asyncio.to_thread(watch.mark_dead)

    callbacks = [PeriodicCallback(look, INTERVAL), PeriodicCallback(find_dead, PATROL)]
    for callback in callbacks:
        callback.start()
    return callbacks
