"""``mlops-jlab export``: a pipeline as a folder, or as the files of another engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_jlab.cli.answers import FORMAT, answer
from mlops_jlab.errors import InputError

if TYPE_CHECKING:
    from mlops_jlab.entities.graphs import Graph
    from mlops_jlab.targets.form import Wishes

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("notebook", type=_PATH, required=False)
@click.option("-o", "--output", type=_PATH, default=None,
              help="The folder to write (default: pipelines/NAME beside the notebook).")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace the folder even if it holds something else.")
@click.option("--target", default="", metavar="NAME", help="Write the files of another engine; see --list.")
@click.option("--list", "listed", is_flag=True, help="List the targets, with what each cannot express.")
@click.option("-p", "--parameter", "pairs", multiple=True, metavar="NAME=VALUE",
              help="Set a parameter of the target's runs.")  # fmt: skip
@click.option("--cron", default="", metavar="LINE", help="When the target is to run it: '0 3 * * 1'.")
@click.option("--tz", default="UTC", show_default=True, metavar="ZONE", help="The time zone of --cron.")
@click.option("--store", default="", metavar="PATH|URL",
              help="Where steps hand on what they make: a folder that all see, s3://...")  # fmt: skip
@click.option("--image", default="", metavar="NAME", help="The container image with the project in it.")
@click.option("--fuse", "groups", multiple=True, metavar="STEP,STEP",
              help="Make these steps, and those between them, one.")  # fmt: skip
@click.option("--promote", default="", metavar="ALIAS",
              help="Add a task: the version whose gate passed gets this alias.")  # fmt: skip
@click.option("--standalone", is_flag=True, help="Need papermill only, and nothing of ours.")
@FORMAT
def export(
    notebook: Path | None, output: Path | None, force: bool, target: str, listed: bool,
    pairs: tuple[str, ...], cron: str, tz: str, store: str, image: str, groups: tuple[str, ...],
    promote: str, standalone: bool, style: str,
) -> None:  # fmt: skip
    """Write NOTEBOOK as a pipeline: one papermill notebook a step.

    With --target, also the files with which another engine runs it.
    """
    from mlops_jlab.pipeline import export as exporting

    if listed:
        _list(style)
        return
    if notebook is None:
        raise InputError("there is no notebook to export", hint="name it, or list the targets with --list")
    asked = {"-p": pairs, "--cron": cron, "--store": store, "--image": image, "--fuse": groups,
             "--promote": promote, "--standalone": standalone}  # fmt: skip
    alone = [name for name, value in asked.items() if value and not target]
    if alone:
        raise InputError(
            f"{alone[0]} is for another engine", hint="add --target NAME; --list tells the names"
        )
    graph = exporting.graph_of(notebook)
    if target:
        from mlops_jlab.cli.asking import given
        from mlops_jlab.targets.form import Wishes

        wishes = Wishes(given(pairs, None), cron, tz, store, image, promote, standalone)
        folder = output or notebook.parent / f"{graph.name}-{target}"
        _write(
            graph, target, folder, wishes, [group.split(",") for group in groups], force=force, style=style
        )
        return
    folder = output or notebook.parent / "pipelines" / graph.name
    exporting.export(graph, folder, force=force)
    answer(
        style, _told(folder, "", [step.name for step in graph.steps], []),
        f"exported {len(graph.steps)} steps to {folder}\n  run it: mlops-jlab run {folder}",
    )  # fmt: skip


def _write(
    graph: Graph,
    name: str,
    folder: Path,
    wishes: Wishes,
    groups: list[list[str]],
    *,
    force: bool,
    style: str,
) -> None:
    from mlops_jlab.targets import writing

    target = writing.target_of(name)
    prepared = writing.prepare(graph, target, folder, wishes, groups)
    for remark in prepared.remarks:
        click.echo(f"note: {remark}", err=True)
    for sentence in target.lost(prepared.form):
        click.echo(f"{name} cannot express {sentence}", err=True)
    written = writing.write(prepared, force=force)
    steps = len(prepared.form.tasks)
    files = [str(path.relative_to(folder.resolve())) for path in written]
    lines = [f"exported {steps} step{'s' * (steps != 1)} for {target.title} to {folder}"]
    lines += [f"  {path}" for path in files]
    lines.append(f"  run it: {target.then(prepared.form, prepared.place)}")
    answer(style, _told(folder, name, [task.name for task in prepared.form.tasks], files), "\n".join(lines))


def _told(folder: Path, target: str, steps: list[str], files: list[str]) -> dict[str, object]:
    return {"folder": folder, "target": target, "steps": steps, "files": files}


def _list(style: str) -> None:
    from mlops_jlab.targets import writing

    if style == "json":
        found = map(writing.target_of, writing.NAMES)
        targets = [
            {
                "name": name,
                "title": target.title,
                "checked": target.checked,
                "cannot": {str(one): why for one, why in target.cannot.items()},
            }
            for name, target in zip(writing.NAMES, found, strict=True)
        ]
        answer(style, {"targets": targets}, "")
        return
    for name in writing.NAMES:
        target = writing.target_of(name)
        click.echo(f"{name:<8}  {target.title}: {target.checked}")
        for feature, why in target.cannot.items():
            click.echo(f"{'':<10}no {feature}: {why}")
