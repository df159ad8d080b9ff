"""``--format json``: every command that prints has it, and what it prints is what its schema says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import jsonschema
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.linear_model import LogisticRegression

import mlops_jlab
from mlops_jlab.cli import answers
from mlops_jlab.cli.main import cli
from mlops_jlab.errors import NoStore
from mlops_jlab.store.recorder import close_all
from mlops_jlab.tracking import lifecycle

# What goes on until it is stopped, or prints a document of its own.
WITHOUT = {
    "mlflow watch",
    "mlflow serve",
    "models serve",
    "worker",
    "models card",
    "models dashboard",
    "policy schema",
    "schedule install",
    "schema",
}
# What needs a server, its log, or half a minute is not run here.
ELSEWHERE = {
    "env lock",
    "import dvclive",
    "import mlflow",
    "import tensorboard",
    "import trackio",
    "import wandb",
    "mlflow pull",
    "mlflow push",
    "models labels",
    "models pack",
    "doctor",
}

CELLS = [
    ("parameters", "n: int = 2"),
    ("step:load", "rows = list(range(n))"),
    ("step:score", "import mlops_jlab\nmlops_jlab.log_metric('best', max(rows))"),
]


def commands(group: click.Group = cli, above: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from commands(found, f"{above}{name} ")
        elif found is not None:
            yield above + name, found


def test_every_command_that_prints_can_print_json_and_has_a_schema() -> None:
    able = {
        name
        for name, command in commands()
        for option in command.params
        if "--format" in option.opts and "json" in option.type.choices  # type: ignore[attr-defined]
    }
    assert {name for name, _ in commands()} - able == WITHOUT
    assert able == set(answers.described())
    for name in able:
        jsonschema.Draft202012Validator.check_schema(answers.schema_of(name))


class Bench:
    """The command line in this process, and which commands have been held against their schemas."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done: set[str] = set()

    def __call__(self, words: str, *more: object, code: int = 0) -> Any:
        """What a command prints as JSON."""
        given = [*words.split(), *map(str, more)]
        name = next(one for one in (" ".join(given[:2]), given[0]) if one in answers.described())
        result = CliRunner().invoke(cli, [*given, "--format", "json"], standalone_mode=False, input="")
        if result.exception is not None:
            raise result.exception
        assert (result.return_value or 0) == code, (given, result.output)
        content = json.loads(result.stdout)
        jsonschema.validate(content, answers.schema_of(name))
        self.done.add(name)
        return content


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / ".mlops"))
    yield Bench(tmp_path)
    close_all()


