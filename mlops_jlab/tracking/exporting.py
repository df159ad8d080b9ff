"""Runs as files that need neither this package nor a database: JSON, CSV, and their artifacts."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_jlab.entities.runs import Run
from mlops_jlab.errors import InputError
from mlops_jlab.store import artifacts, reading
from mlops_jlab.store.location import Place

if TYPE_CHECKING:
    import sqlite3


def plain(run: Run) -> dict[str, Any]:
    """A run as JSON can hold it; NaN and infinities are strings."""
    content = asdict(run)
    content["status"] = str(run.status)
    content.pop("seq")
    content["metrics"] = {
        name: {key: finite(value) for key, value in asdict(metric).items()}
        for name, metric in run.metrics.items()
    }
    return content


def finite(value: Any) -> Any:
    """``value``, or its name where JSON has no number for it."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def rows(runs: Iterable[Run], columns: Sequence[str]) -> str:
    """Runs as CSV. A text that a spreadsheet would take for a formula gets an apostrophe."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["run_id", "name", "experiment", "status", "started", "duration", *columns])
    for run in runs:
        duration = "" if run.duration is None else run.duration
        writer.writerow(
            [run.id, harmless(run.name), harmless(run.experiment), run.status, run.started, duration]
            + [_cell(run, column) for column in columns]
        )
    return file.getvalue()


def _cell(run: Run, column: str) -> object:
    kind, _, name = column.partition(".")
    if kind == "metrics":
        return run.metrics[name].latest if name in run.metrics else ""
    return harmless((run.taken if kind == "params" else run.tags).get(name, ""))


def harmless(text: str) -> str:
    """``text``, so that no spreadsheet runs it as a formula."""
    if text[:1] in ("=", "+", "-", "@", "\t", "\r"):
        try:
            float(text)
        except ValueError:
            return "'" + text
    return text


def write(place: Place, connection: sqlite3.Connection, run: Run, target: Path) -> Path:
    """Writes a run into a new folder below ``target``: run.json, a CSV for each metric, artifacts.

    Raises:
        InputError: the folder exists.
        StoreError: an artifact is damaged.
    """
    folder = target / run.id
    if folder.exists():
        raise InputError(f"{folder} exists", hint="name another folder")
    files = reading.artifacts(connection, run)
    content = plain(run) | {
        "artifacts": [asdict(file) for file in files],
        "corrected_params": reading.corrections(connection, run),
        "children": [child.id for child in reading.children(connection, run)],
    }
    (folder / "metrics").mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(content, indent=2, ensure_ascii=False), "utf-8")
    for place_of, name in enumerate(run.metrics, 1):
        safe = "".join(char if char.isalnum() or char in "-_." else "_" for char in name)[:80]
        with (folder / "metrics" / f"{place_of:03d}-{safe}.csv").open(
            "w", encoding="utf-8", newline=""
        ) as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["metric", "iteration", "value", "at"])
            for point in reading.history(connection, run, name):
                writer.writerow([harmless(name), point.iteration, point.value, point.at])
    for artifact in files:
        goal = folder / "artifacts" / artifact.path
        goal.parent.mkdir(parents=True, exist_ok=True)
        goal.write_bytes(artifacts.read(place, artifact.digest))
    return folder
