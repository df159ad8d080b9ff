"""Folders of W&B, DVCLive and Trackio become runs, once.

Those in tests/data were written by wandb 0.31.0, dvclive 3.49.1 and trackio 0.43.0.
"""

from __future__ import annotations

import json
import math
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import mlops_jlab
from mlops_jlab.cli.main import cli
from mlops_jlab.entities.runs import Run
from mlops_jlab.store import location, opening, reading
from mlops_jlab.store.recorder import close_all
from mlops_jlab.tracking import finding

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    yield
    close_all()


@pytest.fixture
def wandb(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA / "wandb", tmp_path / "wandb"))


@pytest.fixture
def live(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA / "dvclive", tmp_path / "churn" / "dvclive"))


def imported(kind: str, folder: Path, *options: str, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(cli, ["import", kind, str(folder), "--format", "json", *options])
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def by_name() -> dict[str, Run]:
    return {run.name: run for run in mlops_jlab.search_runs(output_format="list")}


def history(run: Run, metric: str) -> list[tuple[int, float]]:
    return [(point.iteration, point.value) for point in finding.get_history(run.id, metric)]


def content(run: Run) -> dict[str, bytes]:
    place = location.find()
    with opening.writing(place) as connection:
        files = reading.files_of(connection, run.id)
    return {name: (place.objects / digest[:2] / digest).read_bytes() for name, digest in files.items()}


def test_runs_of_wandb_come_with_histories_config_notes_and_files(wandb: Path) -> None:
    told = imported("wandb", wandb)
    assert (told["runs"], told["points"]) == (3, 18)
    assert told["left_out"] == [
        "first: h is not a number", "first: text is not a number",
        "first: the files of the artifact net lie elsewhere",
    ]  # fmt: skip
    first, second = by_name()["first"], by_name()["second"]
    assert (first.experiment, first.status, first.note) == ("churn", "finished", "with early stopping")
    assert first.params == {
        "lr": "0.1", "opt.name": "adam", "opt.betas": "[0.9, 0.99]", "flag": "True", "late": "5",
    }  # fmt: skip
    assert first.tags == {
        "wandb.run": "aaaa1111", "wandb.tags": "night, b", "wandb.group": "g", "wandb.job_type": "train",
    }  # fmt: skip
    assert history(first, "loss") == [
        (0, 1.0),
        (1, 0.5),
        (2, 1 / 3),
        (8, 0.2),
    ]  # the last after 210 kB of text
    assert history(first, "val.acc") == [(0, 0.0), (1, 0.1), (2, 0.2)]
    assert history(first, "best") == [(8, 0.25)]
    assert math.isnan(first.metrics["bad"].latest)
    assert history(first, "inf") == [(7, math.inf)]
    assert content(first) == {"model.txt": b"0.1 0.2\n"}
    assert (second.status, second.reason) == ("failed", "exit code 1")
    assert first.started < finding.get_history(first.id, "loss")[0].at <= first.ended


def test_a_resumed_run_of_wandb_is_one_run(wandb: Path) -> None:
    imported("wandb", wandb)
    third = by_name()["third"]
    assert (third.status, third.params) == ("finished", {"lr": "0.5", "more": "1"})
    assert history(third, "loss") == [(0, 3.0), (1, 2.5), (2, 2.0), (3, 1.5)]


def test_importing_again_from_elsewhere_changes_nothing(wandb: Path, live: Path, tmp_path: Path) -> None:
    imported("wandb", wandb)
    imported("dvclive", live)
    (moved := tmp_path / "moved" / "churn").mkdir(parents=True)
    close_all()
    before = sorted(run.id for run in mlops_jlab.search_runs(output_format="list"))
    assert imported("wandb", wandb.rename(moved / "wandb"))["points"] == 0
    assert imported("dvclive", live.rename(moved / "dvclive"))["points"] == 0
    assert sorted(run.id for run in mlops_jlab.search_runs(output_format="list")) == before


def test_a_run_of_wandb_that_goes_on_gets_what_came_since(wandb: Path) -> None:
    (path,) = wandb.glob("*-aaaa1111/*.wandb")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])  # in the middle of a record
    early = imported("wandb", path.parent)
    assert (by_name()["first"].status, early["runs"]) == ("killed", 1)
    path.write_bytes(whole)
    late = imported("wandb", path.parent)
    assert (late["runs"], early["points"] + late["points"]) == (0, 13)
    assert (by_name()["first"].status, by_name()["first"].reason) == ("finished", "")


def test_a_damaged_file_of_wandb_is_named_and_the_others_come(wandb: Path) -> None:
    (path,) = wandb.glob("*-bbbb2222/*.wandb")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    told = imported("wandb", wandb)
    assert told["runs"] == 2
    assert any(path.name in line and "is damaged after" in line for line in told["left_out"])


def test_a_folder_of_dvclive_is_a_run(live: Path) -> None:
    told = imported("dvclive", live.parent.parent)
    assert (told["runs"], told["points"]) == (1, 8)
    assert told["left_out"] == ["churn: word: 'text' is not a number"]
    run = by_name()["churn"]
    assert run.params == {"lr": "0.1", "opt.name": "adam", "opt.betas": "[0.9, 0.99]", "flag": "True"}
    assert history(run, "loss") == [(0, 1.0), (1, 0.5), (2, 1 / 3)]
    assert finding.get_history(run.id, "train/acc")[0].at == 1795992140.555
    assert history(run, "best") == [(1, 0.25)]
    assert list(content(run)) == ["plots/images/img.png"]
    assert run.started <= 1795992140.555


