"""The service as it is started: several processes, one killed, an alias that moves, an end that loses nothing."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from click.testing import CliRunner
from sklearn.linear_model import LinearRegression

import mlops_jlab
from mlops_jlab.cli.main import cli
from mlops_jlab.errors import InputError
from mlops_jlab.predictions import logfolder
from mlops_jlab.serving import pulse
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all

PATIENCE = 240.0  # seconds for what takes a few, on the slowest machine
FRAME = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 0.0, 1.0]})


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    for gain in (1, 2):
        mlops_jlab.register_model(LinearRegression().fit(FRAME, FRAME.a * gain), "m", input_example=FRAME)
    mlops_jlab.promote("m/1")
    yield tmp_path
    close_all()


@contextmanager
def begun(*more: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    words = [sys.executable, "-m", "mlops_jlab", "models", "serve", "m@champion", "--port", "0", *more]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            found = re.search(r":(\d+)/predict", process.stderr.readline())
            assert found, process.stderr.read()
            yield process, int(found[1])
        finally:
            process.terminate()


def workers_of(pid: int) -> list[psutil.Process]:
    """The processes that answer; not the one that looks after their memory, and no dead one."""
    found = []
    for child in psutil.Process(pid).children():
        with suppress(psutil.Error):
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


def wait_until(holds: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, otherwise
        time.sleep(0.05)


def who_have_answered(log: Path) -> int:
    """How many processes have: each writes a file of its own, from its first answer on."""
    return sum(path.stat().st_size > 0 for path in logfolder.all_files(log))


def ask(connection: http.client.HTTPConnection) -> tuple[int, Any]:
    connection.request("POST", "/predict", json.dumps({"rows": [{"a": 3.0, "b": 0.0}]}))
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_processes_die_and_aliases_move_and_the_service_goes_on(store: Path) -> None:
    with begun("--processes", "2", "--log", str(store / "log")) as (process, port):
        seen: Counter[Any] = Counter()
        lost: list[str] = []
        stop = threading.Event()

        def client() -> None:
            while not stop.is_set():
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
                try:
                    for _ in range(10):
                        code, said = ask(connection)
                        seen[code, said["version"], round(said["predictions"][0])] += 1
                except (http.client.HTTPException, OSError) as error:
                    lost.append(repr(error))  # its process was killed
                finally:
                    connection.close()

        def wait_for(what: Any, more: int = 1) -> None:
            goal, end = seen[what] + more, time.monotonic() + PATIENCE
            while seen[what] < goal and time.monotonic() < end:
                time.sleep(0.02)
            assert seen[what] >= goal, seen

        threads = [threading.Thread(target=client, daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        wait_for((200, 1, 3))
        mlops_jlab.promote("m/2")
        wait_for((200, 2, 6))
        # As long as the other one is still beginning, nobody would answer when this one is killed.
        wait_until(lambda: who_have_answered(store / "log") == 2, "one process alone answers")
        assert not lost  # nothing is lost while the alias moves
        victim = workers_of(process.pid)[0]
        victim.kill()
        wait_for((200, 2, 6), 50)
        wait_until(
            lambda: len({child.pid for child in workers_of(process.pid)} - {victim.pid}) == 2,
            "the dead process was not replaced",
        )
        wait_for((200, 2, 6), 50)
        stop.set()
        for thread in threads:
            thread.join()
        assert len(lost) <= 2, lost  # at most what each client had asked the one that was killed
        assert set(seen) <= {(200, 1, 3), (200, 2, 6)}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        connection.request("GET", "/metrics")
        page = connection.getresponse().read().decode()
        counted = sum(float(count) for count in re.findall(r"mlops_jlab_requests_total\{.*\} (\S+)", page))
        answered = sum(seen.values())
        assert answered <= counted <= answered + len(lost)  # of all processes, the dead one too
        connection.close()
        (found,) = pulse.services(Place(store / "store"), "m")
        assert (found.running, found.begun.processes, found.begun.pid) == (True, 2, process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        (found,) = pulse.services(Place(store / "store"), "m")
        assert not found.running
        assert found.beats[-1].ok == counted  # its last beat has them all
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
        lines = list(logfolder.lines(logfolder.whole_files(store / "log")))
        assert answered - 50 <= len(lines) <= counted  # the killed process may not have written its last ones


def test_requests_that_have_begun_are_answered_when_it_ends(store: Path) -> None:
    with begun() as (process, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        assert ask(connection)[0] == 200
        body = json.dumps({"rows": [{"a": 3.0, "b": 0.0}]}).encode()
        connection.putrequest("POST", "/predict")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[:10])
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        connection.send(body[10:])
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["version"]) == (200, 1)
        connection.close()
        assert process.wait(PATIENCE) == 0


def test_what_cannot_begin_says_so_and_ends(store: Path) -> None:
    words = ["models", "serve", "m/1", "--port", "0", "--canary", "1=10%"]
    with pytest.raises(InputError, match="m 1 is what is served"):
        CliRunner().invoke(cli, words, catch_exceptions=False, standalone_mode=False)
    for path in (store / "store" / "artifacts").rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            path.write_bytes(b"something else")
    words = [sys.executable, "-m", "mlops_jlab", "models", "serve", "m/1", "--port", "0", "--processes", "2"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "not what was written" in done.stderr
    assert "Traceback" not in done.stderr
