"""Every path of every route goes through one door: it means what lies below the server's root, or nothing."""

from __future__ import annotations

import json
import os
import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

import mlops_jlab
from mlops_jlab.entities.runs import ENGINE, new_run_id
from mlops_jlab.errors import FilterError, TrackingError
from mlops_jlab.server import paths
from mlops_jlab.store import database, filters, opening, reading
from mlops_jlab.store.applying import Applier
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all
from tests.conftest import notebook_json
from tests.unit.test_routes import ask, document, printed, refused, when_over

pytest_plugins = ["pytest_jupyter.jupyter_server"]
pytestmark = pytest.mark.filterwarnings("ignore")

SECRET = "only-outside-the-root"
FITTING = {
    "path": "nb.ipynb", "name": "n", "cron": "0 3 * * *", "parameters": {}, "values": {"n": "1,2"},
    "metric": "m", "source": "cells",
}  # fmt: skip


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"mlops_jlab.server": True}}}


@pytest.fixture
def root(jp_root_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with a notebook, and all that could lead out of it."""
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(jp_root_dir / ".mlops"))
    cells = json.dumps(notebook_json([("parameters", "n: int = 1"), ("step:a", f"print('{SECRET}', n)")]))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "nb.ipynb").write_text(cells)
    (outside / "a.ipynb").write_text(cells)
    (jp_root_dir / "nb.ipynb").write_text(cells)
    (jp_root_dir / ".hidden.ipynb").write_text(cells)
    (jp_root_dir / ".secret").mkdir()
    (jp_root_dir / ".secret" / "nb.ipynb").write_text(cells)
    (jp_root_dir / "link.ipynb").symlink_to(outside / "nb.ipynb")
    (jp_root_dir / "linked").symlink_to(outside)
    (jp_root_dir / "to-hidden.ipynb").symlink_to(jp_root_dir / ".hidden.ipynb")
    (jp_root_dir / "loop").symlink_to(jp_root_dir / "loop")
    (jp_root_dir / "file").write_text("1")
    os.mkfifo(jp_root_dir / "fifo")
    with mlops_jlab.start_run(run_name="r"):
        mlops_jlab.log_metric("m", 1)
    close_all()
    return jp_root_dir


LEADING_OUT = [
    "../outside/nb.ipynb", "x/../../outside/nb.ipynb", "/../../etc/passwd", "link.ipynb", "linked/nb.ipynb", "linked",
    ".hidden.ipynb", ".secret/nb.ipynb", ".secret", "to-hidden.ipynb", "loop", "loop/nb.ipynb", "file/nb.ipynb",
    "fifo", "a" * 300, "a/" * 3000, "file:///etc/passwd", "/proc/self/environ", "\ud800.ipynb", "nb\0.ipynb", "",
    "..", "%2e%2e/outside/nb.ipynb", "/proc/kmsg", "a\nb",
]  # fmt: skip


def path_parameters() -> Iterator[tuple[str, str, str, str]]:
    """Route, method, where, and name of each parameter that the OpenAPI file calls a path."""
    for route, operations in document()["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            given = [*operation.get("parameters", []), *operations.get("parameters", [])]
            for one in given:
                if one.get("schema", {}).get("format") == "path":
                    yield route, method, one["in"], one["name"]
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            for name, schema in body.get("schema", {}).get("properties", {}).items():
                if "path" in (schema.get("format"), schema.get("items", {}).get("format")):
                    yield route, method, "list" if "items" in schema else "body", name


def test_what_names_a_file_is_called_a_path() -> None:
    text = json.dumps(document()["paths"])
    unmarked = re.findall(
        r'"(?:path|data|file|folder|directory|source_path|target)": {"type": "string"}', text
    )
    assert unmarked == []
    assert len(list(path_parameters())) >= 10


@pytest.mark.parametrize("which", list(path_parameters()), ids=lambda w: f"{w[1]} {w[0]} {w[3]}")
async def test_no_path_leads_out(jp_fetch: Any, root: Path, which: tuple[str, str, str, str]) -> None:
    route, method, where, name = which
    run = (await ask(jp_fetch, "runs"))["runs"][0]["id"]
    body = document()["paths"][route][method].get("requestBody", {}).get("content", {})
    known = body.get("application/json", {}).get("schema", {}).get("properties", {})
    for bad in LEADING_OUT:
        if not bad and (name == "step" or where == "list"):
            continue  # no step; the root itself
        words = [w.replace("{run}", run) for w in route.strip("/").split("/")]
        more: dict[str, Any] = {"method": method.upper()}
        if where == "path":
            if not bad or bad[0] in "./" or "\ud800" in bad:
                continue  # no client sends it so
            words[-1] = bad
        elif where == "query":
            if "\ud800" in bad:
                continue
            more["params"] = {name: bad}
        if method == "post":
            fitting = {key: value for key, value in FITTING.items() if key in known}
            more["body"] = json.dumps(fitting | {name: [bad] if where == "list" else bad})
        with pytest.raises(HTTPClientError) as caught:
            await jp_fetch("mlops-jlab", "api", *words, **more)
        assert caught.value.response is not None
        told = caught.value.response.body.decode()
        assert caught.value.code in (400, 404), (bad, told)
        assert SECRET not in told


async def test_a_check_reads_what_is_given_and_looks_nowhere_outside(jp_fetch: Any, root: Path) -> None:
    (root.parent / "outside_module.py").write_text("leaked = 1")
    node = notebook_json([("step:a", "from outside_module import *\nprint(leaked)")])
    body = {"path": "../nb.ipynb", "content": node}
    status, _told = await refused(jp_fetch, "pipelines", "check", method="POST", body=json.dumps(body))
    assert status == 400


async def test_a_run_leads_to_its_own_folder_alone(jp_fetch: Any, root: Path, tmp_path: Path) -> None:
    """Neither what a run says of its folder, nor a step's name, nor a link in the folder leads out."""
    place = Place(root / ".mlops")
    outside = tmp_path / "outside"
    (outside / "executed").mkdir()
    (outside / "run.json").write_text("{}")
    for name in ("a", "b"):
        (outside / "executed" / f"{name}.ipynb").write_text((outside / "a.ipynb").read_text())
    inside = place.root / "runs" / "nb" / "one"
    (inside / "executed").mkdir(parents=True)
    (inside / "run.json").write_text("{}")
    (inside / "executed" / "a.ipynb").symlink_to(outside / "a.ipynb")
    (inside / "executed" / "b.log").symlink_to(outside / "a.ipynb")
    (place.root / "runs" / "linked").symlink_to(outside)
    step = "../../../../../outside/a"
    for folder in (
        outside,
        place.root / "runs" / ".." / ".." / ".." / "outside",
        place.root / "runs" / "linked",
        inside,
    ):
        run = new_run_id()
        fields = {"name": "p", "kind": "pipeline", "started": 1.0, "source": str(root / "nb.ipynb")}
        with opening.writing(place) as connection, database.transaction(connection):
            Applier(connection).apply([
                ["run", run, 1, fields | {"status": "finished"}],
                ["facts", run, 1, {ENGINE: {"folder": str(folder)}}],
                ["tag", run, 1, "folder", str(outside)],
                *(["run", new_run_id(), 1, fields | {"name": name, "parent": run, "kind": "step"}]
                  for name in ("a", "b", step)),
            ])  # fmt: skip
        for wanted in ("a", "b", step):
            try:
                told = printed(await ask(jp_fetch, "pipelines", run, "log", params={"step": wanted}))
            except HTTPClientError as error:
                assert error.code == 400  # noqa: PT017  # or an answer, without the secret
            else:
                assert SECRET not in told
        assert SECRET not in json.dumps(await ask(jp_fetch, "pipelines", run))
        body = json.dumps({"path": "nb.ipynb", "resume": run})
        if folder != inside:
            assert (await refused(jp_fetch, "pipelines", "run", method="POST", body=body))[0] == 400


async def test_tags_are_the_users_alone(jp_fetch: Any, root: Path) -> None:
    """Whatever tags say, log and resume follow what the engine noted."""
    body = json.dumps({"path": "nb.ipynb"})
    run = (await ask(jp_fetch, "pipelines", "run", method="POST", body=body))["run"]
    await when_over(jp_fetch, run)
    forged = {"folder": "/etc", "cached": "yes", "skipped": "no", "ran_again": "x"}
    tags = (await ask(jp_fetch, "runs", run))["tags"]
    assert set(forged).isdisjoint(tags)
    await ask(jp_fetch, "runs", run, method="PATCH", body=json.dumps({"tags": forged}))
    assert SECRET in printed(await ask(jp_fetch, "pipelines", run, "log", params={"step": "a"}))
    [step] = (await ask(jp_fetch, "pipelines", run))["steps"]
    child = step["run"]
    await ask(jp_fetch, "runs", child, method="PATCH", body=json.dumps({"tags": forged}))
    [step] = (await ask(jp_fetch, "pipelines", run))["steps"]
    assert (step["cached"], step["skipped"]) == (False, "")


async def test_modules_beside_a_notebook_stand_in_for_none_of_ours(jp_fetch: Any, root: Path) -> None:
    """Processes that the server starts in the notebook's folder begin, and steps find their modules there."""
    work = root / "work"
    (work / "mlops_jlab").mkdir(parents=True)
    for name in ("enum.py", "json.py", "types.py", "click.py", "mlops_jlab/__init__.py"):
        (work / name).write_text("raise SystemExit('this is the wrong module')")
    (work / "helper.py").write_text("answer = 42")
    (work / "stars.py").write_text("shining = 1")
    cells = [("step:a", "import helper\nfrom stars import *\nprint(helper.answer + shining)")]
    (work / "nb.ipynb").write_text(json.dumps(notebook_json(cells)))
    body = json.dumps({"path": "work/nb.ipynb"})
    run = (await ask(jp_fetch, "pipelines", "run", method="POST", body=body))["run"]
    over = await when_over(jp_fetch, run)
    assert over["status"] == "finished", over["reason"]
    assert "43" in printed(await ask(jp_fetch, "pipelines", run, "log", params={"step": "a"}))


async def test_equal_ids_are_one_run_and_long_texts_are_cut(jp_fetch: Any, root: Path) -> None:
    """A store of an older version may have notes of any length; a request takes little memory all the same."""
    place = Place(root / ".mlops")
    ids = [run["id"] for run in (await ask(jp_fetch, "runs"))["runs"]]
    second = new_run_id()
    with opening.writing(place) as connection, database.transaction(connection):
        fields = {"name": "p", "kind": "script", "started": 1.0, "status": "finished"}
        Applier(connection).apply([["run", second, 1, fields], ["note", second, 1, "x" * 5_000_000]])
    tracemalloc.start()
    many = [("id", second)] * 200 + [("id", ids[0])]
    found = await ask(jp_fetch, "compare", params=many)
    assert [run["id"] for run in found["runs"]] == [second, ids[0]]
    assert (await refused(jp_fetch, "compare", params=many[:200]))[0] == 400
    assert (await refused(jp_fetch, "runs", params=[("order", f"metrics.m{n}") for n in range(9)]))[0] == 400
    await ask(jp_fetch, "runs", params={"limit": 500})
    assert tracemalloc.get_traced_memory()[1] < 40_000_000
    tracemalloc.stop()
    for wrong in ({"note": "x" * 100_001}, {"tags": {"t": "x" * 10_001}}):
        status, told = await refused(jp_fetch, "runs", second, method="PATCH", body=json.dumps(wrong))
        assert (status, "at most" in told["message"]) == (400, True)


def test_what_is_too_long_to_log_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "s"))
    with mlops_jlab.start_run():
        with pytest.raises(TrackingError, match="the note has 100,001 characters; 100,000 at most"):
            mlops_jlab.note("x" * 100_001)
        with pytest.raises(TrackingError, match="the tag 't' has 20,000 characters"):
            mlops_jlab.set_tag("t", "x" * 20_000)
    with pytest.raises(TrackingError, match="the name of the run has"):
        mlops_jlab.start_run(run_name="x" * 5_000)


