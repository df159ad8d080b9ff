"""Whether a request is worth a thread: what others do on the machine is not its fault."""

from __future__ import annotations

import threading
import time

import pytest

from mlops_jlab.serving import pace
from mlops_jlab.serving.pace import Pace


def rounds(one: Pace, work: object, several: int = 60) -> Pace:
    for _ in range(several):
        begun = one.begin()
        work()  # type: ignore[operator]
        one.end(begun)
    return one


def test_a_crowded_machine_makes_no_request_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1_000))
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(clock)))  # others had the processor
    monkeypatch.setattr(time, "thread_time", lambda: 0.0)
    monkeypatch.setattr(pace, "_waits", lambda: 7)
    assert rounds(Pace(), lambda: None).is_quick


def test_a_model_that_waits_is_worth_a_thread() -> None:
    assert not rounds(Pace(), lambda: threading.Event().wait(0.03)).is_quick


def test_where_nobody_counts_waits_the_clock_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "resource", None)
    assert pace._waits() is None
    assert not rounds(Pace(), lambda: time.sleep(0.03)).is_quick


def test_a_model_that_calculates_long_is_worth_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = iter(range(1_000))
    monkeypatch.setattr(time, "thread_time", lambda: 0.02 * next(spent))
    monkeypatch.setattr(pace, "_waits", lambda: 7)
    assert not rounds(Pace(), lambda: None).is_quick
