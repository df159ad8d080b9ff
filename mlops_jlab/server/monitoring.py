"""Routes of watched models: their windows over time, and one column of a window beside the reference."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.entities.models import check_model_name
from mlops_jlab.monitoring import history
from mlops_jlab.monitoring.history import Window
from mlops_jlab.registry import timeline, versions
from mlops_jlab.retraining import schedules
from mlops_jlab.server.handling import Route, answered, aside, whole
from mlops_jlab.server.looks import LONGEST, MOST, plain_bins, plain_column, plain_drift, shortened
from mlops_jlab.server.modelhistory import notebook_of
from mlops_jlab.server.schedules import plain_firing
from mlops_jlab.serving import courses, pulse
from mlops_jlab.serving.pulse import Beat, Service
from mlops_jlab.store import opening, scheduling
from mlops_jlab.store.location import Place

_FIRINGS = 20  # of each schedule


class MonitoringRoute(Route):
    """``GET monitoring``: the models that are watched, each with its newest window."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """No arguments."""
        self.answer(await aside(_watched, self.place))


def _watched(place: Place) -> dict[str, Any]:
    return {
        "models": [
            {
                "name": row.model, "at": row.at, "rows": row.rows, "drifted": list(row.drifted)[:MOST],
                "action": row.action, "why": shortened(row.why),
            }
            for row in history.watched(place)
        ]
    }  # fmt: skip


class MonitoringHistoryRoute(Route):
    """``GET monitoring/history``: one model, its windows, and what the policy made of them."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """``name``: the model; ``windows``: the last so many."""
        most = whole(self.get_argument("windows", "60"), 1, history.MOST)
        self.answer(await aside(_history, self.place, self.root, self.get_argument("name"), most))


def _history(place: Place, root: Path, name: str, most: int) -> dict[str, Any]:
    known = versions.all_versions(place, check_model_name(name))
    has_reference = history.check_reference(place, name)
    found = history.history(place, name, time.time(), most)
    columns = history.order_of(found.windows)
    shown = columns[:MOST]
    return {
        "name": name,
        "versions": [
            {"version": one.version, "aliases": list(one.aliases), "created": one.created} for one in known
        ],
        "notebook": notebook_of(place, known, root), "has_reference": has_reference, "columns": shown,
        "left_out": len(columns) - len(shown),
        "windows": [_window(window, shown) for window in found.windows],
        "policy": asdict(found.policy), "standing": asdict(found.standing),
        "moves": [asdict(move) for move in timeline.moves(place, name)],
        "schedules": _schedules(place, name), "writable": opening.is_writable(place),
    }  # fmt: skip


def _window(window: Window, columns: list[str]) -> dict[str, Any]:
    row = window.row
    return {
        "id": row.id, "at": row.at, "version": row.version, "run": row.run, "rows": row.rows,
        "source": row.source[-LONGEST:], "action": row.action, "why": shortened(row.why),
        "drifted": list(row.drifted)[:MOST], "kept": bool(window.columns),
        "loss": None if window.loss is None else asdict(window.loss),
        "cells": [
            plain_drift(window.columns[name]) if name in window.columns else None for name in columns
        ],
    }  # fmt: skip


def _schedules(place: Place, model: str) -> list[dict[str, Any]]:
    """The schedules that take up a retraining, with their last firings."""
    found = [one for one in schedules.all_schedules(place) if one.on_drift == model]
    answer = []
    for schedule in found:
        with opening.reading(place) as connection:
            past = scheduling.firings(connection, schedule.id, _FIRINGS)
        answer.append({
            "name": schedule.name, "paused": schedule.paused,
            "firings": [plain_firing(firing) for firing in past],
        })  # fmt: skip
    return answer


class MonitoringServicesRoute(Route):
    """``GET monitoring/services``: who serves a model, and how that goes, from what services write down."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """``name``: the model; ``span``: the last so many seconds."""
        span = whole(self.get_argument("span", "1800"), 60, int(pulse.KEPT))
        name = check_model_name(self.get_argument("name"))
        self.answer({"services": await aside(_services, self.place, name, span)})


def _services(place: Place, name: str, span: int) -> list[dict[str, Any]]:
    return [_service(one, span) for one in pulse.services(place, name)]


def _service(service: Service, span: int) -> dict[str, Any]:
    begun, last = service.begun, service.beats[-1] if service.beats else Beat(service.begun.begun)
    now = courses.newest(service.beats)
    trial = None
    if begun.trial:
        trial = {
            "kind": begun.trial, "candidate": begun.candidate, "share": begun.share, "on": last.on,
            "events": last.events, "standing": last.standing,
        }  # fmt: skip
    return {
        "id": service.id, "address": begun.address, "url": begun.url[:LONGEST], "processes": begun.processes,
        "begun": begun.begun, "at": last.at, "running": service.running, "log": begun.log[-LONGEST:],
        "version": last.version, "behind": last.behind, "memory": last.memory, "lost": last.lost,
        "requests": last.ok + last.refused + last.failed, "rows": last.rows,
        "now": None if now is None else asdict(now),
        "course": [asdict(point) for point in courses.course(service.beats, span)], "trial": trial,
    }  # fmt: skip


class MonitoringColumnRoute(Route):
    """``GET monitoring/column``: one column of a window, in the same bins as in the reference."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """``name``: the model; ``window``: its number; ``column``."""
        window = whole(self.get_argument("window"), 1, 1 << 53)
        name = check_model_name(self.get_argument("name"))
        self.answer(await aside(_column, self.place, name, window, self.get_argument("column")))


def _column(place: Place, model: str, window: int, name: str) -> dict[str, Any]:
    found = history.column(place, model, window, name)
    return {
        "reference": plain_column(found.reference),
        "current": None if found.current is None else plain_column(found.current),
        "bins": plain_bins(found.bins, found.reference.kind),
        "found": [plain_drift(one) for one in found.found], "psi": found.psi,
    }  # fmt: skip
