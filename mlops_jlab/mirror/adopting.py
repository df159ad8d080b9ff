"""Registered models of an MLflow server → our registry: versions, files, notes, tags and aliases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_jlab.entities.models import check_alias
from mlops_jlab.errors import InputError, MlopsError, StoreError
from mlops_jlab.masking import masked
from mlops_jlab.mirror.client import Server
from mlops_jlab.registry import foldered
from mlops_jlab.store import deciding, describing, registering
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import lifecycle

if TYPE_CHECKING:
    import sqlite3

_FROM = "imported from"


def adopt(place: Place, connection: sqlite3.Connection, server: Server, skipped: list[str]) -> int:
    """Takes the versions that are not here yet; how many. What cannot be taken is told in ``skipped``.

    Aliases are set where a model has none of that name: who promotes here is not overruled, and an alias that
    a gate guards is not for a version that it has not judged.

    Raises:
        StoreError: the server does not answer.
    """
    count = 0
    with server.speaking():
        models = list(server.models())
    for model in models:
        try:
            count += _model(place, connection, server, model, skipped)
        except InputError as error:
            skipped.append(f"the model {model.name}: {error.message}")
    return count


def _model(
    place: Place, connection: sqlite3.Connection, server: Server, model: Any, skipped: list[str]
) -> int:
    known = {str(one.about.get(_FROM)): one for one in registering.versions(connection, model.name)}
    count = 0
    with server.speaking():
        versions = server.versions_of(model.name)
    for version in versions:
        origin = masked(f"{server.address} {model.name}/{version.version}")
        if origin in known:
            continue
        try:
            with server.speaking():
                files = server.folder_of(model.name, str(version.version))
        except StoreError as error:
            skipped.append(f"{model.name} {version.version}: {error.message}")
            continue
        about = {"note": version.description or "", _FROM: origin, "source": version.source}
        run = _run(connection, version.run_id)
        made = foldered.register(place, model.name, files, about, run_id=run)
        for key, value in (version.tags or {}).items():
            describing.tag_version(connection, made, key, str(value))
        known[origin] = made
        count += 1
    if model.description and not describing.model(connection, model.name).note:
        describing.describe(connection, model.name, model.description)
    _point(connection, server, model, known, skipped)
    return count


def _run(connection: sqlite3.Connection, run_id: str | None) -> str:
    """The id of the run that made a version, if it is here."""
    row = connection.execute("SELECT id FROM runs WHERE id = ?", (run_id or "",)).fetchone()
    return str(row[0]) if row else ""


def _point(
    connection: sqlite3.Connection, server: Server, model: Any, known: dict[str, Any], skipped: list[str]
) -> None:
    taken = {alias for one in registering.versions(connection, model.name) for alias in one.aliases}
    for alias, number in (model.aliases or {}).items():
        name = alias.lower()
        version = known.get(masked(f"{server.address} {model.name}/{number}"))
        if version is None or name in taken:
            continue
        try:
            stands, _now = deciding.stands_against(connection, version, name, by_hand=True)
            if stands is not None:
                raise stands
            registering.point(
                connection, version, check_alias(name), expected=0, who=lifecycle.who(), action="promote",
                reason=f"as on {server.address}",
            )  # fmt: skip
        except MlopsError as error:
            skipped.append(f"the alias {alias} of {model.name}: {error.message}")
