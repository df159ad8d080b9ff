"""Steps that are made again in a process of their own show what Run All shows, or go on in the one above."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.running import Bench, Cells

LOUD = "print('loading')\nn = 0\ndef bump():\n    global n\n    n += 1\n    return n\n"
STORIES: dict[str, tuple[Cells, dict[str, str]]] = {
    "an own module that only a function imports": (
        [
            ("step:a", "def bump():\n    import loud\n    return loud.bump()\nprint(bump())"),
            ("step:b", "print(bump())"),
            ("step:c", "import importlib, loud\n_ = importlib.reload(loud)\nprint(bump())"),
        ],
        {"a": "loading\n1\n", "b": "2\n", "c": "loading\n1\n"},
    ),
    "the logger of a package that the step imports": (
        [
            ("step:a", "import logging, urllib3\nlogging.getLogger('urllib3').setLevel(40)"),
            ("step:b after:a", "print(logging.getLogger('urllib3.util').getEffectiveLevel())"),
        ],
        {"a": "", "b": "40\n"},
    ),
}


@pytest.mark.parametrize("story", list(STORIES))
def test_a_step_in_a_process_of_its_own_shows_what_run_all_shows(story: str, tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text(LOUD)
    bench = Bench(tmp_path)
    cells, shown = STORIES[story]
    state = bench.run(cells, cold=True, cache=None)
    assert state.status == "finished", state.error
    assert {step.name: bench.printed(step.name) for step in state.steps} == shown
