"""Datasets, versions, aliases and readers as rows. Each change is one transaction with its audit entry."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_jlab.entities.datasets import LATEST, DataFile, DatasetAddress, DatasetVersion, check_dataset_name
from mlops_jlab.entities.models import check_alias
from mlops_jlab.errors import InputError, nearest
from mlops_jlab.store import auditing, database
from mlops_jlab.store.whole import whole_of, within

_COLUMNS = "v.id, d.name, v.version, v.created, v.user, v.run, v.digest, v.about, d.about"


@dataclass(frozen=True)
class Found:
    """What was found at a source, to be kept as a version."""

    digest: str
    about: Mapping[str, Any]
    files: Sequence[DataFile] = ()
    profile: str = ""


def add(
    connection: sqlite3.Connection, name: str, found: Found, *, who: str, run: str = "",
    of_dataset: Mapping[str, Any] | None = None,
) -> tuple[int, bool]:  # fmt: skip
    """Keeps what was found as the next version; its number, and whether it is new.

    The content of the newest version is no new version. ``of_dataset`` changes what all versions share.
    """
    check_dataset_name(name)
    now = time.time()
    with database.transaction(connection, durable=True):
        connection.execute(
            "INSERT OR IGNORE INTO datasets (name, created, about) VALUES (?, ?, '{}')", (name, now)
        )
        connection.execute(
            "UPDATE datasets SET about = json_patch(about, ?) WHERE name = ?",
            (json.dumps(dict(of_dataset or {})), name),
        )
        (dataset,) = connection.execute("SELECT id FROM datasets WHERE name = ?", (name,)).fetchone()
        newest = connection.execute(
            "SELECT version, digest, about FROM dataset_versions WHERE dataset = ? "
            "ORDER BY version DESC LIMIT 1",
            (dataset,),
        ).fetchone()
        if newest is not None and newest[1] == found.digest:
            if json.loads(newest[2]).get("source") == found.about.get("source"):
                return int(newest[0]), False
        number = int(newest[0]) + 1 if newest else 1
        version = connection.execute(
            "INSERT INTO dataset_versions (dataset, version, created, user, run, digest, about, profile) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (dataset, number, now, who, run, found.digest, json.dumps(dict(found.about)), found.profile),
        ).lastrowid
        connection.executemany(
            "INSERT INTO dataset_files VALUES (?, ?, ?, ?, ?)",
            [(version, file.path, file.digest, file.size, file.modified) for file in found.files],
        )
        details = {"digest": found.digest, "source": found.about.get("source", "")}
        auditing.append(connection, who, "add data", f"data:{name}/{number}", details=details)
    return number, True


def versions(connection: sqlite3.Connection, name: str = "") -> list[DatasetVersion]:
    """Versions, the newest first: of one dataset, or of all by name."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM dataset_versions v JOIN datasets d ON d.id = v.dataset "
        "WHERE ? IN ('', d.name) ORDER BY d.name, v.version DESC",
        (name,),
    ).fetchall()
    return [_version(connection, row) for row in rows]


def _version(connection: sqlite3.Connection, row: tuple[Any, ...]) -> DatasetVersion:
    pointing = connection.execute(
        "SELECT alias FROM dataset_aliases WHERE version = ? ORDER BY alias", (row[0],)
    )
    number, name, version, created, user, run, digest, about, of_dataset = row
    return DatasetVersion(
        number, name, version, created, user, run, digest, json.loads(about),
        tuple(alias for (alias,) in pointing), json.loads(of_dataset),
    )  # fmt: skip


def find(connection: sqlite3.Connection, address: DatasetAddress) -> DatasetVersion:
    """The version that an address means.

    Raises:
        InputError: there is none.
    """
    found = versions(connection, address.dataset)
    if not found:
        known = [name for (name,) in connection.execute("SELECT name FROM datasets")]
        raise InputError(
            f"there is no dataset {address.dataset!r}{nearest(address.dataset, known)}",
            hint=f"add it: mlops-jlab data add {address.dataset} PATH, or see: mlops-jlab data list",
        )
    for version in found:
        if address.alias and address.alias in version.aliases:
            return version
        if not address.alias and address.version in (0, version.version):
            return version
    if address.alias:
        pointing = sorted({alias for version in found for alias in version.aliases})
        raise InputError(
            f"no version of the dataset {address.dataset} is its {address.alias}",
            hint=f"it has: {', '.join([LATEST, *pointing])}; point one: "
            f"mlops-jlab data promote {address.dataset}/N {address.alias}",
        )
    raise InputError(
        f"the dataset {address.dataset} has no version {address.version}",
        hint=f"the newest is {found[0].version}",
    )


