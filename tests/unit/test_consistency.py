"""The witness's verdict: what runs again, and what stops the run."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mlops_jlab.engine.run.witness import Court, Span
from mlops_jlab.errors import RunError
from mlops_jlab.handoff.records import StepRecord, Taken, Written
from mlops_jlab.pipeline.manifest import ManifestStep

ONE = {"x": Written("1", "")}
TWO = {"x": Written("2", "")}
TOGETHER = {"a": Span(0, 5), "b": Span(1, 3), "c": Span(1, 3)}
ONE_BY_ONE = {"a": Span(0, 1), "b": Span(1, 3), "c": Span(3, 4)}


def heard(spans: dict[str, Span], *found: StepRecord, steps: Sequence[ManifestStep] = ()) -> dict[str, str]:
    """What the court says when the steps finish in this order."""
    court, again = Court(steps), {}
    for record in found:
        again |= court.hear(record, spans.get(record.step))
    return again


def test_a_step_that_took_what_is_still_the_newest_stays() -> None:
    found = (
        StepRecord("p", "a", 0, writes=ONE),
        StepRecord("p", "c", 2, takes={"x": Taken("a", "1")}),
    )
    assert heard({}, *found) == {}


def test_a_step_runs_again_when_one_above_it_turns_out_to_have_written() -> None:
    found = (
        StepRecord("p", "a", 0, writes=ONE),
        StepRecord("p", "b", 1, writes=TWO),
        StepRecord("p", "c", 2, takes={"x": Taken("a", "1")}),
    )
    assert list(heard({}, *found)) == ["c"]
    assert "step 'b' changed 'x'" in heard({}, *found)["c"]


def test_what_steps_below_write_does_not_matter() -> None:
    found = (
        StepRecord("p", "a", 0, writes=ONE),
        StepRecord("p", "b", 1, takes={"x": Taken("a", "1")}),
        StepRecord("p", "c", 2, writes=TWO),
    )
    assert heard({}, *found) == {}


def test_a_setting_that_nobody_foresaw_counts_like_a_value() -> None:
    hidden = {"~pandas": Written("1", "")}
    found = (
        StepRecord("p", "a", 0, writes=hidden),
        StepRecord("p", "b", 1, takes={"~pandas": Taken()}),
    )
    assert "the setting pandas" in heard({}, *found)["b"]


def test_an_own_module_that_cannot_be_handed_on_sends_who_imported_it_meanwhile_back() -> None:
    """There it finds that it cannot be, and says so."""
    found = (
        StepRecord("p", "b", 1, takes={"~module:own": Taken()}),
        StepRecord(
            "p", "a", 0, refused={"~module:own": "own.f remembers what it gave (1 calls)", "x": "a lock"}
        ),
    )
    assert "what the module 'own' keeps" in heard({}, *found)["b"]


def test_a_file_written_while_a_step_below_read_it_sends_that_step_back() -> None:
    found = (
        StepRecord("p", "a", 0, files_written=("/t.csv",)),
        StepRecord("p", "b", 1, files_read=("/t.csv",)),
    )
    assert "wrote /t.csv" in heard(TOGETHER, *found)["b"]
    assert heard(ONE_BY_ONE, *found) == {}


def test_a_file_overwritten_while_a_step_above_read_it_stops_the_run() -> None:
    found = (
        StepRecord("p", "a", 0, files_read=("/t.csv",)),
        StepRecord("p", "b", 1, files_written=("/t.csv",)),
    )
    with pytest.raises(RunError, match="'b' wrote /t.csv while step 'a'"):
        heard(TOGETHER, *found)
    heard(ONE_BY_ONE, *found)


def test_setup_that_differs_from_step_to_step_stops_the_run() -> None:
    found = (StepRecord("p", "a", 0, setup={"now": "1"}), StepRecord("p", "b", 1, setup={"now": "2"}))
    with pytest.raises(RunError, match="setup gives 'now' another value"):
        heard({}, *found)


def test_a_surprise_in_a_step_around_another_stops_the_run() -> None:
    steps = [
        ManifestStep("a", 0, "", (), ("b",), {}),
        ManifestStep("b", 1, "", (), (), {}),
    ]
    found = (
        StepRecord("p", "a", 0, takes={"x": Taken()}),
        StepRecord("p", "b", 1, writes=ONE, unforeseen=("x",)),
    )
    with pytest.raises(RunError, match="stand around step 'b'"):
        heard({}, *found, steps=steps)


def test_a_step_that_runs_again_and_says_the_same_sends_nobody_back() -> None:
    court = Court(())
    first = StepRecord("p", "a", 0, writes=ONE)
    assert court.hear(first) == {}
    assert court.hear(StepRecord("p", "b", 1, takes={"x": Taken("a", "1")})) == {}
    assert court.hear(first) == {}
    assert list(court.hear(StepRecord("p", "a", 0, writes=TWO))) == ["b"]


def test_a_generator_that_setup_seeds_counts_and_one_that_nobody_seeds_does_not() -> None:
    drawn = {"~random": Written("2", "", by_chance=True)}
    upper = StepRecord("p", "a", 0, writes=drawn, starts={"~random": "s"})
    court = Court(())
    assert court.hear(upper) == {}
    lower = StepRecord("p", "b", 1, takes={"~random": Taken()}, starts={"~random": "t"})
    assert court.hear(lower) == {}
    seeded = StepRecord("p", "c", 2, takes={"~random": Taken("a", "2")}, starts={"~random": "s"})
    assert list(court.hear(seeded)) == ["b"]  # it stood the same in two kernels: setup seeds it
