"""The routes, in a real Jupyter server: what they answer, to whom, and what they refuse."""

from __future__ import annotations

import asyncio
import json
import math
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest
import yaml
from tornado.httpclient import HTTPClientError

import mlops_jlab
from mlops_jlab import server
from mlops_jlab.entities.runs import Sample
from mlops_jlab.errors import NoStore, StoreError
from mlops_jlab.server.handling import status_of
from mlops_jlab.server.routes import ROUTES
from mlops_jlab.store import database, locks, opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all
from mlops_jlab.store.watching import StoreWatch
from mlops_jlab.tracking import finding, lifecycle
from tests.conftest import notebook_json
from tests.unit.test_nothing_lost import holding

pytest_plugins = ["pytest_jupyter.jupyter_server"]
pytestmark = pytest.mark.filterwarnings("ignore")
HOSTILE = "<img src=x onerror=window.__pwn=1>"


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"mlops_jlab.server": True}}}


@pytest.fixture(autouse=True)
def runs(jp_root_dir: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three runs in the store of the server's root."""
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(jp_root_dir / ".mlops"))
    ids = []
    for n in range(3):
        with mlops_jlab.start_run(run_name=f"run {n} {HOSTILE}", tags={"t": HOSTILE}) as run:
            mlops_jlab.log_metric("acc", n / 10)
            mlops_jlab.log_metric("odd", [math.nan, math.inf, -0.0][n])
            mlops_jlab.log_param("n", n)
            mlops_jlab.log_text("<script>1</script>", "page.html")
        ids.append(run.id)
    mlops_jlab.flush()
    close_all()
    return ids


