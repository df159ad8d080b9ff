"""The server extension: a watcher beside the server where one is configured, and nothing else."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from mlops_jlab.server import _jupyter_server_extension_points, mirroring

APP = SimpleNamespace(log=logging.getLogger("app"), root_dir="")


def test_without_an_address_nothing_is_started() -> None:
    assert _jupyter_server_extension_points() == [{"module": "mlops_jlab.server"}]
    assert mirroring.keep_mirror(APP, {}) is None


def test_the_watcher_lives_until_it_is_ended(tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    environment = {
        **os.environ,
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
        "MLOPS_JLAB_STORE": str(tmp_path / "s"),
    }
    process = mirroring.keep_mirror(APP, environment)
    assert process is not None
    mirroring._end(process)
    assert process.returncode is not None


def test_jupyter_server_knows_the_extension() -> None:
    from jupyter_server.extension.manager import ExtensionPackage

    package = ExtensionPackage(name="mlops_jlab.server", enabled=True)
    assert package.validate()
