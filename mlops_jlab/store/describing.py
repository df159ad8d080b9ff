"""Notes and tags of registered models and their versions; a model is there before its first version is."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from mlops_jlab.entities.models import ModelVersion, check_model_name
from mlops_jlab.errors import ConflictError, InputError, NotFound, nearest
from mlops_jlab.masking import masked, masked_tags
from mlops_jlab.store import auditing, database, registering


@dataclass(frozen=True)
class Described:
    """What people say of a registered model or of a version."""

    name: str
    created: float
    note: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


def model(connection: sqlite3.Connection, name: str) -> Described:
    """A registered model.

    Raises:
        NotFound: there is none of this name.
    """
    row = connection.execute(
        "SELECT name, created, note, tags FROM models WHERE name = ? AND deleted IS NULL", (name,)
    ).fetchone()
    if row is None:
        known = registering.names(connection)
        raise NotFound(f"there is no model {name!r}{nearest(name, known)}")
    return Described(row[0], row[1], row[2], json.loads(row[3]))


def make(
    connection: sqlite3.Connection, name: str, note: str, tags: Mapping[str, str], who: str
) -> Described:
    """A registered model without versions; one that was deleted is there again, and its numbers go on.

    Raises:
        ConflictError: there is one of this name.
        InputError: the name cannot be one.
    """
    check_model_name(name)
    with database.transaction(connection, durable=True):
        if name in registering.names(connection):
            raise ConflictError(f"the model {name!r} exists", hint="register a version of it")
        connection.execute(
            "INSERT INTO models (name, created, note, tags) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE "
            "SET deleted = NULL, note = excluded.note, tags = excluded.tags",
            (name, time.time(), masked(note), json.dumps(masked_tags(tags))),
        )
        auditing.append(connection, who, "name model", name)
    return model(connection, name)


def describe(connection: sqlite3.Connection, name: str, note: str) -> None:
    """What people should know of a registered model."""
    with database.transaction(connection):
        connection.execute("UPDATE models SET note = ? WHERE name = ?", (masked(note), name))


def tag(connection: sqlite3.Connection, name: str, key: str, value: str | None) -> None:
    """Sets a tag of a registered model; None takes it away."""
    tags = _changed(model(connection, name).tags, key, value)
    with database.transaction(connection):
        connection.execute("UPDATE models SET tags = ? WHERE name = ?", (tags, name))


def _changed(tags: Mapping[str, str], key: str, value: str | None) -> str:
    rest = {name: text for name, text in tags.items() if name not in (key, masked(key))}
    return json.dumps(rest if value is None else {**rest, **masked_tags({key: value})})


def delete(connection: sqlite3.Connection, name: str, who: str, reason: str) -> None:
    """Hides a registered model with its versions, whose files are freed.

    Raises:
        InputError: an alias points at one of its versions.
        NotFound: there is no such model.
    """
    model(connection, name)
    found = registering.versions(connection, name)
    held = next((version for version in found if version.aliases), None)
    if held is not None:
        raise InputError(
            f"{held.title} is the {', '.join(held.aliases)}",
            hint="take the alias away first: delete_registered_model_alias()",
        )
    for version in found:
        registering.remove(connection, version, who=who, reason=reason)
    with database.transaction(connection, durable=True):
        connection.execute("UPDATE models SET deleted = ? WHERE name = ?", (time.time(), name))
        auditing.append(connection, who, "delete model", name, reason=reason)


def version(connection: sqlite3.Connection, of: ModelVersion) -> Described:
    """What people say of a version: the note that it was registered with, or a newer one, and its tags."""
    note, tags = connection.execute("SELECT note, tags FROM versions WHERE id = ?", (of.id,)).fetchone()
    own = str(of.about.get("note", ""))
    return Described(of.title, of.created, own if note is None else note, json.loads(tags))


def describe_version(connection: sqlite3.Connection, of: ModelVersion, note: str) -> None:
    """What people should know of a version, in the place of what it was registered with."""
    with database.transaction(connection):
        connection.execute("UPDATE versions SET note = ? WHERE id = ?", (masked(note), of.id))


def tag_version(connection: sqlite3.Connection, of: ModelVersion, key: str, value: str | None) -> None:
    """Sets a tag of a version; None takes it away."""
    tags = _changed(version(connection, of).tags, key, value)
    with database.transaction(connection):
        connection.execute("UPDATE versions SET tags = ? WHERE id = ?", (tags, of.id))
