"""``check`` and ``run`` of a file that names several notebooks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_jlab.cli import printing
from mlops_jlab.cli.answers import answer
from mlops_jlab.errors import InputError
from mlops_jlab.notebook import reading
from mlops_jlab.pipeline import members, together

if TYPE_CHECKING:
    from mlops_jlab.engine.run.members import Course
    from mlops_jlab.engine.run.together import Together


def check_several(path: Path, style: str) -> int:
    """Shows the steps of all notebooks as one graph, and what is to be said of each."""
    several = members.read(path)
    graphs = members.graphs_of(several)
    if style == "sarif":
        click.echo(printing.sarif(*graphs.values()))
    elif style == "json":
        click.echo(json.dumps(together.describe(several, graphs), indent=2, ensure_ascii=False))
    elif style == "mermaid":
        click.echo(together.mermaid(several, graphs))
    else:
        click.echo(printing.text_of_several(several, graphs))
    return 2 if any(graph.errors for graph in graphs.values()) else 0


def run_several(target: Path, words: Mapping[str, Any]) -> int:
    """Runs the notebooks of a file one after the other; ``words`` are what ``mlops-jlab run`` was given.

    Raises:
        InputError: wrong input of any notebook, before one begins.
    """
    from mlops_jlab.cli import handing
    from mlops_jlab.cli.asking import given, locked_kernel, steps_asked, store_of
    from mlops_jlab.cli.progress import listener
    from mlops_jlab.engine.asked import Options
    from mlops_jlab.engine.run import members as running
    from mlops_jlab.engine.run.together import Together
    from mlops_jlab.store.location import Place

    path: Path = words["pipeline"]
    if words["artifacts"]:
        raise InputError(
            f"--artifacts is of one notebook, and {path} names several",
            hint="leave it out, or run one of the notebooks",
        )
    several = members.read(path)
    graphs = members.graphs_of(several)
    members.check(graphs)
    locked = words["environment"] == "locked"
    kernels = {m.name: locked_kernel(m.path, words["kernel"]) for m in several.members if locked}
    linger = words["keep_warm"] * 60
    options = Options(
        folder=path.parent, jobs=words["jobs"] or 0, kernel=words["kernel"], resume=words["resume"],
        cold=words["cold"], linger=linger, snapshots=words["snapshots"], executor=words["executor"],
        cache=None if words["no_cache"] else store_of(path) / "cache",
    )  # fmt: skip
    refresh = steps_asked(together.whole(several, graphs), words["refresh"], words["start"])
    volume: int = words["volume"] or 0
    values = given(words["pairs"], words["file"])
    course = running.begin(several, graphs, target, values, resume=options.resume)
    runner = Together(
        course, options, lambda: listener(volume), cwd=words["cwd"], experiment=words["experiment"],
        run_id=words["run_id"], store=None if words["no_track"] else Place(store_of(path)), refresh=refresh,
        kernels=kernels,
    )  # fmt: skip
    runner.go(graphs)
    _tell(runner, volume, words["style"])
    if linger:
        handing.keep_ready(linger)
    return {"finished": 0, "killed": 130}.get(course.status, 1)


def _tell(runner: Together, volume: int, style: str) -> None:
    """How a run has ended: in the words of one notebook's, and for each notebook."""
    course = runner.course
    if style == "json":
        answer("json", _outcome(runner), "")
    elif volume != -1:
        lines = [f"  run:    {course.root}"]
        lines += [f"  report: {report}" for report in runner.reports.values()]
        lines += [f"  show:   mlops-jlab runs show {runner.run[:12]}"] if runner.run else []
        click.echo("\n".join(lines))
    if course.status != "finished":
        for line in _places(course):
            click.echo(line, err=True)
        again = f"{course.several.path} --output {course.root} --resume"
        click.echo(f"  resume: mlops-jlab run {again}", err=True)
        failed = next(reversed(course.states))
        if any(step.error for step in course.states[failed].steps):
            click.echo(f"  debug:  mlops-jlab debug {course.folder(failed)}", err=True)


def _places(course: Course) -> Iterator[str]:
    """In which notebook, step and cell the run stopped."""
    name, state = next(reversed(course.states.items()))
    member = next(one for one in course.several.members if one.name == name)
    cells, _ = reading.read(member.path)
    for step in state.steps:
        if step.error:
            number = next((c.index + 1 for c in cells.cells if c.id == step.error["cell"]), 0)
            cell = f", cell {number}" if number else ""
            yield f"  where:  {member.path}{cell} (step {step.name!r})"


def _outcome(runner: Together) -> dict[str, Any]:
    course = runner.course
    notebooks: list[dict[str, Any]] = []
    for member in course.several.members:
        folder, run = course.folder(member.name), runner.runs.get(member.name, "")
        told: dict[str, Any] = {"status": "pending", "parameters": {}, "steps": []}
        if state := course.states.get(member.name):
            told = printing.outcome(state, folder, folder / "report.html", run)
        notebooks.append({"name": member.name, "notebook": member.path, **told})
    last = notebooks[len(course.states) - 1]
    return {
        "status": course.status, "run": runner.run, "folder": course.root, "report": last["report"],
        "seconds": round(sum(state.seconds or 0.0 for state in course.states.values()), 3),
        "error": f"{last['name']}: {last['error']}" if last["error"] else "", "note": last["note"],
        "parameters": {f"{n['name']}.{key}": v for n in notebooks for key, v in n["parameters"].items()},
        "steps": [{**step, "name": f"{n['name']}.{step['name']}"} for n in notebooks for step in n["steps"]],
        "notebooks": notebooks,
    }  # fmt: skip
