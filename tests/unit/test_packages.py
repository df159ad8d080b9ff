"""What the product imports in the user's process, where files beside the notebook have the same names."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression

from mlops_jlab import packages
from mlops_jlab.registry import modelfiles
from mlops_jlab.tracking import contents


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a notebook, as a kernel has it: its modules come first."""
    before = dict(sys.modules)
    for name in [name for name in sys.modules if name.partition(".")[0] == "skops"]:
        del sys.modules[name]
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    yield tmp_path
    packages._apart.clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "skops"]:
        del sys.modules[name]
    sys.modules.update({name: module for name, module in before.items() if name not in sys.modules})


@pytest.mark.parametrize("first", [True, False], ids=["its own is imported first", "ours is"])
def test_a_file_beside_the_notebook_is_not_the_package_that_keeps_models(beside: Path, first: bool) -> None:
    (beside / "skops.py").write_text("mine = 1\n")
    (beside / "prettytable.py").write_text("raise SystemExit('skops imports the installed one')\n")
    theirs = importlib.import_module("skops") if first else None
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    for _ in range(2):
        files = contents.model(model)
        assert "model.skops" in files
        again = modelfiles.unpack(files["model.skops"], "skops", "m/1")
        assert list(again.predict([[0.0], [1.0]])) == [0, 1]
        assert sys.path[0] == ""
    assert importlib.import_module("skops").mine == 1
    assert theirs in (None, sys.modules["skops"])


def test_a_package_that_is_found_anyway_is_left_alone(beside: Path) -> None:
    with packages.installed("skops"):
        from skops import io
    assert sys.modules["skops.io"] is io
    with packages.installed("there is no such package"):
        assert "" in sys.path
