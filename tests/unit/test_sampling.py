"""What runs take of the machine: sampled cheaply, kept apart from their metrics, and told by the server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlops_jlab.entities.runs import Run, Sample
from mlops_jlab.store import opening, reading, sampled
from mlops_jlab.store.location import Place
from mlops_jlab.tracking.provenance import sampling

BUSY = """
import subprocess, sys, time
import mlops_jlab as m
with m.start_run(run_name='busy'):
    held = b'x' * 200_000_000
    child = subprocess.Popen([sys.executable, '-c', 'while True: pass'])
    m.log_metric('loss', 1.0)
    time.sleep(2.5)
    child.kill(); child.wait()
print(time.process_time())
"""


def run_with(place: Path, code: str) -> Run:
    environment = {**os.environ, "MLOPS_JLAB_STORE": str(place)}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=place.parent, check=True, timeout=120)
    with opening.reading(Place(place)) as connection:
        return reading.find(connection, "busy")


def samples_of(place: Path, run: Run, most: int = 1000) -> list[Sample]:
    with opening.reading(Place(place)) as connection:
        return sampled.samples(connection, run, most)


def test_a_run_is_sampled_with_the_processes_below_it(tmp_path: Path) -> None:
    run = run_with(tmp_path / ".mlops", BUSY)
    found = samples_of(tmp_path / ".mlops", run)
    assert found
    assert all(run.started <= one.at <= (run.ended or 0) for one in found)
    assert max(one.memory for one in found) > 200_000_000
    assert max(one.cpu for one in found) > 0.05  # of the child; other processes may have the cores
    assert list(run.metrics) == ["loss"]
    with opening.reading(Place(tmp_path / ".mlops")) as connection:
        assert reading.names(connection, "metrics.", 50) == ["metrics.loss"]


def test_a_long_run_has_few_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "thread_time", lambda: 0.0)
    monkeypatch.setattr(sampling, "measured", lambda _pids: ({1: now}, 10))
    watched = sampling._Watched(None, lambda: (1,), now)  # type: ignore[arg-type]  # nothing is kept
    while now < 1000 + 24 * 3600:
        watched.look((None, None))
        now = watched.due
    assert 1000 < len(watched.samples) < 2000
    assert all(abs(one.cpu - 1) < 0.01 for one in watched.samples)


def test_a_dear_look_is_followed_by_a_long_pause_once_there_is_a_sample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    used = iter([0.0, 0.1, 0.2])
    monkeypatch.setattr(time, "thread_time", lambda: next(used))
    watched = sampling._Watched(None, lambda: (os.getpid(),), 0.0)  # type: ignore[arg-type]
    watched.look((None, None))
    assert watched.due <= time.monotonic() + sampling.FIRST
    begun = time.monotonic()
    watched.look((None, None))
    assert watched.samples
    assert watched.due >= begun + 0.1 * 100


def test_many_samples_are_thinned_to_means_and_peaks(tmp_path: Path) -> None:
    code = BUSY.replace("time.sleep(2.5)", "time.sleep(0.1)").replace(
        "held =",
        "from mlops_jlab.entities.runs import Sample\n"
        "    m.active_run().add_samples([Sample(n, n % 2, n, 0.5, n) for n in range(1000)])\n    held =",
    )
    run = run_with(tmp_path / ".mlops", code)
    found = [one for one in samples_of(tmp_path / ".mlops", run, 101) if one.at < 1000]
    assert 50 <= len(found) <= 101
    assert all(0.3 < one.cpu < 0.7 and one.memory == one.at == one.gpu_memory for one in found[1:-1])


def test_graphics_cards_are_asked_where_there_are_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert sampling.cards() == (None, None)
    answer = tmp_path / "nvidia-smi"
    answer.write_text("#!/bin/sh\necho '35 %, 1024 MiB'\necho '[N/A], [N/A]'\necho '65 %, 1024 MiB'\n")
    answer.chmod(0o755)
    assert sampling.cards() == (0.5, 2048 << 20)


def test_what_waits_is_kept_once_a_run_is_left(tmp_path: Path) -> None:
    kept: list[Sample] = []

    class Kept:
        id = "a" * 32

        def add_samples(self, samples: list[Sample]) -> None:
            kept.extend(samples)

    sampler, run = sampling.Sampler(), Kept()
    sampler.watch(run, lambda: (os.getpid(),))  # type: ignore[arg-type]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not sampler._watched[run.id].samples:
        time.sleep(0.05)
    sampler.leave(run)  # type: ignore[arg-type]
    assert kept
    thread = sampler._thread
    if thread is not None:
        thread.join(30)
        assert not thread.is_alive()
