"""Making a schedule: everything that can be wrong is found on the day it is made, not at night."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlops_jlab.entities.models import check_alias, check_model_name
from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.entities.schedules import CATCH_UP, EVENTS, Schedule
from mlops_jlab.errors import InputError
from mlops_jlab.gates.rules import rule_of
from mlops_jlab.pipeline import export as exporting
from mlops_jlab.pipeline.planning import is_several
from mlops_jlab.retraining import alerts, sources
from mlops_jlab.scheduling import data, due, expressions
from mlops_jlab.scheduling.expressions import Moments
from mlops_jlab.store import opening, scheduling
from mlops_jlab.store.artifacts import digest_of_data
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import recorder_for
from mlops_jlab.telling import tell
from mlops_jlab.tracking.lifecycle import who

_PREVIEWED = 5  # times for which parameters are checked when a schedule is made
_FIRST_LOOK = 10.0  # seconds that making a schedule reads data
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def add(place: Place, schedule: Schedule, given: Mapping[str, object]) -> Schedule:
    """Keeps a schedule, after everything in it was checked. ``given`` are parameters as the user wrote them.

    Raises:
        InputError: the notebook has errors, a parameter or an address is none, or it is never due.
    """
    found = ready(schedule, given)
    data.check(watched(found))
    # Nobody waits for this: what is not read in time is judged by size and time.
    found = replace(found, seen=data.look(
        replace(watched(found), settle=0.0), "", found.created, digest_of_data, longest=_FIRST_LOOK
    ))  # fmt: skip
    recorder_for(place, tell).open_database()
    with opening.writing(place) as connection:
        scheduling.add(connection, found, who=who())
    if found.pin:
        _pin(place, found)
    return found


def _pin(place: Place, schedule: Schedule) -> None:
    """Keeps the export of today."""
    pipeline = Path(schedule.pipeline)
    shutil.rmtree(pinned(place, schedule), ignore_errors=True)  # of an earlier day
    if pipeline.is_file():
        exporting.export(exporting.graph_of(pipeline), pinned(place, schedule))
    else:
        shutil.copytree(pipeline, pinned(place, schedule))


def ready(schedule: Schedule, given: Mapping[str, object]) -> Schedule:
    """The schedule as it would be kept, after everything in it but its data was checked.

    Raises:
        InputError: as :func:`add` does.
    """
    pipeline = Path(schedule.pipeline).resolve()
    if not pipeline.exists():
        raise InputError(f"there is no {schedule.pipeline}", hint="name a notebook or an export")
    name = schedule.name or pipeline.stem
    _named(name)
    _check(schedule)
    if schedule.pin and is_several(pipeline):
        raise InputError(
            f"{schedule.pipeline} names several notebooks, and --pin keeps one",
            hint="leave --pin out: what runs is what the notebooks are then",
        )
    declared, digest = sources.declared(pipeline)
    now = time.time()
    found = due.check(replace(
        schedule, name=name, pipeline=str(pipeline), digest=digest, id=secrets.token_hex(4), created=now,
        on_data=tuple(str(Path(path).resolve()) for path in schedule.on_data), checked=now, author=who(),
    ))  # fmt: skip
    return replace(found, parameters=_parameters(found, declared, sources.named(pipeline, given)))


def _parameters(
    schedule: Schedule, declared: tuple[Parameter, ...], given: Mapping[str, object]
) -> dict[str, object]:
    """What is kept of the parameters: values, and expressions as they were written.

    Raises:
        ParameterError: one is wrong, now or at one of the next times that are due.
    """
    timed = {name: value for name, value in given.items() if expressions.has_expression(value)}
    now = datetime.now(UTC)
    for at in (now, *due.upcoming(schedule, now, _PREVIEWED)):
        checked = expressions.values(declared, given, moments(schedule, at, now), from_text=True)
    return {name: timed.get(name, value) for name, value in checked.items()}


def moments(schedule: Schedule, at: datetime, last: datetime | None = None) -> Moments:
    """The times that parameters may name of a run that was due ``at``, after the success of ``last``."""
    return Moments(at, last or datetime.fromtimestamp(schedule.created, UTC), schedule.tz)


def preview(place: Place, schedule: Schedule, count: int) -> list[tuple[datetime, dict[str, object]]]:
    """The next times that are due, with the parameters that name a time as they will be then.

    Where a parameter names the last success, each time before is taken for one.

    Raises:
        InputError: the notebook is gone, or declares these parameters no more.
    """
    last = None
    if opening.exists(place):
        with opening.reading(place) as connection:
            last = scheduling.last_success(connection, schedule.id)
    found = []
    declared = sources.declared(what_is_executed(place, schedule))[0] if _is_timed(schedule) else ()
    for at in due.upcoming(schedule, datetime.now(UTC), count):
        timed: dict[str, object] = {}
        if declared:
            then = moments(schedule, at, last)
            values = expressions.values(declared, schedule.parameters, then, from_text=False)
            timed = {name: values[name] for name in _timed(schedule)}
        found.append((at, timed))
        last = at
    return found


def _timed(schedule: Schedule) -> list[str]:
    return [name for name, value in schedule.parameters.items() if expressions.has_expression(value)]


def _is_timed(schedule: Schedule) -> bool:
    return bool(_timed(schedule))


def edit(
    place: Place, name: str, changes: Mapping[str, Any], given: Mapping[str, object], *, whole: bool = False
) -> Schedule:
    """Changes a schedule: ``changes`` by field, and parameters as the user wrote them. The rest stays.

    With ``whole``, parameters that are not given get their defaults again. What was due before, by the old
    cron line, is not caught up by a new one.

    Raises:
        InputError: there is no such schedule, or it would be wrong then.
    """
    with opening.reading(place) as connection:
        before = scheduling.find(connection, name)
    if not changes and not given and not whole:
        raise InputError("nothing is to be changed", hint="name what: --cron, --tz, -p NAME=VALUE, ...")
    found = changed(place, before, changes, given, whole=whole)
    different = {key for key in changes if getattr(found, key) != getattr(before, key)}
    if {"cron", "every", "tz", "start", "end"} & different:
        found = replace(found, checked=time.time())
    if {"on_data", "pattern", "marker"} & different:
        data.check(watched(found))
        looked = replace(watched(found), settle=0.0)
        found = replace(found, seen=data.look(looked, "", time.time(), digest_of_data, longest=_FIRST_LOOK))
    if found.pin and not before.pin:
        _pin(place, found)
    with opening.writing(place) as connection:
        scheduling.change(connection, before, found, who=who())
    return found


def changed(
    place: Place, before: Schedule, changes: Mapping[str, Any], given: Mapping[str, object], *,
    whole: bool = False,
) -> Schedule:  # fmt: skip
    """A schedule as it would be after some changes, all of it but its data checked; nothing is kept.

    Raises:
        InputError: as :func:`add` does.
    """
    paths = tuple(str(Path(path).resolve()) for path in changes.get("on_data", before.on_data))
    found = due.check(replace(before, **{**changes, "on_data": paths}))
    _named(found.name)
    _check(found)
    what = what_is_executed(place, before) if before.pin or not found.pin else Path(before.pipeline)
    declared, _digest = sources.declared(what)
    kept = {} if whole else before.parameters
    return replace(
        found, parameters=_parameters(found, declared, {**kept, **sources.named(what, given)})
    )  # fmt: skip


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} is not a valid name for a schedule", hint="--name with letters, digits, dashes"
        )
    return name


def watched(schedule: Schedule) -> data.Watched:
    """The data whose change makes a schedule due."""
    return data.Watched(schedule.on_data, schedule.settle, schedule.pattern, schedule.marker)


def _check(schedule: Schedule) -> None:
    if schedule.promote:
        check_alias(schedule.promote)
    if schedule.on_drift:
        check_model_name(schedule.on_drift)
    if schedule.approve and not schedule.promote:
        raise InputError("approval is for a promotion", hint="add --promote champion")
    for what, value, least, most in (
        ("retries", schedule.retries, 0, 20), ("back-off", schedule.backoff, 0, 86_400),
        ("time to settle", schedule.settle, 0, 86_400), ("cooldown", schedule.cooldown, 0, 366 * 86_400),
        ("run folders that stay", schedule.keep, 1, 100_000), ("alerts", len(schedule.alerts), 0, 20),
    ):  # fmt: skip
        if not least <= value <= most:
            raise InputError(f"{what}: {value} is not between {least} and {most:,}")
    if schedule.catch_up not in CATCH_UP:
        raise InputError(f"{schedule.catch_up!r} is not a way to catch up", hint=" or ".join(CATCH_UP))
    for event in schedule.alert_on:
        if event not in EVENTS:
            raise InputError(
                f"{event!r} is not something to be alerted about", hint=f"one of: {', '.join(EVENTS)}"
            )
    for rule in schedule.gate:
        rule_of(rule)
    for address in schedule.alerts:
        alerts.check(address)


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
