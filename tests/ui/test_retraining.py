"""Models and schedules in the panel: made, run, promoted, rolled back and removed, in a real browser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import notebook_json
from tests.ui.conftest import Lab, open_notebook, shoot, start_lab
from tests.ui.test_walks import execute, narrow

HOSTILE = "<img src=x onerror=window.__pwn=1>"
CELLS = [
    ("setup", "import numpy as np, pandas as pd, mlops_jlab, os\nfrom mlops_jlab import gate\n"
     "from sklearn.linear_model import LogisticRegression"),
    ("step:load", "random = np.random.default_rng(int(open('seed.txt').read()))\n"
     "frame = pd.DataFrame(random.normal(size=(3000, 2)), columns=['a', 'b'])\n"
     "frame['y'] = (frame.a + frame.b + random.normal(size=3000) > 0).astype(int)"),
    ("step:fit", "columns = ['a', 'b'] if int(open('seed.txt').read()) == 2 else ['a']\n"
     "model = LogisticRegression().fit(frame[columns], frame.y)\n"
     f"version = mlops_jlab.register_model(model, 'demo', input_example=frame[columns], note={HOSTILE!r})"),
    ("step:judge gate", "result = gate.compare(model, frame, 'y', name='demo', bootstrap=True,\n"
     "    rules='roc_auc better\\nlog_loss not worse by 0.01\\nslice a in 3 bins\\nbeats baseline')"),
    ("-", "frame.head()"),
    ("-", "result"),
]  # fmt: skip


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("retraining")
    (folder / ".mlops").mkdir()
    (folder / "seed.txt").write_text("1")
    (folder / "retrain.ipynb").write_text(json.dumps(notebook_json(CELLS)))
    with start_lab(folder) as lab:
        yield lab


def open_sections(page: Page) -> None:
    """Opens the panel, with the sections of models and schedules unfolded and the others folded."""
    execute(page, "mlops-jlab:open-panel")
    for title in page.locator("#mlops-jlab-panel .lm-AccordionPanel-title").all():
        wanted = title.inner_text().strip().lower() in ("models", "schedules")
        if (title.get_attribute("aria-expanded") == "true") != wanted:
            title.click()


def retrain(own: Lab, seed: int) -> None:
    (own.folder / "seed.txt").write_text(str(seed))
    words = [sys.executable, "-m", "mlops_jlab", "schedule", "run", "retrain"]
    subprocess.run(
        words,
        cwd=own.folder,
        check=True,
        capture_output=True,
        env={**os.environ, "HOME": str(own.folder / "home")},
    )


def test_an_empty_panel_says_how_to_begin(page: Page, own: Lab) -> None:
    open_notebook(page, own.address, "retrain.ipynb")
    open_sections(page)
    expect(page.locator(".jp-mlops-models")).to_contain_text("No models yet")
    expect(page.locator(".jp-mlops-schedules")).to_contain_text("No schedules yet")


def test_a_schedule_is_made_in_a_form_and_run(page: Page, own: Lab) -> None:
    open_notebook(page, own.address, "retrain.ipynb")
    execute(page, "mlops-jlab:open-panel")
    page.locator(".jp-mlops-pipeline").get_by_role("button", name="More").click()
    page.locator(".jp-mlops-pipeline").get_by_role("button", name="Schedule…").click()
    form = page.locator(".jp-mlops-schedule-page:visible")
    form.get_by_role("button", name="Cron").click()
    form.get_by_label("Cron line", exact=True).last.fill("61 * * * *")
    expect(form.get_by_role("alert")).to_contain_text("cron line")
    shoot(page, "schedule-form")
    form.get_by_label("Cron line", exact=True).last.fill("0 3 * * *")
    form.get_by_label("Time zone").fill("Europe/Berlin")
    form.get_by_role("button", name="Create Schedule").click()
    expect(form.locator("h1")).to_have_text("retrain")
    open_sections(page)
    section = page.locator(".jp-mlops-schedule")
    expect(section).to_contain_text("0 3 * * * Europe/Berlin")
    expect(section).to_contain_text("Follows the notebook.")
    section.get_by_role("button", name="Run Now").click()
    expect(section.locator(".jp-mlops-strip [data-status=running]")).to_have_count(1)
    expect(section.locator(".jp-mlops-strip [data-status=finished]")).to_have_count(1, timeout=60_000)
    expect(page.locator(".Toastify")).to_contain_text("demo@champion: version none → 1")
    section.locator("summary").first.click()
    expect(section.locator(".jp-mlops-story")).to_contain_text("all 4 rules hold")
    expect(page.locator(".jp-mlops-model summary").first).to_contain_text("champion")


def test_versions_are_promoted_compared_and_rolled_back(page: Page, own: Lab) -> None:
    retrain(own, 2)
    retrain(own, 3)
    open_notebook(page, own.address, "retrain.ipynb")
    open_sections(page)
    narrow(page, 330)
    rows = page.locator(".jp-mlops-model > ul > li")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("champion")
    expect(rows.nth(0)).to_contain_text("fail")
    rows.nth(0).locator("summary").click()
    expect(rows.nth(0).locator(".jp-mlops-gate")).to_contain_text("it is worse than that")
    expect(rows.nth(0)).to_contain_text(HOSTILE)
    rows.nth(0).scroll_into_view_if_needed()
    shoot(page, "models")
    rows.nth(0).get_by_role("button", name="Compare with Champion").click()
    model = page.locator(".jp-mlops-model-page:visible")
    expect(model.get_by_label("v3 beside champion v2")).to_contain_text("demo 3")
    rows.nth(0).get_by_role("button", name="Card").click()
    expect(model.get_by_role("complementary")).to_contain_text("Card of v3")
    model.get_by_text("Whole card").click()
    expect(model.get_by_role("complementary")).to_contain_text("What it takes")
    shoot(page, "model-card")
    rows.nth(0).get_by_role("button", name="Promote…").click()
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("Its gate says: fail")
    dialog.locator("input").fill(HOSTILE)
    dialog.get_by_role("button", name="Override the Gate").click()
    expect(rows.nth(0).locator("summary")).to_contain_text("champion")
    rows.nth(0).get_by_role("button", name="Roll Back…").click()
    page.locator(".jp-Dialog").get_by_role("button", name="Roll Back").click()
    expect(rows.nth(1).locator("summary")).to_contain_text("champion")
    assert page.evaluate("window.__pwn") is None


def test_a_schedule_is_paused_changed_and_removed_in_a_dark_narrow_sidebar(page: Page, own: Lab) -> None:
    open_notebook(page, own.address, "retrain.ipynb")
    execute(page, "apputils:change-theme", {"theme": "JupyterLab Dark"})
    open_sections(page)
    narrow(page, 260)
    section = page.locator(".jp-mlops-schedule")
    section.get_by_role("button", name="Pause").focus()
    page.keyboard.press("Enter")
    expect(section).to_contain_text("Paused.")
    section.get_by_role("button", name="Resume").click()
    expect(section).to_contain_text("Next:")
    (own.folder / "retrain.ipynb").write_text(json.dumps(notebook_json([*CELLS, ("step:more", "x = 1")])))
    section.get_by_role("button", name="Pause").click()
    expect(section).to_contain_text("the notebook was changed")
    section.scroll_into_view_if_needed()
    shoot(page, "schedules-dark")
    section.get_by_role("button", name="Remove…").click()
    page.locator(".jp-Dialog").get_by_role("button", name="Remove").click()
    expect(page.locator(".jp-mlops-schedules")).to_contain_text("No schedules yet")
    log = subprocess.run(
        [sys.executable, "-m", "mlops_jlab", "audit", "verify"], cwd=own.folder, capture_output=True
    )
    assert log.returncode == 0
