"""Full disks, broken and held stores, kills in first moments, exports side by side: nothing is lost in silence."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

import mlops_jlab
from mlops_jlab import files, telling
from mlops_jlab.cli.progress import PlainLines
from mlops_jlab.engine.folder.state import UNWRITTEN, RunFolder, RunState, StepState
from mlops_jlab.engine.run.start import begin
from mlops_jlab.errors import InputError, NoSpace, StoreBusy, StoreError
from mlops_jlab.pipeline import export, planning
from mlops_jlab.processes.client import address
from mlops_jlab.store import database, journal, keeping, locks, maintenance, opening, processes, recovery
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import Recorder, close_all, recorder_for
from mlops_jlab.tracking.provenance import code
from tests.conftest import notebook_json

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells who holds a lock")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    telling._said.clear()
    return Place(tmp_path / "store")


def full(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    """From now on nothing fits into these folders any more."""
    write = journal.Journal.write

    def refuse(self: journal.Journal, data: bytes) -> None:
        if any(self.path.is_relative_to(folder) for folder in folders):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, data)

    monkeypatch.setattr(journal.Journal, "write", refuse)


def test_a_disk_that_is_full_in_the_middle_sends_lines_to_the_spool(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = mlops_jlab.start_run()
    mlops_jlab.log_metric("m", 0)
    full(monkeypatch, place.root)
    for n in range(1, 1000):
        mlops_jlab.log_metric("m", n)
    assert any(recovery.spool(place).glob("*.jsonl"))
    run.end()
    close_all()
    found = mlops_jlab.get_run(run.id)
    assert (found.status, found.metrics["m"].latest) == ("finished", 999.0)
    assert len(mlops_jlab.tracking.finding.get_history(run.id, "m")) == 1000  # type: ignore[attr-defined]
    told = capsys.readouterr().err
    assert told.count("cannot be written (No space left on device)") == 1
    assert "lost" not in told


def test_a_store_that_is_made_on_a_full_disk_is_whole(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk SQLite leaves a part in its log when it closes the file, and says nothing."""
    migrate, others = database.migrate, []

    def so_that_the_log_stays(connection: sqlite3.Connection, path: Path) -> None:
        migrate(connection, path)
        others.append(sqlite3.connect(path))  # whoever is not the last to close leaves the log alone
        others[0].execute("SELECT count(*) FROM runs").fetchone()

    place.root.mkdir()
    with monkeypatch.context() as for_now:
        for_now.setattr(database, "migrate", so_that_the_log_stays)
        database._make(place.database)
    others[0].close()
    with closing(database.connect(place.database)) as made:
        assert made.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert made.execute("PRAGMA user_version").fetchone() == (database.FORMAT,)


def test_a_list_makes_the_store_that_lines_wait_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NoSpace("no space left", hint="")

    with monkeypatch.context() as for_now:
        for_now.setattr(database, "_make", refuse)
        with mlops_jlab.start_run() as run:
            mlops_jlab.log_metric("m", 1)
        close_all()
        assert not place.database.exists()
        with pytest.raises(NoSpace):
            mlops_jlab.search_runs()
        assert "waits" in opening.waiting(place)
    assert len(mlops_jlab.search_runs()) == 1
    found = mlops_jlab.get_run(run.id)
    assert (found.status, found.metrics["m"].latest) == ("finished", 1.0)


