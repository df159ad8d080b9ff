"""Routes of the page of a schedule: all of one, what a change would make of it, and the days to come."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.entities.schedules import Firing, Schedule, in_words, without_secrets
from mlops_jlab.errors import InputError
from mlops_jlab.retraining import schedules, sources
from mlops_jlab.scheduling import data, due
from mlops_jlab.server.handling import Route, answered, apart_from_the_end, aside
from mlops_jlab.server.schedules import FIELDS, fields_of, plain_firing
from mlops_jlab.store import judgements, opening, scheduling
from mlops_jlab.store.location import Place

_NEXT = 5  # times that are told with their parameters
_DAYS = 7
_MOST = 1_000  # times of one schedule in those days
_HISTORY = 120  # firings


class DetailRoute(Route):
    """``GET schedules/detail``: all of one schedule, with its history and its error budget."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """``name``: the schedule."""
        self.answer(await aside(_detail, self.place, self.get_argument("name"), self.root))


def _detail(place: Place, name: str, root: Path) -> dict[str, Any]:
    with opening.reading(place) as connection:
        found = scheduling.find(connection, name)
        past = scheduling.firings(connection, found.id, _HISTORY)
        budget = _budget(past, connection)
    gates = sources.gates(found)
    return {
        "name": found.name, "path": _relative(found.pipeline, root), "when": found.when,
        "paused": found.paused, "changed": sources.drifted(found), "author": found.author,
        "cron": found.cron, "tz": found.tz, "every": _words(found.every),
        "data": [_relative(path, root) for path in found.on_data], "on_drift": found.on_drift,
        "settle": _words(found.settle), "pattern": found.pattern, "marker": found.marker,
        "cooldown": _words(found.cooldown), "start": found.start, "end": found.end,
        "parameters": {key: str(value) for key, value in found.parameters.items()},
        "promote": found.promote, "approve": found.approve, "pin": found.pin, "gate": list(found.gate),
        "gates": [rule for step, rules in gates.items() if step != "schedule" for rule in rules],
        "catch_up": found.catch_up, "retries": found.retries, "timeout": _words(found.timeout),
        "keep": found.keep, "alerts": list(map(without_secrets, found.alerts)),
        "alert_on": list(found.alert_on), "firings": [plain_firing(firing) for firing in past],
        "budget": budget, "writable": opening.is_writable(place),
    }  # fmt: skip


def _words(seconds: float) -> str:
    return in_words(seconds).replace(" ", "") if seconds else ""


def _relative(path: str, root: Path) -> str:
    found = Path(os.path.realpath(path))
    return found.relative_to(root).as_posix() if found.is_relative_to(root) else found.name


def _budget(past: list[Firing], connection: Any) -> list[dict[str, Any]]:
    """What the newest firing that was judged has used of its rows, and what is left; a line for each gate."""
    for firing in past:
        reports = judgements.of_runs(connection, firing.run.split())
        if reports:
            return [
                {
                    "model": str(report["model"]), "at": firing.started, "spent": float(report["alpha"]),
                    "budget": float(report["facts"].get("budget") or 0),
                    "left": max(float(report["facts"].get("left") or 0), 0.0),
                    "use": float(report["use"]), "rows": int(report["facts"].get("rows") or 0),
                    "evaluation": str(report["evaluation"])[:8],
                }
                for report in reports
            ]  # fmt: skip
    return []


class PreviewRoute(Route):
    """``POST schedules/preview``: when a schedule that is being written would be due, with its parameters."""

    @web.authenticated
    @authorized
    @answered
    async def post(self) -> None:
        """As ``POST schedules``, and ``of``: the schedule that is changed. Nothing is kept."""
        body = self.body(path=str, of=str, **FIELDS)
        path, before = body.pop("path", ""), body.pop("of", "")
        notebook = await self.door.file(path) if not before else None
        fields, given = await fields_of(self.door, body)
        self.answer(await apart_from_the_end(_preview, self.place, notebook, before, fields, given))


def _preview(
    place: Place, notebook: Path | None, before: str, fields: dict[str, Any], given: dict[str, Any]
) -> dict[str, Any]:
    others = {one.name: one for one in schedules.all_schedules(place)}
    if notebook is None:
        with opening.reading(place) as connection:
            old = scheduling.find(connection, before)
        found = schedules.changed(place, old, _with_secrets(old, fields), given, whole=True)
    else:
        found = schedules.ready(Schedule(fields.pop("name", ""), str(notebook), **fields), given)
    if found.name != before and found.name in others:
        raise InputError(f"there is a schedule {found.name!r} already", hint="choose another name")
    data.check(schedules.watched(found))
    coming = schedules.preview(place, found, _NEXT)
    return {
        "name": found.name, "when": found.when, "week": _week(found),
        "next": [
            {"at": at.timestamp(), "parameters": {key: str(value) for key, value in timed.items()}}
            for at, timed in coming
        ],
    }  # fmt: skip


def _with_secrets(old: Schedule, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields, with the addresses that the page was shown without their secrets whole again."""
    whole = {without_secrets(address): address for address in old.alerts}
    if "alerts" in fields:
        fields["alerts"] = tuple(whole.get(address, address) for address in fields["alerts"])
    return fields


def _week(schedule: Schedule) -> dict[str, Any]:
    """The times of the next seven days; ``often`` if there are more than are told."""
    now = datetime.now(UTC)
    if schedule.paused or not (schedule.cron or schedule.every):
        return {"name": schedule.name, "at": [], "often": False}
    coming = takewhile(lambda at: at < now + timedelta(days=_DAYS), due.times(schedule, now))
    found = [at.timestamp() for at in islice(coming, _MOST + 1)]
    return {"name": schedule.name, "at": found[:_MOST], "often": len(found) > _MOST}


class WeekRoute(Route):
    """``GET schedules/week``: when each schedule is due in the next seven days."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """No arguments."""
        self.answer({"schedules": await aside(_weeks, self.place)})


def _weeks(place: Place) -> list[dict[str, Any]]:
    return [_week(schedule) for schedule in schedules.all_schedules(place)]


class EditRoute(Route):
    """``POST schedules/edit``: changes what is given of a schedule."""

    @web.authenticated
    @authorized
    @answered
    async def post(self) -> None:
        """``of``: the schedule; then as ``POST schedules``. Parameters left out get their defaults."""
        body = self.body(of=str, **FIELDS)
        before, whole = body.pop("of", ""), "parameters" in body
        fields, given = await fields_of(self.door, body)
        self.answer(await apart_from_the_end(_edit, self.place, before, fields, given, whole))


def _edit(
    place: Place, before: str, fields: dict[str, Any], given: dict[str, Any], whole: bool
) -> dict[str, Any]:
    with opening.reading(place) as connection:
        old = scheduling.find(connection, before)
    changed = _with_secrets(old, fields)
    return {"name": schedules.edit(place, old.name, changed, given, whole=whole).name}
