"""The store that would be used, and whether anybody looks after its schedules."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from mlops_jlab.doctor.results import Check, State
from mlops_jlab.errors import StoreError
from mlops_jlab.retraining import watching
from mlops_jlab.store import filesystem, location, opening

_SPACE = 1 << 30  # bytes that should be free
_SILENCE = 15 * 60.0  # seconds without a look after which schedules count as left alone


def store(folder: Path) -> Check:
    """Whether the store that serves ``folder`` can be read and written, and has room."""
    place = location.find(folder)
    existing = next(path for path in (place.root, *place.root.parents) if path.exists())
    if not os.access(existing, os.W_OK):
        return Check("store", State.BROKEN, f"{existing} cannot be written",
                     f"choose another place: export {location.VARIABLE}=FOLDER")  # fmt: skip
    free = shutil.disk_usage(existing).free
    room = f"{free / 1e9:.1f} GB free"
    if not opening.exists(place):
        return _with_room(f"none yet; the first run makes {place.root} ({room})", free)
    try:
        with opening.reading(place) as connection:
            (count,) = connection.execute("SELECT COUNT(*) FROM runs").fetchone()
    except StoreError as error:
        return Check("store", State.BROKEN, error.message, error.hint or "mlops-jlab store check")
    if filesystem.is_network(place.root):
        return Check("store", State.NOTE, f"{place.root}: {count} runs, on a network file system: slower",
                     f"a local folder is faster: export {location.VARIABLE}=FOLDER")  # fmt: skip
    return _with_room(f"{place.root}: {count} runs ({room})", free)


def schedules(folder: Path) -> Check:
    """Whether schedules that wait are looked after."""
    place = location.find(folder)
    try:
        told = watching.problem(place, _SILENCE)
    except StoreError:
        return Check("schedules", State.NOTE, "not known: the store cannot be read")
    if told:
        return Check("schedules", State.BROKEN, told.title, told.body.splitlines()[-1])
    return Check("schedules", State.GOOD, "none is left alone")


def _with_room(text: str, free: int) -> Check:
    if free < _SPACE:
        return Check("store", State.NOTE, text, "free some space: mlops-jlab runs gc, mlops-jlab cache gc")
    return Check("store", State.GOOD, text)
