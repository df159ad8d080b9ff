"""Steps are sampled from the runner: also one in parts, and none that comes from the cache."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_jlab.entities.runs import Run, Sample
from mlops_jlab.store import opening, reading, sampled
from mlops_jlab.store.location import Place
from tests.conftest import notebook_json

CELLS = [
    ("step:load", "import time\nheld = bytearray(150_000_000)\ntime.sleep(2.5)\nrows = [1, 2]"),
    ("step:fit", "import time\nfound = []\nfor row in rows:\n    time.sleep(2)\n    found.append(row)"),
]
SETTINGS = {"steps": {"fit": {"for_each": "rows"}}}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    node = notebook_json(CELLS)
    node["metadata"]["mlops_jlab"] = SETTINGS
    (tmp_path / "small.ipynb").write_text(json.dumps(node))
    return Place(tmp_path / ".mlops")


def run(place: Place) -> tuple[Run, dict[str, list[Sample]]]:
    subprocess.run(
        [sys.executable, "-m", "mlops_jlab", "run", "small.ipynb"], cwd=place.root.parent, check=True,
        env={**os.environ, "MLOPS_JLAB_STORE": str(place.root)}, capture_output=True, timeout=120,
    )  # fmt: skip
    with opening.reading(place) as connection:
        whole = next(one for one in reading.page(connection, reading.Query()).runs if one.kind == "pipeline")
        steps = reading.children(connection, whole)
        return whole, {step.name: sampled.samples(connection, step, 1000) for step in steps}


def test_steps_have_samples_and_the_pipeline_what_they_used_together(place: Place) -> None:
    place.root.mkdir()
    whole, samples = run(place)
    assert max(one.memory for one in samples["load"]) > 150_000_000
    assert samples["fit"]
    assert whole.facts["usage"]["peak_memory"] > 150_000_000
    assert not whole.metrics
    again, none = run(place)
    assert none == {"load": [], "fit": []}
    assert again.facts["usage"].get("peak_memory") is None
