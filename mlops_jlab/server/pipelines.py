"""Routes of pipelines: what a notebook means, running it in the background, stopping it, exporting it."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.errors import InputError
from mlops_jlab.notebook import reading as notebooks
from mlops_jlab.pipeline import describing, export
from mlops_jlab.server.handling import Route, answered, aside
from mlops_jlab.store import location, opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.store.processes import is_alive


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
    graph = export.graph_of(notebook)
    if graph.errors:
        raise export.UnfitNotebook(graph)
    location.make(place)
    resumed = content.get("resume", "")
    stamp = f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"  # for people
    target = place.root / "runs" / notebook.stem / stamp
    if resumed:
        target = _folder_of(place, resumed)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    values = place.root / "runs" / notebook.stem / f"{target.name}.json"
    values.write_text(json.dumps(content.get("parameters", {})), "utf-8")
    command = [sys.executable, "-m", "mlops_jlab", "run", str(notebook), "--output", str(target)]
    command += ["--resume"] if resumed else ["--parameters-file", str(values)]
    log = target.with_suffix(".log").open("ab")
    with log:  # the process outlives the server, and is found again through the run table
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            cwd=notebook.parent, env={**os.environ, location.VARIABLE: str(place.root)},
        )  # fmt: skip
    return {"folder": target.name, "pipeline": graph.name, "log": str(target.with_suffix(".log").name)}


def _folder_of(place: Place, run_id: str) -> Path:
    with opening.reading(place) as connection:
        run = reading.find(connection, run_id)
    folder = Path(run.tags.get("folder", ""))
    if not folder.is_relative_to(place.root / "runs") or not (folder / "run.json").is_file():
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
    if run.kind != "pipeline" or run.status.is_over or run.owner is None or not is_alive(run.owner):
        raise InputError(f"run {run.id[:12]} is no pipeline that runs on this machine")
    os.kill(run.owner.pid, signal.SIGTERM)


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