def test_what_no_disk_takes_is_counted_and_said(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(keeping, "MOST", 10_000)
    monkeypatch.setattr(keeping, "_lost", 0)
    run = mlops_jlab.start_run()
    run.recorder.flush()
    full(monkeypatch, place.root, recovery.spool(place))
    begun = time.monotonic()
    for n in range(20_000):
        mlops_jlab.log_metric("m", n)
    assert time.monotonic() - begun < 10
    run.end()
    close_all()
    assert keeping.lost() > 19_000
    assert f"{keeping.lost():,} lines that were logged are lost" in capsys.readouterr().err


def test_memory_keeps_lines_until_there_is_room(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_PAUSE", 0.0)
    run = mlops_jlab.start_run()
    run.recorder.flush()
    with monkeypatch.context() as for_now:
        full(for_now, place.root, recovery.spool(place))
        for n in range(100):
            mlops_jlab.log_metric("m", n)
    mlops_jlab.log_metric("m", 100)
    run.end()
    close_all()
    found = mlops_jlab.tracking.finding.get_history(run.id, "m")  # type: ignore[attr-defined]
    assert [point.value for point in found] == list(range(101))
    assert mlops_jlab.get_run(run.id).status == "finished"


def test_values_that_no_disk_took_are_said_at_the_end_of_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    step = StepState("fit", "finished", seconds=1.0)
    said = PlainLines()
    said.step(step)
    step.note = f"{UNWRITTEN}no space left\n  → free some space"  # found out while the next step ran
    said.ended(RunState("a", "", "", {}, [step], status="finished"))
    said.step(other := StepState("save", "finished", note="it looks at the clock"))
    said.ended(RunState("a", "", "", {}, [other], status="finished"))
    assert capsys.readouterr().err.splitlines() == [
        "  ✓ fit  1.0 s", "  fit is not kept: no space left", "finished",
        "  ✓ save  (not kept: it looks at the clock)", "finished",
    ]  # fmt: skip


def test_our_own_commands_fail_when_something_was_lost(tmp_path: Path) -> None:
    program = (
        "import sys; from mlops_jlab.cli import main, runs; from mlops_jlab.store import keeping, recorder\n"
        "keeping._lost = 3; sys.argv = ['mlops-jlab', 'runs', 'list']; main.main()"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr


@pytest.mark.parametrize("content", [b"", b"something else", b"SQLite format 3\0" + b"x" * 4096])
@pytest.mark.parametrize("beside", [False, True])
def test_an_empty_or_foreign_file_is_no_store_and_is_left_alone(
    place: Place, content: bytes, beside: bool
) -> None:
    if beside:
        with mlops_jlab.start_run():
            mlops_jlab.log_text("x", "x.txt")
        close_all()
    place.root.mkdir(exist_ok=True)
    for path in place.root.glob("runs.db*"):
        path.unlink()
    place.database.write_bytes(content)
    before = sorted((p, p.read_bytes()) for p in place.root.rglob("*") if p.is_file())
    assert opening.exists(place)
    for look in (opening.reading, opening.writing):
        with (
            pytest.raises(database.Damaged, match=r"empty file|is damaged|is not a store") as caught,
            look(place),
        ):
            pass
        assert "store backup" in caught.value.hint
    with pytest.raises(database.Damaged):
        mlops_jlab.search_runs()
    assert sorted((p, p.read_bytes()) for p in place.root.rglob("*") if p.is_file()) == before


def test_another_programs_database_is_left_alone(place: Place) -> None:
    place.root.mkdir()
    with closing(sqlite3.connect(place.database)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("CREATE TABLE t (x)")
        other.commit()
    before = place.database.read_bytes()
    with pytest.raises(database.Damaged, match="is not a store of mlops-jlab"), opening.reading(place):
        pass
    assert place.database.read_bytes() == before
    assert [path.name for path in place.root.glob("runs.db*")] == ["runs.db"]


HOLD = """
import os, sqlite3, sys, time, fcntl
if sys.argv[1].endswith(".db"):
    held = sqlite3.connect(sys.argv[1], isolation_level=None); held.execute("BEGIN IMMEDIATE")
elif os.path.isdir(sys.argv[1]):
    held = os.open(sys.argv[1], os.O_RDONLY); fcntl.flock(held, fcntl.LOCK_EX)
else:
    held = open(sys.argv[1], "a"); fcntl.flock(held, fcntl.LOCK_EX)
print("held", flush=True); time.sleep(60)
"""


def holding(path: Path) -> subprocess.Popen[str]:
    """A process that holds a lock and is stopped."""
    held = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert held.stdout is not None
    held.stdout.readline()
    held.send_signal(signal.SIGSTOP)
    return held


@ON_LINUX
def test_a_list_says_that_runs_wait_while_another_holds_the_store(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    with mlops_jlab.start_run(run_name="seen"):
        pass
    close_all()
    held = holding(place.database)
    try:
        recorder = Recorder(place, lambda _text: None)
        recorder.put(["run", "a" * 32, 1, {"name": "waits", "started": 1.0}])
        begun = time.monotonic()
        program = "from mlops_jlab.cli.main import main; import sys; sys.argv = ['x', 'runs', 'list']; main()"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert time.monotonic() - begun < 8
        assert done.returncode == 0
        assert "seen" in done.stdout
        assert f"what was logged last waits: the store is being written by process {held.pid}" in done.stderr
        assert "which is stopped" in done.stderr
    finally:
        held.kill()
        held.wait()
    recorder.close()
    assert mlops_jlab.get_run("waits").id == "a" * 32


@ON_LINUX
def test_nobody_waits_long_before_saying_for_whom(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(locks, "PATIENCE", 0.2)
    monkeypatch.setattr(database, "PATIENCE", 0.2)
    monkeypatch.setattr(database, "BUSY", 1.0)
    recorder_for(place, telling.tell).open_database()
    close_all()
    held = holding(place.database)
    lock = holding(tmp_path / "a.lock")
    try:
        connection = sqlite3.connect(place.database, timeout=0.2, isolation_level=None)
        with closing(connection), pytest.raises(sqlite3.OperationalError), database.transaction(connection):
            pass
        assert f"the store is being written by process {held.pid}" in capsys.readouterr().err
        with pytest.raises(StoreBusy, match=rf"is locked by process {held.pid} \(python"):
            maintenance.vacuum(place)
        capsys.readouterr()
        with locks.waited(tmp_path / "a.lock", 1.0) as mine:
            assert not mine
        assert f"waiting for process {lock.pid} (python" in capsys.readouterr().err
    finally:
        for process in (held, lock):
            process.kill()
            process.wait()


@ON_LINUX
def test_the_folder_of_sockets_is_the_users_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    assert stat.S_IMODE(address.folder().stat().st_mode) == 0o700
    for mode in (0o777, 0o710, 0o702):
        address_folder = tmp_path / "runtime" / "mlops-jlab"
        address_folder.chmod(mode)
        with pytest.raises(address.UnsafeFolder, match="others may enter") as caught:
            address.folder()
        assert "chmod 700" in caught.value.hint
    address_folder.chmod(0o700)
    address_folder.rename(tmp_path / "elsewhere")
    address_folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(address.UnsafeFolder, match="not a folder of this user"):
        address.folder()
    address_folder.unlink()
    (tmp_path / "elsewhere").rename(address_folder)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(address.UnsafeFolder, match="not a folder of this user"):
        address.folder()


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "nb.ipynb"
    path.write_text(json.dumps(notebook_json([("step:a", "x = 1"), ("step:b", "print(x)")])))
    return path


@pytest.mark.skipif(os.name != "posix", reason="permissions")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_exports_keep_the_umask_and_runs_are_the_users_alone(
    tmp_path: Path, notebook: Path, umask: int
) -> None:
    before = os.umask(umask)
    try:
        export.export(export.graph_of(notebook), tmp_path / "out" / "nb")
        plan, _folder = planning.plan_of(notebook, tmp_path / "run", resume=False)
        folder = RunFolder(tmp_path / "run")
        state = begin(folder, plan, {}, resume=False)
        folder.begin(state)
        folder.note(state.steps[0])
        folder.release()
        files.write_whole(tmp_path / "own.txt", b"x")
    finally:
        os.umask(before)
    for path in [tmp_path / "out" / "nb", *(tmp_path / "out" / "nb").rglob("*"), tmp_path / "own.txt"]:
        expected = (0o777 if path.is_dir() else 0o666) & ~umask & ~0o002
        assert stat.S_IMODE(path.stat().st_mode) == expected, path
    for path in [tmp_path / "run", tmp_path / "run" / "executed", tmp_path / "run" / "handoff"]:
        assert not path.stat().st_mode & 0o077, path
    for path in (tmp_path / "run").iterdir():
        assert path.is_dir() or not path.stat().st_mode & 0o177, path


def leave_behind(notebook: Path, target: Path, moment: str) -> None:
    """What is left of a runner that was killed at this moment."""
    target.mkdir()
    if moment == "made":
        return
    if moment == "export":
        (target / ".pipeline.abcd1234.new" / "steps").mkdir(parents=True)
        return
    export.export(export.graph_of(notebook), target / "pipeline")
    if moment == "folders":
        (target / "executed").mkdir()
        (target / "handoff").mkdir()
        (target / ".run.json.12345678.tmp").write_text("{")


@pytest.mark.parametrize("moment", ["made", "export", "exported", "folders"])
@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_of_a_runner_that_was_killed_at_once_is_taken(
    tmp_path: Path, notebook: Path, moment: str, resume: bool
) -> None:
    target = tmp_path / "run"
    leave_behind(notebook, target, moment)
    plan, _folder = planning.plan_of(notebook, target, resume=resume)
    folder = RunFolder(target)
    state = begin(folder, plan, {}, resume=resume)
    assert [step.status for step in state.steps] == ["pending", "pending"]
    folder.begin(state)
    folder.release()
    with pytest.raises(InputError, match="holds a run already"):
        begin(RunFolder(target), plan, {}, resume=False)


def test_a_folder_of_something_else_is_refused(tmp_path: Path, notebook: Path) -> None:
    for name in ("pipeline/data.csv", "executed/a.ipynb", "mine.txt"):
        target = tmp_path / name.replace("/", "-")
        (target / name).parent.mkdir(parents=True)
        (target / name).write_text("1")
        with pytest.raises(InputError, match="holds something that is not a run"):
            planning.plan_of(notebook, target, resume=False)
        assert (target / name).read_text() == "1"
    with pytest.raises(InputError, match="there is no run in .*: it does not exist"):
        planning.plan_of(notebook, tmp_path / "nothing", resume=True)


def test_many_exports_at_once_leave_one_whole_export(tmp_path: Path, notebook: Path) -> None:
    graph = export.graph_of(notebook)
    target = tmp_path / "pipelines" / "nb"
    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(lambda _n: export.export(graph, target), range(50)))
    assert set(done) == {target}
    whole = {name: (target / name).read_bytes() for name in export.files_of(graph, target)}
    assert whole == export.files_of(graph, target)
    assert [path.name for path in target.parent.iterdir()] == ["nb"]


def git(folder: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words],
        cwd=folder,
        check=True,
        capture_output=True,
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "a.txt").write_text("1\n")
    (folder / "tracked.py").write_text("")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "x")
    return folder


def test_nothing_that_a_repository_names_is_executed_and_the_diff_applies(
    repository: Path, tmp_path: Path
) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f'#!/bin/sh\ntouch {tmp_path}/sprung\ncat "$1" 2>/dev/null || cat\n')
    trap.chmod(0o755)
    (repository / ".gitattributes").write_text("*.txt diff=trap filter=trap\n*.log filter=other\n")
    (repository / "b.log").write_text("\n".join(map(str, range(50))))
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "attributes")
    for name in ("diff.trap.textconv", "diff.trap.command", "diff.external", "core.fsmonitor", "filter.trap.clean",
                 "filter.trap.process"):  # fmt: skip
        git(repository, "config", name, str(trap))
    for name, value in (("filter.trap.required", "true"), ("diff.noprefix", "true"), ("diff.mnemonicPrefix", "true"),
                        ("color.diff", "always")):  # fmt: skip
        git(repository, "config", name, value)
    git(repository, "config", "extensions.worktreeConfig", "true")
    git(repository, "config", "--worktree", "filter.other.clean", str(trap))
    git(repository, "config", "diff.context", "0")
    (tmp_path / "sprung").unlink(missing_ok=True)
    (repository / "a.txt").write_text("2\n")
    (repository / "b.log").write_text("2\n".join(map(str, range(50))))
    facts, diff = code.state_of(repository)
    assert facts["dirty"] is True
    assert code.untracked(str(repository), [str(repository / "tracked.py")]) == []
    assert not (tmp_path / "sprung").exists()
    clean = tmp_path / "clean"
    git(tmp_path, "clone", "-q", str(repository), str(clean))
    subprocess.run(["git", "apply"], input=diff, cwd=clean, check=True)
    assert (clean / "a.txt").read_text() == "2\n"


def test_what_git_cannot_tell_is_unknown(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = subprocess.run

    def slow(words: list[str], **more: object) -> object:
        if "diff" in words:
            raise subprocess.TimeoutExpired(words, 10)
        return run(words, **more)  # type: ignore[call-overload]

    assert code.state_of(repository)[0]["dirty"] is False
    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "run", slow)
        assert code.state_of(repository)[0]["dirty"] == "unknown"
    (repository / "a.txt").write_text("2\n")
    for flag in ("assume-unchanged", "skip-worktree"):  # whoever set it: git does not look there
        git(repository, "update-index", f"--{flag}", "a.txt")
        assert code.state_of(repository)[0]["dirty"] == "unknown"
        git(repository, "update-index", f"--no-{flag}", "a.txt")
    assert code.state_of(repository)[0]["dirty"] is True
    assert [code.changes(found) for found in (True, False, None, "unknown")] == [
        " with changes", "", "", ", perhaps with changes",
    ]  # fmt: skip
    (repository / ".git" / "index").write_bytes(b"broken")
    assert code.state_of(repository)[0]["dirty"] == "unknown"


def test_a_hook_of_another_repository_is_none_of_the_folders(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    (other / "b.txt").write_text("1\n")
    git(other, "add", ".")
    git(other, "commit", "-qm", "y")
    (repository / "a.txt").write_text("2\n")
    found = code.state_of(repository)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    assert code.state_of(repository) == found
    assert found[0]["dirty"] is True


def test_an_untracked_module_makes_a_run_dirty(repository: Path, tmp_path: Path) -> None:
    (repository / "main.py").write_text(
        "import sys; sys.path.insert(0, '.')\nimport mlops_jlab, tracked\n"
        "if len(sys.argv) > 1: import loose\nwith mlops_jlab.start_run(run_name=str(len(sys.argv))): pass\n"
    )
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "main")
    (repository / "loose.py").write_text("")
    (repository / "unused.py").write_text("")
    for words, dirty in (([], False), (["more"], True)):
        environment = {**os.environ, "PYTHONPATH": str(Path(mlops_jlab.__file__).parents[1])}
        subprocess.run([sys.executable, "main.py", *words], cwd=repository, check=True, env=environment)
        facts = mlops_jlab.get_run(str(len(words) + 1)).facts["git"]
        assert facts["dirty"] is dirty
        assert facts.get("untracked", []) == ["loose.py"] * dirty


def test_no_colour_goes_into_pipes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert telling.coloured("x", telling.RED, io.StringIO()) == "x"
    assert telling.coloured("x", telling.RED, Terminal()) == "\x1b[31mx\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert telling.coloured("x", telling.RED, Terminal()) == "x"


def test_errors_are_told_apart_by_their_classes(place: Place) -> None:
    for text, kind in (("database is locked", "StoreBusy"), ("attempt to write a readonly database", "StoreUnwritable"),
                       ("file is not a database", "Damaged"), ("disk is full", "StoreError")):  # fmt: skip
        error = database.translate(sqlite3.OperationalError(text), place.database)
        assert isinstance(error, StoreError)
        assert type(error).__name__ == kind


@pytest.mark.skipif(os.name != "posix", reason="limits of a process")
def test_too_few_files_are_said_in_a_sentence(tmp_path: Path, notebook: Path) -> None:
    words = f"ulimit -n 20; exec {sys.executable} -m mlops_jlab run {notebook} --output {tmp_path}/run"
    environment = {**os.environ, "PYTHONPATH": str(Path(mlops_jlab.__file__).parents[1])}
    done = subprocess.run(["bash", "-c", words], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: this process may have 20 files open at once, and needs 128\n  → ")
    assert not (tmp_path / "run").exists()


def test_a_process_is_known_where_the_system_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    psutil = pytest.importorskip("psutil")

    def nothing(*_words: object) -> None:
        raise FileNotFoundError("/proc")

    monkeypatch.setattr(Path, "read_text", nothing)
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    monkeypatch.setattr(psutil, "boot_time", nothing)
    monkeypatch.setattr(psutil, "Process", nothing)
    assert (processes._boot(), processes._started(os.getpid())) == ("", "there")
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    assert processes._started(dead.pid) == ""


def test_looking_at_a_store_takes_no_lock_from_sqlite(place: Place) -> None:
    """Whoever closes a file takes the locks of the whole process from it."""
    with mlops_jlab.start_run():
        pass
    close_all()
    with closing(database.connect(place.database)) as first:
        first.execute("BEGIN IMMEDIATE")
        database.connect(place.database, write=False).close()
        code = (
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)\n"
            "c.execute('BEGIN IMMEDIATE')"
        )
        words = [sys.executable, "-c", code, str(place.database)]
        assert "locked" in subprocess.run(words, capture_output=True, text=True, check=False).stderr
        first.execute("ROLLBACK")
