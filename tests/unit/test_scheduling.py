"""When schedules are due: cron lines and time zones, missed times, clocks that are set; who gets a firing."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mlops_jlab.entities.schedules import Firing, Schedule, Story
from mlops_jlab.errors import ConflictError, InputError
from mlops_jlab.retraining import ticking
from mlops_jlab.scheduling import data
from mlops_jlab.scheduling.due import check, due, is_within, parse_duration, upcoming
from mlops_jlab.store import auditing, database, location, opening, scheduling
from mlops_jlab.store.artifacts import digest_of_data
from mlops_jlab.store.location import Place

PARIS = ZoneInfo("Europe/Paris")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def nightly(**given: object) -> Schedule:
    return check(Schedule("n", "nb.ipynb", **{"cron": "30 2 * * *", "tz": "Europe/Paris", **given}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "times"),
    [
        ("2026-03-28", ["2026-03-29 03:00", "2026-03-30 02:30"]),  # the clock jumps over 02:30
        ("2026-10-24", ["2026-10-25 02:30", "2026-10-26 02:30"]),  # it passes 02:30 twice
    ],
)
def test_a_night_with_a_clock_change_has_one_time(day: str, times: list[str]) -> None:
    after = datetime.fromisoformat(f"{day} 12:00").replace(tzinfo=PARIS)
    found = upcoming(nightly(), after, 2)
    assert [f"{at.astimezone(PARIS):%Y-%m-%d %H:%M}" for at in found] == times


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"cron": "60 * * * *"}, "is not a valid cron line"), ({"cron": "0 0 30 2 *"}, "is n"), ({"cron": "* * * *"}, "is not a valid cron line"),
        ({"cron": "*/0 * * * *"}, "is not a valid cron line"), ({"tz": "Europe/Pariss"}, "did you mean 'Europe/Paris'"),
        ({"cron": "", "every": 1.0}, "10 seconds at most"), ({"every": 60.0}, "not both"), ({"cron": ""}, "never due"),
    ],
)  # fmt: skip
def test_what_is_never_due_is_refused_when_it_is_made(given: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        nightly(**given)


def test_nicknames_and_the_31st() -> None:
    assert nightly(cron="@daily").cron == "0 0 * * *"
    months = upcoming(nightly(cron="0 0 31 * *", tz="UTC"), moment("2026-01-01"), 4)
    assert [at.month for at in months] == [1, 3, 5, 7]


def test_what_was_missed_is_due_once_and_a_clock_that_is_set_back_makes_nothing_due_again() -> None:
    schedule = nightly(tz="UTC")
    asleep = due(schedule, moment("2026-05-01T12:00"), moment("2026-05-04T12:00"))
    assert asleep is not None
    assert (asleep.at, asleep.missed) == (moment("2026-05-04T02:30"), 2)
    assert due(schedule, moment("2026-05-04T12:00"), moment("2026-05-03T12:00")) is None
    assert due(schedule, moment("2026-05-04T02:30"), moment("2026-05-05T02:29")) is None


def test_every_so_often_counts_from_when_the_schedule_was_made() -> None:
    schedule = check(Schedule("n", "nb", every=6 * 3600.0, created=moment("2026-01-01T05:00").timestamp()))
    assert upcoming(schedule, moment("2026-01-01T05:00"), 2) == [
        moment("2026-01-01T11:00"), moment("2026-01-01T17:00")
    ]  # fmt: skip
    assert upcoming(schedule, moment("2026-01-01T11:00"), 1) == [moment("2026-01-01T17:00")]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15min", 900), ("6h", 21_600), ("1d", 86_400), ("1.5 h", 5400)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "-1h", "6 weeks!", "1e9d", "nan s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(InputError, match="not a duration"):
        parse_duration(text)


def test_data_is_new_when_its_content_is_and_once_it_has_settled(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1")
    now = time.time() + 10
    first = data.look(data.Watched([str(tmp_path)]), "", now, digest_of_data)
    (tmp_path / "a.csv").touch()
    assert data.changed(first, data.look(data.Watched([str(tmp_path)]), first, now, digest_of_data)) == []
    (tmp_path / "b.csv").write_text("2")
    assert (
        data.look(data.Watched([str(tmp_path)]), first, time.time(), digest_of_data) == first
    )  # it may still be written
    second = data.look(data.Watched([str(tmp_path)]), first, now, digest_of_data)
    assert data.changed(first, second) == [str(tmp_path / "b.csv")]
    (tmp_path / "b.csv").write_text("3")
    assert data.changed(second, data.look(data.Watched([str(tmp_path)]), second, now, digest_of_data)) == [
        str(tmp_path / "b.csv")
    ]
    (tmp_path / "link").symlink_to("/etc")
    assert "/etc" not in data.look(data.Watched([str(tmp_path)]), second, now, digest_of_data)


def test_a_file_that_somebody_has_open_to_write_has_not_settled(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    watched, now = data.Watched([str(tmp_path)]), time.time() + 1000
    with path.open("w") as file:
        file.write("half")
        file.flush()
        assert data.look(watched, "", now, digest_of_data) == ""
    assert str(path) in data.look(watched, "", now, digest_of_data)


def test_a_folder_counts_when_its_marker_is_there_and_files_that_fit(tmp_path: Path) -> None:
    (tmp_path / "day=1").mkdir()
    part = tmp_path / "day=1" / "part.csv"
    part.write_text("1")
    (tmp_path / "day=1" / "part.tmp").write_text("1")
    watched = data.Watched([str(tmp_path)], 0.0, "*.csv", "_SUCCESS")
    now = time.time()
    assert data.look(watched, "", now, digest_of_data) == ""
    (tmp_path / "day=1" / "_SUCCESS").touch()
    first = data.look(watched, "", now, digest_of_data)
    assert data.changed("", first) == [str(part)]
    part.write_text("22")
    os.utime(part, ns=(1, (tmp_path / "day=1" / "_SUCCESS").stat().st_mtime_ns + 1))
    assert data.look(watched, first, now, digest_of_data) == first  # written since: it is marked anew
    os.utime(tmp_path / "day=1" / "_SUCCESS", (now + 9, now + 9))
    assert data.changed(first, data.look(watched, first, now, digest_of_data)) == [str(part)]


def test_what_is_moved_in_with_an_old_time_has_to_settle_as_well(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for n in range(2):
        (tmp_path / f"{n}.csv").write_text(str(n))
        os.utime(tmp_path / f"{n}.csv", (1, 1))
    watched, now = data.Watched([str(tmp_path / "in")], 30.0), time.time()
    (tmp_path / "0.csv").rename(tmp_path / "in" / "0.csv")  # the other one is on its way
    assert data.look(watched, "", now, digest_of_data) == ""
    (tmp_path / "1.csv").rename(tmp_path / "in" / "1.csv")
    first = data.look(watched, "", now + 60, digest_of_data)
    assert len(data.changed("", first)) == 2
    (tmp_path / "in" / "1.csv").unlink()  # to be written anew
    assert data.look(watched, first, now, digest_of_data) == first
    assert data.changed(first, data.look(watched, first, now + 60, digest_of_data)) == [
        str(tmp_path / "in" / "1.csv")
    ]


def test_a_copy_with_the_size_and_time_of_what_it_replaces_is_a_change(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("1")
    os.utime(path, (1, 1))
    watched, now = data.Watched([str(path)], 0.0), time.time() + 10
    first = data.look(watched, "", now, digest_of_data)
    path.write_text("2")
    os.utime(path, (1, 1))
    assert data.changed(first, data.look(watched, first, now, digest_of_data)) == [str(path)]


def test_a_marked_folder_that_is_emptied_to_be_written_anew_is_no_change_yet(tmp_path: Path) -> None:
    for day in ("day=1", "day=2"):
        (tmp_path / day).mkdir()
        for name in ("part.csv", "_SUCCESS"):
            (tmp_path / day / name).write_text("1")
    watched, now = data.Watched([str(tmp_path)], 0.0, marker="_SUCCESS"), time.time() + 100
    first = data.look(watched, "", now, digest_of_data)
    shutil.rmtree(tmp_path / "day=1")
    assert data.look(watched, first, now, digest_of_data) == first
    (tmp_path / "day=1").mkdir()
    (tmp_path / "day=1" / "part.csv").write_text("2")
    assert data.look(watched, first, now, digest_of_data) == first
    (tmp_path / "day=1" / "_SUCCESS").touch()
    os.utime(tmp_path / "day=1" / "_SUCCESS", (now, now))
    assert data.changed(first, data.look(watched, first, now, digest_of_data)) == [
        str(tmp_path / "day=1" / "part.csv")
    ]


def test_a_file_that_is_never_finished_is_named(place: Place, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1")
    log = tmp_path / "live.log"
    schedule = Schedule("data", "nb.ipynb", on_data=(str(tmp_path),), id="w", settle=0.0)
    with opening.writing(place) as connection:
        scheduling.add(connection, schedule, who="me")
    assert ticking.waiting_for(place, time.time() + 60) == []
    with log.open("w"):
        assert ticking.waiting_for(place, time.time() + 60) == [f"data waits: {log} is being written"]


def test_data_with_a_new_time_and_the_same_content_is_read_once(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, read = tmp_path / "a.csv", []
    path.write_text("1")
    now = time.time() + 100

    def digest(path: Path, size: int, stop: Callable[[], bool]) -> str:
        read.append(path)
        return digest_of_data(path, size, stop)

    monkeypatch.setattr(ticking, "digest_of_data", digest)
    seen = data.look(data.Watched([str(path)]), "", now, digest_of_data)
    with opening.writing(place) as connection:
        for other in scheduling.schedules(connection):
            scheduling.remove(connection, other, who="me")
        scheduling.add(
            connection, Schedule("d", "nb.ipynb", on_data=(str(path),), id="w", seen=seen), who="me"
        )
    path.touch()
    for _ in range(3):
        assert list(ticking.claim_all(place, now)) == []
    assert len(read) == 1


def test_a_look_has_limits_and_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(4):
        (tmp_path / f"{n}.csv").write_text(str(n))
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to(tmp_path)
    watched, now = data.Watched([str(tmp_path)], 0.0), time.time()
    read: list[Path] = []

    def digest(path: Path, size: int, stop: Callable[[], bool]) -> str:
        read.append(path)
        return digest_of_data(path, size, stop)

    assert data.look(watched, "", now, digest, cancelled=lambda: len(read) == 2) == ""
    assert len(read) == 2
    in_time = data.look(watched, "", now, digest, longest=-1.0)
    assert (len(read), len(data.changed("", in_time))) == (2, 4)  # by size and time
    monkeypatch.setattr(data, "LARGEST", 0)
    assert len(data.changed("", data.look(watched, "", now, digest))) == 4
    assert len(read) == 2
    monkeypatch.setattr(data, "MOST_FILES", 3)
    with pytest.raises(data.TooMuch, match="more than 3 files at .*"):
        data.check(watched)


@pytest.mark.parametrize("path", ["/proc", "/proc/self/status", "/sys/kernel", "/dev/zero", "/dev"])
def test_what_the_system_makes_up_is_no_data(path: str) -> None:
    with pytest.raises(InputError, match="the system makes it up"):
        data.check(data.Watched([path]))


def test_only_what_a_file_had_is_read_and_nothing_but_a_file(tmp_path: Path) -> None:
    """A file of the system's has size 0 and an endless content; a device or a pipe has no end at all."""
    path = tmp_path / "grows"
    path.write_text("12")
    assert digest_of_data(path, 1, lambda: False) == digest_of_data(path, 1, lambda: False)
    assert digest_of_data(path, 1, lambda: False) != digest_of_data(path, 2, lambda: False)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(path)
    for wrong in (tmp_path / "fifo", tmp_path / "link", Path("/dev/zero")):
        with pytest.raises(OSError):  # whichever the system says
            digest_of_data(wrong, 1, lambda: False)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path / "store")
    location.make(found)
    database.connect(found.database).close()
    with opening.writing(found) as connection:
        for name in ("a", "b"):
            scheduling.add(connection, replace(nightly(), name=name, id=name), who="me")
    return found


