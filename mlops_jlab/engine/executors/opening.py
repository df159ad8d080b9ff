"""The executor that a run asks for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mlops_jlab.engine.executors import Executor
from mlops_jlab.engine.executors.local import LocalProcesses
from mlops_jlab.engine.options import Options
from mlops_jlab.engine.sources import StepSources
from mlops_jlab.engine.warming import Warming
from mlops_jlab.errors import InputError
from mlops_jlab.handoff.remote import Artifacts

LOCAL = "local"
_DASK = "dask://"


def check_executor(name: str) -> None:
    """Raises InputError unless ``name`` is ``local`` or ``dask://HOST:PORT``."""
    if name and name != LOCAL and not (name.startswith(_DASK) and name.removeprefix(_DASK)):
        raise InputError(f"{name!r} is no executor", hint="use local, or dask://HOST:PORT")


def open_executor(
    options: Options, run: Path, sources: StepSources, kernel: str, environment: Mapping[str, str]
) -> Executor:
    """The executor for the run in the folder ``run``; ``environment`` is common to all steps.

    Raises:
        InputError: there is no such executor, or it cannot execute this run.
    """
    if options.executor.startswith(_DASK):
        from mlops_jlab.engine.executors.dask import DaskCluster

        address = options.executor.removeprefix(_DASK)
        return DaskCluster(
            address if "://" in address else f"tcp://{address}", run, options.artifacts, kernel,
            sources.modules(), environment, cold=options.cold,
        )  # fmt: skip
    artifacts = Artifacts(options.artifacts) if options.artifacts else None
    warming = Warming(sources, kernel, environment, options)
    return LocalProcesses(warming, kernel, options.jobs or os.cpu_count() or 1, artifacts)
