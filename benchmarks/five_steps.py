"""A five-step pipeline beside papermill and Ploomber, and beside a plain script with the same code.

Ploomber wants older libraries, so it has an environment of its own: ``PLOOMBER`` names its command, and
without it there is no such line.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PLOOMBER = os.environ.get("PLOOMBER", "")
STEPS = {
    "load": "from sklearn.datasets import load_wine\nX, y = load_wine(return_X_y=True, as_frame=True)",
    "clean": "X = (X - X.mean()) / X.std()",
    "linear": "from sklearn.linear_model import LogisticRegression\nlinear = LogisticRegression(max_iter=500).fit(X, y)",
    "forest": "from sklearn.ensemble import RandomForestClassifier\nforest = RandomForestClassifier(50, random_state=0).fit(X, y)",
    "evaluate": "print(linear.score(X, y), forest.score(X, y))",
}


TAKES = {
    "clean": ["load"],
    "linear": ["clean"],
    "forest": ["clean"],
    "evaluate": ["linear", "forest", "clean"],
}
MAKES = {"load": "X, y", "clean": "X, y", "linear": "linear", "forest": "forest", "evaluate": "None"}


def write_ploomber(folder: Path) -> None:
    """The same steps as Ploomber's tasks: scripts that are run as notebooks, with pickles between them."""
    tasks = []
    for name, source in STEPS.items():
        upstream = TAKES.get(name, [])
        lines = [
            "# %% tags=['parameters']",
            f"upstream = {upstream or None}",
            "product = None",
            "# %%",
            "import pickle",
        ]
        for other in upstream:
            lines.append(f"{MAKES[other]} = pickle.load(open(upstream[{other!r}]['data'], 'rb'))")
        lines += [source, f"pickle.dump(({MAKES[name]}), open(product['data'], 'wb'))"]
        (folder / f"{name}.py").write_text(
            "\n".join(lines).replace("tags=['parameters']", 'tags=["parameters"]')
        )
        tasks.append(
            f"  - source: {name}.py\n    product: {{nb: made/{name}.ipynb, data: made/{name}.pkl}}\n"
        )
    (folder / "made").mkdir()
    (folder / "pipeline.yaml").write_text("tasks:\n" + "".join(tasks))


def timed(command: list[str], folder: Path, warm: str = "") -> float:
    """Seconds that the command takes; commands with the same ``warm`` share a warm parent."""
    begun = time.perf_counter()
    environment = {**os.environ, "WARM_PARENT": warm}
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=environment)
    return time.perf_counter() - begun


def main() -> None:
    """Prints medians of interleaved rounds, and the ratios."""
    tool = [sys.executable, "-m", "mlops_jlab"]
    cells = [
        {"cell_type": "code", "id": name, "metadata": {"tags": [f"step:{name}"]}, "outputs": [],
         "execution_count": None, "source": source}
        for name, source in STEPS.items()
    ]  # fmt: skip
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "nb.ipynb").write_text(
            json.dumps({"nbformat": 4, "nbformat_minor": 5, "cells": cells,
                        "metadata": {"kernelspec": {"name": "python3", "display_name": "p", "language": "python"}}})
        )  # fmt: skip
        (folder / "nb.py").write_text("\n".join(STEPS.values()))
        subprocess.run(
            [*tool, "export", "nb.ipynb", "-o", "out"], cwd=folder, check=True, capture_output=True
        )
        (folder / "ploomber").mkdir()
        write_ploomber(folder / "ploomber")
        for turn in range(5):
            for key, value in round_of(folder, turn).items():
                times.setdefault(key, []).append(value)
    medians = {key: statistics.median(values) for key, values in times.items()}
    plain, five = medians["plain script"], medians["papermill, five calls"]
    print("| whole command | s | plain script takes, times | five papermill calls take, times |")
    print("|---|---|---|---|")
    for key, middle in medians.items():
        print(f"| {key} | {middle:.2f} | {plain / middle:.2f} | {five / middle:.1f} |")


def round_of(folder: Path, turn: int) -> dict[str, float]:
    """Each command once."""
    tool, papermill = [sys.executable, "-m", "mlops_jlab"], [sys.executable, "-m", "papermill"]
    found = {"mlops-jlab run": timed([*tool, "run", "out", "--no-cache"], folder)}
    timed([*tool, "run", "out", "--no-cache", "--keep-warm", "1"], folder, "left")
    time.sleep(2)  # until the runner that it leaves has imported all
    found["the same, warm parent and runner left from before"] = timed(
        [*tool, "run", "out", "--no-cache", "--keep-warm", "1"], folder, "left"
    )
    timed([*tool, "run", "out"], folder)
    found["the same, nothing has changed"] = timed([*tool, "run", "out"], folder)
    last = folder / "nb.ipynb"
    changed = last.read_text().replace("print(linear", f"print({turn}, linear")
    (folder / "changed.ipynb").write_text(changed)
    subprocess.run(
        [*tool, "export", "changed.ipynb", "-o", "changed", "--force"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    found["the same, the last step has changed, warm"] = timed(
        [*tool, "run", "changed", "--keep-warm", "1"], folder, "left"
    )
    if PLOOMBER:
        ploomber = [PLOOMBER, "build"]
        found["Ploomber"] = timed([*ploomber, "--force"], folder / "ploomber")
        found["Ploomber, nothing has changed"] = timed(ploomber, folder / "ploomber")
    found["papermill, whole notebook"] = timed([*papermill, "nb.ipynb", "whole.ipynb"], folder)
    found["papermill, five calls"] = sum(
        timed([*papermill, str(step), step.name], folder)
        for step in sorted((folder / "out" / "steps").iterdir())
    )
    found["plain script"] = timed([sys.executable, "nb.py"], folder)
    return found


if __name__ == "__main__":
    main()
