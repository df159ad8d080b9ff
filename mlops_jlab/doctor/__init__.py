"""Looks whether everything works here: environment, JupyterLab, kernels, store, a pipeline that is run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mlops_jlab.doctor.environment import command, extras, files, packages, python
from mlops_jlab.doctor.jupyter import front_end, kernels, server
from mlops_jlab.doctor.keeping import schedules, store
from mlops_jlab.doctor.results import Check, State
from mlops_jlab.doctor.trial import trial

__all__ = ["Check", "State", "checks"]


def checks(folder: Path) -> Iterator[Check]:
    """Looks at one thing after the other, as for work in ``folder``; each result comes when it is known.

    The last two checks run a pipeline of two steps, in a folder and a store of their own.
    """
    yield python()
    yield command()
    yield packages()
    yield extras()
    yield files()
    yield front_end()
    yield server()
    yield from kernels()
    yield store(folder)
    yield schedules(folder)
    yield trial(cold=False)
    yield trial(cold=True)
