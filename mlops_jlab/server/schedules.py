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
from mlops_jlab.retraining import schedules, ticking
from mlops_jlab.retraining.working import Worker
from mlops_jlab.scheduling import due
from mlops_jlab.server.handling import Route, answered, aside
from mlops_jlab.store import location, opening, scheduling
from mlops_jlab.store.location import Place

_STRIP = 30  # firings that are shown of each schedule
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
        """``path`` of the notebook; ``cron`` and ``tz``, ``every`` or ``data``; ``promote`` and others."""
        body = self.body(
            path=str, name=str, cron=str, tz=str, every=str, data=list, parameters=dict, promote=str,
            approve=bool, pin=bool, catch_up=str, retries=int, alerts=list,
        )  # fmt: skip
        notebook = await self.path_inside(body.pop("path", ""))
        data = [str(self.root / str(path).lstrip("/")) for path in body.pop("data", [])]
        self.answer(await aside(_add, self.place, notebook, data, body))


def _add(place: Place, notebook: Path, data: list[str], body: dict[str, Any]) -> dict[str, Any]:
    given = body.pop("parameters", {})
    every = body.pop("every", "")
    alerts = tuple(map(str, body.pop("alerts", [])))
    wish = Schedule(
        body.pop("name", ""), str(notebook), every=due.parse_duration(every) if every else 0.0,
        on_data=tuple(data), alerts=alerts, **body,
    )  # fmt: skip
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
            "changed": schedules.drifted(schedule),
            "next": [] if schedule.paused else [at.timestamp() for at in coming],
            "gates": [rule for rules in schedules.gates(schedule).values() for rule in rules],
            "firings": [_firing(firing) for firing in past],
        })  # fmt: skip
    return {"schedules": found, "writable": opening.is_writable(place)}


def _firing(firing: Firing) -> dict[str, Any]:
    return {
        "due": firing.due, "cause": firing.cause, "status": firing.status, "attempt": firing.attempt,
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
