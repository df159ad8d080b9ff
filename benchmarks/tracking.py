"""Tracking beside MLflow with its SQLite store: calls, searches, histories, writers, space."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from mlops_jlab.store import database, filters, location, opening, reading
from mlops_jlab.store.applying import Applier
from mlops_jlab.store.location import Place

OURS, THEIRS = "import mlops_jlab as m", "import mlflow as m"
FIRST = "import time; t = time.perf_counter()\n{library}\nm.start_run()\nprint(time.perf_counter() - t)"
CALLS = """
import json, time
{library}
m.start_run()
times = []
for n in range({count}):
    t = time.perf_counter()
    m.log_metric("x", n * 0.5, step=n)
    times.append(time.perf_counter() - t)
times.sort()
print(json.dumps([times[len(times) // 2], times[int(len(times) * 0.95)], times[-1]]))
"""
LOOP = """
import time
import mlops_jlab as m
m.start_run()
t = time.perf_counter()
for n in range(100_000):
    m.log_metric("x", n * 0.5)
print(time.perf_counter() - t)
"""
WRITER = """
import json, sys, time
{library}
m.start_run()
sys.stdout.write("ready\\n"); sys.stdout.flush()
sys.stdin.readline()
worst, begun = 0.0, time.time()
for n in range({count}):
    t = time.perf_counter()
    m.log_metric("x", float(n), step=n)
    worst = max(worst, time.perf_counter() - t)
{flush}
print(json.dumps([begun, time.time(), worst]))
m.end_run()
"""
RUNS = """
import mlops_jlab as m
for n in range({count}):
    with m.start_run(run_name=f"run {{n}}"):
        m.log_params({{f"param{{k}}": n * k for k in range(10)}})
        m.log_metrics({{f"metric{{k}}": n * k / 7 for k in range(10)}})
print(n)
"""
MEMORY = """
def rss():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
import json, asyncio
before = rss()
{library}
m.start_run()
for n in range(1_000):
    m.log_metric("x", n, step=n)
print(json.dumps((rss() - before) / 1e6))
"""


def run(code: str, folder: Path, **more: str) -> str:
    """What the code prints, in a process of its own."""
    environment = {
        **os.environ, "MLOPS_JLAB_STORE": str(folder / "store"), "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        "MLFLOW_DISABLE_TELEMETRY": "true", **more,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return (done.stdout.strip().splitlines() or [""])[-1]


def median(call: Callable[[], float], rounds: int) -> float:
    """The median of some rounds."""
    return statistics.median(call() for _ in range(rounds))


def first_run(folder: Path) -> list[str]:
    """Import and first start_run in a fresh process; the stores exist already."""
    for library in (OURS, THEIRS):
        run(FIRST.format(library=library), folder)
    ours = median(lambda: float(run(FIRST.format(library=OURS), folder)), 7)
    theirs = median(lambda: float(run(FIRST.format(library=THEIRS), folder)), 3)
    return [
        "import and first start_run",
        f"{ours * 1000:.0f} ms",
        f"{theirs * 1000:,.0f} ms",
        ratio(theirs, ours),
    ]


def ratio(theirs: float, ours: float) -> str:
    """How many times as much MLflow takes."""
    return f"{theirs / ours:,.0f}" if theirs / ours >= 10 else f"{theirs / ours:.1f}"


def calls(folder: Path) -> list[list[str]]:
    """log_metric one by one."""
    ours = json.loads(run(CALLS.format(library=OURS, count=20_000), folder))
    theirs = json.loads(run(CALLS.format(library=THEIRS, count=200), folder))
    names = ("log_metric, median", "log_metric, 95th percentile", "log_metric, worst call")
    return [
        [name, f"{a * 1e6:,.1f} µs", f"{b * 1e6:,.0f} µs", ratio(b, a)]
        for name, a, b in zip(names, ours, theirs, strict=True)
    ]


def writers(folder: Path) -> list[str]:
    """Four processes at once on one store."""
    speeds, worst = [], 0.0
    for library, count, flush in ((OURS, 5_000, "m.flush()"), (THEIRS, 50, "")):
        code = WRITER.format(library=library, count=count, flush=flush)
        environment = {**os.environ, "MLOPS_JLAB_STORE": str(folder / "store"),
                       "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}  # fmt: skip
        processes = [
            subprocess.Popen([sys.executable, "-c", code], cwd=folder, env=environment, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            for _ in range(4)
        ]  # fmt: skip
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        outputs = [json.loads(process.communicate("go\n")[0].splitlines()[0]) for process in processes]
        seconds = max(end for _, end, _ in outputs) - min(begun for begun, _, _ in outputs)
        speeds.append(4 * count / seconds)
        worst = worst or max(call for _, _, call in outputs)
    return [f"four writers, points a second (our worst call {worst * 1000:.1f} ms)", f"{speeds[0]:,.0f}",
            f"{speeds[1]:,.0f}", ratio(speeds[0], speeds[1])]  # fmt: skip


def fill_ours(place: Place, count: int) -> None:
    """``count`` runs with 10 params and 10 metrics."""
    location.make(place)
    with closing(database.connect(place.database)) as connection:
        applier = Applier(connection)
        for start in range(0, count, 1_000):
            lines: list[list[object]] = []
            for n in range(start, min(start + 1_000, count)):
                name = f"{n * 2654435761 % 2**64:032x}"
                lines.append(["run", name, 1, {"name": f"run {n}", "started": 1.7e9 + n, "owner": ""}])
                lines += [["param", name, 1, f"param{k}", str(n * k % 97), 0.0] for k in range(10)]
                lines += [
                    ["m", name, 1, f"metric{k}", 0, n * (k + 1) * 7919 % 1000 / 1000, 0.0] for k in range(10)
                ]
                lines.append(["end", name, 1, {"status": "finished", "ended": 1.7e9 + n}])
            with database.transaction(connection):
                applier.apply(lines)
        connection.execute("PRAGMA optimize")
        database.checkpoint(connection, place.database, always=True)


def fill_theirs(folder: Path, count: int, points: int) -> str:
    """The same runs in MLflow's tables, and one run with many points; the experiment's id."""
    run("import mlflow as m; m.create_experiment('filled'); m.start_run(); print()", folder)
    with closing(sqlite3.connect(folder / "mlflow.db")) as base:
        (experiment,) = base.execute("SELECT experiment_id FROM experiments WHERE name = 'filled'").fetchone()
        for n in range(count):
            name = f"{n:032x}"
            base.execute(
                "INSERT INTO runs (run_uuid, name, source_type, user_id, status, start_time, end_time, lifecycle_stage, "
                "artifact_uri, experiment_id) VALUES (?, ?, 'LOCAL', 'me', 'FINISHED', ?, ?, 'active', '/x', ?)",
                (name, f"run {n}", n, n, experiment),
            )
            base.executemany("INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)",
                             [(f"param{k}", str(n * k % 97), name) for k in range(10)])  # fmt: skip
            rows = [(f"metric{k}", n * (k + 1) * 7919 % 1000 / 1000, 0, name, 0, False) for k in range(10)]
            for table in ("metrics", "latest_metrics"):
                base.executemany(
                    f"INSERT INTO {table} (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, ?)",
                    rows,
                )
        base.executemany(
            "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES ('long', ?, 0, ?, ?, 0)",
            [(n * 0.5, f"{0:032x}", n) for n in range(points)],
        )
        base.commit()
    return str(experiment)


def searches(folder: Path) -> list[list[str]]:
    """The first page of 50, filtered and sorted by a metric."""
    ours: dict[int, float] = {}
    for count in (10_000, 100_000):
        place = Place(folder / f"store-{count}")
        fill_ours(place, count)
        condition = "metrics.metric3 > 0.5 and params.param2 = '4'"
        query = reading.Query(filters.parse(condition), (filters.parse_order("metrics.metric5 DESC"),))

        def once(place: Place = place, query: reading.Query = query) -> float:
            with opening.reading(place) as connection:
                begun = time.perf_counter()
                assert len(reading.page(connection, query).runs) == 50
                return time.perf_counter() - begun

        ours[count] = median(once, 15)
    experiment = fill_theirs(folder, 10_000, 100_000)
    code = (
        "import time, mlflow\nc = mlflow.MlflowClient()\nt = time.perf_counter()\n"
        f"r = c.search_runs(['{experiment}'], \"metrics.metric3 > 0.5 and params.param2 = '4'\", "
        "order_by=['metrics.metric5 DESC'], max_results=50)\nassert len(r) == 50\nprint(time.perf_counter() - t)"
    )
    theirs = median(lambda: float(run(code, folder)), 3)
    return [
        ["page of 10,000 runs, filtered and sorted", f"{ours[10_000] * 1000:.1f} ms", f"{theirs * 1000:,.0f} ms",
         ratio(theirs, ours[10_000])],
        ["page of 100,000 runs", f"{ours[100_000] * 1000:.1f} ms", "", ""],
    ]  # fmt: skip


def histories(folder: Path) -> list[list[str]]:
    """A long curve: ours thinned to 1,000 points, theirs whole."""
    place = Place(folder / "store-long")
    location.make(place)
    name = "a" * 32
    with closing(database.connect(place.database)) as connection:
        applier = Applier(connection)
        applier.apply([["run", name, 1, {"name": "long", "started": 1.0, "owner": ""}]])
        for start in range(0, 1_000_000, 100_000):
            with database.transaction(connection):
                applier.apply(
                    [["m", name, 1, "x", n, n % 977 / 977, 0.0] for n in range(start, start + 100_000)]
                )

        def once() -> float:
            begun = time.perf_counter()
            assert 500 <= len(reading.history(connection, found, "x", 1_000)) <= 1_000
            return time.perf_counter() - begun

        found = reading.find(connection, name)
        ours = median(once, 7)
    code = (
        "import time, mlflow\nc = mlflow.MlflowClient()\nt = time.perf_counter()\n"
        f"assert len(c.get_metric_history('{0:032x}', 'long')) == 100_000\nprint(time.perf_counter() - t)"
    )
    theirs = median(lambda: float(run(code, folder)), 3)
    return [["history: ours 1,000,000 points thinned to 1,000, theirs 100,000 whole", f"{ours * 1000:.0f} ms",
             f"{theirs * 1000:,.0f} ms", ratio(theirs, ours)]]  # fmt: skip


def space(folder: Path) -> list[list[str]]:
    """Memory of a tracked process, bytes of a run."""
    ours = median(lambda: float(run(MEMORY.format(library=OURS), folder)), 3)
    theirs = median(lambda: float(run(MEMORY.format(library=THEIRS), folder)), 3)
    place = Place(folder / "store-small")
    run(RUNS.format(count=500), folder, MLOPS_JLAB_STORE=str(place.root))
    with closing(database.connect(place.database)) as connection:
        database.checkpoint(connection, place.database, always=True)
    size = sum(path.stat().st_size for path in place.root.rglob("*") if path.is_file())
    return [
        ["memory that tracking adds to a process", f"{ours:.1f} MB", f"{theirs:.0f} MB", ratio(theirs, ours)],
        ["disk a run (10 params, 10 metrics)", f"{size / 500 / 1000:.2f} kB", "", ""],
    ]


def migration(folder: Path) -> list[str]:
    """A store of 1,000,000 rows of runs brought to a next format that touches each: copied aside, then changed."""
    place = Place(folder / "store-migrated")
    fill_ours(place, 46_000)
    with closing(database.connect(place.database)) as connection:
        rows = sum(
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("runs", "params", "series", "points")
        )
    text = "ALTER TABLE runs ADD COLUMN more TEXT;\nUPDATE runs SET more = name;\nUPDATE params SET value = value || '';"
    steps = [*database.migrations(), database.Migration(database.FORMAT + 1, text)]
    database.migrations = lambda: steps
    database.FORMAT += 1
    try:
        begun = time.perf_counter()
        database.connect(place.database).close()
        seconds = time.perf_counter() - begun
    finally:
        database.FORMAT -= 1
        del steps[-1]
    return [f"a store of {rows:,} rows copied aside and migrated", f"{seconds:.1f} s", "", ""]


def mirror(folder: Path) -> list[str]:
    """Sending runs to a server on this machine."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
         "--backend-store-uri", f"sqlite:///{folder}/server.db", "--artifacts-destination", str(folder / "files")],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"},
    )  # fmt: skip
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.5)
        from mlops_jlab.mirror.client import Server
        from mlops_jlab.mirror.pushing import Push

        with opening.writing(Place(folder / "store-small")) as connection:
            push = Push(Place(folder / "store-small"), connection, Server(f"http://127.0.0.1:{port}"))
            begun = time.perf_counter()
            result = push.all()
            seconds = time.perf_counter() - begun
    finally:
        os.killpg(server.pid, 15)
        server.wait()
    return ["mirror to an MLflow server, a run", f"{seconds / result.runs * 1000:.0f} ms", "", ""]


def main() -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [first_run(folder), *calls(folder)]
        loop = median(lambda: float(run(LOOP, folder)), 3)
        rows.append(["100,000 log_metric calls in a loop", f"{loop:.2f} s", "", ""])
        rows += [writers(folder), *searches(folder), *histories(folder), migration(folder),
                 *space(folder), mirror(folder)]  # fmt: skip
    print("| | mlops-jlab | MLflow | MLflow takes, times |\n|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
