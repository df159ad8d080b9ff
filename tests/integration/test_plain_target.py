"""A plain folder, started as a scheduler starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import notebook_json

ODD = 'O\'B "x" $(id) `id` {{ y }} ${{ z }} {% raw %}\n%d \\n %%'
CELLS = [
    (
        "parameters",
        "from datetime import date\nrows: int = 10\ncity: str = 'Rome'\nday: date = date(2026, 1, 1)",
    ),
    ("step:load", "data = list(range(rows))\nopen('seen.txt', 'w').write(repr([city, day.month]))"),
    ("step:total", "assert rows != 3\nprint(sum(data))"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    (tmp_path / "nb.ipynb").write_text(json.dumps(notebook_json(CELLS)))
    return tmp_path


def call(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, timeout=120)


def export(folder: Path, *more: str) -> None:
    done = call(folder, "-m", "mlops_jlab", "export", "nb.ipynb", "--target", "plain", "-o", "out",
                "-p", f"city={ODD}", "-p", "day=2026-07-01", *more)  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_plain_folder_runs_with_the_parameters_that_were_given(folder: Path) -> None:
    export(folder, "-p", "rows=4")
    done = call(folder, "out/run.py")
    assert done.returncode == 0, done.stderr
    assert (folder / "seen.txt").read_text() == repr([ODD, 7])
    assert os.access(folder / "out" / "run.py", os.X_OK)


def test_a_standalone_folder_needs_papermill_alone(folder: Path) -> None:
    export(folder, "--standalone", "-p", "rows=4")
    hides_us = (
        "import papermill, runpy, sys; sys.argv = sys.argv[1:]; "  # which asks all packages for engines
        "sys.modules.update({name: None for name in sys.modules if name.startswith('mlops_jlab')}); "
    )
    run = f"{hides_us}runpy.run_path(sys.argv[0], run_name='__main__')"
    done = call(folder, "-c", run, "out/run.py", "-o", "done.ipynb")
    assert done.returncode == 0, done.stderr
    assert (folder / "seen.txt").read_text() == repr([ODD, 7])
    for name in ("requirements.txt", "nb.ipynb", "run.py"):
        assert "mlops_jlab" not in (folder / "out" / name).read_text()
    shown = json.dumps(json.loads((folder / "done.ipynb").read_text())["cells"][-1]["outputs"])
    assert '"6\\n"' in shown
    assert call(folder, "out/run.py", "-p", "rows=3", "-o", "x.ipynb").returncode == 1
    assert call(folder, "out/run.py", "-p", "row=3").returncode == 2
