"""Routes of pipelines: what a notebook means, running it in the background, stopping it, exporting it."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.engine.folder import logs
from mlops_jlab.engine.folder.state import RunFolder
from mlops_jlab.engine.proof.debug import open_step
from mlops_jlab.engine.sweeps import search, sweep
from mlops_jlab.entities.graphs import Graph
from mlops_jlab.entities.parameters import resolve
from mlops_jlab.entities.runs import RunStatus
from mlops_jlab.entities.schedules import Story
from mlops_jlab.errors import InputError
from mlops_jlab.notebook import reading as notebooks
from mlops_jlab.notebook import suggesting
from mlops_jlab.pipeline import describing, export, planning
from mlops_jlab.processes.specs import check_kernel
from mlops_jlab.server import apart, several, standing, starting
from mlops_jlab.server.handling import Route, answered, apart_from_the_end, aside
from mlops_jlab.store import opening, reading, scheduling
from mlops_jlab.store.location import Place
from mlops_jlab.store.processes import is_alive
from mlops_jlab.tracking import lifecycle
from mlops_jlab.tracking.provenance import kept


class CheckRoute(Route):
    """``POST pipelines/check``: what a notebook means as it is in the editor, and what is wrong with it."""

    @web.authenticated
    @authorized
    @answered
    async def post(self) -> None:
        """``path``, and ``content``: the notebook as JSON, without which the file is read.

        A file that names several notebooks is one graph of all of them, as they are saved.
        """
        content = self.body(path=str, content=dict)
        notebook = await self.door.place(content.get("path", "notebook.ipynb"))
        if "content" not in content:
            notebook = await self.door.file(content.get("path", "notebook.ipynb"))
            if planning.is_several(notebook):
                whole = await several.read(self.door, self.root, notebook)
                self.answer(await apart_from_the_end(several.describe, whole, self.root))
                return
        self.answer(await apart_from_the_end(_check, notebook, content))


def _check(path: Path, content: dict[str, Any]) -> dict[str, Any]:
    if "content" in content:
        graph = export.graph_of_notebook(*notebooks.from_node(content["content"], path, ""))
    else:
        graph = export.graph_of(path)
    return describing.describe(graph) | {"notebook": content.get("path", "")}


class SuggestRoute(Route):
    """``POST pipelines/suggest``: which tags cells would get, to be looked at before anything changes."""

    @web.authenticated
    @authorized
    @answered
    async def post(self) -> None:
        """``content``: the notebook as JSON; ``source``: headings, cells or kale."""
        content = self.body(content=dict, source=str)
        self.answer({"cells": await aside(_suggest, content)})


def _suggest(content: dict[str, Any]) -> list[dict[str, Any]]:
    notebook, _findings = notebooks.from_node(content.get("content", {}), Path("notebook.ipynb"), "")
    found = suggesting.suggest(notebook, content.get("source", "headings"))
    return [{"cell": index + 1, "tags": list(tags)} for index, tags in sorted(found.items())]


class LastRoute(Route):
    """``GET pipelines/last``: the newest run of a notebook's pipeline, with its steps."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """``path``: the notebook, or a file that names several. Without a run, ``run`` is null."""
        notebook = await self.door.file(self.get_argument("path"))
        self.answer(await aside(standing.last, self.place, notebook))


class RunOfPipelineRoute(Route):
    """``GET pipelines/RUN``: one run of a pipeline, with its steps."""

    @web.authenticated
    @authorized
    @answered
    async def get(self, run_id: str) -> None:
        """No arguments."""
        self.answer(await aside(standing.one, self.place, run_id))


class GraphRoute(Route):
    """``GET pipelines/RUN/graph``: what the notebook meant when the run began."""

    @web.authenticated
    @authorized
    @answered
    async def get(self, run_id: str) -> None:
        """No arguments. 400 where the run has kept no notebook."""
        self.answer(await aside(_graph, self.place, self.root, run_id))


