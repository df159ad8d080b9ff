"""What ``verify`` compares, and what it says that it does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlops_jlab.cli.printing import verdict as printed
from mlops_jlab.engine.asked import Options
from mlops_jlab.engine.proof.verify import Verdict, verify
from mlops_jlab.pipeline.export import graph_of
from tests.conftest import notebook_json
from tests.integration.test_every_cut import Silent

# Each draws without a seed, and always comes to the same: two runs agree by luck.
BY_LUCK = {
    "python": "import random\ncoin = random.randint(7, 7)",
    "generator": "import random\ncoin = 7 + 0 * random.Random().randrange(9)",
    "system": "import os\ncoin = 7 + 0 * os.urandom(1)[0]",
    "numpy": "import numpy as np\ncoin = int(7 + 0 * np.random.rand())",
    "numpy-generator": "import numpy as np\ncoin = int(7 + 0 * np.random.default_rng().random())",
    "uuid": "import uuid\ncoin = 7 + 0 * uuid.uuid4().int",
}


def proof(tmp_path: Path, cells: list[tuple[str, str]], *, cold: bool = False) -> Verdict:
    (tmp_path / "nb.ipynb").write_text(json.dumps(notebook_json(cells)), "utf-8")
    options = Options(folder=tmp_path, jobs=2, cold=cold)
    return verify(graph_of(tmp_path / "nb.ipynb"), tmp_path / "out", {}, options, Silent())


@pytest.mark.parametrize("draw", list(BY_LUCK.values()), ids=list(BY_LUCK))
@pytest.mark.parametrize("cold", [False, True], ids=["continued", "cold"])
def test_what_depends_on_an_unseeded_draw_is_not_compared_though_two_runs_agree(
    tmp_path: Path, draw: str, cold: bool
) -> None:
    cells = [
        ("step:start", "plain = 1\nprint(plain)"),
        ("step:draw", f"{draw}\nbeside = 2\nprint(coin)"),
        ("step:double", "double = 2 * coin\nprint(double)"),
        ("step:quiet", "quadruple = 2 * double"),
        ("step:end", "end = plain + 1\nprint(end)"),
    ]
    found = proof(tmp_path, cells, cold=cold)
    assert found.same, (found.failure, found.differences)
    assert found.unseeded == [
        "output of cell 2", "output of cell 3",
        "value of 'coin'", "value of 'beside'", "value of 'double'", "value of 'quadruple'",
    ]  # fmt: skip
    assert (found.outputs, found.values) == (2, 2)
    assert "depends on an unseeded draw, so not compared: output of cell 2" in printed(found, tmp_path)


def test_a_seeded_draw_is_compared(tmp_path: Path) -> None:
    cells = [
        ("step:draw", "import random\nrandom.seed(3)\ncoin = random.random()\nprint(coin)"),
        ("step:more", "import numpy as np\nmore = np.random.default_rng(5).random()\nprint(more + coin)"),
    ]
    found = proof(tmp_path, cells)
    assert found.same
    assert (found.unseeded, found.not_deterministic, found.outputs, found.values) == ([], [], 2, 2)


def test_a_file_carries_chance_from_step_to_step(tmp_path: Path) -> None:
    cells = [
        (
            "step:write",
            "import os\nfrom pathlib import Path\n_ = Path('t.txt').write_text(str(len(os.urandom(3))))",
        ),
        ("step:read", "from pathlib import Path\nread = Path('t.txt').read_text()\nprint(read)"),
    ]
    found = proof(tmp_path, cells)
    assert found.same
    assert {"output of cell 2", "value of 'read'"} <= set(found.unseeded)


def test_what_differs_for_another_reason_is_found_by_a_second_run(tmp_path: Path) -> None:
    cells = [
        ("step:when", "import time\nnow = time.time_ns()"),
        ("step:other", "other = 1\nprint(other)"),
    ]
    found = proof(tmp_path, cells)
    assert found.same
    assert (found.unseeded, found.not_deterministic) == ([], ["value of 'now'"])