@pytest.mark.parametrize(
    "text",
    [
        "not " * 2000 + "metrics.m > 0", "not " * 2001 + "metrics.m > 0", "(" * 2000 + "metrics.m > 0" + ")" * 2000,
        " and ".join(["metrics.m > 0"] * 400), " or ".join(["params.a = 'x'"] * 400), " or ".join(["metrics.m > 0"] * 2000),
        "params.a in (" + ",".join(["'x'"] * 3000) + ")", "(not " * 300 + "metrics.m > 0" + ")" * 300, "x" * 100_000,
    ],
    ids=["even", "odd", "deep", "ands", "ors", "too many", "in", "nots in parentheses", "long"],
)  # fmt: skip
async def test_a_large_filter_is_answered_or_refused(jp_fetch: Any, root: Path, text: str) -> None:
    try:
        condition = filters.parse(text)
        with opening.reading(Place(root / ".mlops")) as connection:
            reading.page(connection, reading.Query(condition))
    except FilterError as error:
        assert "at most" in str(error) or "more than" in str(error) or len(text) == 100_000  # noqa: PT017
    if len(text) < 20_000:
        try:
            await ask(jp_fetch, "runs", params={"filter": text})
        except HTTPClientError as error:
            assert error.code == 400  # noqa: PT017  # what it is, if it is one


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (("models", "promote"), {"model": "m", "version": 10**40}),
        (("models", "promote"), {"model": "m", "version": True}),
        (("models", "promote"), {"model": "\ud800", "version": 1}),
        (("models", "promote"), {"model": "a\0b", "version": 1}),
        (("schedules",), {"path": "nb.ipynb", "cron": "0 3 * * *", "retries": 10**9}),
        (("schedules",), {"path": "nb.ipynb", "cron": "0 3 * * *", "retries": -1}),
        (("schedules",), {"path": "nb.ipynb", "cron": "0 3 * * *", "name": "\ud800"}),
        (("schedules",), {"path": "nb.ipynb", "cron": "0 3 * * *", "tz": "../../etc/passwd"}),
        (("schedules",), {"path": "nb.ipynb", "cron": "0 3 * * *", "alerts": [5]}),
        (("schedules",), {"path": "nb.ipynb", "data": ["file"], "alerts": ["command:x"] * 50}),
        (("schedules",), {"path": "nb.ipynb", "every": "1e400s"}),
        (("pipelines", "run"), {"path": "nb.ipynb", "parameters": {"n": "\ud800"}}),
        (("pipelines", "run"), {"path": "nb.ipynb", "parameters": {"n": [[[]]]}}),
        (("pipelines", "run"), {"path": "nb.ipynb", "resume": "zz"}),
        (("pipelines", "sweep"), {"path": "nb.ipynb", "values": {"n": "1..1e300"}, "trials": 10**12}),
        (("pipelines", "check"), {"content": {"cells": [[]] * 3}}),
        (("pipelines", "suggest"), {"content": {}, "source": "\ud800"}),
        (("runs", "delete"), {"ids": ["\ud800"]}),
        (("runs", "delete"), {"ids": ["a"] * 3 + [7]}),
    ],
)
async def test_bad_input_is_the_askers_fault(
    jp_fetch: Any, root: Path, path: tuple[str, ...], body: dict[str, Any]
) -> None:
    status, told = await refused(jp_fetch, *path, method="POST", body=json.dumps(body))
    assert status in (400, 404), told


