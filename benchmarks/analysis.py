"""Analysis and export of large notebooks, and the start of the command line."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CODE = """
import resource, sys, time
from pathlib import Path
begun = time.perf_counter()
from mlops_jlab.pipeline.export import export, graph_of
graph = graph_of(Path(sys.argv[1]))
analysed = time.perf_counter()
export(graph, Path(sys.argv[2]))
done = time.perf_counter()
print(analysed - begun, done - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def notebook(cells: int) -> dict[str, object]:
    """A notebook like those that people write: a frame that is changed, a function, a figure."""
    parts = [
        "df{n} = df{m}.assign(x{n}=df{m}['x'] * {n})\nprint(df{n}.describe())",
        "def f{n}(frame, k={n}):\n    return frame[frame['x'] > k + scale]\nkept{n} = f{n}(df{m})",
        "for i in range(3):\n    total += len(kept{m}) if 'kept{m}' else i\ntotal",
        "fig{n}, ax{n} = plt.subplots()\nax{n}.plot(df{k}['x'])\ndf{n} = df{k}",
    ]
    sources = [
        "import pandas as pd, matplotlib.pyplot as plt\nscale = 1",
        "df0 = pd.DataFrame({'x': range(9)})\ntotal = 0",
    ]
    for n in range(1, cells - 1):
        base = 4 * ((n - 1) // 4)
        sources.append(parts[(n - 1) % 4].format(n=n, m=base if n % 4 == 1 else n - 1 if n % 4 else n, k=base + 1)
                       if n % 4 != 2 else parts[1].format(n=n, m=n - 1))  # fmt: skip
    return {
        "nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"name": "python3"}},
        "cells": [
            {"cell_type": "code", "id": f"c{place}", "outputs": [], "execution_count": None, "source": source,
             "metadata": {"tags": ["setup"] if place == 0 else [f"step:s{place // 5}"]}}
            for place, source in enumerate(sources)
        ],
    }  # fmt: skip


def median(command: list[str], tries: int = 7) -> float:
    """The median wall time of a command in milliseconds."""
    times = []
    for _ in range(tries):
        begun = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(1000 * (time.perf_counter() - begun))
    return statistics.median(times)


def main() -> None:
    """Prints the tables."""
    print("| cells | analysed, s | exported, s | memory, MB |\n|---|---|---|---|")
    for cells in (300, 1000, 3000, 10_000):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "nb.ipynb"
            path.write_text(json.dumps(notebook(cells)))
            done = subprocess.run(
                [sys.executable, "-c", CODE, str(path), f"{folder}/out"],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                sys.exit(done.stderr[-2000:])
            analysed, exported, memory = map(float, done.stdout.split())
            print(f"| {cells:,} | {analysed:.2f} | {exported:.2f} | {memory:.0f} |")
    bare = median([sys.executable, "-c", "pass"])
    loaded = median([sys.executable, "-c", "import mlops_jlab"])
    shown = median([sys.executable, "-m", "mlops_jlab", "--help"])
    print(
        f"\n| | ms |\n|---|---|\n| python -c pass | {bare:.0f} |\n| import mlops_jlab, on top | {loaded - bare:.0f} |"
    )
    print(f"| mlops-jlab --help, whole command | {shown:.0f} |")


if __name__ == "__main__":
    main()
