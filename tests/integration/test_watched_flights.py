"""The loop as one story: checked data, drift before labels, a loss that retrains, a service that follows."""

from __future__ import annotations

import http.client
import importlib.util
import io
import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import mlops_jlab
from mlops_jlab.entities.schedules import Firing, Schedule
from mlops_jlab.monitoring import watching
from mlops_jlab.monitoring.labels import Labels
from mlops_jlab.monitoring.losing import LossFound
from mlops_jlab.monitoring.policy import Policy
from mlops_jlab.registry import references, versions
from mlops_jlab.retraining import schedules, ticking
from mlops_jlab.store import artifacts, auditing, opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.store.monitored import WindowRow
from mlops_jlab.store.recorder import close_all
from mlops_jlab.tracking import finding

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
ANSWERED = 240.0  # seconds within which whatever is asked is answered, on the slowest machine


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / ".mlops"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # several threads wait for each other on a busy machine
    shutil.copy(NOTEBOOKS / "05-retrain-on-schedule.ipynb", tmp_path)
    yield Place(tmp_path / ".mlops")
    close_all()


def months(*numbers: int) -> None:
    """Writes the flights of these months."""
    spec = importlib.util.spec_from_file_location("flights", NOTEBOOKS / "flights.py")
    assert spec is not None
    assert spec.loader is not None
    flights = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(flights)
    Path("flights").mkdir(exist_ok=True)
    year = flights.year()
    for number in numbers:
        month = year.loc[year["month"] == number, flights.COLUMNS]
        month.to_csv(f"flights/2013-{number:02}.csv", index=False)


def tick(place: Place, claimed: Iterable[ticking.Claimed | None] | None = None) -> list[Firing]:
    """What is due now, or was claimed, executed in this process."""
    due = ticking.claim_all(place, time.time()) if claimed is None else claimed
    return [ticking.execute(place, one) for one in due if one is not None]


def told(firing: Firing) -> dict[str, tuple[str, str]]:
    return {step.step: (step.outcome, step.why) for step in firing.steps}


class Client:
    """Asks some thirty times a second, over connections of ten requests each, and counts what is sent and answered."""

    def __init__(self, port: int, rows: list[dict[str, Any]]) -> None:
        self.port, self.rows = port, rows
        self.sent = 0
        self.answered: Counter[int] = Counter()  # by the version that has answered
        self.wrong: list[str] = []
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> Client:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(ANSWERED)

    def wait_for(self, version: int) -> None:
        """Until that version has answered once more."""
        with self._changed:
            goal = self.answered[version] + 1
            reached = self._changed.wait_for(lambda: self.answered[version] >= goal or self.wrong, ANSWERED)
        assert reached, f"version {version} does not answer: {self.answered}"
        assert not self.wrong, self.wrong

    def _ask(self) -> None:
        while not self._stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWERED)
            try:
                for _ in range(10):
                    self._one(connection)
                    self._stop.wait(0.02)  # a client that never rests takes the time of what is watched
            except (http.client.HTTPException, OSError) as error:
                self._note(0, repr(error))
            finally:
                connection.close()

    def _one(self, connection: http.client.HTTPConnection) -> None:
        rows = [self.rows[(self.sent + place) % len(self.rows)] for place in range(5)]
        self.sent += 1
        connection.request("POST", "/predict", json.dumps({"rows": rows}))
        answer = connection.getresponse()
        said = json.loads(answer.read())
        whole = answer.status == 200 and len(said["predictions"]) == len(rows)
        self._note(said["version"] if whole else 0, "" if whole else f"{answer.status} {said}")

    def _note(self, version: int, wrong: str) -> None:
        with self._changed:
            if wrong:
                self.wrong.append(wrong)
            else:
                self.answered[version] += 1
            self._changed.notify_all()


