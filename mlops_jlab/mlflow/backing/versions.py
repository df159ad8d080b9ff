"""Registered models and their versions. Promoting and guarding is the registry's, whoever calls."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_jlab.entities import models as ours
from mlops_jlab.errors import InputError, NotFound
from mlops_jlab.mlflow.backing import files, filtering, loading, logged, places, runs
from mlops_jlab.mlflow.entities import ModelVersion, PagedList, RegisteredModel
from mlops_jlab.registry import foldered, folders
from mlops_jlab.registry import versions as registry
from mlops_jlab.store import describing, opening, registering
from mlops_jlab.tracking import lifecycle

if TYPE_CHECKING:
    import sqlite3

Fetch = Callable[[str], dict[str, bytes]]
_FIELDS = (
    "name",
    "version",
    "version_number",
    "run_id",
    "source_path",
    "source",
    "creation_timestamp",
    "last_updated_timestamp",
    "user_id",
    "model_id",
)
_REASON = "by MLflow's client"


def _seen(connection: sqlite3.Connection, one: ours.ModelVersion) -> ModelVersion:
    said = describing.version(connection, one)
    about = one.about
    return ModelVersion(
        one.model,
        one.version,
        int(one.created * 1000),
        int(one.created * 1000),
        said.note,
        one.user,
        source=str(about.get("source") or places.version_uri(one.model, one.version)),
        run_id=one.run,
        tags=dict(said.tags),
        run_link=str(about.get("run_link") or ""),
        aliases=list(one.aliases),
        model_id=about.get("model_id") or None,
    )


def _find(connection: sqlite3.Connection, name: str, version: int | str) -> ours.ModelVersion:
    describing.model(connection, name)
    if not ours.NUMBER.fullmatch(str(version)):
        raise NotFound(f"{name} has no version {version!r}", hint="a version is a number")
    for one in registering.versions(connection, name):
        if one.version == int(version):
            return one
    raise NotFound(f"{name} has no version {version}")


def create_model(name: str, tags: Mapping[str, Any] | None = None, note: str = "") -> RegisteredModel:
    """A registered model without versions.

    Raises:
        ConflictError: there is one of this name.
    """
    given = {key: str(value) for key, value in (tags or {}).items()}
    with opening.writing(places.here()) as connection:
        describing.make(connection, name, note, given, lifecycle.who())
        return _model(connection, name)


def model(name: str) -> RegisteredModel:
    """A registered model.

    Raises:
        NotFound: there is none of this name.
    """
    with opening.reading(places.here()) as connection:
        return _model(connection, name)


def _model(connection: sqlite3.Connection, name: str) -> RegisteredModel:
    said = describing.model(connection, name)
    found = [_seen(connection, one) for one in registering.versions(connection, name)]
    changed = max((one.creation_timestamp for one in found), default=int(said.created * 1000))
    return RegisteredModel(
        name,
        int(said.created * 1000),
        changed,
        said.note,
        found[:1],
        dict(said.tags),
        {alias: one.version for one in found for alias in one.aliases},
    )


def search_models(
    filter_string: str = "",
    order_by: Sequence[str] = (),
    max_results: int | None = None,
    token: str | None = None,
) -> PagedList[RegisteredModel]:
    """The registered models that a filter finds, by name unless ``order_by`` says otherwise."""
    with opening.reading(places.here()) as connection:
        found = [_model(connection, name) for name in registering.names(connection)]
    fields = ("name", "creation_timestamp", "last_updated_timestamp")
    chosen = filtering.ordered(
        filtering.apply(found, filter_string, fields), order_by or ["name ASC"], fields
    )
    return filtering.page(chosen, max_results, token)


def describe_model(name: str, note: str) -> RegisteredModel:
    """What people should know of a registered model."""
    with opening.writing(places.here()) as connection:
        describing.model(connection, name)
        describing.describe(connection, name, note or "")
        return _model(connection, name)


def tag_model(name: str, key: str, value: Any) -> None:
    """Sets a tag of a registered model; None takes it away."""
    with opening.writing(places.here()) as connection:
        describing.tag(connection, name, key, None if value is None else str(value))


def delete_model(name: str) -> None:
    """Hides a registered model with its versions.

    Raises:
        InputError: an alias points at one of them.
    """
    with opening.writing(places.here()) as connection:
        describing.delete(connection, name, lifecycle.who(), _REASON)


def create(
    name: str,
    source: str,
    *,
    run_id: str = "",
    tags: Mapping[str, Any] | None = None,
    note: str = "",
    model_id: str | None = None,
    run_link: str = "",
    fetch: Fetch = files.contents,
) -> ModelVersion:
    """Registers what lies at ``source`` as the next version of a model.

    A model that this layer has logged is registered as an object, with all that the registry keeps of one;
    a folder of another kind as its files. ``fetch`` gives the files at an address by name and content.

    Raises:
        NotFound: nothing is there.
        InputError: what is there is no model.
        PolicyBreach: the policy of the store does not allow it.
    """
    folder = Path(source.removeprefix("file://"))
    if folder.is_dir():
        _check_model(source, os.listdir(folder))  # a folder of something else may be large
    found = fetch(source)
    _check_model(source, found)
    said = folders.read(found)
    run_id = run_id or str(said.get("run_id") or "")
    origin = {"source": source, "model_id": model_id or str(said.get("model_id") or "")}
    if run_link:
        origin["run_link"] = run_link
    signature = folders.in_our_words(said["signature"]) if said.get("signature") else None
    if loading.is_ours(found):
        run = runs.live(run_id) if run_id else None
        made = registry.register(
            loading.model(found, source),
            name,
            example=loading.example(found),
            note=note,
            run=run,
            signature=signature,
            origin=origin,
        )
    else:
        signed = logged.signed(origin["model_id"]) if origin["model_id"] else ""
        made = foldered.register(
            places.here(), name, found, {"note": note, "signed": signed, **origin}, run_id=run_id
        )
        if run_id:
            runs.live(run_id).set_tag(f"model.{name}", str(made.version))
    with opening.writing(places.here()) as connection:
        for key, value in (tags or {}).items():
            describing.tag_version(connection, _find(connection, name, made.version), key, str(value))
        return _seen(connection, _find(connection, name, made.version))


def _check_model(source: str, names: Iterable[str]) -> None:
    """Nothing but a model is ever registered."""
    if folders.MLMODEL not in names:
        raise InputError(
            f"{source} is no model: there is no file {folders.MLMODEL} in it",
            hint="name the folder of a logged model",
        )


def get(name: str, version: int | str) -> ModelVersion:
    """A version.

    Raises:
        NotFound: there is no such model or version.
    """
    with opening.reading(places.here()) as connection:
        return _seen(connection, _find(connection, name, version))


def by_alias(name: str, alias: str) -> ModelVersion:
    """The version that an alias points at.

    Raises:
        NotFound: there is no such model or alias.
    """
    with opening.reading(places.here()) as connection:
        describing.model(connection, name)
        for one in registering.versions(connection, name):
            if alias.lower() in one.aliases:
                return _seen(connection, one)
    raise NotFound(f"{name} has no alias {alias!r}")


def search(
    filter_string: str = "",
    order_by: Sequence[str] = (),
    max_results: int | None = None,
    token: str | None = None,
) -> PagedList[ModelVersion]:
    """The versions that a filter finds, the newest first unless ``order_by`` says otherwise."""
    with opening.reading(places.here()) as connection:
        found = [_seen(connection, one) for one in registering.versions(connection)]
    chosen = filtering.apply(found, filter_string.replace("version_number", "version"), _FIELDS)
    order = [entry.replace("version_number", "version") for entry in order_by] or ["creation_timestamp DESC"]
    return filtering.page(filtering.ordered(chosen, order, _FIELDS), max_results, token)


def describe(name: str, version: int | str, note: str) -> ModelVersion:
    """What people should know of a version."""
    with opening.writing(places.here()) as connection:
        describing.describe_version(connection, _find(connection, name, version), note or "")
        return _seen(connection, _find(connection, name, version))


def tag(name: str, version: int | str, key: str, value: Any) -> None:
    """Sets a tag of a version; None takes it away."""
    with opening.writing(places.here()) as connection:
        found = _find(connection, name, version)
        describing.tag_version(connection, found, key, None if value is None else str(value))


def delete(name: str, version: int | str) -> None:
    """Hides a version and frees its files.

    Raises:
        InputError: an alias points at it.
    """
    with opening.writing(places.here()) as connection:
        registering.remove(connection, _find(connection, name, version), who=lifecycle.who(), reason=_REASON)


def point(name: str, alias: str, version: int | str) -> None:
    """Lets an alias point at a version, where its gate and the policy allow it.

    Raises:
        InputError: a gate stands against it.
        PolicyBreach: the policy of the store does not allow it.
    """
    with opening.reading(places.here()) as connection:
        found = _find(connection, name, version)
    registry.promote(places.here(), f"{name}/{found.version}", alias.lower(), reason=_REASON)


def unpoint(name: str, alias: str) -> None:
    """Takes an alias away."""
    with opening.writing(places.here()) as connection:
        describing.model(connection, name)
        registering.unpoint(connection, name, alias.lower(), who=lifecycle.who(), reason=_REASON)
