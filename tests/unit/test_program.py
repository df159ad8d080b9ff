"""What a page offers to start in a terminal starts in this environment, whatever is on the path of the server."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mlops_jlab.server.program import program, tell_program


def test_the_program_is_called_by_its_name_where_that_is_this_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = tmp_path / "a folder"
    monkeypatch.setattr(sys, "executable", str(here / "python"))
    monkeypatch.setattr(shutil, "which", lambda name: str(here / name))
    assert program() == "mlops-jlab"
    monkeypatch.setattr(shutil, "which", lambda name: str(tmp_path / "other" / name))
    assert program() == f"'{here}/python' -m mlops_jlab"
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert program() == f"'{here}/python' -m mlops_jlab"


def test_pages_are_told_beside_what_they_are_told_already() -> None:
    app = SimpleNamespace(web_app=SimpleNamespace(settings={"page_config_data": {"notebook": "x"}}))
    tell_program(app)
    told = app.web_app.settings["page_config_data"]
    assert told == {"notebook": "x", "mlopsJlabProgram": program()}
