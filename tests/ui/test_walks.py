"""The ways that users go: from an empty folder to a compared run; and what happens in the middle."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import notebook_json
from tests.ui.conftest import Lab, open_notebook, shoot, start_lab, wait_until_ready

HEADINGS = [("-", "rows = list(range(5))"), ("-", "total = sum(rows)"), ("-", "print(total)"),
            ("-", "print('end')"), ("-", ""), ("-", "")]  # fmt: skip
FAULTY = [("parameters", "scale: int = 2  # how much\nfast: bool = False"), ("-", "base = 10"),
          ("step:load", "rows = [scale * base, 2, 3]\nprint('loaded', len(rows))"),
          ("step:sum", "import time\ntime.sleep(2)\ntotal = sum(rows)\n%track metric total $total"),
          ("step:sum", "import mlops_jlab\nfor n in range(20): mlops_jlab.log_metric('loss', 1 / (n + 1))"),
          ("-", "")]  # fmt: skip
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab over an empty folder, save for two small notebooks."""
    folder = tmp_path_factory.mktemp("walks")
    (folder / ".mlops").mkdir()
    node = notebook_json(HEADINGS)
    for place, title in ((0, "## Load"), (2, "## Sum up"), (4, "## Tell")):
        node["cells"].insert(
            place, {"cell_type": "markdown", "id": f"m{place}", "metadata": {}, "source": title}
        )
    (folder / "headings.ipynb").write_text(json.dumps(node))
    (folder / "faulty.ipynb").write_text(json.dumps(notebook_json(FAULTY)))
    with start_lab(folder) as lab:
        yield lab


def execute(page: Page, command: str, args: object = None) -> Any:
    return page.evaluate("([c, a]) => jupyterapp.commands.execute(c, a ?? {})", [command, args])


def pipeline_of(page: Page) -> Any:
    execute(page, "mlops-jlab:open-panel")
    return page.locator(".jp-mlops-pipeline")


def tags(page: Page) -> list[list[str]]:
    found: list[list[str]] = page.evaluate(
        "() => jupyterapp.shell.currentWidget.content.widgets.map(c => c.model.getMetadata('tags') ?? [])"
    )
    return found


def narrow(page: Page, width: int) -> None:
    """Gives the left sidebar a width in pixels."""
    page.evaluate(
        """width => {
            const split = jupyterapp.shell._hsplitPanel;
            const all = split.node.clientWidth;
            split.setRelativeSizes([width, all - width, 0]);
        }""",
        width,
    )
    page.wait_for_timeout(400)


def faults(page: Page, selector: str) -> list[str]:
    """What axe-core finds to be serious or critical below ``selector``."""
    if not page.evaluate("typeof window.axe !== 'undefined'"):
        page.add_script_tag(path=str(AXE))
    found = page.evaluate("selector => axe.run(selector)", selector)
    return [
        f"{v['id']}: {v['help']}: {[n['html'][:160] for n in v['nodes'][:3]]}"
        for v in found["violations"]
        if v["impact"] in ("serious", "critical")
    ]


def misfits(page: Page, selector: str) -> list[str]:
    """What on a page is wider than the page, or has letters under 11 px."""
    found: list[str] = page.locator(f"{selector}:visible").evaluate(
        """node => {
            const right = node.getBoundingClientRect().right + 1;
            const all = [...node.querySelectorAll('*')].filter(one => one.getClientRects().length);
            const inner = one => one.parentElement.closest('.jp-mlops-wide, svg, aside .jp-mlops-whole-card');
            const wide = node.scrollWidth - node.clientWidth > 1
                ? all.filter(one => one.getBoundingClientRect().right > right && !inner(one)) : [];
            const small = all.filter(one => one.children.length === 0 && one.textContent.trim()
                && parseFloat(getComputedStyle(one).fontSize) < 11);
            return [...wide, ...small].map(one => one.outerHTML.slice(0, 160));
        }"""
    )
    return found[:5]


