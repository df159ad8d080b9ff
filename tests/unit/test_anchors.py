"""Heads of the audit log that git keeps."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from sklearn.linear_model import LinearRegression

import mlops_jlab
from mlops_jlab.cli.main import cli
from mlops_jlab.registry import versions
from mlops_jlab.store import auditing, database
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", folder, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):  # nobody's name and settings
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / ".mlops"))
    git(tmp_path, "init", "--quiet")
    yield Place(tmp_path / ".mlops")
    close_all()


def committed(folder: Path) -> None:
    person = ("-c", "user.name=a", "-c", "user.email=a@b")
    git(folder, *person, "commit", "--quiet", "--allow-empty", "-m", "first")


def registered(count: int) -> None:
    for number in range(count):
        with mlops_jlab.start_run():
            mlops_jlab.register_model(LinearRegression().fit([[0], [1]], [0, number + 1]), "m")


def verified() -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["audit", "verify"], standalone_mode=False)
    return result.return_value, result.output


def test_a_log_that_was_replaced_is_found_by_the_notes_of_commits(place: Place, tmp_path: Path) -> None:
    committed(tmp_path)
    git(tmp_path, "config", "mlops-jlab.anchors", "true")
    registered(2)
    versions.promote(place, "m/1", reason="first")
    versions.promote(place, "m/2", reason="better")
    versions.roll_back(place, "m", reason="was not")
    noted = git(tmp_path, "notes", "--ref=mlops-jlab", "show")
    assert [line.split()[1] for line in noted.splitlines() if line] == ["3", "4", "5"]
    assert verified()[0] == 0
    close_all()
    with closing(database.connect(place.database)) as connection:
        connection.execute("DROP TRIGGER audit_entries_are_not_removed")
        connection.execute("DELETE FROM audit WHERE seq = 5")
        connection.execute("UPDATE aliases SET version = (SELECT id FROM versions WHERE version = 2)")
        connection.commit()
        assert auditing.problem(connection) == ""  # whole in itself
    code, told = verified()
    assert code == 1
    assert "has entry 5 as" in told
    assert "cut off" in told


def test_nothing_is_noted_where_nobody_asked_for_it(place: Place, tmp_path: Path) -> None:
    committed(tmp_path)
    registered(1)
    versions.promote(place, "m/1")
    assert git(tmp_path, "for-each-ref", "refs/notes") == ""


def test_without_a_commit_the_change_is_made_and_the_fault_is_said(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(tmp_path, "config", "mlops-jlab.anchors", "true")
    registered(1)
    versions.promote(place, "m/1")
    assert versions.find(place, "m@champion").version == 1
    assert "could not be noted in git: audit 2 " in capsys.readouterr().err
