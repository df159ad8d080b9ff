"""Runs inside a notebook: the live card, the table, the comparison; in a real browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import notebook_json
from tests.ui.conftest import open_notebook, shoot

HOSTILE = "<img src=x onerror=window.__pwn=1>"
CELLS = [
    f"name = {HOSTILE!r}\n%track start\nimport mlops_jlab\nmlops_jlab.set_tag(name, name); mlops_jlab.note(name)",
    "%track",
    "import time\nfor n in range(30):\n    mlops_jlab.log_metric('loss', 1 / (n + 1)); mlops_jlab.log_metric(name, n)\n"
    "    mlops_jlab.log_metric('progress', n / 29); time.sleep(0.1)",
    "mlops_jlab.log_param(name, name)\n%track stop",
    "for n in range(4):\n    with mlops_jlab.start_run(run_name=f'run {n}'):\n"
    "        mlops_jlab.log_param('depth', n); mlops_jlab.log_param('model', 'rf')\n"
    "        for i in range(20): mlops_jlab.log_metric('acc', 1 - 1 / (i + n + 1))",
    "%track runs name like 'run%'",
    "%track compare 'run 0' 'run 3'",
]


@pytest.fixture(scope="module")
def folder(lab_folder: Path) -> Path:
    (lab_folder / ".mlops").mkdir(exist_ok=True)
    (lab_folder / "runs.ipynb").write_text(json.dumps(notebook_json([("-", cell) for cell in CELLS])))
    return lab_folder


def run_cells(page: Page, first: int, last: int) -> None:
    """Executes some cells through JupyterLab's own command, and waits for them."""
    page.evaluate(
        """async ([first, last]) => {
            const content = jupyterapp.shell.currentWidget.content;
            for (let place = first; place <= last; place++) {
                content.activeCellIndex = place;
                content.deselectAll();
                await jupyterapp.commands.execute('notebook:run-cell');
            }
        }""",
        [first, last],
    )


def output(page: Page, cell: int):  # type: ignore[no-untyped-def]
    return page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".jp-OutputArea")


def test_the_card_follows_a_run_and_stays_when_it_is_over(page: Page, lab: str, folder: Path) -> None:
    open_notebook(page, lab, "runs.ipynb")
    page.wait_for_function("jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'")
    run_cells(page, 0, 1)
    card = output(page, 1)
    expect(card).to_contain_text("running")
    run_cells(page, 2, 2)
    expect(card).to_contain_text("loss")
    expect(card.locator("svg").first).to_be_visible()
    shoot(page, "run-card-live")
    run_cells(page, 3, 3)
    expect(card).to_contain_text("finished")
    expect(card.locator("code")).to_have_count(1)  # the card itself, no longer a widget beside it
    assert page.evaluate("window.__pwn") is None


def test_runs_are_searched_sorted_picked_and_compared(page: Page, folder: Path) -> None:
    run_cells(page, 4, 6)
    table = output(page, 5)
    expect(table.locator("table.mlops-table").first).to_contain_text("run 3")
    shoot(page, "runs-table")
    box = table.get_by_placeholder("metrics.acc")
    box.fill("params.depth > 1 and name like 'run%'")
    box.press("Enter")
    expect(table.locator("tbody tr")).to_have_count(2)
    box.fill("params.depth >")
    box.press("Enter")
    expect(table).to_contain_text("column 15")
    box.fill('name like "run%"')
    box.press("Enter")
    expect(table.locator("tbody tr")).to_have_count(5)
    compared = output(page, 6)
    expect(compared.locator("tr.differs").first).to_contain_text("depth")
    expect(compared.locator("figure")).to_contain_text("run 3")
    compared.scroll_into_view_if_needed()
    shoot(page, "runs-compared")
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    page.wait_for_timeout(1500)
    shoot(page, "runs-compared-dark")
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")
    assert page.evaluate("window.__pwn") is None
