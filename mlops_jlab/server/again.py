"""The route that runs a pipeline once more, as a run was given it: whole, from a step on, or resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.engine.folder import logs
from mlops_jlab.engine.folder.state import RunFolder
from mlops_jlab.errors import InputError, nearest
from mlops_jlab.pipeline import planning
from mlops_jlab.server import pipelines, several
from mlops_jlab.server.handling import Route, answered, aside
from mlops_jlab.store import opening, reading
from mlops_jlab.store.location import Place


class AgainRoute(Route):
    """``POST pipelines/RUN/again``: a new run of the notebook, as it is now, with the parameters of a run."""

    @web.authenticated
    @authorized
    @answered
    async def post(self, run_id: str) -> None:
        """``step``: computes that one and those below it anew; ``resume``: goes on with what is finished.

        Answers at once, with the new run's id.
        """
        body = self.body(step=str, resume=bool)
        step, resumes = body.get("step", ""), body.get("resume", False)
        if step and resumes:
            raise InputError("a run is resumed at the step that failed", hint="give step or resume, not both")
        source, given = await aside(_of_run, self.place, run_id)
        notebook = await self.door.file(await aside(_below, self.root, source))
        if planning.is_several(notebook):
            if step:
                raise InputError("several notebooks are run whole", hint="run that notebook from the step on")
            whole = await several.read(self.door, self.root, notebook)
            words = {"resume": run_id} if resumes else {"parameters": given}
            self.answer(await aside(several.start, self.place, whole, words))
        elif resumes:
            self.answer(await aside(pipelines.resume, self.place, notebook, run_id))
        else:
            self.answer(await aside(_again, self.place, notebook, given, step))


def _of_run(place: Place, run_id: str) -> tuple[Path, dict[str, Any]]:
    """The notebook of a run, and the parameters that it was given."""
    with opening.reading(place) as connection:
        run = reading.find(connection, run_id)
    if run.kind != "pipeline":
        raise InputError(f"run {run.id[:12]} is not a run of a pipeline")
    if several.is_of_several(run):
        return Path(run.source), several.given_to(place, run)
    return Path(run.source), RunFolder(logs.folder_of(place, run)).load().parameters


def _below(root: Path, notebook: Path) -> str:
    fits = notebook.suffix == ".ipynb" or planning.is_several(notebook)
    if not fits or not notebook.is_relative_to(root):
        raise InputError(
            f"{notebook.name} is not a notebook below the server's root", hint="run it again where it was run"
        )
    return notebook.relative_to(root).as_posix()


def _again(place: Place, notebook: Path, given: dict[str, Any], step: str) -> dict[str, Any]:
    graph = pipelines.fit(notebook)
    known = [one.name for one in graph.steps]
    if step and step not in known:
        raise InputError(
            f"the notebook has no step {step!r} now{nearest(step, known)}", hint=f"steps: {', '.join(known)}"
        )
    return pipelines.anew(place, graph, notebook, given, ["--from", step] if step else [])
