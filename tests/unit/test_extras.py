"""Extras: what is missing is said in a sentence, and a kernel needs neither JupyterLab nor a server."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from mlops_jlab.extras import BROUGHT_BY, MissingExtra, explained

ROOT = Path(__file__).parent.parent.parent
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
# Where the module's name is not that of what is installed.
DISTRIBUTIONS = {"sklearn": "scikit-learn", "mlflow": "mlflow-skinny", "opentelemetry": "opentelemetry-sdk"}
WEB = [
    "jupyter_server",
    "jupyterlab",
    "starlette",
    "uvicorn",
    "flask",
    "fastapi",
    "prometheus_client",
    "notebook",
]

# Put into every process that is started below: modules that are not there.
_ABSENT = """
import os, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in os.environ["ABSENT"].split():
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
"""


def names(extra: str) -> set[str]:
    found = set()
    for line in EXTRAS[extra]:
        needed = Requirement(line)
        found |= {one for inner in needed.extras for one in names(inner)} if needed.extras else {needed.name}
    return {name.lower().replace("-", "_") for name in found}


def without(modules: list[str], folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A Python that cannot import ``modules``, nor can those that it starts."""
    (folder / "sitecustomize.py").write_text(_ABSENT)
    environment = {**os.environ, "PYTHONPATH": str(folder), "ABSENT": " ".join(modules)}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, text=True, capture_output=True, timeout=120,
        check=False,
    )  # fmt: skip


@pytest.mark.parametrize("module", BROUGHT_BY)
def test_the_extra_that_is_named_brings_the_module(module: str) -> None:
    assert DISTRIBUTIONS.get(module, module).replace("-", "_") in names(BROUGHT_BY[module])


def test_all_is_every_extra_for_users() -> None:
    (line,) = EXTRAS["all"]
    named = {inner for one in Requirement(line).extras for inner in names(one)}
    mine = set(EXTRAS) - {"all", "docs", "examples", "fuzz", "test"}
    assert {name for extra in mine for name in names(extra)} == named


@pytest.mark.parametrize(
    ("code", "extra"),
    [
        ("from mlops_jlab import gate", "gates"),
        ("from mlops_jlab import check_data", "data"),
        ("from mlops_jlab import profile", "data"),
        ("import mlops_jlab; mlops_jlab.compare_data", "data"),
        ("import mlops_jlab; mlops_jlab.evaluate", ""),
    ],
)
def test_a_missing_extra_is_named_in_a_sentence(code: str, extra: str, tmp_path: Path) -> None:
    done = without(["numpy", "scipy", "pandas"], tmp_path, "-c", code)
    if not extra:
        assert done.returncode == 0, done.stderr  # it is there; what it needs is said when it is called
        return
    last = [line for line in done.stderr.splitlines() if line.strip()][-2:]
    assert last[0].startswith("mlops_jlab.extras.MissingExtra: this needs ")
    assert last[1] == f"  → pip install 'mlops-jlab[{extra}]'"


def test_a_missing_extra_is_wrong_input_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    done = without(["numpy"], tmp_path, "-m", "mlops_jlab", "data", "profile", "a.csv")
    assert done.returncode == 2, done.stderr
    assert "pip install 'mlops-jlab[data]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_no_extra_of_ours_stays_as_it_is() -> None:
    error = ModuleNotFoundError("No module named 'geopandas'", name="geopandas")
    assert explained(error) is error
    told = explained(ModuleNotFoundError("No module named 'sklearn.tree'", name="sklearn.tree"))
    assert isinstance(told, MissingExtra)
    assert isinstance(told, ImportError)


def test_a_kernel_tracks_and_runs_pipelines_without_any_web_framework(tmp_path: Path) -> None:
    code = (
        "import mlops_jlab, IPython\n"
        "shell = IPython.InteractiveShell.instance(); mlops_jlab.load_ipython_extension(shell)\n"
        "with mlops_jlab.start_run() as run: mlops_jlab.log_metric('a', 1)\n"
        "import json, pathlib\n"
        "cell = dict(cell_type='code', id='c1', metadata=dict(tags=['step:a']), outputs=[], source='print(1)',"
        " execution_count=None)\n"
        "kernel = dict(name='python3', display_name='', language='python')\n"
        "whole = dict(cells=[cell], metadata=dict(kernelspec=kernel), nbformat=4, nbformat_minor=5)\n"
        "pathlib.Path('nb.ipynb').write_text(json.dumps(whole))\n"
        "import sys; sys.argv = ['mlops-jlab', 'run', 'nb.ipynb']\n"
        "from mlops_jlab.cli.main import main; main()\n"
    )
    done = without([*WEB, "numpy", "pandas", "scipy"], tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    assert "finished" in done.stderr
