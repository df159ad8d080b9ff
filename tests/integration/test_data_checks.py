"""A check of data in a pipeline: the run is blocked, says what and where, and goes on when the data were mended."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_jlab.store import artifacts, opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import finding

WriteNotebook = Callable[..., Path]

LOAD = "import pandas as pd\nframe = pd.read_csv('data.csv')"
CHECK = "import mlops_jlab\nmlops_jlab.check_data(frame, 'distance between 0 and 5000', name='flights')"
USE = "total = int(frame.distance.sum())\nprint(total)"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    found = Place(tmp_path / "store")
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(found.root))
    return found


def command(folder: Path, *words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mlops_jlab", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.mark.parametrize(
    "cold", [pytest.param([], id="continued"), pytest.param(["--cold"], id="rebuilt", marks=pytest.mark.slow)]
)
def test_a_poisoned_month_is_stopped_at_the_door(
    place: Place, write_notebook: WriteNotebook, cold: list[str], tmp_path: Path
) -> None:
    notebook = write_notebook([("step:load", LOAD), ("step:check", CHECK), ("step:use", USE)])
    data = notebook.parent / "data.csv"
    data.write_text("distance\n100\n-7\n9999\n")
    done = command(notebook.parent, "run", str(notebook), "--output", "out", *cold)
    assert done.returncode == 1
    assert "distance between 0 and 5000: 2 of 3 rows (67 %): -7 to 9999" in done.stderr + done.stdout
    whole = next(run for run in finding.find_runs() if run.kind == "pipeline")
    assert whole.status == "blocked"
    with opening.reading(place) as connection:
        steps = {run.name: run for run in reading.children(connection, whole)}
        kept = {file.path: file.digest for file in reading.artifacts(connection, steps["check"])}
    assert (steps["load"].status, steps["check"].status) == ("finished", "blocked")
    assert "use" not in steps
    assert steps["check"].facts["blocked"]["column"] == "distance"
    rows = artifacts.read(place, kept["checks/flights-rows.csv"]).decode()
    assert [line.split(",")[0] for line in rows.splitlines()[1:]] == ["1", "2"]
    assert json.loads(artifacts.read(place, kept["checks/flights.json"]))["passed"] is False
    data.write_text("distance\n100\n7\n999\n")
    again = command(notebook.parent, "run", str(notebook), "--output", "out2", *cold)
    assert again.returncode == 0, again.stderr
    newest = next(run for run in finding.find_runs() if run.kind == "pipeline")
    assert newest.status == "finished"


READ = "import mlops_jlab\nimport pandas as pd\nframe = pd.read_csv(mlops_jlab.dataset('flights@validated'))"


def test_registered_data_are_an_input_that_the_cache_and_the_lineage_know(
    place: Place, write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    notebook = write_notebook([("step:load", READ), ("step:use", USE)])
    for number, text in ((1, "distance\n100\n"), (2, "distance\n200\n")):
        (notebook.parent / f"{number}.csv").write_text(text)
        command(notebook.parent, "data", "add", "flights", f"{number}.csv")
    command(notebook.parent, "data", "promote", "flights/1", "validated")
    reports = []
    for output in ("a", "b"):
        done = command(notebook.parent, "run", str(notebook), "--output", output)
        assert done.returncode == 0, done.stderr
        reports.append(json.loads((notebook.parent / output / "run.json").read_text()))
    assert [bool(step["cached"]) for step in reports[1]["steps"]] == [True, True]
    command(notebook.parent, "data", "promote", "flights/2", "validated")
    done = command(notebook.parent, "run", str(notebook), "--output", "c")
    third = json.loads((notebook.parent / "c" / "run.json").read_text())
    assert not any(step["cached"] for step in third["steps"])
    assert "dataset flights@validated is 'version 2" in third["steps"][0]["why"]
    shown = command(notebook.parent, "data", "show", "flights/1").stdout
    assert shown.count("  load  ") == 2  # the run that was executed, and the one whose answer was kept
    assert command(notebook.parent, "data", "show", "flights/2").stdout.count("  load  ") == 1


@pytest.mark.slow
def test_the_example_watches_flights_and_stops_a_poisoned_month(place: Place, tmp_path: Path) -> None:
    notebooks = Path(__file__).parents[2] / "notebooks"
    for name in ("06-watch-your-data.ipynb", "flights.py"):
        shutil.copy(notebooks / name, tmp_path)
    subprocess.run(
        [sys.executable, "flights.py", "flights", "1", "2", "6"], cwd=tmp_path, check=True, timeout=120
    )
    done = command(tmp_path, "run", "06-watch-your-data.ipynb", "--output", "out")
    assert done.returncode == 0, done.stderr
    steps = {run.name: run for run in finding.find_runs() if run.kind == "step"}
    assert steps["check"].facts["checks"]["flights"]["passed"]
    printed = (tmp_path / "out" / "executed" / "compare.ipynb").read_text()
    assert "✗ temp" in printed  # June is warmer than January and February
    newest = max((tmp_path / "flights").glob("*.csv"))
    newest.write_text(newest.read_text().replace(",1\n", ",7\n", 3))
    assert command(tmp_path, "run", "06-watch-your-data.ipynb", "--output", "poisoned").returncode == 1
    assert next(run for run in finding.find_runs() if run.kind == "pipeline").status == "blocked"


@pytest.mark.slow
def test_the_example_looks_closer_and_the_loss_asks_for_a_retraining(place: Place, tmp_path: Path) -> None:
    notebooks = Path(__file__).parents[2] / "notebooks"
    for name in ("07-look-closer.ipynb", "flights.py"):
        shutil.copy(notebooks / name, tmp_path)
    months = [sys.executable, "flights.py", "flights", "1", "2", "3", "6"]
    subprocess.run(months, cwd=tmp_path, check=True, timeout=120)
    done = command(tmp_path, "run", "07-look-closer.ipynb", "--output", "out", timeout=400)
    assert done.returncode == 0, done.stderr
    printed = (tmp_path / "out" / "executed" / "watch.ipynb").read_text()
    assert "the loss has risen" in printed
    assert "estimated without labels" in printed
    (watched,) = [run for run in finding.find_runs() if run.kind == "monitor"]
    assert watched.tags["monitor"] == "retrain"
    # June is harder than March, and what the model itself is sure of does not show it.
    assert watched.metrics["loss"].latest > watched.metrics["estimated.brier"].latest
    card = command(tmp_path, "models", "card", "flights").stdout
    assert "### Fairness by carrier × origin" in card
    assert "### Data by carrier" in card
