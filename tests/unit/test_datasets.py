"""Registered data: versions by content, aliases, who read what; and nothing is taken for what it is not."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import mlops_jlab
from mlops_jlab.cli.main import cli
from mlops_jlab.datasets import contents, versions
from mlops_jlab.engine.cache import datasets as asked_for
from mlops_jlab.entities.datasets import parse_dataset
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.store import auditing, datasets, opening, replaying
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    yield Place(tmp_path / "store")
    while mlops_jlab.active_run():
        mlops_jlab.end_run()
    close_all()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "flights"
    made.mkdir()
    rng = np.random.default_rng(0)
    for month in (1, 2):
        pd.DataFrame({"delay": rng.normal(size=500), "carrier": rng.choice(["AA", "DL"], 500)}).to_csv(
            made / f"{month}.csv", index=False
        )
    return made


def command(*words: str) -> str:
    done = CliRunner().invoke(cli, ["data", *words], catch_exceptions=False, standalone_mode=False)
    assert done.exception is None
    return done.output


def test_content_makes_versions_and_the_same_content_none(folder: Path) -> None:
    first = versions.add("flights", folder, owner="ops")
    assert (first.version.version, first.is_new, first.version.about["rows"]) == (1, True, 1000)
    assert not versions.add("flights", folder).is_new
    os.utime(folder / "1.csv")
    assert not versions.add("flights", folder).is_new  # times are no content
    (folder / "3.csv").write_text("delay,carrier\n1.5,UA\n")
    third = versions.add("flights", folder, note="with March")
    assert (third.version.version, third.is_new) == (2, True)
    assert third.version.of_dataset == {"owner": "ops", "note": "with March"}
    (folder / "3.csv").rename(folder / "4.csv")
    assert versions.add("flights", folder).is_new  # names are


def test_what_has_not_changed_is_not_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = time.time() - 100
    for path in folder.iterdir():
        os.utime(path, (old, old))
    source = contents.source_of(folder)
    known = contents.files_of(source)
    read: list[str] = []
    digested = contents._digested
    monkeypatch.setattr(
        contents, "_digested", lambda base, path, *more: read.append(path) or digested(base, path, *more)
    )
    assert contents.files_of(source, known, time.time()) == known
    assert read == []
    (folder / "1.csv").write_bytes((folder / "1.csv").read_bytes()[::-1])
    os.utime(folder / "1.csv", (old, old + 1))
    assert contents.files_of(source, known, time.time())[0].digest != known[0].digest
    assert read == ["1.csv"]
    assert contents.files_of(source, known, old + 1)  # changed just before it was looked at: read again
    assert sorted(read) == ["1.csv", "1.csv", "2.csv"]


def test_aliases_point_and_are_audited(folder: Path, place: Place) -> None:
    versions.add("flights", folder)
    (folder / "3.csv").write_text("delay,carrier\n1.5,UA\n")
    versions.add("flights", folder)
    assert versions.promote(place, "flights/1", "validated", reason="looked at")[1] == 0
    assert versions.find(place, "flights@validated").version == 1
    assert versions.find(place, "flights@latest").version == 2
    assert versions.find(place, "flights").version == 2
    with opening.reading(place) as connection:
        actions = [(entry.action, entry.subject) for entry in auditing.entries(connection)]
        assert replaying.problems(connection) == []
    with closing(sqlite3.connect(place.database)) as connection:
        connection.execute("UPDATE dataset_versions SET digest = 'x' WHERE version = 1")
        connection.execute("UPDATE dataset_aliases SET version = version + 1")
        connection.commit()
        found = replaying.problems(connection)
    assert found == ["data:flights@validated is version 2, and by the log version 1",
                     "data:flights/1 is not what the log says was added"]  # fmt: skip
    assert ("promote data", "data:flights@validated") in actions
    for address, words in (("flights@champion", "no version of the dataset"), ("flights/9", "has no version 9"),
                           ("flihgts", "did you mean 'flights'"), ("a b", "not a valid name"), ("flights/x", "names no version")):  # fmt: skip
        with pytest.raises(InputError, match=words):
            versions.find(place, address)
    with pytest.raises(InputError, match="always the newest"):
        versions.promote(place, "flights/1", "latest")


def test_a_step_gets_the_path_and_its_run_and_the_models_of_it_are_known(folder: Path, place: Place) -> None:
    mlops_jlab.add_dataset("flights", folder)
    with mlops_jlab.start_run(run_name="train") as run:
        assert mlops_jlab.dataset("flights@latest") == folder
        from sklearn.linear_model import LinearRegression

        made = mlops_jlab.register_model(LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), "delays")
    assert mlops_jlab.get_run(run.id).facts["datasets"]["flights"]["version"] == 1
    with opening.reading(place) as connection:
        (reader,) = datasets.readers(connection, versions.find(place, "flights"))
        assert [v.title for v in datasets.read_by(connection, [run.id])] == ["flights 1"]
    assert (reader.run, reader.models) == (run.id, ("delays/1",))
    from mlops_jlab.registry import packing

    assert "| flights/1 |" in packing.card_of(place, made)
    assert "→ delays/1" in command("show", "flights")


def test_data_that_are_not_what_they_were_stop_the_step(folder: Path) -> None:
    mlops_jlab.add_dataset("flights", folder)
    assert mlops_jlab.dataset("flights") == folder
    (folder / "1.csv").write_text("delay,carrier\n")
    with pytest.raises(MlopsError, match=r"is not what flights 1 was on .*: changed: 1.csv") as error:
        mlops_jlab.dataset("flights")
    assert "mlops-jlab data add flights" in error.value.hint
    (folder / "1.csv").unlink()
    with pytest.raises(MlopsError, match="gone: 1.csv"):
        mlops_jlab.dataset("flights")


def test_a_pattern_gives_its_files_and_a_file_its_path(folder: Path) -> None:
    mlops_jlab.add_dataset("months", f"{folder}/*.csv")
    assert mlops_jlab.dataset("months") == [folder / "1.csv", folder / "2.csv"]
    mlops_jlab.add_dataset("january", folder / "1.csv")
    assert mlops_jlab.dataset("january") == folder / "1.csv"


def test_a_query_is_known_by_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x INTEGER, name TEXT)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(1, "a"), (2, None)])
        connection.commit()
    query = "SELECT x, name FROM t ORDER BY x"
    assert "added q/1  2 rows" in command("add", "q", "--query", query, "--connect", f"sqlite3:{path}")
    assert "nothing new" in command("add", "q", "--query", query, "--connect", f"sqlite3:{path}")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE t SET x = 3 WHERE x = 2")
        connection.commit()
        assert mlops_jlab.add_dataset("q", query=query, connection=connection).version == 2
        for wrong, words in (
            ("SELEC", "the query fails"),
            ("UPDATE t SET x = 1 WHERE x = 99", "gives no rows"),
        ):
            with pytest.raises(InputError, match=words):
                mlops_jlab.add_dataset("q", query=wrong, connection=connection)
    with pytest.raises(InputError, match="is a query"):
        mlops_jlab.dataset("q")
    for address in ("sqlite3", "sqlite3:/nowhere.db", "json:x", "sqlite3:$NOT_SET_ANYWHERE", "../x:y"):
        with pytest.raises(InputError):
            command("add", "q", "--query", query, "--connect", address)


def test_on_the_command_line(folder: Path, tmp_path: Path) -> None:
    assert command("list") == "no data yet; add some: mlops-jlab data add NAME PATH\n"
    assert "added flights/1  2 files" in command(
        "add", "flights", str(folder), "--owner", "ops", "--note", "hourly"
    )
    frame = pd.read_csv(folder / "2.csv")
    frame.assign(delay=frame.delay + 1, extra=1).to_csv(folder / "2.csv", index=False)
    assert "added flights/2" in command("add", "flights", str(folder))
    shown = command("show", "flights/1")
    assert "owner       ops" in shown
    assert "delay" in shown
    assert json.loads(command("show", "flights/1", "--format", "json"))["profile"]["rows"] == 1000
    told = command("diff", "flights/1", "flights/2")
    assert "changed: 2.csv" in told
    assert "new columns: extra" in told
    assert "✗ delay" in told
    assert "flights@validated: version none → 2" in command("promote", "flights", "validated")
    assert "is as it was" in command("verify", "flights@validated")
    (folder / "2.csv").unlink()
    done = CliRunner().invoke(cli, ["data", "verify", "flights"], standalone_mode=False)
    assert done.return_value == 1
    assert "gone: 2.csv" in done.output
    assert [v["version"] for v in json.loads(command("list", "flights", "--format", "json"))] == [2, 1]
    with pytest.raises(InputError, match="a path or a query"):
        command("add", "flights")


def test_what_data_call_their_version_is_kept(tmp_path: Path) -> None:
    delta = tmp_path / "delta"
    (delta / "_delta_log").mkdir(parents=True)
    for number in (0, 1, 12):
        (delta / "_delta_log" / f"{number:020d}.json").write_text("{}")
    file = tmp_path / "x.csv"
    file.write_text("a\n1\n")
    (tmp_path / "x.csv.dvc").write_text("outs:\n- md5: abc123\n  path: x.csv\n")
    assert versions.add("d", delta, profiled=False).version.about["own"] == {
        "format": "delta",
        "version": "12",
    }
    assert versions.add("x", file).version.about["own"] == {"format": "dvc", "version": "abc123"}
    (tmp_path / "x.csv.dvc").write_text(": broken [")
    assert contents.own_version(contents.source_of(file)) == {}


def test_what_is_no_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "fifo")
    for source, words in ((tmp_path / "none", "does not exist"), (tmp_path / "empty", "there is no file"),
                          (tmp_path / "fifo", "neither"), ("/proc/self", "makes it up"), (f"{tmp_path}/*.x", "there is no file")):  # fmt: skip
        with pytest.raises(InputError, match=words):
            versions.add("x", source)
    with pytest.raises(InputError, match="a source or a query"):
        mlops_jlab.add_dataset("x")


def test_links_and_hidden_files_are_left_out(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    (folder / ".hidden").write_text("x")
    assert [path for path, _about in contents.paths(contents.source_of(folder))] == ["1.csv", "2.csv"]


def test_the_cache_knows_which_version_a_step_asks_for(folder: Path, place: Place) -> None:
    sources = [
        "path = mlops_jlab.dataset('flights@validated')",
        "from mlops_jlab import dataset\ndataset('flights')",
    ]
    before = asked_for.asked(sources, os.environ)
    assert before == {"dataset flights": "", "dataset flights@validated": ""}
    versions.add("flights", folder)
    versions.promote(place, "flights", "validated")
    now = asked_for.asked(sources, os.environ)
    assert all(str(seen).startswith("version 1 (") for seen in now.values())
    assert not asked_for.is_computed(sources)
    assert asked_for.is_computed(["dataset(name)"])
    assert parse_dataset("flights@latest").alias == ""