def _claim(place: Place, count: int) -> int:
    won = 0
    for number in range(count):
        with opening.writing(place) as connection:
            a = scheduling.find(connection, "a")
            won += scheduling.claim(connection, a, f"2026-01-{number + 1:02d}", "time", alone=False)
    return won


def test_of_several_processes_one_gets_each_firing(place: Place) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        won = pool.starmap(_claim, [(place, 9)] * 3)
    assert sum(won) == 9


def test_a_firing_does_not_begin_while_another_of_its_schedule_runs(place: Place) -> None:
    with opening.writing(place) as connection:
        a, b = scheduling.schedules(connection)
        assert scheduling.claim(connection, a, "1", "time")
        assert not scheduling.claim(connection, a, "2", "time")
        assert scheduling.claim(connection, b, "2", "time")


def test_a_late_writer_of_an_attempt_that_was_taken_over_changes_nothing(place: Place) -> None:
    with opening.writing(place) as connection:
        a = scheduling.find(connection, "a")
        scheduling.claim(connection, a, "1", "time", steps=[Story("due", "done")])
        first = scheduling.get(connection, "a", "1")
        second = scheduling.take_over(connection, first)
        assert second is not None
        assert second.attempt == 2
        assert scheduling.take_over(connection, first) is None
        with pytest.raises(ConflictError):
            scheduling.save(connection, replace(first, status="finished"))
        scheduling.save(connection, replace(second, status="finished"))
        assert scheduling.get(connection, "a", "1").status == "finished"


