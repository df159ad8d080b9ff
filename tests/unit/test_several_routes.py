"""Routes of a pipeline of several notebooks: checked, run, resumed, debugged; nothing leads out of the root."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mlops_jlab.store.recorder import close_all
from tests.conftest import notebook_json
from tests.unit.test_routes import ask, jp_server_config, refused, when_over  # noqa: F401  # a fixture

pytest_plugins = ["pytest_jupyter.jupyter_server"]
pytestmark = pytest.mark.filterwarnings("ignore")

FILE = """\
pipeline:
  notebooks: [load.ipynb, sub/train.ipynb]
  take:
    train: from load take rows as data
"""
POST = {"method": "POST"}


@pytest.fixture
def files(jp_root_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of two notebooks, the second of which fails until there is a file ``go`` beside it."""
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(jp_root_dir / ".mlops"))
    close_all()
    (jp_root_dir / "churn.yaml").write_text(FILE)
    load = [("parameters", "n: int = 3"), ("step:read", "rows = list(range(n))\nprint('read', n)")]
    train = [("step:fit", "import os\nassert os.path.exists('go'), 'not yet'\nscore = sum(data)"),
             ("step:say", "print('score', score)")]  # fmt: skip
    (jp_root_dir / "sub").mkdir()
    (jp_root_dir / "load.ipynb").write_text(json.dumps(notebook_json(load)))
    (jp_root_dir / "sub" / "train.ipynb").write_text(json.dumps(notebook_json(train)))
    return jp_root_dir


async def test_the_notebooks_are_one_graph(jp_fetch: Any, files: Path) -> None:
    graph = await ask(jp_fetch, "pipelines", "check", body=json.dumps({"path": "churn.yaml"}), **POST)
    assert [step["name"] for step in graph["steps"]] == ["load.read", "train.fit", "train.say"]
    assert graph["notebooks"] == [
        {"name": "load", "notebook": "load.ipynb", "takes": []},
        {"name": "train", "notebook": "sub/train.ipynb", "takes": ["from load take rows as data"]},
    ]
    assert graph["notebook"] == "churn.yaml"
    crossing = [edge for edge in graph["edges"] if edge["from"] == "load.read"]
    assert [(edge["to"], edge["names"]) for edge in crossing] == [("train.fit", ["rows as data"])]
    assert [parameter["name"] for parameter in graph["parameters"]] == ["load.n"]


async def test_what_is_wrong_says_in_which_notebook(jp_fetch: Any, files: Path) -> None:
    (files / "churn.yaml").write_text("pipeline: {notebooks: [load.ipynb, sub/train.ipynb]}")
    body = json.dumps({"path": "churn.yaml"})
    graph = await ask(jp_fetch, "pipelines", "check", body=body, **POST)
    assert {found["notebook"] for found in graph["findings"] if found["severity"] == "error"} == {"train"}
    status, told = await refused(jp_fetch, "pipelines", "run", body=body, **POST)
    assert (status, "data" in told["message"]) == (400, True)
    (files / "churn.yaml").write_text("pipeline: {notebooks: [lod.ipynb]}")
    assert (await refused(jp_fetch, "pipelines", "check", body=body, **POST))[0] == 404


async def test_nothing_leads_out_of_the_root(jp_fetch: Any, files: Path, tmp_path: Path) -> None:
    outside = tmp_path / "secret.ipynb"
    outside.write_text((files / "load.ipynb").read_text())
    (files / ".hidden.ipynb").write_text((files / "load.ipynb").read_text())
    (files / "link.ipynb").symlink_to(outside)
    (files / "away").symlink_to(tmp_path)
    ways = (
        str(outside), os.path.relpath(outside, files), "link.ipynb", "away/secret.ipynb", ".hidden.ipynb",
        f"sub/../../{os.path.relpath(outside, files.parent)}", "away/../secret.ipynb",
    )  # fmt: skip
    for way in ways:
        (files / "churn.yaml").write_text(json.dumps({"pipeline": {"notebooks": {"load": way}}}))
        for verb in ("check", "run"):
            body = json.dumps({"path": "churn.yaml"})
            status, told = await refused(jp_fetch, "pipelines", verb, body=body, **POST)
            assert status in (400, 404), (way, told)
    assert not (files / ".mlops" / "runs").exists()


async def test_a_run_fails_tells_where_and_goes_on(jp_fetch: Any, files: Path) -> None:
    for wrong in ({"load.n": "many"}, {"load.m": "1"}, {"lod.n": "1"}):
        body = json.dumps({"path": "churn.yaml", "parameters": wrong})
        assert (await refused(jp_fetch, "pipelines", "run", body=body, **POST))[0] == 400
    body = json.dumps({"path": "churn.yaml", "parameters": {"load.n": "5"}})
    begun = await ask(jp_fetch, "pipelines", "run", body=body, **POST)
    run = await when_over(jp_fetch, begun["run"])
    assert (run["status"], run["params"]) == ("failed", {"load.n": "5"})
    last = await ask(jp_fetch, "pipelines", "last", params={"path": "churn.yaml"})
    assert (last["run"]["id"], last["resumable"], last["failed"]) == (run["id"], True, True)
    states = {step["name"]: step for step in last["steps"]}
    assert {name: state["status"] for name, state in states.items()} == {
        "load.read": "finished", "train.fit": "failed",
    }  # fmt: skip
    assert states["load.read"]["values"] == {"rows": "list of 5"}
    assert states["train.fit"]["reason"] == "AssertionError: not yet"
    graph = await ask(jp_fetch, "pipelines", run["id"], "graph")
    assert [one["notebook"] for one in graph["notebooks"]] == ["load.ipynb", "sub/train.ipynb"]
    for step, word in (("load.read", "read 5"), ("*", "not yet")):
        lines = (await ask(jp_fetch, "pipelines", run["id"], "log", params={"step": step}))["lines"]
        assert any(word in line["text"] for line in lines), lines
    for strange in ("load", "lod.read", "load.../../../etc/passwd"):
        assert (await refused(jp_fetch, "pipelines", run["id"], "log", params={"step": strange}))[0] == 400
    opened = await ask(jp_fetch, "pipelines", run["id"], "debug", body="{}", **POST)
    assert (opened["path"], opened["step"]) == ("sub/debug-train-fit.ipynb", "fit")
    (files / "sub" / "go").touch()
    for body in ('{"resume": true}', "{}"):  # goes on, and runs all once more
        again = (await ask(jp_fetch, "pipelines", run["id"], "again", body=body, **POST))["run"]
        over = await when_over(jp_fetch, again)
        assert (over["status"], over["params"]) == ("finished", {"load.n": "5"})
        last = await ask(jp_fetch, "pipelines", "last", params={"path": "churn.yaml"})
        assert (last["run"]["id"], last["resumable"]) == (again, False)
        assert {step["name"] for step in last["steps"]} >= {"train.fit", "train.say"}
    body = '{"step": "load.read"}'
    assert (await refused(jp_fetch, "pipelines", run["id"], "again", body=body, **POST))[0] == 400
