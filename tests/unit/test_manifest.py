"""Exports that were damaged, or are newer than we are, are refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from mlops_jlab.errors import ExportError, NoSpace
from mlops_jlab.pipeline import export, manifest

CELLS = [("parameters", "n: int = 1"), ("step:a", "x = n"), ("step:b", "print(x)")]


@pytest.fixture
def exported(write_notebook: Callable[..., Path], tmp_path: Path) -> Path:
    return export.export(export.graph_of(write_notebook(CELLS)), tmp_path / "out")


def test_what_was_written_is_read_back(exported: Path) -> None:
    found = manifest.read(exported)
    assert [step.name for step in found.steps] == ["a", "b"]
    assert [(e.source, e.target, e.names) for e in found.edges] == [("a", "b", ("x",))]
    assert [p.name for p in found.parameters] == ["n"]


def test_the_steps_that_may_run_at_once_are_written_and_read_back(
    write_notebook: Callable[..., Path], tmp_path: Path
) -> None:
    cells = [("step:a", "x = 1"), ("step:b", "y = [2]"), ("step:c", "print(x, y)")]
    folder = export.export(export.graph_of(write_notebook(cells)), tmp_path / "out")
    assert [(step.name, step.apart) for step in manifest.read(folder).steps] == [
        ("a", ()), ("b", ("a",)), ("c", ()),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 2}, "newer than 1"),
        ({"format": "1"}, "format"),
        ({"steps": []}, "steps"),
        ({"surprise": 1}, "surprise"),
        ({"edges": [{"from": "b", "to": "c", "names": []}]}, "is not a step"),
        ({"edges": [{"from": "a", "to": "b", "names": []}, {"from": "b", "to": "a", "names": []}]}, "wait"),
        ({"steps": [{"name": "a", "notebook": "../../x.ipynb", "cells": [], "inputs": [], "outputs": []}]},
         "notebook"),
        ({"steps": [{"name": "a", "notebook": "steps/none.ipynb", "cells": [], "inputs": [], "outputs": []}],
          "edges": []}, "is missing"),
    ],
)  # fmt: skip
def test_a_damaged_manifest_is_refused(change: dict[str, object], words: str, exported: Path) -> None:
    path = exported / manifest.FILE
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | change))
    with pytest.raises(ExportError, match=words):
        manifest.read(exported)


@pytest.mark.parametrize("text", ["", "[]", "{", "a: !!python/object/apply:os.system [id]"])
def test_a_file_that_is_no_manifest_is_refused_and_runs_nothing(text: str, exported: Path) -> None:
    (exported / manifest.FILE).write_text(text)
    with pytest.raises(ExportError):
        manifest.read(exported)


def test_an_export_is_the_same_bytes_each_time_and_leaves_no_temporary_folder(exported: Path) -> None:
    before = {p: p.read_bytes() for p in exported.rglob("*") if p.is_file()}
    export.export(export.graph_of(exported.parent / "nb.ipynb"), exported)
    assert {p: p.read_bytes() for p in exported.rglob("*") if p.is_file()} == before
    assert sorted(p.name for p in exported.parent.iterdir()) == ["nb.ipynb", "out"]


def test_an_export_that_cannot_be_written_leaves_the_old_one(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (exported / manifest.FILE).read_bytes()

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(NoSpace, match="No space left"):
        export.export(export.graph_of(exported.parent / "nb.ipynb"), exported)
    assert (exported / manifest.FILE).read_bytes() == before
    assert sorted(p.name for p in exported.parent.iterdir()) == ["nb.ipynb", "out"]
