"""The route of one model as its page shows it: every version whole, and what has become of each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.entities.models import CHAMPION, ModelVersion, check_model_name
from mlops_jlab.entities.runs import Run
from mlops_jlab.errors import NotFound
from mlops_jlab.registry import comparing, timeline, versions
from mlops_jlab.server.handling import Route, answered, aside
from mlops_jlab.server.models import plain, plain_waiting
from mlops_jlab.store import opening, reading
from mlops_jlab.store.location import Place

_LONGEST = 200  # characters of a value of a run
_TRIED = 20  # versions whose notebook is looked for


class ModelHistoryRoute(Route):
    """``GET models/history``: one model, its versions, the moves of its aliases."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """``name``: the model."""
        self.answer(await aside(_history, self.place, self.get_argument("name"), self.root))


def _history(place: Place, name: str, root: Path) -> dict[str, Any]:
    found = versions.all_versions(place, check_model_name(name))
    if not found:
        raise NotFound(f"there is no model {name!r}", hint="register one with register_model(model, NAME)")
    champion = next((version for version in found if CHAMPION in version.aliases), None)
    return {
        "name": name,
        "versions": [_whole(place, version, champion, root) for version in found],
        "moves": [asdict(move) for move in timeline.moves(place, name)],
        "writable": opening.is_writable(place),
    }


def _whole(place: Place, version: ModelVersion, champion: ModelVersion | None, root: Path) -> dict[str, Any]:
    about = version.about
    return plain(version) | {
        "intended_use": str(about.get("intended_use") or ""), "limits": str(about.get("limits") or ""),
        "columns": [str(column["name"]) for column in about.get("signature", {}).get("inputs", [])],
        "data": {str(key): str(value)[:_LONGEST] for key, value in about.get("data", {}).items()},
        "parameters": {str(k): str(v)[:_LONGEST] for k, v in about.get("parameters", {}).items()},
        "requirements": [str(line) for line in about.get("requirements", [])],
        "importance": _importance(version),
        "judged": _judged(version),
        "waits": plain_waiting(versions.waiting(place, version)),
        "same_rows": champion is not None and comparing.on_same_rows(version, champion),
        "made_by": [_line(run, root) for run in _runs(place, version)],
    }  # fmt: skip


def _importance(version: ModelVersion) -> dict[str, Any]:
    """How much columns count: as a gate measured it on its rows, else as the model keeps it."""
    measured = ((version.gate or {}).get("facts") or {}).get("importance")
    features: list[tuple[Any, float, list[float] | None]]
    if measured:
        kind = f"loss in {measured['metric']} when the column is shuffled"
        features = [(name, value, [low, high]) for name, value, low, high in measured["features"]]
    else:
        kept = version.about.get("importance") or {"kind": "", "features": []}
        kind, features = kept["kind"], [(name, value, None) for name, value in kept["features"]]
    parts = [{"name": str(name), "value": value, "bounds": bounds} for name, value, bounds in features]
    return {"kind": kind, "features": parts}


def _judged(version: ModelVersion) -> dict[str, Any] | None:
    """What a verdict rests on: the rows, the champion of the day, and what is left of their error budget."""
    report = version.gate
    if report is None:
        return None
    facts = report.get("facts", {})
    measured = facts.get("metrics", {})
    theirs = measured.get("champion", {})
    return {
        "champion": int(report.get("champion") or 0), "rows": int(facts.get("rows") or 0),
        "evaluation": str(report.get("evaluation", ""))[:8], "unit": str(facts.get("unit", "")),
        "spent": float(report.get("alpha") or 0), "budget": float(facts.get("budget") or 0),
        "left": float(facts.get("left") or 0), "use": float(report.get("use") or 0),
        "metrics": [
            {"name": str(name), "own": own[0], "champion": theirs[name][0] if name in theirs else None}
            for name, own in measured.get("challenger", {}).items()
        ],
    }  # fmt: skip


def _runs(place: Place, version: ModelVersion) -> list[Run]:
    """The run that made a version, and the pipeline's run that it was a step of; none that are gone."""
    found = []
    with opening.reading(place) as connection:
        for run_id in dict.fromkeys(filter(None, (version.whole, version.run))):
            try:
                found.append(reading.find(connection, run_id, _LONGEST))
            except NotFound:
                continue
    return found


def notebook_of(place: Place, known: Sequence[ModelVersion], root: Path) -> str:
    """The notebook that made the newest version that one has made, below the root; empty if none did."""
    for version in known[:_TRIED]:
        for run in _runs(place, version):
            source = Path(os.path.realpath(run.source))
            if source.suffix == ".ipynb" and source.is_relative_to(root) and source.is_file():
                return source.relative_to(root).as_posix()
    return ""


def _line(run: Run, root: Path) -> dict[str, Any]:
    source = Path(os.path.realpath(run.source))
    inside = bool(run.source) and source.is_relative_to(root)
    commit = str(run.facts.get("git", {}).get("commit", ""))
    return {
        "id": run.id, "number": run.seq, "name": run.name, "kind": run.kind,
        "source": source.relative_to(root).as_posix() if inside else Path(run.source).name,
        "commit": commit[:12],
    }  # fmt: skip
