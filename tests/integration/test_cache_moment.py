"""What steps do to files below a step is not its own, and the next run of them does what Run All does then."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.running import Bench


@pytest.mark.parametrize(
    ("made", "stops"),
    [
        ("os.mkdir('new')", True),
        ("os.makedirs('new', exist_ok=True)", False),
        ("os.symlink('f', 'new')", True),
    ],
)
def test_what_must_be_new_is_made_again(made: str, stops: bool, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    cells = [("step:a", f"import os\n{made}"), ("step:b", "x = 1")]
    assert bench.run(cells).status == "finished"
    again = bench.run(cells)
    step = again.step("a")
    assert (step.error or {}).get("kind") == ("FileExistsError" if stops else None)
    assert bool(step.cached) != stops


def test_a_file_that_a_later_step_removes_is_missed_by_the_next_run(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    (tmp_path / "f.txt").write_text("one")
    (tmp_path / "helper.py").write_text("def value():\n    return 'one'\n")
    cells = [
        ("step:a", "import helper\nprint(helper.value())"),
        (
            "step:b after:a",
            "with open('helper.py', 'w') as f: _ = f.write('def value():\\n    return 22\\n')",
        ),
        ("step:c after:b", "x = open('f.txt').read()"),
        ("step:d after:c", "import os\nos.remove('f.txt')"),
    ]
    assert bench.run(cells).status == "finished"
    again = bench.run(cells)
    assert bench.printed("a") == "22\n"
    assert (again.step("c").error or {})["kind"] == "FileNotFoundError"