def test_a_newcomer_opens_the_example_from_the_empty_panel(page: Page, own: Lab) -> None:
    page.goto(f"{own.address}/lab?reset")
    wait_until_ready(page)
    panel = pipeline_of(page)
    expect(page.locator(".jp-mlops-runs")).to_contain_text("No runs yet")
    shoot(page, "walk-empty")
    assert faults(page, ".jp-mlops-panel") == []
    panel.get_by_role("button", name="Open the Example").click()
    expect(panel.locator(".jp-mlops-node")).to_have_count(6)
    assert (own.folder / "mlops-jlab-example.ipynb").exists()


def test_steps_are_suggested_looked_at_and_taken(page: Page, own: Lab) -> None:
    open_notebook(page, own.address, "headings.ipynb")
    panel = pipeline_of(page)
    panel.get_by_role("button", name="Suggest Steps").click()
    dialog = page.locator(".jp-mlops-proposal")
    expect(dialog.locator("tr")).to_have_count(6)
    expect(dialog).to_contain_text("step:sum-up")
    shoot(page, "walk-suggest")
    page.locator(".jp-Dialog").get_by_role("button", name="Cancel").click()
    assert not any(tags(page))
    panel.get_by_role("button", name="Suggest Steps").click()
    expect(dialog.locator("tr")).to_have_count(6)
    page.locator(".jp-Dialog").get_by_role("button", name="Tag Cells").click()
    expect(panel.locator(".jp-mlops-node")).to_have_count(3)
    assert tags(page)[1] == ["step:load"]
    page.wait_for_timeout(800)  # changes within half a second are one to the notebook's undo
    page.evaluate(
        "() => { const c = jupyterapp.shell.currentWidget.content; c.mode = 'command'; c.node.focus(); }"
    )
    page.keyboard.press("z")
    page.wait_for_function(
        "() => !jupyterapp.shell.currentWidget.content.widgets.some(c => c.model.getMetadata('tags')?.length)"
    )


