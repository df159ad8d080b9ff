"""Whatever IPython does not answer with ok ends the step, warm and cold, and its text is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.running import Bench

FAILING = {
    "raise ValueError('no such luck')": ("ValueError", "no such luck"),
    "%undefined_magic": ("UsageError", "undefined_magic"),
    "%%undefined_cell_magic\nx = 1": ("UsageError", "undefined_cell_magic"),
    "%run": ("Exception", "you must provide at least a filename"),
    "import sys; sys.exit('over and out')": ("SystemExit", "over and out"),
    "import sys; sys.exit(3)": ("SystemExit", "3"),
    "get_ipython().run_cell('1 / 0').raise_error()": ("ZeroDivisionError", "division by zero"),
    "assert False, 'a\\nb'": ("AssertionError", "a\nb"),
}


@pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])
@pytest.mark.parametrize("source", FAILING)
def test_a_reply_that_is_not_ok_fails_the_step(tmp_path: Path, source: str, cold: bool) -> None:
    kind, text = FAILING[source]
    bench = Bench(tmp_path)
    state = bench.run([("step:a", source), ("step:a", "print('went on')")], cold=cold)
    error = state.step("a").error or {}
    assert (state.status, error.get("kind")) == ("failed", kind), error
    assert text in error["message"] + error.get("traceback", "")
    assert "went on" not in bench.printed("a")
    again = bench.run([("step:a", source), ("step:a", "print('went on')")], cold=not cold)
    assert again.status == "failed"  # nothing of it was kept


def test_papermill_without_entrypoints_is_imported_as_well() -> None:
    code = (
        "import sys; sys.modules['entrypoints'] = None\n"
        "from mlops_jlab.engine.step.papermill import _bare\n"
        "with _bare(): import json\n"
        "print('good')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "good\n", done.stderr
