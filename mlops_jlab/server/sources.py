"""Routes of what a run was made of: its cells, its notebook as it was; and the example to begin with."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import ensure_async
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.entities.runs import Run
from mlops_jlab.errors import InputError, unwritten
from mlops_jlab.files import write_whole
from mlops_jlab.server import apart
from mlops_jlab.server.handling import Route, answered, aside
from mlops_jlab.store import opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.tracking.provenance import kept

EXAMPLE = "mlops-jlab-example.ipynb"
_ORIGINAL = "01-tumour-triage.ipynb"  # in a checkout; a wheel has it beside this file


class CodeRoute(Route):
    """``GET runs/ID/code``: the cells that a run executed, as they were."""

    @web.authenticated
    @authorized
    @answered
    async def get(self, run_id: str) -> None:
        """Sources of cells in their order; a run without any answers with none."""
        self.answer({"cells": await aside(_code, self.place, run_id)})


def _code(place: Place, run_id: str) -> list[str]:
    with opening.reading(place) as connection:
        return kept.code(place, reading.find(connection, run_id))


class NotebookRoute(Route):
    """``POST runs/ID/notebook``: writes the notebook as it was when the run began, as a file of its own."""

    @web.authenticated
    @authorized
    @answered
    async def post(self, run_id: str) -> None:
        """Answers with the path of the copy, below the server's root."""
        content, name, folder = await aside(_notebook, self.place, run_id, self.root)
        path = f"{folder}/{name}".lstrip("/")
        await ensure_async(self.contents_manager.save({"type": "notebook", "content": content}, path))
        self.answer({"path": path})


def _notebook(place: Place, run_id: str, root: Path) -> tuple[dict[str, Any], str, str]:
    with opening.reading(place) as connection:
        run = reading.find(connection, run_id)
        while run.facts.get("notebook") is None and run.parent:
            run = reading.find(connection, run.parent)
    content = _kept(place, run)
    source = Path(run.source)
    beside = Path(os.path.realpath(source.parent))
    inside = beside.is_relative_to(root) and beside.is_dir()
    folder = beside.relative_to(root).as_posix() if inside else ""
    return content, f"{source.stem}-run-{run.id[:8]}.ipynb", "" if folder == "." else folder


def _kept(place: Place, run: Run) -> dict[str, Any]:
    found = kept.notebook(place, run)
    if found is None:
        raise InputError(
            f"run {run.id[:12]} has kept no notebook",
            hint="it was started from a script, or the notebook was never saved",
        )
    return found


class ReproduceRoute(Route):
    """``POST runs/ID/reproduce``: repeats a run in a folder of its own, in a process of its own."""

    @web.authenticated
    @authorized
    @answered
    async def post(self, run_id: str) -> None:
        """Answers at once with the path of the file that tells how it goes, below the server's root."""
        log = await aside(_reproduce, self.place, run_id, self.root)
        self.answer({"path": log.relative_to(self.root).as_posix()})


def _reproduce(place: Place, run_id: str, root: Path) -> Path:
    with opening.reading(place) as connection:
        run = reading.find(connection, run_id)
    if "digest" not in kept.origin(run):
        raise InputError(f"run {run.id[:12]} has kept no notebook or script", hint="reproduce its parent")
    stamp = f"{datetime.now():%Y%m%d-%H%M%S}"  # for people
    target = root / "reproduced" / f"{run.id[:8]}-{stamp}"
    target.parent.mkdir(exist_ok=True)
    log = target.with_suffix(".txt")
    apart.leave_alone(apart.start(place, ["reproduce", run.id, "--output", str(target)], log, root))
    return log


class ExampleRoute(Route):
    """``POST example``: puts the example notebook into the server's root, unless it is there."""

    @web.authenticated
    @authorized
    @answered
    async def post(self) -> None:
        """Answers with the notebook's path."""
        await aside(_put_example, self.root)
        self.answer({"path": EXAMPLE})


def _put_example(root: Path) -> None:
    target = root / EXAMPLE
    if not target.exists():
        here = Path(__file__)
        installed = here.with_name(EXAMPLE)
        try:
            source = installed if installed.exists() else here.parents[2] / "notebooks" / _ORIGINAL
            write_whole(target, source.read_bytes())
        except OSError as error:
            raise unwritten(target, error, InputError) from error
