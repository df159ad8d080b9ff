"""``mlops-jlab step`` and ``mlops-jlab runs import``: steps that other engines start, and their runs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_jlab.cli.answers import FORMAT, answer
from mlops_jlab.cli.options import KERNEL, PARAMETER, PARAMETERS_FILE, QUIET, VERBOSE
from mlops_jlab.errors import InputError
from mlops_jlab.files import write_whole

if TYPE_CHECKING:
    from mlops_jlab.engine.hosted.place import RunStore

_PATH = click.Path(path_type=Path)
_STORE = click.option("--store", default="", envvar="MLOPS_JLAB_RUN_STORE", metavar="PATH|URL",
                      help="Where the steps of a run hand on what they make: a folder, s3://...")  # fmt: skip


@click.command()
@click.argument("pipeline", type=_PATH, metavar="DIR")
@click.argument("name", metavar="STEP")
@_STORE
@click.option("--run", "run", default="", envvar="MLOPS_JLAB_RUN_NAME", metavar="NAME",
              help="What your engine calls this run; the same for all its steps.")  # fmt: skip
@PARAMETER
@PARAMETERS_FILE
@click.option("--cwd", type=_PATH, default=None, help="Where cells run (default: the notebook's folder).")
@KERNEL
@click.option("--experiment", default="", metavar="NAME", help="The experiment of the run.")
@click.option("--again", is_flag=True, help="Execute the step although it is done.")
@click.option("--once", is_flag=True, help="Leave it to the engine to try a failed step again.")
@click.option("--result", type=_PATH, default=None, metavar="FILE",
              help="Write how the step ended, and its metrics, as JSON.")  # fmt: skip
@click.option("--cold", is_flag=True, help="Start an ordinary kernel.")
@QUIET
@VERBOSE
@FORMAT
def step(
    pipeline: Path, name: str, store: str, run: str, pairs: tuple[str, ...], file: Path | None,
    cwd: Path | None, kernel: str, experiment: str, again: bool, once: bool, result: Path | None, cold: bool,
    volume: int | None, style: str,
) -> int:  # fmt: skip
    """Run STEP of the export in DIR, as one task of another engine.

    What it takes comes from the store, what it makes goes there. A step that is done is not executed again.
    @ALIAS instead of a step promotes what the run has registered, if its gates let it pass.
    Parameters also come from MLOPS_JLAB_PARAMETERS (a JSON object) and MLOPS_JLAB_PARAMETER_name.
    Exit code 0: done, 1: failed, 2: wrong input.
    """
    from mlops_jlab.cli.asking import given
    from mlops_jlab.cli.progress import listener
    from mlops_jlab.engine.hosted import importing, place, promoting, stepping
    from mlops_jlab.entities.parameters import resolve
    from mlops_jlab.pipeline import manifest
    from mlops_jlab.pipeline.planning import source_of
    from mlops_jlab.store import location

    if not store:
        raise InputError("there is no store for what steps hand on", hint="give --store PATH or --store URL")
    if name.startswith(promoting.MARK):
        return _promote(
            name.removeprefix(promoting.MARK), place.RunStore(place.address_of(store, run)), result, style
        )
    plan = manifest.read(pipeline)
    if once:
        plan = stepping.without_retries(plan)
    source = source_of(plan, pipeline)
    values = {**given((), file), **stepping.given_by_environment(), **given(pairs, None)}
    where = stepping.Hosted(
        plan, name, place.RunStore(place.address_of(store, run)), run,
        resolve(plan.parameters, values, from_text=True), _folder(cwd, source), source, kernel, experiment,
        again, cold,
    )  # fmt: skip
    with listener(volume or 0) as watching:
        outcome = stepping.execute(where, lambda: watching)
    if os.environ.get(location.VARIABLE):
        importing.bring(where.store, location.find(), unfinished=False)
    told = stepping.told(where, outcome)
    if result is not None:
        write_whole(result, (json.dumps(told, ensure_ascii=False) + "\n").encode())
    done = outcome.done_before
    answer(
        style, told,
        f"step {name} is done already: {outcome.url}" if done
        else f"step {name}: {outcome.state.status}, {outcome.url}",
    )  # fmt: skip
    return 0 if done or outcome.state.status in ("finished", "skipped") else 1


def _promote(alias: str, store: RunStore, result: Path | None, style: str) -> int:
    from mlops_jlab.engine.hosted import promoting
    from mlops_jlab.store import location

    if not os.environ.get(location.VARIABLE):
        raise InputError(
            "there is no run table with what the run has registered",
            hint=f"set {location.VARIABLE} to a folder that all tasks see",
        )
    decisions = promoting.promote(store, location.find(), alias)
    refused = any(decision.refused for decision in decisions)
    told: dict[str, object] = {
        "step": f"@{alias}", "status": "refused" if refused else "finished", "run": store.url,
        "notebook": "", "metrics": {},
    }  # fmt: skip
    lines = [f"{decision.version}: {decision.told}" for decision in decisions]
    answer(style, told, "\n".join(lines) or "the run has registered no model: nothing in it has changed")
    if result is not None:
        write_whole(result, (json.dumps(told) + "\n").encode())
    return 1 if refused else 0


def _folder(cwd: Path | None, source: Path) -> Path:
    folder = (cwd or (source.parent if source.is_file() else Path.cwd())).resolve()
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder} for the cells to run in")
    return folder


@click.command("import")
@click.argument("address", metavar="STORE[/RUN]")
@FORMAT
def import_runs(address: str, style: str) -> None:
    """Collect runs that other engines have executed from the store of their steps.

    A run that already exists stays as it is.
    """
    from mlops_jlab.engine.hosted import importing, place
    from mlops_jlab.store import location

    taken = [importing.bring(place.RunStore(url), location.find()) for url in place.runs_below(address)]
    lines = [
        f"{found.id[:12]}  {found.name}: {found.status}, {found.done} of {found.steps} steps"
        + ("" if found.new else ", nothing new")
        for found in taken
    ]
    answer(style, taken, "\n".join(lines))
