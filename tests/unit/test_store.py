"""The store: what goes in comes out, in every order, and what breaks is said."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_jlab.entities.runs import ProcessIdentity, Run
from mlops_jlab.errors import InputError, MlopsError, StoreError, TrackingError
from mlops_jlab.store import (
    artifacts,
    changing,
    database,
    filesystem,
    filters,
    location,
    locks,
    maintenance,
    opening,
    reading,
    recovery,
    whole,
)  # fmt: skip
from mlops_jlab.store.applying import Applier
from mlops_jlab.store.journal import Journal, Line, encode, lines_of
from mlops_jlab.store.location import Place
from mlops_jlab.store.processes import is_alive, this_process
from mlops_jlab.store.recorder import Recorder, owner_text

ME = "a" * 32
Store = tuple[Place, sqlite3.Connection]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    place = Place(tmp_path / "store")
    location.make(place)
    with closing(database.connect(place.database)) as connection:
        yield place, connection


def begin(run: str = ME, **fields: Any) -> Line:
    return ["run", run, 1, {"name": "one", "started": 100.0, "owner": owner_text(), **fields}]


def put(connection: sqlite3.Connection, *lines: Line) -> None:
    with database.transaction(connection):
        Applier(connection).apply(lines)


def points(values: list[float], name: str = "loss") -> list[Line]:
    return [["m", ME, 1, name, i, v, 100.0 + i] for i, v in enumerate(values)]


def test_a_run_comes_out_as_it_went_in(store: Store) -> None:
    _, connection = store
    put(
        connection, begin(experiment="e", parent="p", grouping="g", kind="step", source="s", user="u"),
        ["param", ME, 1, "depth", "3", 1.0], ["param", ME, 1, "depth", "4", 2.0],
        ["tag", ME, 1, "é\u202e", "x"], ["tag", ME, 1, "gone", "x"], ["tag", ME, 1, "gone", None],
        ["note", ME, 1, "**n**"], ["facts", ME, 1, {"git": {"commit": "c"}}],
        ["facts", ME, 1, {"git": {"branch": "b"}}],
        ["end", ME, 1, {"status": "failed", "reason": "r", "ended": 103.0, "duration": 2.5}],
    )  # fmt: skip
    run = reading.find(connection, ME[:5])
    assert (run.name, run.experiment, run.parent, run.group, run.kind) == ("one", "e", "p", "g", "step")
    assert (run.status, run.reason, run.ended, run.duration) == ("failed", "r", 103.0, 2.5)
    assert (run.params, run.tags, run.note) == ({"depth": "4"}, {"é\u202e": "x"}, "**n**")
    assert run.facts == {"git": {"commit": "c", "branch": "b"}}
    assert reading.corrections(connection, run) == [("depth", "3", 1.0)]


def test_a_run_is_part_of_the_outermost_one_and_a_trial_is_one_for_itself(store: Store) -> None:
    """Down to a run within a step of a notebook of a pipeline; without looking at all runs."""
    _, connection = store
    sweep, trial, pipeline, notebook, step, inner = (letter * 32 for letter in "bcdef1")
    kinds = {
        sweep: ("sweep", ""), trial: ("pipeline", sweep), pipeline: ("pipeline", ""),
        notebook: ("pipeline", pipeline), step: ("step", notebook), inner: ("", step),
    }  # fmt: skip
    put(connection, *(begin(run, kind=kind, parent=parent) for run, (kind, parent) in kinds.items()))
    assert {run: whole.whole_of(connection, run) for run in kinds} == {
        sweep: sweep, trial: trial, pipeline: pipeline, notebook: pipeline, step: pipeline, inner: pipeline,
    }  # fmt: skip
    assert whole.whole_of(connection, "unknown") == "unknown"
    assert whole.within(connection, pipeline) == [pipeline, notebook, step, inner]
    assert whole.within(connection, sweep) == [sweep, trial]
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    whole.within(connection, pipeline)
    reading.children(connection, reading.find(connection, pipeline))
    reading.metrics_of_parts(connection, reading.find(connection, pipeline))
    connection.set_trace_callback(None)
    plans = [row[3] for text in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")]
    assert plans
    assert not [plan for plan in plans if plan in ("SCAN runs", "SCAN r", "SCAN c", "SCAN p")], plans


VALUES = [0.0, -0.0, 1e308, 5e-324, 0.1, math.inf, -math.inf, math.nan, 12345678901234567.0]


def test_every_float_comes_out_as_it_went_in(store: Store, tmp_path: Path) -> None:
    """Through the journal's text and the database's cells."""
    _, connection = store
    path = tmp_path / "lines"
    numbers = [v if math.isfinite(v) else str(v) for v in VALUES]
    path.write_bytes(
        encode(begin()) + b"".join(encode(["m", ME, 1, "x", i, v, 0.0]) for i, v in enumerate(numbers))
    )
    put(connection, *(line for lines, _ in lines_of(path, 0) for line in lines))
    found = reading.history(connection, reading.find(connection, ME), "x")
    assert [repr(p.value) for p in found] == [repr(v) for v in VALUES]


@given(st.lists(st.tuples(st.integers(-5, 3000), st.floats()), max_size=60))
def test_any_points_in_any_order_are_summed_up_rightly(given_points: list[tuple[int, float]]) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        database.migrate(connection, Path("memory"))
        put(connection, begin())
        for start in range(0, len(given_points), 7):
            put(connection, *(["m", ME, 1, "x", i, v, 0.0] for i, v in given_points[start : start + 7]))
        run = reading.find(connection, ME)
        expected = dict(given_points)
        if not expected:
            assert run.metrics == {}
            return
        summary = run.metrics["x"]
        real = [v for v in expected.values() if not math.isnan(v)]
        assert repr(summary.latest) == repr(expected[max(expected)])
        assert summary.iteration == max(expected)
        assert summary.minimum == min(real) if real else math.isnan(summary.minimum)
        assert summary.maximum == max(real) if real else math.isnan(summary.maximum)
        everything = reading.history(connection, run, "x")
        assert [(p.iteration, repr(p.value)) for p in everything] == [
            (i, repr(expected[i])) for i in sorted(expected)
        ]


def test_the_same_point_twice_is_one_and_a_replaced_one_is_kept(store: Store) -> None:
    _, connection = store
    put(connection, begin(), *points([1.0, 5.0, 2.0]))
    put(connection, *points([1.0]))
    assert connection.execute("SELECT count(*) FROM replaced_points").fetchone() == (0,)
    put(connection, ["m", ME, 1, "loss", 1, 3.0, 0.0])
    run = reading.find(connection, ME)
    assert [p.value for p in reading.history(connection, run, "loss")] == [1.0, 3.0, 2.0]
    assert run.metrics["loss"].maximum == 3.0
    assert connection.execute("SELECT value FROM replaced_points").fetchall() == [(5.0,)]


@pytest.mark.parametrize("count", [10, 5_000, 60_000])
def test_a_thinned_history_keeps_ends_and_extremes(store: Store, count: int) -> None:
    _, connection = store
    values = [math.sin(i / 50) for i in range(count)]
    values[count // 3] = 99.0
    values[count // 2] = -99.0
    put(connection, begin(), *points(values))
    run = reading.find(connection, ME)
    found = reading.history(connection, run, "loss", 500)
    assert min(count, 300) <= len(found) <= 500
    assert {found[0].iteration, found[-1].iteration} == {0, count - 1}
    assert {99.0, -99.0} <= {p.value for p in found}
    assert len(reading.history(connection, run, "loss")) == count


def fill(connection: sqlite3.Connection, count: int) -> None:
    lines: list[Line] = []
    for n in range(count):
        run = f"{n:032x}"
        lines += [
            begin(run, name=f"run {n % 7}", experiment=f"e{n % 2}"),
            ["param", run, 1, "depth", str(n % 11), 0.0],
        ]
        lines.append(["param", run, 1, "model", "rf" if n % 3 else 'it\'s "q"', 0.0])
        if n % 5:
            lines.append(["m", run, 1, "acc", 0, math.nan if n % 13 == 0 else n % 10 / 10, 0.0])
        lines.append(["end", run, 1, {"status": "finished" if n % 2 else "failed", "ended": 200.0 + n}])
    put(connection, *lines)


ORDERS = [[], ["metrics.acc"], ["metrics.acc DESC"], ["params.depth DESC"], ["name", "metrics.acc DESC"],
          ["attributes.end_time DESC"], ["params.`nobody has it`"]]  # fmt: skip


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_pages_together_are_the_whole_in_order(store: Store, order: list[str]) -> None:
    _, connection = store
    fill(connection, 100)
    orders = tuple(filters.parse_order(text) for text in order)
    whole = reading.page(connection, reading.Query(order=orders, limit=1000)).runs
    assert len(whole) == 100
    gathered: list[Run] = []
    after = ""
    while True:
        page = reading.page(connection, reading.Query(order=orders, limit=7, after=after))
        gathered += page.runs
        after = page.after
        if not after:
            break
    assert [run.seq for run in gathered] == [run.seq for run in whole]
    if order == ["params.depth DESC"]:
        depths = [int(run.params["depth"]) for run in whole]
        assert depths == sorted(depths, reverse=True)
    if order == ["metrics.acc DESC"]:
        values = [run.metrics["acc"].latest for run in whole if "acc" in run.metrics]
        real = [v for v in values if not math.isnan(v)]
        assert real == sorted(real, reverse=True)


FILTERS = {
    "metrics.acc > 0.5": lambda r: "acc" in r.metrics and r.metrics["acc"].latest > 0.5,
    "metrics.acc >= .5 and params.model = 'rf'": lambda r: (
        "acc" in r.metrics and r.metrics["acc"].latest >= 0.5 and r.params["model"] == "rf"),
    'params.model = "it\'s \\"q\\""': lambda r: r.params["model"].startswith("it"),
    "params.model != 'rf'": lambda r: r.params["model"] != "rf",
    "params.depth > 8": lambda r: int(r.params["depth"]) > 8,
    "params.depth in ('1', '2')": lambda r: r.params["depth"] in "12",
    "params.depth not in (1, 2)": lambda r: r.params["depth"] not in ("1", "2"),
    "name LIKE 'run%'": lambda _: True,
    "name like 'RUN%'": lambda _: False,
    "name ilike 'RUN _'": lambda _: True,
    "status = 'FINISHED' or metrics.acc < 0.2": lambda r: (
        r.status == "finished" or ("acc" in r.metrics and r.metrics["acc"].latest < 0.2)),
    "not (status = 'failed')": lambda r: r.status != "failed",
    "metrics.acc is null": lambda r: "acc" not in r.metrics or math.isnan(r.metrics["acc"].latest),
    "tags.x is not null": lambda _: False,
    "attributes.experiment = 'e1' AND run.name = 'run 3'": lambda r: (r.experiment, r.name) == ("e1", "run 3"),
    "metrics.`acc` > -inf": lambda r: "acc" in r.metrics and not math.isnan(r.metrics["acc"].latest),
    "metrics.\"acc\" > 5e-1": lambda r: "acc" in r.metrics and r.metrics["acc"].latest > 0.5,
    "params.model = 'x'' or 1=1 --'": lambda _: False,
    "": lambda _: True,
}  # fmt: skip


def declared(connection: sqlite3.Connection) -> None:
    """Pipeline runs that take lr as it is declared, one that was given another, and a script without it."""
    runs = {
        "as declared": (None, "0.1"),
        "given": ("0.1", None),
        "other": ("0.5", "0.1"),
        "bare": (None, None),
    }
    lines: list[Line] = []
    for n, (name, (own, default)) in enumerate(runs.items()):
        run = f"{n:032x}"
        lines.append(begin(run, name=name, kind="script" if name == "bare" else "pipeline"))
        if own:
            lines.append(["param", run, 1, "lr", own, 0.0])
        if default:
            lines.append(["facts", run, 1, {"defaults": {"lr": default, "only": "x"}}])
    put(connection, *lines)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("params.lr = 0.1", {"as declared", "given"}),
        ("params.lr = '0.1'", {"as declared", "given"}),
        ("params.lr in ('0.1', '0.2')", {"as declared", "given"}),
        ("params.lr not in ('0.1', '0.2')", {"other", "bare"}),
        ("params.lr > 0.2", {"other"}),
        ("params.lr like '0.1%' and params.only = 'x'", {"as declared"}),
        ("params.lr is null", {"bare"}),
    ],
)
def test_a_filter_finds_what_a_run_takes_as_it_is_declared(store: Store, text: str, found: set[str]) -> None:
    _, connection = store
    declared(connection)
    query = reading.Query(filters.parse(text))
    assert {run.name for run in reading.page(connection, query).runs} == found


def test_declared_params_are_searched_sorted_and_offered_and_mlflow_sees_given_ones(store: Store) -> None:
    _, connection = store
    declared(connection)

    def names(**fields: Any) -> list[str]:
        return [run.name for run in reading.page(connection, reading.Query(**fields)).runs]

    assert names(condition=filters.words("lr=0.1")) == ["given", "as declared"]
    by_rate = (filters.parse_order("params.lr DESC"),)
    assert names(order=by_rate) == ["other", "given", "as declared", "bare"]
    assert reading.names(connection, "params.", 9) == ["params.lr", "params.only"]
    for text in ("params.lr = 0.1", "params.lr = '0.1'", "params.lr in ('0.1')"):
        assert names(condition=filters.parse(text, given=True)) == ["given"]


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_finds_what_python_finds(store: Store, text: str) -> None:
    _, connection = store
    fill(connection, 100)
    everything = reading.page(connection, reading.Query(limit=1000)).runs
    query = reading.Query(filters.parse(text), limit=1000)
    found = reading.page(connection, query).runs
    assert [run.id for run in found] == [run.id for run in everything if FILTERS[text](run)]
    assert reading.count(connection, query) == len(found)


@pytest.mark.parametrize(
    ("text", "column"),
    [("metrics.acc >", 14), ("metrcs.acc > 1", 1), ("metrics.acc > 'x'", 15), ("colour = 1", 1),
     ("metrics.acc > 1 and and", 21), ("(name = 'x'", 12), ("name = 'x", 8), ("metrics. > 1", 10)],
)  # fmt: skip
def test_a_bad_filter_points_at_its_column(text: str, column: int) -> None:
    with pytest.raises(MlopsError) as caught:
        filters.parse(text)
    assert getattr(caught.value, "column", 0) == column
    assert caught.value.hint


@pytest.mark.parametrize("name", [
    "", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "C:\\x", "c:/x", "a\\b", "%2e%2e%2fx", "%2Fetc", "a.", "a ",
    "nul", "CON.txt", "x\0y", "a\nb", "a#b", "a?b", "x" * 300, "a/" * 600 + "b", "\ud800",
])  # fmt: skip
def test_a_hostile_name_is_refused_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(TrackingError):
        artifacts.check_name(name)
    assert list(tmp_path.iterdir()) == []


def test_artifacts_are_private_whole_and_checked(store: Store) -> None:
    place, _ = store
    digest, size = artifacts.put(place, [b"abc", b"def"])
    path = artifacts.path_of(place, digest)
    assert (size, artifacts.read(place, digest)) == (6, b"abcdef")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (place.root, place.objects, path.parent, place.journals):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.database.stat().st_mode) == 0o600
    path.write_bytes(b"abcdeX")
    with pytest.raises(StoreError, match="digest differs"):
        artifacts.read(place, digest)


def test_a_fifo_and_a_missing_file_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "missing"):
        with pytest.raises(TrackingError):
            list(artifacts.parts_of(tmp_path / name))


def test_the_format_is_that_of_the_last_migration() -> None:
    assert [m.number for m in database.migrations()] == list(range(1, database.FORMAT + 1))


def test_an_older_store_is_copied_then_brought_forward(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    place, connection = store
    put(connection, begin())
    newer = database.FORMAT + 1
    step = database.Migration(newer, "ALTER TABLE runs ADD COLUMN extra TEXT;\n")
    monkeypatch.setattr(database, "migrations", lambda real=database.migrations: [*real(), step])
    database.migrate(connection, place.database, newer)
    assert connection.execute("SELECT extra FROM runs").fetchall() == [(None,)]
    with closing(sqlite3.connect(place.database.with_name(f"runs.db.format-{database.FORMAT}"))) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (database.FORMAT,)


def test_a_migration_that_fails_leaves_the_store_as_it_was(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, connection = store
    newer = database.FORMAT + 1
    step = database.Migration(newer, "ALTER TABLE runs ADD COLUMN extra TEXT;\nNONSENSE;\n")
    monkeypatch.setattr(database, "migrations", lambda: [step])
    with pytest.raises(sqlite3.OperationalError):
        database.migrate(connection, place.database, newer)
    assert connection.execute("PRAGMA user_version").fetchone() == (database.FORMAT,)
    with pytest.raises(sqlite3.OperationalError):
        connection.execute("SELECT extra FROM runs")


def test_a_newer_store_is_not_written_and_read_if_it_allows_that(store: Store) -> None:
    place, connection = store
    put(connection, begin())
    connection.execute("PRAGMA user_version=99")
    for write in (True, False):
        with pytest.raises(database.Newer, match="format 99"):
            database.connect(place.database, write=write)
    connection.execute("INSERT INTO meta VALUES ('oldest_reader', '1')")
    with closing(database.connect(place.database, write=False)) as reader:
        assert reading.find(reader, ME).name == "one"
    with pytest.raises(database.Newer):
        database.connect(place.database)


@pytest.mark.parametrize("content", [b"garbage " * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_store_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "runs.db"
    path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        database.connect(path)
    assert "store" in str(caught.value)
    assert path.read_bytes() == content


def test_a_store_that_was_cut_to_nothing_is_not_taken_for_a_new_one(store: Store) -> None:
    place, connection = store
    artifacts.put(place, [b"something was here"])
    connection.close()
    for path in place.root.glob("runs.db*"):
        path.unlink()
    place.database.touch()
    with pytest.raises(database.Damaged, match="is an empty file"):
        database.connect(place.database)
    assert place.database.stat().st_size == 0


def test_another_programs_database_is_left_as_it_is(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "runs.db")) as other:
        other.execute("CREATE TABLE theirs (x)")
    with pytest.raises(database.Damaged, match="not a store of mlops-jlab"):
        database.connect(tmp_path / "runs.db")


def test_what_a_dead_process_logged_is_taken_over_once(store: Store) -> None:
    place, connection = store
    journal = Journal(place.journals)
    dead = json.dumps({"pid": 2**22 - 1, "started": "1", "boot": "x", "host": socket.gethostname()})
    journal.write(encode(begin(owner=dead)) + encode(points([1.0])[0]) + b'["m","cut off')
    assert recovery.recover(place, connection) == 0  # the lock is held: its owner lives
    journal.close()
    assert recovery.recover(place, connection) == 1
    run = reading.find(connection, ME)
    assert (run.status, run.metrics["loss"].latest) == ("killed", 1.0)
    assert "ended without a word" in run.reason
    assert list(place.journals.iterdir()) == []
    assert recovery.recover(place, connection) == 0


def test_a_damaged_line_costs_no_other(store: Store) -> None:
    place, connection = store
    path = place.journals / "old.jsonl"
    path.write_bytes(encode(begin()) + b'["m", broken\n' + encode(points([4.0])[0]))
    recovery.recover(place, connection)
    assert reading.find(connection, ME).metrics["loss"].latest == 4.0


def test_a_pid_alone_is_no_identity() -> None:
    me = this_process()
    assert is_alive(me) is True
    assert is_alive(ProcessIdentity(me.pid, "12", me.boot, me.host)) is False
    assert is_alive(ProcessIdentity(me.pid, me.started, "other boot", me.host)) is False
    assert is_alive(ProcessIdentity(me.pid, me.started, me.boot, "elsewhere")) is None


def test_another_machines_run_is_killed_by_silence_and_revived_by_a_heartbeat(store: Store) -> None:
    place, connection = store
    away = json.dumps({"pid": 1, "started": "1", "boot": "b", "host": "elsewhere"})
    put(connection, begin(owner=away, started=time.time() - 100))
    assert recovery.recover(place, connection) == 1
    assert reading.find(connection, ME).status == "killed"
    recorder = Recorder(place, print)
    recorder.open_database()
    recorder.keep_alive(ME, 1)
    recorder._beat()
    recorder.close()
    assert reading.find(connection, ME).status == "running"


def test_a_writer_that_was_replaced_is_refused_and_its_lines_are_kept(store: Store) -> None:
    _, connection = store
    put(connection, begin(), ["resume", ME, 2, {"owner": owner_text(), "at": 1.0}])
    put(connection, *points([1.0]), ["end", ME, 1, {"status": "finished", "ended": 1.0}])
    run = reading.find(connection, ME)
    assert (run.status, run.attempt, run.metrics) == ("running", 2, {})
    assert connection.execute("SELECT count(*) FROM late").fetchone() == (2,)


def test_deleting_can_be_undone_until_it_is_cleaned_up(store: Store) -> None:
    place, connection = store
    child = "b" * 32
    digest, _ = artifacts.put(place, [b"file"])
    ended = {"status": "finished", "ended": 1.0}
    put(connection, begin(), begin(child, parent=ME), ["artifact", child, 1, "f", digest, 4],
        ["end", ME, 1, ended], ["end", child, 1, ended])  # fmt: skip
    run = reading.find(connection, ME)
    assert changing.delete(connection, [run]) == [ME, child]
    assert reading.page(connection, reading.Query()).runs == ()
    changing.restore(connection, [run])
    assert len(reading.page(connection, reading.Query()).runs) == 2
    changing.delete(connection, [run])
    os.utime(artifacts.path_of(place, digest), (0, 0))
    found = changing.clean(place, connection)
    assert (found.runs, found.files, found.size) == (2, 1, 4)
    assert connection.execute("SELECT count(*) FROM artifacts").fetchone() == (0,)


def test_a_running_run_is_not_deleted_and_a_young_file_not_removed(store: Store) -> None:
    place, connection = store
    put(connection, begin())
    with pytest.raises(InputError, match="still running"):
        changing.delete(connection, [reading.find(connection, ME)])
    artifacts.put(place, [b"just written, its line still in a journal"])
    assert changing.clean(place, connection).files == 0


def test_a_store_is_checked_copied_and_moved_whole(store: Store, tmp_path: Path) -> None:
    place, connection = store
    digest, _ = artifacts.put(place, [b"file"])
    put(connection, begin(), *points([1.0, 2.0]), ["artifact", ME, 1, "f", digest, 4],
        ["end", ME, 1, {"status": "finished", "ended": 1.0}])  # fmt: skip
    health = maintenance.check(place)
    assert (health.problems, health.counts["runs"], health.counts["points"]) == ([], 1, 2)
    maintenance.backup(place, tmp_path / "copy")
    assert maintenance.check(Place(tmp_path / "copy")).problems == []
    maintenance.vacuum(place)
    connection.close()
    moved = maintenance.move(place, tmp_path / "moved")
    assert not place.database.exists()
    with opening.reading(moved) as reader:
        assert reading.find(reader, ME).metrics["loss"].latest == 2.0
    artifacts.path_of(moved, digest).write_bytes(b"rot")
    assert maintenance.check(moved).problems == [f"artifact {digest[:12]} is not what was written"]


def test_what_can_be_read_of_a_damaged_database_is_saved(store: Store, tmp_path: Path) -> None:
    place, connection = store
    fill(connection, 3000)
    database.checkpoint(connection, place.database, always=True)
    connection.close()
    content = bytearray(place.database.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 8192] = b"\x00" * 8192
    place.database.write_bytes(content)
    health = maintenance.check(place)
    assert health.problems
    saved = maintenance.salvage(place, tmp_path / "saved.db")
    assert saved["runs"] > 1000
    with closing(database.connect(tmp_path / "saved.db")) as good:
        assert good.execute("PRAGMA integrity_check").fetchone() == ("ok",)


MOUNTS = (
    "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
    "40 22 0:40 / /home rw - nfs4 server:/home rw\n"
    "41 40 0:41 / /home/me/local\\040disk rw - xfs /dev/sdb rw\n"
)


@pytest.mark.parametrize(
    ("folder", "expected"),
    [("/var/x", False), ("/home/me/work", True), ("/homework", False), ("/home/me/local disk/x", False)],
)
def test_a_network_file_system_is_noticed(folder: str, expected: bool, tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert filesystem.is_network(Path(folder), mounts) is expected


def test_on_a_network_file_system_there_is_no_write_ahead_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLOPS_JLAB_FILESYSTEM", "network")
    recorder = Recorder(Place(tmp_path / "store"), print)
    recorder.open_database()
    recorder.put(begin())
    recorder.put(points([1.0])[0])
    recorder.flush()
    with opening.reading(recorder.place) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert reading.find(connection, ME).metrics["loss"].latest == 1.0
    recorder.close()


FULL = """
import resource, sys
from pathlib import Path
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import Recorder
said = []
recorder = Recorder(Place(Path(sys.argv[1])), said.append)
recorder.open_database()
recorder.put(["run", "a" * 32, 1, {"name": "one", "started": 1.0, "owner": ""}])
recorder.flush()
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
for n in range(100):
    recorder.put(["m", "a" * 32, 1, "x", n, float(n), 1.0])
