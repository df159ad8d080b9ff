"""Routes of sweeps: their trials, which parameters matter, what one would take, and new defaults."""

from __future__ import annotations

import math
import os
import statistics
from functools import lru_cache
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.engine.sweeps import outcome, search, study, sweep
from mlops_jlab.entities.runs import Run
from mlops_jlab.errors import InputError
from mlops_jlab.notebook import defaults
from mlops_jlab.notebook import reading as notebooks
from mlops_jlab.pipeline import export
from mlops_jlab.server.handling import Route, answered, apart_from_the_end, aside
from mlops_jlab.server.pipelines import wish_of
from mlops_jlab.server.runs import short
from mlops_jlab.store import filters, opening, reading
from mlops_jlab.store.location import Place

_MOST = 500  # trials from which importance is computed; the newest
_RUNS = 5  # of a notebook, from which the time of a trial and its metrics are known


class SweepOutcomeRoute(Route):
    """``GET sweeps/RUN``: what varies, all trials, and the best of them."""

    @web.authenticated
    @authorized
    @answered
    async def get(self, run_id: str) -> None:
        """No arguments. 400 for a run that is no sweep."""
        self.answer(await aside(_outcome, self.place, run_id, self.root))


def _found(place: Place, run_id: str) -> outcome.Outcome:
    with opening.reading(place) as connection:
        run = reading.find(connection, run_id)
    if run.kind != "sweep":
        raise InputError(f"run {run.id[:12]} is not a sweep", hint="ask for it as runs/ID")
    return outcome.outcome(place, run)


def _outcome(place: Place, run_id: str, root: Path) -> dict[str, Any]:
    found = _found(place, run_id)
    best = found.best()
    source = Path(os.path.realpath(found.run.source))
    return {
        "run": short(found.run), "names": list(found.names), "logarithmic": list(found.logarithmic),
        "metric": found.metric, "minimize": found.minimize, "search": found.search, "planned": found.planned,
        "path": source.relative_to(root).as_posix() if source.is_relative_to(root) else "",
        "best": best.number if best else 0,
        "defaults": _defaults(source),
        "trials": [
            {
                "number": trial.number, "run": trial.run.id, "name": trial.run.name,
                "status": str(trial.run.status), "reason": trial.run.reason[:500], "pruned": trial.pruned,
                "seconds": trial.run.duration, "parameters": dict(trial.parameters),
                "metrics": {name: value for name, value in trial.metrics.items() if math.isfinite(value)},
            }
            for trial in found.trials
        ],
    }  # fmt: skip


def _defaults(source: Path) -> dict[str, str]:
    """What the notebook's parameters are now; nothing where it cannot be read."""
    try:
        return _read_defaults(source, source.stat().st_mtime_ns)
    except (OSError, ValueError, InputError):
        return {}


@lru_cache(64)
def _read_defaults(source: Path, _stamp: int) -> dict[str, str]:
    return {parameter.name: str(parameter.default) for parameter in export.graph_of(source).parameters}


class ImportanceRoute(Route):
    """``GET sweeps/RUN/importance``: how much of a metric's variation each parameter explains."""

    @web.authenticated
    @authorized
    @answered
    async def get(self, run_id: str) -> None:
        """``metric``: another than the one that was to become best."""
        metric = self.get_argument("metric", "")
        self.answer(await apart_from_the_end(_importance, self.place, run_id, metric))


def _importance(place: Place, run_id: str, metric: str) -> dict[str, Any]:
    found = _found(place, run_id)
    name = metric or found.metric
    told = [
        (tuple(trial.parameters.items()), trial.metrics[name]) for trial in found.trials if trial.has(name)
    ]
    shares = _shares(tuple(told[-_MOST:]), tuple(found.logarithmic))
    return {"shares": [{"name": key, "share": share} for key, share in shares], "trials": len(told)}


@lru_cache(32)
def _shares(
    told: tuple[tuple[tuple[tuple[str, float | str], ...], float], ...], logarithmic: tuple[str, ...]
) -> tuple[tuple[str, float], ...]:
    found = study.importances([(dict(given), value) for given, value in told], logarithmic)
    return tuple(found.items())


class SweepPreviewRoute(Route):
    """``POST sweeps/preview``: how many trials a sweep would have, and about how long it would take."""

    @web.authenticated
    @authorized
    @answered
    async def post(self) -> None:
        """As ``POST pipelines/sweep``. Nothing is started."""
        content = self.body(
            path=str, values=dict, metric=str, search=str, trials=int, minimize=bool, prune=bool, parallel=int
        )
        notebook = await self.door.file(content.get("path", ""))
        self.answer(await apart_from_the_end(_preview, self.place, notebook, content))


def _preview(place: Place, notebook: Path, content: dict[str, Any]) -> dict[str, Any]:
    graph = export.graph_of(notebook)
    if graph.errors:
        raise export.UnfitNotebook(graph)
    runs, metrics = _recent(place, notebook)
    each = statistics.median([run.duration for run in runs if run.duration]) if runs else None
    given, wish = wish_of(content)
    answer: dict[str, Any] = {"metrics": metrics, "each": each, "trials": 0, "problem": "", "hint": ""}
    try:
        space = search.space_of(graph.parameters, given)
        _search, answer["trials"] = sweep.choose(graph.parameters, space, wish)
    except InputError as error:  # what is known of the notebook is told beside it
        answer |= {"problem": error.message, "hint": error.hint}
    return answer


def _recent(place: Place, notebook: Path) -> tuple[list[Run], list[str]]:
    """The last finished runs of a notebook, and the metrics that their steps have logged."""
    if not opening.exists(place):
        return [], []
    words = "r.kind = 'pipeline' AND r.status = 'finished' AND r.source = ?"
    condition = filters.Condition(words, (str(notebook),))
    with opening.reading(place) as connection:
        runs = reading.page(connection, reading.Query(condition, limit=_RUNS, longest=1)).runs
        steps = [step for run in runs for step in reading.children(connection, run, 1)]
    found = dict.fromkeys(name for step in steps for name in step.metrics)
    return [run for run in runs if run.duration], list(found)


class DefaultsRoute(Route):
    """``POST pipelines/defaults``: the parameters cell with other values; nothing is written."""

    @web.authenticated
    @authorized
    @answered
    async def post(self) -> None:
        """``content``: the notebook as JSON; ``values``: texts by parameter. Cells are counted from 1."""
        body = self.body(content=dict, values=dict)
        self.answer({"cells": await aside(_rewritten, body.get("content", {}), body.get("values", {}))})


def _rewritten(content: dict[str, Any], values: dict[str, Any]) -> list[dict[str, Any]]:
    notebook, _findings = notebooks.from_node(content, Path("notebook.ipynb"), "")
    found = defaults.with_defaults(notebook, {name: str(text) for name, text in values.items()})
    return [{"cell": index + 1, "source": source} for index, source in sorted(found.items())]
