"""Tells the interface that runs have changed, through jupyter_server's event stream.

The store is written by other processes. It is looked at four times a second, and only a change is sent.
"""

from __future__ import annotations

import asyncio
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

from mlops_jlab.store.watching import StoreWatch

SCHEMA = "https://mlops-jlab.org/events/runs-changed/v1"
INTERVAL = 250  # milliseconds
PATROL = 2_000  # milliseconds between two looks for runs whose process has died


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
