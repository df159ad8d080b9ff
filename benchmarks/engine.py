"""The engine beside nbclient and papermill: starting a step, many cells, large outputs, many steps."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from mlops_jlab.engine.step.attempt import Execution
from mlops_jlab.engine.step.papermill import execute
from mlops_jlab.engine.step.shells import Shells
from mlops_jlab.processes.client import connect
from tests.conftest import notebook_json

MODULES = ["numpy", "pandas", "sklearn.linear_model", "sklearn.ensemble"]


def seconds(call: Callable[[], object], rounds: int = 5) -> float:
    """The median time of a call."""
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def written(folder: Path, name: str, sources: list[str]) -> Path:
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps(notebook_json([("-", source) for source in sources])))
    return path


def ours(folder: Path, source: Path, shells: Shells) -> None:
    """One notebook through our engine."""
    failure = execute(
        source, folder / "out.ipynb", parameters={}, environment={}, folder=folder, kernel="python3",
        execution=Execution(), shells=shells,
    )  # fmt: skip
    assert failure is None, failure


def nbclient(source: Path) -> None:
    """The same through nbclient, in a kernel, without saving it."""
    import nbformat
    from nbclient import NotebookClient

    NotebookClient(nbformat.read(source, 4), timeout=None).execute()


def steps(folder: Path, count: int, wide: int) -> tuple[float, float, float]:
    """Many small steps: seconds a step, seconds of the runner's processor a step, its peak memory in MB."""
    cells = [("step:first", "x = 1")]
    cells += [(f"step:s{n}", f"y{n} = {'x' if n < wide else f'y{n - wide}'} + 1") for n in range(count - 1)]
    (folder / "many.ipynb").write_text(json.dumps(notebook_json(cells)))
    begun = time.perf_counter()
    runner = subprocess.Popen(
        [sys.executable, "-m", "mlops_jlab", "run", "many.ipynb", "--no-cache", "--no-track"], cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    watched = psutil.Process(runner.pid)
    processor = memory = 0.0
    while runner.poll() is None:
        with suppress(psutil.Error):
            times = watched.cpu_times()  # without those of the steps, which wait4 would add
            processor = times.user + times.system
            memory = max(memory, watched.memory_info().rss / 1e6)
        time.sleep(0.05)
    assert runner.returncode == 0
    took = time.perf_counter() - begun
    return took / count, processor / count, memory


def main() -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one = written(
            folder, "one", ["import pandas as pd\nimport sklearn.linear_model\npd.DataFrame({'a': [1]})"]
        )
        cheap = written(folder, "cheap", ["1 + 1"] * 200)
        heavy = written(folder, "heavy", ["print('x' * 400_000)"] * 50)
        shells = Shells(connect.connect(sys.executable, MODULES, os.environ, 0), os.environ, folder)
        ours(folder, one, shells)  # it has imported everything now
        rows = []
        for text, source, rounds in (
            ("one cell that imports pandas and scikit-learn", one, 7),
            ("200 cheap cells", cheap, 3),
            ("50 cells with 20 MB of outputs", heavy, 3),
        ):
            mine = seconds(lambda source=source: ours(folder, source, shells), rounds)
            theirs = seconds(lambda source=source: nbclient(source), rounds)
            rows.append([text, f"{mine * 1000:,.0f} ms", f"{theirs * 1000:,.0f} ms", f"{mine / theirs:.2f}"])
        shells.let_go()
        print("| executed and saved, from a warm parent | mlops-jlab | nbclient, not saved | ours / theirs |")
        print("|---|---|---|---|")
        for row in rows:
            print("| " + " | ".join(row) + " |")
        each, processor, memory = steps(folder, 500, 50)
        print(f"\n500 steps, 50 wide: {each * 1000:.0f} ms a step on the clock, ", end="")
        print(f"{processor * 1000:.0f} ms of the runner's processor; its memory at most {memory:.0f} MB")


if __name__ == "__main__":
    main()
