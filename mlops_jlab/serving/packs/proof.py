"""A pack is started as it will be, asked what the notebook was asked, and measured, before it leaves."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from mlops_jlab import interpreter
from mlops_jlab.errors import MlopsError
from mlops_jlab.registry.samples import Sample

_SERVE = "mlops_jlab.serving.packs.serve"
_BATCHES = (1, 10, 100, 1_000)
_TIMES = 30  # requests of a size, of which the first are not counted
_WARM = 5
_PATIENCE = 300.0  # seconds until it answers
_CLOSE = 1e-6  # of a number, within which two machines may differ


@dataclass(frozen=True)
class Measured:
    """What a pack costs: seconds until the first answer, bytes of memory and of files, seconds by rows."""

    cold_start: float
    memory: int
    size: int
    latency: Mapping[int, tuple[float, float]]  # rows of a request: median and 95th percentile

    def lines(self) -> Iterator[str]:
        """As a table in Markdown."""
        yield "| | |\n|---|---|"
        yield f"| cold start, with all imports | {self.cold_start:.1f} s |"
        yield f"| memory | {self.memory / 1e6:.0f} MB |"
        yield f"| files | {self.size / 1e6:.1f} MB |"
        for rows, (median, p95) in self.latency.items():
            times = f"{1e3 * median:.1f} ms, {1e3 * p95:.1f} ms"
            yield f"| rows of a request: {rows:,}; median and 95th percentile | {times} |"


def requirements(folder: Path, model: Path) -> list[str]:
    """What a pack loads when it answers, each with the version that is installed here.

    Raises:
        MlopsError: it does not begin.
    """
    done = subprocess.run(
        _words(model, "--needs"), capture_output=True, text=True, env=_environment(folder), timeout=_PATIENCE,
        check=False, cwd=folder,
    )  # fmt: skip
    if done.returncode:
        raise MlopsError(f"the pack does not begin: {_last(done.stderr)}")
    return done.stdout.split()


def prove(folder: Path, model: Path, sample: Sample) -> Measured:
    """Starts a pack without a store, compares what it says of a sample, and measures it.

    Raises:
        MlopsError: it does not begin, or answers otherwise.
    """
    began = time.perf_counter()
    with _started(folder, model) as (process, address):
        said = _ask(address, {"rows": sample.rows})["predictions"]
        cold = time.perf_counter() - began
        if (place := _difference(said, sample.said)) is not None:
            raise MlopsError(
                f"it answers otherwise than where it was registered: of row {place + 1} it says "
                f"{said[place]!r}, and said {sample.said[place]!r}",
                hint="install the versions that it was made with, or register it anew",
            )
        latency = {rows: _latency(address, sample, rows) for rows in _BATCHES}
        memory = psutil.Process(process.pid).memory_info().rss
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Measured(cold, memory, size, latency)


def _difference(said: Sequence[Any], wanted: Sequence[Any]) -> int | None:
    """The first row of which something else is said."""
    for place, (one, other) in enumerate(zip(said, wanted, strict=True)):
        if isinstance(one, float) and isinstance(other, (int, float)):
            if not math.isclose(one, other, rel_tol=_CLOSE, abs_tol=1e-12):
                return place
        elif one != other and not (one is None and other != other):
            return place
    return None


def _latency(address: str, sample: Sample, rows: int) -> tuple[float, float]:
    count = len(sample.said)
    columns = {name: [values[k % count] for k in range(rows)] for name, values in sample.rows.items()}
    body = json.dumps({"rows": columns}).encode()
    seconds = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        _ask(address, body)
        seconds.append(time.perf_counter() - began)
    seconds = sorted(seconds[_WARM:])
    return seconds[len(seconds) // 2], seconds[int(0.95 * len(seconds))]


def _ask(address: str, body: Mapping[str, Any] | bytes) -> dict[str, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(f"{address}/predict", content)  # noqa: S310  # our own address
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise MlopsError(
                f"the pack refuses what it was made with: {error.read()[:300].decode()}"
            ) from error
    except (OSError, ValueError) as error:
        raise MlopsError(f"the pack does not answer: {error}") from error
    return found


@contextmanager
def _started(folder: Path, model: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        _words(model, "--port", "0"), stderr=subprocess.PIPE, text=True, env=_environment(folder), cwd=folder
    )
    try:
        first = process.stderr.readline() if process.stderr is not None else ""
        found = re.search(r"http://\S+:\d+", first)
        if found is None:
            rest = process.communicate(timeout=_PATIENCE)[1]
            raise MlopsError(f"the pack does not begin: {_last(first + rest)}")
        yield process, found[0]
    finally:
        process.terminate()
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _words(model: Path, *more: str) -> list[str]:
    return interpreter.words("-m", _SERVE, str(model), *more)


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLOPS_JLAB_")}
    return {**kept, "PYTHONPATH": str(folder)}  # the code that was packed, not this


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:300] if lines else "it says nothing"
