"""Routes of pipelines: what a notebook means, running it in the background, stopping it, exporting it."""

from __future__ import annotations

import json
import os
import secrets
import signal
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.engine import searching, sweeping
from mlops_jlab.engine.debugging import open_step
from mlops_jlab.entities.graphs import Graph
from mlops_jlab.entities.parameters import resolve
from mlops_jlab.entities.runs import RunStatus
from mlops_jlab.errors import HandoffError, InputError
from mlops_jlab.handoff.records import read_record
from mlops_jlab.kernels.specs import check_kernel
from mlops_jlab.notebook import outputs, suggesting
from mlops_jlab.notebook import reading as notebooks
from mlops_jlab.pipeline import describing, export
from mlops_jlab.server.handling import Route, answered, aside, start_apart
from mlops_jlab.server.runs import short
from mlops_jlab.store import filters, location, opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.store.processes import is_alive

_LONGEST_LOG = 64_000  # characters


class CheckRoute(Route):
    """``POST pipelines/check``: the graph and the findings of a notebook as it is in the editor."""

    @web.authenticated
    @authorized
    @answered
    async def post(self) -> None:
        """``path``, and ``content``: the notebook as JSON, without which the file is read."""
        content = self.body(path=str, content=dict)
        self.answer(await aside(_check, self.root, content))


def _check(root: Path, content: dict[str, Any]) -> dict[str, Any]:
    path = root / str(content.get("path", "notebook.ipynb")).lstrip("/")
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
        """``path``: the notebook. Without a run, ``run`` is null."""
        notebook = await self.path_inside(self.get_argument("path"))
        self.answer(await aside(_last, self.place, notebook))


def _last(place: Place, notebook: Path) -> dict[str, Any]:
    nothing: dict[str, Any] = {"run": None, "steps": [], "resumable": False, "failed": False}
    if not opening.exists(place):
        return nothing
    condition = filters.Condition("r.kind = 'pipeline' AND r.source = ?", (str(notebook),))
    with opening.reading(place) as connection:
        found = reading.page(connection, reading.Query(condition, limit=1)).runs
        if not found:
            return nothing
        children = reading.children(connection, found[0])
    folder = Path(found[0].tags.get("folder", ""))
    newest = {child.name: child for child in children}
    steps = [
        {"name": child.name, "run": child.id, "status": str(child.status), "started": child.started,
         "duration": child.duration, "reason": child.reason[:500], "values": _values_of(folder, name),
         "cached": "cached" in child.tags, "skipped": child.tags.get("skipped", "")}
        for name, child in newest.items()
    ]  # fmt: skip
    stopped = found[0].status in (RunStatus.FAILED, RunStatus.KILLED)
    return {
        "run": short(found[0]), "steps": steps,
        "resumable": stopped and _is_ours(place, folder),
        "failed": any(child.status is RunStatus.FAILED for child in newest.values()),
    }  # fmt: skip


def _values_of(folder: Path, step: str) -> dict[str, str]:
    """The values that a step handed on, each with its type and size in words."""
    for path in (folder / "handoff" / "steps").glob(f"*-{step}.json"):
        with suppress(HandoffError):
            return {
                name: written.about for name, written in read_record(path).writes.items() if name[:1] != "~"
            }
    return {}


class LogRoute(Route):
    """``GET pipelines/RUN/log``: what a step has printed so far, or what its run said."""

    @web.authenticated
    @authorized
    @answered
    async def get(self, run_id: str) -> None:
        """``step``: without one, the messages of the run itself."""
        self.answer({"text": await aside(_log, self.place, run_id, self.get_argument("step", ""))})


def _log(place: Place, run_id: str, step: str) -> str:
    with opening.reading(place) as connection:
        run = reading.find(connection, run_id)
        known = {child.name for child in reading.children(connection, run)}
    folder = Path(run.tags.get("folder", ""))
    if not _is_ours(place, folder):
        raise InputError(
            f"run {run.id[:12]} has no folder in this store", hint="its report may be an artifact"
        )
    if not step:
        return _end_of(folder.with_suffix(".log"))
    if step not in known:
        raise InputError(f"run {run.id[:12]} has not begun a step {step[:80]!r}")
    executed = folder / "executed" / f"{step}.ipynb"
    printed = outputs.text_of(executed) if executed.is_file() else ""
    return (printed + _end_of(executed.with_suffix(".log")))[-_LONGEST_LOG:]


def _end_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LONGEST_LOG))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _is_ours(place: Place, folder: Path) -> bool:
    return folder.is_relative_to(place.root / "runs") and (folder / "run.json").is_file()


