"""Parameters that name a time: what they become, and what is refused when a schedule is made."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.entities.schedules import Schedule
from mlops_jlab.errors import InputError, ParameterError
from mlops_jlab.retraining import alerts, backfilling, watching
from mlops_jlab.scheduling import expressions
from mlops_jlab.scheduling.expressions import Moments, values
from mlops_jlab.store import opening, scheduling
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all, recorder_for

TEXT, DATE = Parameter("p", ("str",)), Parameter("p", ("date",))
WHEN, NUMBER = Parameter("p", ("datetime",)), Parameter("p", ("int",))
MONTH = Parameter("p", ("str",), choices=("2026-02", "2026-03"))


def moments(due: str, last: str = "2026-01-01T00:00", zone: str = "Europe/Berlin") -> Moments:
    return Moments(*(datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (due, last)), zone)


@pytest.mark.parametrize(
    ("parameter", "text", "due", "value"),
    [
        (TEXT, "{due:%Y-%m}", "2026-03-31T03:00", "2026-03"),
        (TEXT, "{due:%Y-%m}", "2026-03-31T22:30", "2026-04"),  # in Berlin it is April
        (TEXT, "{due - 1 month:%Y-%m-%d}", "2026-03-31T03:00", "2026-02-28"),
        (TEXT, "{ due-1month : %Y}", "2026-01-15T03:00", " 2025"),
        (TEXT, "{due + 1 year - 1 day}", "2024-02-29T12:00", "2025-02-27"),
        (TEXT, "{due - 2 weeks}", "2026-03-31T03:00", "2026-03-17"),
        (TEXT, "data/{due:%Y}/{due:%m}.csv", "2026-03-31T03:00", "data/2026/03.csv"),
        (TEXT, "{last}", "2026-03-31T03:00", "2026-01-01"),
        (TEXT, "{due - 1 hour:%H %Z}", "2026-03-29T01:30", "01 CET"),  # 03:30 CEST: 02:30 there is not
        (TEXT, "{last:%s}", "2026-03-31T03:00", "1767225600"),  # not as if Berlin's clock were the system's
        (TEXT, "{due:%d%%}", "2026-03-31T03:00", "31%"),
        (TEXT, "{last name} of {due}", "2026-03-31T03:00", "{last name} of 2026-03-31"),
        (DATE, "{due}", "2026-03-31T03:00", "2026-03-31"),
        (WHEN, "{due}", "2026-03-31T03:00", "2026-03-31T05:00:00+02:00"),
        (NUMBER, "{due:%Y%m}", "2026-03-31T03:00", 202603),
        (MONTH, "{due:%Y-%m}", "2026-03-31T03:00", "2026-03"),
        (TEXT, '{"a": 1}', "2026-03-31T03:00", '{"a": 1}'),
        (TEXT, "{name} and {x: 1}", "2026-03-31T03:00", "{name} and {x: 1}"),
    ],
)
def test_what_a_time_becomes(parameter: Parameter, text: str, due: str, value: object) -> None:
    found = values((parameter,), {"p": text}, moments(due), from_text=True)["p"]
    if parameter is WHEN:
        assert datetime.fromisoformat(str(found)) == datetime.fromisoformat(str(value))
    else:
        assert found == value


@pytest.mark.parametrize(
    ("parameter", "text", "words"),
    [
        (TEXT, "{deu:%Y}", "there is no time 'deu'; did you mean 'due'"), (TEXT, "{due - 1 moth}", "did you mean 'month'"),
        (NUMBER, "{due:%B}", "expects int"), (MONTH, "{due - 1 year:%Y-%m}", "one of|expects"),
        (TEXT, "{due", "is not a time"), (TEXT, "{DUE}", "is not a time"), (TEXT, "{due | 1}", "is not a time"),
        (TEXT, "{due - 1.5 days}", "is not a time"), (TEXT, "{due.year}-{due:%m}", "'{due.year}' is not a time"),
        (TEXT, "{due:%Q}", "'?%Q'? is not a format"), (TEXT, "{due: 1}", "not a format"), (TEXT, "{due:%Y%}", "not a format"),
        (TEXT, "{due:%Y\ud800}", "not a format"), (TEXT, "{due - 99999 years}", "calendar"), (TEXT, "{due - 9999999 days}", "too many"),
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(parameter: Parameter, text: str, words: str) -> None:
    assert expressions.has_expression(text)
    with pytest.raises(ParameterError, match=words):
        values((parameter,), {"p": text}, moments("2026-03-31T03:00"), from_text=True)


def test_the_times_of_a_backfill() -> None:
    monthly = Schedule("m", "nb.ipynb", cron="0 3 1 * *", tz="Europe/Berlin", created=time.time())
    found = backfilling.times(monthly, "2026-01-01", "2026-03-01")
    assert [f"{at:%Y-%m-%d %H:%M}" for at in found] == [
        "2026-01-01 02:00",
        "2026-02-01 02:00",
        "2026-03-01 02:00",
    ]
    assert len(backfilling.times(monthly, "2026-01-01T03:00", "2026-01-01T03:00")) == 1
    for first, last, words in (("2026-01-02", "2026-01-31", "nothing was due"), ("soon", "later", "is not a date"),
                               ("2126-01-01", "2127-01-01", "nothing was due")):  # fmt: skip
        with pytest.raises(InputError, match=words):
            backfilling.times(monthly, first, last)
    with pytest.raises(InputError, match="no cron line"):
        backfilling.times(Schedule("e", "nb.ipynb", every=60.0), "2026-01-01", "2026-02-01")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path / "store")
    recorder_for(found, print).open_database()
    close_all()
    return found


def test_that_nobody_looks_is_told(place: Place) -> None:
    assert watching.problem(place, 60.0) is None  # nothing waits
    with opening.writing(place) as connection:
        scheduling.add(
            connection, Schedule("s", "nb.ipynb", cron="@daily", id="s", created=time.time() - 3600), who="me"
        )
    told = watching.problem(place, 600.0)
    assert told is not None
    assert "last look: never" in told.body
    watching.note(place)
    assert watching.problem(place, 600.0) is None
    os.utime(place.root / "schedules" / "looked", (time.time() - 7200,) * 2)
    told = watching.problem(place, 600.0)
    assert told is not None
    assert told.title == "nobody has looked after schedules for 2 h"
    assert "s" in told.body


def test_an_alert_that_fails_is_tried_again(tmp_path: Path) -> None:
    script = tmp_path / "tell.sh"
    script.write_text(f"#!/bin/sh\necho x >> {tmp_path}/tries\n[ $(wc -l < {tmp_path}/tries) -ge 3 ]\n")
    script.chmod(0o755)
    message = alerts.Message("failed", "t", "b")
    assert alerts.send([f"command:{script}"], message, pause=0.01) == []
    assert (tmp_path / "tries").read_text().count("x") == 3
    (problem,) = alerts.send(["command:false"], message, pause=0.01)
    assert problem.startswith("command:false ended with 1")
    assert problem.endswith("(tried 3 times)")


@pytest.mark.parametrize("command", ["tee x | cat", "echo a > b", "a && b", "a ; b"])
def test_a_command_is_no_shell_and_says_so(command: str) -> None:
    with pytest.raises(InputError, match="a command is not a shell"):
        alerts.check(f"command:{command}")
    alerts.check(f"command:sh -c '{command}'")
