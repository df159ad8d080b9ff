"""A model that a step makes again is the version that it made before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.entities.runs import Artifact
from mlops_jlab.errors import MlopsError
from mlops_jlab.store import artifacts, permitting, registering, replaying
from mlops_jlab.store.location import Place
from mlops_jlab.store.whole import is_pipeline

_TOLD = (
    "content", "signature", "parameters", "requirements", "note", "metrics", "intended_use", "limits", "data",
)  # fmt: skip


def made_before(
    connection: sqlite3.Connection, name: str, about: Mapping[str, Any], saved: Sequence[Artifact], whole: str
) -> ModelVersion | None:
    """The version that a run of a pipeline has registered with the same content, and the same told of it.

    ``saved`` are the model's file, whose bytes differ each time, and those beside it.
    """
    if not is_pipeline(connection, whole):
        return None
    told = json.loads(json.dumps({key: about[key] for key in _TOLD if key in about}, default=str))
    beside = {file.path: file.digest for file in saved[1:]}
    for version in registering.versions(connection, name):
        same = version.about.get("content") == about["content"]
        if not same or not is_pipeline(connection, version.whole):
            continue
        known = json.loads(registering.registered(connection, version))
        others = {file.path: file.digest for file in version.files if file.path != saved[0].path}
        if others == beside and {key: known[key] for key in _TOLD if key in known} == told:
            if _is_whole(connection, version):
                return version
    return None


def _is_whole(connection: sqlite3.Connection, version: ModelVersion) -> bool:
    """Whether its files are there, and all of it is what the audit log has."""
    with suppress(MlopsError):
        for file in version.files:
            artifacts.checked(Place(permitting.root_of(connection)), file.digest)
        return not replaying.of_version(connection, version.model, version.version)
    return False
