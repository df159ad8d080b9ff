"""Pictures of every page of one believable store: ``python -m tests.ui.pictures FOLDER [WORD …]``.

FOLDER gets a PNG a page: light and dark at 1600 px, and at 320 px; ``WORD`` chooses pages by their names. The store
is made in ``FOLDER/story`` once, and used again when it is there.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.ui import story
from tests.ui.conftest import CHROMIUM, FLAGS, start_lab, wait_until_ready

WIDE, NARROW = {"width": 1600, "height": 1000}, {"width": 320, "height": 900}
RUNS = "fetch('/mlops-jlab/api/runs?limit=200&top=true').then(r => r.json()).then(p => p.runs)"


def addresses(page: Page, sweep: str) -> dict[str, str]:
    """What is pictured: the name of each picture and the address of its page."""
    runs = page.evaluate(RUNS)
    ids = {run["name"]: run["id"] for run in runs}
    churn = [run["id"] for run in runs if run["experiment"] == "churn"]
    best = sorted(churn, key=lambda one: next(r["metrics"]["val/loss"] for r in runs if r["id"] == one))
    pipeline = next(run["id"] for run in runs if run["kind"] == "pipeline")
    return {
        "table": "table", "compare": "comparison/" + "/".join([best[-1], best[0], best[8]]),
        "compare-many": "comparison/" + "/".join(churn[:12]),
        "compare-long": f"comparison/{ids['warm-up']}/{ids['no warm-up']}", "run": f"run/{best[0]}",
        "pipeline-run": f"run/{pipeline}", "canvas": "canvas/tumour-triage.ipynb", "sweep": f"sweep/{sweep}",
        "model": "model/flights/4", "schedule": "schedule/nightly", "monitoring": "monitoring/flights",
        "data": "data/flights", "data-list": "data/",
    }  # fmt: skip


@contextmanager
def window() -> Iterator[Page]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=WIDE)
        page.set_default_timeout(120_000)
        yield page
        browser.close()


def take(page: Page, address: str, folder: Path, wanted: dict[str, str]) -> None:
    """Opens each page, and takes it in both themes and narrow."""
    for name, target in wanted.items():
        page.set_viewport_size(WIDE)
        page.goto(f"{address}/lab?reset&mlops={target}")
        wait_until_ready(page)
        page.evaluate("jupyterapp.commands.execute('mlops-jlab:open-panel')")
        page.wait_for_timeout(9000)  # a busy machine is slow to draw
        page.screenshot(path=folder / f"{name}.png")
        theme(page, "JupyterLab Dark")
        page.screenshot(path=folder / f"{name}-dark.png")
        theme(page, "JupyterLab Light")
        page.evaluate("jupyterapp.shell.collapseLeft()")
        page.set_viewport_size(NARROW)
        page.wait_for_timeout(1500)
        page.screenshot(path=folder / f"{name}-320.png")


def theme(page: Page, name: str) -> None:
    page.evaluate(f"jupyterapp.commands.execute('apputils:change-theme', {{theme: '{name}'}})")
    page.wait_for_timeout(1500)


def main(target: str, *words: str) -> None:
    """Makes the store if there is none, and takes the pictures."""
    folder = Path(target).resolve()
    root, sweep = folder / "story", folder / "sweep.txt"
    if not sweep.exists():
        root.mkdir(parents=True)
        sweep.write_text(story.tell(root))
    for own in ("home", "settings", "config", "workspaces"):  # each lab has its own
        shutil.rmtree(root / own, ignore_errors=True)
    with start_lab(root) as lab, window() as page:
        page.goto(f"{lab.address}/lab?reset")
        wait_until_ready(page)
        found = addresses(page, sweep.read_text())
        take(
            page,
            lab.address,
            folder,
            {name: at for name, at in found.items() if not words or any(word in name for word in words)},
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
