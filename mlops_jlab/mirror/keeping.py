"""Runs that other trackers have kept in files → our store: each once, with what has come since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_jlab.entities.runs import RunStatus
from mlops_jlab.errors import MlopsError
from mlops_jlab.store import artifacts, database, reading
from mlops_jlab.store.applying import Applier
from mlops_jlab.store.journal import Line
from mlops_jlab.tracking import values

if TYPE_CHECKING:
    import sqlite3

    from mlops_jlab.entities.runs import Run
    from mlops_jlab.store.location import Place

_PART = 1 << 20
Points = dict[str, dict[int, tuple[float, float]]]  # by metric and step: value, time


@dataclass
class Taken:
    """What an import has brought: new runs, new points, and what was left out."""

    runs: int = 0
    points: int = 0
    left_out: list[str] = field(default_factory=list)


@dataclass
class Found:
    """A run as another tracker has kept it. ``files`` are paths by their names as artifacts."""

    name: str
    experiment: str
    kind: str
    started: float = 0.0
    ended: float = 0.0
    status: RunStatus = RunStatus.FINISHED
    reason: str = ""
    note: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    points: Points = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)


def keep(place: Place, connection: sqlite3.Connection, run_id: str, found: Found, taken: Taken) -> None:
    """Writes what is not here yet; a run that is here whole is not touched."""
    known = connection.execute("SELECT 1 FROM runs WHERE id = ?", (run_id,)).fetchone() is not None
    run = reading.find(connection, run_id) if known else None
    lines: list[Line] = []
    if run is None:
        fields = {
            "name": found.name, "experiment": values.name_of(found.experiment, "experiment"),
            "kind": found.kind, "parent": "", "grouping": "", "source": "", "user": "", "owner": "",
            "started": found.started,
        }  # fmt: skip
        lines.append(["run", run_id, 1, fields])
    lines += _words(run_id, run, found, taken)
    points = list(_points(connection, run_id, run, found, taken))
    lines += points
    lines += _files(place, connection, run_id, found, taken)
    if run is not None and not lines and run.status == found.status:
        return
    end = {
        "status": str(found.status), "reason": found.reason, "ended": found.ended,
        "duration": found.ended - found.started,
    }  # fmt: skip
    lines.append(["end", run_id, 1, end])
    with database.transaction(connection, durable=True):
        Applier(connection).apply(lines)
    taken.runs += run is None
    taken.points += len(points)


def _words(run_id: str, run: Run | None, found: Found, taken: Taken) -> Iterator[Line]:
    """The params, tags and note that are not here yet."""
    words = [("param", key, value) for key, value in found.params.items() if not run or key not in run.params]
    words += [("tag", key, text) for key, text in found.tags.items() if not run or key not in run.tags]
    for kind, key, value in words:
        try:
            name = values.name_of(key, kind)
            if kind == "tag":
                yield ["tag", run_id, 1, name, values.tag(name, value)]
            else:
                yield ["param", run_id, 1, name, values.param(name, value), found.started]
        except MlopsError as error:
            taken.left_out.append(f"{found.name}: {error.message}")
    if found.note and run is None:
        try:
            yield ["note", run_id, 1, values.note(found.note)]
        except MlopsError as error:
            taken.left_out.append(f"{found.name}: {error.message}")


def _points(
    connection: sqlite3.Connection, run_id: str, run: Run | None, found: Found, taken: Taken
) -> Iterator[Line]:
    """The points that are not here yet."""
    for given, course in found.points.items():
        try:
            metric = values.name_of(given, "metric")
        except MlopsError as error:
            taken.left_out.append(f"{found.name}: {given}: {error.message}")
            continue
        have = run is not None and metric in run.metrics
        here = {p.iteration for p in reading.history(connection, run, metric)} if run and have else set()
        for step, (value, at) in sorted(course.items()):
            if step not in here:
                yield ["m", run_id, 1, metric, step, value, at]


def _files(
    place: Place, connection: sqlite3.Connection, run_id: str, found: Found, taken: Taken
) -> Iterator[Line]:
    """The files that are not here yet, or are here as they were before."""
    here = reading.files_of(connection, run_id)
    for given, path in found.files.items():
        try:
            name = artifacts.check_name(given)
            if here.get(name) != artifacts.digest_of(path):
                yield ["artifact", run_id, 1, name, *artifacts.put(place, _parts(path))]
        except (MlopsError, OSError) as error:
            why = error.message if isinstance(error, MlopsError) else error.strerror
            taken.left_out.append(f"{found.name}: {given}: {why}")


def files_below(folder: Path, name: str, taken: Taken) -> dict[str, Path]:
    """The files below a folder by their names in it; a link to a file elsewhere is left out."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        inside = path.relative_to(folder).as_posix()
        if path.resolve().is_relative_to(folder.resolve()):
            found[inside] = path
        else:
            taken.left_out.append(f"{name}: {inside}: it is a link to a file elsewhere")
    return found


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(_PART):
            yield part