class ExecuteRoute(Route):
    """``POST pipelines/run``: runs a notebook headless, in a process of its own."""

    @web.authenticated
    @authorized
    @answered
    async def post(self) -> None:
        """``path``, ``parameters``; answers at once with the run's folder."""
        content = self.body(path=str, parameters=dict, resume=str)
        notebook = await self.path_inside(content.get("path", ""))
        self.answer(await aside(_start, self.place, notebook, content))


def _start(place: Place, notebook: Path, content: dict[str, Any]) -> dict[str, Any]:
    graph = _fit(notebook)
    resumed = content.get("resume", "")
    target = _new_run(place, notebook)
    values = target.with_suffix(".json")
    given = resolve(graph.parameters, content.get("parameters", {}), from_text=True)
    values.write_text(json.dumps(given), "utf-8")
    if resumed:
        target = _folder_of(place, resumed)
    words = ["run", str(notebook), "--output", str(target), "--keep-warm", "10"]
    words += ["--resume"] if resumed else ["--parameters-file", str(values)]
    start_apart(place, words, target.with_suffix(".log"), notebook.parent)
    return {"folder": target.name, "pipeline": graph.name, "log": str(target.with_suffix(".log").name)}


class SweepRoute(Route):
    """``POST pipelines/sweep``: runs a notebook with many parameters, in a process of its own."""

    @web.authenticated
    @authorized
    @answered
    async def post(self) -> None:
        """``path``, ``values`` by parameter as texts, and what the command line's options say."""
        content = self.body(
            path=str, values=dict, metric=str, search=str, trials=int, minimize=bool, prune=bool
        )
        notebook = await self.path_inside(content.get("path", ""))
        self.answer(await aside(_sweep, self.place, notebook, content))


def _sweep(place: Place, notebook: Path, content: dict[str, Any]) -> dict[str, Any]:
    graph = _fit(notebook)
    given = {name: text for name, text in content.get("values", {}).items() if str(text).strip()}
    wish = searching.Wish(
        content.get("search", ""), content.get("trials"), metric=content.get("metric", ""),
        minimize=content.get("minimize", False), prune=content.get("prune", False),
    )  # fmt: skip
    sweeping.choose(graph.parameters, searching.space_of(graph.parameters, given), wish)
    target = _new_run(place, notebook)
    values = target.with_suffix(".json")
    values.write_text(json.dumps(given), "utf-8")
    words = ["sweep", str(notebook), "--parameters-file", str(values), "--search", wish.kind]
    words += ["--trials", str(wish.trials)] if wish.trials else []
    words += ["--metric", wish.metric] if wish.metric else []
    words += ["--minimize"] * wish.minimize + ["--prune"] * wish.prune
    start_apart(place, words, target.with_suffix(".log"), notebook.parent)
    return {"folder": target.name, "pipeline": graph.name, "log": target.with_suffix(".log").name}


def _fit(notebook: Path) -> Graph:
    """The graph of a notebook that can be run here."""
    graph = export.graph_of(notebook)
    if graph.errors:
        raise export.UnfitNotebook(graph)
    check_kernel(graph.notebook.kernel)
    return graph


def _new_run(place: Place, notebook: Path) -> Path:
    """Where a run's folder will lie, with its log and parameters beside it."""
    location.make(place)
    stamp = f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"  # for people
    target = place.root / "runs" / notebook.stem / stamp
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return target


def _folder_of(place: Place, run_id: str) -> Path:
    with opening.reading(place) as connection:
        run = reading.find(connection, run_id)
    folder = Path(run.tags.get("folder", ""))
    if not _is_ours(place, folder):
        raise InputError(f"run {run.id[:12]} has no folder that could be resumed")
    return folder


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
    if (
        run.kind not in ("pipeline", "sweep")
        or run.status.is_over
        or run.owner is None
        or not is_alive(run.owner)
    ):
        raise InputError(f"run {run.id[:12]} is no pipeline that runs on this machine")
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
    folder = Path(run.tags.get("folder", ""))
    if not _is_ours(place, folder):
        raise InputError(f"run {run.id[:12]} has no folder in this store")
    beside = Path(run.source).parent
    opened = open_step(folder, step, beside if beside.is_relative_to(root) and beside.is_dir() else root)
    return {"path": opened.path.relative_to(root).as_posix(), "step": opened.step, "cell": opened.cell}


class ExportRoute(Route):
    """``POST pipelines/export``: writes the pipeline to ``pipelines/NAME`` beside the notebook."""

    @web.authenticated
    @authorized
    @answered
    async def post(self) -> None:
        """``path``; answers with the folder, below the server's root."""
        notebook = await self.path_inside(self.body(path=str).get("path", ""))
        self.answer({"folder": await aside(_export, self.root, notebook)})


def _export(root: Path, notebook: Path) -> str:
    graph = export.graph_of(notebook)
    target = notebook.parent / "pipelines" / graph.name
    export.export(graph, target)
    return target.relative_to(root).as_posix()