def test_a_fault_is_shown_at_its_cell_and_mended_by_a_click(page: Page, own: Lab) -> None:
    open_notebook(page, own.address, "faulty.ipynb")
    panel = pipeline_of(page)
    fault = page.locator(".jp-Cell .jp-mlops-at-cell [data-severity='error']")
    expect(fault).to_contain_text("base")
    shoot(page, "walk-fault")
    assert faults(page, ".jp-mlops-at-cell") == []
    fault.get_by_role("button", name="Make cell 2 setup").click()
    expect(fault).to_have_count(0)
    assert tags(page)[1] == ["setup"]
    expect(panel.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    page.evaluate(
        "jupyterapp.shell.currentWidget.content.widgets[2].model.sharedModel.setSource('rows = [scale * base, nix]')"
    )
    expect(fault).to_contain_text("nix")  # while it is typed
    page.evaluate(
        "jupyterapp.shell.currentWidget.content.widgets[2].model.sharedModel"
        ".setSource('rows = [scale * base, 2, 3]\\nprint(\"loaded\", len(rows))')"
    )
    expect(fault).to_have_count(0)


def test_a_pipeline_runs_with_a_parameter_and_is_watched(page: Page, own: Lab) -> None:
    panel = page.locator(".jp-mlops-pipeline")
    panel.locator(".jp-mlops-parameters summary").click()
    panel.get_by_label("scale").fill("7")
    expect(panel.locator(".jp-mlops-parameters summary")).to_contain_text("scale 7 · 1 of")
    panel.get_by_role("button", name="Run", exact=True).click()
    expect(panel.locator(".jp-mlops-node.jp-mod-running")).to_have_count(1, timeout=60_000)
    expect(panel.locator(".jp-mlops-last")).to_have_attribute("data-status", "finished", timeout=60_000)
    panel.locator("select[aria-label='Log of']").select_option("the run itself")
    expect(panel.locator(".jp-mlops-log")).to_contain_text("report:")
    panel.locator("select[aria-label='Log of']").select_option("load")
    expect(panel.locator(".jp-mlops-log")).to_contain_text("loaded 3")
    node = panel.locator(".jp-mlops-node", has_text="load")
    expect(node.locator("[title*='rows: list of 3']")).to_be_attached()
    narrow(page, 420)
    shoot(page, "walk-run")
    assert faults(page, ".jp-mlops-panel") == []


def test_a_run_is_opened_with_its_report_and_its_notebook(page: Page, own: Lab) -> None:
    panel = page.locator(".jp-mlops-pipeline")
    panel.locator(".jp-mlops-last .jp-mlops-link").click()
    detail = page.locator(".jp-mlops-run")
    expect(detail).to_contain_text("scale")
    expect(detail.locator(".jp-mlops-node")).to_have_count(2)
    expect(detail.get_by_label("Last lines of the log")).to_contain_text("loaded 3")
    shoot(page, "walk-detail")
    assert faults(page, ".jp-mlops-run") == []
    detail.get_by_role("button", name="Open Logs").click()
    lines = detail.locator(".jp-mlops-log > span")
    expect(lines.filter(has_text="loaded 3")).to_have_text(re.compile(r"^\d\d:\d\d:\d\dload"))
    detail.get_by_label("Search the log").fill("no such words")
    expect(detail).to_contain_text("No line matches")
    detail.get_by_label("Search the log").fill("LOADED")
    expect(lines).to_have_count(1)
    detail.get_by_label("Only errors").check()
    expect(lines).to_have_count(0)
    assert faults(page, ".jp-mlops-run") == []
    detail.get_by_role("tab", name="Lineage").click()
    expect(detail.get_by_label("Parts").locator("tbody tr")).to_have_count(2)
    detail.get_by_role("button", name="More").click()
    detail.get_by_role("button", name="Open Report").click()
    frame = page.locator("iframe.jp-IFrame, .jp-IFrame iframe")
    expect(frame).to_have_attribute("sandbox", "")
    expect(page.frame_locator(".jp-IFrame iframe").get_by_text("faulty").first).to_be_visible()
    run = page.locator(".jp-mlops-runs .jp-mlops-row").first
    run.click(button="right")
    page.get_by_role("menuitem", name="Open Notebook as It Was").click()
    page.wait_for_selector(".jp-Notebook .jp-Cell:visible")
    expect(page.locator("#jp-main-dock-panel .lm-mod-current .lm-TabBar-tabLabel, .lm-TabBar-tab.lm-mod-current"
                        ).filter(has_text="faulty-run-").first).to_be_visible()  # fmt: skip
    copies = list(own.folder.glob("faulty-run-*.ipynb"))
    assert len(copies) == 1


def test_pages_come_back_after_a_reload(page: Page, own: Lab) -> None:
    page.wait_for_timeout(2500)  # the workspace is saved a second after it has changed
    page.goto(f"{own.address}/lab")
    wait_until_ready(page)
    expect(page.locator(".lm-TabBar-tabLabel", has_text=re.compile(r"#\d+ faulty")).first).to_be_visible()
    open_notebook(page, own.address, "faulty.ipynb")
    expect(page.locator(".jp-Cell[data-mlops-label='setup']")).to_have_count(1)


def test_the_last_runs_are_found_by_words_and_filters_and_edited_in_place(page: Page, own: Lab) -> None:
    code = (
        "import mlops_jlab as m\n"
        "for n in range(4):\n"
        "    with m.start_run(run_name=f'r{n}', experiment_id='tuning'):\n"
        "        m.log_param('depth', n); m.log_metric('acc', n / 10); m.log_metric('f1', 1 - n / 10)\n"
    )
    environment = {**os.environ, "MLOPS_JLAB_STORE": str(own.folder / ".mlops")}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=own.folder, check=True)
    execute(page, "mlops-jlab:open-panel")
    runs = page.locator(".jp-mlops-runs")
    expect(runs.locator(".jp-mlops-row")).to_have_count(5)
    row = runs.locator(".jp-mlops-row", has_text="r3")
    expect(row.locator(".jp-mlops-value")).to_have_text("0.3")
    expect(row).to_contain_text("just now")
    row.focus()
    page.keyboard.press("F2")
    page.keyboard.type("the best so far")
    page.keyboard.press("Enter")
    row.click(button="right")
    page.get_by_role("menuitem", name="Edit Tags").click()
    row.get_by_label("Tags").fill("team = blue, kept")
    page.keyboard.press("Enter")
    expect(row.locator(".jp-mlops-tag")).to_have_text(["kept", "team: blue"])
    narrow(page, 320)
    shoot(page, "walk-list-narrow")
    page.wait_for_timeout(1500)
    page.goto(f"{own.address}/lab")  # an address with a notebook would bring that to the front, when it likes
    wait_until_ready(page)
    execute(page, "mlops-jlab:open-panel")
    expect(runs.locator(".jp-mlops-row")).to_have_count(5)
    box = runs.get_by_label("Search last runs")
    box.fill("tags.team = 'blue' and note like '%best%' and metrics.ac")
    expect(runs.locator("datalist option[label='metrics.acc']")).to_be_attached()
    box.fill("tags.team = 'blue' and note like '%best%'")
    box.press("Enter")
    expect(runs.locator(".jp-mlops-row")).to_have_count(1)
    box.fill("best so")
    expect(runs.locator(".jp-mlops-row")).to_have_count(1)
    box.fill("")
    expect(runs.locator(".jp-mlops-row")).to_have_count(5)