def test_the_owner_of_a_firing_is_seen_to_be_alive(place: Place) -> None:
    with opening.writing(place) as connection:
        a = scheduling.find(connection, "a")
        scheduling.claim(connection, a, "1", "time")
        assert scheduling.left_behind(connection, time.time()) == []
        connection.execute("UPDATE firings SET owner = json_set(owner, '$.pid', 1, '$.started', 'x')")
        assert [f.due for f in scheduling.left_behind(connection, time.time())] == ["1"]


def test_schedules_are_in_the_audit_log_and_a_removed_name_is_free_again(place: Place) -> None:
    with opening.writing(place) as connection:
        a = scheduling.find(connection, "a")
        scheduling.pause(connection, a, True, who="me", reason="holiday")
        assert [s.name for s in scheduling.schedules(connection, active=True)] == ["b"]
        scheduling.remove(connection, a, who="me")
        scheduling.add(connection, replace(nightly(), name="a", id="c"), who="me")
        with pytest.raises(InputError, match="a schedule 'a' already"):
            scheduling.add(connection, replace(nightly(), name="a", id="d"), who="me")
        told = [(entry.action, entry.reason) for entry in auditing.entries(connection)]
        assert told[1:3] == [("remove schedule", ""), ("pause schedule", "holiday")]


