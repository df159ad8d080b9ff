"""The last task of a hosted run: what the run has registered and its gates let pass gets an alias."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_jlab.engine.hosted.place import RunStore
from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import InputError
from mlops_jlab.registry import versions
from mlops_jlab.store.location import Place

MARK = "@"  # before an alias, where the name of a step stands


@dataclass(frozen=True)
class Decision:
    """What became of a version: ``refused`` if its gate stands against it, or none has judged it."""

    version: str
    told: str
    refused: bool = False


def promote(store: RunStore, place: Place, alias: str) -> list[Decision]:
    """Promotes what a run has registered, each version by the verdict of its own gate in that run.

    Raises:
        InputError: steps of the run are not done.
        ConflictError: the alias was moved meanwhile.
    """
    about = store.known()
    missing = [
        step
        for step in about.steps
        if (ended := store.ended(step)) is None or ended.state.status not in ("finished", "skipped")
    ]
    if missing:
        raise InputError(
            f"{', '.join(missing)} of the run in {store.url} are not done", hint="run these steps first"
        )
    return [_decide(place, version, about.id, alias) for version in versions.of_runs(place, [about.id])]


def _decide(place: Place, version: ModelVersion, run: str, alias: str) -> Decision:
    gate = version.gate if version.gate and version.gate["whole"] == run else None
    verdict, why = (
        (str(gate["verdict"]), str(gate["why"])) if gate else ("", "no gate has judged it in this run")
    )
    if verdict != "pass":
        told = f"{version.model}@{alias} stays: {verdict or 'no gate'}: {why}"
        return Decision(version.title, told, refused=verdict != "not enough data")
    if alias in version.aliases:
        return Decision(version.title, f"{version.title} is the {alias} already")
    moved = versions.promote(
        place, f"{version.model}/{version.version}", alias, reason=f"run {run[:12]}: {why}"
    )
    return Decision(version.title, f"{moved.model}@{alias}: version {moved.before or 'none'} → {moved.after}")
