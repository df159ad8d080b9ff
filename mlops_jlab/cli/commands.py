"""The subcommands: declare arguments, parse, one call, print."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_jlab.cli.answers import FORMAT, answer
from mlops_jlab.cli.asking import given, locked_kernel, new_run, steps_asked, store_of
from mlops_jlab.cli.options import (
    ARTIFACTS,
    COLD,
    ENV,
    EXECUTOR,
    JOBS,
    KERNEL,
    PARAMETER,
    PARAMETERS_FILE,
    QUIET,
    RUN_ID,
    SNAPSHOTS,
    VERBOSE,
)
from mlops_jlab.errors import ExportError, InputError, unwritten
from mlops_jlab.files import write_whole

if TYPE_CHECKING:
    from mlops_jlab.engine.folder.state import RunState

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("pipeline", type=_PATH, metavar="DIR|NOTEBOOK")
@PARAMETER
@PARAMETERS_FILE
@click.option("-o", "--output", type=_PATH, default=None,
              help="The run's folder (default: a new one below .mlops/runs).")  # fmt: skip
@JOBS
@KERNEL
@click.option("--cwd", type=_PATH, default=None, help="Where cells run (default: the notebook's folder).")
@click.option("--resume", is_flag=True, help="Go on with the run in --output: finished steps stay.")
@click.option(
    "--experiment", default="", metavar="NAME", help="The experiment (default: the pipeline's name)."
)
@click.option("--no-track", is_flag=True, help="Leave no trace in the run table.")
@click.option("--no-cache", is_flag=True, help="Compute every step anew, and keep nothing.")
@click.option("--refresh", multiple=True, metavar="STEP", help="Compute this step anew.")
@click.option("--from", "start", default="", metavar="STEP", help="Compute this step and all below it anew.")
@COLD
@click.option("--keep-warm", type=click.FloatRange(0), default=0.0, metavar="MINUTES",
              help="Keep the imported libraries, and a runner, ready for the next run.")  # fmt: skip
@ENV
@SNAPSHOTS
@EXECUTOR
@ARTIFACTS
@RUN_ID
@QUIET
@VERBOSE
@FORMAT
def run(
    pipeline: Path, pairs: tuple[str, ...], file: Path | None, output: Path | None, jobs: int | None,
    kernel: str, cwd: Path | None, resume: bool, experiment: str, no_track: bool, cold: bool,
    keep_warm: float, no_cache: bool, refresh: tuple[str, ...], start: str, executor: str,
    artifacts: str, run_id: str, snapshots: int, volume: int | None, style: str, environment: str,
) -> int:  # fmt: skip
    """Run a pipeline headless.

    DIR is an export; a NOTEBOOK is exported into the run's folder first. A YAML file may name several
    notebooks. Exit code 0: done, 1: a step failed, 2: wrong input.
    """
    from mlops_jlab.engine.sources import StepSources
    from mlops_jlab.pipeline.planning import is_several, plan_of, source_of

    _check_words(resume_alone=resume and output is None, id_alone=bool(run_id) and no_track)
    target = output or new_run(pipeline)
    if is_several(pipeline):
        from mlops_jlab.cli import together

        return together.run_several(target, click.get_current_context().params)
    plan, folder = plan_of(pipeline, target, resume=resume)
    if environment == "locked":
        kernel = locked_kernel(source_of(plan, pipeline), kernel)
    sources = StepSources(plan)
    sources.import_soon(kernel or plan.kernel)

    from mlops_jlab.cli import handing
    from mlops_jlab.cli.progress import listener
    from mlops_jlab.engine.asked import Options
    from mlops_jlab.engine.folder.state import RunFolder
    from mlops_jlab.engine.report.page import prepare, write_report
    from mlops_jlab.engine.run.loop import run as run_pipeline
    from mlops_jlab.engine.run.tracked import TrackedRun

    values = _parameters(plan.parameters, pairs, file)
    options = Options(
        folder=(cwd or folder).resolve(), jobs=jobs or 0, kernel=kernel, resume=resume,
        cold=cold, linger=keep_warm * 60, refresh=steps_asked(plan, refresh, start), executor=executor,
        artifacts=artifacts, snapshots=snapshots,
        cache=None if no_cache else store_of(pipeline) / "cache",
    )  # fmt: skip
    _check_folder(options.folder)
    threading.Thread(target=prepare, name="report", daemon=True).start()
    with listener(volume or 0) as watching:
        tracked = None
        if not no_track:
            os.environ.setdefault("MLOPS_JLAB_STORE", str(store_of(pipeline)))
            source, whole = source_of(plan, pipeline), RunFolder(target.resolve())
            tracked = TrackedRun(watching, source, whole, experiment, run_id=run_id, manifest=plan)
            options = tracked.watching(options)
        state = run_pipeline(plan, target, values, options, tracked or watching, sources)
    report = write_report(plan, RunFolder(target), state)
    run_of = tracked.run.id if tracked is not None and tracked.run is not None else ""
    if tracked is not None and run_of:
        tracked.keep_report(report)
    _tell(state, (pipeline, target, report), run_of, volume, style)
    if keep_warm:
        handing.keep_ready(keep_warm * 60)
    return {"finished": 0, "killed": 130}.get(state.status, 1)


@click.command()
@click.argument("notebook", type=_PATH)
@click.option("--from", "source", type=click.Choice(["kale", "headings", "cells"]), required=True,
              help="Where the steps come from.")  # fmt: skip
@click.option("-o", "--output", type=_PATH, default=None, help="Write here, not to NOTEBOOK itself.")
@FORMAT
def tag(notebook: Path, source: str, output: Path | None, style: str) -> None:
    """Tag the cells of NOTEBOOK: from Kale, headings, or each cell.

    Only tags change: cells, outputs and ids stay byte for byte.
    """
    from mlops_jlab.notebook import reading, retagging, suggesting

    if notebook.suffix != ".ipynb":
        raise InputError("tags are written into .ipynb files only")
    found, _ = reading.read(notebook)
    tags = suggesting.suggest(found, source)
    text = notebook.read_bytes().decode("utf-8")
    target = output or notebook
    try:
        write_whole(target, retagging.retag(text, tags).encode("utf-8"))
    except OSError as error:
        raise unwritten(target, error, ExportError) from error
    answer(
        style, {"notebook": target, "tags": tags},
        f"{len(tags)} cells tagged in {target}\n  look at it: mlops-jlab check {target}",
    )  # fmt: skip


def _tell(
    state: RunState, places: tuple[Path, Path, Path], run: str, volume: int | None, style: str
) -> None:  # fmt: skip
    """How a run has ended; ``places`` are the pipeline, the run's folder and its report."""
    from mlops_jlab.cli import printing

    pipeline, target, report = places
    if style == "json":
        answer(style, printing.outcome(state, target, report, run), "")
    elif volume != -1:
        click.echo(printing.after(state, target, report, run))
    if state.status != "finished":
        click.echo(f"  resume: mlops-jlab run {pipeline} --output {target} --resume", err=True)
        if any(step.error for step in state.steps):
            click.echo(f"  debug:  mlops-jlab debug {target}", err=True)


def _check_words(*, resume_alone: bool, id_alone: bool) -> None:
    if resume_alone:
        raise InputError("--resume goes on with a run", hint="name its folder with --output")
    if id_alone:
        raise InputError(
            "--run-id names a run of the table, and --no-track leaves no trace in it", hint="leave one out"
        )


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder} for the cells to run in")


def _parameters(parameters: Any, pairs: tuple[str, ...], file: Path | None) -> dict[str, object]:
    from mlops_jlab.entities.parameters import resolve

    return resolve(parameters, given(pairs, file), from_text=True)
