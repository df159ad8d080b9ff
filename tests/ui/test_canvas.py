"""The canvas of a pipeline: looked at, searched, edited, undone and saved, in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import notebook_json
from tests.ui.conftest import open_notebook, shoot, start_lab, wait_until_ready
from tests.ui.test_walks import faults

CELLS = [
    ("setup", "import pandas as pd"),
    ("parameters", "depth: int = 3"),
    ("step:load", "rows = pd.DataFrame({'x': range(500), 'y': range(500)})"),
    ("step:load", "newest = rows.tail(5)\nrows.shape"),
    ("step:features", "table = rows.assign(z=rows.x * depth)"),
    ("step:boost", "boost = table.z.mean() / 1000\nprint('100 rounds')"),
    ("step:linear", "linear = table.x.mean() / 1000"),
    ("step:judge", "best = max(boost, linear)\nbest"),
    ("step:picture", "shape = newest.shape"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small pipeline with branches, and one of 500 steps."""
    folder = tmp_path_factory.mktemp("canvas")
    (folder / ".mlops").mkdir()
    (folder / "flights.ipynb").write_text(json.dumps(notebook_json(CELLS)))
    many = [(f"step:s{n}", f"v{n} = {f'v{n - 1 - n % 3}' if n > 3 else n}") for n in range(500)]
    (folder / "many.ipynb").write_text(json.dumps(notebook_json(many)))
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """A lab of its own."""
    with start_lab(folder) as lab:
        yield lab.address


def step(page: Page, name: str) -> Locator:
    return page.locator(f".jp-mlops-graphic .react-flow__node[data-id='{name}']")


def tags(page: Page) -> list[list[str]]:
    found: list[list[str]] = page.evaluate(
        "[...jupyterapp.shell.widgets('main')].find(w => w.context?.path === 'flights.ipynb')"
        ".content.widgets.map(c => c.model.getMetadata('tags') ?? [])"
    )
    return found


def test_the_canvas_opens_from_the_sidebar_and_its_text_can_be_read(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 1600, "height": 1000})
    open_notebook(page, address, "flights.ipynb")
    page.evaluate("jupyterapp.commands.execute('mlops-jlab:open-panel')")
    panel = page.locator(".jp-mlops-pipeline")
    expect(panel.locator(".jp-mlops-node")).to_have_count(6)
    panel.get_by_role("button", name="Run", exact=True).click()
    expect(panel.locator(".jp-mlops-last")).to_have_attribute("data-status", "finished", timeout=90_000)
    panel.get_by_role("button", name="Open Pipeline Canvas").click()
    expect(page.locator(".jp-mlops-step")).to_have_count(6)
    sizes = page.locator(".jp-mlops-graphic").evaluate(
        "host => [...host.querySelectorAll('.jp-mlops-step *, .jp-mlops-edge-label')]"
        ".filter(e => e.textContent).map(e => parseFloat(getComputedStyle(e).fontSize) *"
        " host.querySelector('.react-flow__viewport').getBoundingClientRect().width /"
        " host.querySelector('.react-flow__viewport').offsetWidth)"
    )
    assert min(sizes) >= 12
    colors = page.locator(".jp-mlops-step").evaluate_all("steps => steps.map(s => s.style.cssText)")
    assert len(set(colors)) == 6
    expect(page.locator(".jp-mlops-graphic .react-flow__minimap-node")).to_have_count(6)
    assert faults(page, ".jp-mlops-canvas") == []


def test_a_click_opens_a_drawer_with_all_of_a_step(page: Page, address: str) -> None:
    step(page, "features").click()
    drawer = page.locator(".jp-mlops-drawer")
    expect(drawer).to_contain_text("table = rows.assign")
    expect(drawer.get_by_label("Reads")).to_contain_text("DataFrame")
    expect(drawer.get_by_label("Reads")).to_contain_text("500 × 2")
    expect(drawer.get_by_label("Gives")).to_contain_text("500 × 3")
    expect(drawer.get_by_label("Reads")).to_contain_text("depthparameter3")
    step(page, "boost").click()
    expect(drawer.get_by_label("Gives")).to_contain_text("metric, automatic")
    expect(drawer.get_by_label("Log of step boost")).to_contain_text("100 rounds")
    expect(drawer.locator(".jp-mlops-times button")).to_have_count(1)
    shoot(page, "page-canvas")
    assert faults(page, ".jp-mlops-canvas") == []


def test_a_step_dragged_onto_another_runs_after_it_and_undo_takes_it_back(page: Page, address: str) -> None:
    page.keyboard.press("Escape")
    before = tags(page)
    step(page, "picture").hover()
    page.mouse.down()
    target = step(page, "judge").bounding_box()
    assert target is not None
    page.mouse.move(target["x"] + 60, target["y"] + 20, steps=8)
    page.mouse.up()
    said = page.locator(".jp-mlops-said")
    expect(said).to_contain_text("picture runs after judge")
    assert ["step:picture", "after:judge"] in tags(page)
    expect(page.locator(".react-flow__edge.jp-mod-order")).to_have_count(1)
    said.get_by_role("button", name="Undo").click()
    expect(page.locator(".react-flow__edge.jp-mod-order")).to_have_count(0)
    assert tags(page) == before


def test_steps_are_renamed_merged_and_split(page: Page, address: str) -> None:
    before = tags(page)
    step(page, "boost").click()
    page.keyboard.press("F2")
    page.locator(".jp-Dialog input").fill("trees")
    page.keyboard.press("Enter")
    expect(step(page, "trees")).to_be_visible()
    step(page, "linear").click(modifiers=["Shift"])
    page.get_by_role("button", name="Merge 2 Steps").click()
    expect(page.locator(".jp-mlops-step")).to_have_count(5)
    assert tags(page).count(["step:trees"]) == 2
    step(page, "load").click()
    page.get_by_role("button", name="Split here…").click()
    page.locator(".jp-Dialog input").fill("newest")
    page.keyboard.press("Enter")
    expect(step(page, "newest")).to_be_visible()
    step(page, "newest").focus()
    for _ in range(3):
        page.keyboard.press("Control+z")
        page.wait_for_timeout(300)
    expect(step(page, "boost")).to_be_visible()
    assert tags(page) == before