def test_a_folder_of_dvclive_that_goes_on_is_the_same_run_and_one_written_anew_is_another(live: Path) -> None:
    imported("dvclive", live)
    losses, summary = live / "plots" / "metrics" / "loss.tsv", live / "metrics.json"
    losses.write_text(losses.read_text() + "3\t0.25\n")
    summary.write_text(
        summary.read_text().replace('"step": 1', '"step": 3').replace('"best": 0.25', '"best": 0.2')
    )
    assert imported("dvclive", live)["runs"] == 0
    grown = by_name()["churn"]
    assert history(grown, "loss")[-1] == (3, 0.25)
    assert history(grown, "best") == [(1, 0.25), (3, 0.2)]
    losses.write_text("step\tloss\n0\t7.0\n")
    assert imported("dvclive", live)["runs"] == 1
    assert imported("dvclive", live)["points"] == 0
    assert len(mlops_jlab.search_runs(output_format="list")) == 2


def test_projects_of_trackio_are_experiments(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(DATA / "trackio", tmp_path / "trackio"))
    (folder / "broken.db").write_bytes(b"this is a text, and not a database")
    told = imported("trackio", folder)
    assert (told["runs"], told["points"]) == (2, 9)
    assert told["left_out"][0].startswith(f"{folder / 'broken.db'} cannot be read")
    assert told["left_out"][1:] == ["first: text is not a number"]
    first = by_name()["first"]
    assert (first.experiment, first.status, first.tags) == ("churn", "finished", {"trackio.group": "g"})
    assert first.params == {"lr": "0.1", "opt.name": "adam", "opt.betas": "[0.9, 0.99]", "flag": "True"}
    assert history(first, "loss") == [(0, 1.0), (1, 0.5), (2, 1 / 3)]
    assert history(first, "val.acc") == [(0, 0.0), (1, 0.1), (2, 0.2)]
    assert (math.isnan(first.metrics["bad"].latest), history(first, "inf")) == (True, [(7, math.inf)])
    ((name, picture),) = content(first).items()
    assert (name.rpartition("/")[0], picture[:4]) == ("pic/8", b"\x89PNG")
    moved = folder.rename(tmp_path / "moved")
    assert imported("trackio", moved)["points"] == 0
    assert len(by_name()) == 2


def test_media_of_trackio_lie_in_its_folder(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(DATA / "trackio", tmp_path / "trackio"))
    (tmp_path / "secret.txt").write_text("not a picture of the run")
    with closing(sqlite3.connect(folder / "churn.db")) as database, database:
        row = json.dumps({"pic": {"_type": "trackio.image", "file_path": "../../secret.txt"}})
        database.execute("UPDATE metrics SET metrics = ? WHERE step = 8", (row,))
    told = imported("trackio", folder)
    assert "first: pic is not a number" in told["left_out"]
    assert content(by_name()["first"]) == {}


def test_a_link_to_a_file_elsewhere_is_left_out_and_said(wandb: Path, live: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("not a file of the run")
    (folder,) = wandb.glob("*-aaaa1111/files")
    for at in (folder, live):
        (at / "linked.txt").symlink_to(tmp_path / "secret.txt")
        (at / "alias.txt").symlink_to(next(path for path in at.iterdir() if path.is_file()))
    for kind, root, name in (("wandb", wandb, "first"), ("dvclive", live, "churn")):
        assert f"{name}: linked.txt: it is a link to a file elsewhere" in imported(kind, root)["left_out"]
        assert "alias.txt" in content(by_name()[name])
        assert "linked.txt" not in content(by_name()[name])


@pytest.mark.parametrize("deep", [200, 200_000])
def test_what_is_nested_too_deep_is_named_and_the_others_come(deep: int, live: Path, tmp_path: Path) -> None:
    text = '{"a": ' * deep + "1" + "}" * deep
    folder = Path(shutil.copytree(DATA / "trackio", tmp_path / "trackio"))
    shutil.copy(folder / "churn.db", folder / "deep.db")
    with closing(sqlite3.connect(folder / "deep.db")) as database, database:
        database.execute("UPDATE configs SET config = ?", (text,))
    told = imported("trackio", folder)
    assert (told["runs"], len(told["left_out"])) == (2, 2)
    for name in ("metrics.json", "params.yaml"):
        shutil.copytree(live, live.parent / name)
        (live.parent / name / name).write_text(text)
    told = imported("dvclive", live.parent)
    assert told["runs"] == 1
    assert sum("cannot be read" in line for line in told["left_out"]) == 2


@pytest.mark.parametrize("kind", ["wandb", "dvclive", "trackio"])
def test_a_folder_without_runs_is_said(kind: str, tmp_path: Path) -> None:
    for folder, why in ((tmp_path, "has no"), (tmp_path / "nowhere", "does not exist")):
        done = CliRunner().invoke(cli, ["import", kind, str(folder)])
        assert why in str(done.exception)
