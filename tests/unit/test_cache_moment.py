"""An answer is kept while steps below run: what they did to its files meanwhile is not its own."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlops_jlab.engine.cache.use import _changed_since
from mlops_jlab.engine.folder.state import StepState


def ended(seconds_ago: float) -> StepState:
    """A step that took a second, and ended so long ago."""
    begun = datetime.fromtimestamp(time.time() - seconds_ago - 1, UTC)
    return StepState("a", started=begun.isoformat(timespec="milliseconds"), seconds=1.0)


@pytest.mark.parametrize("what", ["written again", "removed", "left alone", "removed by itself", "a folder"])
def test_what_was_changed_after_the_step_is_found(what: str, tmp_path: Path) -> None:
    path = tmp_path / "cfg.json"
    path.write_text("{}")
    long_ago = time.time() - 100
    os.utime(path, (long_ago, long_ago))
    if what == "written again":
        path.write_text("[]")
    elif what in ("removed", "removed by itself"):
        path.unlink()
    elif what == "a folder":
        path.unlink()
        path.mkdir()
    state = ended(-10 if what == "removed by itself" else 50)
    found = _changed_since([str(path)], state)
    assert found == (str(path) if what in ("written again", "removed") else "")
