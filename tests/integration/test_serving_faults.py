"""A service under faults that its machine brings: a log that has no room, processes that die, files that go."""

from __future__ import annotations

import http.client
import json
import resource
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mlops_jlab.predictions import logfolder
from mlops_jlab.registry import versions
from mlops_jlab.store import artifacts
from mlops_jlab.store.location import Place
from tests.integration.test_serving_processes import FRAME, ask, begun, store, workers_of

__all__ = ["store"]  # the fixture
_WAIT = 120.0  # seconds, after which something is wrong


def wait_for(what: Callable[[], Any], process: Any = None) -> None:
    end = time.monotonic() + _WAIT
    while not what():
        assert time.monotonic() < end, "it does not happen"
        assert process is None or process.poll() is None, "the service has ended"
        time.sleep(0.02)


def get(port: int, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse().read()
        return answer.decode() if path == "/metrics" else json.loads(answer)
    finally:
        connection.close()


class Clients:
    """Clients that ask all the time, each on connections of its own; what came of it is counted."""

    def __init__(self, port: int, count: int = 2) -> None:
        self.seen: Counter[Any] = Counter()
        self._port, self._stop = port, threading.Event()
        self._counting = threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(count)]

    def _run(self) -> None:
        while not self._stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            try:
                for _ in range(10):
                    code, said = ask(connection)
                    self._count((code, said.get("version")))
            except (http.client.HTTPException, OSError):
                self._count("lost")  # its process was killed
            finally:
                connection.close()

    def _count(self, what: Any) -> None:
        with self._counting:
            self.seen[what] += 1

    def answered(self, what: Any, more: int) -> None:
        goal = self.seen[what] + more
        wait_for(lambda: self.seen[what] >= goal)

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def ended(process: Any) -> str:
    """What a service has said up to its end, which it is asked for."""
    process.terminate()
    assert process.wait(60) == 0
    said: str = process.stderr.read()
    assert "Traceback" not in said
    return said


@pytest.fixture
def small_files() -> Iterator[Callable[[int, int], None]]:
    """Lets no process write a file beyond some bytes: what a full disk is for who writes one."""
    before: dict[int, tuple[int, int]] = {}

    def limit(pid: int, size: int) -> None:
        before.setdefault(pid, resource.prlimit(pid, resource.RLIMIT_FSIZE))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, before[pid][1]))

    yield limit


def test_a_log_without_room_stops_no_answer_and_goes_on_when_there_is_some(
    store: Path, small_files: Callable[[int, int], None]
) -> None:
    log = store / "log"
    with begun("--log", str(log)) as (process, port):
        with Clients(port) as clients:
            clients.answered((200, 1), 5)
            wait_for(lambda: list(logfolder.lines(logfolder.all_files(log))))
            small_files(process.pid, 1)
            clients.answered((200, 1), 20)
            wait_for(lambda: "cannot be written" in get(port, "/ready")["problem"], process)
            assert get(port, "/ready")["ready"] is True
            lost = [
                line
                for line in get(port, "/metrics").splitlines()
                if line.startswith("mlops_jlab_log_rows_lost_total")
            ]
            assert float(lost[0].split()[1]) > 0
            small_files(process.pid, 1 << 30)
            wait_for(lambda: get(port, "/ready")["problem"] == "", process)
            clients.answered((200, 1), 5)
            assert set(clients.seen) == {(200, 1)}  # no request knew of it
        said = ended(process)
        assert "rows are not logged, and answers go on: the prediction log" in said
        assert "is written again" in said


def is_replaced(pid: int, victim: int, log: Path) -> bool:
    """Whether two processes answer again, none of which is the one that was killed: both write the log."""
    there = [child.pid for child in workers_of(pid)]
    logfolder.whole_files(log)  # takes the file of the dead one over
    return len(there) == 2 and victim not in there and len(list(log.glob(".open-*"))) == 2


@pytest.mark.slow
def test_a_champion_whose_file_is_gone_answers_from_memory_and_a_new_process_waits_for_it(
    store: Path,
) -> None:
    log, place = store / "log", Place(store / "store")
    with begun("--processes", "2", "--log", str(log)) as (process, port):
        with Clients(port) as clients:
            clients.answered((200, 1), 20)
            wait_for(lambda: len(list(log.glob(".open-*"))) == 2, process)
            (file,) = [one for one in versions.find(place, "m/1").files if one.path.startswith("model.")]
            path = artifacts.path_of(place, file.digest)
            content = path.read_bytes()
            path.unlink()
            victim = workers_of(process.pid)[0]
            victim.kill()
            clients.answered((200, 1), 100)  # by the other one, which has the model in memory
            path.write_bytes(content)
            wait_for(partial(is_replaced, process.pid, victim.pid, log), process)
        assert set(clients.seen) <= {(200, 1), "lost"}
        ended(process)


def test_clients_that_send_slowly_and_requests_that_are_none_hold_nobody_up(store: Path) -> None:
    whole = json.dumps({"rows": FRAME.to_dict("records")}).encode()
    strange = [
        (b"", 400), (b"\x00\xff\xfe", 400), (b"[" * 100_000, 400), (b'{"rows": {"a": [1], "b": [[2], 3]}}', 400),
        (b'{"rows": [{"a": 1e999, "b": NaN}]}', 400), (b'{"rows": [{"a": "\\ud800", "b": 0}]}', 400),
        (b'{"rows": "' + b"x" * (17 << 20) + b'"}', 413),
    ]  # fmt: skip
    with begun() as (process, port):
        slow = []
        for _ in range(50):  # more than there are threads to answer in
            one = socket.create_connection(("127.0.0.1", port), timeout=60)
            one.sendall(
                b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(whole)
            )
            one.sendall(whole[:5])
            slow.append(one)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for body, status in strange:
            connection.request("POST", "/predict", body)
            answer = connection.getresponse()
            said = answer.read().decode()
            assert (answer.status, "Traceback" in said) == (status, False), (body[:40], said[:200])
            assert json.loads(said)["error"]
            assert ask(connection)[0] == 200  # and the next one is answered
        for one in slow:
            one.sendall(whole[5:])
        for one in slow:
            assert one.recv(20).startswith(b"HTTP/1.1 200")
            one.close()
        connection.close()
        ended(process)
