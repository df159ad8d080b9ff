"""Two people in one notebook: what one tags, the other sees."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import notebook_json
from tests.ui.conftest import Lab, open_notebook, shoot, start_lab

CELLS = [("step:load", "rows = [1, 2]"), ("-", "total = sum(rows)"),
         *[("-", f"other_{n} = {n}") for n in range(5)]]  # fmt: skip
COMMAND = "([place, name]) => { const c = jupyterapp.shell.currentWidget.content; c.activeCellIndex = place;" \
          " return jupyterapp.commands.execute('mlops-jlab:tag-step', {name}); }"  # fmt: skip


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab whose notebooks are edited together."""
    folder = tmp_path_factory.mktemp("shared")
    (folder / ".mlops").mkdir()
    (folder / "ours.ipynb").write_text(json.dumps(notebook_json(CELLS)))
    with start_lab(folder, shared=True) as lab:
        yield lab


@pytest.fixture(scope="module")
def others(page: Page, shared: Lab) -> Iterator[Page]:
    """The window of somebody else."""
    browser = page.context.browser
    assert browser is not None
    window = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    window.set_default_timeout(60_000)
    yield window
    window.context.close()


def wait_for_marks(page: Page, wanted: list[str | None]) -> None:
    page.wait_for_function(
        "wanted => JSON.stringify(jupyterapp.shell.currentWidget.content.widgets"
        ".map(c => c.node.dataset.mlopsLabel ?? null).slice(0, wanted.length)) === JSON.stringify(wanted)",
        arg=wanted,
    )


def test_what_one_tags_the_other_sees_and_may_undo(page: Page, others: Page, shared: Lab) -> None:
    for window in (page, others):
        open_notebook(window, shared.address, "ours.ipynb")
        wait_for_marks(window, ["load", None])
    page.evaluate(COMMAND, [1, "total"])
    wait_for_marks(others, ["load", "total"])
    others.evaluate(COMMAND, [2, "more"])
    wait_for_marks(page, ["load", "total", "more"])
    page.wait_for_timeout(800)  # changes within half a second are one to the notebook's undo
    page.evaluate("jupyterapp.shell.currentWidget.content.model.sharedModel.undo()")
    wait_for_marks(others, ["load", None, "more"])  # one's own change goes, the other's stays


def test_a_fault_that_one_makes_is_shown_to_both(page: Page, others: Page) -> None:
    page.evaluate(
        "jupyterapp.shell.currentWidget.content.widgets[0].model.sharedModel.setSource('rows = nothing_here')"
    )
    for window in (page, others):
        fault = window.locator(".jp-Cell .jp-mlops-at-cell [data-severity='error']")
        expect(fault).to_contain_text("nothing_here")
    shoot(others, "together")


def test_both_see_one_pipeline_in_the_panel(page: Page, others: Page) -> None:
    for window in (page, others):
        window.evaluate("jupyterapp.commands.execute('mlops-jlab:open-panel')")
        expect(window.locator(".jp-mlops-pipeline .jp-mlops-node")).to_have_count(2)
