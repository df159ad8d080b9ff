"""What is too old goes, but for what a model needs; who wants to be forgotten is found and removed everywhere."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import mlops_jlab
from mlops_jlab.cli.main import cli
from mlops_jlab.entities.runs import Artifact
from mlops_jlab.errors import InputError
from mlops_jlab.store import artifacts, auditing, database, opening, reading, registering, retaining
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all
from mlops_jlab.tracking import lifecycle

ANNA = "anna.müller@example.com"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    yield Place(tmp_path / "store")
    close_all()


def runs(place: Place) -> set[str]:
    with opening.reading(place) as connection:
        return {run.name for run in reading.page(connection, reading.Query(limit=500)).runs}


def made(name: str, days: float, *, kind: str = "script", parent: str = "") -> str:
    with lifecycle.start(name=name, kind=kind, parent=parent, provenance=False) as run:
        run.log_text(f"of {name}", "a.txt")
    run.recorder.flush()
    with opening.writing(run.recorder.place) as connection, database.transaction(connection):
        connection.execute("UPDATE runs SET ended = ? WHERE id = ?", (time.time() - days * 86_400, run.id))
    return run.id


def test_what_is_too_old_goes_but_for_what_a_model_needs(place: Place, tmp_path: Path) -> None:
    made("young", 1)
    made("middle", 20)
    made("old", 40)
    whole = made("whole", 40, kind="pipeline")
    step = made("step", 40, kind="step", parent=whole)
    made("other-step", 40, kind="step", parent=whole)
    with opening.writing(place) as connection:
        registering.add(
            connection, "m", [Artifact("model.pkl", "0" * 64, 1)], {}, who="x", run=step, whole=whole
        )
    logs = tmp_path / "predictions"
    logs.mkdir()
    for name, days in (("old.jsonl", 30), ("new.jsonl", 1), (".open-old.jsonl", 30), ("old.txt", 30)):
        (logs / name).write_text("{}\n")
        os.utime(logs / name, (time.time() - days * 86_400,) * 2)
    (place.root / "policy.yaml").write_text(
        "version: 1\nretention: {runs: 30, artifacts: 10, predictions: {folders: [predictions], days: 7}}\n"
    )
    done = CliRunner().invoke(cli, ["runs", "gc", "--yes"])
    assert done.exit_code == 0, done.output
    assert "1 runs, 1 runs' artifacts, 1 files of predictions" in done.output
    assert runs(place) == {"young", "middle", "whole", "step", "other-step"}
    assert sorted(path.name for path in logs.iterdir()) == [".open-old.jsonl", "new.jsonl", "old.txt"]
    with opening.reading(place) as connection:
        assert [
            len(reading.artifacts(connection, reading.find(connection, n)))
            for n in ("young", "middle", "step")
        ] == [1, 0, 1]
        (entry,) = [e for e in auditing.entries(connection) if e.action == retaining.RETAIN]
        assert len(entry.details["runs"]) == 1
        assert not auditing.problem(connection)
        assert not retaining.expired(place, connection)


def test_without_a_policy_nothing_is_too_old(place: Place) -> None:
    made("old", 4000)
    done = CliRunner().invoke(cli, ["runs", "gc", "--yes"])
    assert "too old" not in done.output
    assert runs(place) == {"old"}


def everything(place: Place) -> bytes:
    close_all()
    return b"".join(path.read_bytes() for path in sorted(place.root.rglob("*")) if path.is_file())


def test_somebody_is_found_and_forgotten_everywhere(place: Place) -> None:
    with mlops_jlab.start_run(run_name=f"of {ANNA}") as run:
        run.log_param("who", ANNA)
        run.log_param("who", "somebody")
        run.log_param("nested", {"user": ANNA})
        run.set_tag("owner", f"<{ANNA.upper()}>")
        run.note(f"asked {ANNA} about it")
        run.log_text(f"id,mail\n1,{ANNA}\n2,bob@example.com\n", "rows.csv")
        run.log_dict({"mail": ANNA, "x": 1}, "a.json")
        run.log_content(b"\x00\x01" + ANNA.encode() + b"\x00", "a.bin")
        run.log_text("not hers: joanna.müller@example.com1", "other.txt")
    run.recorder.flush()
    (place.root / "logs").mkdir(exist_ok=True)
    (place.root / "logs" / "x.log").write_text(f"hello {ANNA}\n")
    (place.root / "cache").mkdir()
    (place.root / "cache" / "x").write_bytes(b"\x80" + ANNA.encode() + b".")
    close_all()
    found = json.loads(CliRunner().invoke(cli, ["store", "forget", ANNA, "--format", "json"]).output)["found"]
    assert {trace["what"] for trace in found} == {"mask", "remove"}
    assert len(found) >= 9, found
    assert ANNA.encode() in everything(place)  # it was only looked for
    done = CliRunner().invoke(cli, ["store", "forget", ANNA, "--remove", "--yes"])
    assert done.exit_code == 0, done.output
    whole = everything(place)
    assert ANNA.encode() not in whole.replace(b"jo" + ANNA.encode(), b"")
    assert json.dumps(ANNA)[1:-1].encode() not in whole
    with opening.reading(place) as connection:
        kept = reading.find(connection, run.id)
        files = {
            file.path: artifacts.read(place, file.digest) for file in reading.artifacts(connection, kept)
        }
        assert not auditing.problem(connection)
        assert [e.action for e in auditing.entries(connection)] == ["forget"]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert kept.name == "of ***"
    assert kept.params["who"] == "somebody"
    assert json.loads(kept.params["nested"]) == {"user": "***"}
    assert files["rows.csv"] == b"id,mail\n2,bob@example.com\n"
    assert json.loads(files["a.json"]) == {"mail": "***", "x": 1}
    assert "a.bin" not in files
    assert "joanna" in files["other.txt"].decode()
    again = CliRunner().invoke(cli, ["store", "forget", ANNA, "--remove", "--yes"])
    assert (again.exit_code, again.output) == (0, "nothing of it is kept\n")


def test_what_cannot_be_removed_is_named(place: Place, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(f"mail\n{ANNA}\n")
    mlops_jlab.add_dataset("people", tmp_path / "people.csv", note="x")
    with opening.writing(place) as connection, database.transaction(connection):
        auditing.append(connection, "x", "promote", "m@x", reason=f"{ANNA} asked for it")
    close_all()
    done = CliRunner().invoke(cli, ["store", "forget", ANNA, "--remove", "--yes"], standalone_mode=False)
    assert done.return_value == 1
    assert "the audit log, which is never changed" in done.output
    assert "people.csv, data of people 1" in done.output.replace("\n", "")
    with opening.reading(place) as connection:
        assert not auditing.problem(connection)


def test_an_id_that_is_in_everything_is_refused(place: Place) -> None:
    made("a", 0)
    for wanted in ("", "  a ", "ab"):
        assert isinstance(CliRunner().invoke(cli, ["store", "forget", wanted]).exception, InputError)
