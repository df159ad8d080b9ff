"""Each tagged cell wears its stripe and its step's name."""

from __future__ import annotations

import gzip

from playwright.sync_api import Page, expect

from tests.ui.conftest import ROOT, open_notebook, shoot


def labels(page: Page) -> list[str]:
    """The labels of all code cells, scrolled into view or not."""
    return page.evaluate(
        """() => jupyterapp.shell.currentWidget.content.widgets
        .filter(cell => cell.model.type === 'code').map(cell => cell.node.dataset.mlopsLabel || '')"""
    )


def test_each_tagged_cell_wears_its_step(page: Page, lab: str) -> None:
    open_notebook(page, lab, "example.ipynb")
    assert labels(page)[:5] == ["setup", "parameters", "load", "prepare", "linear"]
    shoot(page, "marks-light")


def test_the_marks_are_readable_in_the_dark_theme(page: Page, lab: str) -> None:
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    page.wait_for_selector("[data-jp-theme-light='false']", state="attached")
    page.wait_for_timeout(500)
    shoot(page, "marks-dark")
    colours = page.evaluate(
        """() => { const cell = document.querySelector('.jp-mlops-marked[data-mlops-kind=step]');
        const style = getComputedStyle(cell, '::after'); return [style.color, style.backgroundColor]; }"""
    )
    assert colours[0] != colours[1]
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")


def test_odd_tags_are_no_roles_and_markup_stays_text(page: Page, lab: str) -> None:
    open_notebook(page, lab, "small.ipynb")
    assert labels(page) == ["load", "", "a ≠ b", "setup", "", "judge · gate"]
    assert page.locator("img[src='x']").count() == 0
    shoot(page, "marks-odd")


def test_a_mark_follows_the_tag_and_the_notebooks_own_undo(page: Page, lab: str) -> None:
    page.evaluate(
        """() => { const cell = jupyterapp.shell.currentWidget.content.widgets[0];
        cell.model.sharedModel.transact(() => cell.model.setMetadata('tags', ['step:fetch'])); }"""
    )
    expect(page.locator(".jp-CodeCell").first).to_have_attribute("data-mlops-label", "fetch")
    page.evaluate("jupyterapp.shell.currentWidget.content.widgets[0].model.deleteMetadata('tags')")
    expect(page.locator(".jp-CodeCell").first).not_to_have_class("jp-mlops-marked")


def test_a_cell_that_is_added_later_is_marked_too(page: Page, lab: str) -> None:
    page.evaluate(
        """() => jupyterapp.shell.currentWidget.content.model.sharedModel.insertCell(0,
        {cell_type: 'code', source: 'new', metadata: {tags: ['setup']}})"""
    )
    expect(page.locator(".jp-CodeCell").first).to_have_attribute("data-mlops-label", "setup")


def test_little_is_loaded_before_it_is_needed(page: Page, lab: str) -> None:
    """What JupyterLab fetches of the extension until a notebook is open, gzipped; the rest is lazy."""
    open_notebook(page, lab, "example.ipynb")
    names = page.evaluate(
        "performance.getEntriesByType('resource').map(e => new URL(e.name).pathname)"
        ".filter(path => path.includes('/extensions/mlops-jlab/'))"
    )
    built = ROOT / "mlops_jlab" / "_labextension" / "static"
    files = [built / name.rpartition("/")[2] for name in set(names)]
    first = sum(len(gzip.compress(file.read_bytes())) for file in files)
    assert 1_000 < first < 150_000