def _graph(place: Place, root: Path, run_id: str) -> dict[str, Any]:
    with opening.reading(place) as connection:
        run = reading.find(connection, run_id)
    if several.is_of_several(run) and (folder := several.folder_of(place, run)):
        return several.below(several.graph_of(folder), root)
    content = kept.notebook(place, run)
    if content is None:
        raise InputError(
            f"run {run.id[:12]} has kept no notebook", hint="it was begun from a pipeline.yaml or a script"
        )
    source = Path(run.source)
    graph = export.graph_of_notebook(*notebooks.from_node(content, source, ""))
    return describing.describe(graph) | {"notebook": source.name}


class ExecuteRoute(Route):
    """``POST pipelines/run``: runs a notebook headless, in a process of its own."""

    @web.authenticated
    @authorized
    @answered
    async def post(self) -> None:
        """``path``, ``parameters``; answers at once with the run's id: it is in the table already."""
        content = self.body(path=str, parameters=dict, resume=str)
        notebook = await self.door.file(content.get("path", ""))
        if planning.is_several(notebook):
            whole = await several.read(self.door, self.root, notebook)
            self.answer(await aside(several.start, self.place, whole, content))
        else:
            self.answer(await aside(_start, self.place, notebook, content))


def _start(place: Place, notebook: Path, content: dict[str, Any]) -> dict[str, Any]:
    if content.get("resume"):
        return resume(place, notebook, content["resume"])
    graph = fit(notebook)
    target = starting.new_run(place, notebook)
    values = target.with_suffix(".json")
    given = resolve(graph.parameters, content.get("parameters", {}), from_text=True)
    values.write_text(json.dumps(given), "utf-8")
    return starting.begin(
        place,
        graph.name,
        notebook,
        target,
        [*starting.running(notebook, target), "--parameters-file", str(values)],
    )


def resume(place: Place, notebook: Path, run_id: str) -> dict[str, Any]:
    """Goes on with a run of the notebook that failed, in its folder.

    If the notebook has changed since, it is a new run with the same parameters: what is finished, and has not
    changed, comes from the cache.
    """
    graph = fit(notebook)
    with opening.reading(place) as connection:
        target = logs.folder_of(place, reading.find(connection, run_id))
    if planning.has_changed(notebook, target):
        return anew(place, graph, notebook, RunFolder(target).load().parameters)
    return starting.begin(
        place, graph.name, notebook, target, [*starting.running(notebook, target), "--resume"]
    )


def anew(
    place: Place, graph: Graph, notebook: Path, given: Mapping[str, object], words: Sequence[str] = ()
) -> dict[str, Any]:
    """Starts a run of the notebook as it is now, with the parameters of an earlier one that it still has."""
    declared = {parameter.name for parameter in graph.parameters}
    kept = {name: value for name, value in given.items() if name in declared}
    target = starting.new_run(place, notebook)
    values = target.with_suffix(".json")
    values.write_text(json.dumps(resolve(graph.parameters, kept)), "utf-8")
    command = [*starting.running(notebook, target), "--parameters-file", str(values), *words]
    return starting.begin(place, graph.name, notebook, target, command)


class SweepRoute(Route):
    """``POST pipelines/sweep``: runs a notebook with many parameters, in a process of its own."""

    @web.authenticated
    @authorized
    @answered
    async def post(self) -> None:
        """``path``, ``values`` by parameter as texts, and what the command line's options say."""
        content = self.body(
            path=str, values=dict, metric=str, search=str, trials=int, minimize=bool, prune=bool, parallel=int
        )
        notebook = await self.door.file(content.get("path", ""))
        self.answer(await aside(_sweep, self.place, notebook, content))


