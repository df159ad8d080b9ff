"""The executor that a run asks for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from mlops_jlab.engine.asked import Options
from mlops_jlab.engine.executors import Executor
from mlops_jlab.engine.executors.continued import Continued
from mlops_jlab.engine.executors.local import LocalProcesses
from mlops_jlab.engine.executors.warming import Warming
from mlops_jlab.engine.folder.state import RunFolder
from mlops_jlab.engine.plan import Plan
from mlops_jlab.engine.sources import StepSources
from mlops_jlab.engine.step.kernelshells import KernelShells
from mlops_jlab.errors import InputError
from mlops_jlab.handoff.remote import Artifacts
from mlops_jlab.pipeline.manifest import Manifest
from mlops_jlab.processes.client import start
from mlops_jlab.processes.client.wanted import needs_kernel
from mlops_jlab.processes.specs import python_of_kernel

LOCAL = "local"
_DASK = "dask://"


def check_executor(name: str) -> None:
    """Raises InputError unless ``name`` is ``local`` or ``dask://HOST:PORT``."""
    if name and name != LOCAL and not (name.startswith(_DASK) and name.removeprefix(_DASK)):
        raise InputError(f"{name!r} is not an executor", hint="use local, or dask://HOST:PORT")


def open_executor(
    options: Options, manifest: Manifest, run: RunFolder, sources: StepSources, kernel: str,
    environment: Mapping[str, str], told: Callable[[tuple[str, str]], None],
) -> Executor:  # fmt: skip
    """The executor for a run in its folder; ``environment`` is common to all steps.

    ``told`` hears of each step what it made is written down, or why not, if that is after the step is over.

    Raises:
        InputError: there is no such executor, or it cannot execute this run.
    """
    if options.executor.startswith(_DASK):
        from mlops_jlab.engine.executors.dask import DaskCluster

        address = options.executor.removeprefix(_DASK)
        return DaskCluster(
            address if "://" in address else f"tcp://{address}", run.root, options.artifacts, kernel,
            sources.modules(), environment, cold=options.cold,
        )  # fmt: skip
    artifacts = Artifacts(options.artifacts) if options.artifacts else None
    warming = Warming(sources, kernel, environment, options)
    rebuilt = LocalProcesses(warming, kernel, options.jobs or os.cpu_count() or 1, artifacts)
    texts = [text for step in manifest.steps for text in sources.texts(step.name)]
    if options.only or not python_of_kernel(kernel):
        return rebuilt  # what is above ran elsewhere, or nobody knows what such a kernel is like inside
    forks = not options.cold and start.is_possible() and not needs_kernel(texts)
    kernels = KernelShells(kernel, environment, options.folder, warming.kernels_ahead)
    return Continued(
        Plan(manifest, sources), run.handoff, manifest.identity, kernel, warming, kernels, rebuilt, told,
        keep_all=options.keep_all, forks=forks, rebuilds=options.cold, artifacts=artifacts,
        most=options.snapshots,
    )  # fmt: skip
