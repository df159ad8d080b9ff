"""Steps that continue one another: beside one kernel for the whole notebook, and what a snapshot costs."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from mlops_jlab.engine.executors.bound import held_by
from mlops_jlab.engine.step.shell import ForkedShell
from mlops_jlab.engine.step.shells import Shells
from mlops_jlab.processes.client import connect
from tests.conftest import notebook_json

ROUNDS = 3
COUNT = 45
WORKING = """import numpy as np, pandas as pd, matplotlib.pyplot as plt
from sklearn.linear_model import LogisticRegression
from sklearn.datasets import load_breast_cancer
frame = load_breast_cancer(as_frame=True).frame
frame.describe()
plt.figure(); plt.hist(frame['mean radius']); plt.show()
frame.groupby('target').mean()
model = LogisticRegression(max_iter=3000).fit(frame.iloc[:, :10], frame['target'])
print(model.score(frame.iloc[:, :10], frame['target']))
frame['ratio'] = frame['mean area'] / frame['mean radius']
frame.corr().iloc[0, :5]
top = frame.sort_values('ratio').head(20)
np.percentile(frame['ratio'], [5, 50, 95])
plt.figure(); frame['ratio'].plot(); plt.show()
shuffled = frame.sample(frac=1, random_state=1)
"""


def trivial(count: int) -> list[str]:
    """Cells that take no time, each of which needs the one above."""
    return ["x = 0", *(f"x = x + 1\nprint(x, {number})" for number in range(count - 1))]


def working(count: int) -> list[str]:
    """Cells of a usual notebook, over and over."""
    lines = WORKING.splitlines()
    return [
        lines[0] + "\n" + lines[1] + "\n" + lines[2],
        *(lines[3 + n % (len(lines) - 3)] for n in range(count - 1)),
    ]


def written(folder: Path, name: str, cells: list[str]) -> Path:
    path = folder / f"{name}.ipynb"
    tagged = [(f"step:s{number:02}", source) for number, source in enumerate(cells)]
    path.write_text(json.dumps(notebook_json(tagged)))
    return path


def command(words: list[str], folder: Path) -> float:
    """Seconds that a whole command takes."""
    begun = time.perf_counter()
    subprocess.run(words, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - begun


def ours(notebook: Path) -> float:
    words = [
        sys.executable,
        "-m",
        "mlops_jlab",
        "run",
        notebook.name,
        "--no-cache",
        "-o",
        f"run-{notebook.stem}",
    ]
    subprocess.run(["rm", "-rf", f"run-{notebook.stem}"], cwd=notebook.parent, check=True)
    return command(words, notebook.parent)


def theirs(notebook: Path) -> float:
    words = [
        sys.executable,
        "-m",
        "nbconvert",
        "--execute",
        "--to",
        "notebook",
        "--output",
        "all.ipynb",
        notebook.name,
    ]
    return command(words, notebook.parent)


def seconds(notebook: Path) -> dict[str, float]:
    """What each step of the newest run took."""
    ours(notebook)
    state: dict[str, Any] = json.loads((notebook.parent / f"run-{notebook.stem}" / "run.json").read_text())
    return {step["name"]: step["seconds"] for step in state["steps"]}


def side_by_side(folder: Path) -> None:
    """Whole notebooks, each cell a step, beside one kernel."""
    print(f"| {COUNT} cells, each a step | mlops-jlab, s | nbconvert, s | ours / theirs |\n|---|---|---|---|")
    for text, cells in (("cells that take no time", trivial(COUNT)), ("a usual notebook", working(COUNT))):
        notebook = written(folder, text.split()[-1], cells)
        pairs = [(ours(notebook), theirs(notebook)) for _ in range(ROUNDS)]
        mine, other = (statistics.median(pair[place] for pair in pairs) for place in (0, 1))
        ratio = statistics.median(one / two for one, two in pairs)
        print(f"| {text} | {mine:.2f} | {other:.2f} | {ratio:.2f} |", flush=True)
    short, long = written(folder, "short", trivial(5)), written(folder, "long", trivial(COUNT))
    each = statistics.median((ours(long) - ours(short)) / (COUNT - 5) for _ in range(ROUNDS))
    print(f"\none more step in a chain: {each * 1000:.0f} ms of the whole command")


def handed_on(folder: Path) -> None:
    """A frame of 1 GB, handed to the next steps, against one of a few bytes."""
    found = {}
    for rows in (25, 25_000_000):
        cells = ["import numpy as np, pandas as pd", f"frame = pd.DataFrame(np.zeros(({rows}, 5)))"]
        cells += [f"n{number} = len(frame)" for number in range(6)]
        took = seconds(written(folder, f"frame{rows}", cells))
        found[rows] = statistics.median(list(took.values())[2:])
    print(
        f"a step below a frame of 1 GB: {1000 * found[25_000_000]:.0f} ms; below a small one: {1000 * found[25]:.0f} ms"
    )


def delayed(folder: Path) -> None:
    """A step of pure Python while 300 MB are saved beside it, against one with nothing beside it."""
    work = "import time\nbegun = time.perf_counter()\ntotal = sum(n * n for n in range(8_000_000))\nprint(time.perf_counter() - begun)"
    found: dict[int, list[float]] = {1: [], 37_500_000: []}
    for _ in range(ROUNDS):
        for size in found:
            notebook = written(
                folder, f"busy{size}", [f"import numpy as np\nmade = np.random.rand({size})", work]
            )
            ours(notebook)
            executed = json.loads((folder / f"run-busy{size}" / "executed" / "s01.ipynb").read_text())
            found[size].append(float("".join(executed["cells"][-1]["outputs"][0]["text"])))
    alone, beside = (statistics.median(times) for times in found.values())
    print(
        f"a step of {alone:.2f} s of Python while 300 MB are saved beside it: {100 * (beside / alone - 1):+.1f} %"
    )


def snapshots(folder: Path) -> None:
    """Twenty living snapshots below an array of 1 GB that nobody changes."""
    shells = Shells(connect.connect(sys.executable, ["numpy"], os.environ, 0), os.environ, folder)
    with (folder / "log").open("wb") as log:
        shell = shells.take({}, log, 0, 0, str(folder))
        assert shell is not None
        shell.wait_until_ready()
        shell.execute("import numpy as np\nbig = np.ones(125_000_000)", "a", lambda _outputs: None)
        shell.finish("a")
        alive, times = [shell], []
        for number in range(20):
            begun = time.perf_counter()
            copy = alive[-1].copy()
            times.append(time.perf_counter() - begun)
            assert isinstance(copy, ForkedShell), copy
            copy.begin({}, log, 0, 0, str(folder))
            copy.execute(f"y{number} = {number}", "b", lambda _outputs: None)
            copy.finish(f"b{number}")
            alive.append(copy)
        total = sum(held_by(one.process.pid) for one in alive)
        for one in alive:
            one.drop()
    shells.let_go()
    print(
        f"20 snapshots below 1 GB: {total / 1e9:.2f} GB together; a fork answers after {statistics.median(times) * 1000:.0f} ms"
    )


def main() -> None:
    """Prints the tables."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        snapshots(folder)
        handed_on(folder)
        delayed(folder)
        side_by_side(folder)


if __name__ == "__main__":
    main()
