"""When schedules are due: cron lines and time zones, missed times, clocks that are set; who gets a firing."""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mlops_jlab.entities.schedules import Schedule, Story
from mlops_jlab.errors import ConflictError, InputError
from mlops_jlab.scheduling import data
from mlops_jlab.scheduling.due import check, due, parse_duration, upcoming
from mlops_jlab.store import auditing, database, location, opening, scheduling
from mlops_jlab.store.artifacts import digest_of
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
        ({"cron": "60 * * * *"}, "is none"), ({"cron": "0 0 30 2 *"}, "is n"), ({"cron": "* * * *"}, "is none"),
        ({"cron": "*/0 * * * *"}, "is none"), ({"tz": "Europe/Pariss"}, "did you mean 'Europe/Paris'"),
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
    with pytest.raises(InputError, match="no duration"):
        parse_duration(text)


def test_data_is_new_when_its_content_is_and_once_it_has_settled(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1")
    now = time.time() + 10
    first = data.look([str(tmp_path)], "", now, digest_of)
    (tmp_path / "a.csv").touch()
    assert data.changed(first, data.look([str(tmp_path)], first, now, digest_of)) == []
    (tmp_path / "b.csv").write_text("2")
    assert data.look([str(tmp_path)], first, time.time(), digest_of) == first  # it may still be written
    second = data.look([str(tmp_path)], first, now, digest_of)
    assert data.changed(first, second) == [str(tmp_path / "b.csv")]
    (tmp_path / "b.csv").write_text("3")
    assert data.changed(second, data.look([str(tmp_path)], second, now, digest_of)) == [
        str(tmp_path / "b.csv")
    ]
    (tmp_path / "link").symlink_to("/etc")
    assert "/etc" not in data.look([str(tmp_path)], second, now, digest_of)


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
