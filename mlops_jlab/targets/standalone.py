"""The whole pipeline as one notebook for plain papermill: nothing of ours has to be installed to run it."""

from __future__ import annotations

import json
from typing import Any

from mlops_jlab.entities.graphs import Graph
from mlops_jlab.entities.notebooks import Role
from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.errors import ExportError
from mlops_jlab.pipeline import requirements
from mlops_jlab.pipeline.build import dump, lines_of
from mlops_jlab.targets.writing import MARK

_MAKERS = {
    "date": "__import__('datetime').date.fromisoformat({0})",
    "datetime": "__import__('datetime').datetime.fromisoformat({0})",
    "Path": "__import__('pathlib').Path({0})",
}


def notebook(graph: Graph) -> str:
    """The notebook: the tagged cells in document order, as Run All executes them.

    Raises:
        ExportError: its cells need this package.
    """
    modules = requirements.imported_modules(graph.notebook)
    tracks = any(line.startswith(("%track", "%%track")) for cell in graph.notebook.tagged
                 for line in cell.source.split("\n"))  # fmt: skip
    if "mlops_jlab" in modules or tracks:
        raise ExportError(
            "the cells use mlops_jlab, so plain papermill cannot run them",
            hint="leave --standalone out, or take %track and calls of mlops_jlab out of the notebook",
        )
    about = f"{MARK} from `{graph.notebook.path.name}`; change that notebook, not this."
    cells = [_markdown(f"# {graph.name}\n\n{about}")]
    for cell in graph.notebook.tagged:
        cells.append(_code(cell.id, cell.source, list(cell.tags)))
        if cell.role is Role.PARAMETERS and (typed := _typed(graph.parameters)):
            cells.append(_code("typed-parameters", typed, []))
    kernel = graph.notebook.kernel
    return dump({
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": kernel, "language": "python", "name": kernel},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }).decode()  # fmt: skip


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": "about", "metadata": {}, "source": lines_of(text)}


def _code(cell_id: str, source: str, tags: list[str]) -> dict[str, Any]:
    return {
        "cell_type": "code", "execution_count": None, "id": cell_id, "metadata": {"tags": tags},
        "outputs": [], "source": lines_of(source),
    }  # fmt: skip


def _typed(parameters: tuple[Parameter, ...]) -> str:
    """What makes of injected texts the dates and paths that the notebook expects, and fetches secrets."""
    lines = []
    for one in parameters:
        made = next((_MAKERS[kind] for kind in one.kinds if kind in _MAKERS and "str" not in one.kinds), "")
        if one.secret:
            lines.append(f"{one.name} = __import__('os').environ[{json.dumps(one.name.upper())}]")
        elif made:
            lines.append(f"if isinstance({one.name}, str):\n    {one.name} = {made.format(one.name)}")
    head = "# injected texts in their declared types, secrets from the environment"
    return "\n".join([head, *lines]) if lines else ""


RUN = '''\
{head}"""Runs {name} with papermill and nothing else. Exit code 0: done, 1: failed, 2: wrong input."""

import argparse
import sys
import time
from pathlib import Path

import papermill
import yaml

HERE = Path(__file__).resolve().parent
KNOWN = {known}
REQUIRED = {required}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("-o", "--output", help="the executed notebook")
    parser.add_argument("--cwd", default=str(HERE / {project}), help="where cells run")
    chosen = parser.parse_args()
    values = yaml.safe_load((HERE / "parameters.yaml").read_text("utf-8")) or {{}}
    for pair in chosen.parameter:
        name, equals, text = pair.partition("=")
        kinds = KNOWN.get(name)
        if not equals or kinds is None:
            parser.error(f"{{pair!r}} sets no parameter; there are: {{', '.join(KNOWN) or 'none'}}")
        values[name] = text if set(kinds) & {{"str", "Path", "date", "datetime"}} else yaml.safe_load(text)
    missing = [name for name in REQUIRED if name not in values]
    if missing:
        parser.error(f"missing parameters: {{', '.join(missing)}}")
    default = HERE / "runs" / time.strftime("%Y%m%d-%H%M%S") / {file}
    output = Path(chosen.output or default)
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        done = papermill.execute_notebook(
            str(HERE / {file}), str(output), parameters=values, cwd=chosen.cwd, kernel_name={kernel}
        )
    except papermill.PapermillExecutionError as error:
        print(error, file=sys.stderr)
        return 1
    unrun = [c for c in done.cells if c.cell_type == "code" and c.execution_count is None and c.source]
    print(output)
    return 1 if unrun else 0  # a cell that ends the kernel, as sys.exit() does, ends papermill without a word


if __name__ == "__main__":
    sys.exit(main())
'''
