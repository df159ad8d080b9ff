"""The pages in the main area: all runs as a table with charts, a run, a pipeline's run, in a real browser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import notebook_json
from tests.ui.conftest import open_notebook, shoot, start_lab, wait_until_ready
from tests.ui.test_walks import faults

CELLS = [("parameters", "lr: float = 0.1\nhidden: int = 64"), ("step:load", "rows = [1, 2, 3]"),
         ("step:fit", "import mlops_jlab\nmlops_jlab.log_metric('auc', 0.8 + lr / 10)\nfitted = sum(rows)"),
         ("-", ""), ("-", ""), ("-", "")]  # fmt: skip
SVG = (
    "<svg xmlns='http://www.w3.org/2000/svg' width='8' height='8'><style>rect {fill: #00ff00}</style>"
    "<script>parent.document.title = 'bad'</script><rect width='8' height='8'/></svg>"
)
RUNS = (
    "import mlops_jlab as m\n"
    f"SVG = {SVG!r}\n"
    "m.set_experiment('churn')\n"
    "for n in range(40):\n"
    "    with m.start_run(run_name=f'try {n}', tags={'team': 'blue' if n % 2 else 'red'}):\n"
    "        m.log_params({'lr': [0.1, 0.01][n % 2], 'hidden': 32 * (n % 4 + 1), 'same': 1})\n"
    "        m.log_params({f'grid_{i}': n for i in range(80)} if n == 39 else {})\n"
    "        for i in range(60): m.log_metric('val/loss', 1 / (i + 1 + n)); m.log_metric('val/auc', 1 - 1 / (i + 2 + n))\n"
    "        m.log_text('a,b\\n1,\"x, y\"\\n', 'tables/t.csv'); m.log_text('<b>page</b>', 'page.html')\n"
    "        m.log_text(SVG, 'plot.svg') if n == 39 else None\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty runs and a small pipeline."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / ".mlops").mkdir()
    (folder / "small.ipynb").write_text(json.dumps(notebook_json(CELLS)))
    environment = {**os.environ, "MLOPS_JLAB_STORE": str(folder / ".mlops")}
    subprocess.run([sys.executable, "-c", RUNS], env=environment, cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """A lab of its own."""
    with start_lab(folder) as lab:
        yield lab.address


def rows_of(page: Page) -> Locator:
    return page.locator(".jp-mlops-grid-row:visible")


def test_the_table_opens_from_the_launcher(page: Page, address: str) -> None:
    page.goto(f"{address}/lab?reset")
    wait_until_ready(page)
    page.locator(".jp-LauncherCard", has_text="Pipelines and Runs").click()
    expect(rows_of(page).first).to_contain_text("try 39")
    expect(page.locator(".jp-mlops-table-footer")).to_contain_text("40 runs")
    heads = page.locator(".jp-mlops-grid-head")
    expect(heads).to_contain_text("val/loss")
    expect(heads).to_contain_text("hidden")
    expect(heads).not_to_contain_text("same")  # all runs agree on it
    assert faults(page, ".jp-mlops-page") == []


def test_words_and_filters_find_runs_and_a_fault_leaves_no_rows(page: Page, address: str) -> None:
    box = page.get_by_label("Search runs")
    box.fill("blue hidden=64")
    expect(rows_of(page)).to_have_count(10)
    box.fill("metrics.`val/auc` >")
    box.press("Enter")
    expect(page.locator(".jp-mlops-page [role='alert']")).to_contain_text("column")
    expect(rows_of(page)).to_have_count(0)
    box.fill("params.lr = 0.01")
    box.press("Enter")
    expect(page.locator(".jp-mlops-chip").last).to_contain_text("params.lr = 0.01")
    expect(page.locator(".jp-mlops-table-footer")).to_contain_text("20 runs")
    page.get_by_label("Remove the filter params.lr = 0.01").click()
    expect(page.locator(".jp-mlops-table-footer")).to_contain_text("40 runs")


def test_runs_are_sorted_grouped_and_ungrouped_without_ghosts(page: Page, address: str) -> None:
    page.locator("[data-column='metrics.val/auc'] button").click()
    expect(page.locator("[data-column='metrics.val/auc']")).to_have_attribute("aria-sort", "descending")
    expect(rows_of(page).first).to_contain_text("try 39")
    page.locator("[data-column='metrics.val/auc'] button").click()
    expect(rows_of(page).first).to_contain_text("try 0")
    page.get_by_role("button", name="Group by").click()
    page.get_by_label("tags.team").check()
    page.get_by_label("params.hidden").check()
    page.keyboard.press("Escape")
    groups = page.locator(".jp-mlops-grid-group")
    expect(groups.first).to_contain_text("team = ")
    expect(groups.nth(1)).to_contain_text("hidden = ")
    expect(page.locator(".jp-mlops-grid")).to_have_attribute("aria-busy", "false")
    count = groups.count()
    groups.nth(1).click()
    expect(groups.nth(1)).to_have_attribute("aria-expanded", "false")
    assert groups.count() >= count
    shoot(page, "page-runs-grouped")
    page.get_by_role("button", name="Group by").click()
    page.get_by_label("tags.team").uncheck()
    page.get_by_label("params.hidden").uncheck()
    page.keyboard.press("Escape")
    expect(groups).to_have_count(0)
    expect(rows_of(page).nth(1)).to_contain_text("try 1")  # until runs have come in their own order
    tops = rows_of(page).evaluate_all("rows => rows.map(row => row.style.top)")
    assert len(tops) == len(set(tops))


def test_tab_stops_at_heads_that_sort_and_goes_past_the_rows(page: Page, address: str) -> None:
    grid = page.locator(".jp-mlops-grid")
    assert grid.locator(".jp-mlops-grid-row .jp-mlops-icon-button:not([tabindex='-1'])").count() == 0
    head = page.locator("[data-column='duration'] button")
    grid.focus()
    for _ in range(6):
        page.keyboard.press("Tab")
        if head.evaluate("node => node === document.activeElement"):
            break
    expect(head).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("[data-column='duration']")).to_have_attribute("aria-sort", "descending")
    page.locator("[data-column='metrics.val/auc'] button").click()
    page.locator("[data-column='metrics.val/auc'] button").click()


def test_a_comparison_has_named_heads_and_cards_of_one_height(page: Page, address: str) -> None:
    ids = page.evaluate(
        "fetch('/mlops-jlab/api/runs?limit=2').then(r => r.json()).then(p => p.runs.map(r => r.id))"
    )
    page.set_viewport_size({"width": 1600, "height": 900})
    page.evaluate("id => jupyterapp.commands.execute('mlops-jlab:compare-runs', {ids: id})", ids)
    view = page.locator(".jp-mlops-comparison:visible")
    expect(view.locator("thead th").nth(1)).to_contain_text("try 39")
    expect(view.locator(".jp-mlops-parallel")).to_be_visible()
    page.wait_for_timeout(500)
    cards = [one.bounding_box() for one in view.locator(".jp-mlops-beside > .jp-mlops-card").all()]
    assert len({(round(card["y"]), round(card["height"])) for card in cards if card}) == 1
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate("jupyterapp.shell.currentWidget.close()")


def test_a_drawing_is_shown_as_a_picture_and_downloaded_as_a_page(page: Page, address: str) -> None:
    run = page.evaluate("fetch('/mlops-jlab/api/runs?limit=1').then(r => r.json()).then(p => p.runs[0].id)")
    answer = page.request.get(f"{address}/mlops-jlab/api/runs/{run}/artifacts/plot.svg")
    assert (answer.headers["content-type"], answer.headers["content-disposition"]) == (
        "image/svg+xml",
        "attachment",
    )
    page.evaluate("id => jupyterapp.commands.execute('mlops-jlab:open-run', {id})", run)
    page.get_by_role("tab", name="Figures and files").click()
    picture = page.locator(".jp-mlops-run:visible img.jp-mlops-image")
    expect(picture).to_have_attribute("alt", "plot.svg")
    page.wait_for_function("document.querySelector('img.jp-mlops-image').naturalWidth === 8")
    color = picture.evaluate(
        "node => { const c = document.createElement('canvas').getContext('2d');"
        " c.drawImage(node, 0, 0); return [...c.getImageData(4, 4, 1, 1).data]; }"
    )
    assert color == [0, 255, 0, 255]
    assert page.title() != "bad"
    page.evaluate("jupyterapp.shell.currentWidget.close()")


def test_any_param_can_be_a_column(page: Page, address: str) -> None:
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Search columns").fill("grid_79")
    page.get_by_label("params.grid_79").check()
    page.keyboard.press("Escape")
    expect(page.locator("[data-column='params.grid_79']")).to_be_attached()


def test_keys_give_eyes_a_baseline_and_a_selection(page: Page, address: str) -> None:
    grid = page.locator(".jp-mlops-grid")
    grid.focus()
    for key in ("Home", "Space", "ArrowDown", "Space"):
        page.keyboard.press(key)
    # Five runs had an eye from the beginning, since nobody had given any.
    expect(page.locator(".jp-mlops-table-footer")).to_contain_text("7 in charts")
    charts = page.locator(".jp-mlops-table-body aside .jp-mlops-curve canvas")
    expect(charts).to_have_count(2)
    page.keyboard.press("p")
    pinned = page.locator(".jp-mlops-grid-row[data-pinned='true']")
    expect(pinned).to_contain_text("try 1")
    assert pinned.evaluate("row => row.style.top") == "0px"
    for key in ("Home", "Shift+ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    expect(page.locator(".jp-mlops-table-footer")).to_contain_text("3 selected")
    shoot(page, "page-runs")
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    page.wait_for_timeout(1500)
    shoot(page, "page-runs-dark")
    assert faults(page, ".jp-mlops-page") == []
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")


def test_selected_runs_are_tagged_archived_and_brought_back(page: Page, address: str) -> None:
    footer = page.locator(".jp-mlops-table-footer")
    grid = page.locator(".jp-mlops-grid")
    grid.focus()
    for key in ("Escape", "Home", "ArrowDown", "ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    expect(footer).to_contain_text("2 selected")
    footer.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_label("Tags of the selected runs").fill("candidate, team = red")
    page.keyboard.press("Enter")
    found = "fetch('/mlops-jlab/api/runs?filter=' + encodeURIComponent(`%s`)).then(r => r.json()).then(p => p.total)"
    page.wait_for_function(
        found % "tags.candidate = '' and tags.team = 'red'" + ".then(count => count === 2)"
    )
    shoot(page, "page-runs-selected")
    footer.get_by_role("button", name="Archive").click()
    expect(page.locator(".jp-mlops-chip", has_text="Archived hidden")).to_be_visible()
    expect(footer).to_contain_text("38 runs")
    page.get_by_label("Show archived runs").click()
    expect(footer).to_contain_text("40 runs")
    grid.focus()
    for key in ("Home", "ArrowDown", "ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    footer.get_by_role("button", name="Bring Back").click()
    expect(footer).not_to_contain_text("selected")
    assert page.evaluate(found % "tags.archived = ''") == 0
    assert faults(page, ".jp-mlops-page") == []


def test_a_run_has_a_page_with_tabs(page: Page, address: str) -> None:
    page.locator(".jp-mlops-grid").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    run = page.locator(".jp-mlops-run:visible")
    expect(run.locator("h1")).to_contain_text("#")
    expect(run.locator(".jp-mlops-tile").first).to_contain_text("val/")
    expect(run.locator(".jp-mlops-change").first).to_be_visible()
    expect(run.locator(".jp-mlops-curve canvas")).to_have_count(2)
    shoot(page, "page-run")
    run.get_by_role("tab", name="Figures and files").click()
    run.get_by_role("button", name="t.csv").click()
    expect(run.locator("td", has_text="x, y")).to_be_visible()
    run.get_by_role("button", name="page.html").click()
    expect(run.locator("iframe")).to_have_attribute("sandbox", "")
    for tab in ("Code", "Logs", "System", "Environment", "Lineage"):
        run.get_by_role("tab", name=tab).click()
        expect(run.get_by_role("tabpanel")).not_to_be_empty()
        assert faults(page, ".jp-mlops-run") == []


def test_a_run_is_renamed_noted_in_markdown_and_linked_to(page: Page, address: str) -> None:
    run = page.locator(".jp-mlops-run:visible")
    run.get_by_role("tab", name="Overview").click()
    run.get_by_role("button", name="Rename").click()
    run.get_by_label("Name of the run").fill("the one to beat")
    page.keyboard.press("Enter")
    expect(run.locator("h1")).to_contain_text("the one to beat")
    run.get_by_role("button", name="Add a note").click()
    run.get_by_role("textbox", name="Note").fill("**bold** <img src=x onerror='window.__pwn=1'> and *more*")
    run.get_by_role("button", name="Save Note").click()
    expect(run.locator(".jp-RenderedMarkdown strong")).to_have_text("bold")
    assert page.evaluate("window.__pwn") is None
    run.get_by_role("button", name="Edit Note").click()
    expect(run.get_by_role("textbox", name="Note")).to_have_value(
        "**bold** <img src=x onerror='window.__pwn=1'> and *more*"
    )
    shoot(page, "page-run-note")
    page.evaluate(
        "navigator.clipboard.writeText = text => { window.__copied = text; return Promise.resolve(); }"
    )
    run.get_by_role("button", name="Copy Link").click()
    link = page.evaluate("window.__copied")
    assert "mlops=run" in link
    page.wait_for_timeout(2500)  # the workspace is saved a second after it has changed
    page.goto(link)
    wait_until_ready(page)
    expect(page.locator(".jp-mlops-run:visible h1")).to_contain_text("the one to beat")


def test_pages_come_back_with_their_view(page: Page, address: str) -> None:
    page.wait_for_timeout(2500)  # the workspace is saved a second after it has changed
    page.goto(f"{address}/lab")
    wait_until_ready(page)
    page.evaluate("jupyterapp.commands.execute('mlops-jlab:open-table')")
    expect(page.locator("[data-column='params.grid_79']")).to_be_attached()
    expect(page.locator(".jp-mlops-grid-row[data-pinned='true']")).to_contain_text("try 1")


def test_the_run_of_a_pipeline_shows_its_graph_its_time_and_all_parameters(page: Page, address: str) -> None:
    open_notebook(page, address, "small.ipynb")
    page.evaluate("jupyterapp.commands.execute('mlops-jlab:open-panel')")
    panel = page.locator(".jp-mlops-pipeline")
    expect(panel.locator(".jp-mlops-node")).to_have_count(2)
    panel.get_by_role("button", name="Run", exact=True).click()
    expect(panel.locator(".jp-mlops-last")).to_have_attribute("data-status", "finished", timeout=90_000)
    panel.locator(".jp-mlops-last .jp-mlops-link").first.click()
    run = page.locator(".jp-mlops-run:visible")
    expect(run.locator(".jp-mlops-node")).to_have_count(2)
    expect(run.locator(".jp-mlops-gantt-line:not([data-rest])")).to_have_count(2)
    expect(run.get_by_label("Parameters")).to_contain_text("hidden")
    expect(run.locator("tr", has_text="auc")).to_contain_text("0.81")
    shoot(page, "page-pipeline-run")
    assert faults(page, ".jp-mlops-run") == []


def test_steps_fold_below_their_pipeline(page: Page, address: str) -> None:
    page.evaluate("jupyterapp.commands.execute('mlops-jlab:open-table')")
    row = rows_of(page).filter(has_text="small")
    expect(row).to_contain_text("2 steps")
    row.get_by_label("Unfold").click()
    expect(rows_of(page).filter(has_text="fit")).to_have_attribute("data-part", "true")


def test_the_page_of_a_run_that_goes_on_asks_seldom_and_sees_its_end(
    page: Page, folder: Path, address: str
) -> None:
    code = (
        "import time\nimport mlops_jlab as m\n"
        "with m.start_run(run_name='slow'):\n"
        "    for n in range(80): m.log_metric('loss', 1 / (n + 1)); time.sleep(0.1)\n"
    )
    environment = {**os.environ, "MLOPS_JLAB_STORE": f"{folder}/.mlops"}
    running = subprocess.Popen([sys.executable, "-c", code], env=environment, cwd=folder)
    page.evaluate("jupyterapp.commands.execute('mlops-jlab:open-table')")
    rows_of(page).filter(has_text="slow").dblclick(timeout=30_000)
    run = page.locator(".jp-mlops-run:visible")
    expect(run).to_have_attribute("data-status", "running")
    asked: list[str] = []
    page.on(
        "request",
        lambda request: asked.append(request.url) if "/mlops-jlab/api/runs/" in request.url else None,
    )
    page.wait_for_timeout(3000)
    assert 0 < len(asked) <= 4, asked
    run.get_by_role("tab", name="System").click()
    expect(run.locator(".jp-mlops-curve canvas")).to_have_count(2, timeout=15_000)
    expect(run.locator(".jp-mlops-curve").last).to_contain_text("MB")
    expect(run).to_have_attribute("data-status", "finished", timeout=30_000)
    assert running.wait(30) == 0