assert said, "nobody was told"
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
recorder.put(["m", "a" * 32, 1, "x", 100, 100.0, 1.0])
recorder.flush()
recorder.close()
"""


def test_a_full_disk_loses_nothing_once_there_is_space_again(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "s")], capture_output=True, text=True, timeout=60,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with opening.reading(Place(tmp_path / "s")) as connection:
        found = reading.history(connection, reading.find(connection, ME), "x")
    assert [p.value for p in found] == [float(n) for n in range(101)]


def test_a_folder_that_cannot_be_written_sends_lines_to_the_users_spool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    place = Place(tmp_path / "store")
    location.make(place)
    said: list[str] = []
    recorder = Recorder(place, said.append)
    place.journals.rmdir()
    place.journals.write_text("in the way")  # works for root as well, whom no permission stops
    recorder.put(begin())
    recorder.put(points([7.0])[0])
    assert len(said) == 1
    assert list(recovery.spool(place).iterdir())
    recorder.close()
    place.journals.unlink()
    location.make(place)
    database.connect(place.database).close()
    with opening.reading(place) as connection:
        assert reading.find(connection, ME).metrics["loss"].latest == 7.0


@pytest.mark.parametrize(
    ("files", "variables", "expected"),
    [
        ([".mlops/", "a/b/"], {}, ".mlops"),
        (["a/.mlops/", "a/b/"], {}, "a/.mlops"),
        ([".git/", "a/b/"], {}, ".mlops"),
        (["a/b/"], {"JUPYTER_SERVER_ROOT": "a"}, "a/.mlops"),
        (["a/b/"], {"MLOPS_JLAB_STORE": "elsewhere"}, "elsewhere"),
        (["a/b/"], {}, "a/b/.mlops"),
    ],
)
def test_where_the_store_lies(
    files: list[str], variables: dict[str, str], expected: str, tmp_path: Path
) -> None:
    for name in files:
        (tmp_path / name).mkdir(parents=True)
    environment = {key: str(tmp_path / value) for key, value in variables.items()}
    assert location.find(tmp_path / "a" / "b", environment).root == tmp_path / expected


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_a_store_is_made_by_several_at_once(kind: str, tmp_path: Path) -> None:
    """Nobody takes it for somebody else's, and nobody is told that it is locked."""
    paths = [tmp_path / f"{number}.db" for number in range(20)]
    if kind == "threads":
        together = threading.Barrier(8)

        def make(path: Path) -> None:
            together.wait()
            database.connect(path).close()

        for path in paths:
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(make, [path] * 8))
    else:
        code = (
            "import sys; from pathlib import Path; from mlops_jlab.store import database\n"
            "sys.stdin.read()\n"
            "for path in sys.argv[1:]: database.connect(Path(path)).close()"
        )
        words = [sys.executable, "-c", code, *map(str, paths)]
        makers = [subprocess.Popen(words, stdin=subprocess.PIPE) for _ in range(4)]
        for maker in makers:
            assert maker.stdin is not None
            maker.stdin.close()
        assert [maker.wait(60) for maker in makers] == [0] * 4
    assert not list(tmp_path.glob(".*"))  # nothing unfinished is left
    for path in paths:
        with closing(database.connect(path, write=False)) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            assert connection.execute("PRAGMA user_version").fetchone() == (database.FORMAT,)


