"""A version that answers: in three protocols, to whom may ask, and without a gap when its alias moves."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import uvicorn
from sklearn.linear_model import LinearRegression, LogisticRegression

import mlops_jlab
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.predictions import labels, logfolder
from mlops_jlab.predictions.logfolder import LogSettings
from mlops_jlab.predictions.writing import Writer
from mlops_jlab.registry import versions
from mlops_jlab.serving import heads, processes, requests, service
from mlops_jlab.serving.answering import Desk
from mlops_jlab.serving.counting import Counts
from mlops_jlab.serving.served import Served
from mlops_jlab.store import artifacts
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all

FRAME = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0, 0.0]})


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    yield Place(tmp_path / "store")
    close_all()


def register(gain: float) -> Any:
    model = LinearRegression().fit(FRAME, FRAME.a * gain)
    return mlops_jlab.register_model(model, "m", input_example=FRAME)


class Service:
    """The service, in a thread on a free port of this machine."""

    def __init__(self, served: Served | Desk, token: str = "", largest: int = service.LARGEST) -> None:
        desk = served if isinstance(served, Desk) else Desk(served, Counts())
        self._socket = processes.listen("127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        application = service.application(desk, token, largest)
        self._server = uvicorn.Server(processes._config(application, 1))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})

    def __enter__(self) -> Service:
        self._thread.start()
        end = time.monotonic() + 20
        while not self._server.started and time.monotonic() < end:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(20)

    def ask(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, content, headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


def test_three_protocols_give_the_models_answer(place: Place) -> None:
    truth = np.array([0, 0, 1, 1])
    model = LogisticRegression().fit(FRAME, truth)
    mlops_jlab.register_model(model, "m", input_example=FRAME)
    rows = FRAME.to_dict("records")
    said = model.predict(FRAME).tolist()
    with Service(Served(place, "m")) as served:
        code, own = served.ask(
            "/predict", {"rows": [dict(reversed(row.items())) for row in rows], "probabilities": True}
        )
        assert (code, own["predictions"], own["version"]) == (200, said, 1)
        assert own["probabilities"]["1"] == pytest.approx(model.predict_proba(FRAME)[:, 1].tolist())
        for body in ({"dataframe_records": rows}, {"dataframe_split": FRAME.to_dict("split")}, {"instances": FRAME.values.tolist()},
                     {"inputs": FRAME.to_dict("list")}):  # fmt: skip
            assert served.ask("/invocations", body) == (200, {"predictions": said})
        columns = [
            {"name": n, "shape": [4, 1], "datatype": "FP64", "data": FRAME[n].tolist()} for n in ("b", "a")
        ]
        whole = [{"name": "x", "shape": [4, 2], "datatype": "FP64", "data": FRAME.values.tolist()}]
        for inputs in (columns, whole):
            code, found = served.ask("/v2/models/m/infer", {"inputs": inputs, "id": "7"})
            assert (code, found["id"], found["model_version"]) == (200, "7", "1")
            assert found["outputs"][0] == {
                "name": "prediction",
                "shape": [4],
                "datatype": "INT64",
                "data": said,
            }
        assert served.ask("/v2/models/m")[1]["inputs"][0]["name"] == "a"
        assert served.ask("/v2/models/other")[0] == 404
        assert served.ask("/v2")[1]["name"] == "mlops-jlab"
        assert served.ask("/v2/models/m/versions/1")[1]["outputs"][2] == {
            "name": "probability 1", "datatype": "FP64", "shape": [-1],
        }  # fmt: skip
        assert served.ask("/v2/models/m/versions/2")[0] == 404
        assert served.ask("/v2/models/m/ready")[1] == {"name": "m", "ready": True}
        assert served.ask("/v2/models/other/infer", {"inputs": columns})[0] == 404
        code, found = served.ask(
            "/v2/models/m/versions/1/infer", {"inputs": columns, "outputs": [{"name": "probability 1"}]}
        )
        assert [one["name"] for one in found["outputs"]] == ["probability 1"]
        assert found["outputs"][0]["data"] == pytest.approx(model.predict_proba(FRAME)[:, 1].tolist())
        csv = FRAME.to_csv(index=False).encode()
        assert served.ask("/invocations", csv, **{"content-type": "text/csv"}) == (200, {"predictions": said})
        assert served.ask("/ready")[1] == {"ready": True, "model": "m", "version": 1, "problem": ""}


def test_what_is_wrong_with_a_request_is_said_without_a_traceback(place: Place) -> None:
    register(1)
    with Service(Served(place, "m"), largest=100_000) as served:
        for body, words in (
            (b"{", "not valid JSON"), (b"[1]", "not a JSON object"), (b"[" * 50_000, "not valid JSON"), ({}, "has no rows"), ({"rows": []}, "0 rows"),
            ({"rows": 3}, "not a list"), ({"rows": [{"a": 1}]}, "takes a column 'b'"), ({"rows": [{"a": "x", "b": 1}]}, "takes numbers"),
            ({"rows": [{"a": None, "b": 1}]}, "fails on rows"), ({"rows": [{"a": {"c": 1}, "b": 1}]}, "takes numbers"),
            ({"instances": [[1, 2, 3]]}, "a row has 3 values"), ({"rows": [None]}, "not a table"), ({"rows": [{"a": [1], "b": 1}]}, "takes numbers"),
        ):  # fmt: skip
            code, answer = served.ask("/predict", body)
            assert (code, "Traceback" in str(answer)) == (400, False), (body, answer)
            assert words in answer["error"], (body, answer)
        for body in (
            {"inputs": 3},
            {"inputs": [{"name": "a", "shape": [2], "data": [1]}]},
            {"inputs": [{"name": "a", "shape": [-1], "data": []}]},
            {"inputs": [{"name": "a", "shape": [1], "datatype": {}, "data": [1]}]},
            {
                "inputs": [
                    {"name": "a", "shape": [1], "datatype": "FP64", "parameters": {"binary_data_size": 8}}
                ]
            },
            {"inputs": [{"name": "a", "shape": [1], "datatype": "FP64", "data": [1]}], "outputs": 3},
        ):
            code, answer = served.ask("/v2/models/m/infer", body)
            assert (code, "should not happen" in answer["error"]) == (400, False), body
        row = {"a": 1.0, "b": 1.0}
        for body in ({"rows": [row], "ids": []}, {"rows": [row], "ids": [{}]},
                     {"rows": [{"a": "\ud800", "b": 1}]}, {"labels": 3}):  # fmt: skip
            assert served.ask("/labels" if "labels" in body else "/predict", body)[0] == 400, body
        with pytest.raises(InputError, match="20,001 columns"):
            requests.rows_of({"rows": [{str(k): 1 for k in range(20_001)}]}, ["a"])
        packed = served.ask("/predict", {"rows": [row]}, **{"Content-Encoding": "gzip"})
        assert packed[1]["error"] == "the body is packed"
        assert served.ask("/nowhere")[0] == 404
        assert served.ask("/predict")[0] == 405
        assert served.ask("/predict", b"x" * 100_001)[0] == 413
        assert served.ask("/predict", b"x" * 40_000_000)[0] == 413  # its sender sees the answer
        assert served.ask("/predict", {"rows": [{"a": 1, "b": 1}]}, host="evil.example")[0] == 403


def test_a_token_is_asked_for_and_other_machines_need_one(place: Place) -> None:
    register(1)
    with Service(Served(place, "m"), token="sesame") as served:
        body = {"rows": FRAME.to_dict("records")}
        assert served.ask("/predict", body)[0] == 401
        assert served.ask("/predict", body, authorization="Bearer wrong")[0] == 401
        assert served.ask("/predict", body, authorization="Bearer sesame")[0] == 200
        for path in ("/metrics", "/v2/models/m", "/version"):
            assert served.ask(path)[0] == 401
        assert served.ask("/health")[0] == 200
    for host in ("127.0.0.1", "localhost", "::1"):
        service.check_host(host, "")
    for host in ("0.0.0.0", "192.168.1.1", "example.org"):
        with pytest.raises(InputError, match="open to other machines"):
            service.check_host(host, "")
        service.check_host(host, "sesame")


def wait_for(answers: list[tuple[int, Any]], count: int) -> None:
    """Until there are so many."""
    end = time.monotonic() + 60
    while len(answers) < count and time.monotonic() < end:
        time.sleep(0.01)


def test_no_request_is_lost_while_the_alias_moves(place: Place) -> None:
    first, second = register(1), register(2)
    versions.promote(place, "m/1", "champion")
    followed = Served(place, "m@champion")
    followed.follow(0.02)
    answers: list[tuple[int, Any]] = []
    stop = threading.Event()
    with Service(followed) as served:

        def client() -> None:
            while not stop.is_set():
                answers.append(served.ask("/predict", {"rows": [{"a": 3.0, "b": 0.0}]}))

        threads = [threading.Thread(target=client) for _ in range(2)]
        for thread in threads:
            thread.start()
        for number in (second.version, first.version, second.version):
            wait_for(answers, len(answers) + 7)
            versions.promote(place, f"m/{number}", "champion")
        end = time.monotonic() + 10
        while followed.now[0].version != second.version and time.monotonic() < end:
            time.sleep(0.02)
        stop.set()
        for thread in threads:
            thread.join()
    followed.stop()
    assert {code for code, _ in answers} == {200}
    assert len(answers) > 20
    assert {answer["version"] for _, answer in answers} == {1, 2}
    for _code, answer in answers:  # each answer is of one version as a whole
        assert answer["predictions"] == pytest.approx([3.0 * answer["version"]])


def test_a_champion_that_was_tampered_with_does_not_answer(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    register(1)
    second = register(2)
    versions.promote(place, "m/1", "champion")
    served = Served(place, "m@champion")
    path = artifacts.path_of(
        place, second.files[0].digest if second.files[0].path.startswith("model") else second.files[1].digest
    )
    versions.promote(place, "m/2", "champion")
    path.chmod(0o600)
    path.write_bytes(b"something else")
    assert not served.look()
    assert served.now[0].version == 1
    assert "not what was written" in served.problem
    assert not served.look()
    assert capsys.readouterr().err.count("goes on answering") == 1


def test_a_slow_client_holds_nobody_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_PATIENCE", 0.5)
    register(1)
    with Service(Served(place, "m")) as served:
        host, _, port = served.address.removeprefix("http://").partition(":")
        slow = socket.create_connection((host, int(port)), timeout=20)
        slow.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{")
        assert served.ask("/predict", {"rows": [{"a": 1.0, "b": 1.0}]})[0] == 200
        assert slow.recv(100).startswith(b"HTTP/1.1 408")
        slow.close()


def test_a_head_that_does_not_come_or_does_not_end_closes_its_connection(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads, "PATIENCE", 0.5)
    register(1)
    with Service(Served(place, "m")) as served:
        host, _, port = served.address.removeprefix("http://").partition(":")

        def opened(*parts: bytes) -> socket.socket:
            found = socket.create_connection((host, int(port)), timeout=20)
            for part in parts:
                found.sendall(part)
            return found

        def answer(of: socket.socket) -> bytes:
            found = b""
            while not found.endswith(b"}"):
                found += of.recv(10_000)
            return found

        silent, slow = opened(), opened(b"POST /predict HTTP/1.1\r\nHost: local")
        body = json.dumps({"rows": [{"a": 1.0, "b": 1.0}]}).encode()
        head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
        again = opened(head + body)
        assert b" 200 " in answer(again)
        again.sendall(b"POST /pre")  # the second one on a connection that has answered
        for one in (silent, slow, again):
            assert one.recv(100).startswith(b"HTTP/1.1 408")
            assert one.recv(100) == b""
            one.close()
        endless = opened(b"POST /predict HTTP/1.1\r\n")
        with suppress(OSError):
            for _ in range(64):
                endless.sendall(b"X-Padding: " + b"x" * 4000 + b"\r\n")
        with suppress(ConnectionResetError):  # what it sent is thrown away, and so may be the answer
            assert endless.recv(100)[9:12] in (b"431", b"400")
        endless.close()
        steady = opened(head + body)
        assert b" 200 " in answer(steady)
        time.sleep(0.7)  # between two requests another patience counts
        steady.sendall(head + body)
        assert b" 200 " in answer(steady)
        steady.close()
        assert served.ask("/health")[0] == 200


def test_what_is_answered_is_counted_and_logged_with_ids(place: Place, tmp_path: Path) -> None:
    register(1)
    log = Writer(tmp_path / "log", LogSettings("m"))
    desk = Desk(Served(place, "m"), Counts(), log, id_column="order")
    rows = [{"a": 1.0, "b": 1.0}, {"a": 2.0, "b": 0.0}]
    with Service(desk) as served:
        assert served.ask("/predict", {"rows": rows, "ids": ["x", 7]})[1]["ids"] == ["x", "7"]
        assert served.ask("/predict", {"rows": [{**row, "order": 8} for row in rows[:1]]})[1]["ids"] == ["8"]
        assert served.ask("/predict", {"rows": rows}, **{"X-Request-ID": "r"})[1]["ids"] == ["r/0", "r/1"]
        assert served.ask("/predict", {"rows": [{"a": 1.0}]})[0] == 400
        assert served.ask("/labels", {"labels": [{"id": "x", "label": 1.5}, {"id": "y", "label": None}]})[
            1
        ] == {"labels": 1}
        assert served.ask("/predict", b"{")[0] == 400
        with urllib.request.urlopen(served.address + "/metrics") as answer:
            page = answer.read().decode()
    log.close()
    assert 'mlops_jlab_requests_total{model="m",outcome="ok",version="1"} 3.0' in page
    assert 'mlops_jlab_requests_total{model="m",outcome="refused",version="1"} 2.0' in page
    assert 'mlops_jlab_rows_total{model="m",version="1"} 5.0' in page
    assert "mlops_jlab_requests_in_progress 0.0" in page
    lines = list(logfolder.lines(logfolder.all_files(tmp_path / "log")))
    assert [line["_id"] for line in lines if line["_role"] == "answer" and "_error" not in line] == [
        "x", "7", "8", "r/0", "r/1",
    ]  # fmt: skip
    assert lines[0]["a"] == 1.0
    assert lines[0]["prediction"] == pytest.approx(1.0)
    assert labels.newest(tmp_path / "log") == {"x": 1.5}


def test_a_process_that_begins_beside_a_broken_champion_goes_on_with_the_last(
    place: Place, tmp_path: Path
) -> None:
    register(1)
    register(2)
    versions.promote(place, "m/1", "champion")
    Served(place, "m@champion", kept=tmp_path / "answers")
    second = versions.find(place, "m/2")
    path = artifacts.path_of(place, next(f.digest for f in second.files if f.path.startswith("model")))
    versions.promote(place, "m/2", "champion")
    path.chmod(0o600)
    path.unlink()
    begun = Served(place, "m@champion", kept=tmp_path / "answers")
    assert begun.now[0].version == 1
    assert begun.problem
    with pytest.raises(MlopsError):
        Served(place, "m@champion")
