"""Kill -9 at any moment: what was acknowledged is there, and the status is honest."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from mlops_jlab.store import maintenance, opening, reading
from mlops_jlab.store.location import Place

# Each call is acknowledged on standard output only after it has returned.
LOGGER = """
import os, sys
import mlops_jlab
out = sys.stdout.fileno()
run = mlops_jlab.start_run(run_name=sys.argv[1])
os.write(out, b"run\\n")
n = 0
while True:
    mlops_jlab.log_metric("x", n); os.write(out, b"m\\n")
    if n % 3 == 0:
        mlops_jlab.log_param(f"p{n}", n); os.write(out, b"p\\n")
    if n % 5 == 0:
        mlops_jlab.log_text(f"text {n}", f"f{n}.txt"); os.write(out, b"a\\n")
    if n % 7 == 0:
        mlops_jlab.flush()
    n += 1
"""
KILLS = 200


def killed_at_random(store: Path, number: int) -> dict[str, int]:
    """Runs the logger, kills it after a moment; how many calls of each kind were acknowledged."""
    process = subprocess.Popen(
        [sys.executable, "-c", LOGGER, f"run {number}"], stdout=subprocess.PIPE,
        env={**os.environ, "MLOPS_JLAB_STORE": str(store)},
    )  # fmt: skip
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(random.Random(number).random() ** 2 * 0.15)
    process.kill()
    rest = process.stdout.read()
    process.wait()
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL
    words = (first + rest).split()
    return {word: words.count(word.encode()) for word in ("run", "m", "p", "a")}


@pytest.mark.slow
def test_what_was_acknowledged_survives_two_hundred_kills(tmp_path: Path) -> None:
    place = Place(tmp_path / "store")
    with ThreadPoolExecutor(4) as pool:
        known = list(pool.map(lambda n: killed_at_random(place.root, n), range(KILLS)))
    assert sum(count["m"] for count in known) > KILLS
    with opening.reading(place) as connection:
        for number, acknowledged in enumerate(known):
            run = reading.find(connection, f"run {number}")
            assert run.status == "killed"
            values = [p.value for p in reading.history(connection, run, "x")] if run.metrics else []
            assert values == [float(n) for n in range(len(values))]
            assert len(values) >= acknowledged["m"]
            assert len(run.params) >= acknowledged["p"]
            assert len(reading.artifacts(connection, run)) >= acknowledged["a"]
    health = maintenance.check(place)
    assert health.problems == []
    assert health.counts["journals"] == 0


def test_a_killed_process_is_seen_within_seconds(tmp_path: Path) -> None:
    place = Place(tmp_path / "store")
    killed_at_random(place.root, 1)
    begun = time.monotonic()
    with opening.reading(place) as connection:
        assert reading.find(connection, "run 1").status == "killed"
    assert time.monotonic() - begun < 5


def test_a_copy_of_the_files_at_any_moment_is_a_whole_store(tmp_path: Path) -> None:
    """The database and its log as they are at one moment, which is why the writer is stopped for it."""
    place = Place(tmp_path / "store")
    process = subprocess.Popen(
        [sys.executable, "-c", LOGGER, "cut"], stdout=subprocess.DEVNULL,
        env={**os.environ, "MLOPS_JLAB_STORE": str(place.root)},
    )  # fmt: skip
    try:
        copies = []
        for number in range(20):
            time.sleep(0.1)
            copy = tmp_path / f"copy-{number}"
            copy.mkdir()
            process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, process.pid, os.WSTOPPED)
            for name in ("runs.db-wal", "runs.db"):
                if (place.root / name).exists():
                    shutil.copyfile(place.root / name, copy / name)
            process.send_signal(signal.SIGCONT)
            copies.append(Place(copy))
    finally:
        process.kill()
        process.wait()
    seen = 0
    for copy in copies:
        if not copy.database.exists():
            continue
        with closing(sqlite3.connect(copy.database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                continue
            values = [row[0] for row in connection.execute("SELECT value FROM points ORDER BY iteration")]
            assert values == [float(n) for n in range(len(values))]
            seen = max(seen, len(values))
    assert seen > 0


WRITER = """
import os, sys, time
import mlops_jlab
worst = 0.0
with mlops_jlab.start_run(run_name=sys.argv[1]):
    sys.stdin.readline()
    begun = time.perf_counter()
    for n in range(5_000):
        clock = time.perf_counter()
        mlops_jlab.log_metric("x", n)
        worst = max(worst, time.perf_counter() - clock)
    mlops_jlab.flush()
    print(time.perf_counter() - begun, worst)
"""


MINUTE = """
import sys, time
import mlops_jlab
with mlops_jlab.start_run(run_name=sys.argv[1]):
    sys.stdin.readline()
    until, n = time.monotonic() + 60, 0
    while time.monotonic() < until:
        mlops_jlab.log_metric("x", n)
        if n % 100 == 0:
            mlops_jlab.log_param(f"p{n}", n)
            mlops_jlab.log_text(f"text {n} of {sys.argv[1]}", f"{n}.txt")
        if n % 500 == 0:
            with mlops_jlab.start_run(run_name=f"{sys.argv[1]}-{n}", nested=True):
                mlops_jlab.log_metric("y", n)
        n += 1
        time.sleep(0.002)
    mlops_jlab.flush()
    print(n)
"""


def write_at_once(place: Place, code: str, count: int) -> list[str]:
    """Runs so many writers while a reader lists runs ten times a second; what each writer printed."""
    environment = {**os.environ, "MLOPS_JLAB_STORE": str(place.root)}
    writers = [
        subprocess.Popen([sys.executable, "-c", code, f"w{n}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, env=environment)
        for n in range(count)
    ]  # fmt: skip
    over = threading.Event()
    problems: list[Exception] = []

    def look() -> None:
        while not over.wait(0.1):
            try:
                if opening.exists(place):
                    with opening.reading(place) as connection:
                        reading.page(connection, reading.Query())
            except Exception as error:  # any at all is what is looked for
                problems.append(error)

    reader = threading.Thread(target=look)
    reader.start()
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    results = [writer.communicate(timeout=200) for writer in writers]
    over.set()
    reader.join()
    assert problems == []
    assert [err for _, err in results] == [""] * count
    return [out for out, _ in results]


def test_four_writers_and_a_reader_share_one_store(tmp_path: Path) -> None:
    place = Place(tmp_path / "store")
    write_at_once(place, WRITER, 4)
    with opening.reading(place) as connection:
        for n in range(4):
            run = reading.find(connection, f"w{n}")
            assert run.status == "finished"
            assert [p.value for p in reading.history(connection, run, "x")] == [
                float(i) for i in range(5_000)
            ]


@pytest.mark.slow
def test_eight_writers_share_one_store_for_a_minute(tmp_path: Path) -> None:
    place = Place(tmp_path / "store")
    counts = [int(out) for out in write_at_once(place, MINUTE, 8)]
    assert min(counts) > 1_000
    with opening.reading(place) as connection:
        for n, count in enumerate(counts):
            run = reading.find(connection, f"w{n}")
            assert len(reading.history(connection, run, "x")) == count
            assert len(run.params) == len(range(0, count, 100))
            assert len(reading.children(connection, run)) == len(range(0, count, 500))
    health = maintenance.check(place)
    assert (health.problems, health.counts["journals"]) == ([], 0)
