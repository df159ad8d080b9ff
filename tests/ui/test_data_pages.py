"""The pages of a watched model and of registered data, in a real browser."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import notebook_json
from tests.ui.conftest import Lab, shoot, start_lab, wait_until_ready
from tests.ui.test_walks import execute, faults, misfits

HOSTILE = "<img src=x onerror=window.__pwn=1>"
STORY = f"""
import time
import numpy as np, pandas as pd, mlops_jlab as m
from pathlib import Path
from mlops_jlab import gate
from mlops_jlab.monitoring import watching
from mlops_jlab.monitoring.labels import Labels
from mlops_jlab.monitoring.policy import Policy
from mlops_jlab.profiles import profile, written
from mlops_jlab.store.location import Place
from sklearn.linear_model import LogisticRegression
DAY = 86400
takes = ['visib', 'wind_speed', 'hour', 'temp', 'pressure', 'distance']
def flights(seed, n=900, storm=0.0, autumn=0.0):
    random = np.random.default_rng(seed)
    visib = np.clip(10 - random.exponential(1.2 + 2.5 * storm, n), 0, 10).round(1)
    frame = pd.DataFrame(dict(
        visib=visib, wind_speed=random.gamma(2 + storm, 4, n).round(),
        hour=np.clip(random.integers(5, 24, n) + round(6 * autumn), 5, 23),
        temp=random.normal(15 - 9 * autumn, 6, n).round(1), pressure=random.normal(1013, 6, n).round(),
        distance=random.choice([200, 500, 733, 1400, 2475], n).astype(float),
        carrier=random.choice(['UA', 'B6', 'EV', 'DL', 'AA'], n, p=[.3, .25, .2, .15, .1])))
    frame.loc[random.random(n) < 0.02 + 0.1 * storm, 'pressure'] = np.nan
    frame['{HOSTILE}'] = random.normal(size=n)
    late = (10 - visib) / 3 + frame.hour / 12 + random.normal(0, 1 + 4 * storm, n) > 2.3
    return frame.assign(late=late.astype(int))
train, test = flights(0, 6000), flights(1, 4000)
train, test = train.fillna(1013), test.fillna(1013)
Path('flights').mkdir()
flights(2, 1500).to_csv('flights/2026-07.csv', index=False)
m.add_dataset('flights', 'flights', owner='ops', note='From the airport, every month. {HOSTILE}')
with m.start_run(run_name='fit'):
    m.dataset('flights')
    m.log_text(written.as_json(profile.of_frame(train)), 'profiles/train.json')
    model = LogisticRegression(max_iter=2000).fit(train[takes], train.late)
    m.register_model(model, 'flights', input_example=train[takes], data=train)
    gate.compare(model, test, 'late', name='flights', rules='log_loss below 0.9', bootstrap=True)
m.flush()
m.promote('flights/1', reason='schedule nightly')
m.register_model(model, 'unwatched')
flights(3, 1600, storm=0.8).assign(gate=lambda f: f.hour % 3).to_csv('flights/2026-08.csv', index=False)
m.add_dataset('flights', 'flights')
Path('incoming').mkdir()
storms, days = {{8: 0.7, 9: 1.0, 10: 0.8}}, 18
for week in range(days):
    frame = flights(100 + week, storm=storms.get(week, 0), autumn=max(0, week - 12) / 6).fillna(1013)
    frame = frame if week != days - 1 else frame.drop(columns='late')
    frame.to_csv(f'incoming/{{week:02}}.csv', index=False)
    watching.look(Place(Path('.mlops').resolve()), 'flights', 'incoming/*.csv', Policy(cooldown=10 * DAY),
                  now=time.time() - (days - week) * 7 * DAY + 3600, labels=Labels('late'))
