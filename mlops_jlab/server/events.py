"""Tells the interface that runs have changed, through jupyter_server's event stream.

The store is written by other processes; its files' times say that something happened. They are looked at
four times a second, which costs two system calls, and only a change is sent.
"""

from __future__ import annotations

import time
from importlib.resources import files
from pathlib import Path
from typing import Any

from mlops_jlab.store import location

SCHEMA = "https://mlops-jlab.org/events/runs-changed/v1"
INTERVAL = 250  # milliseconds


class StoreWatch:
    """Looks at the files of the store that serves a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._last = self._seen()

    def changed(self) -> bool:
        """Whether anything was written since the last call."""
        before, self._last = self._last, self._seen()
        return self._last != before

    def _seen(self) -> tuple[int, ...]:
        base = location.find(self._root).database
        return tuple(_time(path) for path in (base, base.with_name(f"{base.name}-wal")))


def _time(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def send_changes(app: Any) -> Any:
    """Starts looking; the callback, which can be stopped."""
    from tornado.ioloop import PeriodicCallback

    schema = (files("mlops_jlab.server") / "runs-changed.yaml").read_text("utf-8")
    app.event_logger.register_event_schema(schema)
    watch = StoreWatch(Path(str(app.root_dir)))

    def look() -> None:
        if watch.changed():
            app.event_logger.emit(schema_id=SCHEMA, data={"at": time.time()})

    callback = PeriodicCallback(look, INTERVAL)
    callback.start()
    return callback
