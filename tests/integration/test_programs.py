"""Over a thousand programs, cut at every cell, put out what Run All puts out.

A sample is continued; another is run again with a cache, another again after its last cell was edited, and another
cold, its steps made again where values can stand for what lives. ``make programs`` runs each of them in all four ways.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlops_jlab.pipeline.export import graph_of
from tests.programs import THEMES, Program, emptied, golden, is_wanted, read, run_pipeline, verdict

SAMPLED = {"continued": 24, "again": 48, "edited": 48, "cold": 64}  # one program of so many


def _wanted(programs: list[Program], how: str) -> list[Program]:
    return [p for p in programs if is_wanted(f"{how} {p.name}", SAMPLED[how])]


def test_there_are_enough_programs_and_each_has_its_answer() -> None:
    programs = [program for path in THEMES for program in read(path)]
    assert len(programs) >= 300
    assert len({(p.theme, p.name) for p in programs}) == len(programs)
    for path in THEMES:
        missing = {p.name for p in read(path)} - set(golden(path))
        assert not missing, f"{path.stem}: make answers with tests/data/programs/golden.py for {missing}"
    for program in programs:
        assert 3 <= len(program.cells) <= 9, program.name


@pytest.mark.parametrize("how", list(SAMPLED))
@pytest.mark.parametrize("path", THEMES, ids=lambda path: path.stem)
def test_each_program_gives_the_answer_of_run_all(path: Path, how: str, tmp_path: Path) -> None:
    answers = golden(path)
    wrong = {}
    for program in _wanted(read(path), how):
        base = tmp_path / program.name
        base.mkdir()
        options = {"cold": how == "cold", "cache": base / "cache" if how in ("again", "edited") else None}
        for round_ in range(2 if options["cache"] else 1):
            now = program.edited if how == "edited" and round_ else program
            (base / "nb.ipynb").write_text(json.dumps(now.notebook(tagged=True)), "utf-8")
            graph = graph_of(base / "nb.ipynb")
            folder = emptied(base / "cwd")
            mine = run_pipeline(graph, base / f"run{round_}", folder, **options)
            word, what = verdict(answers[program.name], mine)
            if word not in ("same", "rightly refused") and not (how == "cold" and word == "refused"):
                wrong[program.name] = f"{word}: {what}"
                break
    assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())
