"""Profiles of the frames that a step has made, for as little of its time that nobody notices, or none."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mlops_jlab.files import write_whole

FOLDER = "profiles"  # beside the values of a run, with a folder for each step whose frames are looked at
SHARE = 0.03  # of a step's time
MOST = 10  # frames of a step
_COLUMNS = 200  # of a frame
_NUMBERS = 1.5e9  # bytes a second of plain columns
_OBJECTS = 2e7  # values a second of columns of objects, in which each is looked at
_COLUMN = 4e-4  # seconds that each column takes, however short
_LOADING = 0.004  # seconds until the first is begun


def folder_of(root: Path, step: str) -> Path:
    """Where the profiles of a step's frames lie; it is there if they are wanted."""
    return root / FOLDER / step


def due(names: Mapping[str, object], wanted: Iterable[str], seconds: float) -> dict[str, Any]:
    """The frames among some names that can be looked at within the share of a step that took so long.

    Those of pandas' own class alone: no code of others is asked.
    """
    pandas = sys.modules.get("pandas")
    kind = getattr(pandas, "DataFrame", None)
    left = seconds * SHARE - _LOADING
    found: dict[str, Any] = {}
    for name in wanted:
        value = names.get(name)
        if kind is None or type(value) is not kind or name.startswith("_") or len(found) == MOST:
            continue
        cost = _cost(value)
        if cost <= left:
            found[name] = value
            left -= cost
    return found


def _cost(frame: Any) -> float:
    """About how many seconds a profile of a frame takes."""
    rows, cost = len(frame), 0.0
    for dtype in list(frame.dtypes)[:_COLUMNS]:
        size = getattr(dtype, "itemsize", 8) if getattr(dtype, "kind", "O") in "biufcmM" else 0
        cost += _COLUMN + (rows * size / _NUMBERS if size else rows / _OBJECTS)
    return cost


def write(folder: Path, frames: Mapping[str, Any], seconds: float) -> None:
    """Writes a profile of each frame below ``folder``; what is not done within the share is left out.

    Of a frame of which time was left for some columns only, the others are counted.
    """
    if not frames:
        return  # a step without frames has not imported what reads them, and may have a numpy.py of its own
    from mlops_jlab.profiles import columns as of_columns
    from mlops_jlab.profiles import frames as readers
    from mlops_jlab.profiles import profile, written

    until = time.thread_time() + seconds * SHARE
    for name, frame in frames.items():
        chosen = profile.evenly_drawn(len(frame))
        weight = len(frame) / len(chosen) if chosen is not None else 1.0
        done: list[Any] = []
        for column in readers.columns(frame):
            if len(done) == _COLUMNS or time.thread_time() > until:
                break
            done.append(of_columns.of(column, chosen, weight))
        if done:
            looks = profile.Profile(len(frame), tuple(done), None, len(frame.columns) - len(done))
            write_whole(folder / f"{name}.json", written.as_json(looks).encode())
