"""``mlops-jlab doctor``: what is broken is named, with its cure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlops_jlab import __version__
from mlops_jlab.doctor import environment, jupyter, keeping
from mlops_jlab.doctor.results import State
from mlops_jlab.entities.schedules import Schedule
from mlops_jlab.store import location, opening, scheduling
from mlops_jlab.store.recorder import close_all, recorder_for


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that Jupyter searches before those of the environment."""
    for variable in ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    return tmp_path


def extension(folder: Path, version: str) -> None:
    """An installed front end of that version."""
    target = folder / "labextensions" / "mlops-jlab"
    target.mkdir(parents=True)
    (target / "package.json").write_text(json.dumps({"name": "mlops-jlab", "version": version}))


def test_this_environment_has_all_it_needs() -> None:
    assert environment.packages().state is State.GOOD
    assert environment.python().text.startswith(f"mlops-jlab {__version__}")
    assert jupyter.front_end().state is State.GOOD
    assert jupyter.server().state is State.GOOD


def test_packages_that_will_not_do_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = ["click>=99", "no-such-package>=1", "packaging", 'nothing-here>=1; extra == "dask"',
             'mlops-jlab[text]; extra == "mlflow"', 'jupytext>=99; extra == "text"',
             'also-nothing; sys_platform == "other"']  # fmt: skip
    monkeypatch.setattr("importlib.metadata.requires", lambda _name: needs)
    found = environment.packages()
    assert found.state is State.BROKEN
    assert ">=99 is needed" in found.text
    assert "no-such-package is missing" in found.text
    assert "packaging" not in found.text
    assert "nothing" not in found.text
    extras = environment.extras()
    assert extras.state is State.NOTE
    assert "[text,mlflow,dask]" in extras.cure  # mlflow follows text, which lacks its jupytext


@pytest.mark.parametrize("path", ["", "{tmp}"])
def test_the_command_of_another_environment_is_told_apart(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "mlops-jlab"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", path.format(tmp=tmp_path))
    found = environment.command()
    assert found.state is State.NOTE
    assert ("another environment" in found.text) == bool(path)
    assert sys.executable in found.cure


def test_a_front_end_of_another_version_is_broken(elsewhere: Path) -> None:
    extension(elsewhere, "0.0.1")
    found = jupyter.front_end()
    assert found.state is State.BROKEN
    assert "0.0.1" in found.text
    assert found.cure


@pytest.mark.parametrize("disabled", [{"mlops-jlab": True}, ["mlops-jlab"]])
def test_a_disabled_front_end_is_broken(elsewhere: Path, disabled: object) -> None:
    (elsewhere / "labconfig").mkdir()
    (elsewhere / "labconfig" / "page_config.json").write_text(json.dumps({"disabledExtensions": disabled}))
    assert "disabled" in jupyter.front_end().text


def test_routes_that_are_switched_off_are_broken(elsewhere: Path) -> None:
    off = {"ServerApp": {"jpserver_extensions": {"mlops_jlab.server": False}}}
    (elsewhere / "jupyter_server_config.json").write_text(json.dumps(off))
    found = jupyter.server()
    assert found.state is State.BROKEN
    assert "jupyter server extension enable" in found.cure


def test_a_kernel_without_the_package_is_noted(elsewhere: Path) -> None:
    empty = elsewhere / "empty-python"
    empty.write_text("#!/bin/sh\nexit 1\n")
    empty.chmod(0o755)
    (elsewhere / "kernels" / "bare").mkdir(parents=True)
    argv = [str(empty), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Bare", "language": "python"}
    (elsewhere / "kernels" / "bare" / "kernel.json").write_text(json.dumps(spec))
    found = {check.name: check for check in jupyter.kernels()}
    assert found["kernel bare"].state is State.NOTE
    assert found["kernel bare"].cure == f"{empty} -m pip install mlops-jlab=={__version__}"
    assert found["kernel python3"].state is State.GOOD


def test_a_store_is_counted_or_announced_and_damage_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(location.VARIABLE, str(tmp_path / "store"))
    assert "none yet" in keeping.store(tmp_path).text
    assert keeping.schedules(tmp_path).state is State.GOOD
    location.make(location.find(tmp_path))
    (tmp_path / "store" / "runs.db").write_bytes(b"something else, and no database" * 100)
    found = keeping.store(tmp_path)
    assert found.state is State.BROKEN
    assert found.cure
    assert keeping.schedules(tmp_path).state is State.NOTE


def test_schedules_that_nobody_looks_after_are_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(location.VARIABLE, str(tmp_path / "store"))
    waiting = Schedule("s", "nb.ipynb", cron="@daily", id="s", created=time.time() - 3600)
    recorder_for(location.find(tmp_path), print).open_database()
    close_all()
    with opening.writing(location.find(tmp_path)) as connection:
        scheduling.add(connection, waiting, who="me")
    found = keeping.schedules(tmp_path)
    assert found.state is State.BROKEN
    assert "mlops-jlab worker" in found.cure
    assert "0 runs" in keeping.store(tmp_path).text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_store_that_cannot_be_written_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o500)
    monkeypatch.setenv(location.VARIABLE, str(tmp_path / "store"))
    assert keeping.store(tmp_path).state is State.BROKEN


def test_the_command_runs_two_pipelines_and_leaves_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, location.VARIABLE: str(tmp_path / "store"), "TMPDIR": str(tmp_path)}
    asked = [sys.executable, "-m", "mlops_jlab", "doctor", "--format", "json"]
    said = subprocess.run(asked, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    found = {check["name"]: check for check in json.loads(said.stdout)}
    assert said.returncode == 0, found
    assert found["steps continue"]["text"].startswith("two steps in")
    assert found["steps continue"]["state"] == found["steps in kernels"]["state"] == "good"
    assert not (tmp_path / "store").exists()
    assert not list(tmp_path.glob("mlops-jlab-*/trial.ipynb"))


def test_a_mistyped_command_gets_the_nearest_name() -> None:
    asked = [sys.executable, "-m", "mlops_jlab", "docter"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert said.returncode == 2
    assert "did you mean 'doctor'?" in said.stderr
