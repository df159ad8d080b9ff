"""A notebook is locked, and runs in an environment that was built from its lock alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import notebook_json

pytestmark = pytest.mark.skipif(
    not os.environ.get("MLOPS_JLAB_ENGINES"), reason="installs some 60 packages: make engines"
)


def mlops(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mlops_jlab", *words], cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "MLOPS_JLAB_STORE": str(folder / "store")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_notebook_gives_its_answer_in_its_lock_alone(tmp_path: Path) -> None:
    cells = [
        ("step:load", "import numpy, sys\nrows = numpy.arange(5)"),
        ("step:sum", "print(int(rows.sum()), numpy.__file__)\nimport importlib.util\n"
                     "print(importlib.util.find_spec('sklearn'))"),
    ]  # fmt: skip
    (tmp_path / "nb.ipynb").write_text(json.dumps(notebook_json(cells)))
    mlops(tmp_path, "env", "lock", "nb.ipynb")
    text = (tmp_path / "nb.lock.txt").read_text()
    assert "numpy==" in text
    assert "://" not in text
    mlops(tmp_path, "run", "nb.ipynb", "--env", "locked", "-o", "run")
    executed = json.loads((tmp_path / "run" / "executed" / "sum.ipynb").read_text())
    printed = "".join("".join(o.get("text", "")) for c in executed["cells"] for o in c.get("outputs", ()))
    first, second = printed.splitlines()
    total, place = first.split()
    assert total == "10"
    assert "environments" in Path(place).parts
    assert second == "None"  # what the lock does not name is not there
    assert "the same answer" in mlops(tmp_path, "verify", "nb.ipynb", "--env", "locked")