def test_runs_are_compared_and_saved_as_files(page: Page, own: Lab, tmp_path: Path) -> None:
    runs = page.locator(".jp-mlops-runs")
    rows = runs.locator(".jp-mlops-row")
    rows.nth(1).click()
    for place in (2, 3, 4):
        rows.nth(place).click(modifiers=["Control"])
    runs.get_by_role("button", name="Compare").click()
    view = page.locator(".jp-mlops-comparison:visible")
    expect(view.get_by_label("Values")).to_contain_text("depth")
    axes = view.get_by_label("Parallel coordinates")
    expect(axes.locator("path[data-look='marked']")).to_have_count(4)
    handle = axes.locator(".jp-mod-handle").first.bounding_box()
    assert handle
    page.mouse.move(handle["x"] + 8, handle["y"] - 4 + handle["height"])
    page.mouse.down()
    page.mouse.move(handle["x"] + 8, handle["y"] + handle["height"] * 0.6, steps=4)
    page.mouse.up()
    expect(axes.locator("path[data-faded='true']")).not_to_have_count(0)
    expect(view.get_by_label("Values").locator("thead th")).not_to_have_count(5)  # the table has fewer runs
    view.get_by_role("button", name="Clear").click()
    expect(view.get_by_label("Values").locator("thead th")).to_have_count(5)
    view.get_by_role("button", name="Scatter").click()
    expect(view.locator(".jp-mlops-vega canvas")).to_have_count(1)
    view.get_by_role("button", name="Parallel", exact=True).click()
    assert faults(page, ".jp-mlops-comparison") == []
    view.get_by_role("tab", name="Code").click()
    expect(view.get_by_label("Code", exact=True)).to_contain_text("Neither has kept its code.")
    view.get_by_role("tab", name="Numbers and charts").click()
    with page.expect_download() as saved:
        view.get_by_role("button", name="Export").click()
        view.get_by_role("button", name="Save as CSV").click()
    lines = Path(saved.value.path()).read_text().splitlines()
    assert lines[0].startswith("kind,name,r")
    assert "param,depth," in "\n".join(lines)
    assert faults(page, ".jp-mlops-comparison") == []
    page.wait_for_timeout(800)
    shoot(page, "walk-compare")
    run = own.folder.joinpath("other.py")
    run.write_text("import mlops_jlab as m\nwith m.start_run(run_name='other'):\n"
                   "    for n in range(30): m.log_metric('loss', 1 / (n + 2))\n")  # fmt: skip
    environment = {**os.environ, "MLOPS_JLAB_STORE": str(own.folder / ".mlops")}
    subprocess.run([sys.executable, str(run)], env=environment, cwd=own.folder, check=True)
    run.write_text(run.read_text().replace("n + 2", "n + 3"))
    subprocess.run([sys.executable, str(run)], env=environment, cwd=own.folder, check=True)
    expect(rows.nth(1)).to_contain_text("other")
    rows.nth(0).click()
    rows.nth(1).click(modifiers=["Control"])
    runs.get_by_role("button", name="Compare").click()
    view = page.locator(".jp-mlops-comparison:visible")
    for kind in ("PNG", "SVG"):
        with page.expect_download() as saved:
            view.get_by_role("button", name="Save the chart").first.click()
            view.get_by_role("button", name=f"Save as {kind}").first.click()
        content = Path(saved.value.path()).read_bytes()
        assert content.startswith({"PNG": b"\x89PNG", "SVG": b"<svg"}[kind])
    view.get_by_role("tab", name="Code").click()
    expect(view.locator(".cm-changedText").first).to_be_attached()
    shoot(page, "walk-difference")
    view.get_by_role("tab", name="Numbers and charts").click()


