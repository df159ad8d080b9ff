"""The panel and the tagging commands, as a user meets them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import notebook_json
from tests.ui.conftest import open_notebook, shoot

HOSTILE = "<img src=x onerror=window.__pwn=1>"
CELLS = [("-", "depth = 3"), ("-", "x = depth + 1"), ("-", "y = x * 2"), ("-", "print(y)"), ("-", "print('end')"),
         ("-", "")]  # fmt: skip


@pytest.fixture(scope="module")
def folder(lab_folder: Path) -> Path:
    """A notebook to tag, and runs whose every word is hostile."""
    (lab_folder / ".mlops").mkdir(exist_ok=True)
    (lab_folder / "tagging.ipynb").write_text(json.dumps(notebook_json(CELLS)))
    code = (
        "import mlops_jlab as m\n"
        f"bad = {HOSTILE!r}\n"
        "for n in range(300):\n"
        "    with m.start_run(run_name=f'{bad} {n}', tags={bad: bad}):\n"
        "        m.log_param('depth', n); m.log_param(bad, bad); m.log_metric('acc', n / 300); m.log_metric(bad, n)\n"
        "        for i in range(50): m.log_metric('loss', 1 / (i + 1 + n))\n"
    )
    environment = {**os.environ, "MLOPS_JLAB_STORE": str(lab_folder / ".mlops")}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=lab_folder, check=True)
    return lab_folder


def select(page: Page, first: int, last: int) -> None:
    page.evaluate(
        """([first, last]) => {
            const content = jupyterapp.shell.currentWidget.content;
            content.deselectAll();
            content.activeCellIndex = first;
            if (last > first) content.extendContiguousSelectionTo(last);
            content.mode = 'command';
            content.node.focus();
        }""",
        [first, last],
    )


def tags(page: Page) -> list[list[str]]:
    found: list[list[str]] = page.evaluate(
        "() => jupyterapp.shell.currentWidget.content.widgets.map(c => c.model.getMetadata('tags') ?? [])"
    )
    return found


def answer(page: Page, text: str) -> None:
    box = page.locator(".jp-Dialog input")
    box.fill(text)
    box.press("Enter")
    page.wait_for_selector(".jp-Dialog", state="detached")


def open_panel(page: Page) -> None:
    page.evaluate("jupyterapp.commands.execute('mlops-jlab:open-panel')")
    page.wait_for_selector(".jp-mlops-panel")


def test_cells_are_tagged_by_key_command_and_button_and_undone(page: Page, lab: str, folder: Path) -> None:
    open_notebook(page, lab, "tagging.ipynb")
    select(page, 0, 1)
    page.keyboard.press("Alt+s")
    answer(page, "1. Load It!")
    assert tags(page)[:3] == [["step:load-it"], ["step:load-it"], []]
    select(page, 2, 2)
    page.locator(".jp-Cell.jp-mod-active .jp-cell-toolbar [data-command='mlops-jlab:tag-step']").click()
    expect(page.locator(".jp-Dialog datalist option, .jp-Dialog select option").first).to_be_attached()
    answer(page, "work")
    assert tags(page)[2] == ["step:work"]
    page.evaluate("jupyterapp.commands.execute('mlops-jlab:toggle-gate')")
    assert tags(page)[2] == ["step:work", "gate"]
    select(page, 0, 0)
    page.wait_for_timeout(800)  # changes within half a second are one to the notebook's undo
    page.evaluate("jupyterapp.commands.execute('mlops-jlab:rename-step', {name: 'load'})")
    assert tags(page)[:2] == [["step:load"], ["step:load"]]
    page.keyboard.press("z")
    assert tags(page)[:3] == [["step:load-it"], ["step:load-it"], ["step:work", "gate"]]
    page.keyboard.press("Shift+z")
    select(page, 4, 4)
    page.evaluate("jupyterapp.commands.execute('mlops-jlab:tag-setup')")
    assert tags(page)[4] == ["setup"]
    page.evaluate("jupyterapp.commands.execute('mlops-jlab:untag')")
    assert tags(page)[4] == []


def test_the_panel_shows_the_pipeline_and_its_faults_and_runs_it(page: Page, folder: Path) -> None:
    open_panel(page)
    pipeline = page.locator(".jp-mlops-pipeline")
    expect(pipeline.locator(".jp-mlops-node")).to_have_count(2)
    pipeline.get_by_text("As a list").click()
    expect(pipeline).to_contain_text("← load: x")
    select(page, 3, 3)
    page.evaluate("jupyterapp.commands.execute('mlops-jlab:tag-step', {name: 'end'})")
    expect(pipeline.locator(".jp-mlops-node")).to_have_count(3)
    page.evaluate(
        "jupyterapp.shell.currentWidget.content.widgets[3].model.sharedModel.setSource('print(nobody)')"
    )
    fault = pipeline.locator("[data-severity='error']")
    expect(fault).to_contain_text("nobody")
    expect(pipeline.get_by_role("button", name="Run")).to_be_disabled()
    shoot(page, "panel-fault")
    fault.get_by_role("button").click()
    assert page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex") == 3
    page.evaluate("jupyterapp.shell.currentWidget.content.widgets[3].model.sharedModel.setSource('print(y)')")
    expect(fault).to_have_count(0)
    pipeline.get_by_role("button", name="Run").click()
    expect(pipeline.get_by_role("status")).to_contain_text("Started")
    runs = page.locator(".jp-mlops-runs")
    expect(runs.locator(".jp-mlops-row", has_text="tagging").first).to_have_attribute(
        "data-status", "finished", timeout=60_000
    )
    node = page.locator(".jp-mlops-picture .jp-mlops-node", has_text="work")
    expect(node.get_by_role("img", name="Finished")).to_be_visible()
    expect(pipeline.get_by_text("Started")).to_have_count(0)
    expect(node.locator("small")).not_to_be_empty()
    assert node.locator("small").evaluate(
        "one => one.getBoundingClientRect().bottom <= one.closest('.jp-mlops-node').getBoundingClientRect().bottom"
    )
    node.click()
    assert page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex") == 2
    shoot(page, "panel-run")


def test_runs_are_filtered_scrolled_compared_deleted_and_brought_back(page: Page, folder: Path) -> None:
    runs = page.locator(".jp-mlops-runs")
    expect(runs.get_by_role("status")).to_contain_text("301 runs")
    assert runs.locator(".jp-mlops-row").count() < 60  # only those in sight are drawn
    box = runs.get_by_label("Search last runs")
    box.fill("metrics.acc >")
    box.press("Enter")
    expect(runs.get_by_role("alert")).to_contain_text("column 14")
    box.fill("metrics.acc > 0.99")
    box.press("Enter")
    expect(runs.locator(".jp-mlops-row")).to_have_count(2)
    runs.locator(".jp-mlops-row").nth(0).click()
    runs.locator(".jp-mlops-row").nth(1).click(modifiers=["Control"])
    runs.get_by_role("button", name="Compare").click()
    comparison = page.locator(".jp-mlops-comparison")
    expect(comparison.locator("tr.jp-mod-differs", has_text="depth")).to_contain_text("299")
    expect(comparison.locator(".jp-mlops-curve canvas")).to_have_count(1)
    comparison.get_by_role("checkbox", name="Log", exact=True).check()
    expect(comparison.locator(".jp-mlops-curve canvas")).to_have_count(1)
    shoot(page, "panel-compare")
    runs.get_by_role("button", name="Delete", exact=True).click()
    expect(runs).to_contain_text("No matching runs")
    runs.get_by_role("button", name="Undo delete").click()
    expect(runs.locator(".jp-mlops-row")).to_have_count(2)
    box.fill("")
    box.press("Enter")
    expect(runs.get_by_role("status")).to_contain_text("301 runs")
    last = runs.locator(f'.jp-mlops-row[aria-label^="{HOSTILE} 0:"]')
    deadline = time.monotonic() + 30
    while not last.count():  # page by page, as a scrolling user does
        assert time.monotonic() < deadline, runs.locator(".jp-mlops-row").last.get_attribute("aria-label")
        runs.locator(".jp-mlops-rows").evaluate("node => node.scrollTo(0, node.scrollHeight)")
        page.wait_for_timeout(200)
    assert page.evaluate("window.__pwn") is None


def test_a_run_is_opened_and_its_note_written(page: Page, folder: Path) -> None:
    runs = page.locator(".jp-mlops-runs")
    box = runs.get_by_label("Search last runs")
    box.fill("params.depth = 7")
    box.press("Enter")
    expect(runs.locator(".jp-mlops-row")).to_have_count(1)
    runs.locator(".jp-mlops-row").focus()
    page.keyboard.press("Enter")
    detail = page.locator(".jp-mlops-run:visible")
    expect(detail).to_contain_text("depth")
    expect(detail.locator(".jp-mlops-curve canvas")).to_have_count(1)
    detail.get_by_role("button", name="Add a note").click()
    detail.get_by_role("textbox", name="Note").fill(f"worth a look {HOSTILE}")
    detail.get_by_role("button", name="Save Note").click()
    expect(detail.get_by_role("status")).to_contain_text("Saved")
    shoot(page, "panel-detail")
    box.fill("note like '%worth%'")
    box.press("Enter")
    expect(runs.locator(".jp-mlops-row")).to_have_count(1)
    box.fill("")
    box.press("Enter")
    expect(runs.get_by_role("status")).to_contain_text("301 runs")
    assert page.evaluate("window.__pwn") is None


def test_a_run_that_is_tracked_elsewhere_appears_by_itself(page: Page, folder: Path) -> None:
    runs = page.locator(".jp-mlops-runs")
    runs.locator(".jp-mlops-rows").evaluate("node => node.scrollTo(0, 0)")
    code = "import mlops_jlab as m\nwith m.start_run(run_name='from afar'):\n    m.log_metric('x', 1)"
    environment = {**os.environ, "MLOPS_JLAB_STORE": str(folder / ".mlops")}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=folder, check=True)
    expect(runs.locator(".jp-mlops-row", has_text="from afar")).to_be_visible(timeout=5_000)


def test_the_panel_is_used_by_keyboard_in_a_narrow_dark_sidebar(page: Page, folder: Path) -> None:
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    page.wait_for_timeout(1500)
    row = page.locator(".jp-mlops-row").first
    row.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.locator(".jp-mlops-row[aria-selected='true']")).to_have_count(2)
    shoot(page, "panel-dark")
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")


def test_the_example_runs_from_the_panel_and_shows_its_states(page: Page, lab: str, folder: Path) -> None:
    open_notebook(page, lab, "example.ipynb")
    open_panel(page)
    pipeline = page.locator(".jp-mlops-pipeline")
    expect(pipeline.locator(".jp-mlops-node")).to_have_count(6)
    expect(pipeline.get_by_role("button", name="Run")).to_be_enabled()
    box = page.locator(".jp-mlops-runs").get_by_label("Search last runs")
    box.fill("experiment = 'example'")
    box.press("Enter")
    pipeline.get_by_role("button", name="Run").click()
    expect(pipeline.locator(".jp-mlops-node.jp-mod-running").first).to_be_attached(timeout=60_000)
    expect(pipeline.locator(".jp-mlops-node.jp-mod-finished")).to_have_count(6, timeout=120_000)
    row = page.locator(".jp-mlops-runs .jp-mlops-row").first
    value = row.locator(".jp-mlops-value")
    expect(value).not_to_have_text("–", timeout=30_000)  # without a line of tracking code
    page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex = 8")
    page.wait_for_timeout(800)
    shoot(page, "panel-example")
