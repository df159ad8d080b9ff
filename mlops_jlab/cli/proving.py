"""``mlops-jlab verify``: the proof that a pipeline computes what its notebook computes."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_jlab.cli.answers import FORMAT, answer
from mlops_jlab.cli.asking import given, locked_kernel
from mlops_jlab.cli.options import COLD, ENV, JOBS, KERNEL, PARAMETER, PARAMETERS_FILE, QUIET, VERBOSE
from mlops_jlab.errors import InputError

if TYPE_CHECKING:
    from mlops_jlab.engine.asked import Options
    from mlops_jlab.engine.proof.verify import Verdict

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("notebook", type=_PATH, metavar="NOTEBOOK")
@PARAMETER
@PARAMETERS_FILE
@click.option("--every-cut", is_flag=True, help="Make every cell a step of its own first.")
@click.option("-o", "--output", type=_PATH, default=None, help="Keep both runs in this folder.")
@JOBS
@KERNEL
@COLD
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
    every final value. NOTEBOOK may be a YAML file that names several: each is compared, with what it
    takes from the others. Exit code 1 if anything differs.
    """
    from mlops_jlab.cli import printing
    from mlops_jlab.engine.asked import Options
    from mlops_jlab.pipeline.planning import is_several

    values = given(pairs, file)
    locked = environment == "locked"
    with tempfile.TemporaryDirectory(prefix="mlops-jlab-") as scratch:
        target = (output or Path(scratch)).resolve()
        if output is not None and output.exists() and any(output.iterdir()):
            raise InputError(f"{output} is not empty", hint="choose another --output")
        target.mkdir(parents=True, exist_ok=True)
        variables = {"MLOPS_JLAB_STORE": str(target / "store")}  # proofs leave no runs behind
        options = Options(notebook.parent.resolve(), jobs or 0, kernel, cold=cold, environment=variables)
        if not is_several(notebook):
            verdict = _of_one(notebook, target, values, options, volume, locked=locked, every_cut=every_cut)
        elif every_cut:
            raise InputError(
                f"--every-cut is of one notebook, and {notebook} names several",
                hint="leave it out, or verify a notebook that takes nothing",
            )
        else:
            verdict = _of_several(notebook, target, values, options, volume, locked=locked)
    words = "" if volume == -1 and verdict.same else printing.verdict(verdict, notebook)
    answer(style, {"same": verdict.same, **asdict(verdict)}, words)
    return 0 if verdict.same else 1


def _of_one(
    notebook: Path, target: Path, given: Mapping[str, object], options: Options, volume: int | None, *,
    locked: bool, every_cut: bool,
) -> Verdict:  # fmt: skip
    from mlops_jlab.cli.progress import listener
    from mlops_jlab.engine.proof.verify import cut_everywhere, verify
    from mlops_jlab.entities.parameters import resolve
    from mlops_jlab.pipeline.export import graph_of

    graph = graph_of(notebook)
    if locked:
        options = replace(options, kernel=locked_kernel(notebook, options.kernel))
    if every_cut and not graph.errors:
        graph = cut_everywhere(graph.notebook, tuple(graph.findings))
    values = resolve(graph.parameters, given, from_text=True)
    with listener(volume or 0) as watching:
        return verify(graph, target, values, options, watching)


def _of_several(
    path: Path, target: Path, given: Mapping[str, object], options: Options, volume: int | None, *,
    locked: bool,
) -> Verdict:  # fmt: skip
    from mlops_jlab.cli.progress import listener
    from mlops_jlab.engine.proof.together import verify
    from mlops_jlab.pipeline import members

    several = members.read(path)
    graphs = members.graphs_of(several)
    members.check(graphs)
    kernels = {m.name: locked_kernel(m.path, options.kernel) for m in several.members if locked}
    return verify(several, graphs, target, given, options, lambda: listener(volume or 0), kernels)