def test_keys_lead_from_step_to_step(page: Page, address: str) -> None:
    step(page, "features").click()
    page.keyboard.press("ArrowUp")
    expect(page.locator(".jp-mlops-drawer h1")).to_have_text("load")
    page.keyboard.press("Escape")
    expect(page.locator(".jp-mlops-drawer")).to_have_count(0)


def test_it_is_laid_out_horizontally_searched_and_saved(page: Page, address: str, tmp_path: Path) -> None:
    page.get_by_role("button", name="Horizontal").click()
    first, last = step(page, "load").bounding_box(), step(page, "judge").bounding_box()
    assert first is not None
    assert last is not None
    assert last["x"] > first["x"] + 300
    box = page.get_by_label("Step or name")
    box.fill("linear")
    expect(step(page, "load").locator(".jp-mlops-step")).to_have_attribute("data-faint", "true")
    box.press("Enter")
    expect(page.locator(".jp-mlops-drawer h1")).to_have_text("linear")
    box.fill("")
    for kind in ("SVG", "PNG"):
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as download:
            page.get_by_role("button", name=f"As {kind}").click()
        download.value.save_as(tmp_path / kind)
    assert "features" in (tmp_path / "SVG").read_text()
    assert (tmp_path / "PNG").read_bytes()[:4] == b"\x89PNG"
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    page.wait_for_timeout(1500)
    shoot(page, "page-canvas-dark")
    assert faults(page, ".jp-mlops-canvas") == []
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")


def test_a_fault_colors_its_step(page: Page, address: str) -> None:
    page.evaluate(
        "[...jupyterapp.shell.widgets('main')].find(w => w.context?.path === 'flights.ipynb')"
        ".content.widgets[7].model.sharedModel.setSource('best = max(boost, nowhere)')"
    )
    expect(step(page, "judge").locator(".jp-mlops-step")).to_have_attribute("data-fault", "error")
    expect(page.locator(".jp-mlops-said")).to_contain_text("nowhere")
    shoot(page, "page-canvas-fault")


def test_five_hundred_steps_stay_usable(page: Page, address: str) -> None:
    open_notebook(page, address, "many.ipynb")
    page.evaluate("jupyterapp.commands.execute('mlops-jlab:open-canvas', {path: 'many.ipynb'})")
    expect(page.locator(".jp-mlops-step").first).to_be_visible(timeout=60_000)
    assert page.locator(".jp-mlops-step").count() < 500  # those out of sight are not drawn
    page.evaluate(
        """async () => {
          const pane = document.querySelector('.jp-mlops-graphic .react-flow__pane');
          for (let n = 0; n < 40; n++) {
            pane.dispatchEvent(new WheelEvent('wheel', {deltaY: 40, bubbles: true, clientX: 800, clientY: 500}));
            await new Promise(requestAnimationFrame);
          }
        }"""
    )
    expect(page.locator(".jp-mlops-zoom")).not_to_contain_text("100 %")
    shoot(page, "page-canvas-many")


def test_several_notebooks_are_one_graph_that_is_put_together_and_run(
    page: Page, address: str, folder: Path
) -> None:
    notebooks = {
        "first": [("parameters", "n: int = 3"), ("step:read", "rows = list(range(n))")],
        "second": [("step:sum", "total = sum(data)\nprint('total', total)")],
    }
    for name, cells in notebooks.items():
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook_json(cells)))
    page.set_viewport_size({"width": 1600, "height": 1000})
    page.goto(f"{address}/lab?reset")
    wait_until_ready(page)
    page.evaluate("void jupyterapp.commands.execute('mlops-jlab:new-several', {notebooks: ['first.ipynb']})")
    page.locator(".jp-Dialog input").fill("both.yaml")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(step(page, "first.read")).to_be_visible()
    page.locator(".jp-DirListing-item", has_text="second.ipynb").drag_to(page.locator(".jp-mlops-graphic"))
    expect(step(page, "second.sum")).to_have_attribute("aria-label", re.compile("data"))
    expect(page.get_by_role("button", name="Run", exact=True).last).to_be_disabled()
    page.get_by_label("Take from another notebook").last.click()
    page.get_by_label("Name", exact=True).fill("rows")
    page.get_by_label("Called here").fill("data")
    page.get_by_role("button", name="Take", exact=True).click()
    expect(page.locator(".jp-mlops-edge-label", has_text="rows as data")).to_be_visible()
    assert (folder / "both.yaml").read_text() == (
        "pipeline:\n  notebooks:\n    - first.ipynb\n    - second.ipynb\n"
        "  take:\n    second: from first take rows as data\n"
    )
    page.locator(".jp-mlops-members summary").click()
    page.locator(".jp-mlops-members").get_by_label("first.n").fill("5")
    page.locator(".jp-mlops-canvas").get_by_role("button", name="Run", exact=True).click()
    expect(step(page, "second.sum").locator("[data-status='finished']")).to_be_visible(timeout=60_000)
    step(page, "second.sum").click()
    drawer = page.get_by_role("complementary", name="Step second.sum")
    expect(drawer.get_by_text("total 10")).to_be_visible()
    expect(drawer.get_by_role("row", name="data")).to_contain_text("5")
    assert not faults(page, ".jp-mlops-canvas")
    shoot(page, "several-notebooks")
