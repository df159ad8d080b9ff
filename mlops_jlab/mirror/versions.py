"""Registered models → the registry of an MLflow server: versions, their files, aliases. Ours is the truth."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import MlopsError
from mlops_jlab.mirror import models
from mlops_jlab.mirror.client import Server
from mlops_jlab.registry import modelfiles
from mlops_jlab.store import artifacts, registering
from mlops_jlab.store.location import Place

if TYPE_CHECKING:
    import sqlite3

_HOME = "registered models"  # the experiment of versions that no run has made
_VERSION = "mlops_jlab.version"


def push(place: Place, connection: sqlite3.Connection, server: Server, remotes: Mapping[str, str]) -> int:
    """Sends versions that the server does not have, and lets its aliases point where ours do; how many.

    ``remotes`` are the server's ids of our runs.

    Raises:
        StoreError: the server does not answer; what was sent stays there.
    """
    sent = 0
    for name in registering.names(connection):
        with server.speaking():
            known = server.versions(name, _VERSION)
        found = registering.versions(connection, name)
        for version in reversed(found):
            if str(version.version) not in known:
                with server.speaking():
                    known[str(version.version)] = _send(place, server, version, remotes)
                sent += 1
        wanted = {alias: known[str(version.version)] for version in found for alias in version.aliases}
        with server.speaking():
            server.point(name, wanted)
    return sent


def _send(place: Place, server: Server, version: ModelVersion, remotes: Mapping[str, str]) -> str:
    remote = remotes.get(version.run) or server.create(
        server.experiment(_HOME), version.title, version.created, {_VERSION: version.title}
    )
    inside = f"registered/{version.model}/{version.version}"
    with tempfile.TemporaryDirectory(prefix="mlops-jlab-") as scratch:
        folder = Path(scratch) / "model"
        try:
            models.save(modelfiles.load(place, version), folder, dict(version.about))
        except MlopsError:  # it cannot be loaded here, and goes as the file that it is
            folder.mkdir(exist_ok=True)
            for file in version.files:
                (folder / file.path).write_bytes(artifacts.read(place, file.digest))
        server.put_folder(remote, inside, folder)
    if version.run not in remotes:
        server.end(remote, "FINISHED", version.created)
    tags = {_VERSION: str(version.version), "mlops_jlab.user": version.user}
    if version.verdict:
        tags["mlops_jlab.gate"] = version.verdict
    return server.add_version(version.model, remote, inside, tags, str(version.about.get("note", "")))
