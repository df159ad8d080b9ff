"""What keeps the process of a step that is rebuilt: what values and definitions cannot stand for."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import weakref
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


def test_what_answers_for_another_is_not_asked(tmp_path: Path) -> None:
    """Among all objects of a process are weak proxies whose object is gone, and others that load when asked."""

    class Late:
        @property
        def __class__(self) -> type:  # type: ignore[override]
            raise AssertionError("it was asked")

    gone = Node()
    proxy, late = weakref.proxy(gone), Late()
    del gone
    remains = Remains()
    remains.begin()
    assert remains.found() == ""
    with (tmp_path / "log.txt").open("w"):
        assert "log.txt' is open for writing" in remains.found()
    assert type(proxy) is weakref.ProxyType
    assert type(late) is Late


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


def test_an_object_that_does_something_when_it_is_gone_remains_until_then(
    remains: Remains, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ending(_self: object) -> None:
        return None

    kind = type("Ending", (), {"__module__": "__main__", "__del__": ending})
    monkeypatch.setattr(sys.modules["__main__"], "Ending", kind, raising=False)
    assert remains.found() == ""
    one = kind()
    assert remains.found() == "a Ending is alive, which does something when it is gone"
    del one
    assert remains.found() == ""


def test_a_number_of_an_open_file_remains_while_the_notebook_knows_it(
    remains: Remains, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = os.pipe()
    try:
        assert remains.found() == ""
        monkeypatch.setattr(sys.modules["__main__"], "kept", {"ends": list(ends)}, raising=False)
        assert remains.found() == f"the number {ends[0]} stands for an open file"
    finally:
        for end in ends:
            os.close(end)
    assert remains.found() == ""


def test_open_files_are_not_kept_open_by_looking_for_them(remains: Remains, tmp_path: Path) -> None:
    file = (tmp_path / "log.txt").open("w")
    file.write("text")
    assert "open for writing" in remains.found()
    del file
    assert (tmp_path / "log.txt").read_text() == "text"
