"""Databases of Trackio → runs of our store: a project is an experiment."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from mlops_jlab.errors import InputError
from mlops_jlab.mirror.keeping import Found, Taken, keep
from mlops_jlab.mirror.nesting import flat, number_of, parsed
from mlops_jlab.store import foreign

if TYPE_CHECKING:
    import sqlite3

    from mlops_jlab.store.location import Place

KIND = "trackio"


def take(place: Place, connection: sqlite3.Connection, root: Path, experiment: str = "") -> Taken:
    """Takes the runs of each project in a folder, and what has come to known ones since.

    A run is known by its project and its id, wherever ``root`` lies.

    Raises:
        InputError: the folder does not exist, or has no databases.
    """
    if not root.is_dir():
        raise InputError(f"the folder {root} does not exist")
    paths = sorted(path for path in root.glob("*.db") if path.is_file())
    if not paths:
        raise InputError(
            f"{root} has no databases",
            hint="name the folder of Trackio: TRACKIO_DIR, else ~/.cache/huggingface/trackio",
        )
    taken = Taken()
    for path in paths:
        try:
            runs = _runs(path, experiment or path.stem)
        except (InputError, KeyError, ValueError) as error:
            taken.left_out.append(
                error.message if isinstance(error, InputError) else f"{path} is not a database of Trackio"
            )
            continue
        for key, (found, others) in runs.items():
            run_id = blake3(f"{KIND}\n{path.stem}\n{key}".encode()).hexdigest()[:32]
            taken.left_out += [f"{found.name}: {name} is not a number" for name in sorted(others)]
            keep(place, connection, run_id, found, taken)
    return taken


def _runs(path: Path, experiment: str) -> dict[str, tuple[Found, set[str]]]:
    """The runs of a project, and what each has that is no number."""
    runs: dict[str, tuple[Found, set[str]]] = {}

    def run_of(row: dict[str, Any], at: float) -> tuple[Found, set[str]]:
        name = str(row["run_name"])
        new = Found(name=name, experiment=experiment, kind=KIND, started=at)
        found, others = runs.setdefault(str(row.get("run_id") or name), (new, set()))
        found.started, found.ended = min(found.started, at), max(found.ended, at)
        return found, others

    for row in foreign.rows(path, "configs"):
        config = parsed(row["config"])
        found, _ = run_of(row, _time(str(config.get("_Created") or row["created_at"])))
        found.params = {key: value for key, value in flat("", config).items() if not key.startswith("_")}
        if config.get("_Group"):
            found.tags["trackio.group"] = str(config["_Group"])
    for row in foreign.rows(path, "metrics"):
        at = _time(row["timestamp"])
        found, others = run_of(row, at)
        _row(parsed(row["metrics"]), int(row["step"]), at, path.parent / "media", found, others)
    return runs


def _row(logged: dict[str, Any], step: int, at: float, media: Path, found: Found, others: set[str]) -> None:
    for key, value in logged.items():
        if isinstance(value, dict) and "_type" in value:
            file = media / str(value.get("file_path", ""))
            inside = file.resolve().is_relative_to(media.resolve())
            if value.get("file_path") and inside and file.is_file():
                found.files[f"{key}/{step}/{file.name}"] = file
            else:
                others.add(key)
            continue
        for name, inner in flat(key, value).items():
            number = number_of(inner)
            if number is None:
                others.add(name)
            else:
                found.points.setdefault(name, {})[step] = (number, at)


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