def rows(seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": random.normal(size=300), "b": random.normal(size=300)})
    return frame.assign(y=(frame.a > 0).astype(int))


def registered() -> None:
    for seed in (0, 1):
        frame = rows(seed)
        with mlops_jlab.start_run():
            model = LogisticRegression().fit(frame[["a", "b"]], frame["y"])
            mlops_jlab.register_model(model, "m", input_example=frame[["a", "b"]], data=frame)
    close_all()


def pipelines(call: Bench, notebook: Path) -> None:
    assert call("check", notebook)["steps"]
    assert call("new churn")["files"]
    assert call("export", notebook)["steps"] == ["load", "score"]
    assert call("export", notebook, "--target", "plain", "-o", "plain")["files"]
    assert call("export --list")["targets"]
    done = call("run", notebook, "-p", "n=3", "-o", "once")
    assert (done["status"], len(done["steps"]), done["parameters"]) == ("finished", 2, {"n": 3})
    assert call("verify", notebook)["same"] is True
    swept = call("sweep", notebook, "-p", "n=3,4", "--metric", "best", "-q")
    assert [trial["metrics"]["best"] for trial in swept["trials"]] == [2, 3]
    broken = call.folder / "broken.ipynb"
    broken.write_text(notebook.read_text().replace("max(rows)", "1 / 0"))
    assert call("run", broken, "-o", "broken", code=1)["steps"][1]["error"]["kind"] == "ZeroDivisionError"
    assert call("debug broken")["step"] == "score"
    assert call("diff", broken, notebook, code=1)["steps"][0]["name"] == "score"
    assert call("tag", notebook, "--from", "cells", "-o", "tagged.ipynb")["tags"]
    handed = call("step plain/pipeline load --store handed --run r")
    assert handed["status"] == "finished"
    assert call("runs import handed")[0]["done"] == 1
    assert len(call("cache list")["steps"]) == 5
    assert call("cache why once")[0]["step"] == "load"
    assert call("cache gc --limit 0")["removed"] == 5
    assert call("cost")["lines"]
    again = call("reproduce", done["run"], "-o", "again")
    assert (again["same"], again["metrics"][0]["then"]) == (True, 2.0)
    assert call("lineage", done["run"])


def runs(call: Bench) -> None:
    listed = call("runs list")
    assert {run["parts"] for run in listed} >= {1, 2}
    assert all(run["parent"] == "" for run in listed)
    assert len(call("runs list --tree")) == len(call("runs list --flat"))
    one, other, *_ = (run["id"] for run in call("runs search", "metrics.best > 1"))
    assert call("runs show", one)["id"] == one
    assert call("runs log", one)["run"] == one
    assert call("runs compare", one, other)["runs"] == [one, other]
    assert call("runs export", one)[0]["run"] == one
    deleted = call("runs delete", other)["deleted"]
    assert call("runs restore", *deleted)["restored"]
    call("runs delete", other)
    assert call("runs gc --yes")["runs"] == 3


def models(call: Bench) -> None:
    rows(2).to_csv("rows.csv", index=False)
    registered()
    assert [one["version"] for one in call("models list m")] == [2, 1]
    assert call("models show m/1")["model"] == "m"
    assert call("models compare m/1 m/2")
    assert call("models promote m/1 --override because")["after"] == 1
    assert call("models promote m/2 --override because")["before"] == 1
    assert call("models rollback m")["after"] == 1
    with lifecycle.acting_as("somebody-else"):
        assert call("models approve m/2")["alias"] == "champion"
    assert call("models describe m/2 --limits", "winter only")["limits"] == "winter only"
    assert call("models predict m rows.csv out.csv")["rows"] == 300
    assert call("models evaluate m/1 --data rows.csv --target y --group b")
    assert Path(call("models export m/1")["path"]).exists()
    assert Path(call("models evidence m/1")["path"]).exists()
    call("monitor m/1 --data rows.csv")
    assert call("models delete m/2 --yes")["version"] == 2
    assert call("policy check") is not None
    assert call("models services") == []


def data(call: Bench) -> None:
    assert call("data profile rows.csv")["rows"] == 300
    assert call("data add d rows.csv")["new"] is True
    assert call("data add d rows.csv")["new"] is False
    rows(3).head(200).to_csv("rows.csv", index=False)
    assert call("data verify d/1", code=1)["changed"] is True
    assert call("data add d rows.csv")["version"] == 2
    assert call("data verify d/2")["changed"] is False
    assert call("data list d")
    assert call("data show d/2")["source"]
    assert call("data diff d/1 d/2")["rows"] == [300, 200]
    assert call("data promote d/2 valid")["after"] == 2
    call("data drift d/1 d/2")


def schedules(call: Bench, notebook: Path) -> None:
    added = call("schedule add", notebook, "--name", "s", "--cron", "0 3 * * *", "--on-data", "rows.csv")
    assert len(added["next"]) == 3
    assert call("schedule edit s --cron", "0 4 * * *")["cron"] == "0 4 * * *"
    assert len(call("schedule next s -n 2")["times"]) == 2
    assert call("schedule list")[0]["paused"] is False
    assert call("schedule pause s")["paused"] is True
    assert call("schedule resume s")["paused"] is False
    assert call("schedule run s")["status"] == "finished"
    assert call("schedule history s")[0]["steps"]
    assert isinstance(call("schedule tick"), list)
    assert call("schedule alive")["alive"] is True
    assert call("schedule backfill s --from 2026-01-01 --to 2026-01-01 --dry-run")["times"]
    assert call("schedule remove s --yes")["name"] == "s"


def store(call: Bench) -> None:
    assert call("audit list")
    assert call("audit verify")["problems"] == []
    assert call("store check")["whole"] is True
    assert call("store secrets") == []
    assert call("store forget nobody@example.org") == {"found": []}
    assert call("store backup copy")["folder"]
    assert call("store vacuum")["after"] > 0
    assert call("store move moved")["folder"]


def review(call: Bench, notebook: Path) -> None:
    found = call("ci", notebook, "--no-verify", "--base", call.folder / "broken.ipynb")
    assert found["metrics"] == {"best": {"base": None, "now": 1}}


def test_what_is_printed_is_what_the_schema_says(write_notebook: Callable[..., Path], bench: Bench) -> None:
    notebook = write_notebook(CELLS)
    pipelines(bench, notebook)
    runs(bench)
    models(bench)
    data(bench)
    schedules(bench, notebook)
    review(bench, notebook)
    store(bench)
    assert bench.done | ELSEWHERE == set(answers.described())


NEED_A_STORE = [
    "runs show x", "runs log x", "runs compare x y", "runs delete x", "runs export x", "runs gc --yes", "store check",
    "store secrets", "store backup b", "store vacuum", "store move b", "models show x", "models promote x",
    "models rollback x", "audit list", "audit verify", "data show x", "schedule next x", "schedule run x",
    "reproduce x", "cost x", "lineage x", "monitor x --data y",
]  # fmt: skip


@pytest.mark.parametrize("words", NEED_A_STORE)
def test_where_there_is_no_store_the_input_is_wrong(words: str, bench: Bench) -> None:
    result = CliRunner().invoke(cli, words.split(), standalone_mode=False)
    assert isinstance(result.exception, NoStore), result.exception
    assert result.exception.exit_code == 2
    assert not list(bench.folder.iterdir())
