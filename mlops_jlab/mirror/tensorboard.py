"""Folders of TensorBoard → runs of our store: one a folder that holds event files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from mlops_jlab.errors import InputError
from mlops_jlab.mirror import eventfiles
from mlops_jlab.mirror.keeping import Found, Taken, keep

if TYPE_CHECKING:
    import sqlite3

    from mlops_jlab.store.location import Place

KIND = "tensorboard"


def take(place: Place, connection: sqlite3.Connection, root: Path, experiment: str = "") -> Taken:
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
        run = Found(
            name=name, experiment=experiment or root.resolve().name, kind=KIND, started=found.first,
            ended=found.last, params=found.params, points=found.points,
        )  # fmt: skip
        keep(place, connection, run_id, run, taken)
    return taken
