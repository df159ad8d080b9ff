"""A cell, or a parameter, is changed between two runs with a cache: what comes out is what Run All puts out then."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_jlab.pipeline.export import graph_of
from tests.conftest import DATA
from tests.programs import Program, emptied, read, run_all, run_pipeline, verdict

PROGRAMS = read(DATA / "changing_programs.txt")  # OLD stands for what is changed


@pytest.mark.parametrize("program", PROGRAMS, ids=[program.name for program in PROGRAMS])
def test_what_was_kept_is_not_used_where_it_depends_on_what_was_changed(
    program: Program, tmp_path: Path
) -> None:
    versions = [_with(program, text) for text in ("1", "2")]
    answers = [run_all(one.notebook(tagged=False), emptied(tmp_path / "cwd")) for one in versions]
    assert answers[0].outputs != answers[1].outputs
    for round_, which in enumerate([0, 1, 0, 1]):
        (tmp_path / "nb.ipynb").write_text(json.dumps(versions[which].notebook(tagged=True)), "utf-8")
        graph = graph_of(tmp_path / "nb.ipynb")
        folder = emptied(tmp_path / "cwd")
        mine = run_pipeline(graph, tmp_path / f"run{round_}", folder, cache=tmp_path / "cache")
        assert verdict(answers[which], mine) == ("same", "")


def _with(program: Program, text: str) -> Program:
    return replace(
        program, cells=tuple((tags, source.replace("OLD", text)) for tags, source in program.cells)
    )
