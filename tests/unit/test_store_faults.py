"""What can happen to the files of a store: rights taken away, a log that is gone, no descriptors left."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest

from mlops_jlab.errors import InputError, NoSpace, StoreError, unwritten
from mlops_jlab.store import database, location, maintenance, opening, reading, recovery, room
from mlops_jlab.store.location import Place

TRACK = """
import sys
import mlops_jlab
with mlops_jlab.start_run(run_name=sys.argv[1]):
    mlops_jlab.log_metric("x", 2.0)
    try:
        mlops_jlab.log_text("some text", "a.txt")
    except mlops_jlab.errors.StoreError as error:
        print("refused:", error.args[0].splitlines()[0])
print("went on")
"""
# What root may do to any file would hide the fault.
NOBODY = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]


def python(code: str, *words: str, store: Path, rights: bool = True) -> subprocess.CompletedProcess[str]:
    drop = [] if rights or os.geteuid() else NOBODY
    return subprocess.run(
        [*drop, sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=120,
        env={**os.environ, "MLOPS_JLAB_STORE": str(store), "XDG_STATE_HOME": str(store.parent / "state")},
    )  # fmt: skip


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Place]:
    """A store with one run, in folders that nobody may write."""
    place = Place(tmp_path / "store")
    assert python(TRACK, "one", store=place.root).returncode == 0
    paths = [place.root, *place.root.rglob("*")]
    for path in paths:
        path.chmod(0o500 if path.is_dir() else 0o400)
    yield place
    for path in paths:
        path.chmod(0o700 if path.is_dir() else 0o600)


@pytest.mark.skipif(not (os.geteuid() or shutil.which("setpriv")), reason="needs setpriv to give up rights")
def test_a_read_only_store_is_read_and_tracking_warns_once(read_only: Place) -> None:
    place = read_only
    before = {path: path.stat().st_mtime_ns for path in place.root.rglob("*")}
    listed = python(
        "from mlops_jlab.cli.main import main; main()", "runs", "list", store=place.root, rights=False
    )
    assert listed.returncode == 0, listed.stderr
    assert "one" in listed.stdout
    done = python(TRACK, "two", store=place.root, rights=False)
    assert done.returncode == 0, done.stderr
    assert "went on" in done.stdout
    assert "refused: an artifact cannot be written" in done.stdout
    assert done.stderr.count("cannot be written") == 1
    assert {path: path.stat().st_mtime_ns for path in place.root.rglob("*")} == before
    checked = python(
        "from mlops_jlab.cli.main import main; main()", "store", "check", store=place.root, rights=False
    )
    assert (checked.returncode, "only looked at" in checked.stdout) == (0, True), checked.stdout
    # Once it can be written again, what was kept elsewhere comes in.
    place.root.chmod(0o700)
    for path in place.root.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    code = "import mlops_jlab; print(*mlops_jlab.search_runs()['name'])"
    assert python(code, store=place.root).stdout.split() == ["two", "one"]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Place]:
    """A store on a disk of two megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield Place(folder / "store")
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_what_is_there_is_read_on_a_full_disk(small: Place) -> None:
    def command(*words: str) -> subprocess.CompletedProcess[str]:
        return python("from mlops_jlab.cli.main import main; main()", *words, store=small.root)

    assert python(TRACK, "one", store=small.root).returncode == 0
    with closing(sqlite3.connect(small.database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for name in ("runs.db-wal", "runs.db-shm"):  # SQLite makes them when it opens the store
        (small.root / name).unlink(missing_ok=True)
    filler = small.root.parent / "filler"
    with open(filler, "wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    listed = command("runs", "list")
    assert (listed.returncode, "one" in listed.stdout) == (0, True), listed.stderr
    checked = command("store", "check")
    assert (checked.returncode, "no space is left" in checked.stdout) == (0, True), checked.stderr
    refused = command("runs", "delete", "one")
    assert (refused.returncode, "no space left for the store" in refused.stderr) == (1, True)
    filler.unlink()
    assert command("runs", "delete", "one").returncode == 0


@pytest.mark.parametrize(
    ("code", "is_left", "kind"),
    [
        (sqlite3.SQLITE_FULL, True, NoSpace),
        (sqlite3.SQLITE_IOERR_SHMSIZE, False, NoSpace),
        (sqlite3.SQLITE_IOERR_SHMSIZE, True, StoreError),
    ],
)
def test_a_full_disk_is_known_by_what_sqlite_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, is_left: bool, kind: type[StoreError]
) -> None:
    monkeypatch.setattr(room, "is_left", lambda _path: is_left)
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    assert type(database.translate(error, tmp_path / "runs.db")) is kind


def test_a_full_disk_is_no_fault_of_the_input() -> None:
    full = unwritten("out", OSError(errno.ENOSPC, "No space left on device"), InputError, hint="else nothing")
    assert (type(full), full.exit_code, full.hint) == (NoSpace, 1, "free some space; else nothing")
    other = unwritten("out", OSError(errno.EACCES, "Permission denied"), InputError)
    assert (type(other), other.exit_code) == (InputError, 2)


def test_a_log_beside_a_read_only_store_is_read_too(tmp_path: Path) -> None:
    """A copy of a store that was being written, on a medium that cannot be."""
    code = TRACK + "import os, signal; mlops_jlab.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    source = Place(tmp_path / "store")
    assert python(code, "one", store=source.root).returncode == -signal.SIGKILL
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("runs.db", "runs.db-wal"):
        shutil.copyfile(source.root / name, copy / name)
    assert (copy / "runs.db-wal").stat().st_size > 0
    with closing(database._copy_in_memory(copy / "runs.db", copy / "runs.db-wal")) as connection:
        assert reading.find(connection, "one").metrics["x"].latest == 2.0
        with pytest.raises(sqlite3.OperationalError):
            connection.execute("DELETE FROM runs")
    assert sorted(path.name for path in copy.iterdir()) == ["runs.db", "runs.db-wal"]


def test_a_log_that_is_gone_is_told_of(tmp_path: Path) -> None:
    place = Place(tmp_path / "store")
    code = TRACK + "import os, signal; mlops_jlab.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    assert python(TRACK, "one", store=place.root).returncode == 0
    assert python(code, "two", store=place.root).returncode == -signal.SIGKILL
    (place.root / "runs.db-wal").unlink()
    health = maintenance.check(place)
    assert "runs.db-wal is missing" in health.problems[0]
    with opening.reading(place) as connection:
        assert reading.find(connection, "one").status == "finished"
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


DESCRIPTORS = """
import os, resource, time
import mlops_jlab
run = mlops_jlab.start_run(run_name="many")
mlops_jlab.log_metric("x", 0.0)
mlops_jlab.flush()
time.sleep(2)  # what is asked of git in the background is known now
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
held = []
try:
    while True:
        held.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
for number in range(1, 50):
    mlops_jlab.log_metric("x", float(number))
try:
    mlops_jlab.log_text("some text", "a.txt")
except mlops_jlab.errors.StoreError as error:
    print(error)
try:
    mlops_jlab.flush()
except mlops_jlab.errors.StoreError as error:
    print(error)
for handle in held:
    os.close(handle)
mlops_jlab.log_text("some text", "b.txt")
mlops_jlab.end_run()
"""


def test_without_a_file_descriptor_left_nothing_is_lost(tmp_path: Path) -> None:
    place = Place(tmp_path / "store")
    done = python(DESCRIPTORS, store=place.root)
    assert done.returncode == 0, done.stderr
    assert "Too many open files" in done.stdout
    assert "Traceback" not in done.stderr
    with opening.reading(place) as connection:
        run = reading.find(connection, "many")
        assert run.status == "finished"
        assert [p.value for p in reading.history(connection, run, "x")] == [float(n) for n in range(50)]
        assert {a.path for a in reading.artifacts(connection, run)} >= {"b.txt"}


def test_a_migration_of_many_runs_is_quick_and_can_be_gone_back_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next format is made up here; its statement touches each row."""
    place = Place(tmp_path / "store")
    location.make(place)
    count = 20_000
    with closing(database.connect(place.database)) as connection, database.transaction(connection):
        connection.execute("INSERT INTO experiments (name, created) VALUES ('e', 1)")
        connection.executemany(
            "INSERT INTO runs (id, attempt, status, heartbeat, experiment, name, started) "
            "VALUES (?, 1, 'finished', 1, 1, 'r', 1)",
            ((f"{n:032x}",) for n in range(count)),
        )
    steps = [
        *database.migrations(),
        database.Migration(
            database.FORMAT + 1, "ALTER TABLE runs ADD COLUMN extra TEXT;\nUPDATE runs SET extra = name;"
        ),
    ]
    monkeypatch.setattr(database, "migrations", lambda: steps)
    monkeypatch.setattr(database, "FORMAT", database.FORMAT + 1)
    with closing(database.connect(place.database)) as connection:
        assert connection.execute("SELECT count(extra) FROM runs").fetchone() == (count,)
    monkeypatch.undo()
    with pytest.raises(database.Newer, match=f"has format {database.FORMAT + 1}"), opening.writing(place):
        pass
    # The way back that docs/what-is-recorded.md names: the copy that was put aside takes its place.
    aside = place.root / f"runs.db.format-{database.FORMAT}"
    os.replace(aside, place.database)
    with opening.writing(place) as connection:
        assert reading.count(connection, reading.Query()) == count


def test_a_store_in_a_forked_child_is_its_own(tmp_path: Path) -> None:
    """What the parent has in hand is neither written twice nor lost when both go on."""
    code = """
import os, time, mlops_jlab
run = mlops_jlab.start_run(run_name="parent")
mlops_jlab.log_metric("x", 1.0, step=0)
child = os.fork()
if not child:
    begun = time.monotonic()
    with mlops_jlab.start_run(run_name="child", nested=True):
        mlops_jlab.log_metric("x", 2.0, step=0)
    mlops_jlab.flush()
    print(time.monotonic() - begun, flush=True)
    os._exit(0)
os.waitpid(child, 0)
mlops_jlab.log_metric("x", 3.0, step=1)
mlops_jlab.end_run()
"""
    places = [Place(tmp_path / f"store-{n}") for n in range(8)]
    with ThreadPoolExecutor(8) as pool:  # a busy machine, so that the fork comes while a thread still imports
        every = list(pool.map(lambda place: python(code, store=place.root), places))
    for place, done in zip(places, every, strict=True):
        assert done.returncode == 0, done.stderr
        assert float(done.stdout) < database.BUSY  # no child waits for a lock that its parent has
        with opening.reading(place) as connection:
            parent, child = (reading.find(connection, name) for name in ("parent", "child"))
            assert [p.value for p in reading.history(connection, parent, "x")] == [1.0, 3.0]
            assert (child.metrics["x"].latest, child.parent) == (2.0, parent.id)


def test_a_forked_child_goes_on_logging_after_its_parent_has_ended(tmp_path: Path) -> None:
    """What others find when they open the store then is neither unused nor half of it gone."""
    place = Place(tmp_path / "store")
    code = """
import os, sys, mlops_jlab
run = mlops_jlab.start_run(run_name="parent")
mlops_jlab.log_metric("x", 1.0, step=0)
mlops_jlab.flush()
if os.fork():
    mlops_jlab.end_run()
    os.close(1)
    raise SystemExit
with mlops_jlab.start_run(run_name="child", nested=True):
    for number in range(200):
        mlops_jlab.log_metric("x", number, step=number)
        mlops_jlab.flush()
        if number == 20:
            print("on its own", flush=True)
            sys.stdin.read()
mlops_jlab.flush()
print("done", flush=True)
"""
    words, environment = [sys.executable, "-c", code], {**os.environ, "MLOPS_JLAB_STORE": str(place.root)}
    with subprocess.Popen(
        words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdin is not None
        assert parent.wait(60) == 0
        assert parent.stdout.readline() == "on its own\n"
        with opening.reading(place) as connection:
            assert reading.find(connection, "parent").status == "finished"
            parent.stdin.close()
            assert parent.stdout.readline() == "done\n"
    with opening.reading(place) as connection:
        child = reading.find(connection, "child")
        assert len(reading.history(connection, child, "x")) == 200
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_codes_for_a_terminal_do_not_reach_it(tmp_path: Path) -> None:
    """Names and values are shown as text: no colour, no moved cursor, no title."""
    place = Place(tmp_path / "store")
    code = """
import mlops_jlab
with mlops_jlab.start_run(run_name="\\x1b[2Jname\\x1b]0;title\\x07"):
    mlops_jlab.log_param("p", "\\x1b[31mred\\x1b[0m")
    mlops_jlab.set_tag("t", "a\\rb")
    mlops_jlab.note("\\x1b[1A")
"""
    assert python(code, store=place.root).returncode == 0
    command = "from mlops_jlab.cli.main import main; main()"
    with opening.reading(place) as connection:
        run = reading.page(connection, reading.Query()).runs[0]
        assert run.params["p"] == "\x1b[31mred\x1b[0m"  # kept as it was
    for words in (["list"], ["show", run.id[:8]], ["compare", run.id[:8], run.id[:8]]):
        shown = python(command, "runs", *words, store=place.root)
        assert shown.returncode == 0, shown.stderr
        assert not {"\x1b", "\x07", "\r"} & set(shown.stdout), shown.stdout


def test_a_socket_and_a_loop_of_links_in_a_logged_folder_do_not_hang(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    code = """
import sys, mlops_jlab
with mlops_jlab.start_run(run_name="folder"):
    mlops_jlab.log_artifacts(sys.argv[1])
"""
    place = Place(tmp_path / "store")
    begun = time.monotonic()
    done = python(code, str(folder), store=place.root)
    assert time.monotonic() - begun < 60
    assert done.returncode == 0, done.stderr
    with opening.reading(place) as connection:
        run = reading.find(connection, "folder")
        assert [a.path for a in reading.artifacts(connection, run)] == ["a.txt"]
    assert recovery.spool(place).name