@contextmanager
def serving(rows: list[dict[str, Any]]) -> Iterator[Client]:
    """The champion, served by two processes and asked by a client; ended by SIGTERM."""
    words = [sys.executable, "-m", "mlops_jlab", "models", "serve", "flights@champion", "--port", "0"]
    with subprocess.Popen([*words, "--processes", "2"], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            first = process.stderr.readline()
            found = re.search(r":(\d+)/predict", first)
            assert found, first
            with Client(int(found[1]), rows) as client:
                yield client
            process.send_signal(signal.SIGTERM)
            assert process.wait(ANSWERED) == 0
            assert "Traceback" not in process.stderr.read()
        finally:
            process.kill()


@pytest.mark.slow
def test_flights_are_watched_and_the_service_follows_without_a_lost_request(place: Place) -> None:
    months(1, 2, 3, 4)
    schedules.add(
        place, Schedule("nightly", "05-retrain-on-schedule.ipynb", on_drift="flights", promote="champion"), {}
    )
    (firing,) = tick(place, [ticking.run_now(place, "nightly")])
    assert told(firing)["promote"][0] == "done", firing
    mlops_jlab.evaluate("flights@champion", pd.read_csv("flights/2013-04.csv"), "late")
    months(5, 6, 7)
    july = pd.read_csv("flights/2013-07.csv").assign(id=lambda frame: frame.index)
    inputs = references.inputs_of(versions.find(place, "flights@champion"))
    with serving(json.loads(july[inputs].head(500).to_json(orient="records"))) as client:
        client.wait_for(1)
        _is_watched(place, july)
        client.wait_for(1)
        _is_retrained(place)
        client.wait_for(2)
        _is_stopped_at_the_door(place)
        client.wait_for(2)
    assert client.wrong == []
    assert client.sent == sum(client.answered.values())
    assert set(client.answered) == {1, 2}


def _is_watched(place: Place, july: pd.DataFrame) -> None:
    """Drift is seen before any label is there, and is no action yet; then labels come."""
    for folder in ("incoming", "labels"):
        Path(folder).mkdir()
    july.drop(columns="late").to_csv("incoming/2013-07.csv", index=False)
    labels = Labels("late", Path("labels").resolve(), "id")

    def look() -> tuple[WindowRow, LossFound]:
        found = watching.look(place, "flights@champion", "incoming", Policy(), labels=labels)
        assert found.window is not None
        return found.window, found.loss

    window, loss = look()
    assert {"humid", "prediction"} <= set(window.drifted)
    assert (window.rows, window.action, loss.waiting) == (len(july), "nothing", len(july))
    assert set(loss.estimated) == {"brier", "error"}
    assert tick(place) == []
    july[["id", "late"]].to_csv("labels/2013-07.csv", index=False)
    window, loss = look()
    assert (window.rows, window.action, loss.labels) == (0, "retrain", len(july))
    assert "the loss has risen" in window.why


def _is_retrained(place: Place) -> None:
    """The schedule takes the retraining up, once; the gate decides."""
    (firing,) = tick(place)
    story = told(firing)
    assert firing.cause == "drift"
    assert "the loss has risen" in story["due"][1]
    assert (story["gates"][0], story["promote"][0]) == ("pass", "done"), firing
    assert versions.find(place, "flights@champion").version == 2
    assert tick(place) == []
    with opening.reading(place) as connection:
        assert auditing.problem(connection) == ""
        done = [entry.action for entry in auditing.entries(connection)][::-1]
    assert [one for one in done if one.startswith(("monitor", "promote"))] == [
        "promote", "monitor: nothing", "monitor: retrain", "promote"
    ]  # fmt: skip


def _is_stopped_at_the_door(place: Place) -> None:
    """A poisoned month blocks the run, and its rows are shown; nothing is registered or promoted."""
    months(8)
    path = Path("flights/2013-08.csv")
    august = pd.read_csv(path)
    august.loc[[3, 77, 4_000], "distance"] = [-1, 99_999, 0]
    august.to_csv(path, index=False)
    (firing,) = tick(place, [ticking.run_now(place, "nightly")])
    assert "distance between 50 and 6000: 3 of" in told(firing)["run"][1], firing
    whole = next(run for run in finding.find_runs() if run.kind == "pipeline")
    with opening.reading(place) as connection:
        steps = {run.name: run for run in reading.children(connection, whole)}
        kept = {file.path: file.digest for file in reading.artifacts(connection, steps["check"])}
    shown = io.BytesIO(artifacts.read(place, kept["checks/flights-rows.csv"]))
    assert list(pd.read_csv(shown)["distance"]) == [-1, 99_999, 0]
    assert (whole.status, set(steps)) == ("blocked", {"load", "check"})
    assert [one.version for one in versions.all_versions(place, "flights")] == [2, 1]
    assert versions.find(place, "flights@champion").version == 2
    assert (firing.status, firing.attempt) == ("failed", 1)  # the same data would be stopped again
