"""The report: every kind of output is shown, and none of them can do anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mlops_jlab.engine.report.cells import cells_of, colours


def shown(tmp_path: Path, *outputs: dict[str, Any], source: str = "x = 1") -> str:
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": source, "outputs": list(outputs)}
    path = tmp_path / "nb.ipynb"
    path.write_text(json.dumps({"cells": [cell]}), "utf-8")
    return cells_of(path, ("a",), set())


def display(**data: Any) -> dict[str, Any]:
    named = {name.replace("_", "/").replace("svg", "svg+xml"): value for name, value in data.items()}
    return {"output_type": "display_data", "data": named, "metadata": {}}


def test_html_is_kept_without_what_runs_or_loads(tmp_path: Path) -> None:
    evil = (
        "<table><tr><td onclick='x()'>cell</td></tr></table><script>alert(1)</script><style>a{}</style>"
        "<iframe src='http://x'></iframe><a href='javascript:x()'>go</a><img src=x onerror=alert(1)>"
    )
    page = shown(tmp_path, display(text_html=[evil, "<b>bold</b>"], text_plain="plain"))
    assert "<td>cell</td>" in page
    assert "<b>bold</b>" in page
    for word in ("alert", "onclick", "onerror", "javascript:", "iframe", "a{}", "plain"):
        assert word not in page


def test_an_svg_is_a_picture_that_cannot_run_anything(tmp_path: Path) -> None:
    page = shown(tmp_path, display(image_svg="<svg onload='x()'/>"))
    assert 'src="data:image/svg+xml;base64,' in page
    assert "onload" not in page
    assert '"data:image/png;base64,aGk="' in shown(tmp_path, display(image_png="aG\nk=\n"))


def test_text_keeps_its_colours_and_its_angle_brackets(tmp_path: Path) -> None:
    printed = {"output_type": "stream", "name": "stderr", "text": ["<b>", "\x1b[31mred\x1b[0m"]}
    page = shown(tmp_path, printed)
    assert "&lt;b&gt;" in page
    assert '<span class="a-1">red</span>' in page
    assert "\x1b" not in page
    assert "&lt;b&gt;" in shown(tmp_path, {**printed, "text": "<b>"})


def test_an_error_a_markdown_text_and_json_are_shown(tmp_path: Path) -> None:
    error = {"output_type": "error", "ename": "E", "evalue": "bad <x>", "traceback": []}
    assert "E: bad &lt;x&gt;" in shown(tmp_path, error)
    assert "<h1>Title</h1>" in shown(tmp_path, display(text_markdown="# Title\n<script>x</script>"))
    assert "&quot;a&quot;: 1" in shown(tmp_path, display(application_json={"a": 1}))


def test_long_text_is_cut_and_says_so(tmp_path: Path) -> None:
    page = shown(tmp_path, {"output_type": "stream", "name": "stdout", "text": "x" * 300_000})
    assert "100,000 characters more" in page
    assert len(page) < 250_000


def test_a_notebook_that_is_missing_or_cut_off_is_said(tmp_path: Path) -> None:
    assert "Not run" in cells_of(tmp_path / "none.ipynb", (), set())
    (tmp_path / "cut.ipynb").write_text('{"cells": [')
    assert "cannot be read" in cells_of(tmp_path / "cut.ipynb", (), set())


def test_code_is_coloured_in_light_and_dark(tmp_path: Path) -> None:
    assert '<span class="c-k">' in shown(tmp_path, source="if x: pass")
    assert ".code .c-k " in colours()
    assert "prefers-color-scheme: dark" in colours()