def test_a_page_is_used_by_keyboard_alone(page: Page, own: Lab) -> None:
    """Tab comes to every control of a comparison, which shows that it has the focus, and keys work it."""
    view = page.locator(".jp-mlops-comparison:visible")
    view.evaluate("node => { node.scrollTo(0, 0); node.tabIndex = -1; node.focus(); }")
    wanted = view.evaluate(
        "node => { window.__wanted = [...node.querySelectorAll('button, input, select, summary, a[href]')]"
        ".filter(n => n.offsetParent !== null && !n.disabled && n.tabIndex >= 0); return window.__wanted.length; }"
    )
    assert wanted > 5
    seen: set[int] = set()
    for _ in range(3 * wanted):
        page.keyboard.press("Tab")
        place, outlined = page.evaluate(
            "() => { const s = getComputedStyle(document.activeElement);"
            " return [window.__wanted.indexOf(document.activeElement),"
            " s.outlineStyle !== 'none' || s.boxShadow !== 'none']; }"
        )
        if place >= 0:
            seen.add(place)
            assert outlined, page.evaluate("document.activeElement.outerHTML")
    assert seen == set(range(wanted))
    view.get_by_role("checkbox", name="Log", exact=True).first.focus()
    page.keyboard.press("Space")
    assert view.get_by_role("checkbox", name="Log", exact=True).first.is_checked()
    smoothing = view.get_by_label("Smoothing").first
    smoothing.focus()
    page.keyboard.press("ArrowRight")
    assert float(smoothing.input_value()) > 0
    rows = view.get_by_label("Values").locator("tbody tr:not(.jp-mod-differs, .jp-mlops-table-group)")
    expect(rows).to_have_count(0)
    view.get_by_label("Show only differences").focus()
    page.keyboard.press("Space")
    expect(view.get_by_label("Show only differences")).not_to_be_checked()


def test_the_form_of_a_step_writes_when_a_field_is_left(page: Page, own: Lab) -> None:
    open_notebook(page, own.address, "faulty.ipynb")
    page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex = 2")
    page.evaluate("jupyterapp.shell.activateById('jp-property-inspector')")
    page.locator(".jp-Collapse-header", has_text="Pipeline Step").click()
    form = page.locator(".jp-mlops-form")
    limit = form.get_by_label("Time limit in seconds")
    limit.fill("soon")
    expect(form.get_by_role("alert")).to_contain_text("above 0")
    settings = "jupyterapp.shell.currentWidget.content.model.getMetadata('mlops_jlab')"
    limit.press("Enter")
    assert page.evaluate(settings) is None
    limit.fill("30")
    assert page.evaluate(settings) is None  # not with every key
    limit.press("Enter")
    assert page.evaluate(settings) == {"steps": {"load": {"timeout": 30}}}
    shoot(page, "walk-form")
    form.get_by_label("Memory limit").fill("2 GB")
    form.get_by_label("Memory limit").blur()
    assert page.evaluate(settings) == {"steps": {"load": {"timeout": 30, "memory": "2 GB"}}}


