"""A five-step pipeline beside papermill: the whole notebook once, and five plain papermill calls."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STEPS = {
    "load": "from sklearn.datasets import load_wine\nX, y = load_wine(return_X_y=True, as_frame=True)",
    "clean": "X = (X - X.mean()) / X.std()",
    "linear": "from sklearn.linear_model import LogisticRegression\nlinear = LogisticRegression(max_iter=500).fit(X, y)",
    "forest": "from sklearn.ensemble import RandomForestClassifier\nforest = RandomForestClassifier(50, random_state=0).fit(X, y)",
    "evaluate": "print(linear.score(X, y), forest.score(X, y))",
}


def timed(command: list[str], folder: Path) -> float:
    """Seconds that the command takes."""
    begun = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - begun


def main() -> None:
    """Prints medians of interleaved rounds, and the ratios."""
    tool, papermill = [sys.executable, "-m", "mlops_jlab"], [sys.executable, "-m", "papermill"]
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
        for turn in range(3):
            run = timed([*tool, "run", "out", "-o", f"run{turn}"], folder)
            whole = timed([*papermill, "nb.ipynb", f"whole{turn}.ipynb"], folder)
            single = sum(
                timed([*papermill, str(step), f"{turn}-{step.name}"], folder)
                for step in sorted((folder / "out" / "steps").iterdir())
            )
            plain = timed([sys.executable, "nb.py"], folder)
            for key, value in {"mlops-jlab run": run, "papermill, whole notebook": whole,
                               "papermill, five calls": single, "plain script": plain}.items():  # fmt: skip
                times.setdefault(key, []).append(value)
    ours = statistics.median(times["mlops-jlab run"])
    print("| | s | mlops-jlab run takes |\n|---|---|---|")
    for key, values in times.items():
        middle = statistics.median(values)
        print(f"| {key} | {middle:.1f} | {ours / middle:.2f} times that |")


if __name__ == "__main__":
    main()
