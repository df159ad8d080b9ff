"""Notebook 7 loads the same extension: marks, findings, commands and the panel are there as well."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import notebook_json
from tests.ui.conftest import shoot, start_lab

CELLS = [("setup", "import os"), ("-", "base = 1"), ("step:load", "rows = [base]"), ("-", "")]


def test_marks_findings_and_panel_in_notebook_7(page: Page, tmp_path: Path) -> None:
    pytest.importorskip("notebook")
    (tmp_path / ".mlops").mkdir()
    (tmp_path / "small.ipynb").write_text(json.dumps(notebook_json(CELLS)))
    with start_lab(tmp_path, "notebook") as lab:
        page.goto(f"{lab.address}/notebooks/small.ipynb")
        expect(page.locator(".jp-Cell")).to_have_count(len(CELLS), timeout=60_000)  # the page is there before
        expect(page.locator(".jp-Cell[data-mlops-label='load']")).to_be_visible()
        expect(page.locator(".jp-Cell[data-mlops-label='setup']")).to_be_visible()
        fault = page.locator(".jp-mlops-at-cell [data-severity='error']")
        fault.get_by_role("button", name="Add cell 2 to step load").click()
        expect(page.locator(".jp-Cell[data-mlops-label='load']")).to_have_count(2)
        expect(fault).to_have_count(0)
        page.locator(".lm-MenuBar-item", has_text="View").click()
        page.locator(".lm-Menu-item", has_text="Left Sidebar").hover()
        page.locator(".lm-Menu-item", has_text="Pipelines and Runs").click()
        expect(page.locator(".jp-mlops-panel .jp-mlops-node")).to_have_count(1)
        shoot(page, "walk-notebook-7")


def test_a_link_opens_a_page_in_notebook_7(page: Page, tmp_path: Path) -> None:
    pytest.importorskip("notebook")
    (tmp_path / ".mlops").mkdir()
    (tmp_path / "small.ipynb").write_text(
        json.dumps(notebook_json([*CELLS[2:], ("step:load", "rows = [1]")]))
    )
    with start_lab(tmp_path, "notebook") as lab:
        page.goto(f"{lab.address}/notebooks/small.ipynb?mlops=schedule//small.ipynb")
        form = page.locator(".jp-mlops-schedule-page:visible")
        expect(form.locator("h1")).to_have_text("New schedule", timeout=60_000)
        expect(form.get_by_role("button", name="Weekly")).to_be_visible()
        shoot(page, "page-schedule-notebook-7")
