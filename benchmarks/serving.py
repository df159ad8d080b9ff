"""Serving beside ``mlflow models serve``: what it adds to a bare predict, how it bears load, and its memory.

The machine is shared: both are asked in turns, in one run, and what counts are the ratios.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
SECONDS = float(os.environ.get("SECONDS_EACH", "5"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
CLIENTS = 4


def model_of() -> tuple[Any, Any]:
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.normal(size=(1000, 10)), columns=[f"column{k}" for k in range(10)])
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, rows.column0 > 0)
    return model, rows


def free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def started(words: list[str], port: int, path: str) -> Iterator[psutil.Process]:
    with subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            end = time.monotonic() + 400
            while time.monotonic() < end and process.poll() is None:
                try:
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                    connection.request("GET", path)
                    if connection.getresponse().status == 200:
                        break
                except OSError:
                    time.sleep(0.2)
            assert process.poll() is None, f"{words[0]} has ended"
            yield psutil.Process(process.pid)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def asker(port: int, path: str, body: str) -> Callable[[], None]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask() -> None:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status

    return ask


def timed(work: Callable[[], Any], count: int) -> list[float]:
    found = []
    for _ in range(count):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return found


def load(port: int, path: str, body: str, seconds: float) -> float:
    """Requests a second of several clients at once."""
    counts, end = [0] * CLIENTS, time.monotonic() + seconds

    def client(place: int) -> None:
        ask = asker(port, path, body)
        while time.monotonic() < end:
            ask()
            counts[place] += 1

    threads = [threading.Thread(target=client, args=(place,)) for place in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def half_load(port: int, path: str, body: str, rate: float, seconds: float) -> list[float]:
    """The latency of requests that come at a rate, whatever the answers do."""
    ask, found, start = asker(port, path, body), [], time.monotonic()
    for number in range(int(rate * seconds)):
        due = start + number / rate
        time.sleep(max(0.0, due - time.monotonic()))
        ask()
        found.append(time.monotonic() - due)
    return found


def processor(process: psutil.Process) -> float:
    """Seconds of the processor that a service has taken."""
    return sum(sum(one.cpu_times()[:2]) for one in [process, *process.children(recursive=True)])


def memory(process: psutil.Process) -> float:
    return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)]) / 1e6


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="mlops-jlab-serving-") as name:
        folder = Path(name)
        os.environ |= {"MLOPS_JLAB_STORE": str(folder / "store"), "MLFLOW_DISABLE_TELEMETRY": "true"}
        import mlflow.sklearn

        import mlops_jlab

        model, rows = model_of()
        mlops_jlab.register_model(model, "m", input_example=rows)
        mlflow.sklearn.save_model(
            model, folder / "mlflow", input_example=rows.head(2), serialization_format="cloudpickle"
        )
        one = rows.head(1)
        body = json.dumps({"dataframe_records": one.to_dict("records")})
        ours, theirs = free(), free()
        binaries = Path(sys.executable).parent
        os.environ["PATH"] = f"{binaries}{os.pathsep}{os.environ['PATH']}"  # MLflow calls uvicorn by its name
        commands = {
            "mlops-jlab": ([str(binaries / "mlops-jlab"), "models", "serve", "m", "--port", str(ours), "--log", str(folder / "log")], ours),
            "mlflow models serve": ([str(binaries / "mlflow"), "models", "serve", "-m", str(folder / "mlflow"), "-p", str(theirs), "--env-manager", "local", "-w", "1"], theirs),
        }  # fmt: skip
        with (
            started(*commands["mlops-jlab"], "/ping") as process,
            started(*commands["mlflow models serve"], "/ping") as other,
        ):
            services = dict(zip(commands, (process, other), strict=True))
            table: dict[str, dict[str, list[float]]] = {name: {} for name in commands}
            for _ in range(ROUNDS):  # in turns, so that what else the machine does is borne by all
                bare = timed(lambda: model.predict(one), 200)
                for name, (_words, port) in commands.items():
                    ask = asker(port, "/invocations", body)
                    timed(ask, 50)
                    alone = timed(ask, 300)
                    taken = processor(services[name])
                    rate = load(port, "/invocations", body, SECONDS)
                    taken = (processor(services[name]) - taken) / max(1.0, rate * SECONDS)
                    half = half_load(port, "/invocations", body, rate / 2, SECONDS)
                    kept = table[name]
                    kept.setdefault("bare", []).append(statistics.median(bare))
                    kept.setdefault("alone", []).append(statistics.median(alone))
                    kept.setdefault("rate", []).append(rate)
                    kept.setdefault("taken", []).append(taken)
                    kept.setdefault("p99", []).append(float(np.quantile(half, 0.99)))
            before = memory(process)
            load(ours, "/invocations", body, 3 * SECONDS)
            after = memory(process)
        print("| one process each, a row a request, medians | " + " | ".join(commands) + " |")
        print("|---|---|---|")
        middle = {
            name: {key: statistics.median(values) for key, values in kept.items()}
            for name, kept in table.items()
        }
        lines = {
            "bare predict, ms": [1e3 * m["bare"] for m in middle.values()],
            "a request alone, ms": [1e3 * m["alone"] for m in middle.values()],
            "over a bare predict, ms": [1e3 * (m["alone"] - m["bare"]) for m in middle.values()],
            "processor time of the service a request, ms": [1e3 * m["taken"] for m in middle.values()],
            f"requests a second, {CLIENTS} clients": [m["rate"] for m in middle.values()],
            "99th percentile at half of that load, ms": [1e3 * m["p99"] for m in middle.values()],
        }
        for what, values in lines.items():
            print(f"| {what} | " + " | ".join(f"{value:,.2f}" for value in values) + " |")
        first, second = (m["rate"] for m in middle.values())
        print(
            f"\nthroughput: {first / second:.1f} times; memory of ours under load: {before:.0f} MB, then {after:.0f} MB"
        )
        print(re.sub(r"\s+", " ", f"{psutil.cpu_count()} processors, load {os.getloadavg()[0]:.0f}"))


if __name__ == "__main__":
    main()
