"""Files that are no notebooks, or nearly: one clear error each, and the file is untouched."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_jlab.entities.findings import Severity
from mlops_jlab.entities.notebooks import Role
from mlops_jlab.errors import NotebookError
from mlops_jlab.notebook.reading import from_node, read
from mlops_jlab.notebook.retagging import retag
from mlops_jlab.notebook.suggesting import suggest
from mlops_jlab.notebook.tags import role_of
from mlops_jlab.pipeline.export import graph_of
from tests.conftest import DATA, notebook_json

GOLDEN = json.loads((DATA / "roles.json").read_text("utf-8"))
KINDS = {"step": Role.STEP, "setup": Role.SETUP, "parameters": Role.PARAMETERS, "conflict": Role.CONFLICT}


@pytest.mark.parametrize("entry", [e for e in GOLDEN if isinstance(e["tags"], list)], ids=str)
def test_roles_are_those_of_the_table_that_the_front_end_reads(entry: dict[str, Any]) -> None:
    role, names = role_of(entry["tags"])
    expected = entry["role"]
    assert role is (KINDS[expected["kind"]] if expected else Role.NONE)
    if role is Role.STEP:
        assert names == (expected["name"],)
    if role is Role.CONFLICT:
        assert list(names) == expected["names"]


BROKEN = {
    "empty": (b"", "is empty"),
    "cut off": (b'{"cells": [', "line 1: not a notebook"),
    "a list": (b"[]", "holds a JSON list"),
    "not UTF-8": (b"\xff\xfe{", "not UTF-8"),
    "a conflict": (b'{\n<<<<<<< HEAD\n "a": 1\n=======\n', "line 2: a git conflict"),
    "format 5": (b'{"nbformat": 5, "cells": []}', "newer than 4"),
    "format 2": (b'{"nbformat": 2, "worksheets": []}', "too old"),
    "no format": (b'{"cells": []}', "no 'nbformat' number"),
    "no cells": (b'{"nbformat": 4, "cells": {}}', "no list of cells"),
    "deep": (b"[" * 200_000, "nested too deeply"),
    "R": (b'{"nbformat": 4, "cells": [], "metadata": {"kernelspec": {"language": "R"}}}', "written in R"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_gives_one_clear_error(name: str, tmp_path: Path) -> None:
    data, words = BROKEN[name]
    path = tmp_path / "nb.ipynb"
    path.write_bytes(data)
    with pytest.raises(NotebookError, match=words):
        read(path)
    assert path.read_bytes() == data


def test_a_folder_a_missing_file_and_a_nul_in_the_path_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.ipynb", Path("a\0b.ipynb")):
        with pytest.raises(NotebookError):
            read(path)


def test_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "nb.ipynb"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(notebook_json([("step:a", "1")])).encode())
    assert read(path)[0].cells[0].step == "a"


def test_old_formats_are_upgraded_in_memory_with_the_same_ids_each_time(tmp_path: Path) -> None:
    old = {
        "nbformat": 3, "nbformat_minor": 0, "metadata": {},
        "worksheets": [{"cells": [{"cell_type": "code", "language": "python", "input": "x = 1",
                                   "outputs": [], "collapsed": False, "metadata": {}}]}],
    }  # fmt: skip
    path = tmp_path / "nb.ipynb"
    path.write_text(json.dumps(old))
    first, second = read(path)[0], read(path)[0]
    assert first.cells[0].source == "x = 1"
    assert [c.id for c in first.cells] == [c.id for c in second.cells] == ["cell-1"]
    assert json.loads(path.read_text()) == old


@pytest.mark.parametrize("minor", [0, 1, 2, 3, 4])
def test_formats_4_without_cell_ids_are_read_as_they_are(minor: int, tmp_path: Path) -> None:
    node = notebook_json([("step:a", "x = 1"), ("step:b", "x")])
    node["nbformat_minor"] = minor
    for cell in node["cells"]:
        del cell["id"]
    path = tmp_path / "nb.ipynb"
    path.write_text(json.dumps(node))
    before = path.read_bytes()
    notebook = read(path)[0]
    assert [(c.id, c.step, c.source) for c in notebook.cells] == [
        ("cell-1", "a", "x = 1"), ("cell-2", "b", "x"),
    ]  # fmt: skip
    assert path.read_bytes() == before


def test_ten_thousand_tags_are_read_and_the_two_steps_among_them_found() -> None:
    node = notebook_json([("step:a", "1")])
    node["cells"][0]["metadata"]["tags"] = [*(f"note-{n}" for n in range(10_000)), "step:a"]
    notebook, findings = from_node(node, Path("nb.ipynb"), "")
    assert (notebook.cells[0].step, list(findings)) == ("a", [])
    node["cells"][0]["metadata"]["tags"] = [f"step:s{n}" for n in range(10_000)]
    assert {f.code for f in from_node(node, Path("nb.ipynb"), "")[1]} == {"two-steps"}


def test_duplicate_and_malformed_ids_are_repaired_and_reported() -> None:
    node = notebook_json([("step:a", "1"), ("step:a", "2"), ("step:a", "3")])
    node["cells"][1]["id"] = "c1"
    node["cells"][2]["id"] = "../x"
    notebook, findings = from_node(node, Path("nb.ipynb"), "")
    assert len({c.id for c in notebook.cells}) == 3
    assert [f.code for f in findings] == ["cell-id", "cell-id"]


@pytest.mark.parametrize("tags", ["step:a", {"a": 1}, [1], 5])
def test_tags_that_are_no_list_of_words_are_an_error(tags: object) -> None:
    node = notebook_json([("step:a", "1")])
    node["cells"][0]["metadata"]["tags"] = tags
    notebook, findings = from_node(node, Path("nb.ipynb"), "")
    assert [(f.code, f.severity) for f in findings] == [("tags-shape", Severity.ERROR)]
    assert notebook.cells[0].role is Role.NONE


@pytest.mark.parametrize(
    "tag", ["step:", "step:a/b", "step:..", "step:A", "step:con", "step:" + "x" * 300, "after:a b"]
)
def test_a_bad_step_name_is_refused_with_a_good_one(tag: str) -> None:
    _, findings = from_node(notebook_json([("step:a", "1")]) | {}, Path("nb.ipynb"), "")
    node = notebook_json([("-", "1")])
    node["cells"][0]["metadata"]["tags"] = [tag]
    _, findings = from_node(node, Path("nb.ipynb"), "")
    assert [f.code for f in findings] == ["step-name"]
    assert "rename it" in findings[0].hint


def test_a_lone_surrogate_is_an_error_with_its_line() -> None:
    node = notebook_json([("step:a", "x = 1\ny = '\ud800'")])
    _, findings = from_node(node, Path("nb.ipynb"), "")
    assert [(f.code, f.line) for f in findings] == [("characters", 2)]


@pytest.mark.parametrize("indent", [1, 2, 4, None])
def test_retagging_changes_tags_and_nothing_else(indent: int | None) -> None:
    node = notebook_json([("-", "a = 'é\u2028'"), ("step:x keep", "b")])
    node["cells"][0]["metadata"] = {"odd": [1, {"deep": None}], "tags": []}
    node["metadata"]["unknown"] = 1.50
    text = json.dumps(node, indent=indent, ensure_ascii=False) + "\n"
    changed = retag(text, {0: ["step:new"], 1: ["keep"]})
    expected = json.loads(text)
    expected["cells"][0]["metadata"]["tags"] = ["step:new"]
    expected["cells"][1]["metadata"]["tags"] = ["keep"]
    assert json.loads(changed) == expected
    if indent is not None:
        assert changed == json.dumps(expected, indent=indent, ensure_ascii=False) + "\n"
    assert retag(text, {}) == text


def test_kale_tags_are_understood() -> None:
    cells = [
        ("imports", "import os"), ("pipeline-parameters", "n = 1"), ("block:load", "x = n"),
        ("-", "y = x"), ("skip", "debug()"), ("block:train prev:load", "z = y"),
    ]  # fmt: skip
    notebook, _ = from_node(notebook_json(cells), Path("nb.ipynb"), "")
    assert suggest(notebook, "kale") == {
        0: ("setup",), 1: ("parameters",), 2: ("step:load",), 3: ("step:load",), 4: (),
        5: ("step:train", "after:load"),
    }  # fmt: skip


def test_newer_kale_writes_step_and_its_metrics_belong_to_the_last_step(
    write_notebook: Callable[..., Path],
) -> None:
    cells = [
        ("imports", "import math"), ("pipeline-parameters", "n = 4"), ("step:load", "x = n"),
        ("skip", "debug()"), ("prev:load step:train", "z = math.sqrt(x)"), ("prev:load step:plot", "p = 1"),
        ("pipeline-metrics", "print(z)"),
    ]  # fmt: skip
    graph = graph_of(write_notebook(cells))
    assert not graph.errors
    assert {(e.source, e.target) for e in graph.edges} == {
        ("load", "train"), ("load", "plot"), ("train", "plot"),  # z is printed there
    }  # fmt: skip
    assert [p.name for p in graph.parameters] == ["n"]
    assert [(s.name, len(s.cells)) for s in graph.steps] == [("load", 1), ("train", 1), ("plot", 2)]


def test_tags_of_ours_are_not_taken_for_kales(write_notebook: Callable[..., Path]) -> None:
    ours = [("setup imports", "import math"), ("step:a", "x = math.pi"), ("-", "y = 2"), ("skip", "z = 3")]
    assert [len(step.cells) for step in graph_of(write_notebook(ours)).steps] == [1]
    skipping = [("step:a", "x = 1"), ("skip", "z = 3"), ("-", "y = 2")]
    assert [len(step.cells) for step in graph_of(write_notebook(skipping)).steps] == [1]


def test_headings_propose_steps() -> None:
    node = notebook_json([("-", "import os"), ("-", "x = 1"), ("-", "y = x")])
    for place, title in ((1, "## Load data"), (3, "## Load data")):
        node["cells"].insert(
            place, {"cell_type": "markdown", "id": f"m{place}", "metadata": {}, "source": title}
        )
    notebook, _ = from_node(node, Path("nb.ipynb"), "")
    assert suggest(notebook, "headings") == {
        0: ("setup",), 2: ("step:load-data",), 4: ("step:load-data-2",),
    }  # fmt: skip


@pytest.mark.parametrize("suffix", [".py", ".md"])
def test_text_notebooks_are_read_through_jupytext(suffix: str, tmp_path: Path) -> None:
    text = {".py": '# %% tags=["step:a"]\nx = 1\n', ".md": '```python tags=["step:a"]\nx = 1\n```\n'}
    path = tmp_path / f"nb{suffix}"
    path.write_text(text[suffix])
    assert [(c.step, c.source) for c in read(path)[0].tagged] == [("a", "x = 1")]


def test_the_file_is_read_through_a_writer_of_notebooks(write_notebook: Callable[..., Path]) -> None:
    assert [c.step for c in read(write_notebook([("step:a", "1")]))[0].tagged] == ["a"]