def test_a_run_that_somebody_cancels_is_over_for_all_workers(place: Place) -> None:
    now = time.time() + 86_400
    claimed, *_others = ticking.claim_all(place, now)
    mine = replace(claimed.firing, run=f"{'a' * 32} {'b' * 32}")
    with opening.writing(place) as connection:
        scheduling.save(connection, mine)
        scheduling.cancel_run(connection, "c" * 32, Story("run", "failed", "cancelled by me", now))
        assert scheduling.get(connection, mine.schedule, mine.due).status == "running"
        scheduling.cancel_run(connection, "b" * 32, Story("run", "failed", "cancelled by me", now))
        with pytest.raises(ConflictError):
            scheduling.save(connection, replace(mine, status="finished"))
        scheduling.let_go(connection, mine)
        found = scheduling.get(connection, mine.schedule, mine.due)
    assert (found.status, found.why) == ("failed", "cancelled by me")


def test_a_claim_that_is_given_up_is_taken_over_though_its_process_has_ended(place: Place) -> None:
    code = (
        "import sys, time; from pathlib import Path; from mlops_jlab.retraining import ticking\n"
        "from mlops_jlab.store import opening, scheduling; from mlops_jlab.store.location import Place\n"
        "place = Place(Path(sys.argv[1])); claimed = next(ticking.claim_all(place, time.time() + 86_400))\n"
        "with opening.writing(place) as connection: scheduling.let_go(connection, claimed.firing)"
    )
    subprocess.run([sys.executable, "-c", code, str(place.root)], check=True, timeout=120)
    with opening.writing(place) as connection:
        (left,) = scheduling.left_behind(connection, time.time())
    assert (left.status, left.attempt) == ("running", 1)


