"""The page of a registered model: versions over time, gates, the card beside it; in a real browser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.conftest import Lab, shoot, start_lab, wait_until_ready
from tests.ui.test_walks import execute, faults, misfits

HOSTILE = "<img src=x onerror=window.__pwn=1>"
MODELS = f"""
import numpy as np, pandas as pd, mlops_jlab as m
from pathlib import Path
from mlops_jlab import gate
from mlops_jlab.registry import versions
from mlops_jlab.store.location import Place
from sklearn.linear_model import LogisticRegression
random = np.random.default_rng(3)
def rows(n):
    frame = pd.DataFrame(random.normal(size=(n, 4)), columns=['hour', 'visib', 'wind_speed', 'dest'])
    frame['late'] = (frame.hour + frame.visib / 2 + random.normal(size=n) > 0).astype(int)
    return frame
rules = '''roc_auc better
log_loss not worse by 0.01
slice dest in 3 bins
calibration below 0.2
beats baseline'''
data = rows(3000)
for columns in (['visib'], ['hour'], ['wind_speed'], ['hour', 'visib'], ['hour', 'visib', 'dest']):
    with m.start_run(run_name='fit ' + ' '.join(columns)):
        model = LogisticRegression().fit(data[columns], data.late)
        made = m.register_model(model, 'flights', input_example=data[columns], data=data, note={HOSTILE!r},
                                intended_use='Says on the evening before whether a flight will be late.')
        judged = rows(40) if len(columns) == 3 else data
        verdict = gate.compare(model, judged, 'late', name='flights', rules=rules, bootstrap=True)
    m.flush()
    if verdict.passed:
        m.promote(f'flights/{{made.version}}', reason='schedule nightly')
