"""Pipelines of several notebooks, for the routes: what the file means, a run of it, and its runs as one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops_jlab.engine.folder import logs
from mlops_jlab.engine.run import members as running
from mlops_jlab.entities.graphs import Graph
from mlops_jlab.entities.members import Several
from mlops_jlab.entities.runs import Run
from mlops_jlab.errors import InputError
from mlops_jlab.pipeline import members, planning, together
from mlops_jlab.processes.specs import check_kernel
from mlops_jlab.server import starting
from mlops_jlab.server.paths import Door
from mlops_jlab.store import opening, reading
from mlops_jlab.store.location import Place


async def read(door: Door, root: Path, path: Path) -> Several:
    """The pipeline that a file names, each notebook of which lies below the server's root.

    Raises:
        InputError: it names no pipeline that could run, or one leads outside.
        NotFound: there is no such notebook, or it is hidden.
    """
    several = members.read(path)
    for member in several.members:
        found = await door.file(_below(root, member.path))
        if not found.samefile(member.path):
            raise InputError(f"{path.name}: {member.path.name} is not the file that it names")
    return several


def _below(root: Path, notebook: Path) -> str:
    """A notebook's path as the door takes it, without the dots that the file may have in it."""
    relative = os.path.relpath(os.path.normpath(notebook), root)
    if relative.startswith(".."):
        raise InputError(f"{notebook.name} leads outside the server's root", hint="move it below the root")
    return Path(relative).as_posix()


def describe(several: Several, root: Path) -> dict[str, Any]:
    """The graph of all notebooks, and where each of them is below the server's root."""
    return below(together.describe(several, members.graphs_of(several)), root)


def below(told: dict[str, Any], root: Path) -> dict[str, Any]:
    """The same with paths below the server's root; one that lies elsewhere is told by its name."""
    notebooks = [{**one, "notebook": _shown(root, one["notebook"])} for one in told["notebooks"]]
    return told | {"notebooks": notebooks, "notebook": _shown(root, told["notebook"])}


def _shown(root: Path, path: str) -> str:
    try:
        return _below(root, Path(path))
    except InputError:
        return Path(path).name


def fit(several: Several) -> dict[str, Graph]:
    """The graphs of notebooks that can be run here.

    Raises:
        InputError: they have errors.
    """
    graphs = members.graphs_of(several)
    members.check(graphs)
    for kernel in {graph.notebook.kernel for graph in graphs.values()}:
        check_kernel(kernel)
    return graphs


def start(place: Place, several: Several, content: Mapping[str, Any]) -> dict[str, Any]:
    """Starts a run with ``parameters``, or goes on with the run ``resume``.

    If the file or a notebook has changed since that began, it is a new run with the same parameters.
    """
    graphs = fit(several)
    given = content.get("parameters", {})
    if content.get("resume"):
        with opening.reading(place) as connection:
            run = reading.find(connection, content["resume"])
        folder = _home(place, run)
        if not running.has_changed(several, graphs, folder):
            words = [*starting.running(several.path, folder), "--resume"]
            return starting.begin(place, several.name, several.path, folder, words)
        given = given_to(place, run)
        known = {parameter.name for parameter in members.parameters(graphs)}
        given = {name: value for name, value in given.items() if name in known}
    target = starting.new_run(place, several.path)
    values = target.with_suffix(".json")
    split = running.split(graphs, given)
    values.write_text(json.dumps(_joined(split)), "utf-8")
    words = [*starting.running(several.path, target), "--parameters-file", str(values)]
    return starting.begin(place, several.name, several.path, target, words)


def given_to(place: Place, run: Run) -> dict[str, Any]:
    """The parameters that a run was given, by ``notebook.name``."""
    content = json.loads((_home(place, run) / running.FILE).read_text("utf-8"))
    return _joined(content["parameters"])


def _home(place: Place, run: Run) -> Path:
    folder = folder_of(place, run)
    if folder is None:
        raise InputError(f"run {run.id[:12]} has no folder in this store", hint="run it anew")
    return folder


def _joined(given: Mapping[str, Mapping[str, object]]) -> dict[str, Any]:
    return {f"{notebook}.{name}": value for notebook, of in given.items() for name, value in of.items()}


def is_of_several(run: Run) -> bool:
    """Whether a run is one of several notebooks, whole."""
    return bool(run.source) and planning.is_several(Path(run.source))


def folder_of(place: Place, run: Run) -> Path | None:
    """The folder of a run of several notebooks in this store, or nothing."""
    return logs.find_folder(place, run, running.FILE)


def graph_of(folder: Path) -> dict[str, Any]:
    """What the notebooks meant when the run in a folder began.

    Raises:
        InputError: a run of an older version has not noted it.
    """
    found: dict[str, Any] | None = json.loads((folder / running.FILE).read_text("utf-8")).get("graph")
    if found is None:
        raise InputError("the run has kept no graph", hint="it was begun by an older version")
    return found


def parts(place: Place, run: Run, longest: int = 0) -> dict[str, tuple[Run, list[Run]]]:
    """The runs of the notebooks and those of their steps, by the name of the notebook."""
    found: dict[str, tuple[Run, list[Run]]] = {}
    with opening.reading(place) as connection:
        for member in reading.children(connection, run, longest):
            name = Path(member.engine.folder).name
            if member.kind == "pipeline" and name:
                found[name] = member, reading.children(connection, member, longest)
    return found


def part_of(place: Place, run: Run, step: str) -> tuple[Run, str]:
    """The run of the notebook that a step such as ``load.clean`` is in, and the step's name there.

    Without a step it is the notebook that did not finish.

    Raises:
        InputError: there is none.
    """
    known = parts(place, run)
    if not step:
        for member, _steps in known.values():
            if member.status.is_over and member.status != "finished":
                return member, ""
        raise InputError(f"no notebook of run {run.id[:12]} has failed", hint="name a step: notebook.step")
    name, _, inner = step.partition(".")
    if name not in known:
        raise InputError(
            f"run {run.id[:12]} has run no notebook {name!r}", hint=f"notebooks: {', '.join(known)}"
        )
    return known[name][0], inner
