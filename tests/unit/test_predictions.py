"""The prediction log: bounded, whole after a crash, loud on a full disk; labels late, twice and never."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.linear_model import LogisticRegression

import mlops_jlab
from mlops_jlab.cli.main import cli
from mlops_jlab.errors import ConflictError, InputError
from mlops_jlab.monitoring import watching
from mlops_jlab.monitoring.policy import Policy
from mlops_jlab.predictions import labels, logfolder
from mlops_jlab.predictions.logfolder import ANSWER, LogSettings
from mlops_jlab.predictions.writing import Answered, Writer
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("MLOPS_JLAB_KEY_FILE", str(tmp_path / "key"))
    yield Place(tmp_path / "store")
    close_all()


def answered(start: int, rows: int = 1, **columns: Any) -> Answered:
    frame = pd.DataFrame(columns or {"a": [float(k) for k in range(start, start + rows)]})
    ids = [str(k) for k in range(start, start + rows)]
    return Answered(
        ids, 1e9 + start, 1, ANSWER, 0.002, frame, list(frame.columns), {"prediction": [1] * rows}
    )


def lines(folder: Path) -> list[dict[str, Any]]:
    return list(logfolder.lines(logfolder.all_files(folder)))


def wait_for(what: Callable[[], Any]) -> None:
    end = time.monotonic() + 20
    while not what() and time.monotonic() < end:
        time.sleep(0.02)
    assert what()


def test_what_was_answered_is_there_row_by_row(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "log", LogSettings("m", masked=("name",), hashed=("card",)))
    writer.put(answered(0, 2, a=[1.5, float("nan")], name=["Ann", "Bob"], card=["4711", "4711"]))
    writer.close()
    first, second = lines(tmp_path / "log")
    assert first == {
        "_id": "0", "_at": 1e9, "_version": 1, "_role": "answer", "_seconds": 0.002, "a": 1.5, "card": first["card"],
        "prediction": 1,
    }  # fmt: skip
    assert first["card"] == second["card"]
    text = "".join(path.read_text() for path in (tmp_path / "log").glob("*.jsonl"))
    assert not any(secret in text for secret in ("Ann", "Bob", "4711"))
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "log").glob("*.jsonl"))
    with pytest.raises(ConflictError, match="is the prediction log of m"):
        Writer(tmp_path / "log", LogSettings("other"))
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        Writer(tmp_path / "x", LogSettings("m"))


def test_a_log_is_bounded_and_sampled_by_id(tmp_path: Path) -> None:
    most = 1 << 20
    writer = Writer(tmp_path / "log", LogSettings("m", most=most))
    for start in range(0, 20_000, 500):
        writer.put(answered(start, 500))
    writer.close()
    sizes = [path.stat().st_size for path in (tmp_path / "log").glob("*.jsonl")]
    assert 4 < len(sizes) < 17
    assert sum(sizes) <= most
    assert lines(tmp_path / "log")[-1]["_id"] == "19999"  # the oldest went
    half = Writer(tmp_path / "half", LogSettings("m", share=0.3))
    half.put(answered(0, 2000))
    half.put(answered(0, 2000))
    half.close()
    found = [line["_id"] for line in lines(tmp_path / "half")]
    assert 500 < len(set(found)) < 700
    assert len(found) == 2 * len(set(found))  # all entries of an id, or none


def test_a_writer_that_is_killed_leaves_whole_lines(tmp_path: Path) -> None:
    program = (
        "import os, sys; sys.path.insert(0, os.getcwd())\n"
        "from pathlib import Path\n"
        "from tests.unit.test_predictions import *\n"
        f"writer = Writer(Path({str(tmp_path / 'log')!r}), LogSettings('m'))\n"
        "writer.put(answered(0, 100))\n"
        "wait_for(lambda: not writer._waiting)\n"
        'os.write(writer._file._handle, b\'{"_id": "half\')\n'
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[2], check=False)
    assert [path.name[:6] for path in (tmp_path / "log").glob(".open*")] == [".open-"]
    (file,) = logfolder.whole_files(tmp_path / "log")
    assert [json.loads(line)["_id"] for line in file.read_text().splitlines()] == [str(k) for k in range(100)]
    assert not list((tmp_path / "log").glob(".open*"))


def test_a_full_disk_is_said_and_nobody_waits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lost: list[int] = []
    writer = Writer(tmp_path / "log", LogSettings("m"), lost.append)
    writer.put(answered(0))
    wait_for(lambda: not writer._waiting)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        began = time.perf_counter()
        for start in range(1, 50):
            writer.put(answered(start, 20))
        assert time.perf_counter() - began < 5
        wait_for(lambda: writer.problem and not writer._waiting)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "cannot be written" in writer.problem
    assert sum(lost) == 49 * 20
    time.sleep(1.1)  # it tries again after a second
    writer.put(answered(5000))
    writer.close()
    assert [line["_id"] for line in lines(tmp_path / "log")] == ["0", "5000"]  # and no half line between
    said = capsys.readouterr().err
    assert said.count("rows are not logged, and answers go on") == 1
    assert "is written again; 980 rows are lost" in said
    assert not writer.problem


def test_all_that_is_lost_until_the_end_is_said_at_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(tmp_path / "log", LogSettings("m"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        for start in range(50):
            writer.put(answered(start, 20))
        writer.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    first, last = capsys.readouterr().err.strip().splitlines()
    assert "(20 lost so far)" in first
    assert "(1,000 lost so far)" in last
    held, lost = threading.Event(), list[int]()
    monkeypatch.setattr(Writer, "_write", lambda *_: held.wait(10))  # a disk that does not answer
    writer = Writer(tmp_path / "log", LogSettings("m"), lost.append)
    writer.put(answered(0, 7))
    writer.close(patience=0.1)
    held.set()
    assert lost == [7]
    assert "did not take them within 0.1 s of the end (7 lost so far)" in capsys.readouterr().err


def test_rows_that_cannot_be_written_down_end_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost: list[int] = []
    writer = Writer(tmp_path / "log", LogSettings("m"), lost.append)
    twice = pd.DataFrame([[1.0, 2.0]], columns=["a", "a"])
    writer.put(Answered(["0"], 1e9, 1, ANSWER, 0.002, twice, ["a"], {"prediction": [1]}))
    writer.put(answered(1))
    writer.close()
    assert [line["_id"] for line in lines(tmp_path / "log")] == ["1"]
    assert lost == [1]
    assert "rows are not logged, and answers go on" in capsys.readouterr().err


def test_ids_are_no_way_around_a_mask(tmp_path: Path) -> None:
    words = ["models", "serve", "m", "--log", str(tmp_path / "log"), "--id", "card", "--mask", "card"]
    with pytest.raises(InputError, match="the ids in the log would be the values of card"):
        CliRunner().invoke(cli, words, catch_exceptions=False, standalone_mode=False)


def test_a_log_that_somebody_clears_goes_on(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "log", LogSettings("m"))
    writer.put(answered(0))
    wait_for(lambda: not writer._waiting)
    for path in (tmp_path / "log").glob(".open*"):
        path.unlink()
    writer.put(answered(1))
    writer.close()
    assert [line["_id"] for line in lines(tmp_path / "log")] == ["1"]


def test_labels_join_late_twice_and_never(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    writer = Writer(folder, LogSettings("m"))
    writer.put(answered(0, 5))
    writer.close()
    file = tmp_path / "late.csv"
    file.write_text("id,label\n0,1\n1,0\n2,\n9,1\n")
    assert labels.add(folder, file) == labels.Added(3, 0, 0, 1, 1)
    file.write_text("order,paid\n0,1\n1,1\n")
    with pytest.raises(InputError, match="which column has the ids"):
        labels.add(folder, file)
    with pytest.raises(InputError, match="there is no column 'ordr'; did you mean 'order'"):
        labels.add(folder, file, "ordr")
    assert labels.add(folder, file, "order") == labels.Added(0, 1, 1, 0, 0)
    assert labels.newest(folder) == {"0": 1, "1": 1, "9": 1}
    with pytest.raises(InputError, match="is not a prediction log"):
        labels.add(tmp_path, file, "order")


def rows(seed: int, count: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.normal(size=count), "b": rng.normal(size=count)})
    return frame.assign(late=(frame.a + rng.normal(size=count) > 0).astype(int))


def test_monitor_reads_the_log_of_a_served_model(tmp_path: Path, place: Place) -> None:
    train = rows(0, 2000)
    model = LogisticRegression().fit(train[["a", "b"]], train.late)
    mlops_jlab.register_model(model, "m", input_example=train[["a", "b"]], data=train)
    folder, current = tmp_path / "log", rows(1, 400)

    def serve(frame: pd.DataFrame, start: int) -> list[str]:
        ids = [str(start + k) for k in range(len(frame))]
        said = {"prediction": model.predict(frame[["a", "b"]]).tolist()}
        writer = Writer(folder, LogSettings("m"))
        writer.put(Answered(ids, 1e9 + start, 1, ANSWER, 0.002, frame, ["a", "b"], said))
        writer.put(Answered(["x"], 1e9 + start + 10, 1, ANSWER, 0.0, error="no answer"))
        writer.close()
        return ids

    ids = serve(current, 0)
    pd.DataFrame({"id": ids[:300], "label": current.late[:300]}).to_csv(tmp_path / "labels.csv", index=False)
    said = CliRunner().invoke(cli, ["models", "labels", str(folder), str(tmp_path / "labels.csv")])
    assert "300 new labels" in said.output
    found = watching.look(place, "m", folder, Policy())
    assert found.window is not None
    assert (found.window.rows, list(found.window.drifted)) == (400, [])
    assert found.service is not None
    assert (found.service.answered, found.service.failed, found.service.labelled) == (400, 1, 300)
    accuracy = found.service.quality[0]
    truth = float((model.predict(current[["a", "b"]])[:300] == current.late[:300]).mean())
    assert (accuracy.metric, accuracy.value) == ("accuracy", pytest.approx(truth))
    assert accuracy.low < truth < accuracy.high
    run = mlops_jlab.get_run(found.window.run)
    assert run.metrics["quality.accuracy"].latest == pytest.approx(truth)
    assert watching.look(place, "m", folder, Policy()).why.startswith("nothing is new")
    serve(rows(2, 400).assign(a=lambda frame: frame.a + 1), 1000)
    again = watching.look(place, "m", folder, Policy())
    assert again.window is not None
    assert (again.window.rows, list(again.window.drifted)) == (400, ["a", "prediction"])
    assert again.service is not None
    assert again.service.labelled == 0  # those of the last window were counted
    mlops_jlab.register_model(model, "other", input_example=train[["a", "b"]], data=train)
    with pytest.raises(InputError, match="is the prediction log of m"):
        watching.look(place, "other", folder, Policy())


def test_columns_that_the_log_does_not_have_are_not_missed(tmp_path: Path, place: Place) -> None:
    train = rows(0, 2000)
    model = LogisticRegression().fit(train[["a", "b"]], train.late)
    mlops_jlab.register_model(model, "m", input_example=train[["a", "b"]], data=train)
    writer = Writer(tmp_path / "log", LogSettings("m", masked=("b",)))
    frame = rows(3, 300)
    writer.put(
        Answered(
            [str(k) for k in range(300)], 1e9, 1, ANSWER, 0.002, frame, ["a", "b"], {"prediction": [1] * 300}
        )
    )
    writer.close()
    found = watching.look(place, "m", tmp_path / "log", Policy())
    assert found.window is not None
    assert (found.window.rows, list(found.window.drifted)) == (300, [])
    assert os.listdir(tmp_path / "log")
