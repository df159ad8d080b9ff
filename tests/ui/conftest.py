"""A real JupyterLab in a real browser, for all tests of what is on screen."""

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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.conftest import notebook_json

expect.set_options(timeout=20_000)  # a busy machine is slow; what never comes is found all the same

ROOT = Path(__file__).parent.parent.parent
SHOTS = ROOT / "screenshots"
CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--no-first-run"]  # fmt: skip


@pytest.fixture(scope="session")
def lab_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root folder of JupyterLab."""
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="session")
def lab(lab_folder: Path) -> Iterator[str]:
    """The address of a JupyterLab over a folder of notebooks, with its settings in that folder."""
    folder = lab_folder
    shutil.copy(ROOT / "notebooks" / "01-tumour-triage.ipynb", folder / "example.ipynb")
    shutil.copy(ROOT / "notebooks" / "02-track-experiments.ipynb", folder / "tracking.ipynb")
    hostile = notebook_json(
        [("step:load", "x = 1"), ("-", "plain"), ("step:a step:b", "two"), ("setup", "import os"),
         ("step:<img/src=x>", "no name"), ("gate step:judge", "assert x")]
    )  # fmt: skip
    hostile["cells"][1]["metadata"]["tags"] = "step:load"
    (folder / "small.ipynb").write_text(json.dumps(hostile))
    with start_lab(folder) as found:
        yield found.address


class Lab:
    """A JupyterLab over a folder, with its settings in that folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.address = f"http://127.0.0.1:{port}"
        self._port = port
        self._environment = {
            **os.environ, "HOME": str(folder / "home"), "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        }  # fmt: skip
        self._server: subprocess.Popen[bytes] | None = None

    def start(self, app: str = "jupyterlab") -> None:
        """Starts the server and waits until it answers."""
        self._server = subprocess.Popen(
            [sys.executable, "-m", app, "--no-browser", "--ServerApp.ip=127.0.0.1",
             f"--port={self._port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=",
             f"--ServerApp.root_dir={self.folder}", "--allow-root", "--LabApp.expose_app_in_browser=True",
             "--ServerApp.log_level=ERROR"],
            cwd=self.folder, env=self._environment,
        )  # fmt: skip
        _wait_for(f"{self.address}/api/status", self._server)

    def stop(self, patience: float = 60) -> None:
        """Ends the server, by force after so many seconds."""
        if self._server is not None:
            self._server.terminate()
            try:
                self._server.wait(patience)  # it waits for its kernels
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()

    def restart(self) -> None:
        """Ends the server and starts another at the same address."""
        self.stop()
        self.start()


# jupyter-collaboration is installed for the tests of shared notebooks; all others do without.
ALONE = {
    "@jupyter/collaboration-extension": True, "@jupyter/docprovider-extension": True,
    "@jupyterlab/filebrowser-extension:defaultFileBrowser": False,
    "@jupyterlab/notebook-extension:cell-executor": False,
}  # fmt: skip


def page_config(folder: Path, disabled: Mapping[str, bool]) -> None:
    """Says which extensions of the lab over ``folder`` are disabled, from its next page on."""
    path = folder / "config" / "labconfig" / "page_config.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"disabledExtensions": dict(disabled)}))


@contextmanager
def start_lab(folder: Path, app: str = "jupyterlab", *, shared: bool = False) -> Iterator[Lab]:
    """A server over ``folder`` that asks no questions and ends with the block.

    In a ``shared`` one, notebooks are edited together, through jupyter-collaboration.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "home").mkdir()
    quiet = folder / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    (quiet / "notification.jupyterlab-settings").write_text(
        '{"fetchNews": "false", "checkForUpdates": false}'
    )
    if not shared:
        page_config(folder, ALONE)
        (folder / "config" / "jupyter_server_config.json").write_text(
            json.dumps({"ServerApp": {"jpserver_extensions": {"jupyter_server_ydoc": False}}})
        )
    lab = Lab(folder, port)
    try:
        lab.start(app)
        yield lab
    finally:
        lab.stop(10 if shared else 60)  # with jupyter-collaboration it does not end while pages are open


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


@pytest.fixture(scope="session")
def page(lab: str) -> Iterator[Page]:
    """One window of Debian's Chromium."""
    assert CHROMIUM, "install Chromium: apt-get install chromium"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        window = browser.new_page(viewport={"width": 1280, "height": 900})
        window.set_default_timeout(60_000)
        yield window
        browser.close()


def wait_until_ready(page: Page) -> None:
    """Waits until JupyterLab has started and its splash is gone."""
    page.wait_for_function("window.jupyterapp?.commands.hasCommand('mlops-jlab:open-panel')")
    page.wait_for_function("jupyterapp.restored.then(() => true)")  # a link may load the page anew meanwhile
    page.wait_for_selector("#jupyterlab-splash", state="detached")


def open_notebook(page: Page, lab: str, name: str) -> None:
    page.goto(f"{lab}/lab/tree/{name}?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.wait_for_selector("#jupyterlab-splash", state="detached")
    page.wait_for_function("jupyterapp.shell.currentWidget?.content?.widgets?.length > 5")
    page.wait_for_timeout(500)


def shoot(page: Page, name: str) -> None:
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=str(SHOTS / f"{name}.png"))
