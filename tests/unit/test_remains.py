"""What keeps the process of a step that is rebuilt: what values and definitions cannot stand for."""

from __future__ import annotations

import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest

from mlops_jlab.handoff import snapshot
from mlops_jlab.handoff.definitions import names_reached
from mlops_jlab.handoff.remains import Remains


@pytest.fixture
def remains() -> Remains:
    found = Remains()
    found.begin()
    assert found.found() == ""
    return found


def test_a_file_that_is_open_for_writing_remains_until_it_is_closed(remains: Remains, tmp_path: Path) -> None:
    with (tmp_path / "log.txt").open("w"):
        assert "log.txt' is open for writing" in remains.found()
    assert remains.found() == ""


def test_a_thread_remains_until_it_is_done(remains: Remains) -> None:
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait, name="heart")
    thread.start()
    assert remains.found() == "the thread 'heart' is alive"
    go_on.set()
    thread.join()
    assert remains.found() == ""


def test_what_a_process_is_told_for_good_remains(remains: Remains, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py"])
    assert remains.found() == "sys.argv is another one"
    monkeypatch.undo()
    old = signal.signal(signal.SIGUSR1, lambda *_given: None)
    assert remains.found() == f"what is done on signal {int(signal.SIGUSR1)} is another one"
    signal.signal(signal.SIGUSR1, old)
    assert remains.found() == ""


def test_a_temporary_folder_goes_with_its_object(remains: Remains) -> None:
    with tempfile.TemporaryDirectory():
        assert "is to be done when something is gone" in remains.found()
    assert remains.found() == ""


class Node:
    pass


@pytest.mark.parametrize(
    "make", [id, hash, lambda one: {id(one): "a"}, lambda one: [f"node {id(one)}"], repr]
)
def test_the_identity_of_a_living_object_is_no_value(make: Any) -> None:
    node = Node()
    names = {"node": node, "kept": make(node), "number": 1 << 45}
    seen = snapshot.take(names, names).values
    assert seen["kept"].refused is not None
    assert "identity" in seen["kept"].refused[0]
    assert seen["number"].refused is None


def test_names_that_functions_look_up_are_known() -> None:
    names: dict[str, Any] = {"__name__": "__main__", "rate": 2, "other": 1}
    exec("def helper(x):\n    return x * rate\ncall = lambda x: helper(x)", names)
    assert names_reached([names["call"]], names) == {"helper", "rate"}
    assert snapshot.take({"table": {"call": names["call"]}}, names).values["table"].reads == {
        "helper",
        "rate",
    }
