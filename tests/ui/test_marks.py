"""A real JupyterLab in a real browser: each tagged cell wears its stripe and its step's name."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.conftest import notebook_json

ROOT = Path(__file__).parent.parent.parent
SHOTS = ROOT / "screenshots"
CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--no-first-run"]  # fmt: skip


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab over a folder of notebooks, with its settings in that folder."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copy(ROOT / "notebooks" / "01-tumour-triage.ipynb", folder / "example.ipynb")
    hostile = notebook_json(
        [("step:load", "x = 1"), ("-", "plain"), ("step:a step:b", "two"), ("setup", "import os"),
         ("step:<img/src=x>", "no name"), ("gate step:judge", "assert x")]
    )  # fmt: skip
    hostile["cells"][1]["metadata"]["tags"] = "step:load"
    (folder / "small.ipynb").write_text(json.dumps(hostile))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "HOME": str(folder / "home"), "JUPYTER_CONFIG_DIR": str(folder / "config"),
                   "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
                   "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces")}  # fmt: skip
    (folder / "home").mkdir()
    quiet = folder / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    (quiet / "notification.jupyterlab-settings").write_text(
        '{"fetchNews": "false", "checkForUpdates": false}'
    )
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1", f"--port={port}",
         "--ServerApp.port_retries=0", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}",
         "--allow-root", "--LabApp.expose_app_in_browser=True", "--ServerApp.log_level=ERROR"],
        cwd=folder, env=environment,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/api/status", server)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            assert server.poll() is None, "JupyterLab ended"
            assert time.monotonic() < deadline, "JupyterLab does not start"
            time.sleep(0.3)


@pytest.fixture(scope="module")
def page(lab: str) -> Iterator[Page]:
    """One window of Debian's Chromium."""
    assert CHROMIUM, "install Chromium: apt-get install chromium"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        window = browser.new_page(viewport={"width": 1280, "height": 900})
        window.set_default_timeout(60_000)
        yield window
        browser.close()


def open_notebook(page: Page, lab: str, name: str) -> None:
    page.goto(f"{lab}/lab/tree/{name}?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.wait_for_selector("#jupyterlab-splash", state="detached")
    page.wait_for_function("jupyterapp.shell.currentWidget?.content?.widgets?.length > 5")
    page.wait_for_timeout(500)


def labels(page: Page) -> list[str]:
    """The labels of all code cells, scrolled into view or not."""
    return page.evaluate(
        """() => jupyterapp.shell.currentWidget.content.widgets
        .filter(cell => cell.model.type === 'code').map(cell => cell.node.dataset.mlopsLabel || '')"""
    )


def shoot(page: Page, name: str) -> None:
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=str(SHOTS / f"{name}.png"))


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