def _sweep(place: Place, notebook: Path, content: dict[str, Any]) -> dict[str, Any]:
    graph = fit(notebook)
    given, wish = wish_of(content)
    sweep.choose(graph.parameters, search.space_of(graph.parameters, given), wish)
    target = starting.new_run(place, notebook)
    values = target.with_suffix(".json")
    values.write_text(json.dumps(given), "utf-8")
    words = ["sweep", str(notebook), "--parameters-file", str(values), "--search", wish.kind]
    words += ["--trials", str(wish.trials)] if wish.trials else []
    words += ["--metric", wish.metric] if wish.metric else []
    words += ["--parallel", str(wish.parallel)] if wish.parallel > 1 else []
    words += ["--minimize"] * wish.minimize + ["--prune"] * wish.prune
    return starting.begin(place, graph.name, notebook, target, words)


def wish_of(content: dict[str, Any]) -> tuple[dict[str, Any], search.Wish]:
    """What a body says of a sweep: what varies, and how trials are chosen."""
    given = {name: text for name, text in content.get("values", {}).items() if str(text).strip()}
    wish = search.Wish(
        content.get("search", ""), content.get("trials"), metric=content.get("metric", ""),
        minimize=content.get("minimize", False), prune=content.get("prune", False),
        parallel=content.get("parallel", 1),
    )  # fmt: skip
    return given, wish


def fit(notebook: Path) -> Graph:
    """The graph of a notebook that can be run here."""
    graph = export.graph_of(notebook)
    if graph.errors:
        raise export.UnfitNotebook(graph)
    check_kernel(graph.notebook.kernel)
    return graph


class CancelRoute(Route):
    """``POST pipelines/RUN/cancel``: asks the process of a run to stop."""

    @web.authenticated
    @authorized
    @answered
    async def post(self, run_id: str) -> None:
        """Answers when the process was told."""
        await aside(_cancel, self.place, run_id)
        self.answer({})


def _cancel(place: Place, run_id: str) -> None:
    with opening.reading(place) as connection:
        run = reading.find(connection, run_id)
    if run.status is RunStatus.PENDING:
        apart.cancel(run.id)
        return
    if (
        run.kind not in ("pipeline", "sweep")
        or run.status.is_over
        or run.owner is None
        or not is_alive(run.owner)
    ):
        raise InputError(f"run {run.id[:12]} is not a pipeline that runs on this machine")
    with opening.writing(place) as connection:  # else the next worker would go on with a scheduled one
        scheduling.cancel_run(
            connection, run.id, Story("run", "failed", f"cancelled by {lifecycle.who()}", time.time())
        )
    os.kill(run.owner.pid, signal.SIGTERM)


class DebugRoute(Route):
    """``POST pipelines/RUN/debug``: writes the step that failed as a notebook with its inputs loaded."""

    @web.authenticated
    @authorized
    @answered
    async def post(self, run_id: str) -> None:
        """``step``: another step. Answers with the notebook's path and the id of the failing cell."""
        step = self.body(step=str).get("step", "")
        self.answer(await aside(_debug, self.place, self.root, run_id, step))


def _debug(place: Place, root: Path, run_id: str, step: str) -> dict[str, str]:
    with opening.reading(place) as connection:
        run = reading.find(connection, run_id)
    if several.is_of_several(run):
        run, step = several.part_of(place, run, step)
    folder = logs.folder_of(place, run)
    beside = Path(os.path.realpath(Path(run.source).parent))
    opened = open_step(folder, step, beside if beside.is_relative_to(root) and beside.is_dir() else root)
    return {"path": opened.path.relative_to(root).as_posix(), "step": opened.step, "cell": opened.cell}


class ExportRoute(Route):
    """``POST pipelines/export``: writes the pipeline to ``pipelines/NAME`` beside the notebook."""

    @web.authenticated
    @authorized
    @answered
    async def post(self) -> None:
        """``path``; answers with the folder, below the server's root."""
        notebook = await self.door.file(self.body(path=str).get("path", ""))
        self.answer({"folder": await aside(_export, self.root, notebook)})


def _export(root: Path, notebook: Path) -> str:
    graph = export.graph_of(notebook)
    target = notebook.parent / "pipelines" / graph.name
    export.export(graph, target)
    return target.relative_to(root).as_posix()
