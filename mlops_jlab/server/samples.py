"""The route of what a run and its steps took of the machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.entities.runs import Run, Sample
from mlops_jlab.server.handling import Route, answered, aside
from mlops_jlab.store import opening, reading, sampled
from mlops_jlab.store.location import Place

_MOST = 20_000  # samples of one answer
_POINTS = 600  # samples of one run or step
_SHORT = 200  # characters of a param or tag, which are not told


class SamplesRoute(Route):
    """``GET runs/ID/samples``: the courses of processor, memory and graphics cards."""

    @web.authenticated
    @authorized
    @answered
    async def get(self, run_id: str) -> None:
        """No arguments. Those of the run's own processes, then of each of its steps that has some."""
        self.answer({"parts": await aside(_samples, self.place, run_id)})


def _samples(place: Place, run_id: str) -> list[dict[str, Any]]:
    with opening.reading(place) as connection:
        run = reading.find(connection, run_id, _SHORT)
        runs = [run, *reading.children(connection, run, _SHORT)]
        most = max(2, min(_POINTS, _MOST // len(runs)))
        found = [(one, sampled.samples(connection, one, most)) for one in runs]
    return [_told(one, some) for one, some in found if some]


def _told(run: Run, some: Sequence[Sample]) -> dict[str, Any]:
    return {
        "run": run.id, "name": run.name, "started": run.started,
        "times": [one.at for one in some],
        "cpu": [one.cpu for one in some],
        "memory": [one.memory for one in some],
        "gpu": [one.gpu for one in some],
        "gpu_memory": [one.gpu_memory for one in some],
    }  # fmt: skip