def test_a_second_change_within_a_second_is_not_lost(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("1")
    watching = Schedule("watching", "nb.ipynb", on_data=(str(path),), settle=0.0, id="w")
    with opening.writing(place) as connection:
        for other in scheduling.schedules(connection):
            scheduling.remove(connection, other, who="me")
        scheduling.add(connection, watching, who="me")
    now = float(int(time.time()) + 1)
    for n, content in enumerate(("2", "3")):
        path.write_text(content)
        [claimed] = ticking.claim_all(place, now + n / 10)
        assert claimed.firing.cause == "data"
        with opening.writing(place) as connection:
            scheduling.save(connection, replace(claimed.firing, status="finished", ended=now))
    assert list(ticking.claim_all(place, now + 0.2)) == []
    with opening.writing(place) as connection:  # a claim that another has won keeps what it saw to itself
        found = scheduling.find(connection, "watching")
        assert not scheduling.claim(connection, found, claimed.firing.due, "data", seen='{"x": [0, 0, ""]}')
        assert scheduling.find(connection, "watching").seen == found.seen


def test_files_that_are_too_many_keep_no_other_schedule_waiting(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(data, "MOST_FILES", 1)
    for n in range(2):
        (tmp_path / f"{n}.csv").write_text("1")
    many = Schedule("0-many", "nb.ipynb", on_data=(str(tmp_path / "0.csv"), str(tmp_path / "1.csv")), id="w")
    with opening.writing(place) as connection:
        scheduling.add(connection, many, who="me")
        scheduling.add(connection, replace(nightly(), name="other", id="o", cron="* * * * *"), who="me")
    claimed = list(ticking.claim_all(place, time.time() + 3600))
    assert "other" in [one.schedule.name for one in claimed]
    assert "schedule 0-many: there are more than 1 files" in capsys.readouterr().err


@pytest.mark.parametrize("given", [{"cron": "", "every": 10.0}, {"cron": "* * * * *"}, {"cron": "* * 1 1 *"}])
def test_after_a_long_rest_the_newest_time_is_caught_up(given: dict[str, object]) -> None:
    """However many were missed: more than are counted."""
    schedule, now = nightly(created=0.0, tz="UTC", **given), moment("2026-07-01 12:00")
    since = moment("2026-06-01 00:00") if "every" in given else moment("2016-07-01 00:00")
    since = moment("2026-06-20 00:00") if given["cron"] == "* * * * *" else since
    found = due(schedule, since, now)
    assert found is not None
    assert found.at == (now if given["cron"] != "* * 1 1 *" else moment("2026-01-01 23:59"))
    assert found.missed >= 9_999


def test_a_schedule_is_due_between_its_first_and_its_last_day_alone() -> None:
    daily = Schedule(
        "a", "a.ipynb", cron="0 3 * * *", tz="Europe/Berlin", start="2026-11-24", end="2026-11-25"
    )
    found = upcoming(daily, datetime(2026, 11, 1, tzinfo=UTC), 5)
    assert [at.isoformat() for at in found] == ["2026-11-24T02:00:00+00:00", "2026-11-25T02:00:00+00:00"]
    midnight = replace(daily, cron="0 0 * * *")
    assert upcoming(midnight, datetime(2026, 11, 1, tzinfo=UTC), 5)[0].isoformat() == (
        "2026-11-23T23:00:00+00:00"
    )
    assert is_within(daily, datetime(2026, 11, 25, 22, 59, tzinfo=UTC))
    assert not is_within(daily, datetime(2026, 11, 25, 23, 0, tzinfo=UTC))
    for start, end in (("2026-11-25", "2026-11-24"), ("24 Nov", ""), ("", "2026-13-01")):
        with pytest.raises(InputError):
            check(replace(daily, start=start, end=end))


def test_how_a_firing_came_out_is_one_word() -> None:
    def told(*steps: tuple[str, str], status: str = "finished") -> str:
        stories = tuple(Story(step, outcome) for step, outcome in steps)
        return Firing("a", "now", "time", status, steps=stories).outcome

    assert told(("gates", "pass"), ("promote", "done")) == "promoted"
    assert told(("gates", "fail"), ("promote", "no")) == "kept"
    assert told(("gates", "not enough data"), ("promote", "no")) == "not enough data"
    assert told(("register", "nothing")) == "finished"
    assert told(status="skipped") == "missed"
    assert told(("run", "failed"), status="failed") == "failed"
