"""papermill's own tests of execution, with our engine in the place of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
# They look into papermill's own engine, and see which client it makes.
OF_ITS_ENGINE = ("test_start_timeout", "test_default_start_timeout")
# Its notebook imports what newer versions of IPython have no more; with papermill's engine it fails as well.
OUT_OF_DATE = ("TestBrokenNotebook2",)


@pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])
def test_papermill_executes_with_our_engine_as_with_its_own(tmp_path: Path, cold: bool) -> None:
    pytest.importorskip("papermill.tests.test_execute")
    left_out = " and ".join(f"not {name}" for name in OF_ITS_ENGINE + OUT_OF_DATE)
    words = ["-p", "tests.integration.papermill_with_our_engine", "-p", "no:cacheprovider", "-k", left_out]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "PAPERMILL_WITH_KERNELS": "1" if cold else ""}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--pyargs", "papermill.tests.test_execute", *words],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:]
    assert " passed" in done.stdout
