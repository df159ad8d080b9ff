"""A file of this machine → a place in our store, named by its address."""

from __future__ import annotations

import re
from pathlib import Path

from mlops_jlab.entities.runs import Artifact
from mlops_jlab.errors import InputError
from mlops_jlab.mlflow.backing import logged, places, runs
from mlops_jlab.store import artifacts

_RUN = re.compile(r"mlops-jlab:/+runs/([^/]+)/artifacts/?(.*)\Z")
_MODEL = re.compile(r"mlops-jlab:/+models/(m-[0-9a-f]{32})/?(.*)\Z")
_PICKLE = "model.pkl"


def keep(path: Path, uri: str, folder: str = "", *, written_here: bool) -> None:
    """Keeps a file below an address, under its own name.

    A logged model's pickle is signed if it was ``written_here``; without that it is loaded only on trust.

    Raises:
        InputError: nothing can be written at this address.
    """
    if match := _RUN.match(uri):
        runs.live(match[1]).log_artifact(path, _joined(match[2], folder) or None)
    elif match := _MODEL.match(uri):
        name = artifacts.check_name(_joined(match[2], folder, path.name))
        kept = Artifact(name, *artifacts.put(places.here(), artifacts.parts_of(path)))
        logged.fill(match[1], [kept])
        if name == _PICKLE and written_here:
            logged.sign(match[1], kept.digest)
    else:
        raise InputError(
            f"nothing can be written at {uri}", hint="files belong to a run or to a logged model"
        )


def _joined(*parts: str) -> str:
    return "/".join(part for part in parts if part)
