"""Where things lie: the addresses of artifacts in our store, and which store that is."""

from __future__ import annotations

import os
from pathlib import Path

from mlops_jlab.errors import InputError
from mlops_jlab.store.location import VARIABLE, Place
from mlops_jlab.tracking import lifecycle

SCHEME = "mlops-jlab"


def here() -> Place:
    """The store that serves the working directory, made if it is not there.

    Raises:
        StoreError: it cannot be used.
    """
    recorder = lifecycle.recorder()
    recorder.open_database()
    return recorder.place


def run_uri(run_id: str) -> str:
    """The address of a run's artifacts."""
    return f"{SCHEME}:/runs/{run_id}/artifacts"


def model_uri(model_id: str) -> str:
    """The address of a logged model's files."""
    return f"{SCHEME}:/models/{model_id}"


def version_uri(name: str, version: int) -> str:
    """The address of a registered version's files."""
    return f"{SCHEME}:/versions/{name}/{version}"


def experiment_uri(experiment_id: str) -> str:
    """The address of an experiment: its runs have addresses of their own."""
    return f"{SCHEME}:/experiments/{experiment_id}"


def refuse_server(call: str, uri: str | None) -> None:
    """Refuses the address of another place than the store of this process.

    Raises:
        InputError: it is one.
    """
    if uri and uri != f"{SCHEME}:" and uri != f"{SCHEME}:{here().root}":
        raise InputError(
            f"{call}() reads the store {here().root}, not {uri}",
            hint="set_tracking_uri('mlops-jlab:/folder') chooses a store; for a server use MLflow itself",
        )


def choose(uri: str) -> None:
    """Makes the folder in ``mlops-jlab:/folder`` the store of this process; without one nothing changes."""
    folder = uri.partition(":")[2]
    if folder:
        os.environ[VARIABLE] = str(
            Path("/" + folder.lstrip("/") if folder.startswith("/") else folder).absolute()
        )
