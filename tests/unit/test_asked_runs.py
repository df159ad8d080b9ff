"""A run has its id from who asks for it, and is in the table before any process executes it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from mlops_jlab.entities.graphs import Graph
from mlops_jlab.entities.runs import ProcessIdentity, Run, RunStatus, checked_run_id, new_run_id
from mlops_jlab.entities.schedules import Schedule
from mlops_jlab.errors import InputError, StoreError, TrackingError
from mlops_jlab.retraining import schedules, ticking
from mlops_jlab.server import apart, pipelines
from mlops_jlab.store import changing, database, opening, reading, scheduling
from mlops_jlab.store.applying import Applier
from mlops_jlab.store.location import Place
from mlops_jlab.store.processes import this_process
from mlops_jlab.store.recorder import close_all
from mlops_jlab.tracking import announcing, finding, lifecycle
from mlops_jlab.tracking.announcing import Announcement
from tests.conftest import notebook_json
from tests.unit.test_routes import ask, jp_server_config, printed, refused, when_over

__all__ = ["jp_server_config"]  # the fixture
pytest_plugins = ["pytest_jupyter.jupyter_server"]
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def place(jp_root_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """The store of the server's root."""
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(jp_root_dir / ".mlops"))
    yield Place(jp_root_dir / ".mlops")
    close_all()


@pytest.fixture
def notebook(jp_root_dir: Path) -> Path:
    path = jp_root_dir / "nb.ipynb"
    cells = [("parameters", "n: int = 3"), ("step:a", "import time\nx = n\ntime.sleep(0.5)"),
             ("step:b", "print('n is', x)")]  # fmt: skip
    path.write_text(json.dumps(notebook_json(cells)))
    return path


async def begin(jp_fetch: Any, **more: Any) -> str:
    body = json.dumps({"path": "nb.ipynb", **more})
    return str((await ask(jp_fetch, "pipelines", "run", method="POST", body=body))["run"])