def test_marks_and_findings_are_switched_off_in_the_settings(page: Page, own: Lab) -> None:
    open_notebook(page, own.address, "faulty.ipynb")
    cell = page.locator(".jp-Cell[data-mlops-label='load']")
    label = "node => getComputedStyle(node, '::after').display"
    assert cell.evaluate(label) != "none"
    choose = """([name, value]) => new Promise((resolve, reject) => fetch(
        `${jupyterapp.serviceManager.serverSettings.baseUrl}lab/api/settings/mlops-jlab:plugin`, {
            method: 'PUT', body: JSON.stringify({raw: JSON.stringify({[name]: value})}),
            headers: {'X-XSRFToken': (document.cookie.match(/_xsrf=([^;]*)/) ?? [])[1] ?? ''}
        }).then(answer => answer.ok ? resolve() : reject(answer.status)))"""
    page.evaluate(choose, ["cellMarks", False])
    page.reload()
    wait_until_ready(page)
    cell.wait_for()
    page.wait_for_function("document.body.classList.contains('jp-mlops-without-marks')")
    assert cell.evaluate(label) == "none"
    page.evaluate(choose, ["cellFindings", False])
    page.evaluate("jupyterapp.shell.currentWidget.content.widgets[2].model.sharedModel.setSource('nix')")
    page.reload()
    wait_until_ready(page)
    page.wait_for_function("document.body.classList.contains('jp-mlops-without-findings')")
    assert cell.evaluate(label) != "none"
    page.evaluate(choose, ["cellFindings", True])


def test_a_kernel_that_is_killed_shows_its_run_as_killed(page: Page, own: Lab) -> None:
    code = (
        "import mlops_jlab, os, pathlib, time\nmlops_jlab.start_run(run_name='doomed')\n"
        "pathlib.Path('kernel.pid').write_text(str(os.getpid()))\ntime.sleep(60)"
    )
    cells = [("-", code), *[("-", f"x{n} = 1") for n in range(6)]]
    (own.folder / "doomed.ipynb").write_text(json.dumps(notebook_json(cells)))
    open_notebook(page, own.address, "doomed.ipynb")
    page.evaluate("jupyterapp.shell.currentWidget.context.sessionContext.ready")
    page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex = 0")
    page.evaluate("void jupyterapp.commands.execute('notebook:run-cell')")
    execute(page, "mlops-jlab:open-panel")
    row = page.locator(".jp-mlops-row", has_text="doomed")
    expect(row).to_have_attribute("data-status", "running")
    os.kill(int((own.folder / "kernel.pid").read_text()), signal.SIGKILL)
    expect(row).to_have_attribute("data-status", "killed", timeout=10_000)
    page.get_by_role("button", name="Ok", exact=True).click()  # JupyterLab says that it starts a new one


def test_a_pipeline_outlives_a_reload_and_a_restart_of_the_server(page: Page, own: Lab) -> None:
    waits = "import time\nfrom pathlib import Path\nwhile not Path('goes-on').exists(): time.sleep(0.1)"
    cells = [("step:slow", waits), *[("step:slow", f"x{n} = 1") for n in range(6)]]
    (own.folder / "slow.ipynb").write_text(json.dumps(notebook_json(cells)))
    open_notebook(page, own.address, "slow.ipynb")
    panel = pipeline_of(page)
    panel.get_by_role("button", name="Run", exact=True).click()
    expect(panel.locator(".jp-mlops-node.jp-mod-running")).to_have_count(1, timeout=60_000)
    page.reload()
    wait_until_ready(page)
    panel = pipeline_of(page)
    expect(panel.locator(".jp-mlops-node.jp-mod-running")).to_have_count(1)
    own.restart()
    page.reload()
    wait_until_ready(page)
    panel = pipeline_of(page)
    expect(panel.locator(".jp-mlops-node.jp-mod-running")).to_have_count(1)
    (own.folder / "goes-on").touch()
    expect(panel.locator(".jp-mlops-last")).to_have_attribute("data-status", "finished", timeout=60_000)


