"""Tracking where it happens: in cells, in kernels that die, in steps of a pipeline; and again from what was kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError

from mlops_jlab.engine.folder import logs
from mlops_jlab.store import opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import finding

WriteNotebook = Callable[..., Path]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    found = Place(tmp_path / "store")
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(found.root))
    return found


def execute(*cells: str, load: bool = True) -> list[Any]:
    """Executes the cells in a kernel of their own; the executed cells."""
    sources = (["%load_ext mlops_jlab"] if load else []) + list(cells)
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in sources])
    NotebookClient(node, kernel_name="python3", allow_errors=True, timeout=60).execute()
    return list(node.cells[1:] if load else node.cells)


def text_of(cell: Any, kind: str = "stdout") -> str:
    return "".join(output.text for output in cell.outputs if output.get("name") == kind)


def files(place: Place, wanted: str) -> list[str]:
    with opening.reading(place) as connection:
        return [file.path for file in reading.artifacts(connection, reading.find(connection, wanted))]


def test_every_verb(place: Place, tmp_path: Path) -> None:
    (tmp_path / "a file.txt").write_text("x")
    cells = execute(
        "%track",
        "%track start my run --experiment e --group g",
        "x = 3\n%track param depth=x*2 x model='a b' bare=text",
        "%track metric acc=sum([0.25, 0.25])\n%track metric loss=0.5 --step 7",
        "%track tag stage=draft\n%track note two words",
        f"%track artifact '{tmp_path}/a file.txt'",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\n%track figure plots/line.png",
        "%track",
        "%track stop failed",
        "%track adopt",
    )
    assert "no run is active" in text_of(cells[0])
    card = cells[7].outputs[0].data
    assert {"text/html", "text/plain"} <= set(card)
    run = finding.get_run("my run")
    assert (run.experiment, run.group, run.status, run.note) == ("e", "g", "failed", "two words")
    assert run.params == {"bare": "text", "depth": "6", "model": "a b", "x": "3"}
    assert {n: (m.latest, m.iteration) for n, m in run.metrics.items()} == {"acc": (0.5, 0), "loss": (0.5, 7)}
    assert run.tags == {"stage": "draft"}
    assert files(place, run.id) == ["a file.txt", "plots/line.png"]
    assert run.kind == "notebook"


def test_the_graph_is_drawn_in_a_cell(
    tmp_path: Path, write_notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_notebook(
        [
            ("step:load", "rows = [1]"),
            ("step:sum", "s = sum(rows)"),
            ("step:show", "print(s, rows)\n%pipeline"),
        ]
    )
    named, unknown, gone = execute(f"%pipeline {path}", "%pipeline", "%pipeline none.ipynb")
    data = named.outputs[0].data
    assert data["text/plain"].splitlines()[0] == "nb: 3 steps"
    drawing = ElementTree.fromstring(data["image/svg+xml"])
    assert [text.text for text in drawing.iter("{http://www.w3.org/2000/svg}title")] == [
        "load → sum: rows", "load → show: rows", "sum → show: s",
    ]  # fmt: skip
    assert "nobody knows which notebook runs here" in text_of(unknown, "stderr")
    assert "there is no file none.ipynb" in text_of(gone, "stderr")
    assert not any(cell.outputs[0].output_type == "error" for cell in (unknown, gone))
    wrong = write_notebook([("step:a", "x = 1"), ("step:b after:c", "y = x")])
    monkeypatch.setenv("MLOPS_JLAB_NOTEBOOK", str(wrong))
    (own,) = execute("%pipeline")
    assert "error cell 2" in text_of(own)


def test_a_tracked_cell_is_a_run_of_its_own(place: Place) -> None:
    cells = execute(
        "%%track mine --params depth --metrics acc --auto\n"
        "import asyncio\nimport pandas as pd\nimport matplotlib.pyplot as plt\n"
        "depth = 3\nacc = depth / 4\nother = acc * 2\nname = 'rf'\n"
        "plt.plot([1, 2]); plt.show()\nawait asyncio.sleep(0)\nprint('said')\nacc",
    )
    (result,) = [output for output in cells[0].outputs if output.output_type == "execute_result"]
    assert result.data["text/plain"] == "0.75"  # as without %%track
    assert "params depth=3, name=rf; metrics acc=0.75, other=1.5; 1 figure" in text_of(cells[0])
    run = finding.get_run("mine")
    assert (run.status, run.kind) == ("finished", "cell")
    assert run.params == {"depth": "3", "name": "rf"}
    assert set(run.metrics) == {"acc", "other"}
    assert files(place, "mine") == ["cells/mine.out.txt", "cells/mine.py", "figures/mine-1.png"]
    assert run.facts["tracked_cells"]["mine"]["seconds"] >= 0


def test_a_tracked_cell_runs_again_and_is_part_of_an_active_run() -> None:
    execute(
        "for_all = 1\n%track start whole",
        "%%track part --metrics a\nimport pandas as pd\na = 1.0\nframe = pd.DataFrame({'x': [1]})",
        "%%track part --metrics a --params frame\na = 2.0",
        "%track stop",
        "%%track alone\nb = 1", "%%track alone\nb = 2",
    )  # fmt: skip
    runs = finding.find_runs()
    assert [run.name for run in runs] == ["alone", "alone", "whole"]
    assert [p.value for p in finding.get_history(runs[2].id, "a")] == [1.0, 2.0]
    assert runs[2].facts["data"]["frame.csv"]["shape"] == [1, 1]


def test_a_tracked_cell_that_raises_raises_as_it_would(place: Place) -> None:
    cells = execute("%%track bad\nx = 1\nx / 0")
    (error,) = [output for output in cells[0].outputs if output.output_type == "error"]
    assert error.ename == "ZeroDivisionError"
    run = finding.get_run("bad")
    assert (run.status, run.reason) == ("failed", "ZeroDivisionError: division by zero")
    assert "cells/bad.error.txt" in files(place, "bad")


def test_what_a_tracked_cell_prints_is_the_log_of_its_run(place: Place) -> None:
    execute(
        "%%track said\nimport logging, sys\nlogging.basicConfig(level='INFO')\n"
        "print('one'); print('careful', file=sys.stderr); logging.info('fitted')\n1 / 0",
        "%track start whole",
        "%%track part\nprint('inside')",
        "print('not tracked')\n%track stop",
    )
    lines = logs.said(place, finding.get_run("said"))
    assert [(line.kind, line.text) for line in lines[:3]] == [
        ("out", "one"), ("err", "careful"), ("err", "INFO:root:fitted"),
    ]  # fmt: skip
    assert (lines[-1].kind, lines[-1].text) == ("error", "ZeroDivisionError: division by zero")
    assert all(line.time is not None and line.time > 1.7e9 for line in lines)
    assert [line.text for line in logs.said(place, finding.get_run("whole"))] == ["inside"]


@pytest.mark.parametrize(
    "line", ["metrc a=1", "metric nope", "stop", "metric a='text'", "resume none", "figure", "param a=1/0",
             "compare none", "start 'open", "artifact missing.txt", "runs metrics.a >", "metric a=1 --step x"],
)  # fmt: skip
def test_an_error_in_tracking_is_red_text_and_the_cell_goes_on(place: Place, line: str) -> None:
    extra = "%track start\n" if line.split()[0] in ("metric", "artifact", "param") else ""
    (cell,) = execute(f"{extra}%track {line}\nprint('went on')")
    assert "went on" in text_of(cell)
    assert not [output for output in cell.outputs if output.output_type == "error"]
    assert text_of(cell, "stderr") or "→" in text_of(cell)


def test_help_and_completion() -> None:
    cells = execute(
        "print(get_ipython().find_line_magic('track').__doc__)",
        "print(get_ipython().complete('st', '%track st', 9)[1])",
        "accuracy = 1\nprint(get_ipython().complete('accu', '%track metric accu', 18)[1])",
    )
    assert "%track param depth=3" in text_of(cells[0])
    assert "start" in text_of(cells[1])
    assert "accuracy" in text_of(cells[2])


def test_tables_and_comparisons_are_readable_without_widgets() -> None:
    cells = execute(
        "import mlops_jlab as m\nfor n in range(2):\n    with m.start_run(run_name=f'r{n}'):\n"
        "        m.log_param('n', n)\n        m.log_metric('acc', n); m.log_metric('acc', n + 1)",
        "%track runs metrics.acc >= 1", "%track compare r0 r1", "m.get_run('r0')",
    )  # fmt: skip
    for cell in cells[1:3]:
        data = cell.outputs[0].data
        assert "application/vnd.jupyter.widget-view+json" in data
        assert "r1" in data["text/html"]
        assert "r1" in data["text/plain"]
    assert "<svg" in cells[2].outputs[0].data["text/html"]


@pytest.mark.parametrize(
    ("last", "status", "reason"),
    [("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed", "ended without a word"),
     ("pass", "killed", "stopped or restarted")],
)  # fmt: skip
def test_a_kernel_that_goes_leaves_no_run_running_or_finished(
    place: Place, last: str, status: str, reason: str
) -> None:
    with suppress(DeadKernelError):
        execute("%track start doomed\n%track metric x=1", last)
    run = finding.get_run("doomed")
    assert (run.status, run.metrics["x"].latest) == (status, 1.0)
    assert reason in run.reason
    execute("%track resume doomed".replace("doomed", run.id), "%track metric x=2", "%track stop")
    again = finding.get_run(run.id)
    assert (again.status, again.attempt) == ("finished", 2)
    assert [p.value for p in finding.get_history(run.id, "x")] == [1.0, 2.0]


PIPELINE = [
    ("parameters", "depth: int = 3"),
    ("step:load", "import mlops_jlab\nrows = list(range(depth))\nmlops_jlab.log_metric('rows', len(rows))"),
    ("step:train", "%track metric acc=len(rows)/10\nimport mlops_jlab as m\nwith m.start_run(run_name='inner'):\n"
                   "    m.log_param('p', 1)"),
    ("step:fail", "assert depth != 13, 'unlucky'"),
]  # fmt: skip


def mlops(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mlops_jlab", *map(str, arguments)], cwd=cwd, text=True, capture_output=True,
        timeout=300, check=False, env=dict(os.environ),
    )  # fmt: skip


def test_a_pipeline_is_a_run_with_a_child_for_each_step(
    place: Place, write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    notebook = write_notebook(PIPELINE)
    done = mlops("run", notebook, "-p", "depth=5", "-o", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    runs = {run.name: run for run in finding.find_runs()}
    (whole,) = [run for run in runs.values() if run.kind == "pipeline"]
    assert (whole.status, whole.params, whole.source) == ("finished", {"depth": "5"}, str(notebook))
    assert {run.parent for name, run in runs.items() if name in ("load", "train", "fail")} == {whole.id}
    assert runs["load"].metrics["rows"].latest == 5
    assert runs["train"].metrics["acc"].latest == 0.5
    assert runs["inner"].parent == runs["train"].id
    assert runs["train"].facts["usage"]["peak_memory"] > 1e6
    assert files(place, whole.id) == ["report.html", "run.json"]
    assert files(place, runs["train"].id) == ["executed/train.ipynb"]
    assert whole.facts["notebook"]["path"] == str(notebook)
    again = mlops("reproduce", whole.id, "-o", tmp_path / "again", cwd=tmp_path)
    assert again.returncode == 0, again.stderr + again.stdout
    assert "all 2 metrics are the same" in again.stdout
    assert (tmp_path / "again" / "nb.ipynb").read_bytes() == notebook.read_bytes()
    assert json.loads((tmp_path / "again" / "parameters.json").read_text()) == {"depth": 5}


SHOWING = (
    ("setup", "import pandas as pd\nimport matplotlib.pyplot as plt"),
    ("parameters", "trees = 3"),
    ("step:fit", "depth = 2\ntotal = trees * depth\nlogged = trees\nmore = total + 1"),
    ("step:fit", "import mlops_jlab\nmlops_jlab.log_metric('logged', 100.0)"),
    ("step:fit no-record", "hidden = total * 2\nhidden"),
    ("step:score", "total += 1\npd.DataFrame({'auc': [trees / 10]}, index=['forest'])"),
    ("step:score", "plt.plot([1, 2])\nplt.show()\nround(total / 2, 1)"),
    ("step:off", "quiet = 7 + trees\nquiet"),
)


def test_what_steps_show_is_recorded_by_itself_and_lifted_to_the_pipelines_run(
    place: Place, write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    notebook = write_notebook(SHOWING)
    content = json.loads(notebook.read_text())
    content["metadata"]["mlops_jlab"] = {"steps": {"off": {"record": False}}}
    notebook.write_text(json.dumps(content))
    for more in (["-p", "trees=3"], ["-p", "trees=4"], ["-p", "trees=4"], ["-p", "trees=4", "--cold"]):
        done = mlops("run", notebook, *more, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    runs = finding.find_runs()
    for trees, whole in zip((4, 4, 4, 3), (run for run in runs if run.kind == "pipeline"), strict=True):
        steps = {run.name: run for run in runs if run.parent == whole.id}
        assert steps["fit"].params == {"depth": "2"}
        values = {name: metric.latest for name, metric in whole.metrics.items()}
        assert values == {
            "total": trees * 2 + 1, "more": trees * 2 + 1, "logged": 100.0, "forest.auc": trees / 10,
            "total / 2": round((trees * 2 + 1) / 2, 1),
        }  # fmt: skip
        assert "logged" not in {*whole.automatic.metrics, *steps["fit"].automatic.metrics}
        assert set(whole.automatic.metrics) == values.keys() - {"logged"}
        assert whole.params == {"trees": str(trees), "depth": "2"}
        assert whole.automatic.params == ("depth",)
        assert {"figures/score-1.png", "tables/score-1.csv"} <= set(files(place, whole.id))
        assert not steps["off"].metrics
    (place.root / "settings.json").write_text('{"record": false}')
    assert mlops("run", notebook, "-p", "trees=5", cwd=tmp_path).returncode == 0
    newest = next(run for run in finding.find_runs() if run.kind == "pipeline")
    assert set(newest.metrics) == {"logged"}
    assert mlops("run", notebook, cwd=tmp_path).returncode == 0
    newest = next(run for run in finding.find_runs() if run.kind == "pipeline")
    assert (newest.params, newest.facts["defaults"]) == ({}, {"trees": "3"})


def test_a_failed_step_is_a_failed_run(place: Place, write_notebook: WriteNotebook, tmp_path: Path) -> None:
    done = mlops("run", write_notebook(PIPELINE), "-p", "depth=13", cwd=tmp_path)
    assert done.returncode == 1
    runs = {run.name: run for run in finding.find_runs()}
    assert runs["fail"].status == "failed"
    assert "unlucky" in runs["fail"].reason
    (whole,) = [run for run in runs.values() if run.kind == "pipeline"]
    assert whole.status == "failed"


def test_a_notebooks_run_is_reproduced_from_its_executed_cells(place: Place, tmp_path: Path) -> None:
    notebook = tmp_path / "nb.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), notebook)
    os.environ["MLOPS_JLAB_NOTEBOOK"] = str(notebook)
    try:
        execute("import mlops_jlab\nmlops_jlab.start_run(run_name='whole')", "x = 4", "%load_ext mlops_jlab",
                "%track metric square=x*x\n%track metric fit_seconds=1", "mlops_jlab.end_run()", load=False)  # fmt: skip
    finally:
        del os.environ["MLOPS_JLAB_NOTEBOOK"]
    done = mlops("reproduce", "whole", "-o", tmp_path / "again", cwd=tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "= square  then 16  now 16" in done.stdout
    assert (tmp_path / "again" / "executed-cells.ipynb").exists()


def test_runs_on_the_command_line(place: Place, tmp_path: Path) -> None:
    code = (
        "import mlops_jlab as m\nfor n in range(3):\n    with m.start_run(run_name=f'r{n}', experiment_id='e'):\n"
        "        m.log_metric('acc', n / 2); m.log_param('f', '=HYPERLINK(1)'); m.log_text('x', 'a/b.txt')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    listed = mlops("runs", "list", cwd=tmp_path)
    assert [line.split()[1] for line in listed.stdout.splitlines()] == ["name", "r2", "r1", "r0"]
    found = mlops(
        "runs", "search", "metrics.acc > 0.2", "-o", "metrics.acc", "--format", "json", cwd=tmp_path
    )
    assert [run["name"] for run in json.loads(found.stdout)] == ["r1", "r2"]
    assert "'=HYPERLINK(1)" in mlops("runs", "list", "--format", "csv", cwd=tmp_path).stdout
    wrong = mlops("runs", "search", "metrics.acc >", cwd=tmp_path)
    assert (wrong.returncode, "column 14" in wrong.stderr) == (2, True)
    assert "* acc" in mlops("runs", "compare", "r0", "r2", cwd=tmp_path).stdout
    assert json.loads(mlops("runs", "show", "r1", "--format", "json", cwd=tmp_path).stdout)["params"]
    assert "acc\t0\t0.5" in mlops("runs", "show", "r1", "--metric", "acc", cwd=tmp_path).stdout
    deleted = mlops("runs", "delete", "r0", cwd=tmp_path)
    assert "restore" in deleted.stdout
    assert len(mlops("runs", "list", cwd=tmp_path).stdout.splitlines()) == 3
    assert mlops("runs", "restore", deleted.stdout.split()[-1], cwd=tmp_path).returncode == 0
    assert len(mlops("runs", "list", cwd=tmp_path).stdout.splitlines()) == 4
    exported = mlops("runs", "export", "r1", "-o", tmp_path / "out", cwd=tmp_path)
    folder = Path(exported.stdout.split(": ")[1].strip())
    assert (folder / "artifacts" / "a" / "b.txt").read_text() == "x"
    assert (folder / "metrics" / "001-acc.csv").read_text().splitlines()[1].startswith("acc,0,0.5")
    mlops("runs", "delete", "r0", cwd=tmp_path)
    assert "removed 1 runs" in mlops("runs", "gc", "--yes", cwd=tmp_path).stdout
    assert mlops("store", "check", cwd=tmp_path).returncode == 0
    assert mlops("store", "backup", tmp_path / "copy", cwd=tmp_path).returncode == 0
    assert mlops("store", "vacuum", cwd=tmp_path).returncode == 0
    assert mlops("store", "move", tmp_path / "moved", cwd=tmp_path).returncode == 0
    gone = mlops("runs", "list", cwd=tmp_path)
    assert (gone.returncode, "no runs yet" in gone.stdout) == (0, True)
    nothing = mlops("runs", "show", "r1", cwd=tmp_path)
    assert (nothing.returncode, "no store" in nothing.stderr) == (2, True)
