"""``log_metric`` through MLflow's own client: with our plugin, and with its SQLite store, in one run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

CALLS = """
import json, time
import mlflow
mlflow.start_run()
mlflow.log_metric("x", 0.0, step=0)
times = []
for n in range(1, {count} + 1):
    t = time.perf_counter()
    mlflow.log_metric("x", n * 0.5, step=n)
    times.append(time.perf_counter() - t)
times.sort()
print(json.dumps([times[len(times) // 2], times[int(len(times) * 0.95)], sum(times) / len(times)]))
mlflow.end_run()
"""


def measured(uri: str, folder: str, count: int) -> list[float]:
    """Median, 95th percentile and mean of the seconds that a call takes, in a process of its own."""
    environment = {
        **os.environ, "MLFLOW_TRACKING_URI": uri, "MLOPS_JLAB_STORE": f"{folder}/store",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", CALLS.format(count=count)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    found: list[float] = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("[")))
    return found


def main() -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as folder:
        theirs = measured(f"sqlite:///{folder}/mlflow.db", folder, 200)
        ours = measured("mlops-jlab:", folder, 2_000)
    print(
        "| `log_metric` through MLflow's client | our plugin | its SQLite store | times |\n|---|---|---|---|"
    )
    for name, a, b in zip(("median", "95th percentile", "mean"), ours, theirs, strict=True):
        print(f"| {name} | {a * 1e6:,.0f} µs | {b * 1e6:,.0f} µs | {b / a:,.0f} |")


if __name__ == "__main__":
    main()
