"""A due date reaches the notebook; past dates are filled in once; a schedule is edited in place."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from mlops_jlab.cli.main import cli
from mlops_jlab.entities.schedules import Schedule
from mlops_jlab.errors import InputError
from mlops_jlab.retraining import backfilling, schedules, ticking
from mlops_jlab.store import auditing, opening, scheduling
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all
from tests.conftest import notebook_json

CELLS = [("parameters", "month: str = 'none'\nsince: str = ''"),
         ("step:a", "open('seen.txt', 'a').write(f'{month} since {since}\\n')")]  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / ".mlops"))
    (tmp_path / "nb.ipynb").write_text(json.dumps(notebook_json(CELLS)))
    yield Place(tmp_path / ".mlops")
    close_all()


def monthly(place: Place, **more: Any) -> Schedule:
    spec = {"cron": "0 3 1 * *", "tz": "Europe/Berlin", "promote": "champion", "retries": 0, **more}
    given = {"month": "{due - 1 month:%Y-%m}", "since": "{last}"}
    return schedules.add(place, Schedule("m", "nb.ipynb", **spec), given)


def test_a_due_date_reaches_the_notebook_and_past_ones_are_filled_in_once(
    place: Place, tmp_path: Path
) -> None:
    found = monthly(place)
    assert found.parameters == {"month": "{due - 1 month:%Y-%m}", "since": "{last}"}
    with pytest.raises(InputError, match="not a unit of time|there is no time|moth"):
        schedules.add(place, Schedule("x", "nb.ipynb", cron="@daily"), {"month": "{due - 1 moth}"})
    done = list(backfilling.backfill(place, "m", "2026-01-01", "2026-03-01"))
    assert [(f.cause, f.status) for f in done] == [("backfill", "finished")] * 3
    seen = (tmp_path / "seen.txt").read_text().splitlines()
    made = datetime.fromtimestamp(found.created, ZoneInfo("Europe/Berlin"))
    assert [line.split(" since ")[0] for line in seen] == ["2025-12", "2026-01", "2026-02"]
    since = [line.split(" since ")[1] for line in seen]
    assert since == [f"{made:%Y-%m-%d}", "2026-01-01", "2026-02-01"]
    assert list(backfilling.backfill(place, "m", "2026-01-01", "2026-03-01")) == []
    assert any(step.step == "parameters" and "month=2026-02" in step.why for step in done[2].steps)
    with opening.writing(place) as connection:  # two months late, once: the date is the one that was due
        connection.execute(
            "UPDATE schedules SET checked = ?", (datetime(2026, 3, 2, tzinfo=UTC).timestamp(),)
        )
    (claimed,) = ticking.claim_all(place, datetime(2026, 5, 20, tzinfo=UTC).timestamp())
    assert ticking.execute(place, claimed).status == "finished"
    assert (tmp_path / "seen.txt").read_text().splitlines()[-1] == "2026-04 since 2026-03-01"


def test_a_failed_date_is_filled_in_again_and_one_that_runs_is_left_alone(
    place: Place, tmp_path: Path
) -> None:
    cells = [
        ("parameters", "month: str = ''"),
        ("step:a", "assert month != '2026-02' or open('mended'), month"),
    ]
    (tmp_path / "nb.ipynb").write_text(json.dumps(notebook_json(cells)))
    schedules.add(place, Schedule("m", "nb.ipynb", cron="0 3 1 * *"), {"month": "{due:%Y-%m}"})
    done = list(backfilling.backfill(place, "m", "2026-01-01", "2026-02-01"))
    assert [firing.status for firing in done] == ["finished", "failed"]
    (tmp_path / "mended").touch()
    (again,) = backfilling.backfill(place, "m", "2026-01-01", "2026-02-01")
    assert (again.status, again.attempt, again.folder) == ("finished", 2, done[1].folder)
    with opening.writing(place) as connection:
        found = scheduling.find(connection, "m")
        scheduling.claim(connection, found, "2026-03-01T03:00:00+00:00", "time")
    with pytest.raises(Exception, match="going on already"):
        list(backfilling.backfill(place, "m", "2026-03-01", "2026-04-01"))


def test_a_failed_date_is_filled_in_with_the_notebook_that_was_mended(place: Place, tmp_path: Path) -> None:
    cells = [("parameters", "month: str = ''"), ("step:a", "seen = month"), ("step:b", "1 / 0")]
    (tmp_path / "nb.ipynb").write_text(json.dumps(notebook_json(cells)))
    schedules.add(place, Schedule("m", "nb.ipynb", cron="0 3 1 * *"), {"month": "{due:%Y-%m}"})
    (failed,) = backfilling.backfill(place, "m", "2026-02-01", "2026-02-02")
    cells[-1] = ("step:b", "open('seen.txt', 'a').write(seen)")
    (tmp_path / "nb.ipynb").write_text(json.dumps(notebook_json(cells)))
    (again,) = backfilling.backfill(place, "m", "2026-02-01", "2026-02-02")
    assert (failed.status, again.status, again.attempt) == ("failed", "finished", 2)
    assert ("run", "anew", "nb.ipynb has changed since the try before") in [
        (step.step, step.outcome, step.why) for step in again.steps
    ]
    assert again.folder != failed.folder
    assert (tmp_path / "seen.txt").read_text() == "2026-02"


def test_a_schedule_is_edited_in_place_and_previewed(place: Place, tmp_path: Path) -> None:
    monthly(place)
    run = CliRunner()
    told = run.invoke(
        cli, ["schedule", "edit", "m", "--cron", "0 5 2 * *", "-p", "month={due:%Y%m}", "--name", "n"]
    )
    assert told.exit_code == 0, told.output
    assert told.output.startswith("n: 0 5 2 * * Europe/Berlin\n  next: ")
    with opening.reading(place) as connection:
        found = scheduling.find(connection, "n")
        entry = auditing.entries(connection)[0]
    assert (found.promote, found.parameters) == ("champion", {"month": "{due:%Y%m}", "since": "{last}"})
    assert (entry.action, entry.details["cron"]) == ("edit schedule", ["0 3 1 * *", "0 5 2 * *"])
    assert not list(ticking.claim_all(place, time.time()))
    lines = run.invoke(cli, ["schedule", "next", "n"]).output.splitlines()
    assert len(lines) == 5
    assert all(f"month={line.split()[1][:7].replace('-', '')}" in line for line in lines)
    for wrong in (["--cron", "x"], ["-p", "month={due - 1 moth}"], ["-p", "other=1"], []):
        assert run.invoke(cli, ["schedule", "edit", "n", *wrong]).exit_code != 0
    dry = run.invoke(
        cli, ["schedule", "backfill", "n", "--from", "2026-01-01", "--to", "2026-02-28", "--dry-run"]
    )
    assert dry.output.count("would be run") == 2


def test_a_broken_notebook_is_one_line_in_the_list(place: Place, tmp_path: Path) -> None:
    monthly(place)
    (tmp_path / "nb.ipynb").write_text("{ broken")
    told = CliRunner().invoke(cli, ["schedule", "list"])
    assert told.exit_code == 0
    assert "cannot be read" in told.output
