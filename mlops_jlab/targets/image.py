"""A Dockerfile for a pipeline: the project, the packages that its notebook imports, no root."""

from __future__ import annotations

import json

from mlops_jlab.targets.form import Form
from mlops_jlab.targets.writing import Place

PROJECT = "/project"
TABLE = "/mlops"  # a volume with the run table and the folders of runs


def inside(place: Place) -> str:
    """The folder of the target's files in the image."""
    return f"{PROJECT}/{place.inside}".rstrip("/.")


def export(place: Place) -> str:
    """The folder of the export in the image."""
    return f"{inside(place)}/{place.export}"


def context(place: Place) -> str:
    """The folder to build from, as seen from the target's files: the project, if they lie within it."""
    depth = len([part for part in place.inside.split("/") if part not in ("", ".")])
    return "/".join([".."] * depth) or "."


def dockerfile(head: str, form: Form, place: Place, requirements: str, *, runs: bool = True) -> str:
    """The text of the Dockerfile; ``requirements`` as seen from the folder that it is built from.

    ``runs``: it runs the whole pipeline unless it is told another command.
    """
    command = f"CMD {_words('python', f'{inside(place)}/run.py')}\n" if runs else ""
    table = (
        f"RUN install -d -o 1000 -g 1000 {TABLE}\nENV MLOPS_JLAB_STORE={TABLE}\nVOLUME {TABLE}\n"
        if runs
        else ""
    )
    return (
        f"{head}ARG BASE=python:{form.python}-slim\nFROM ${{BASE}}\n"
        f"WORKDIR {PROJECT}\n"
        f"COPY {_words(requirements, '/tmp/requirements.txt')}\n"  # noqa: S108  # in the image
        "RUN pip install --no-cache-dir -r /tmp/requirements.txt\n"
        f"COPY . {PROJECT}\n"
        "ENV HOME=/tmp PYTHONUNBUFFERED=1\n"
        f"{table}"
        "USER 1000:1000\n"
        f"{command}"
    )


def _words(*words: str) -> str:
    """Words of a Dockerfile, as a JSON list: so each may have spaces and quotes."""
    return json.dumps(words, ensure_ascii=False)


def requirements_of(place: Place) -> str:
    """The requirements of the export, as seen from the folder that the image is built from."""
    return f"{place.inside}/{place.export}/requirements.txt".lstrip("/.").lstrip("/")