def process_of(run: str) -> subprocess.Popen[bytes]:
    return apart._children[run].process


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes of runs do nothing, from their first moment on, until they are told to go on."""
    start = apart.start

    def stopped(*words: Any) -> apart.Child:
        child = start(*words)
        child.process.send_signal(signal.SIGSTOP)
        return child

    monkeypatch.setattr(apart, "start", stopped)


@pytest.mark.usefixtures("held")
async def test_a_run_is_pending_from_the_answer_on(jp_fetch: Any, notebook: Path) -> None:
    run = await begin(jp_fetch)
    process = process_of(run)
    found = await ask(jp_fetch, "pipelines", run)
    assert (found["run"]["status"], found["steps"], found["resumable"]) == ("pending", [], False)
    assert (found["run"]["source"], found["run"]["experiment"]) == (str(notebook), "nb")
    last = await ask(jp_fetch, "pipelines", "last", params={"path": "nb.ipynb"})
    assert last["run"]["id"] == run
    listed = await ask(jp_fetch, "runs", params={"filter": "status = 'pending'"})
    assert [one["id"] for one in listed["runs"]] == [run]
    body = json.dumps({"ids": [run]})
    assert (await refused(jp_fetch, "runs", "delete", method="POST", body=body))[0] == 400
    os.kill(process.pid, signal.SIGCONT)
    over = await when_over(jp_fetch, run)
    assert (over["status"], over["attempt"], over["name"]) == ("finished", 1, found["run"]["name"])
    assert over["duration"] > 0.3
    assert "finished" in printed(await ask(jp_fetch, "pipelines", run, "log"))
    assert len(finding.find_runs("kind = 'pipeline'")) == 1


async def test_two_runs_of_one_notebook_each_have_their_own(jp_fetch: Any, notebook: Path) -> None:
    first, second = await asyncio.gather(
        begin(jp_fetch, parameters={"n": 1}), begin(jp_fetch, parameters={"n": 2})
    )
    for run, n in ((first, "1"), (second, "2")):
        over = await when_over(jp_fetch, run)
        assert (over["status"], over["params"]) == ("finished", {"n": n})
        steps = (await ask(jp_fetch, "pipelines", run))["steps"]
        assert [step["name"] for step in steps] == ["a", "b"]
        text = printed(await ask(jp_fetch, "pipelines", run, "log", params={"step": "b"}))
        assert text.startswith(f"n is {n}")
    assert len(finding.find_runs("kind = 'pipeline'")) == 2


@pytest.mark.usefixtures("held")
async def test_a_process_that_is_killed_at_once_leaves_a_failed_run(jp_fetch: Any, notebook: Path) -> None:
    run = await begin(jp_fetch)
    process_of(run).kill()
    over = await when_over(jp_fetch, run)
    assert (over["status"], over["attempt"]) == ("failed", 0)
    assert "SIGKILL before the run began" in over["reason"]
    assert printed(await ask(jp_fetch, "pipelines", run, "log")) == ""
    found = await ask(jp_fetch, "pipelines", run)
    assert (found["run"]["status"], found["resumable"], found["failed"]) == ("failed", False, False)
    body = json.dumps({"ids": [run]})
    await ask(jp_fetch, "runs", "delete", method="POST", body=body)


async def test_a_run_that_cannot_begin_says_why_and_keeps_its_log(
    jp_fetch: Any, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = pipelines.fit

    def then_gone(path: Path) -> Graph:
        graph = fit(path)
        path.unlink()
        return graph

    monkeypatch.setattr(pipelines, "fit", then_gone)
    for verb, more in (("run", {}), ("sweep", {"values": {"n": "1,2"}})):
        text = notebook.read_text()
        body = json.dumps({"path": "nb.ipynb", **more})
        run = (await ask(jp_fetch, "pipelines", verb, method="POST", body=body))["run"]
        over = await when_over(jp_fetch, run)
        assert over["status"] == "failed"
        assert "code 2 before the run began" in over["reason"]
        assert "nb.ipynb" in over["reason"]
        assert "nb.ipynb" in printed(await ask(jp_fetch, "pipelines", run, "log"))
        notebook.write_text(text)


async def test_a_process_that_cannot_be_made_leaves_a_failed_run(
    jp_fetch: Any, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(notebook.parent / "no-python"))
    body = json.dumps({"path": "nb.ipynb"})
    status, told = await refused(jp_fetch, "pipelines", "run", method="POST", body=body)
    assert (status, "could not be started" in told["message"]) == (500, True)
    (run,) = (await ask(jp_fetch, "runs"))["runs"]
    assert (run["status"], "no-python" in run["reason"]) == ("failed", True)


@pytest.mark.usefixtures("held")
async def test_a_run_is_cancelled_before_it_begins(jp_fetch: Any, notebook: Path) -> None:
    run = await begin(jp_fetch)
    process = process_of(run)
    await ask(jp_fetch, "pipelines", run, "cancel", method="POST", body="{}")
    os.kill(process.pid, signal.SIGCONT)
    over = await when_over(jp_fetch, run)
    assert (over["status"], over["reason"]) == ("killed", "cancelled before it began")


async def test_a_pending_run_of_another_server_is_not_cancelled_here(jp_fetch: Any, place: Place) -> None:
    run = announced(place)
    status, told = await refused(jp_fetch, "pipelines", run.id, "cancel", method="POST", body="{}")
    assert (status, "not started by this server" in told["message"]) == (400, True)


async def test_a_resumed_run_is_a_run_of_its_own_in_the_same_folder(jp_fetch: Any, notebook: Path) -> None:
    cells = [("step:a", "x = 1"), ("step:b", "import os\nassert os.path.exists('go') and x")]
    notebook.write_text(json.dumps(notebook_json(cells)))
    first = await begin(jp_fetch)
    before = await when_over(jp_fetch, first)
    (notebook.parent / "go").touch()
    second = await begin(jp_fetch, resume=first)
    after = await when_over(jp_fetch, second)
    assert (before["status"], after["status"]) == ("failed", "finished")
    assert before["facts"]["engine"]["folder"] == after["facts"]["engine"]["folder"]
    logs = [printed(await ask(jp_fetch, "pipelines", run, "log")) for run in (first, second)]
    assert ["AssertionError" in log for log in logs] == [True, False]


async def test_a_run_of_a_notebook_that_was_mended_is_a_new_one(jp_fetch: Any, notebook: Path) -> None:
    cells = [("parameters", "n: int = 1"), ("step:a", "x = n"), ("step:b", "1 / 0")]
    notebook.write_text(json.dumps(notebook_json(cells)))
    first = await begin(jp_fetch, parameters={"n": "7"})
    before = await when_over(jp_fetch, first)
    cells[-1] = ("step:b", "print('x is', x)")
    notebook.write_text(json.dumps(notebook_json(cells)))
    second = await begin(jp_fetch, resume=first)
    after = await when_over(jp_fetch, second)
    assert (before["status"], after["status"]) == ("failed", "finished")
    assert before["facts"]["engine"]["folder"] != after["facts"]["engine"]["folder"]
    lines = (await ask(jp_fetch, "pipelines", second, "log", params={"step": "b"}))["lines"]
    assert [line["text"] for line in lines] == ["x is 7"]


def announced(place: Place, owner: ProcessIdentity | None = None) -> Announcement:
    """A pending run, of a process that is dead if one is given."""
    run = Announcement(new_run_id(), "r", "e", "pipeline", Path("/nb.ipynb"), folder=Path("/f"))
    announcing.announce(place, run)
    if owner is not None:
        with closing(database.connect(place.database)) as connection:
            words = (json.dumps(asdict(owner)), run.id)
            connection.execute("UPDATE runs SET owner = ? WHERE id = ?", words)
    return run


def read(place: Place, run_id: str) -> Run:
    with opening.reading(place) as connection:
        return reading.find(connection, run_id)


def test_the_process_that_begins_a_run_knows_it_better(place: Place) -> None:
    run = announced(place)
    before = read(place, run.id)
    assert (before.status, before.attempt, before.owner) == (RunStatus.PENDING, 0, this_process())
    live = lifecycle.start(name="better", experiment="mine", run_id=run.id, activate=False)
    live.log_metric("m", 1)
    now = read(place, run.id)
    assert (now.seq, now.status, now.attempt) == (before.seq, RunStatus.RUNNING, 1)
    assert (now.name, now.experiment, now.engine.folder) == ("better", "mine", "/f")
    assert announcing.give_up(place, run.id, RunStatus.FAILED, "late") is False
    live.end()
    assert (read(place, run.id).status, read(place, run.id).reason) == (RunStatus.FINISHED, "")


def test_a_run_is_begun_once(place: Place) -> None:
    run = announced(place)
    live = lifecycle.start(name="first", run_id=run.id, activate=False)
    with pytest.raises(TrackingError, match="taken up by another"):
        lifecycle.start(name="second", run_id=run.id, activate=False)
    code = f"from mlops_jlab.tracking import lifecycle\nlifecycle.start(name='third', run_id={run.id!r})"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "taken up by another" in other.stderr
    assert read(place, run.id).name == "first"
    live.end()
    with pytest.raises(TrackingError, match="taken up by another"):
        lifecycle.start(name="after its end", run_id=run.id, activate=False)
    assert read(place, run.id).status is RunStatus.FINISHED


def test_lines_that_come_twice_begin_a_run_once(place: Place) -> None:
    run = announced(place)
    fields = {"name": "n", "experiment": "e", "kind": "pipeline", "owner": "", "started": 5.0}
    end = {"status": "finished", "ended": 6.0, "duration": 1.0}
    lines = [["run", run.id, 1, fields], ["end", run.id, 1, end]]
    with closing(database.connect(place.database)) as connection:
        for _ in range(2):
            with database.transaction(connection):
                Applier(connection).apply(lines)
        with database.transaction(connection):  # what is said of the announced run comes late
            Applier(connection).apply([["end", run.id, 0, {**end, "status": "failed"}]])
            Applier(connection).apply([["run", run.id, 0, {**fields, "status": "pending"}]])
        found = reading.find(connection, run.id)
    assert (found.status, found.attempt, found.started, found.ended) == (RunStatus.FINISHED, 1, 5.0, 6.0)


def test_a_run_whose_server_died_is_killed_and_may_still_begin(place: Place) -> None:
    run = announced(place, ProcessIdentity(2**22 + 1, "1", this_process().boot, this_process().host))
    gone = read(place, run.id)
    assert (gone.status, "ended without a word" in gone.reason) == (RunStatus.KILLED, True)
    live = lifecycle.start(name="late", run_id=run.id, activate=False)
    now = read(place, run.id)
    assert (now.status, now.reason, now.ended) == (RunStatus.RUNNING, "", None)
    live.end()


def test_a_failed_announcement_keeps_the_end_of_its_reason(place: Place) -> None:
    run = announced(place)
    assert announcing.give_up(place, run.id, RunStatus.FAILED, "x" * 5000 + " at last") is True
    found = read(place, run.id)
    assert (found.status, len(found.reason), found.reason[-7:]) == (RunStatus.FAILED, 2000, "at last")
    assert announcing.give_up(place, new_run_id(), RunStatus.FAILED, "") is False


def test_a_store_that_cannot_be_made_takes_no_announcement(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        announced(Place(tmp_path / "file" / "store"))


@pytest.mark.parametrize("text", ["", "abc", "F" * 32, "g" * 32, "a" * 33, "a" * 31 + "\n", "../" * 11])
def test_an_id_has_its_shape(text: str) -> None:
    with pytest.raises(InputError, match="not a run's id"):
        checked_run_id(text)
    assert checked_run_id(new_run_id())


def mlops_jlab(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mlops_jlab", *words], capture_output=True, text=True, check=False, cwd=folder
    )


def test_the_command_line_begins_the_run_that_it_is_told(place: Place, notebook: Path) -> None:
    for wrong in (["--run-id", "abc"], ["--run-id", new_run_id(), "--no-track"]):
        done = mlops_jlab("run", notebook.name, *wrong, folder=notebook.parent)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    run = new_run_id()  # one that nobody has announced serves as well
    done = mlops_jlab("run", notebook.name, "--run-id", run, "--experiment", "x", folder=notebook.parent)
    assert done.returncode == 0, done.stderr
    assert f"runs show {run[:12]}" in done.stdout
    assert (read(place, run).status, read(place, run).experiment) == (RunStatus.FINISHED, "x")
    again = mlops_jlab("run", notebook.name, "--run-id", run, folder=notebook.parent)
    assert again.returncode != 0
    assert "taken up by another process already" in again.stderr
    assert "Traceback" not in again.stderr
    assert read(place, run).status is RunStatus.FINISHED


def test_the_trials_of_a_sweep_that_cannot_go_on_are_told_of(place: Place, notebook: Path) -> None:
    notebook.write_text(notebook.read_text().replace('"python3"', '"gone-with-the-environment"'))
    done = mlops_jlab("sweep", notebook.name, "-p", "n=1,2", folder=notebook.parent)
    assert (done.returncode, "there is no kernel" in done.stderr) == (2, True)
    whole = finding.find_runs("kind = 'sweep'")[0]
    (trial,) = finding.find_runs("kind = 'pipeline'")
    assert (whole.status, trial.status, trial.parent) == (RunStatus.FAILED, RunStatus.FAILED, whole.id)
    assert whole.reason == trial.reason != ""


def test_a_pending_run_is_shown_as_one(place: Place, jp_root_dir: Path) -> None:
    run = announced(place)
    assert "pending" in mlops_jlab("runs", "list", folder=jp_root_dir).stdout
    place.logs.mkdir()
    place.log_of(run.id).write_text("said")
    shown = mlops_jlab("runs", "show", run.id, folder=jp_root_dir).stdout
    assert "pending" in shown
    assert str(place.log_of(run.id)) in shown


def test_a_scheduled_run_that_cannot_begin_is_in_the_table(place: Place, notebook: Path) -> None:
    schedules.add(place, Schedule("s", str(notebook), cron="0 3 * * *", retries=0, backoff=0.0), {})
    claimed = ticking.run_now(place, "s")
    assert claimed is not None
    notebook.write_text(notebook.read_text().replace("x = n", "x = ("))
    seen = []
    firing = ticking.execute(place, claimed, announced=lambda run: seen.append(read(place, run).status))
    run = read(place, firing.run)
    assert (firing.status, seen, run.status) == ("failed", [RunStatus.PENDING], RunStatus.FAILED)
    assert run.reason == firing.why != ""
    assert (run.source, run.experiment) == (str(notebook), "s")


def test_a_scheduled_run_finds_its_log(place: Place, notebook: Path) -> None:
    schedules.add(place, Schedule("s", str(notebook), cron="0 3 * * *", retries=0), {})
    claimed = ticking.run_now(place, "s")
    assert claimed is not None
    assert ticking.start(place, claimed).wait(60) == 0
    with opening.reading(place) as connection:
        (firing,) = scheduling.firings(connection, claimed.schedule.id)
    assert read(place, firing.run).status is RunStatus.FINISHED
    assert place.log_of(firing.run).exists()


def test_a_run_that_is_removed_takes_its_log_along(place: Place) -> None:
    first, second = announced(place), announced(place)
    place.logs.mkdir()
    for run in (first, second):
        announcing.give_up(place, run.id, RunStatus.FAILED, "")
        place.log_of(run.id).write_text("said")
    with opening.writing(place) as connection:
        changing.delete(connection, [reading.find(connection, first.id)])
        assert changing.clean(place, connection).runs == 1
    assert [place.log_of(run.id).exists() for run in (first, second)] == [False, True]
