"""Making a schedule: everything that can be wrong is found on the day it is made, not at night."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from mlops_jlab.dataflow.gatecells import rules_of
from mlops_jlab.entities.models import check_alias
from mlops_jlab.entities.notebooks import Notebook
from mlops_jlab.entities.parameters import resolve
from mlops_jlab.entities.schedules import CATCH_UP, EVENTS, Schedule
from mlops_jlab.errors import InputError
from mlops_jlab.gates.rules import rule_of
from mlops_jlab.notebook import reading
from mlops_jlab.pipeline import export as exporting
from mlops_jlab.pipeline import manifest
from mlops_jlab.pipeline.planning import source_of
from mlops_jlab.retraining import alerts
from mlops_jlab.scheduling import data, due
from mlops_jlab.store import opening, scheduling
from mlops_jlab.store.artifacts import digest_of
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import recorder_for
from mlops_jlab.tracking.starting import who
from mlops_jlab.tracking.telling import tell

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def add(place: Place, schedule: Schedule, given: Mapping[str, object]) -> Schedule:
    """Keeps a schedule, after everything in it was checked. ``given`` are parameters as the user wrote them.

    Raises:
        InputError: the notebook has errors, a parameter or an address is none, or it is never due.
    """
    pipeline = Path(schedule.pipeline).resolve()
    if not pipeline.exists():
        raise InputError(f"there is no {schedule.pipeline}", hint="name a notebook or an export")
    name = schedule.name or pipeline.stem
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is no name for a schedule", hint="--name with letters, digits, dashes")
    _check(schedule)
    declared, digest = _declared(pipeline)
    now = time.time()
    found = due.check(replace(
        schedule, name=name, pipeline=str(pipeline), parameters=resolve(declared, given, from_text=True),
        digest=digest, on_data=tuple(str(Path(path).resolve()) for path in schedule.on_data),
        id=secrets.token_hex(4), created=now, checked=now, author=who(),
    ))  # fmt: skip
    missing = [path for path in found.on_data if not Path(path).exists()]
    if missing:
        raise InputError(f"there is no {missing[0]}", hint="name files or folders whose change makes it due")
    found = replace(found, seen=data.look(found.on_data, "", now + 10, digest_of))
    recorder_for(place, tell).open_database()
    with opening.writing(place) as connection:
        scheduling.add(connection, found, who=who())
    if found.pin and pipeline.is_file():
        exporting.export(exporting.graph_of(pipeline), pinned(place, found))
    elif found.pin:
        shutil.copytree(pipeline, pinned(place, found))
    return found


def _check(schedule: Schedule) -> None:
    if schedule.promote:
        check_alias(schedule.promote)
    if schedule.approve and not schedule.promote:
        raise InputError("approval is for a promotion", hint="add --promote champion")
    if schedule.catch_up not in CATCH_UP:
        raise InputError(f"{schedule.catch_up!r} is no way to catch up", hint=" or ".join(CATCH_UP))
    for event in schedule.alert_on:
        if event not in EVENTS:
            raise InputError(f"{event!r} is nothing to be alerted of", hint=f"one of: {', '.join(EVENTS)}")
    for rule in schedule.gate:
        rule_of(rule)
    for address in schedule.alerts:
        alerts.check(address)


def _declared(pipeline: Path) -> tuple[Any, str]:
    """The parameters that a pipeline declares, and the digest of its notebook."""
    if pipeline.is_dir():
        plan = manifest.read(pipeline)
        return plan.parameters, plan.digest
    graph = exporting.graph_of(pipeline)
    if graph.errors:
        raise exporting.UnfitNotebook(graph)
    return graph.parameters, graph.notebook.digest


def pinned(place: Place, schedule: Schedule) -> Path:
    """Where the export of a pinned schedule lies."""
    return place.root / "pinned" / schedule.id


def what_is_executed(place: Place, schedule: Schedule) -> Path:
    """The export that was pinned, or the notebook that is followed.

    Raises:
        InputError: it is gone.
    """
    path = pinned(place, schedule) if schedule.pin else Path(schedule.pipeline)
    if not path.exists():
        raise InputError(
            f"{path} is gone",
            hint=f"put it back, or remove the schedule: mlops-jlab schedule remove {schedule.name}",
        )
    return path


def drifted(schedule: Schedule) -> str:
    """What has changed in the notebook since the schedule was made, in words; nothing if all is as it was."""
    source = Path(schedule.pipeline)
    if source.is_dir() and (source / manifest.FILE).exists():
        source = source_of(manifest.read(source), source)
    if not source.is_file():
        return "the notebook is gone"
    about = source.stat()
    if _read(source, about.st_mtime_ns).digest == schedule.digest:
        return ""
    changed = datetime.fromtimestamp(about.st_mtime, UTC)
    return f"the notebook was changed on {changed:%Y-%m-%d %H:%M} UTC"


def gates(schedule: Schedule) -> dict[str, list[str]]:
    """The rules that stand in the gates of the notebook that is followed, by step."""
    source = Path(schedule.pipeline)
    own = {"schedule": list(schedule.gate)} if schedule.gate else {}
    return own | _rules(source, source.stat().st_mtime_ns) if source.is_file() else own


@lru_cache(256)
def _read(source: Path, _stamp: int) -> Notebook:
    return reading.read(source)[0]


@lru_cache(256)
def _rules(source: Path, stamp: int) -> dict[str, list[str]]:
    return rules_of(_read(source, stamp))


def set_paused(place: Place, name: str, paused: bool, reason: str = "") -> Schedule:
    """Pauses a schedule, or lets it go on from now."""
    with opening.writing(place) as connection:
        schedule = scheduling.find(connection, name)
        scheduling.pause(connection, schedule, paused, who=who(), reason=reason)
    return replace(schedule, paused=paused)


def remove(place: Place, name: str, reason: str = "") -> Schedule:
    """Removes a schedule and what was pinned for it; its history stays."""
    with opening.writing(place) as connection:
        schedule = scheduling.find(connection, name)
        scheduling.remove(connection, schedule, who=who(), reason=reason)
    shutil.rmtree(pinned(place, schedule), ignore_errors=True)
    return schedule


def all_schedules(place: Place) -> list[Schedule]:
    """All schedules by name; none where there is no store."""
    if not opening.exists(place):
        return []
    with opening.reading(place) as connection:
        return scheduling.schedules(connection)