def point(
    connection: sqlite3.Connection, version: DatasetVersion, alias: str, *, who: str, reason: str = ""
) -> int:
    """Lets ``alias`` point at a version; the number of the one that it pointed at (0: none).

    Raises:
        InputError: it is no alias, or is ``latest``, which is always the newest.
    """
    if check_alias(alias) == LATEST:
        raise InputError("latest is always the newest version", hint="another alias, such as validated")
    with database.transaction(connection, durable=True):
        (dataset,) = connection.execute(
            "SELECT id FROM datasets WHERE name = ?", (version.dataset,)
        ).fetchone()
        before = connection.execute(
            "SELECT v.version FROM dataset_aliases a JOIN dataset_versions v ON v.id = a.version "
            "WHERE a.dataset = ? AND a.alias = ?",
            (dataset, alias),
        ).fetchone()
        connection.execute(
            "INSERT INTO dataset_aliases VALUES (?, ?, ?, ?) ON CONFLICT (dataset, alias) "
            "DO UPDATE SET version = excluded.version, changed = excluded.changed",
            (dataset, alias, version.id, time.time()),
        )
        was = int(before[0]) if before else 0
        auditing.append(
            connection, who, "promote data", f"data:{version.dataset}@{alias}", reason=reason,
            details={"from": was, "to": version.version},
        )  # fmt: skip
    return was


def files(connection: sqlite3.Connection, version: DatasetVersion) -> list[DataFile]:
    """The files of a version, by path."""
    rows = connection.execute(
        "SELECT path, digest, size, modified FROM dataset_files WHERE version = ? ORDER BY path",
        (version.id,),
    )
    return [DataFile(*row) for row in rows]


def profile(connection: sqlite3.Connection, version: DatasetVersion) -> str:
    """The profile of a version as JSON, or nothing."""
    row = connection.execute("SELECT profile FROM dataset_versions WHERE id = ?", (version.id,)).fetchone()
    return str(row[0]) if row else ""


def note_read(connection: sqlite3.Connection, version: DatasetVersion, run: str) -> None:
    """A run reads a version."""
    with database.transaction(connection):
        connection.execute(
            "INSERT OR IGNORE INTO dataset_reads VALUES (?, ?, ?)", (version.id, run, time.time())
        )


def copy_reads(connection: sqlite3.Connection, origin: str, run: str) -> None:
    """A run whose answer came from another one has read what that one has read."""
    with database.transaction(connection):
        connection.execute(
            "INSERT OR IGNORE INTO dataset_reads SELECT version, ?, ? FROM dataset_reads WHERE run = ?",
            (run, time.time(), origin),
        )


def read_by(connection: sqlite3.Connection, runs: Sequence[str]) -> list[DatasetVersion]:
    """The versions that runs, or runs below them, have read."""
    rows = connection.execute(
        f"SELECT DISTINCT {_COLUMNS} FROM dataset_reads x JOIN dataset_versions v ON v.id = x.version "
        "JOIN datasets d ON d.id = v.dataset WHERE x.run IN (SELECT value FROM json_each(?)) "
        "ORDER BY d.name, v.version",
        (json.dumps([below for run in runs for below in (run, *within(connection, run)) if below]),),
    ).fetchall()
    return [_version(connection, row) for row in rows]


@dataclass(frozen=True)
class Reader:
    """A run that has read a version, and the models that it, or the run that it is part of, has made."""

    run: str
    name: str
    started: float
    models: tuple[str, ...] = ()


def readers(connection: sqlite3.Connection, version: DatasetVersion, most: int = 50) -> list[Reader]:
    """Who has read a version, the newest first."""
    rows = connection.execute(
        "SELECT r.id, r.name, r.started FROM dataset_reads x JOIN runs r ON r.id = x.run "
        "WHERE x.version = ? AND r.deleted IS NULL ORDER BY r.seq DESC LIMIT ?",
        (version.id, most),
    ).fetchall()
    found = []
    for run, name, started in rows:
        models = connection.execute(
            "SELECT m.name || '/' || v.version FROM versions v JOIN models m ON m.id = v.model "
            "WHERE v.deleted IS NULL AND (v.run = ? OR (v.whole <> '' AND v.whole IN (?, ?))) ORDER BY v.id",
            (run, run, whole_of(connection, run)),
        )
        found.append(Reader(run, name, started, tuple(model for (model,) in models)))
    return found