@cache
def document() -> dict[str, Any]:
    """The OpenAPI file. It is no global: the tests of steps take prints of what local modules hold."""
    text = (Path(server.__file__).parent / "openapi.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def schema_of(path: tuple[str, ...], method: str) -> dict[str, Any]:
    """What the OpenAPI file says that a route answers."""
    content = operation(path, method)["responses"]["200"]["content"]
    return content["application/json"]["schema"] | {"components": document()["components"]}


def operation(path: tuple[str, ...], method: str) -> dict[str, Any]:
    """What the OpenAPI file says of a route; ``path`` in words, the last of which may have slashes."""
    for pattern, operations in document()["paths"].items():
        words = pattern.strip("/").split("/")
        given = [*path]
        if words[-1] == "{path}":
            given = [*path[: len(words) - 1], "/".join(path[len(words) - 1 :])]
        same = len(words) == len(given)
        if same and all(w == p or w[0] == "{" for w, p in zip(words, given, strict=True)):
            found: dict[str, Any] = operations[method.lower()]
            return found
    raise AssertionError(f"the OpenAPI file knows no {'/'.join(path)}")


async def ask(jp_fetch: Callable[..., Any], *path: str, **more: Any) -> Any:
    """The answer of a route, held against the OpenAPI file."""
    response = await jp_fetch("mlops-jlab", "api", *path, **more)
    answer = json.loads(response.body)
    jsonschema.validate(answer, schema_of(path, more.get("method", "GET")))
    return answer


def printed(log: dict[str, Any]) -> str:
    """The lines of a log, as a text."""
    return "\n".join(line["text"] for line in log["lines"])


async def refused(jp_fetch: Callable[..., Any], *path: str, **more: Any) -> tuple[int, dict[str, Any]]:
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("mlops-jlab", "api", *path, **more)
    assert caught.value.response is not None
    problem = document()["components"]["schemas"]["Problem"]
    jsonschema.validate(json.loads(caught.value.response.body), problem)
    assert str(caught.value.code) in operation(path, more.get("method", "GET"))["responses"]
    return caught.value.code, json.loads(caught.value.response.body)


async def when_over(jp_fetch: Callable[..., Any], run_id: str) -> dict[str, Any]:
    """The run, once it has ended."""
    deadline = time.monotonic() + 60
    while True:
        run: dict[str, Any] = await ask(jp_fetch, "runs", run_id)
        if run["ended"] is not None:
            return run
        assert time.monotonic() < deadline, run
        await asyncio.sleep(0.2)


async def test_runs_are_listed_filtered_sorted_and_paged(jp_fetch: Any, runs: list[str]) -> None:
    page = await ask(jp_fetch, "runs", params={"limit": 2, "order": "metrics.acc DESC"})
    assert [run["id"] for run in page["runs"]] == [runs[2], runs[1]]
    assert page["total"] == 3
    assert page["monitored"] is False
    rest = await ask(
        jp_fetch, "runs", params={"limit": 2, "order": "metrics.acc DESC", "after": page["after"]}
    )
    assert [run["id"] for run in rest["runs"]] == [runs[0]]
    assert rest["after"] == ""
    found = await ask(jp_fetch, "runs", params={"filter": "metrics.acc > 0.15"})
    assert [run["metrics"]["odd"] for run in found["runs"]] == [0.0]
    status, error = await refused(jp_fetch, "runs", params={"filter": "metrics.acc >"})
    assert (status, error["column"]) == (400, 14)
    for wrong in ({"limit": "0"}, {"limit": "x"}, {"after": "nonsense"}, {"order": "colour"}):
        assert (await refused(jp_fetch, "runs", params=wrong))[0] == 400


async def test_one_run_its_course_and_its_files(jp_fetch: Any, runs: list[str]) -> None:
    run = await ask(jp_fetch, "runs", runs[0])
    assert run["metrics"]["odd"]["latest"] == "nan"
    assert [file["path"] for file in run["artifacts"]] == ["page.html"]
    course = await ask(jp_fetch, "runs", runs[1], "history", params={"metric": "odd"})
    assert len(course.pop("times")) == 1
    assert course == {"iterations": [0], "values": ["inf"]}
    file = await jp_fetch("mlops-jlab", "api", "runs", runs[0], "artifacts", "page.html")
    assert file.headers["Content-Type"] == "application/octet-stream"
    assert file.headers["Content-Disposition"] == "attachment"
    assert "sandbox" in file.headers["Content-Security-Policy"]
    assert (await refused(jp_fetch, "runs", "f" * 32))[0] == 404
    assert (await refused(jp_fetch, "runs", runs[0], "history", params={"metric": "none"}))[0] == 400
    assert (await refused(jp_fetch, "runs", runs[0], "artifacts", "../../etc/passwd"))[0] in (400, 404)


async def test_runs_are_compared_edited_deleted_and_restored(jp_fetch: Any, runs: list[str]) -> None:
    found = await ask(jp_fetch, "compare", params=[("id", runs[0]), ("id", runs[2])])
    assert {line["name"] for line in found["lines"] if line["differs"]} >= {"acc", "n"}
    edited = await ask(
        jp_fetch,
        "runs",
        runs[0],
        method="PATCH",
        body=json.dumps({"tags": {"new": "x", "t": None}, "note": "why", "name": "the best"}),
    )
    assert (edited["tags"], edited["note"], edited["name"]) == ({"new": "x"}, "why", "the best")
    status, told = await refused(jp_fetch, "runs", runs[0], method="PATCH", body='{"name": " "}')
    assert (status, "1 to" in told["message"]) == (400, True)
    gone = await ask(jp_fetch, "runs", "delete", method="POST", body=json.dumps({"ids": [runs[1]]}))
    assert gone == {"ids": [runs[1]]}
    assert (await ask(jp_fetch, "runs"))["total"] == 2
    await ask(jp_fetch, "runs", "restore", method="POST", body=json.dumps({"ids": [runs[1]]}))
    assert (await ask(jp_fetch, "runs"))["total"] == 3


async def test_a_store_that_another_holds_says_so_and_is_read_meanwhile(
    jp_fetch: Any, jp_root_dir: Path, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY", 0.2)
    body = json.dumps({"note": "now"})
    with closing(sqlite3.connect(jp_root_dir / ".mlops" / "runs.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        status, told = await refused(jp_fetch, "runs", runs[0], method="PATCH", body=body)
        assert status == 503
        assert "locked" in told["message"]
        assert told["hint"]
        assert (await ask(jp_fetch, "runs"))["total"] == 3
        other.execute("ROLLBACK")
    assert (await ask(jp_fetch, "runs", runs[0], method="PATCH", body=body))["note"] == "now"


BAD_BODIES = ["{", "[]", "5", '{"unknown": 1}', '{"tags": 5}', '{"tags": {"a": 5}}', "[" * 100_000]


@pytest.mark.parametrize("body", BAD_BODIES, ids=lambda body: body[:20])
async def test_a_bad_body_is_the_askers_fault(jp_fetch: Any, runs: list[str], body: str) -> None:
    status, error = await refused(jp_fetch, "runs", runs[0], method="PATCH", body=body)
    assert status == 400
    assert "Traceback" not in json.dumps(error)


async def test_a_notebook_is_checked_as_it_is_in_the_editor(jp_fetch: Any) -> None:
    node = notebook_json([("step:a", "x = 1"), ("step:b", "x + y")])
    graph = await ask(
        jp_fetch,
        "pipelines",
        "check",
        method="POST",
        body=json.dumps({"path": "sub/nb.ipynb", "content": node}),
    )
    assert [(e["from"], e["to"], e["names"]) for e in graph["edges"]] == [("a", "b", ["x"])]
    assert [(f["code"], f["cell"], f["line"]) for f in graph["findings"]] == [("unknown-name", 2, 1)]
    assert graph["notebook"] == "sub/nb.ipynb"


OUTSIDE = [
    "../outside.ipynb",
    "/../../etc/passwd",
    "link/nb.ipynb",
    "http://x/nb.ipynb",
    "a\0b",
    "missing.ipynb",
    "",
]


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("verb", ["run", "export"])
async def test_no_path_leads_outside(
    jp_fetch: Any, jp_root_dir: Path, tmp_path: Path, path: str, verb: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "nb.ipynb").write_text(json.dumps(notebook_json([("step:a", "1")])))
    (jp_root_dir / "link").symlink_to(elsewhere)
    status, _ = await refused(jp_fetch, "pipelines", verb, method="POST", body=json.dumps({"path": path}))
    assert status in (400, 404)
    assert not list(elsewhere.glob("pipelines"))


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells who holds a lock")
@pytest.mark.parametrize("what", ["export", "note"])
async def test_who_waits_for_somebody_that_is_stopped_is_told_for_whom(
    jp_fetch: Any, jp_root_dir: Path, runs: list[str], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """It is the answer of the request: what the server prints nobody sees in a browser."""
    monkeypatch.setattr(locks, "PATIENCE", 0.2)
    monkeypatch.setattr(database, "PATIENCE", 0.2)
    (jp_root_dir / "nb.ipynb").write_text(json.dumps(notebook_json([("step:a", "x = 1")])))
    folder = jp_root_dir / "pipelines"
    folder.mkdir()
    held = holding(folder if what == "export" else Place(jp_root_dir / ".mlops").database)
    try:
        if what == "export":
            body = json.dumps({"path": "nb.ipynb"})
            status, told = await refused(jp_fetch, "pipelines", "export", method="POST", body=body)
        else:
            body = json.dumps({"note": "x"})
            status, told = await refused(jp_fetch, "runs", runs[0], method="PATCH", body=body)
    finally:
        held.kill()
        held.wait()
    assert status == (409 if what == "export" else 503)
    assert f"process {held.pid} (python" in told["message"]
    assert "which is stopped: kill -CONT goes on with it" in told["message"]


async def test_a_pipeline_runs_in_the_background_and_is_exported(jp_fetch: Any, jp_root_dir: Path) -> None:
    (jp_root_dir / "nb.ipynb").write_text(
        json.dumps(
            notebook_json([("parameters", "depth: int = 3"), ("step:a", "x = depth"), ("step:b", "print(x)")])
        )
    )
    exported = await ask(
        jp_fetch, "pipelines", "export", method="POST", body=json.dumps({"path": "nb.ipynb"})
    )
    assert (jp_root_dir / exported["folder"] / "pipeline.yaml").is_file()
    begun = await ask(
        jp_fetch,
        "pipelines",
        "run",
        method="POST",
        body=json.dumps({"path": "nb.ipynb", "parameters": {"depth": 5}}),
    )
    assert begun["pipeline"] == "nb"
    run = await when_over(jp_fetch, begun["run"])
    assert (run["status"], run["params"]) == ("finished", {"depth": "5"})
    top = await ask(jp_fetch, "runs", params={"top": "true", "filter": "kind = 'pipeline' or kind = 'step'"})
    assert [found["id"] for found in top["runs"]] == [run["id"]]
    inner = run["children"]
    assert [child["name"] for child in inner] == ["a", "b"]
    assert (await refused(jp_fetch, "pipelines", run["id"], "cancel", method="POST", body="{}"))[0] == 400


async def test_a_run_is_repeated_from_a_step_on_with_its_parameters(jp_fetch: Any, jp_root_dir: Path) -> None:
    cells = [("parameters", "depth: int = 2"), ("step:load", "rows = [depth, 2, 3]"),
             ("step:left", "left = sum(rows)"), ("step:right", "right = max(rows)"),
             ("step:both", "print(left + right)")]  # fmt: skip
    (jp_root_dir / "again.ipynb").write_text(json.dumps(notebook_json(cells)))
    body = json.dumps({"path": "again.ipynb", "parameters": {"depth": "4"}})
    first = (await ask(jp_fetch, "pipelines", "run", method="POST", body=body))["run"]
    assert (await when_over(jp_fetch, first))["status"] == "finished"
    body = json.dumps({"step": "left"})
    second = (await ask(jp_fetch, "pipelines", first, "again", method="POST", body=body))["run"]
    over = await when_over(jp_fetch, second)
    assert (over["status"], over["params"]["depth"]) == ("finished", "4")
    steps = (await ask(jp_fetch, "pipelines", second))["steps"]
    assert {step["name"]: step["cached"] for step in steps} == {
        "load": True, "left": False, "right": True, "both": False,
    }  # fmt: skip
    code, told = await refused(
        jp_fetch, "pipelines", first, "again", method="POST", body=json.dumps({"step": "lefft"})
    )
    assert (code, "left" in told["message"]) == (400, True)


async def test_a_notebook_whose_kernel_is_missing_is_not_run(jp_fetch: Any, jp_root_dir: Path) -> None:
    node = notebook_json([("step:a", "x = 1")])
    node["metadata"]["kernelspec"]["name"] = "gone-with-the-environment"
    (jp_root_dir / "nb.ipynb").write_text(json.dumps(node))
    body = json.dumps({"path": "nb.ipynb"})
    status, told = await refused(jp_fetch, "pipelines", "run", method="POST", body=body)
    assert status == 400
    assert "there is no kernel 'gone-with-the-environment'" in told["message"]
    assert "python3" in told["hint"]


async def test_a_sweep_is_checked_and_runs_in_the_background(jp_fetch: Any, jp_root_dir: Path) -> None:
    cells = [
        ("parameters", "depth: int = 3"),
        ("step:a", "import mlops_jlab\nmlops_jlab.log_metric('d', depth)"),
    ]
    (jp_root_dir / "nb.ipynb").write_text(json.dumps(notebook_json(cells)))

    def wish(**more: Any) -> str:
        return json.dumps({"path": "nb.ipynb", "values": {"depth": "2,4"}, **more})

    for body, told in (
        (wish(values={"depth": "2,x"}), "depth"),
        (wish(values={"depth": ""}), "nothing varies"),
        (wish(prune=True), "what is to become best"),
        (wish(search="guess"), "no search 'guess'"),
    ):
        status, problem = await refused(jp_fetch, "pipelines", "sweep", method="POST", body=body)
        assert status == 400
        assert told in problem["message"]
    body = wish(metric="d", minimize=True)
    begun = await ask(jp_fetch, "pipelines", "sweep", method="POST", body=body)
    run = await when_over(jp_fetch, begun["run"])
    trials = run["children"]
    assert (run["status"], run["kind"]) == ("finished", "sweep")
    said = (await ask(jp_fetch, "pipelines", run["id"], "log"))["lines"]
    assert any("2 trials" in line["text"] for line in said)
    assert (await refused(jp_fetch, "pipelines", run["id"]))[0] == 400
    assert sorted(trial["params"]["depth"] for trial in trials) == ["2", "4"]


async def test_a_running_pipeline_is_cancelled(jp_fetch: Any, jp_root_dir: Path) -> None:
    (jp_root_dir / "slow.ipynb").write_text(
        json.dumps(notebook_json([("step:a", "import time; time.sleep(60)")]))
    )
    body = json.dumps({"path": "slow.ipynb"})
    run = (await ask(jp_fetch, "pipelines", "run", method="POST", body=body))["run"]
    deadline = time.monotonic() + 60
    while not (await ask(jp_fetch, "pipelines", run))["steps"]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.3)
    await ask(jp_fetch, "pipelines", run, "cancel", method="POST", body="{}")
    assert (await when_over(jp_fetch, run))["status"] == "killed"


def examples() -> list[tuple[str, str]]:
    """Every route with every method that it has."""
    found = []
    for pattern, handler in ROUTES:
        path = (
            pattern.replace("([0-9a-f]{4,32})", "a" * 32)
            .replace("(delete|restore)", "delete")
            .replace("(pause|resume|remove|run)", "pause")
            .replace("(.+)", "x")
        )
        found += [(path, m) for m in ("GET", "POST", "PATCH") if m.lower() in vars(handler)]
    return found


@pytest.mark.parametrize(("path", "method"), examples())
async def test_every_route_refuses_strangers_and_the_unauthorized(
    jp_fetch: Any, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch, path: str, method: str
) -> None:
    body = None if method == "GET" else "{}"
    for token in ("", "wrong"):
        headers = {"Authorization": f"token {token}"}
        with pytest.raises(HTTPClientError) as caught:
            await jp_fetch("mlops-jlab", "api", *path.split("/"), method=method, body=body, headers=headers)
        assert caught.value.code == 403
    monkeypatch.setattr(type(jp_serverapp.authorizer), "is_authorized", lambda *_args: False)
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("mlops-jlab", "api", *path.split("/"), method=method, body=body)
    assert caught.value.code == 403


def test_the_openapi_file_has_the_routes_and_no_others() -> None:
    names = {"([0-9a-f]{4,32})": "{run}", "(.+)": "{path}"}
    known = set()
    for pattern, handler in ROUTES:
        for group, name in names.items():
            pattern = pattern.replace(group, name)
        choice = re.search(r"\(([a-z|]+)\)", pattern)
        for word in choice[1].split("|") if choice else [""]:
            path = "/" + (pattern.replace(choice[0], word) if choice else pattern)
            known |= {(path, m) for m in ("get", "post", "patch") if m in vars(handler)}
    written = {
        (path, method)
        for path, operations in document()["paths"].items()
        for method in operations
        if method != "parameters"
    }
    assert written == known


async def test_the_newest_evaluation_of_a_version_comes_whole(jp_fetch: Any) -> None:
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(0)
    rows = pd.DataFrame({"a": random.normal(size=300), "sex": random.choice(["F", "M"], 300)})
    rows["y"] = (rows.a + random.normal(size=300) > 0).astype(int)
    model = LogisticRegression().fit(rows[["a"]], rows.y)
    mlops_jlab.register_model(model, "loans", input_example=rows[["a"]], data=rows)
    close_all()
    asked = {"params": {"address": "loans/1"}}
    assert (await ask(jp_fetch, "models", "evaluation", **asked)) == {"evaluation": None}
    mlops_jlab.evaluate("loans", rows, "y", groups="sex")
    close_all()
    found = (await ask(jp_fetch, "models", "evaluation", **asked))["evaluation"]
    assert (found["rows"], found["fairness"][0]["column"], found["data"][0]["label"]) == (300, "sex", "y")


async def test_names_complete_a_filter(jp_fetch: Any, runs: list[str]) -> None:
    assert (await ask(jp_fetch, "names", params={"prefix": "metrics.a"}))["names"] == ["metrics.acc"]
    assert (await ask(jp_fetch, "names", params={"prefix": "par"}))["names"] == ["params.n"]
    with mlops_jlab.start_run():
        mlops_jlab.log_metric("two words", 1)
    close_all()
    names = (await ask(jp_fetch, "names"))["names"]
    assert names == ["metrics.acc", "metrics.odd", "metrics.`two words`", "params.n", "tags.t"]
    found = await ask(jp_fetch, "runs", params={"filter": f"{names[2]} = 1"})
    assert found["total"] == 1
    assert (await ask(jp_fetch, "names", params={"prefix": "metrics.[*"}))["names"] == []


async def test_a_list_has_the_courses_of_runs(jp_fetch: Any) -> None:
    with mlops_jlab.start_run(run_name="long"):
        for n in range(1000):
            mlops_jlab.log_metric("loss", 1 / (n + 1))
    close_all()
    page = await ask(jp_fetch, "runs", params={"limit": 1})
    assert page["writable"] is True
    assert 2 < len(page["runs"][0]["sparks"]["loss"]) <= 32


async def test_samples_of_a_run_and_of_its_steps_are_told_apart_from_metrics(jp_fetch: Any) -> None:
    with mlops_jlab.start_run(run_name="whole") as whole:
        whole.add_samples([Sample(10.0, 1.5, 2_000)])
        with mlops_jlab.start_run(run_name="step", nested=True) as step:
            step.add_samples([Sample(11.0, 0.5, 3_000, 0.25, 4_000)])
        with mlops_jlab.start_run(run_name="cached", nested=True):
            pass
    close_all()
    parts = (await ask(jp_fetch, "runs", whole.id, "samples"))["parts"]
    whole_part, step_part = (
        next(part for part in parts if part["name"] == name) for name in ("whole", "step")
    )
    assert whole_part["times"][0] == 10.0
    assert (whole_part["cpu"][0], whole_part["memory"][0], whole_part["gpu"][0]) == (1.5, 2_000, None)
    assert (step_part["gpu"][0], step_part["gpu_memory"][0]) == (0.25, 4_000)
    assert (await ask(jp_fetch, "runs", whole.id))["metrics"] == {}


async def test_steps_are_suggested_and_nothing_changes(jp_fetch: Any, jp_root_dir: Path) -> None:
    node = notebook_json([("-", "import os"), ("-", "x = 1"), ("-", "print(x)")])
    node["cells"].insert(
        1, {"cell_type": "markdown", "id": "m1", "metadata": {}, "source": "## Load the data"}
    )
    body = json.dumps({"content": node, "source": "headings"})
    found = await ask(jp_fetch, "pipelines", "suggest", method="POST", body=body)
    assert found["cells"] == [
        {"cell": 1, "tags": ["setup"]}, {"cell": 3, "tags": ["step:load-the-data"]},
        {"cell": 4, "tags": ["step:load-the-data"]},
    ]  # fmt: skip
    body = json.dumps({"content": node, "source": "tea leaves"})
    status, error = await refused(jp_fetch, "pipelines", "suggest", method="POST", body=body)
    assert (status, "tea leaves" in error["message"]) == (400, True)


async def test_findings_come_with_fixes(jp_fetch: Any) -> None:
    node = notebook_json([("-", "x = 1"), ("step:a", "print(x)"), ("step:b after:nobody", "print(2)")])
    body = json.dumps({"path": "n.ipynb", "content": node})
    graph = await ask(jp_fetch, "pipelines", "check", method="POST", body=body)
    fixes = {found["code"]: found["fixes"] for found in graph["findings"]}
    assert fixes["untagged"] == [
        {"title": "Add cell 1 to step a", "tags": [{"cell": 1, "tags": ["step:a"]}]},
        {"title": "Make cell 1 setup", "tags": [{"cell": 1, "tags": ["setup"]}]},
    ]
    assert fixes["after-unknown"] == [
        {"title": "Remove after:nobody", "tags": [{"cell": 3, "tags": ["step:b"]}]}
    ]


async def test_the_notebook_and_the_code_of_a_run_come_back(
    jp_fetch: Any, jp_root_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = jp_root_dir / "work"
    folder.mkdir()
    source = folder / "train.ipynb"
    source.write_text(json.dumps(notebook_json([("step:a", "x = 1")])))
    monkeypatch.setenv("MLOPS_JLAB_NOTEBOOK", str(source))
    with mlops_jlab.start_run(run_name="as it was") as run:
        pass
    close_all()
    source.write_text(json.dumps(notebook_json([("step:a", "x = 2")])))
    assert (await ask(jp_fetch, "runs", run.id, "code"))["cells"] == ["x = 1"]
    answer = await ask(jp_fetch, "runs", run.id, "notebook", method="POST", body="{}")
    assert answer["path"] == f"work/train-run-{run.id[:8]}.ipynb"
    kept = json.loads((jp_root_dir / answer["path"]).read_text())
    assert "".join(kept["cells"][0]["source"]) == "x = 1"
    assert "x = 2" in source.read_text()
    again = await ask(jp_fetch, "runs", run.id, "reproduce", method="POST", body="{}")
    told = jp_root_dir / again["path"]
    deadline = time.monotonic() + 60
    while "collected in" not in told.read_text() and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
    assert "x = 1" in (told.with_suffix("") / "train.ipynb").read_text()


async def test_a_run_without_a_notebook_says_so(jp_fetch: Any, runs: list[str]) -> None:
    status, error = await refused(jp_fetch, "runs", runs[0], "notebook", method="POST", body="{}")
    assert (status, "has kept no notebook" in error["message"]) == (400, True)


async def test_the_example_is_put_into_the_root_once(jp_fetch: Any, jp_root_dir: Path) -> None:
    path = jp_root_dir / (await ask(jp_fetch, "example", method="POST", body="{}"))["path"]
    assert "step:load" in path.read_text("utf-8")
    path.write_text("mine")
    await ask(jp_fetch, "example", method="POST", body="{}")
    assert path.read_text() == "mine"


async def wait_for_pipeline(jp_fetch: Any, path: str, *statuses: str) -> dict[str, Any]:
    """The newest run of the notebook, once it has one of the statuses."""
    deadline = time.monotonic() + 60
    while True:
        last = await ask(jp_fetch, "pipelines", "last", params={"path": path})
        if last["run"] is not None and last["run"]["status"] in statuses:
            return dict(last)
        assert time.monotonic() < deadline, last
        await asyncio.sleep(0.2)


async def test_a_pipeline_fails_tells_why_and_is_resumed(jp_fetch: Any, jp_root_dir: Path) -> None:
    cells = [("parameters", "n: int = 3"), ("step:one", "rows = list(range(n))\nprint('made', n)"),
             ("step:two", "import os\nassert os.path.exists('go'), 'not yet'\nprint(len(rows))")]  # fmt: skip
    (jp_root_dir / "p.ipynb").write_text(json.dumps(notebook_json(cells)))
    assert (await ask(jp_fetch, "pipelines", "last", params={"path": "p.ipynb"}))["run"] is None
    for wrong in ({"n": "many"}, {"m": "1"}):
        body = json.dumps({"path": "p.ipynb", "parameters": wrong})
        assert (await refused(jp_fetch, "pipelines", "run", method="POST", body=body))[0] == 400
    body = json.dumps({"path": "p.ipynb", "parameters": {"n": "5"}})
    await ask(jp_fetch, "pipelines", "run", method="POST", body=body)
    last = await wait_for_pipeline(jp_fetch, "p.ipynb", "failed")
    states = {step["name"]: step for step in last["steps"]}
    assert (states["one"]["status"], states["two"]["status"]) == ("finished", "failed")
    assert states["one"]["values"] == {"rows": "list of 5"}
    assert states["two"]["reason"] == "AssertionError: not yet"
    run = last["run"]["id"]
    log = await ask(jp_fetch, "pipelines", run, "log", params={"step": "one"})
    assert log["lines"][0]["text"] == "made 5"
    assert {
        line["kind"]
        for line in (await ask(jp_fetch, "pipelines", run, "log", params={"step": "two"}))["lines"]
    } == {"error"}
    both = (await ask(jp_fetch, "pipelines", run, "log", params={"step": "*"}))["lines"]
    assert list(dict.fromkeys(line["step"] for line in both)) == ["one", "two"]
    assert [line["time"] for line in both] == sorted(line["time"] for line in both)
    assert any("two" in line["text"] for line in (await ask(jp_fetch, "pipelines", run, "log"))["lines"])
    for strange in ("three", "../../../etc/passwd"):
        assert (await refused(jp_fetch, "pipelines", run, "log", params={"step": strange}))[0] == 400
    assert last["resumable"] is True
    assert last["failed"] is True
    opened = await ask(jp_fetch, "pipelines", run, "debug", method="POST", body="{}")
    assert (opened["path"], opened["step"], opened["cell"]) == ("debug-p-two.ipynb", "two", "c3")
    cells_of_step = json.loads((jp_root_dir / opened["path"]).read_text())["cells"]
    assert "mlops-save" not in [cell["id"] for cell in cells_of_step]
    assert "mend the step in the notebook of the pipeline" in "".join(cells_of_step[0]["source"])
    assert (await refused(jp_fetch, "pipelines", run, "debug", method="POST", body='{"step": "x"}'))[0] == 400
    (jp_root_dir / "go").touch()
    both = '{"step": "one", "resume": true}'
    assert (await refused(jp_fetch, "pipelines", run, "again", method="POST", body=both))[0] == 400
    await ask(jp_fetch, "pipelines", run, "again", method="POST", body='{"resume": true}')
    last = await wait_for_pipeline(jp_fetch, "p.ipynb", "finished")
    assert last["resumable"] is False


def test_a_run_whose_process_was_killed_is_found_without_anybody_asking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "s"))
    watch = StoreWatch(tmp_path)
    assert watch.mark_dead() == 0
    code = "import os, mlops_jlab; mlops_jlab.start_run(run_name='doomed'); mlops_jlab.flush(); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code], check=False)
    watch.changed()
    assert watch.mark_dead() == 1
    assert watch.changed()
    assert finding.get_run("doomed").status == "killed"
    watch.close()


def test_a_change_of_the_store_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "s"))
    watch = StoreWatch(tmp_path)
    assert not watch.changed()
    with mlops_jlab.start_run():
        mlops_jlab.flush()
    close_all()
    assert watch.changed()
    for _ in range(3):  # to look is no change, or the panel would never come to rest
        with opening.reading(Place(tmp_path / "s")) as connection:
            reading.page(connection, reading.Query())
        watch.mark_dead()
        assert not watch.changed()
    watch.close()


async def test_models_are_listed_promoted_and_rolled_back(jp_fetch: Any) -> None:
    assert await ask(jp_fetch, "models") == {"models": [], "writable": True}
    for _ in range(2):
        mlops_jlab.register_model({"weights": HOSTILE}, "m", note=HOSTILE)
    close_all()
    found = await ask(jp_fetch, "models")
    assert [version["version"] for version in found["models"][0]["versions"]] == [2, 1]
    post = {"method": "POST"}
    wish = {"model": "m", "version": 1, "alias": "champion", "reason": HOSTILE, "expected": 0}
    assert await ask(jp_fetch, "models", "promote", body=json.dumps(wish), **post) == {
        "before": 0,
        "after": 1,
    }
    assert (await refused(jp_fetch, "models", "promote", body=json.dumps(wish | {"version": 2}), **post))[
        0
    ] == 409
    wish |= {"version": 2, "expected": 1}
    assert await ask(jp_fetch, "models", "promote", body=json.dumps(wish), **post) == {
        "before": 1,
        "after": 2,
    }
    back = json.dumps({"model": "m", "alias": "champion"})
    assert await ask(jp_fetch, "models", "rollback", body=back, **post) == {"before": 2, "after": 1}
    assert (await refused(jp_fetch, "models", "rollback", body=back, **post))[0] == 400
    compared = await ask(jp_fetch, "models", "compare", params=[("address", "m/1"), ("address", "m/2")])
    assert compared["titles"] == ["m 1", "m 2"]
    card = (await ask(jp_fetch, "models", "card", params={"address": "m/1"}))["text"]
    assert "<img" not in card
    log = await ask(jp_fetch, "audit")
    assert [entry["action"] for entry in log["entries"]][:2] == ["roll back", "promote"]
    assert log["problem"] == ""
    for wrong in (
        {"model": "../x", "version": 1}, {"model": "m", "version": "1"}, {"nonsense": 1},
        {"model": "m", "version": 1, "reason": "r" * 5_000},
        {"model": "m", "version": 1, "override": True, "reason": "\u200b -"},  # a reason has words in it
    ):  # fmt: skip
        assert (await refused(jp_fetch, "models", "promote", body=json.dumps(wrong), **post))[0] == 400


async def test_a_schedule_is_made_run_paused_and_removed(jp_fetch: Any, jp_root_dir: Path) -> None:
    (jp_root_dir / "quick.ipynb").write_text(json.dumps(notebook_json([("step:a", "x = 1")])))
    post = {"method": "POST"}
    wish = {"path": "quick.ipynb", "cron": "0 3 * * *", "tz": "Europe/Berlin", "promote": "champion"}
    assert await ask(jp_fetch, "schedules", body=json.dumps(wish), **post) == {"name": "quick"}
    (found,) = (await ask(jp_fetch, "schedules"))["schedules"]
    assert (found["when"], found["paused"], len(found["next"])) == ("0 3 * * * Europe/Berlin", False, 5)
    for wrong in (wish, wish | {"name": "b", "cron": "x"}, {"path": "../out.ipynb"}, {"path": "quick.ipynb"}):
        assert (await refused(jp_fetch, "schedules", body=json.dumps(wrong), **post))[0] in (400, 404)
    name = json.dumps({"name": "quick", "reason": HOSTILE})
    await ask(jp_fetch, "schedules", "run", body=name, **post)
    deadline = time.monotonic() + 60
    while True:
        (found,) = (await ask(jp_fetch, "schedules"))["schedules"]
        if found["firings"][0]["status"] != "running":
            break
        assert time.monotonic() < deadline
        await asyncio.sleep(0.3)
    assert found["firings"][0]["status"] == "finished"
    assert [step["step"] for step in found["firings"][0]["steps"]] == ["due", "run", "register"]
    await ask(jp_fetch, "schedules", "pause", body=name, **post)
    (found,) = (await ask(jp_fetch, "schedules"))["schedules"]
    assert (found["paused"], found["next"]) == (True, [])
    await ask(jp_fetch, "schedules", "resume", body=name, **post)
    await ask(jp_fetch, "schedules", "remove", body=name, **post)
    assert (await ask(jp_fetch, "schedules"))["schedules"] == []
    assert (await refused(jp_fetch, "schedules", "run", body=name, **post))[0] == 404


async def test_words_find_runs_by_all_that_people_remember(jp_fetch: Any, runs: list[str]) -> None:
    async def found(words: str) -> list[str]:
        page = await ask(jp_fetch, "runs", params={"search": words})
        return [run["name"][:5] for run in page["runs"]]

    assert await found("RUN img") == ["run 2", "run 1", "run 0"]
    assert await found("n=2") == ["run 2"]
    assert await found("t=<img run") == ["run 2", "run 1", "run 0"]
    assert await found("100%") == []
    assert await found("_") == ["run 2", "run 1", "run 0"]  # the tag's window.__pwn; no wildcard
    number = (await ask(jp_fetch, "runs", runs[0]))["number"]
    assert await found(f"#{number}") == ["run 0"]
    assert await found("run " * 2000) == ["run 2", "run 1", "run 0"]
    for many in (" ".join(map(str, range(1000))), "x" * 30_000):
        with pytest.raises(HTTPClientError) as refused:
            await ask(jp_fetch, "runs", params={"search": many})
        assert refused.value.code == 400


async def test_courses_of_several_runs_come_at_once(jp_fetch: Any, runs: list[str]) -> None:
    query = [("id", run) for run in runs] + [("metric", "acc"), ("metric", "nothing")]
    found = await ask(jp_fetch, "histories", params=query)
    assert {run: course["values"] for run, course in found["courses"]["acc"].items()} == {
        run: [n / 10] for n, run in enumerate(runs)
    }
    assert found["courses"]["nothing"] == {}
    with pytest.raises(HTTPClientError) as caught:
        await ask(jp_fetch, "histories", params={"metric": "acc"})
    assert caught.value.code == 400


async def test_a_page_tells_how_many_parts_a_run_has(jp_fetch: Any, runs: list[str]) -> None:
    with mlops_jlab.start_run(run_name="whole"), mlops_jlab.start_run(run_name="part", nested=True):
        pass
    mlops_jlab.flush()
    page = await ask(jp_fetch, "runs", params={"top": "true"})
    assert {run["name"][:5]: run["parts"] for run in page["runs"]} == {
        "whole": 1, "run 2": 0, "run 1": 0, "run 0": 0
    }  # fmt: skip


async def test_a_model_tells_its_versions_its_moves_and_what_counts(jp_fetch: Any, jp_root_dir: Path) -> None:
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    linear = pytest.importorskip("sklearn.linear_model")
    random = numpy.random.default_rng(0)
    frame = pandas.DataFrame(random.normal(size=(600, 2)), columns=["a", "b"])
    frame["y"] = (frame.a + random.normal(size=600) > 0).astype(int)
    for columns in (["b"], ["a", "b"]):
        with mlops_jlab.start_run(run_name="fit"):
            model = linear.LogisticRegression().fit(frame[columns], frame.y)
            mlops_jlab.register_model(model, "m", input_example=frame[columns], intended_use=HOSTILE)
            mlops_jlab.gate.compare(model, frame, "y", name="m", rules="roc_auc better", bootstrap=True)
        mlops_jlab.flush()
        if columns == ["b"]:
            mlops_jlab.promote("m/1", reason=HOSTILE, override=True)
    close_all()
    told = await ask(jp_fetch, "models", "history", params={"name": "m"})
    new, old = told["versions"]
    assert [move["after"] for move in told["moves"]] == [1]
    assert told["moves"][0]["reason"] == HOSTILE
    assert new["importance"]["features"][0]["name"] == "a"
    assert (new["same_rows"], new["judged"]["champion"]) == (True, 1)
    assert new["rules"][0]["limit"] == 0
    assert new["made_by"][0]["name"] == "fit"
    assert old["intended_use"] == HOSTILE
    assert (await refused(jp_fetch, "models", "history", params={"name": "none"}))[0] == 404
    assert (await refused(jp_fetch, "models", "history", params={"name": "../x"}))[0] == 400


def test_the_limit_of_a_rule_is_in_the_units_of_its_estimate() -> None:
    from mlops_jlab.gates.rules import limit_of

    assert limit_of("roc_auc better by 0.01") == (0.01, False, True)
    assert limit_of("profit not worse by 2") == (-2, False, True)
    assert limit_of("accuracy above 0.7") == (0.7, False, False)
    assert limit_of("calibration below 0.05") == (0.05, True, False)
    assert limit_of("latency below 5 ms") == (0.005, True, False)
    assert limit_of("slice a in 3 bins") == (0.0, False, True)
    assert limit_of("no overlap") is None
    assert limit_of("nonsense") is None


async def test_a_schedule_is_previewed_while_it_is_written_and_then_changed(
    jp_fetch: Any, jp_root_dir: Path
) -> None:
    cells = [("parameters", "month: str = ''\ndepth: int = 3"), ("step:a", "x = depth")]
    (jp_root_dir / "quick.ipynb").write_text(json.dumps(notebook_json(cells)))
    (jp_root_dir / "in").mkdir()
    (jp_root_dir / "in" / "a.csv").write_text("1")
    post = {"method": "POST"}
    given = {"month": "{due - 1 month:%Y-%m}"}
    wish = {"path": "quick.ipynb", "cron": "0 3 * * 1-6", "tz": "Europe/Berlin", "parameters": given}
    told = await ask(jp_fetch, "schedules", "preview", body=json.dumps(wish), **post)
    assert (told["name"], len(told["next"])) == ("quick", 5)
    assert 5 <= len(told["week"]["at"]) <= 6
    assert re.fullmatch(r"\d{4}-\d\d", told["next"][0]["parameters"]["month"])
    assert (await ask(jp_fetch, "schedules"))["schedules"] == []
    wrong: dict[str, Any]
    for wrong in (
        {"cron": "61 * * * *"}, {"parameters": {"depth": "x"}}, {"parameters": {"month": "{duu - 1 day}"}},
        {"start": "yesterday"}, {"start": "2026-12-02", "end": "2026-12-01"}, {"gate": ["roc_auc nicer"]},
        {"name": "../x"}, {"timeout": "soon"}, {"data": ["../other"]}, {"path": "none.ipynb"},
    ):  # fmt: skip
        status, _ = await refused(jp_fetch, "schedules", "preview", body=json.dumps(wish | wrong), **post)
        assert status in (400, 404), wrong
    data = {"path": "quick.ipynb", "name": "fresh", "data": ["in"], "settle": "30s", "pattern": "*.csv",
            "marker": "_SUCCESS", "cooldown": "1h", "gate": ["size below 5 MB"]}  # fmt: skip
    await ask(jp_fetch, "schedules", body=json.dumps(data), **post)
    found = await ask(jp_fetch, "schedules", "detail", params={"name": "fresh"})
    assert [found[key] for key in ("data", "settle", "pattern", "marker", "cooldown", "gate")] == [
        ["in"], "30s", "*.csv", "_SUCCESS", "1h", ["size below 5 MB"]
    ]  # fmt: skip
    await ask(jp_fetch, "schedules", body=json.dumps(wish | {"alerts": ["json://user:pw@host/path"]}), **post)
    status, problem = await refused(jp_fetch, "schedules", "preview", body=json.dumps(wish), **post)
    assert "already" in problem["message"]
    change = {"of": "quick", "name": "nightly", "cron": "30 4 * * *", "end": "2999-01-01", "parameters": {},
              "alerts": ["json://host"]}  # fmt: skip
    await ask(jp_fetch, "schedules", "preview", body=json.dumps(change), **post)
    assert await ask(jp_fetch, "schedules", "edit", body=json.dumps(change), **post) == {"name": "nightly"}
    found = await ask(jp_fetch, "schedules", "detail", params={"name": "nightly"})
    assert (found["parameters"], found["alerts"]) == ({}, ["json://host"])
    assert found["when"] == "30 4 * * * Europe/Berlin, until 2999-01-01"
    with opening.reading(Place(jp_root_dir / ".mlops")) as connection:
        (kept,) = connection.execute("SELECT spec FROM schedules WHERE name = 'nightly'").fetchone()
    assert "user:pw@host" in kept
    weeks = (await ask(jp_fetch, "schedules", "week"))["schedules"]
    assert {week["name"]: len(week["at"]) > 0 for week in weeks} == {"nightly": True, "fresh": False}
    assert (await refused(jp_fetch, "schedules", "detail", params={"name": "none"}))[0] == 404
    assert (await refused(jp_fetch, "schedules", "edit", body=json.dumps({"of": "none"}), **post))[0] == 404


async def test_a_schedule_that_is_due_on_drift_stays_so_when_it_is_changed(
    jp_fetch: Any, jp_root_dir: Path
) -> None:
    (jp_root_dir / "quick.ipynb").write_text(json.dumps(notebook_json([("step:a", "x = 1")])))
    post = {"method": "POST"}
    wish = {"path": "quick.ipynb", "cron": "", "on_drift": "late"}
    told = await ask(jp_fetch, "schedules", "preview", body=json.dumps(wish), **post)
    assert (told["next"], told["when"]) == ([], "when late drifts")
    wrong = json.dumps(wish | {"on_drift": "../x"})
    assert (await refused(jp_fetch, "schedules", "preview", body=wrong, **post))[0] == 400
    await ask(jp_fetch, "schedules", body=json.dumps(wish), **post)
    both = {"of": "quick", "cron": "0 3 * * *", "tz": "UTC"}
    await ask(jp_fetch, "schedules", "edit", body=json.dumps(both), **post)
    found = await ask(jp_fetch, "schedules", "detail", params={"name": "quick"})
    assert (found["on_drift"], found["cron"]) == ("late", "0 3 * * *")
    await ask(jp_fetch, "schedules", "edit", body=json.dumps(both | {"on_drift": ""}), **post)
    found = await ask(jp_fetch, "schedules", "detail", params={"name": "quick"})
    assert (found["on_drift"], found["when"]) == ("", "0 3 * * * UTC")


async def test_a_sweep_is_previewed_and_tells_its_trials_and_what_matters(
    jp_fetch: Any, jp_root_dir: Path
) -> None:
    pytest.importorskip("optuna")
    cells = [("parameters", "depth: int = 3\nrate: float = 0.1"), ("step:fit", "score = depth * rate")]
    notebook = jp_root_dir / "quick.ipynb"
    notebook.write_text(json.dumps(notebook_json(cells)))
    post = {"method": "POST"}
    wish = {"path": "quick.ipynb", "values": {"depth": "1,2,3", "rate": "0.1,0.2"}}
    told = await ask(jp_fetch, "sweeps", "preview", body=json.dumps(wish), **post)
    assert (told["trials"], told["each"], told["problem"]) == (6, None, "")
    wrong = wish | {"values": {"depth": "1,x"}}
    assert (await ask(jp_fetch, "sweeps", "preview", body=json.dumps(wrong), **post))["problem"]
    assert (await refused(jp_fetch, "sweeps", "preview", body=json.dumps({"path": "../x"}), **post))[0] == 400
    place = Place(jp_root_dir / ".mlops")
    facts = {"metric": "score", "minimize": False, "search": "grid", "trials": 7, "pruned": {},
             "space": {"depth": {"values": ["1", "2"]}, "rate": {"low": 0.1, "high": 1, "log": True}}}  # fmt: skip
    whole = lifecycle.start(name="s", experiment="q", kind="sweep", source=notebook, activate=False)
    for depth, rate in ((1, 0.1), (2, 0.2), (1, 0.4), (2, 0.8), (1, 0.3)):
        trial = lifecycle.start(
            name=f"t{depth}",
            experiment="q",
            kind="pipeline",
            source=notebook,
            activate=False,
            parent=whole.id,
        )
        trial.log_params({"depth": depth, "rate": rate})
        step = lifecycle.start(name="fit", experiment="q", kind="step", activate=False, parent=trial.id)
        step.log_metric("score", depth * rate)
        step.end()
        trial.end("killed" if rate == 0.3 else "finished")
        if rate == 0.3:
            facts["pruned"] = {trial.id: "pruned at iteration 3"}
    whole.add_facts({"sweep": facts})
    whole.end()
    close_all()
    found = await ask(jp_fetch, "sweeps", whole.id)
    assert (found["names"], found["metric"], found["best"]) == (["depth", "rate"], "score", 4)
    assert (found["path"], found["defaults"]["rate"]) == ("quick.ipynb", "0.1")
    assert [trial["pruned"] for trial in found["trials"]][-1] == "pruned at iteration 3"
    assert found["trials"][0]["parameters"] == {"depth": 1, "rate": 0.1}
    shares = await ask(jp_fetch, "sweeps", whole.id, "importance")
    assert shares["trials"] == 4
    assert {one["name"] for one in shares["shares"]} == {"depth", "rate"}
    with opening.reading(place) as connection:
        other = reading.children(connection, reading.find(connection, whole.id))[0].id
    assert (await refused(jp_fetch, "sweeps", other))[0] == 400
    body = {"content": notebook_json(cells), "values": {"depth": "2", "rate": "0.8"}}
    changed = await ask(jp_fetch, "pipelines", "defaults", body=json.dumps(body), **post)
    assert changed == {"cells": [{"cell": 1, "source": "depth: int = 2\nrate: float = 0.8"}]}
    body["values"] = {"none": "1"}
    assert (await refused(jp_fetch, "pipelines", "defaults", body=json.dumps(body), **post))[0] == 400


def test_where_there_is_no_store_nothing_is_found_and_a_store_that_is_held_is_no_answer() -> None:
    assert status_of(NoStore("none yet")) == 404
    assert status_of(StoreError("held")) == 503
