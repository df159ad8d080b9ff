"""Folders of TensorBoard → runs of our store: one a folder that holds event files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from mlops_jlab.entities.runs import RunStatus
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.mirror import eventfiles
from mlops_jlab.mirror.eventfiles import Events
from mlops_jlab.store import database, reading
from mlops_jlab.store.applying import Applier
from mlops_jlab.store.journal import Line
from mlops_jlab.tracking import values

if TYPE_CHECKING:
    import sqlite3

KIND = "tensorboard"


@dataclass
class Taken:
    """What an import has brought: new runs, new points, and what was left out."""

    runs: int = 0
    points: int = 0
    left_out: list[str] = field(default_factory=list)


def take(connection: sqlite3.Connection, root: Path, experiment: str = "") -> Taken:
    """Takes the runs below a folder, and the points of known ones that are not here yet.

    A run is known by the name of its folder below ``root`` and by its first file, wherever ``root`` lies.

    Raises:
        InputError: the folder does not exist, or has no event files.
    """
    if not root.is_dir():
        raise InputError(f"the folder {root} does not exist")
    folders = sorted({path.parent for path in root.rglob(eventfiles.PATTERN) if path.is_file()})
    if not folders:
        raise InputError(
            f"{root} has no event files", hint="name the folder that TensorBoard is started with"
        )
    taken = Taken()
    for folder in folders:
        inside = folder.relative_to(root)
        name = inside.as_posix() if inside.parts else root.resolve().name
        files = sorted(
            (path for path in folder.glob(eventfiles.PATTERN) if path.is_file()), key=lambda p: p.name
        )
        run_id = blake3(f"{KIND}\n{inside.as_posix()}\n{files[0].name}".encode()).hexdigest()[:32]
        try:
            found = eventfiles.read(files)
        except InputError as error:
            taken.left_out.append(f"{name}: {error.message}")
            continue
        taken.left_out += [f"{name}: {tag} is not a scalar" for tag in sorted(found.others)]
        _keep(connection, run_id, name, experiment or root.resolve().name, found, taken)
    return taken


def _keep(
    connection: sqlite3.Connection, run_id: str, name: str, experiment: str, found: Events, taken: Taken
) -> None:
    known = connection.execute("SELECT 1 FROM runs WHERE id = ?", (run_id,)).fetchone() is not None
    lines: list[Line] = []
    if not known:
        fields = {
            "name": name, "experiment": values.name_of(experiment, "experiment"), "kind": KIND,
            "parent": "", "grouping": "", "source": "", "user": "", "owner": "", "started": found.first,
        }  # fmt: skip
        lines.append(["run", run_id, 1, fields])
        lines += [["param", run_id, 1, key, str(value), found.first] for key, value in found.params.items()]
    points = _points(connection, run_id, found, taken, known=known)
    if known and not points:
        return
    lines += points
    took = found.last - found.first
    end = {"status": str(RunStatus.FINISHED), "reason": "", "ended": found.last, "duration": took}
    lines.append(["end", run_id, 1, end])
    with database.transaction(connection, durable=True):
        Applier(connection).apply(lines)
    taken.runs += not known
    taken.points += len(points)


def _points(
    connection: sqlite3.Connection, run_id: str, found: Events, taken: Taken, *, known: bool
) -> list[Line]:
    """The points that are not here yet."""
    run = reading.find(connection, run_id) if known else None
    lines: list[Line] = []
    for tag, course in found.points.items():
        try:
            metric = values.name_of(tag, "metric")
        except MlopsError as error:
            taken.left_out.append(f"{tag}: {error.message}")
            continue
        have = run is not None and metric in run.metrics
        here = {p.iteration for p in reading.history(connection, run, metric)} if run and have else set()
        lines += [
            ["m", run_id, 1, metric, step, value, at]
            for step, (value, at) in sorted(course.items())
            if step not in here
        ]
    return lines
