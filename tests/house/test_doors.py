"""Each outside library is opened by the modules that are listed here, and by no others."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent.parent / "mlops_jlab"

# A name stands for the module, or for all modules of the package.
DOORS = {
    "papermill": "engine.step.client engine.step.papermill engine.step.stepengine",
    "nbclient": "engine.step.papermill",
    "jupyter_client": "processes.client.kernel processes.client.provisioner processes.parent.comms processes.parent.shell"
    " processes.spare.kernels processes.specs",
    "sqlite3": "store",
    "mlflow": "mirror.client mirror.models mlflow.plugin",
    "click": "cli",
    "rich": "cli engine.report.cells",  # which reads the colours of terminal text, and prints nothing
    "tornado": "server",
    "jupyter_server": "server",
    "starlette": "mlflow.rest.application serving.service",
    "uvicorn": "serving.processes",
    "prometheus_client": "serving.counting",
    "opentelemetry": "serving.telemetry",
    "distributed": "engine.executors.dask engine.executors.working",
}


def imported(*nodes: ast.AST) -> Iterator[str]:
    """The first names of all that is imported, wherever it is; but not what types alone are read from."""
    for node in nodes:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            yield from imported(*node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module).partition(".")[0]
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in ("import_module", "__import__"):
                yield str(node.args[0].value).partition(".")[0]
        yield from imported(*ast.iter_child_nodes(node))


@cache
def modules() -> dict[str, set[str]]:
    """What each module of the package imports."""
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = set(imported(ast.parse(path.read_text("utf-8"))))
    return found


@pytest.mark.parametrize("library", DOORS)
def test_a_library_is_opened_by_its_doors_alone(library: str) -> None:
    doors = DOORS[library].split()
    found = {name for name, libraries in modules().items() if library in libraries}
    others = {name for name in found if not any(f"{name}.".startswith(f"{door}.") for door in doors)}
    assert not others, f"{library} is imported by {sorted(others)}"
    unused = {door for door in doors if not any(f"{name}.".startswith(f"{door}.") for name in found)}
    assert not unused, f"no door to {library} any more: {sorted(unused)}"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import sqlite3", {"sqlite3"}),
        ("import os, mlflow.tracking as t", {"os", "mlflow"}),
        ("from rich.text import Text", {"rich"}),
        ("def f():\n    try:\n        import click\n    except ImportError: ...", {"click"}),
        ("import importlib\nm = importlib.import_module('papermill.engines')", {"importlib", "papermill"}),
        ("if TYPE_CHECKING:\n    import sqlite3\nelse:\n    import rich", {"rich"}),
        ("from . import click", set()),
    ],
)
def test_imports_are_found_wherever_they_stand(source: str, names: set[str]) -> None:
    assert set(imported(ast.parse(source))) == names
