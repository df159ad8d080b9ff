"""A run's state: a line for each change, and nothing lost wherever the runner is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_jlab.engine.folder.state import RunFolder, RunState, StepState


def begun(root: Path) -> tuple[RunFolder, RunState]:
    folder = RunFolder(root)
    state = RunState("p@1", "p.ipynb", "", {}, [StepState("a"), StepState("b")])
    folder.create()
    folder.begin(state)
    return folder, state


def test_what_was_noted_is_there_without_an_end(tmp_path: Path) -> None:
    folder, state = begun(tmp_path / "run")
    state.steps[0].status = "finished"
    folder.note(state.steps[0])
    state.steps[1].status = "running"
    folder.note(state.steps[1])
    found = RunFolder(tmp_path / "run").load()
    assert [step.status for step in found.steps] == ["finished", "running"]


@pytest.mark.parametrize("kept", range(0, 400, 7))
def test_a_line_that_was_cut_off_does_not_count(tmp_path: Path, kept: int) -> None:
    folder, state = begun(tmp_path / "run")
    state.steps[0].status = "finished"
    folder.note(state.steps[0])
    journal = tmp_path / "run" / "run.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:kept])
    expected = "finished" if kept >= len(whole) else "pending"
    assert RunFolder(tmp_path / "run").load().step("a").status == expected


def test_lines_of_before_are_of_no_account_after_a_new_beginning(tmp_path: Path) -> None:
    folder, state = begun(tmp_path / "run")
    state.steps[0].status = "failed"
    folder.note(state.steps[0])
    old = (tmp_path / "run" / "run.jsonl").read_bytes()
    state.steps[0].status = "finished"
    folder.end(state)
    assert not (tmp_path / "run" / "run.jsonl").exists()
    (tmp_path / "run" / "run.jsonl").write_bytes(old)  # as if the runner was killed before it removed it
    assert RunFolder(tmp_path / "run").load().step("a").status == "finished"