@pytest.mark.parametrize(
    ("words", "method", "status"),
    [
        (("models", "card"), "GET", 400), (("pipelines", "last"), "GET", 400), (("runs", "nothing"), "GET", 404),
        (("runs", "\xa4"), "GET", 404), (("nowhere", "at", "all"), "POST", 404), (("runs",), "PUT", 405),
    ],
)  # fmt: skip
async def test_whatever_is_refused_is_a_problem_in_json(
    jp_fetch: Any, root: Path, words: tuple[str, ...], method: str, status: int
) -> None:
    body = None if method == "GET" else "{}"
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("mlops-jlab", "api", *words, method=method, body=body)
    assert caught.value.code == status
    assert set(json.loads(caught.value.response.body)) == {"message", "hint"}
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch(
            "mlops-jlab", "api", *words, method=method, body=body, headers={"Authorization": "token no"}
        )
    assert caught.value.code in (403, 405)


async def test_one_run_by_many_beginnings_of_its_id_is_loaded_once_and_cut(jp_fetch: Any, root: Path) -> None:
    """A run of an older version may have a note of any length."""
    place = Place(root / ".mlops")
    run = new_run_id()
    with opening.writing(place) as connection, database.transaction(connection):
        fields = {"name": "p", "kind": "script", "started": 1.0, "status": "finished"}
        Applier(connection).apply([["run", run, 1, fields], ["note", run, 1, "x" * 5_000_000]])
    tracemalloc.start()
    params = [*(("id", run[:size]) for size in range(16, 33)), *[("id", run)] * 200, ("metric", "m")]
    assert await ask(jp_fetch, "histories", params=params) == {"courses": {"m": {}}}
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


async def test_the_door_takes_what_lies_inside(jp_serverapp: Any, root: Path) -> None:
    door = paths.Door(root, jp_serverapp.contents_manager)
    (root / "sub").mkdir()
    (root / "sub" / "with ümlaut.ipynb").write_text("{}")
    (root / "inner.ipynb").symlink_to(root / "sub" / "with ümlaut.ipynb")
    assert await door.file("/sub/with ümlaut.ipynb") == root / "sub" / "with ümlaut.ipynb"
    assert await door.file("inner.ipynb") == root / "sub" / "with ümlaut.ipynb"
    assert await door.data("sub/") == root / "sub"
    assert await door.place("new/unsaved.ipynb") == root / "new" / "unsaved.ipynb"
