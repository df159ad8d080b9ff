"""A run of one table as plain JSON, and back: how what a hosted step logged comes into another table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops_jlab.entities.runs import Run
from mlops_jlab.errors import StoreError
from mlops_jlab.handoff.remote import Artifacts
from mlops_jlab.store import artifacts, opening, reading
from mlops_jlab.store.journal import Line
from mlops_jlab.store.location import Place

_FILES = "files"


def collected(place: Place, run_id: str, files: Artifacts) -> dict[str, Any]:
    """All that a run has logged; its artifacts are published in ``files``."""
    with opening.reading(place) as connection:
        run = reading.find(connection, run_id)
        kept = reading.artifacts(connection, run)
        points = {name: reading.history(connection, run, name) for name in run.metrics}
    for file in kept:
        if not files.has(_FILES, file.digest):
            files.put_file(artifacts.path_of(place, file.digest), _FILES, file.digest)
    return {
        "run": _fields(run),
        "params": dict(run.params),
        "tags": dict(run.tags),
        "note": run.note,
        "facts": dict(run.facts),
        "metrics": {
            name: [[p.iteration, _number(p.value), p.at] for p in course] for name, course in points.items()
        },
        "artifacts": [[file.path, file.digest, file.size] for file in kept],
    }


def _fields(run: Run) -> dict[str, Any]:
    return {
        "id": run.id, "name": run.name, "experiment": run.experiment, "parent": run.parent, "kind": run.kind,
        "source": run.source, "user": run.user, "started": run.started, "ended": run.ended,
        "duration": run.duration, "status": str(run.status), "reason": run.reason,
    }  # fmt: skip


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def lines_of(found: Mapping[str, Any]) -> list[Line]:
    """The lines of a journal that write down what :func:`collected` gave, whole and ended."""
    run = found["run"]
    key = [run["id"], 1]
    begun = {name: run[name] for name in ("name", "experiment", "parent", "kind", "source", "user")}
    at = run["started"]
    lines: list[Line] = [["run", *key, {**begun, "owner": "", "started": at}]]
    lines += [["param", *key, name, value, at] for name, value in found["params"].items()]
    lines += [["tag", *key, name, value] for name, value in found["tags"].items()]
    lines += [["note", *key, found["note"]]] if found["note"] else []
    lines += [["facts", *key, found["facts"]]] if found["facts"] else []
    for name, points in found["metrics"].items():
        lines += [["m", *key, name, iteration, value, when] for iteration, value, when in points]
    lines += [["artifact", *key, *file] for file in found["artifacts"]]
    ended = run["ended"] or at
    lines.append(["end", *key, {"status": run["status"], "reason": run["reason"], "ended": ended,
                                "duration": run["duration"]}])  # fmt: skip
    return lines


def bring_files(place: Place, found: Mapping[str, Any], files: Artifacts, scratch: Path) -> None:
    """Brings the artifacts into the table, each checked against its digest.

    Raises:
        StoreError: one is missing or is not what was logged.
    """
    for _path, digest, _size in found["artifacts"]:
        if artifacts.path_of(place, digest).exists():
            continue
        here = scratch / digest
        try:
            files.fetch_file(here, _FILES, digest)
        except FileNotFoundError as error:
            raise StoreError(f"the artifact {digest[:12]} is not in the run's store") from error
        put, _ = artifacts.put(place, artifacts.parts_of(here))
        here.unlink()
        if put != digest:
            raise StoreError(f"the artifact {digest[:12]} is not what the step logged")
