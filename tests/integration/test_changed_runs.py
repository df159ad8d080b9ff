"""A notebook is run with a cache, something is changed, and the next run gives what Run All gives then.

Each story of ``tests/data/changed_runs.txt`` is a program. Cells tagged ``changed N`` stand in for its cell N
the second time; ``before`` and ``after`` are files, named in their first line, that lie there the first time
and the second; ``environment`` are variables that are set the second time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from mlops_jlab.pipeline.export import graph_of
from tests.programs import Answer, Program, emptied, is_wanted, read, run_all, run_pipeline, verdict

STORIES = Path(__file__).parents[1] / "data" / "changed_runs.txt"


@dataclass
class Story:
    """A program, what it becomes, and what lies in its folder before and after."""

    program: Program
    changed: Program
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)


def stories() -> list[Story]:
    """One of three that the file tells."""
    return [_story(program) for program in read(STORIES) if is_wanted(program.name, 3)]


def _story(program: Program) -> Story:
    cells: list[tuple[str, str]] = []
    changes: dict[int, str] = {}
    story = Story(program, program)
    for tags, source in program.cells:
        word, _, number = tags.partition(" ")
        if word == "changed":
            changes[int(number) - 1] = source
        elif word in ("before", "after"):
            name, _, text = source.partition("\n")
            (story.before if word == "before" else story.after)[name.removeprefix("# ")] = text + "\n"
        elif word == "environment":
            story.environment = dict(line.split("=", 1) for line in source.splitlines())
        else:
            cells.append((tags, source))
    story.program = replace(program, cells=tuple(cells))
    new = [(tags, changes.get(place, source)) for place, (tags, source) in enumerate(cells)]
    story.changed = replace(program, cells=tuple(new))
    return story


def _write(files: dict[str, str], folder: Path) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def _run(program: Program, base: Path, number: int, folder: Path) -> tuple[Answer, list[str]]:
    """One run of it with the cache in ``base``, and the steps whose answers were kept."""
    (folder / "nb.ipynb").write_text(json.dumps(program.notebook(tagged=True)), "utf-8")
    graph = graph_of(folder / "nb.ipynb")
    (folder / "nb.ipynb").unlink()
    answer = run_pipeline(graph, base / f"run{number}", folder, cache=base / "cache")
    state = base / f"run{number}" / "run.json"
    steps = json.loads(state.read_text("utf-8"))["steps"] if state.exists() else []
    return answer, [step["name"] for step in steps if step.get("cached")]


@pytest.mark.parametrize("story", stories(), ids=lambda story: story.program.name)
def test_a_changed_run_gives_what_run_all_gives(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = emptied(tmp_path / "cwd")
    _write(story.before, folder)
    _run(story.program, tmp_path, 0, folder)
    for name, value in story.environment.items():
        monkeypatch.setenv(name, value)
    _write(story.after, folder)
    mine, kept = _run(story.changed, tmp_path, 1, folder)
    again, all_kept = _run(story.changed, tmp_path, 2, folder)

    fresh = emptied(tmp_path / "fresh")
    _write(story.before | story.after, fresh)
    whole = run_all(story.changed.notebook(tagged=False), fresh)
    print(f"kept the second time: {' '.join(kept)}; the third: {' '.join(all_kept)}")
    assert verdict(whole, mine) == ("same", "")
    assert verdict(whole, again) == ("same", "")