data['carrier'] = random.choice(['AA', {HOSTILE!r}], len(data))
m.evaluate('flights/4', data, 'late', groups=['carrier', ('carrier', 'dest')])
versions.roll_back(Place(Path('.mlops').resolve()), 'flights', reason={HOSTILE!r})
m.promote('flights/4', reason='it was the airport after all')
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Five versions of one model: promoted, rolled back, kept out, and one with too few rows."""
    folder = tmp_path_factory.mktemp("models")
    (folder / ".mlops").mkdir()
    environment = {**os.environ, "MLOPS_JLAB_STORE": str(folder / ".mlops")}
    subprocess.run([sys.executable, "-c", MODELS], env=environment, cwd=folder, check=True)
    with start_lab(folder) as lab:
        yield lab


def page_of(page: Page) -> Locator:
    return page.locator(".jp-mlops-model-page:visible")


def test_a_link_opens_the_page_with_its_timeline_and_gates(page: Page, own: Lab) -> None:
    page.set_viewport_size({"width": 1600, "height": 1000})
    page.goto(f"{own.address}/lab?reset&mlops=model/flights/4")
    wait_until_ready(page)
    model = page_of(page)
    expect(model.locator("h1")).to_have_text("flights")
    expect(model.locator("header")).to_contain_text("v4 champion")
    expect(model.locator(".jp-mlops-mark")).to_have_count(5)
    expect(model.locator(".jp-mlops-reign")).to_have_count(5)
    expect(model.locator(".jp-mlops-back")).to_contain_text("rolled back to v2")
    expect(model.locator(".jp-mlops-gates tbody tr")).to_have_count(5)
    expect(model.get_by_role("complementary")).to_contain_text("Says on the evening")
    expect(model.locator(".jp-mlops-bars")).to_contain_text("hour")
    evaluated = model.get_by_label("Evaluation of v4")
    expect(evaluated.get_by_label("Rates by carrier").locator("tbody tr")).to_have_count(2)
    expect(evaluated.get_by_role("img", name="What is so, by what the model says")).to_be_visible()
    expect(evaluated).to_contain_text("equalized odds ratio")
    evaluated.scroll_into_view_if_needed()
    shoot(page, "page-model-evaluation")
    model.get_by_label("Time that is shown").select_option("order")
    shoot(page, "page-model")
    assert faults(page, ".jp-mlops-model-page") == []
    assert page.evaluate("window.__pwn") is None


def test_rules_without_enough_rows_are_grey_and_versions_are_compared_on_the_same_rows(
    page: Page, own: Lab
) -> None:
    model = page_of(page)
    model.get_by_label("Version", exact=True).select_option("5")
    marks = model.locator("td[data-chosen='true'] .jp-mlops-state[data-state='unknown']")
    expect(marks).to_have_count(4)
    expect(model.get_by_label("Evaluation of v5")).to_contain_text("Nobody has evaluated this version")
    model.get_by_label("Version", exact=True).select_option("2")
    model.get_by_role("button", name="Compare with Champion").click()
    compared = model.get_by_label("v2 beside champion v4")
    expect(compared).to_contain_text("roc_auc on rows")
    shoot(page, "page-model-compared")
    compared.get_by_role("button", name="Close").click()


def test_what_a_version_is_for_is_written_in_its_card(page: Page, own: Lab) -> None:
    model = page_of(page)
    card = model.get_by_role("complementary")
    card.get_by_role("button", name="Edit Limits").click()
    field = card.get_by_role("textbox", name="Limits")
    field.press("Escape")
    expect(field).to_have_count(0)
    card.get_by_role("button", name="Edit Limits").click()
    field.fill("Not for flights out of Newark in winter")
    card.get_by_role("button", name="Save Limits").click()
    expect(card).to_contain_text("Not for flights out of Newark in winter")
    expect(card.get_by_role("button", name="Edit Limits")).to_be_visible()


def test_a_version_is_promoted_and_taken_back_and_other_rows_are_no_comparison(page: Page, own: Lab) -> None:
    model = page_of(page)
    model.get_by_label("Version", exact=True).select_option("2")
    model.get_by_role("button", name="Promote v2").click()
    dialog = page.locator(".jp-Dialog")
    dialog.locator("input").fill("late flights at EWR doubled")
    dialog.get_by_role("button", name="Promote").click()
    expect(model.locator("header")).to_contain_text("v2 champion")
    expect(model.locator(".jp-mlops-moves")).to_contain_text("late flights at EWR doubled")
    model.get_by_label("Version", exact=True).select_option("5")
    expect(model.get_by_role("button", name="Compare with Champion")).to_be_disabled()
    expect(model.locator(".jp-mlops-why")).to_contain_text("v5 was judged on 40 rows, v2 on 3,000 others")
    model.get_by_role("button", name="Roll Back").click()
    dialog.get_by_role("button", name="Roll Back").click()
    expect(model.locator("header")).to_contain_text("v4 champion")


def test_the_page_comes_back_and_holds_in_dark_and_narrow_windows(page: Page, own: Lab) -> None:
    page.wait_for_timeout(2500)  # the workspace is saved a second after it has changed
    page.goto(f"{own.address}/lab")
    wait_until_ready(page)
    model = page_of(page)
    expect(model.locator("h1")).to_have_text("flights")
    execute(page, "apputils:change-theme", {"theme": "JupyterLab Dark"})
    page.wait_for_timeout(1000)
    shoot(page, "page-model-dark")
    assert faults(page, ".jp-mlops-model-page") == []
    page.evaluate("jupyterapp.shell.collapseLeft()")
    page.set_viewport_size({"width": 320, "height": 900})
    page.wait_for_timeout(600)
    shoot(page, "page-model-320")
    found = misfits(page, ".jp-mlops-model-page")
    assert found == [], found
    page.set_viewport_size({"width": 1280, "height": 900})
    execute(page, "apputils:change-theme", {"theme": "JupyterLab Light"})


def test_an_approval_is_waited_for_and_not_given_by_who_registered(page: Page, own: Lab) -> None:
    (own.folder / ".mlops" / "policy.yaml").write_text(
        "version: 1\npromotion:\n  - {alias: champion, approval: {by: ['*'], count: 1}}\n"
    )
    page.set_viewport_size({"width": 1600, "height": 1000})
    page.goto(f"{own.address}/lab?reset&mlops=model/flights/5")
    wait_until_ready(page)
    model = page_of(page)
    expect(model.locator("header")).to_contain_text("0 of 1 approval")
    button = model.get_by_role("button", name="Approve v5")
    expect(button).to_be_disabled()
    expect(button).to_have_attribute("title", re.compile("somebody else has to approve"))
    expect(model.get_by_label("In production")).to_contain_text("Nobody has looked")
    assert misfits(page, ".jp-mlops-model-page") == []
