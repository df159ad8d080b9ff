"""The witness's verdict: what runs again, and what stops the run."""

from __future__ import annotations

import pytest

from mlops_jlab.engine.consistency import Span, check, steps_to_run_again
from mlops_jlab.errors import RunError
from mlops_jlab.handoff.records import StepRecord, Taken, Written
from mlops_jlab.pipeline.manifest import ManifestStep

ONE = {"x": Written("1", "")}
TWO = {"x": Written("2", "")}
TOGETHER = {"a": Span(0, 5), "b": Span(1, 3), "c": Span(1, 3)}
ONE_BY_ONE = {"a": Span(0, 1), "b": Span(1, 3), "c": Span(3, 4)}


def records(*found: StepRecord) -> dict[str, StepRecord]:
    return {record.step: record for record in found}


def test_a_step_that_took_what_is_still_the_newest_stays() -> None:
    found = records(
        StepRecord("p", "a", 0, writes=ONE), StepRecord("p", "c", 2, takes={"x": Taken("a", "1")})
    )
    assert steps_to_run_again(found, {}) == {}


def test_a_step_runs_again_when_one_above_it_turns_out_to_have_written() -> None:
    found = records(
        StepRecord("p", "a", 0, writes=ONE),
        StepRecord("p", "b", 1, writes=TWO),
        StepRecord("p", "c", 2, takes={"x": Taken("a", "1")}),
    )
    assert list(steps_to_run_again(found, {})) == ["c"]
    assert "step 'b' changed 'x'" in steps_to_run_again(found, {})["c"]


def test_what_steps_below_write_does_not_matter() -> None:
    found = records(
        StepRecord("p", "a", 0, writes=ONE),
        StepRecord("p", "b", 1, takes={"x": Taken("a", "1")}),
        StepRecord("p", "c", 2, writes=TWO),
    )
    assert steps_to_run_again(found, {}) == {}


def test_a_setting_that_nobody_foresaw_counts_like_a_value() -> None:
    hidden = {"~pandas": Written("1", "")}
    found = records(
        StepRecord("p", "a", 0, writes=hidden), StepRecord("p", "b", 1, takes={"~pandas": Taken()})
    )
    assert "the setting pandas" in steps_to_run_again(found, {})["b"]


def test_a_file_written_while_a_step_below_read_it_sends_that_step_back() -> None:
    found = records(
        StepRecord("p", "a", 0, files_written=("/t.csv",)), StepRecord("p", "b", 1, files_read=("/t.csv",))
    )
    assert "wrote /t.csv" in steps_to_run_again(found, TOGETHER)["b"]
    assert steps_to_run_again(found, ONE_BY_ONE) == {}


def test_a_file_overwritten_while_a_step_above_read_it_stops_the_run() -> None:
    found = records(
        StepRecord("p", "a", 0, files_read=("/t.csv",)), StepRecord("p", "b", 1, files_written=("/t.csv",))
    )
    with pytest.raises(RunError, match="'b' wrote /t.csv while step 'a'"):
        check(found, TOGETHER, [])
    check(found, ONE_BY_ONE, [])


def test_setup_that_differs_from_step_to_step_stops_the_run() -> None:
    found = records(StepRecord("p", "a", 0, setup={"now": "1"}), StepRecord("p", "b", 1, setup={"now": "2"}))
    with pytest.raises(RunError, match="setup gives 'now' another value"):
        check(found, {}, [])


def test_a_surprise_in_a_step_around_another_stops_the_run() -> None:
    steps = [
        ManifestStep("a", 0, "", (), ("b",), {}),
        ManifestStep("b", 1, "", (), (), {}),
    ]
    found = records(
        StepRecord("p", "a", 0, takes={"x": Taken()}),
        StepRecord("p", "b", 1, writes=ONE, unforeseen=("x",)),
    )
    with pytest.raises(RunError, match="stand around step 'b'"):
        check(found, {}, steps)
