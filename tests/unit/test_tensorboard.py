"""TensorBoard's event files become runs, once. The files in tests/data were written by TensorBoard 2.21."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import mlops_jlab
from mlops_jlab.cli.main import cli
from mlops_jlab.errors import InputError
from mlops_jlab.mirror import eventfiles
from mlops_jlab.store.recorder import close_all
from mlops_jlab.tracking import finding

DATA = Path(__file__).parent.parent / "data" / "tensorboard"


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    yield Path(shutil.copytree(DATA, tmp_path / "logs"))
    close_all()


def imported(folder: Path, *options: str) -> dict[str, Any]:
    done = CliRunner().invoke(cli, ["import", "tensorboard", str(folder), "--format", "json", *options])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_scalars_and_hyperparameters_become_runs_and_a_second_import_changes_nothing(logs: Path) -> None:
    first = imported(logs)
    assert (first["runs"], first["points"]) == (2, 9)
    assert first["left_out"] == ["train: picture is not a scalar"]
    again = imported(logs)
    assert (again["runs"], again["points"]) == (0, 0)
    train, valid = sorted(mlops_jlab.search_runs(output_format="list"), key=lambda run: run.name)
    assert (train.name, valid.name, train.experiment, train.status) == ("train", "valid", "logs", "finished")
    assert train.params == {"lr": "0.1", "net": "big", "deep": "True"}
    assert train.metrics["acc"].latest == 0.75
    points = finding.get_history(train.id, "loss")
    assert [(p.iteration, p.value) for p in points] == [
        (step, pytest.approx(1 / (step + 1))) for step in range(5)
    ]
    assert points[1].at == 1_700_000_001.0


def test_a_file_that_has_grown_brings_its_new_points_into_the_same_run(logs: Path) -> None:
    (path,) = (logs / "train").iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:-150])  # in the middle of a record
    before = imported(logs, "--experiment", "mine")
    path.write_bytes(whole)
    after = imported(logs, "--experiment", "mine")
    assert 0 < before["points"] < 9
    assert (after["runs"], before["points"] + after["points"]) == (0, 9)
    assert len(mlops_jlab.search_runs(output_format="list", experiment_names=["mine"])) == 2


def test_the_same_logs_elsewhere_are_the_same_runs(logs: Path, tmp_path: Path) -> None:
    imported(logs)
    moved = logs.rename(tmp_path / "elsewhere")
    assert imported(moved)["runs"] == 0


def test_what_is_not_an_event_file_is_named_and_left_out(logs: Path) -> None:
    (logs / "train" / "events.out.tfevents.0.host").write_bytes(b"this is a text, and not a record")
    found = imported(logs)
    assert found["runs"] == 1
    assert any("train" in line and "not an event file" in line for line in found["left_out"])
    with pytest.raises(InputError, match="not an event file"):
        eventfiles.read([logs / "train" / "events.out.tfevents.0.host"])


def test_a_folder_without_event_files_is_refused(tmp_path: Path, logs: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder, words in (("missing", "does not exist"), ("empty", "no event files")):
        done = CliRunner().invoke(cli, ["import", "tensorboard", str(tmp_path / folder)])
        assert isinstance(done.exception, InputError)
        assert words in done.exception.message
    assert logs.is_dir()
