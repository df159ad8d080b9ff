"""A pipeline of two steps is run, as any other, where it can do no harm."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

from mlops_jlab.doctor.results import Check, State
from mlops_jlab.engine.folder.state import RunFolder
from mlops_jlab.errors import MlopsError
from mlops_jlab.store import location

_LONGEST = 120.0  # seconds
# A generator cannot be saved: what goes on with it continues the process of the step above.
_LIVE = ("import itertools\nnumbers = itertools.count()\nnext(numbers)", "assert next(numbers) == 1")
_SAVED = ("numbers = [0, 1]", "assert numbers == [0, 1]")


def trial(*, cold: bool) -> Check:
    """Runs two steps, the second in what the first left behind, or ``cold`` in kernels of their own."""
    name = "steps in kernels" if cold else "steps continue"
    with tempfile.TemporaryDirectory(prefix="mlops-jlab-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        nbformat.write(_notebook(_SAVED if cold else _LIVE), folder / "trial.ipynb")
        command = [sys.executable, "-m", "mlops_jlab", "run", "trial.ipynb", "-o", "run", "--no-cache"]
        environment = {**os.environ, location.VARIABLE: str(folder / "store")}
        begun = time.monotonic()
        try:
            ended = subprocess.run([*command, *["--cold"] * cold], cwd=folder, env=environment, check=False,
                                   capture_output=True, text=True, timeout=_LONGEST)  # fmt: skip
        except subprocess.TimeoutExpired:
            cure = "see what hangs: mlops-jlab run NOTEBOOK" + " --cold" * cold
            return Check(name, State.BROKEN, f"two steps were not done after {_LONGEST:.0f} s", cure)
        took = time.monotonic() - begun
        if ended.returncode:
            said = [line for line in ended.stderr.splitlines() if line.strip()]
            told = "; ".join(line.strip() for line in said[-3:]) or f"exit code {ended.returncode}"
            cure = "" if cold else "run with --cold, if that works"
            return Check(name, State.BROKEN, f"a pipeline of two steps failed: {told}", cure)
        return _judged(name, folder / "run", took)


def _judged(name: str, run: Path, took: float) -> Check:
    try:
        remark = RunFolder(run).load().remark
    except MlopsError as error:
        return Check(name, State.BROKEN, f"the run's own record cannot be read: {error.message}", error.hint)
    text = f"two steps in {took:.1f} s"
    return Check(name, State.NOTE if remark else State.GOOD, f"{text}; {remark}" if remark else text)


def _notebook(sources: tuple[str, str]) -> nbformat.NotebookNode:
    tags = ("step:first", "step:second")
    cells = [
        nbformat.v4.new_code_cell(source, metadata={"tags": [tag]})
        for tag, source in zip(tags, sources, strict=True)
    ]
    return nbformat.v4.new_notebook(cells=cells)
