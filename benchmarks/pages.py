"""The pages of the main area in a real browser: the table over many runs, a comparison of long curves, a run.

Needs Debian's chromium. The store takes some minutes to be filled (``python benchmarks/pages.py RUNS``).
"""

from __future__ import annotations

import math
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).parents[1]))

import mlops_jlab
from benchmarks import tracking
from benchmarks.interface import LONG_TASKS, SCROLL, browser, ready
from mlops_jlab.store.location import Place
from tests.ui.conftest import Lab, start_lab

RUNS, COMPARED, METRICS, POINTS = 1_000_000, 50, 20, 10_000
ROUNDS = 5
# From a deed until what is waited for is on screen, and drawn.
TIMED = """async ([deed, shown]) => {
    const begun = performance.now();
    await new Function(`return (async () => { ${deed} })()`)();
    const isShown = new Function(`return ${shown}`);
    while (!isShown()) await new Promise(resolve => setTimeout(resolve, 2));
    await new Promise(requestAnimationFrame);
    return performance.now() - begun;
}"""
ROWS = "document.querySelectorAll('.jp-mlops-grid-row').length > 0"
FILTERED = "document.querySelectorAll('.jp-mlops-toolbar .jp-mlops-chip').length > 1"
ANSWERED = "document.querySelector('.jp-mlops-table-main [aria-busy]').getAttribute('aria-busy') === 'false'"


def timed(page: Page, deed: str, shown: str) -> float:
    """Milliseconds from ``deed`` until ``shown`` is true; both are JavaScript."""
    return float(page.evaluate(TIMED, [deed, shown]))


def median(times: list[float]) -> str:
    return f"{statistics.median(times):,.0f} ms"


def opened(window: Callable[[], Page], lab: Lab, command: str, shown: str) -> tuple[Page, str]:
    """A page opened with a command, each time in a fresh window whose lab is there; the last of them."""
    times = []
    for round_ in range(ROUNDS):
        page = window()
        ready(page, lab.address)
        page.wait_for_timeout(1000)  # what a start of JupyterLab does afterwards
        times.append(timed(page, f"await jupyterapp.commands.execute({command})", shown))
        if round_ < ROUNDS - 1:
            page.context.close()
    return page, median(times)


def table(window: Callable[[], Page], lab: Lab, count: int) -> list[list[str]]:
    """The table of all runs: first rows, sorted, filtered, scrolled."""
    page, first = opened(window, lab, "'mlops-jlab:open-table'", ROWS)
    rows = [[f"table over {count:,} runs, first rows", first]]
    # A click on a head sorts by it; another turns the order around.
    sort = "document.querySelector('[data-column=\"metrics.metric1\"] button').click()"
    filtering = "document.querySelector('.jp-mlops-toolbar form').requestSubmit()"
    ordered, filtered = [], []
    for wanted in range(10, 10 + ROUNDS):
        ordered.append(timed(page, sort, ANSWERED))
        page.get_by_label("Search runs").fill(f"params.param3 = '{wanted}'")
        filtered.append(timed(page, filtering, f"{FILTERED} && {ANSWERED}"))
        page.get_by_label("Remove the filter params").click()
        page.wait_for_timeout(1000)
    rows += [["sorted by a metric", median(ordered)], ["filtered by a param", median(filtered)]]
    page.evaluate(LONG_TASKS)
    for _ in range(8):
        page.evaluate(SCROLL, ".jp-mlops-grid")
        page.wait_for_timeout(200)
    longest = page.evaluate("window.__long")
    rows.append(["longest task while scrolling it", f"{longest:.0f} ms" if longest else "none over 50 ms"])
    page.context.close()
    return rows


def write_curves(folder: Path) -> list[str]:
    """Runs to compare; their ids."""
    os.environ["MLOPS_JLAB_STORE"] = str(folder / ".mlops")
    ids = []
    for n in range(COMPARED):
        with mlops_jlab.start_run(run_name=f"curve {n}") as run:
            mlops_jlab.log_params({"lr": n / 100, "depth": n % 7})
            for step in range(POINTS):
                loss = math.exp(-step / 2000) + n / 100
                mlops_jlab.log_metrics({f"loss{k}": loss + k for k in range(METRICS)}, step=step)
        ids.append(run.id)
    mlops_jlab.flush()
    return ids


def curves(window: Callable[[], Page], lab: Lab, ids: list[str]) -> list[list[str]]:
    """The comparison of runs with long curves, and the page of one of them."""
    drawn = "document.querySelectorAll('.jp-mlops-curve canvas').length > 1"
    page, compared = opened(window, lab, f"'mlops-jlab:compare-runs', {{ids: {ids!r}}}", drawn)
    page.context.close()
    shown = "document.querySelectorAll('.jp-mlops-run .jp-mlops-tile').length > 2"
    page, run = opened(window, lab, f"'mlops-jlab:open-run', {{id: '{ids[0]}', name: ''}}", shown)
    page.context.close()
    what = f"{COMPARED} runs x {METRICS} metrics x {POINTS:,} points compared, first charts"
    return [[what, compared], ["page of one of these runs, its numbers", run]]


def main(count: int = RUNS) -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as name, browser() as window:
        folder = Path(name)
        tracking.fill_ours(Place(folder / ".mlops"), count)
        with start_lab(folder) as lab:
            rows = table(window, lab, count)
            rows += curves(window, lab, write_curves(folder))
    print("| | |\n|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
