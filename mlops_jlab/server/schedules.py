"""Routes of schedules: what is due when, how it went, and changing it; and the worker inside the server."""

from __future__ import annotations

import os
import threading
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.entities.schedules import Firing, Schedule
from mlops_jlab.errors import ConflictError
from mlops_jlab.retraining import schedules, sources, ticking
from mlops_jlab.retraining.working import Worker
from mlops_jlab.scheduling import due
from mlops_jlab.server.handling import Route, answered, apart_from_the_end, aside
from mlops_jlab.server.paths import Door
from mlops_jlab.store import location, opening, scheduling
from mlops_jlab.store.location import Place

_STRIP = 30  # firings that are shown of each schedule
DURATIONS = {"every", "settle", "cooldown", "timeout"}  # texts such as 15min
FIELDS: dict[str, type] = {
    "name": str, "cron": str, "tz": str, "every": str, "data": list, "on_drift": str, "settle": str,
    "pattern": str, "marker": str, "cooldown": str, "start": str, "end": str, "parameters": dict,
    "promote": str, "approve": bool, "pin": bool, "gate": list, "catch_up": str, "retries": int,
    "timeout": str, "keep": int, "alerts": list, "alert_on": list,
}  # fmt: skip
SWITCH = "MLOPS_JLAB_WORKER"  # "0": the server looks after no schedules


class SchedulesRoute(Route):
    """``GET schedules``: all of them; ``POST schedules``: a new one."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """No arguments."""
        self.answer(await aside(_schedules, self.place))

    @web.authenticated
    @authorized
    @answered
    async def post(self) -> None:
        """``path`` of the notebook; ``cron`` and ``tz``, ``every``, ``data`` or ``on_drift``; and others."""
        body = self.body(path=str, **FIELDS)
        notebook = await self.door.file(body.pop("path", ""))
        fields, given = await fields_of(self.door, body)
        self.answer(await apart_from_the_end(_add, self.place, notebook, fields, given))


async def fields_of(door: Door, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a body says of a schedule: its fields, durations as seconds, paths found; and its parameters.

    Raises:
        InputError: a path or a duration is none.
    """
    given = body.pop("parameters", {})
    fields = {key: value for key, value in body.items() if key not in (*DURATIONS, "data")}
    for key in DURATIONS & set(body):
        text = body[key].strip()
        fields[key] = 0.0 if text in ("", "0") else due.parse_duration(text)
    for key in ("gate", "alerts", "alert_on"):
        if key in fields:
            fields[key] = tuple(map(str, fields[key]))
    if "data" in body:
        fields["on_data"] = tuple([str(await door.data(str(path))) for path in body["data"]])
    return fields, given


def _add(place: Place, notebook: Path, fields: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    wish = Schedule(fields.pop("name", ""), str(notebook), **fields)
    return {"name": schedules.add(place, wish, given).name}


def _schedules(place: Place) -> dict[str, Any]:
    now = datetime.now(UTC)
    found = []
    for schedule in schedules.all_schedules(place):
        with opening.reading(place) as connection:
            past = scheduling.firings(connection, schedule.id, _STRIP)
        coming = due.upcoming(schedule, now, 5) if schedule.cron or schedule.every else []
        found.append({
            "name": schedule.name, "pipeline": schedule.pipeline, "when": schedule.when,
            "paused": schedule.paused, "pin": schedule.pin, "promote": schedule.promote,
            "changed": sources.drifted(schedule),
            "next": [] if schedule.paused else [at.timestamp() for at in coming],
            "gates": [rule for rules in sources.gates(schedule).values() for rule in rules],
            "firings": [plain_firing(firing) for firing in past],
        })  # fmt: skip
    return {"schedules": found, "writable": opening.is_writable(place)}


def plain_firing(firing: Firing) -> dict[str, Any]:
    """One firing as a list shows it."""
    return {
        "due": firing.due, "outcome": firing.outcome, "cause": firing.cause,
        "status": firing.status, "attempt": firing.attempt,
        "started": firing.started, "ended": firing.ended, "run": firing.run.split()[-1] if firing.run else "",
        "why": firing.why, "steps": [asdict(step) for step in firing.steps],
    }  # fmt: skip


class ScheduleRoute(Route):
    """``POST schedules/(pause|resume|remove|run)``: changes one."""

    @web.authenticated
    @authorized
    @answered
    async def post(self, what: str) -> None:
        """``name``, and ``reason``."""
        body = self.body(name=str, reason=str)
        self.answer(await aside(_change, self.place, what, body.get("name", ""), body.get("reason", "")))


def _change(place: Place, what: str, name: str, reason: str) -> dict[str, Any]:
    if what == "run":
        claimed = ticking.run_now(place, name)
        if claimed is None:
            raise ConflictError(f"a run of {name!r} is going on already")
        process = ticking.start(place, claimed)
        threading.Thread(target=process.wait, daemon=True).start()  # so that it leaves no zombie
    elif what == "remove":
        schedules.remove(place, name, reason)
    else:
        schedules.set_paused(place, name, what == "pause", reason)
    return {"name": name}


def look_after(app: Any) -> Worker | None:
    """Looks after schedules while the server runs. Other workers and ticks may do so as well."""
    if os.environ.get(SWITCH, "") == "0":
        return None
    worker = Worker(location.find(Path(str(app.root_dir))), slots=1)
    threading.Thread(target=worker.work, name="schedules", daemon=True).start()
    return worker
