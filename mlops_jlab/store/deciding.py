"""Whether a version may have an alias that a gate guards."""

from __future__ import annotations

import sqlite3

from mlops_jlab.entities.models import CHAMPION, ModelVersion
from mlops_jlab.errors import ConflictError, InputError, MlopsError
from mlops_jlab.store import judgements, registering


def stands_against(
    connection: sqlite3.Connection, version: ModelVersion, alias: str, *, by_hand: bool
) -> tuple[MlopsError | None, int]:
    """Why a version does not get an alias that a gate guards, if anything; and what has the alias (0: none).

    Its gates pass, and one of them has compared it with what has the alias now, or with the champion: who
    is better than the champion of last week is not known to be better than today's. What had the alias
    before a person may bring back ``by_hand``.
    """
    there = registering.versions(connection, version.model)
    has = next((one.version for one in there if alias in one.aliases), 0)
    if alias not in judgements.guarded(connection, version.model):
        return None, has
    if version.verdict != "pass":
        return _refused(version, alias), has
    now = registering.standing_at(connection, version.model, alias)
    if now is None or version.version == has:
        return None, has
    if by_hand and version.version in registering.ever(connection, version.model, alias):
        return None, has
    whole, content = str((version.gate or {})["whole"]), str(version.about.get("content", ""))
    known = judgements.compared(connection, version.model, content, whole)
    champion = registering.standing_at(connection, version.model, CHAMPION)
    if known & {one.version for one in (now, champion) if one is not None}:
        return None, has
    others = " and ".join(f"version {number}" for number in sorted(known - {0}))
    why = f"has compared it with {others or ('no champion' if known else 'another model')}"
    return ConflictError(
        f"{version.model}@{alias} is version {now.version}, and the gate of {version.title} {why}",
        hint="judge it once more (gate.compare), or override with --override REASON",
    ), has


def _refused(version: ModelVersion, alias: str) -> InputError:
    says = f"the gate of {version.title} says: {version.verdict}"
    none = f"no gate has judged {version.title}, and a gate guards {version.model}@{alias}"
    return InputError(
        says if version.verdict else none,
        hint=f"keep the {alias}, judge this version (gate.compare), or override with --override REASON",
    )
