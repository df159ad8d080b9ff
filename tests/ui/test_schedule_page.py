"""The page of a schedule: built with the next times in sight, its week and its history; in a real browser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import notebook_json
from tests.ui.conftest import Lab, open_notebook, shoot, start_lab, wait_until_ready
from tests.ui.test_walks import execute, faults, misfits

CELLS = [("parameters", "month: str = ''  # which month's flights\ndepth: int = 3"),
         ("step:load", "rows = [depth, 2, 3]"), ("step:fit", "fitted = sum(rows)"),
         ("-", ""), ("-", ""), ("-", "")]  # fmt: skip
PAST = """
import json, sys, time
from dataclasses import replace
from pathlib import Path
from mlops_jlab.entities.schedules import Story
from mlops_jlab.store import opening, scheduling
from mlops_jlab.store.location import Place
ends = {
    'promoted': [('gates', 'pass', 'all 7 rules hold'), ('promote', 'done', 'flights@champion: version 4 -> 6')],
    'kept': [('gates', 'fail', 'worst carrier may be worse'), ('promote', 'no', 'flights@champion stays: fail')],
    'few': [('gates', 'not enough data', '118 new flights, 500 are needed')],
    'failed': [('run', 'failed', 'load: FileNotFoundError: flights/2026-11.csv')],
    'missed': [('due', 'skipped', 'due at 03:00, 4 h late: missed times are not caught up')],
}
order = ['promoted', *['kept'] * 6, 'failed', 'kept', 'few', 'few', *['kept'] * 5, 'missed', 'kept', 'promoted', 'kept']
with opening.writing(Place(Path('.mlops').resolve())) as connection:
    schedule = scheduling.find(connection, 'nightly')
    for day, how in enumerate(order):
        due = f'2026-11-{day + 1:02}T02:00:00+00:00'
        status = {'failed': 'failed', 'missed': 'skipped'}.get(how, 'finished')
        scheduling.claim(connection, schedule, due, 'time')
        firing = scheduling.get(connection, schedule.id, due)
        steps = tuple(Story(step, outcome, why, time.time()) for step, outcome, why in ends[how])
        scheduling.save(connection, replace(firing, status=status, ended=firing.started + 13, steps=steps))
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("schedules")
    (folder / ".mlops").mkdir()
    (folder / "flights.ipynb").write_text(json.dumps(notebook_json(CELLS)))
    (folder / "arrivals").mkdir()
    (folder / "arrivals" / "a.csv").write_text("1")
    with start_lab(folder) as lab:
        yield lab


def page_of(page: Page) -> Locator:
    return page.locator(".jp-mlops-schedule-page:visible")


def cli(own: Lab, *words: str) -> None:
    environment = {**os.environ, "HOME": str(own.folder / "home")}
    subprocess.run([sys.executable, *words], cwd=own.folder, env=environment, check=True, capture_output=True)


def test_a_schedule_is_built_with_its_next_times_in_sight(page: Page, own: Lab) -> None:
    page.set_viewport_size({"width": 1600, "height": 1000})
    open_notebook(page, own.address, "flights.ipynb")
    execute(page, "mlops-jlab:open-panel")
    page.locator(".jp-mlops-pipeline").get_by_role("button", name="More").click()
    page.locator(".jp-mlops-pipeline").get_by_role("button", name="Schedule…").click()
    form = page_of(page)
    expect(form.locator(".jp-mlops-coming tr")).to_have_count(5)
    form.get_by_role("button", name="Cron").click()
    form.get_by_label("Cron line", exact=True).last.fill("61 * * * *")
    expect(form.get_by_role("alert")).to_contain_text("cron line")
    expect(form.get_by_role("button", name="Create Schedule")).to_be_disabled()
    form.get_by_role("button", name="Daily").click()
    form.get_by_role("button", name="Sun").click()
    form.get_by_label("Time zone").fill("Europe/Berlin")
    form.get_by_label("Time of day").fill("03:00")
    form.get_by_label("Name", exact=True).last.fill("nightly")
    form.get_by_label("month", exact=True).fill("{due - 1 month:%Y-%m}")
    expect(form.locator(".jp-mlops-coming tr").first).to_contain_text("month 20")
    expect(form.locator(".jp-mlops-coming tr").first).to_contain_text("03:00")
    form.get_by_label("Skip missed runs").check()
    shoot(page, "page-schedule-new")
    form.get_by_role("button", name="Create Schedule").click()
    expect(form.locator("h1")).to_have_text("nightly")
    expect(form).to_contain_text("it has not been due yet")
    assert faults(page, ".jp-mlops-schedule-page") == []


