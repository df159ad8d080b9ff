"""The pages of a sweep: the form, the trials, which parameters matter; the best is run and becomes the default."""

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

pytest.importorskip("optuna")
CELLS = [("parameters", "learning_rate: float = 0.1  # how fast\ndepth: int = 3"),
         ("step:fit", "import mlops_jlab\nmlops_jlab.log_metric('log_loss', abs(learning_rate - 0.3) + depth / 100)"),
         ("-", ""), ("-", ""), ("-", ""), ("-", "")]  # fmt: skip
TRIAL = "tbody tr:not([aria-hidden])"  # those out of sight are two empty rows
PAST = """
import math, random, time
from pathlib import Path
from mlops_jlab.tracking import lifecycle
draw = random.Random(1)
source = Path('fit.ipynb').resolve()
whole = lifecycle.start(name='fit-sweep', experiment='fit', kind='sweep', source=source, activate=False)
ranges = {'learning_rate': {'low': 0.01, 'high': 0.3, 'whole': False, 'log': True},
          'max_leaf_nodes': {'low': 7, 'high': 127, 'whole': True, 'log': False},
          'min_samples_leaf': {'low': 5, 'high': 200, 'whole': True, 'log': False}}
asked = {'search': 'bayes', 'metric': 'log_loss', 'minimize': True, 'prune': True, 'trials': 40, 'seed': 0,
         'space': ranges, 'pruned': {}}
for number in range(40):
    rate, leaves, leaf = 10 ** draw.uniform(-2, -0.5), draw.randint(7, 127), draw.randint(5, 200)
    trial = lifecycle.start(name=f'fit-{number:04}', experiment='fit', kind='pipeline', source=source,
                            activate=False, parent=whole.id)
    trial.log_params({'learning_rate': rate, 'max_leaf_nodes': leaves, 'min_samples_leaf': leaf})
    step = lifecycle.start(name='boost', experiment='fit', kind='step', activate=False, parent=trial.id)
    step.log_metric('log_loss', 0.385 + 0.02 * math.log10(rate / 0.05) ** 2 + leaves / 40000)
    step.end()
    if number in (9, 16, 21):
        asked['pruned'][trial.id] = 'pruned at iteration 3'
    trial.end('killed' if number in (9, 16, 21) else 'failed' if number == 22 else 'finished')
whole.add_facts({'sweep': asked})
whole.end()
print(whole.id)
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("sweeps")
    (folder / ".mlops").mkdir()
    (folder / "fit.ipynb").write_text(json.dumps(notebook_json(CELLS)))
    with start_lab(folder) as lab:
        yield lab


def page_of(page: Page) -> Locator:
    return page.locator(".jp-mlops-sweep-page:visible")


def test_a_sweep_is_written_with_chips_and_ranges_and_started(page: Page, own: Lab) -> None:
    page.set_viewport_size({"width": 1600, "height": 1000})
    open_notebook(page, own.address, "fit.ipynb")
    execute(page, "mlops-jlab:open-panel")
    page.locator(".jp-mlops-pipeline").get_by_role("button", name="More").click()
    page.locator(".jp-mlops-pipeline").get_by_role("button", name="Sweep…").click()
    form = page_of(page)
    form.get_by_label("How depth varies").get_by_role("button", name="Values").click()
    values = form.get_by_label("Values of depth")
    values.fill("3,5,")
    values.fill("8")
    values.press("Enter")
    expect(form.locator(".jp-mlops-form-line .jp-mlops-chip")).to_have_count(3)
    expect(form.get_by_role("button", name="Start 3 Trials")).to_be_enabled()
    form.get_by_label("How learning_rate varies").get_by_role("button", name="Range").click()
    form.get_by_label("Lowest learning_rate").fill("0.01")
    form.get_by_label("Highest learning_rate").fill("x")
    expect(form.get_by_role("status")).to_contain_text("x")
    expect(form.get_by_role("button", name="Start")).to_be_disabled()
    form.get_by_label("Highest learning_rate").fill("1")
    form.get_by_label("Log scale").check()
    form.get_by_label("Search", exact=True).last.select_option("random")
    form.get_by_label("Number of trials").fill("4")
    form.get_by_label("Trials side by side").fill("2")
    form.get_by_label("Metric", exact=True).last.fill("log_loss")
    expect(form.get_by_role("button", name="Minimize")).to_have_attribute("aria-pressed", "true")
    shoot(page, "page-sweep-new")
    assert faults(page, ".jp-mlops-sweep-page:not(.lm-mod-hidden *)") == []
    form.get_by_role("button", name="Start 4 Trials").click()
    expect(page_of(page)).to_have_attribute("data-status", "finished", timeout=120_000)
    expect(page_of(page).get_by_role("table")).to_contain_text("log_loss")
    expect(page_of(page).locator(TRIAL)).to_have_count(4)


def test_the_best_becomes_the_default_in_the_open_notebook(page: Page, own: Lab) -> None:
    sweep = page_of(page)
    best = sweep.locator(".jp-mlops-tile", has_text="depth").locator("b").inner_text()
    sweep.get_by_role("button", name="Use as Defaults").click()
    cell = page.locator(".jp-Notebook:visible .jp-Cell").first
    expect(cell).to_contain_text(f"depth: int = {best}")
    expect(cell).to_contain_text("# how fast")


def test_a_link_opens_the_trials_with_what_matters(page: Page, own: Lab) -> None:
    environment = {**os.environ, "MLOPS_JLAB_STORE": str(own.folder / ".mlops")}
    done = subprocess.run(
        [sys.executable, "-c", PAST], env=environment, cwd=own.folder, check=True, capture_output=True
    )
    page.goto(f"{own.address}/lab?reset&mlops=sweep/{done.stdout.decode().split()[-1]}")
    wait_until_ready(page)
    sweep = page_of(page)
    usual = page.viewport_size
    page.set_viewport_size({"width": usual["width"], "height": 2000})  # all of them are in sight
    expect(sweep.locator(TRIAL)).to_have_count(40)
    expect(sweep.get_by_role("table", name="Trials")).to_have_attribute("aria-rowcount", "41")
    expect(sweep.locator(TRIAL).first.locator("[title='The best']")).to_be_visible()
    expect(sweep.locator("tr[data-grey='true']")).to_have_count(4)
    page.set_viewport_size(usual)
    expect(sweep.locator("tbody")).to_contain_text("pruned")
    expect(sweep.locator(".jp-mlops-parallel > path")).to_have_count(36)
    expect(sweep.locator(".jp-mlops-slices .jp-mlops-card")).to_have_count(3)
    bars = sweep.locator(".jp-mlops-bars > li")
    expect(bars.first).to_contain_text("learning_rate", timeout=60_000)
    handle = sweep.locator(".jp-mod-handle").first.bounding_box()
    assert handle
    page.mouse.move(handle["x"] + 8, handle["y"] + 20)
    page.mouse.down()
    page.mouse.move(handle["x"] + 8, handle["y"] + 90, steps=4)
    page.mouse.up()
    expect(sweep.locator("path[data-faded='true']")).not_to_have_count(0)
    sweep.get_by_label("All trials").get_by_role("button", name="Show all").click()
    expect(sweep.locator("path[data-faded='true']")).to_have_count(0)
    shoot(page, "page-sweep")
    assert faults(page, ".jp-mlops-sweep-page") == []


def test_the_page_comes_back_and_holds_in_dark_and_narrow_windows(page: Page, own: Lab) -> None:
    page.wait_for_timeout(2500)  # the workspace is saved a second after it has changed
    page.goto(f"{own.address}/lab")
    wait_until_ready(page)
    sweep = page_of(page)
    expect(sweep.get_by_role("table", name="Trials")).to_have_attribute("aria-rowcount", "41")
    execute(page, "apputils:change-theme", {"theme": "JupyterLab Dark"})
    page.wait_for_timeout(1000)
    shoot(page, "page-sweep-dark")
    assert faults(page, ".jp-mlops-sweep-page") == []
    page.evaluate("jupyterapp.shell.collapseLeft()")
    page.set_viewport_size({"width": 320, "height": 900})
    page.wait_for_timeout(600)
    shoot(page, "page-sweep-320")
    found = misfits(page, ".jp-mlops-sweep-page")
    assert found == [], found
    page.set_viewport_size({"width": 1280, "height": 900})
    execute(page, "apputils:change-theme", {"theme": "JupyterLab Light"})
