"""Runs that were asked for and have not begun: a row with their id, before any process executes them.

Such a row is attempt 0 and belongs to who asked. The process that begins the run takes the row over, as
attempt 1; from then on nothing that is said of attempt 0 counts.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_jlab.entities.runs import ENGINE, RunStatus
from mlops_jlab.errors import StoreError
from mlops_jlab.store import database, location, opening
from mlops_jlab.store.applying import Applier
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import owner_text
from mlops_jlab.tracking import lifecycle, values

_LONGEST = 2000  # characters of a reason


@dataclass(frozen=True)
class Announcement:
    """What is known of a run before it begins."""

    id: str
    name: str
    experiment: str
    kind: str
    source: Path
    parent: str = ""
    folder: Path | None = None  # of a pipeline or sweep


def announce(place: Place, run: Announcement) -> None:
    """Writes the row of a run that is to begin; its status is ``pending``.

    Raises:
        StoreError: the store cannot be written.
    """
    try:
        location.make(place)
    except OSError as error:
        raise StoreError(
            f"the store {place.root} cannot be written: {error.strerror}",
            hint="set MLOPS_JLAB_STORE to a folder that can be written",
        ) from error
    fields = {
        "status": str(RunStatus.PENDING), "name": run.name, "experiment": run.experiment, "kind": run.kind,
        "parent": run.parent, "source": str(run.source), "user": lifecycle.user(), "owner": owner_text(),
        "started": time.time(),
    }  # fmt: skip
    lines: list[list[Any]] = [["run", run.id, 0, fields]]
    if run.folder is not None:
        lines.append(["facts", run.id, 0, {ENGINE: {"folder": str(run.folder)}}])
    if not opening.exists(place):
        database.connect(place.database).close()
    with opening.writing(place) as connection, database.transaction(connection, durable=True):
        Applier(connection).apply(lines)


def give_up(place: Place, run_id: str, status: RunStatus, reason: str) -> bool:
    """Ends a run that nobody has begun; whether that was so.

    What a process that died has written is taken over first, so that a run which did begin is left alone.

    Raises:
        StoreError: the store cannot be written.
    """
    with opening.writing(place) as connection, database.transaction(connection, durable=True):
        row = connection.execute("SELECT attempt, started FROM runs WHERE id = ?", (run_id,)).fetchone()
        if row is None or row[0] > 0:
            return False
        fields = {"status": str(status), "reason": values.text(reason)[-_LONGEST:],
                  "ended": max(time.time(), row[1]), "duration": 0.0}  # fmt: skip
        Applier(connection).apply([["end", run_id, 0, fields]])
    return True