def test_data_that_has_to_settle_is_a_schedule_too(page: Page, own: Lab) -> None:
    execute(page, "mlops-jlab:open-schedule", {"path": "flights.ipynb"})
    form = page_of(page)
    form.get_by_role("button", name="On data").click()
    expect(form.get_by_role("alert")).to_contain_text("Name a file or a folder")
    form.get_by_label("Files or folders", exact=True).last.fill("arrivals")
    form.get_by_label("Pattern of names").fill("*.csv")
    form.get_by_label("Marker file").fill("_SUCCESS")
    form.get_by_label("Settle time").fill("30s")
    form.get_by_label("Name", exact=True).last.fill("fresh")
    expect(form.locator(".jp-mlops-coming")).to_contain_text("When the data changes")
    form.get_by_role("button", name="Create Schedule").click()
    expect(form.locator("h1")).to_have_text("fresh")
    expect(form.get_by_label("Marker file")).to_have_value("_SUCCESS")
    expect(form.get_by_label("Settle time")).to_have_value("30s")


def test_a_link_opens_it_with_its_history_and_changes_are_saved(page: Page, own: Lab) -> None:
    cli(own, "-c", PAST)
    cli(own, "-m", "mlops_jlab", "schedule", "add", "flights.ipynb", "--name", "churn", "--cron", "0 9 * * *")
    cli(own, "-m", "mlops_jlab", "schedule", "add", "flights.ipynb", "--name", "often", "--every", "15min")
    page.goto(f"{own.address}/lab?reset&mlops=schedule/nightly")
    wait_until_ready(page)
    form = page_of(page)
    expect(form.locator(".jp-mlops-fires > li")).to_have_count(20)
    for outcome in ("promoted", "kept", "not enough data", "failed", "missed"):
        expect(form.locator(f".jp-mlops-fires [data-outcome='{outcome}']")).not_to_have_count(0)
    expect(form.locator(".jp-mlops-week-block", has_text="churn")).not_to_have_count(0)
    form.get_by_role("button", name="flights@champion: version 4").first.click()
    expect(form.locator(".jp-mlops-story-line").first).to_contain_text("all 7 rules hold")
    form.get_by_label("Time of day").fill("04:30")
    expect(form.locator(".jp-mlops-coming tr").first).to_contain_text("04:30")
    expect(form).to_contain_text("changes are not saved yet")
    shoot(page, "page-schedule")
    form.get_by_role("button", name="Save Changes").click()
    expect(form.get_by_role("button", name="Discard")).to_have_count(0)
    expect(form.get_by_label("Time of day")).to_have_value("04:30")
    assert faults(page, ".jp-mlops-schedule-page") == []


def test_the_page_comes_back_and_holds_in_dark_and_narrow_windows(page: Page, own: Lab) -> None:
    page.wait_for_timeout(2500)  # the workspace is saved a second after it has changed
    page.goto(f"{own.address}/lab")
    wait_until_ready(page)
    form = page_of(page)
    expect(form.locator("h1")).to_have_text("nightly")
    execute(page, "apputils:change-theme", {"theme": "JupyterLab Dark"})
    page.wait_for_timeout(1000)
    shoot(page, "page-schedule-dark")
    assert faults(page, ".jp-mlops-schedule-page") == []
    page.evaluate("jupyterapp.shell.collapseLeft()")
    page.set_viewport_size({"width": 320, "height": 900})
    page.wait_for_timeout(600)
    shoot(page, "page-schedule-320")
    found = misfits(page, ".jp-mlops-schedule-page")
    assert found == [], found
    cli(own, "-m", "mlops_jlab", "schedule", "remove", "nightly", "--yes")
    expect(form).to_contain_text("There is no schedule nightly")
    page.set_viewport_size({"width": 1280, "height": 900})
    execute(page, "apputils:change-theme", {"theme": "JupyterLab Light"})
