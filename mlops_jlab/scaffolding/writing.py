"""Writes a new project from the template beside this module."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlops_jlab.errors import ExportError, InputError, unwritten

_TEMPLATE = Path(__file__).with_name("project")
# The files of the template, where they go.
_FILES = {
    "README.md": "README.md",
    "Makefile": "Makefile",
    "requirements.txt": "requirements.txt",
    "gitignore": ".gitignore",
    "pipeline.yml": ".github/workflows/pipeline.yml",
}
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_CUSTOMERS = 1200


def write(folder: Path) -> list[Path]:
    """Writes a project into ``folder``, whose last part is its name; the files, sorted.

    Raises:
        InputError: the name is no name of a pipeline, or the folder holds something.
        ExportError: the folder cannot be written.
    """
    name = folder.absolute().name
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot be the name of a project",
            hint="a lower-case letter, then lower-case letters, digits, - and _",
        )
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder} exists and is not empty", hint="name a new folder")
        fresh = not folder.exists()
        try:
            return _write(name, folder)
        except OSError:
            if fresh:
                shutil.rmtree(folder, ignore_errors=True)
            raise
    except OSError as error:
        raise unwritten(folder, error, ExportError) from error


def _write(name: str, folder: Path) -> list[Path]:
    contents = {goal: _filled(source, name) for source, goal in _FILES.items()}
    contents["train.ipynb"] = json.dumps(notebook(_filled("train.percent", name)), indent=1) + "\n"
    contents["data/customers.csv"] = "\n".join(customers(_CUSTOMERS)) + "\n"
    for goal, text in contents.items():
        path = folder / goal
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
    return sorted(folder / goal for goal in contents)


def _filled(source: str, name: str) -> str:
    return (_TEMPLATE / source).read_text("utf-8").replace("{{ name }}", name)


def notebook(script: str) -> dict[str, Any]:
    """A script in the percent format as a notebook (nbformat 4.5); its cells are ``c1``, ``c2``, …"""
    cells: list[dict[str, Any]] = []
    for part in re.split(r"^# %% ?", script, flags=re.MULTILINE)[1:]:
        head, _, body = part.partition("\n")
        body = body.strip("\n")
        words = re.search(r"tags=(\[.*\])", head)
        cell: dict[str, Any] = {
            "cell_type": "code", "execution_count": None, "id": f"c{len(cells) + 1}",
            "metadata": {"tags": json.loads(words[1])} if words else {}, "outputs": [],
        }  # fmt: skip
        if head.startswith("[markdown]"):
            body = "\n".join(line.removeprefix("#").removeprefix(" ") for line in body.split("\n"))
            cell = {"cell_type": "markdown", "id": cell["id"], "metadata": {}}
        lines = body.split("\n")
        cells.append(cell | {"source": [*(f"{line}\n" for line in lines[:-1]), lines[-1]]})
    about = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
             "language_info": {"name": "python"}}  # fmt: skip
    return {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}


def customers(count: int) -> Iterator[str]:
    """Lines of CSV about made-up customers, always the same: who calls often and is new leaves sooner."""
    chance = random.Random(0)  # noqa: S311 - nothing secret
    yield "customer,months,monthly_fee,calls,left"
    for number in range(1, count + 1):
        months, fee, calls = chance.randrange(72), round(chance.uniform(15, 95), 2), chance.randrange(9)
        pull = 0.5 * calls - 0.05 * months + 0.02 * fee - 2.2 + chance.gauss(0, 0.8)
        yield f"{number},{months},{fee},{calls},{int(pull > 0)}"