def test_whoever_reads_sees_no_store_or_a_whole_one(tmp_path: Path) -> None:
    made = threading.Event()
    seen = 0

    def look(path: Path) -> None:
        nonlocal seen
        while not made.is_set():
            if path.exists() and path.stat().st_size:
                with closing(database.connect(path, write=False)) as connection:
                    connection.execute("SELECT count(*) FROM runs").fetchone()
                seen += 1

    for number in range(20):
        path = tmp_path / f"{number}.db"
        made.clear()
        with ThreadPoolExecutor(3) as pool:
            looks = [pool.submit(look, path) for _ in range(3)]
            database.connect(path).close()
            time.sleep(0.005)
            made.set()
            for done in looks:
                done.result()
    assert seen


def test_a_store_that_others_read_gets_its_log_back(tmp_path: Path) -> None:
    """A copy made by SQLite has none."""
    place = location.Place(tmp_path)
    database.connect(place.database).close()
    with closing(sqlite3.connect(place.database)) as connection:
        assert connection.execute("PRAGMA journal_mode=DELETE").fetchone() == ("delete",)
    with closing(sqlite3.connect(place.database, isolation_level=None, check_same_thread=False)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM runs").fetchone()
        timer = threading.Timer(0.3, reader.execute, ["COMMIT"])
        timer.start()
        with ThreadPoolExecutor(4) as pool:
            for opened in pool.map(database.connect, [place.database] * 4):
                assert opened.execute("PRAGMA journal_mode").fetchone() == ("wal",)
                opened.close()
        timer.join()


def test_several_bring_an_older_store_forward_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "runs.db"
    database.connect(path).close()
    newer = database.FORMAT + 1
    step = database.Migration(newer, "ALTER TABLE runs ADD COLUMN extra TEXT;\n")
    monkeypatch.setattr(database, "migrations", lambda real=database.migrations: [*real(), step])
    monkeypatch.setattr(database, "FORMAT", newer)
    together = threading.Barrier(8)

    def bring() -> None:
        together.wait()
        with closing(database.connect(path)) as connection:
            assert connection.execute("SELECT count(extra) FROM runs").fetchone() == (0,)

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(bring) for _ in range(8)]:
            done.result()
    with closing(sqlite3.connect(path.with_name(f"runs.db.format-{newer - 1}"))) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (newer - 1,)


def test_what_a_killed_maker_left_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    (tmp_path / ".runs.db.tmp").write_bytes(b"half")
    (tmp_path / ".runs.db.tmp-wal").write_bytes(b"half")
    database.connect(path).close()
    assert {found.name for found in tmp_path.iterdir()} == {"runs.db", "runs.db.lock"}


def test_a_lock_is_given_back_although_a_forked_process_has_its_file(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locks.locked(path) as mine:
        assert mine
        child = os.fork()
        if not child:
            time.sleep(20)
            os._exit(0)
    try:
        with locks.locked(path) as mine:
            assert mine
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_journal_is_never_taken_over_before_its_process_has_locked_it(tmp_path: Path) -> None:
    place = location.Place(tmp_path)
    location.make(place)
    database.connect(place.database).close()
    over = threading.Event()

    def take() -> None:
        with closing(database.connect(place.database)) as connection:
            while not over.is_set():
                recovery.recover(place, connection)

    with ThreadPoolExecutor(1) as pool:
        taking = pool.submit(take)
        try:
            for _ in range(300):
                Journal(place.journals).close()
        finally:
            over.set()
        taking.result()
