"""Folders of W&B → runs of our store: one a run, however often it was resumed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from mlops_jlab.entities.runs import RunStatus
from mlops_jlab.errors import InputError
from mlops_jlab.mirror import wandbfiles
from mlops_jlab.mirror.keeping import Found, Points, Taken, files_below, keep
from mlops_jlab.mirror.nesting import number_of
from mlops_jlab.mirror.wandbfiles import Logged

if TYPE_CHECKING:
    import sqlite3

    from mlops_jlab.store.location import Place

KIND = "wandb"


def take(place: Place, connection: sqlite3.Connection, root: Path, experiment: str = "") -> Taken:
    """Takes the runs below a folder, and what has come to known ones since.

    A run is known by its entity, project and id, wherever ``root`` lies.

    Raises:
        InputError: the folder does not exist, or has no runs.
    """
    if not root.is_dir():
        raise InputError(f"the folder {root} does not exist")
    paths = sorted(path for path in root.rglob("*.wandb") if path.is_file() and not path.parent.is_symlink())
    if not paths:
        raise InputError(f"{root} has no .wandb files", hint="name the folder wandb that runs are logged to")
    taken = Taken()
    runs: dict[tuple[str, str, str], tuple[Logged, dict[str, Path]]] = {}
    for path in paths:
        try:
            alone = wandbfiles.read(path)
            words = alone.words
            key = (words.get("entity", ""), words.get("project", ""), words.get("id") or path.stem)
            known, files = runs.get(key, (None, {}))
            logged = wandbfiles.read(path, known) if known else alone
        except InputError as error:
            taken.left_out.append(error.message)
            continue
        runs[key] = (
            logged,
            files | files_below(path.parent / "files", logged.words.get("name") or key[2], taken),
        )
    for key, (logged, files) in runs.items():
        run_id = blake3("\n".join([KIND, *key]).encode()).hexdigest()[:32]
        found = _found(logged, files, key[2], experiment)
        taken.left_out += [f"{found.name}: {name} is not a number" for name in sorted(logged.others)]
        taken.left_out += [
            f"{found.name}: the files of the artifact {name} lie elsewhere"
            for name in dict.fromkeys(logged.artifacts)
        ]
        keep(place, connection, run_id, found, taken)
    return taken


def _found(logged: Logged, files: dict[str, Path], given: str, experiment: str) -> Found:
    words = logged.words
    status, reason = RunStatus.FINISHED, ""
    if logged.exit_code is None:
        status, reason = RunStatus.KILLED, "W&B's file does not say that the run has ended"
    elif logged.exit_code:
        status, reason = RunStatus.FAILED, f"exit code {logged.exit_code}"
    tags = {f"wandb.{word}": words[word] for word in ("group", "job_type", "sweep") if word in words}
    tags |= {"wandb.run": given} | ({"wandb.tags": ", ".join(logged.labels)} if logged.labels else {})
    return Found(
        name=words.get("name") or given, experiment=experiment or words.get("project") or "uncategorized",
        kind=KIND, started=logged.started, ended=logged.last, status=status, reason=reason,
        note=words.get("note", ""), params=logged.config, tags=tags, points=_points(logged), files=files,
    )  # fmt: skip


def _points(logged: Logged) -> Points:
    """The points of histories, and of what stands in the summary alone."""
    points = dict(logged.points)
    for name, value in logged.summary.items():
        number = number_of(value)
        if name.startswith("_") or name in points or number is None or _of_other(name, logged.others):
            continue
        points[name] = {logged.step: (number, logged.last)}
    return points


def _of_other(name: str, others: set[str]) -> bool:
    return any(name == other or name.startswith(f"{other}.") for other in others)
