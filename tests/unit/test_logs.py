"""Logs: each line of an executed notebook with the time at which it came, and what kind of line it is."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mlops_jlab.engine.cache.outputs import with_outputs
from mlops_jlab.engine.step.outputs import CellOutputs, Displays
from mlops_jlab.magics.printed import CellLog
from mlops_jlab.notebook.outputs import MOMENTS, Line, lines_in, lines_of
from mlops_jlab.notebook.stamped import lines_of_log, stamped
from mlops_jlab.processes.parent.streams import CellStream

BEGUN, ENDED = "2026-11-29T10:00:00+00:00", "2026-11-29T10:00:09+00:00"
AT = 1795946400.0  # that moment of beginning


def notebook(path: Path, outputs: list[Mapping[str, Any]], moments: list[Any] | None = None) -> Path:
    about: dict[str, Any] = {"papermill": {"start_time": BEGUN, "end_time": ENDED}}
    if moments is not None:
        about["mlops_jlab"] = {MOMENTS: moments}
    path.write_text(json.dumps({"cells": [{"metadata": about, "outputs": outputs}]}))
    return path


def printed(*pieces: tuple[float, str, str]) -> tuple[list[Any], list[Any]]:
    """What a cell leaves behind that prints ``pieces``: moment, stream and text of each."""
    clock = iter(moment for moment, _name, _text in pieces)
    outputs = CellOutputs(Displays(), clock=lambda: AT + next(clock))
    for _moment, name, text in pieces:
        outputs.take("stream", {"name": name, "text": text})
    return outputs.settled(), [list(moment) for moment in outputs.moments]


def test_a_line_has_the_time_at_which_it_began_to_come(tmp_path: Path) -> None:
    found = printed(
        (1, "stdout", "one\n"), (2, "stdout", "two\nthree"), (3, "stdout", " ends\nfour\n"),
        (4, "stderr", "careful\n"), (5, "stdout", "five\n"),
    )  # fmt: skip
    assert lines_of(notebook(tmp_path / "a.ipynb", *found)) == [
        Line("one", "out", AT + 1), Line("two", "out", AT + 2), Line("three ends", "out", AT + 2),
        Line("four", "out", AT + 3), Line("careful", "err", AT + 4), Line("five", "out", AT + 5),
    ]  # fmt: skip


def test_half_a_line_waits_for_its_end() -> None:
    sent: list[tuple[str, str]] = []
    out, err = (
        CellStream(name, 1, lambda *message: sent.append(message[:2])) for name in ("stdout", "stderr")
    )
    print("loading", file=out)
    print("careful", file=err)
    print("half", end="", file=out)
    assert sent == [("stdout", "loading\n"), ("stderr", "careful\n")]
    out.flush()
    assert sent[2:] == [("stdout", "half")]


def test_what_was_cleared_leaves_no_moment() -> None:
    outputs = CellOutputs(Displays(), clock=lambda: AT)
    outputs.take("stream", {"name": "stdout", "text": "gone\n"})
    outputs.take("clear_output", {"wait": False})
    assert outputs.moments == []


def test_a_log_without_moments_has_the_times_of_its_cells(tmp_path: Path) -> None:
    outputs: list[Mapping[str, Any]] = [
        {"output_type": "stream", "name": "stdout", "text": ["a\n", "b\n"]},
        {"output_type": "execute_result", "data": {"text/plain": "3"}},
        {"output_type": "error", "traceback": ["\x1b[31mValueError\x1b[0m: no"]},
    ]
    assert lines_of(notebook(tmp_path / "a.ipynb", outputs)) == [
        Line("a", "out", AT), Line("b", "out", AT), Line("3", "result", AT + 9), Line("ValueError: no", "error", AT + 9)
    ]  # fmt: skip


def test_of_a_progress_bar_what_stayed_is_shown() -> None:
    assert [line.text for line in lines_in("10 %\r50 %\r100 %\ndone\r\n")] == ["100 %", "done"]
    assert lines_in("") == []
    assert [line.text for line in lines_in("a\n\nb")] == ["a", "", "b"]


def test_a_file_that_cannot_be_read_has_no_lines(tmp_path: Path) -> None:
    assert lines_of(tmp_path / "none.ipynb") == []
    (tmp_path / "cut.ipynb").write_text("{")
    assert lines_of(tmp_path / "cut.ipynb") == []


def test_outputs_that_were_kept_keep_their_times() -> None:
    cell = {"cell_type": "code", "id": "c", "source": "print(1)", "metadata": {}, "outputs": []}
    kept = {**cell, "metadata": {"mlops_jlab": {MOMENTS: [[0, 0, AT]]}}}
    found = with_outputs({"cells": [cell], "metadata": {}}, {"cells": [kept]})
    assert found is not None
    assert found["cells"][0]["metadata"]["mlops_jlab"] == {MOMENTS: [[0, 0, AT]]}


@pytest.mark.parametrize("moments", ["soon", [[1, 2]], [["a", 0, 1.0]], [[0, 0, None]], 3])
def test_moments_that_are_none_are_left_out(tmp_path: Path, moments: Any) -> None:
    outputs: list[Mapping[str, Any]] = [{"output_type": "stream", "name": "stdout", "text": "a\n"}]
    assert lines_of(notebook(tmp_path / "a.ipynb", outputs, moments)) == [Line("a", "out", AT)]


def test_a_stamped_log_gives_back_what_was_written() -> None:
    text = stamped("one\n10 %\r20 %\n", "out", AT + 0.5) + stamped(" two", "err", AT + 1)
    assert text.startswith("2026-11-29T10:00:00.500Z out one\n")
    assert list(lines_of_log(text + "not stamped\n")) == [
        Line("one", "out", AT + 0.5), Line("20 %", "out", AT + 0.5), Line(" two", "err", AT + 1),
        Line("not stamped"),
    ]  # fmt: skip


def logged(path: Path) -> list[tuple[str, str]]:
    return [(line.kind, line.text) for line in lines_of_log(path.read_text())]


def test_a_cell_is_logged_line_by_line_while_it_prints(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "logs" / "run.log"
    before = sys.stdout, sys.stderr
    log = CellLog(path)
    print("begins", end="")
    assert logged(path) == []
    print(" and ends\nnext")
    assert logged(path) == [("out", "begins and ends"), ("out", "next")]
    for percent in range(3):
        print(f"\r{percent} %", end="", file=sys.stderr)
    print("last", end="")
    log.close("ValueError: no\n")
    assert (sys.stdout, sys.stderr) == before
    assert logged(path)[2:] == [("out", "last"), ("err", "2 %"), ("error", "ValueError: no")]
    assert log.text == "begins and ends\nnext\nlast"
    assert capsys.readouterr().out == log.text
    assert path.stat().st_mode & 0o777 == 0o600


def test_who_keeps_the_stream_of_a_cell_goes_on_to_print(tmp_path: Path, capsys: Any) -> None:
    log = CellLog(tmp_path / "run.log")
    stream = sys.stdout
    log.close("")
    print("after", file=stream)
    assert capsys.readouterr().out == "after\n"
    assert not (tmp_path / "run.log").read_text()


def test_the_log_of_a_cell_is_bounded_and_has_no_secrets(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("SERVICE_TOKEN", "correct-horse-battery")
    path = tmp_path / "run.log"
    log = CellLog(path)
    print("it is correct-horse-battery", "\ud800", file=sys.stderr)
    for _ in range(40):
        print("x" * 40_000)
    log.close("KeyError: 'correct-horse-battery'")
    found = logged(path)
    assert found[0] == ("err", "it is *** \\ud800")
    assert found[-2:] == [("out", "… the rest is in the notebook"), ("error", "KeyError: '***'")]
    assert path.stat().st_size < 1_100_000


def test_a_cell_whose_log_cannot_be_written_runs_all_the_same(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "logs").write_text("a file")
    log = CellLog(tmp_path / "logs" / "run.log")
    print("shown")
    log.close("")
    assert (log.text, capsys.readouterr().out) == ("shown\n", "shown\n")