def test_a_failed_step_is_opened_at_its_cell_and_the_rest_comes_from_the_cache(page: Page, own: Lab) -> None:
    cells = [("step:load", "rows = [1, 2]"), ("step:divide", "share = 1"), ("step:divide", "share / (sum(rows) - 3)"),
             *[("step:divide", f"x{n} = 1") for n in range(5)]]  # fmt: skip
    (own.folder / "failing.ipynb").write_text(json.dumps(notebook_json(cells)))
    open_notebook(page, own.address, "failing.ipynb")
    panel = pipeline_of(page)
    panel.get_by_role("button", name="Run", exact=True).click()
    last = panel.locator(".jp-mlops-last")
    expect(last).to_have_attribute("data-status", "failed", timeout=60_000)
    told = panel.locator(".jp-mlops-failure")  # above the graph, with the cause and the ways on
    expect(told).to_contain_text("divide failed")
    expect(told).to_contain_text("ZeroDivisionError: division by zero")
    expect(told.get_by_role("button", name="Open at Failure")).to_be_visible()
    expect(told.get_by_role("button", name="Resume")).to_be_visible()
    expect(last.get_by_label("Log of step divide")).to_contain_text("division by zero")
    expect(page.locator(".jp-mlops-runs .jp-mlops-row").first).to_contain_text("divide: ZeroDivisionError")
    assert faults(page, ".jp-mlops-panel") == []
    shoot(page, "walk-failed")
    run = page.evaluate(
        "fetch('/mlops-jlab/api/pipelines/last?path=failing.ipynb').then(r => r.json()).then(found => found.run.id)"
    )
    execute(page, "mlops-jlab:open-run", {"id": run})
    failure = page.locator(".jp-mlops-run:visible").get_by_role("alert")
    expect(failure).to_contain_text("divide: ZeroDivisionError: division by zero")
    expect(failure.get_by_role("button", name="Resume")).to_be_visible()
    shoot(page, "page-run-failed")
    failure.get_by_role("button", name="Open at Failure").click()
    page.wait_for_function(
        "jupyterapp.shell.currentWidget?.context?.path === 'debug-failing-divide.ipynb'"
        " && jupyterapp.shell.currentWidget.content.activeCell?.model.id === 'c3'"
    )
    expect(panel).to_contain_text("Look at step divide")  # a copy: no steps to tag
    expect(panel.get_by_role("button", name="Suggest Steps")).to_have_count(0)
    page.evaluate("jupyterapp.shell.currentWidget.context.sessionContext.ready")
    page.evaluate("jupyterapp.commands.execute('notebook:run-all-above')")
    page.wait_for_function(
        "jupyterapp.shell.currentWidget.content.widgets.some("
        "c => c.model.id === 'c2' && c.model.executionCount !== null && c.model.executionCount > 1)"
    )
    page.evaluate("void jupyterapp.commands.execute('notebook:run-cell')")
    failing = page.locator(".jp-Notebook:visible .jp-Cell.jp-mod-active")
    expect(failing).to_contain_text("ZeroDivisionError")  # with rows, which step load has made
    shoot(page, "walk-debug")
    open_notebook(page, own.address, "failing.ipynb")
    page.evaluate(
        "jupyterapp.shell.currentWidget.content.widgets[2].model.sharedModel.setSource('share / sum(rows)')"
    )
    panel = pipeline_of(page)
    panel.get_by_role("button", name="Run", exact=True).click()
    expect(panel.locator(".jp-mlops-last")).to_have_attribute("data-status", "finished", timeout=60_000)
    expect(panel.locator(".jp-mlops-node", has_text="load")).to_contain_text("cached")
    shoot(page, "walk-cached")


def test_a_store_of_a_newer_version_says_what_to_do_and_harms_nothing(page: Page, own: Lab) -> None:
    import sqlite3

    from mlops_jlab.store.database import FORMAT

    store = own.folder / ".mlops" / "runs.db"
    with sqlite3.connect(store) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    try:
        page.reload()
        wait_until_ready(page)
        execute(page, "mlops-jlab:open-panel")
        problem = page.locator(".jp-mlops-runs").get_by_role("alert")
        expect(problem).to_contain_text("update mlops-jlab")
        expect(page.locator(".jp-mlops-pipeline .jp-mlops-node")).not_to_have_count(0)  # the rest works
    finally:
        with sqlite3.connect(store) as connection:
            connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.close()