m.register_model(LogisticRegression(C=1e-3).fit(train[takes], train.late), 'flights', input_example=train[takes])
m.flush()
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Eighteen weeks of a model: storms, then autumn; and two versions of registered data."""
    folder = tmp_path_factory.mktemp("watched")
    (folder / ".mlops").mkdir()
    environment = {**os.environ, "MLOPS_JLAB_STORE": str(folder / ".mlops")}
    subprocess.run([sys.executable, "-c", STORY], env=environment, cwd=folder, check=True)
    promoted = [sys.executable, "-m", "mlops_jlab", "data", "promote", "flights/1", "validated"]
    subprocess.run(promoted, env=environment, cwd=folder, check=True)
    with served(folder, environment), start_lab(folder) as lab:
        yield lab


@contextmanager
def served(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """The champion answers some requests, with another version in its shadow."""
    words = ["models", "serve", "flights@champion", "--port", "0", "--shadow", "2"]
    command = [sys.executable, "-m", "mlops_jlab", *words]
    with subprocess.Popen(command, env=environment, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            found = re.search(r":(\d+)/predict", process.stderr.readline())
            assert found
            connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=60)
            row = {"visib": 9, "wind_speed": 8, "hour": 17, "temp": 15, "pressure": 1013, "distance": 733}
            for number in range(300):
                body = json.dumps({"rows": [row] if number % 50 else []})
                connection.request("POST", "/predict", body)
                assert connection.getresponse().read()
            connection.close()
            yield
        finally:
            process.terminate()


def watched(page: Page) -> Locator:
    return page.locator(".jp-mlops-monitoring:visible")


def test_a_watched_model_shows_what_drifts_since_when(page: Page, own: Lab) -> None:
    page.set_viewport_size({"width": 1600, "height": 1000})
    page.goto(f"{own.address}/lab?reset&mlops=monitoring/flights")
    wait_until_ready(page)
    model = watched(page)
    expect(model.locator("h1")).to_have_text("Monitoring of flights")
    expect(model.locator("header")).to_contain_text("hour drifts since")
    expect(model.locator("header")).not_to_contain_text(
        "temp"
    )  # it moves as far, and the model does not use it
    expect(model.locator("header")).to_contain_text("champion v1")
    expect(model.locator(".jp-mlops-heat tbody tr").first.locator("td")).to_have_count(18)
    expect(model.locator(".jp-mlops-happened")).to_contain_text("Retraining requested")
    expect(model.locator(".jp-mlops-happened")).to_contain_text("Retraining held back")
    expect(model.get_by_label("Retraining", exact=True)).to_contain_text(
        "No schedule retrains this model yet"
    )
    assert model.locator(".jp-mlops-loss [data-over='true']").count() >= 2
    shoot(page, "page-monitoring")
    assert faults(page, ".jp-mlops-monitoring") == []
    assert misfits(page, ".jp-mlops-monitoring") == []
    assert page.evaluate("window.__pwn") is None


def test_a_cell_shows_the_values_of_then_beside_those_at_fitting(page: Page, own: Lab) -> None:
    model = watched(page)
    row = model.locator(".jp-mlops-heat tbody tr").filter(has=page.locator("th[title='visib']"))
    storm = row.locator("td").nth(9)
    expect(storm).to_have_attribute("data-level", "far")
    storm.locator("button").click()
    expect(storm).to_have_attribute("data-chosen", "true")
    beside = model.locator(".jp-mlops-card").filter(has_text="at fitting")
    expect(beside.locator("h2")).to_contain_text("visib")
    expect(beside).to_contain_text("v1 at fitting, 6,000 rows")
    expect(beside).to_contain_text("PSI")
    page.keyboard.press("ArrowLeft")
    expect(row.locator("td").nth(8)).to_have_attribute("data-chosen", "true")
    execute(page, "apputils:change-theme", {"theme": "JupyterLab Dark"})
    page.wait_for_timeout(800)
    shoot(page, "page-monitoring-dark")
    assert faults(page, ".jp-mlops-monitoring") == []
    execute(page, "apputils:change-theme", {"theme": "JupyterLab Light"})


def test_a_service_shows_how_it_does_and_who_is_on_trial(page: Page, own: Lab) -> None:
    serving = watched(page).get_by_label("Serving", exact=True)
    expect(serving).to_contain_text("v1 of flights@champion")
    expect(serving).to_contain_text("running")
    expect(serving.get_by_label("Traffic").first).to_contain_text("requests, 300 in all")
    expect(serving.get_by_label("Latency").first).to_contain_text("ms")
    expect(serving.get_by_label("Errors").first).to_contain_text("refused")
    expect(serving.get_by_label("v2 in the shadow of v1")).to_contain_text(
        "294 requests that both were asked"
    )
    expect(serving.get_by_role("row").filter(has_text="disagreement")).to_contain_text("of 294 requests")
    serving.scroll_into_view_if_needed()
    shoot(page, "page-monitoring-serving")
    assert faults(page, ".jp-mlops-monitoring") == []
    assert misfits(page, ".jp-mlops-monitoring") == []
    execute(page, "apputils:change-theme", {"theme": "JupyterLab Dark"})
    page.wait_for_timeout(800)
    shoot(page, "page-monitoring-serving-dark")
    assert faults(page, ".jp-mlops-monitoring") == []
    execute(page, "apputils:change-theme", {"theme": "JupyterLab Light"})


def test_it_comes_back_after_a_reload_and_says_what_to_type_where_nobody_watches(
    page: Page, own: Lab
) -> None:
    page.wait_for_timeout(1500)  # the layout is saved a second after it was changed
    page.goto(f"{own.address}/lab")
    wait_until_ready(page)
    expect(watched(page).locator("h1")).to_have_text("Monitoring of flights")
    page.set_viewport_size({"width": 700, "height": 900})
    page.wait_for_timeout(400)
    assert misfits(page, ".jp-mlops-monitoring") == []
    page.set_viewport_size({"width": 1600, "height": 1000})
    execute(page, "mlops-jlab:open-monitoring", {"name": "unwatched"})
    expect(watched(page)).to_contain_text("Nobody watches unwatched yet")
    shoot(page, "page-monitoring-empty")
    assert misfits(page, ".jp-mlops-monitoring") == []
    execute(page, "mlops-jlab:open-model", {"name": "flights"})
    page.locator(".jp-mlops-model-page:visible").get_by_role("button", name="Monitoring").click()
    expect(watched(page).locator("h1")).to_have_text("Monitoring of flights")


def test_a_retraining_is_scheduled_by_a_button(page: Page, own: Lab) -> None:
    known = watched(page).get_by_label("Retraining", exact=True)
    expect(known.get_by_role("button", name="Schedule Retraining…")).to_be_disabled()
    expect(known).to_contain_text("Open the notebook that fits the model first")
    (own.folder / "refit.ipynb").write_text(json.dumps(notebook_json([("step:fit", "x = 1")])))
    page.evaluate("void jupyterapp.commands.execute('docmanager:open', {path: 'refit.ipynb'})")
    page.wait_for_function("jupyterapp.shell.currentWidget?.context?.path === 'refit.ipynb'")
    execute(page, "mlops-jlab:open-monitoring", {"name": "flights"})
    known.get_by_role("button", name="Schedule Retraining…").click()
    form = page.locator(".jp-mlops-schedule-page:visible")
    expect(form.get_by_label("Model that is watched")).to_have_value("flights")
    expect(form.locator(".jp-mlops-coming")).to_contain_text("When monitoring finds that flights drifts")
    form.get_by_role("button", name="Create Schedule").click()
    expect(form.locator("h1")).to_have_text("refit")
    expect(form.get_by_role("button", name="On drift")).to_have_attribute("aria-pressed", "true")
    execute(page, "mlops-jlab:open-monitoring", {"name": "flights"})
    expect(known.get_by_role("button", name="refit")).to_be_visible()


def test_registered_data_show_columns_readers_and_differences(page: Page, own: Lab) -> None:
    execute(page, "mlops-jlab:open-data")
    data = page.locator(".jp-mlops-data:visible")
    expect(data.locator("tbody tr")).to_contain_text("validated v1")
    data.get_by_role("button", name="flights", exact=True).click()
    expect(data.locator("h1")).to_have_text("flights")
    expect(data.locator(".jp-mlops-column-table tbody tr")).to_have_count(10)
    data.get_by_role("button", name="Verify Files").click()
    expect(data.get_by_role("status")).to_contain_text("files are as they were")
    data.get_by_label("Compare with").select_option("flights/1")
    expect(data.get_by_label("v2 beside flights v1")).to_contain_text("1,500 → 3,100 (+1,600)")
    expect(data.get_by_label("v2 beside flights v1")).to_contain_text("visib")
    data.get_by_role("button", name="visib", exact=True).click()
    shoot(page, "page-data")
    assert faults(page, ".jp-mlops-data") == []
    assert misfits(page, ".jp-mlops-data") == []
    data.get_by_role("complementary").get_by_role("button", name="v1", exact=True).click()
    expect(data.get_by_role("complementary")).to_contain_text("→ flights v1")
    data.get_by_role("complementary").get_by_role("button", name="fit", exact=True).click()
    run = page.locator(".jp-mlops-run:visible")
    run.get_by_role("tab", name="Data 1").click()
    expect(run.get_by_label("train")).to_contain_text("6,000 rows")
    expect(run.locator(".jp-mlops-column-table tbody tr")).to_have_count(9)
    shoot(page, "page-run-data")
    assert faults(page, ".jp-mlops-run") == []
    execute(page, "mlops-jlab:open-data", {"name": "flights"})
    execute(page, "apputils:change-theme", {"theme": "JupyterLab Dark"})
    page.wait_for_timeout(800)
    shoot(page, "page-data-dark")
    execute(page, "apputils:change-theme", {"theme": "JupyterLab Light"})
    assert page.evaluate("window.__pwn") is None
