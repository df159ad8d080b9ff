"""Folders of DVCLive → runs of our store: one a folder, and a new one when its files were written anew."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from blake3 import blake3

from mlops_jlab.errors import InputError
from mlops_jlab.mirror.keeping import Found, Points, Taken, files_below, keep
from mlops_jlab.mirror.nesting import flat, number_of, parsed
from mlops_jlab.store import reading
from mlops_jlab.tracking import values

if TYPE_CHECKING:
    import sqlite3

    from mlops_jlab.store.location import Place

KIND = "dvclive"
_PLOTS = Path("plots", "metrics")
_SUMMARY, _PARAMS = "metrics.json", "params.yaml"


def take(place: Place, connection: sqlite3.Connection, root: Path, experiment: str = "") -> Taken:
    """Takes the folders of DVCLive at or below ``root``, and what has come to known ones since.

    A folder holds the last run alone: it is a run that is known if all that is known of it stands there.

    Raises:
        InputError: the folder does not exist, or has no such folder.
    """
    if not root.is_dir():
        raise InputError(f"the folder {root} does not exist")
    folders = sorted(
        {path.parent for path in root.rglob(_SUMMARY) if path.is_file() and _is_live(path.parent)}
    )
    if not folders:
        raise InputError(f"{root} has no folder of DVCLive", hint="name the folder dvclive, or one above it")
    taken = Taken()
    for folder in folders:
        found = Found(name=_title(folder), experiment=experiment or _title(root), kind=KIND)
        try:
            plotted = _read(folder, found, taken)
        except (InputError, OSError, ValueError, RecursionError, csv.Error, yaml.YAMLError) as error:
            taken.left_out.append(f"{folder}: cannot be read: {error}")
            continue
        keep(place, connection, _id(connection, found, plotted), found, taken)
    return taken


def _is_live(folder: Path) -> bool:
    return (folder / _PLOTS).is_dir() or (folder / _PARAMS).is_file()


def _title(folder: Path) -> str:
    whole = folder.resolve()
    return whole.parent.name if whole.name == "dvclive" else whole.name


def _read(folder: Path, found: Found, taken: Taken) -> Points:
    """Fills ``found``; the points of the metrics that have histories."""
    files = {Path(inside): path for inside, path in files_below(folder, found.name, taken).items()}
    times = [path.stat().st_mtime for path in files.values()]
    found.started, found.ended = min(times), max(times)
    for inside, path in files.items():
        if inside.is_relative_to(_PLOTS) and path.suffix == ".tsv":
            name = inside.relative_to(_PLOTS).with_suffix("").as_posix()
            _course(path, name, found, taken)
        elif inside.as_posix() not in (_SUMMARY, _PARAMS):
            found.files[inside.as_posix()] = path
    moments = [at for course in found.points.values() for _, at in course.values()]
    found.started = min([found.started, *moments])
    if (folder / _PARAMS).is_file():
        content = yaml.safe_load((folder / _PARAMS).read_text("utf-8"))
        found.params = flat("", content)
    summary = parsed((folder / _SUMMARY).read_text("utf-8"))
    if not isinstance(summary, dict):
        raise InputError(f"{_SUMMARY} is not a JSON object")
    step = summary.pop("step", 0)
    plotted = dict(found.points)
    _last(flat("", summary, "/"), step if isinstance(step, int) else 0, found, taken)
    return plotted


def _course(path: Path, name: str, found: Found, taken: Taken) -> None:
    """The points of one metric; the last row of a step counts."""
    at = path.stat().st_mtime
    course = found.points.setdefault(name, {})
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            value = row.get(path.stem)
            try:
                step, number = int(row["step"] or ""), float(value or "")
                moment = float(row["timestamp"]) / 1000 if row.get("timestamp") else at
            except (KeyError, TypeError, ValueError):
                taken.left_out.append(f"{found.name}: {name}: {value!r} is not a number")
                continue
            course[step] = (number, moment)


def _last(summary: dict[str, Any], step: int, found: Found, taken: Taken) -> None:
    """What stands in the summary alone, as metrics that are not plotted do."""
    for name, value in summary.items():
        if name in found.points:
            continue
        number = number_of(value)
        if number is not None:
            found.points[name] = {step: (number, found.ended)}
        else:
            taken.left_out.append(f"{found.name}: {name}: {value!r} is not a number")


def _id(connection: sqlite3.Connection, found: Found, plotted: Points) -> str:
    """The id of the run that the folder holds, or a new one: the first that no other run has."""
    number = 0
    while True:
        run_id = blake3(f"{KIND}\n{found.name}\n{number}".encode()).hexdigest()[:32]
        if connection.execute("SELECT 1 FROM runs WHERE id = ?", (run_id,)).fetchone() is None:
            return run_id
        if _holds(connection, run_id, found.params, plotted):
            return run_id
        number += 1


def _holds(connection: sqlite3.Connection, run_id: str, params: dict[str, Any], points: Points) -> bool:
    """Whether all that is kept of a run stands in the folder, too, as far as a folder keeps it."""
    run = reading.find(connection, run_id)
    for name, text in run.params.items():
        if name not in params or values.param(name, params[name]) != text:
            return False
    for metric in points.keys() & run.metrics.keys():
        course = points[metric]
        for point in reading.history(connection, run, metric):
            value = course.get(point.iteration, (None, 0.0))[0]
            if value != point.value and not (value != value and point.value != point.value):
                return False
    return True
