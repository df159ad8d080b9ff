"""How a run of a pipeline stands: its steps with what they handed on, and what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlops_jlab.engine.folder import logs
from mlops_jlab.entities.runs import Run, RunStatus
from mlops_jlab.errors import HandoffError, InputError
from mlops_jlab.handoff.records import read_record
from mlops_jlab.server import several
from mlops_jlab.server.runs import short
from mlops_jlab.store import filters, opening, reading
from mlops_jlab.store.location import Place

_SHORT = 200  # characters of a note, param or tag of a step
_STOPPED = (RunStatus.FAILED, RunStatus.KILLED, RunStatus.BLOCKED)


def last(place: Place, source: Path) -> dict[str, Any]:
    """The newest run of a notebook's pipeline, or of a file of several."""
    if opening.exists(place):
        condition = filters.Condition("r.kind = 'pipeline' AND r.source = ?", (str(source),))
        with opening.reading(place) as connection:
            found = reading.page(connection, reading.Query(condition, limit=1, longest=_SHORT)).runs
        if found:
            return _told(place, found[0])
    return {"run": None, "steps": [], "resumable": False, "failed": False}


def one(place: Place, run_id: str) -> dict[str, Any]:
    """One run of a pipeline.

    Raises:
        InputError: it is no run of a pipeline.
    """
    with opening.reading(place) as connection:
        run = reading.find(connection, run_id)
    if run.kind != "pipeline":
        raise InputError(f"run {run.id[:12]} is not a run of a pipeline", hint="ask for it as runs/ID")
    return _told(place, run)


def _told(place: Place, run: Run) -> dict[str, Any]:
    if several.is_of_several(run):
        folder = several.folder_of(place, run)
        drawn = set() if folder is None else {step["name"] for step in several.graph_of(folder)["steps"]}
        steps = [
            one | {"name": f"{name}.{one['name']}"}
            for name, (member, children) in several.parts(place, run, _SHORT).items()
            for one in _steps(logs.find_folder(place, member), {child.name: child for child in children})
            if f"{name}.{one['name']}" in drawn
        ]
    else:
        folder = logs.find_folder(place, run)
        with opening.reading(place) as connection:
            newest = {child.name: child for child in reading.children(connection, run, _SHORT)}
        steps = _steps(folder, newest)
    return {
        "run": short(run), "steps": steps,
        "resumable": run.status in _STOPPED and folder is not None,
        "failed": any(step["status"] in (RunStatus.FAILED, RunStatus.BLOCKED) for step in steps),
    }  # fmt: skip


def _steps(folder: Path | None, newest: Mapping[str, Run]) -> list[dict[str, Any]]:
    return [
        {"name": child.name, "run": child.id, "status": str(child.status), "started": child.started,
         "duration": child.duration, "reason": child.reason[:500], "values": _values_of(folder, name),
         "cached": bool(child.engine.cached), "skipped": child.engine.skipped}
        for name, child in newest.items()
    ]  # fmt: skip


def _values_of(folder: Path | None, step: str) -> dict[str, str]:
    """The values that a step handed on, each with its type and size in words."""
    if folder is None or logs.executed_of(folder, step) is None:
        return {}
    for path in (folder / "handoff" / "steps").glob(f"*-{step}.json"):
        with suppress(HandoffError):
            return {
                name: written.about for name, written in read_record(path).writes.items() if name[:1] != "~"
            }
    return {}
