"""Three hundred steps exported to every target: the whole of it, and the target's own part."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from mlops_jlab.pipeline.export import graph_of
from mlops_jlab.targets import writing
from mlops_jlab.targets.form import Wishes

STEPS = 300
WISHES = Wishes(
    {"rows": "5"}, cron="0 3 * * 1", zone="Europe/Berlin", store="s3://bucket/runs", image="r/x:1"
)


def notebook(steps: int) -> dict[str, object]:
    """A notebook of steps, of which ten stand side by side each."""
    cells = [("parameters", "rows: int = 10"), ("step:s000", "v000 = list(range(rows))")]
    for number in range(1, steps):
        above = 10 * ((number - 1) // 10)
        cells.append((f"step:s{number:03d}", f"v{number:03d} = [x + 1 for x in v{above:03d}]"))
    return {
        "nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"name": "python3"}},
        "cells": [
            {"cell_type": "code", "id": f"c{place}", "outputs": [], "execution_count": None, "source": source,
             "metadata": {"tags": [tag]}}
            for place, (tag, source) in enumerate(cells)
        ],
    }  # fmt: skip


def main() -> None:
    """Prints a table: seconds of a processor for analysis, the target's files, and everything written."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "many.ipynb"
        path.write_text(json.dumps(notebook(STEPS)))
        begun = time.process_time()
        graph = graph_of(path)
        print(f"{STEPS} steps; reading and analysis of the notebook: {time.process_time() - begun:.2f} s\n")
        print("| target | its files | all written |\n|---|---|---|")
        for name in writing.NAMES:
            target = writing.target_of(name)
            begun = time.process_time()
            prepared = writing.prepare(graph, target, Path(scratch) / name, WISHES)
            target.files(prepared.form, prepared.place)
            own = time.process_time() - begun
            writing.write(prepared)
            print(f"| {name} | {own:.2f} s | {time.process_time() - begun:.2f} s |")


if __name__ == "__main__":
    main()
