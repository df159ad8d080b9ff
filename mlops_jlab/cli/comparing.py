"""``mlops-jlab diff``: what has changed in a pipeline, in the language of steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_jlab.cli.answers import FORMAT, answer
from mlops_jlab.errors import InputError, StoreError

if TYPE_CHECKING:
    from mlops_jlab.entities.graphs import Graph
    from mlops_jlab.pipeline.comparing import CellChange, Changes, Outline, StepChange

_SIGNS = {"added": ("+", "green"), "removed": ("−", "red")}


@click.command()
@click.argument("before")
@click.argument("after", required=False)
@click.option("--code", is_flag=True, help="Show the lines that have changed.")
@FORMAT
def diff(before: str, after: str | None, style: str, *, code: bool) -> int:
    """What has changed in a pipeline: parameters, steps, cells, and what crosses between them.

    BEFORE and AFTER are notebooks, exports, runs, or a notebook as git has it: REVISION:NOTEBOOK.
    Alone, a notebook is compared with what was last committed of it.

    \b
      mlops-jlab diff train.ipynb                   what a commit would change
      mlops-jlab diff main:train.ipynb train.ipynb  against a branch
      mlops-jlab diff 3f2a train.ipynb              since a run

    Exit code 0: one pipeline, 1: they differ.
    """
    from mlops_jlab.pipeline.comparing import compare

    if after is None and not Path(before).is_file():
        raise InputError(f"there is no notebook {before}", hint="give one, or two to compare")
    earlier, later = (before, after) if after else (f"HEAD:{before}", before)
    changes = compare(_outline(earlier), _outline(later))
    told = "\n".join(lines(changes, code=code)) if changes else "the same pipeline"
    answer(style, changes.as_json(), f"{earlier} → {later}\n{told}")
    return 1 if changes else 0


def _outline(wanted: str) -> Outline:
    from mlops_jlab.pipeline import comparing, manifest

    path = Path(wanted)
    if path.is_dir():
        return comparing.of_export(manifest.read(path))
    return comparing.of_graph(graph_from(wanted))


def graph_from(wanted: str) -> Graph:
    """The graph of a notebook: a file, ``REVISION:NOTEBOOK`` as git has it, or the one that a run has kept.

    Raises:
        InputError: there is none.
        NotebookError: it cannot be read.
    """
    from mlops_jlab.notebook import reading
    from mlops_jlab.pipeline.export import graph_of, graph_of_notebook

    path = Path(wanted)
    if path.exists() or (path.suffix and ":" not in wanted):
        return graph_of(path)
    data, name = _of_revision(wanted) if ":" in wanted else _of_run(wanted)
    if name.suffix.lower() != ".ipynb":
        raise InputError(f"{wanted}: a text notebook is compared as a file", hint="check it out to a folder")
    return graph_of_notebook(*reading.from_bytes(data, name))


def _of_revision(wanted: str) -> tuple[bytes, Path]:
    from mlops_jlab.tracking.provenance import code

    revision, _, name = wanted.partition(":")
    path = Path(name)
    if revision.startswith("-"):
        raise InputError(f"{revision!r} is not a revision of git")
    folder = path.absolute().parent
    while not folder.is_dir():  # it may have gone since
        folder = folder.parent
    if code.git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") is None:
        raise InputError(
            f"git knows no revision {revision!r} in {folder}", hint="give two notebooks, exports or runs"
        )
    top = Path(code.text_of(code.git(folder, "rev-parse", "--show-toplevel")))
    inside = path.absolute().parent.resolve() / path.name
    data = code.git(folder, "cat-file", "blob", f"{revision}:{inside.relative_to(top).as_posix()}")
    if data is None:
        raise InputError(f"{revision} has no file {name}", hint="commit it, or give an older notebook")
    return data, path


def _of_run(wanted: str) -> tuple[bytes, Path]:
    from mlops_jlab.store import artifacts, location, opening, reading
    from mlops_jlab.tracking.provenance import kept

    place = location.find()
    try:
        with opening.reading(place) as connection:
            run = reading.find(connection, wanted)
    except (InputError, StoreError) as error:
        raise InputError(f"{wanted} is not a notebook, an export or a run: {error.message}") from error
    about = kept.origin(run)
    name = Path(about.get("path", ""))
    if "digest" not in about or name.suffix == ".py":
        raise InputError(f"run {run.id[:12]} has kept no notebook", hint="take the run of a notebook")
    return artifacts.read(place, about["digest"]), name


def lines(changes: Changes, *, code: bool = False) -> Iterator[str]:
    """What has changed, a part after another; with ``code`` the lines too."""
    if changes.parameters:
        yield from ("", click.style("parameters", bold=True))
        for one in changes.parameters:
            told = f"{one.before} → {one.after}" if one.kind == "changed" else one.before or one.after
            yield f"  {_sign(one.kind)} {one.name}: {told}"
    if changes.setup:
        yield from ("", click.style("setup", bold=True))
        yield from _cells(changes.setup, code=code)
    if changes.steps:
        yield from ("", click.style("steps", bold=True))
        for step in changes.steps:
            yield from _step(step, code=code)
    if changes.edges:
        yield from ("", click.style("edges", bold=True))
        for edge in changes.edges:
            names = [f"+{name}" for name in edge.added] + [f"−{name}" for name in edge.removed]
            if edge.kind != "changed":
                names = [*edge.added, *edge.removed]
            told = f" ({', '.join(names)})" if names else ""
            yield f"  {_sign(edge.kind)} {edge.source} → {edge.target}{told}"


def _step(step: StepChange, *, code: bool) -> Iterator[str]:
    if step.kind in _SIGNS:
        count = len(step.cells)
        yield f"  {_sign(step.kind)} {step.name}" + (f": {count} cell{'s' * (count > 1)}" if count else "")
        moved = [cell for cell in step.cells if cell.kind == "came"]
        yield from _cells(moved if not code else step.cells, code=code)
        return
    name = f"{step.before} → {step.name} (renamed)" if step.before else step.name
    yield f"  {_sign(step.kind)} {name}"
    for setting, (before, after) in step.settings.items():
        yield f"      {setting}: {_said(before)} → {_said(after)}"
    yield from _cells(step.cells, code=code)


def _cells(cells: tuple[CellChange, ...] | list[CellChange], *, code: bool) -> Iterator[str]:
    for cell in cells:
        told = {
            "came": f"moved here from {cell.other}",
            "went": f"moved to {cell.other}",
            "layout": "changed in comments or layout alone",
        }.get(cell.kind, cell.kind)
        count = f" (+{cell.added} −{cell.removed} lines)" if cell.kind == "changed" else ""
        yield f"      cell {cell.cell}: {told}{count}"
        if code:
            for line in cell.diff:
                colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
                yield f"        {click.style(line, fg=colour)}"


def _sign(kind: str) -> str:
    sign, colour = _SIGNS.get(kind, ("~", "yellow"))
    return click.style(sign, fg=colour)


def _said(value: object) -> str:
    return "not set" if value is None else str(value)
