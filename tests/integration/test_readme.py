"""The example of the README is run as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parent.parent.parent / "README.md"


def test_its_lines_keep_a_run_and_register_a_model(tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert found is not None
    environment = {**os.environ, "MLOPS_JLAB_STORE": str(tmp_path / "store")}
    for words in (
        ["-c", found[1]],
        ["-m", "mlops_jlab", "runs", "list"],
        ["-m", "mlops_jlab", "models", "list"],
    ):
        done = subprocess.run(
            [sys.executable, *words],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert words[0] == "-c" or {"runs": "accuracy", "models": "triage"}[words[2]] in done.stdout
