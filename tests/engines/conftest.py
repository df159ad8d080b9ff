"""One notebook for all engines, with parameters that only survive where nothing reads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import notebook_json

ODD = 'O\'B "x" $(id) `id` {{ y }} ${{ z }} {% raw %}\n%d \\n %% $HOME'
CELLS = [
    ("parameters", "rows: int = 10\ncity: str = 'Rome'\nrate: float = 0.5\nfull: bool = False"),
    ("step:load", "data = list(range(rows))"),
    ("step:train_a", "import mlops_jlab\na = sum(data) * rate\nmlops_jlab.log_metric('a', a)"),
    (
        "step:train_b",
        "import pathlib\nmark = pathlib.Path('tried')\nfirst = not mark.exists()\nmark.touch()\n"
        "assert not first, 'the first try fails'\nb = max(data)",
    ),
    ("step:join", "print(ascii([a, b, city, rate, full]))"),
]
WANTED = ascii([10 * 0.25, 4, ODD, 0.25, True])
SETTINGS = {"train_b": {"retries": 1, "backoff": 1, "timeout": 120}}


@dataclass(frozen=True)
class Project:
    """A folder with the notebook, and the environments of the engines."""

    folder: Path
    engines: Path

    def export(self, target: str, *more: str, output: str = "out") -> Path:
        """Exports with all parameters given; the folder."""
        given = {"rows": "5", "city": ODD, "rate": "0.25", "full": "true"}
        pairs = [word for name, value in given.items() for word in ("-p", f"{name}={value}")]
        words = ["export", "nb.ipynb", "--target", target, "-o", output, *pairs, *more]
        done = subprocess.run(
            [sys.executable, "-m", "mlops_jlab", *words], cwd=self.folder, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return self.folder / output

    def answer(self, store: Path) -> str:
        """What the last step of the only run in a store has printed."""
        (executed,) = store.glob("*/executed/join.ipynb")
        cells = json.loads(executed.read_text())["cells"]
        outputs = [one for cell in cells for one in cell.get("outputs", ())]
        return "".join("".join(one.get("text", "")) for one in outputs).strip()

    def imported(self, store: Path) -> dict[str, Any]:
        """The pipeline's run in the run table, after the store was imported."""
        for _ in range(2):
            subprocess.run(
                [sys.executable, "-m", "mlops_jlab", "runs", "import", str(store)],
                cwd=self.folder,
                check=True,
            )
        listed = subprocess.run(
            [sys.executable, "-m", "mlops_jlab", "runs", "list", "--flat", "--format", "json"], cwd=self.folder,
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        runs = json.loads(listed.stdout)
        (whole,) = [run for run in runs if run["kind"] == "pipeline"]
        assert len(runs) == 5
        return whole

    def tool(self, environment: str, name: str) -> str:
        """A program of an engine's environment."""
        path = self.engines / environment / "bin" / name
        assert path.exists(), f"{path} is missing: make engines"
        return str(path)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    engines = os.environ.get("MLOPS_JLAB_ENGINES", "")
    if not engines:
        pytest.skip("make engines makes the environments")
    monkeypatch.delenv("MLOPS_JLAB_STORE", raising=False)
    (tmp_path / ".mlops").mkdir()
    node = notebook_json(CELLS)
    node["metadata"]["mlops_jlab"] = {"steps": SETTINGS}
    (tmp_path / "nb.ipynb").write_text(json.dumps(node))
    return Project(tmp_path, Path(engines))
