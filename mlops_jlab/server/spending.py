"""What runs cost, as lists and pages show it; and the route of where a run comes from."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.costs import prices, reckoning
from mlops_jlab.costs.prices import Prices
from mlops_jlab.errors import InputError
from mlops_jlab.lineage import tracing
from mlops_jlab.server.handling import Route, answered, aside
from mlops_jlab.store import used
from mlops_jlab.store.location import Place

if TYPE_CHECKING:
    import sqlite3


def costs(
    place: Place, connection: sqlite3.Connection, ids: Sequence[str]
) -> dict[str, dict[str, Any] | None]:
    """The cost of each run with its parts; nothing of one that is a part of another one's process."""
    try:
        table = prices.read(place)
    except InputError:  # mlops-jlab cost says what is wrong with them; a list of runs is a list
        table = Prices()
    found = reckoning.of_runs(used.rows(connection, time.time(), ids), table, ids)
    return {run: _plain(found[run], table) if run in found else None for run in ids}


def _plain(cost: reckoning.RunCost, table: Prices) -> dict[str, Any]:
    return {
        "money": cost.total.money, "currency": table.currency, "cpu_seconds": cost.total.cpu_hours * 3600,
        "gpu_seconds": cost.total.gpu_hours * 3600, "peak_memory": cost.total.peak_memory,
        "saved_money": cost.saved.money, "saved_cpu_seconds": cost.saved.cpu_hours * 3600,
    }  # fmt: skip


class LineageRoute(Route):
    """``GET runs/ID/lineage``: what a run came of, and what came of it."""

    @web.authenticated
    @authorized
    @answered
    async def get(self, run_id: str) -> None:
        """No arguments."""
        self.answer(await aside(_lineage, self.place, run_id))


def _lineage(place: Place, run_id: str) -> dict[str, Any]:
    found = tracing.of_run(place, run_id).as_json()
    for node in found["nodes"]:
        node["about"] = {key: node["about"][key] for key in _SHOWN if key in node["about"]}
    return found


_SHOWN = ("id", "status", "path", "digest", "hash", "commit", "dirty", "aliases", "source", "kind", "version")
