"""Tables of the command line: they fit the terminal, and nothing in them obeys it."""

from __future__ import annotations

import pytest

from mlops_jlab.cli import tables


@pytest.mark.parametrize(
    ("widths", "columns", "fitted"),
    [
        ([8, 28, 10], 80, [8, 28, 10]),
        ([8, 28, 10], 40, [8, 18, 10]),
        ([8, 28, 28], 48, [8, 18, 18]),
        ([8, 28, 28], 0, [8, 28, 28]),  # a file
        ([8, 28, 28], 10, [8, 8, 8]),  # no narrower than that
        ([4, 20], 20, [4, 14]),
    ],
)
def test_the_widest_columns_give_way_first(widths: list[int], columns: int, fitted: list[int]) -> None:
    assert tables.fitting(widths, columns) == fitted


def test_a_table_fits_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "30")
    printed = tables.rows(("id", "name"), [("1234", "a name that is as long as can be"), ("5", "short")])
    lines = [line.replace("\x1b[1m", "").replace("\x1b[0m", "") for line in printed.splitlines()]
    assert max(map(len, lines)) == 30
    assert lines[1].endswith("…")
    assert lines[2] == "5     short"


def test_a_table_in_a_file_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: False, raising=False)
    monkeypatch.setenv("COLUMNS", "30")
    assert "x" * 60 in tables.rows(("id", "name"), [("1", "x" * 60)])
