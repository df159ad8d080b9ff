"""The subcommands: declare arguments, parse, one call, print."""

from __future__ import annotations

import os
import tempfile
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_jlab.cli.answers import FORMAT, answer
from mlops_jlab.cli.asking import given, new_run, steps_asked, store_of
from mlops_jlab.cli.options import ARTIFACTS, ENV, EXECUTOR, QUIET, RUN_ID, SNAPSHOTS, VERBOSE
from mlops_jlab.errors import ExportError, InputError, unwritten
from mlops_jlab.files import write_whole

if TYPE_CHECKING:
    from mlops_jlab.engine.folder.state import RunState

_PATH = click.Path(path_type=Path)
_PARAMETER = click.option(
    "-p", "--parameter", "pairs", multiple=True, metavar="NAME=VALUE", help="Set a parameter."
)
_FILE = click.option(
    "-f", "--parameters-file", "file", type=_PATH, help="Read parameters from a YAML or JSON file."
)
_KERNEL = click.option("--kernel", default="", metavar="NAME", help="Use another Jupyter kernel.")
_JOBS = click.option("-j", "--jobs", type=click.IntRange(1), default=None, metavar="N",
                     help="Run at most N steps side by side (default: one a CPU).")  # fmt: skip
_COLD = click.option("--cold", is_flag=True, help="Start an ordinary kernel for each step.")


@click.command()
@click.argument("pipeline", type=_PATH, metavar="DIR|NOTEBOOK")
@_PARAMETER
@_FILE
@click.option("-o", "--output", type=_PATH, default=None,
              help="The run's folder (default: a new one below .mlops/runs).")  # fmt: skip
@_JOBS
@_KERNEL
@click.option("--cwd", type=_PATH, default=None, help="Where cells run (default: the notebook's folder).")
@click.option("--resume", is_flag=True, help="Go on with the run in --output: finished steps stay.")
@click.option(
    "--experiment", default="", metavar="NAME", help="The experiment (default: the pipeline's name)."
)
@click.option("--no-track", is_flag=True, help="Leave no trace in the run table.")
@click.option("--no-cache", is_flag=True, help="Compute every step anew, and keep nothing.")
@click.option("--refresh", multiple=True, metavar="STEP", help="Compute this step anew.")
@click.option("--from", "start", default="", metavar="STEP", help="Compute this step and all below it anew.")
@_COLD
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
        kernel = _locked(source_of(plan, pipeline), kernel)
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
@_PARAMETER
@_FILE
@click.option("--every-cut", is_flag=True, help="Make every cell a step of its own first.")
@click.option("-o", "--output", type=_PATH, default=None, help="Keep both runs in this folder.")
@_JOBS
@_KERNEL
@_COLD
@ENV
@QUIET
@VERBOSE
@FORMAT
def verify(
    notebook: Path, pairs: tuple[str, ...], file: Path | None, every_cut: bool,
    output: Path | None, jobs: int | None, kernel: str, cold: bool, volume: int | None, style: str,
    environment: str,
) -> int:  # fmt: skip
    """Prove that the pipeline computes what NOTEBOOK computes.

    Runs the tagged cells whole and as a pipeline, and compares every deterministic output and
    every final value. Exit code 1 if anything differs.
    """
    from mlops_jlab.cli import printing
    from mlops_jlab.cli.progress import listener
    from mlops_jlab.engine.asked import Options
    from mlops_jlab.engine.proof.verify import cut_everywhere
    from mlops_jlab.engine.proof.verify import verify as verify_graph
    from mlops_jlab.entities.parameters import resolve
    from mlops_jlab.pipeline.export import graph_of

    graph = graph_of(notebook)
    if environment == "locked":
        kernel = _locked(notebook, kernel)
    if every_cut and not graph.errors:
        graph = cut_everywhere(graph.notebook, tuple(graph.findings))
    values = resolve(graph.parameters, given(pairs, file), from_text=True)
    with tempfile.TemporaryDirectory(prefix="mlops-jlab-") as scratch, listener(volume or 0) as watching:
        target = output or Path(scratch)
        if output is not None and output.exists() and any(output.iterdir()):
            raise InputError(f"{output} is not empty", hint="choose another --output")
        target.mkdir(parents=True, exist_ok=True)
        variables = {"MLOPS_JLAB_STORE": str(target.resolve() / "store")}  # proofs leave no runs behind
        options = Options(notebook.parent.resolve(), jobs or 0, kernel, cold=cold, environment=variables)
        verdict = verify_graph(graph, target.resolve(), values, options, watching)
    words = "" if volume == -1 and verdict.same else printing.verdict(verdict, notebook)
    answer(style, {"same": verdict.same, **asdict(verdict)}, words)
    return 0 if verdict.same else 1


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


def _locked(notebook: Path, kernel: str) -> str:
    """The kernel in the environment of a notebook's lock."""
    from mlops_jlab.engine.environments import building, locking

    if kernel:
        raise InputError("--kernel and --env locked each say where steps run", hint="leave one out")
    return building.kernel_of(locking.path_of(notebook), store_of(notebook) / "environments")


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
