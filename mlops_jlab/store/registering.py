"""Models, versions, aliases and gate results as rows. Each change is one transaction with its audit entry."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_jlab.entities.models import CHALLENGER, ModelAddress, ModelVersion, check_alias, check_model_name
from mlops_jlab.entities.runs import Artifact
from mlops_jlab.errors import ConflictError, InputError, nearest
from mlops_jlab.store import artifacts, auditing, database, judgements, permitting, replaying, stating
from mlops_jlab.store.location import Place


def add(
    connection: sqlite3.Connection,
    name: str,
    files: Sequence[Artifact],
    about: Mapping[str, Any],
    *,
    who: str,
    run: str,
    whole: str,
) -> int:
    """Registers the next version of a model; its number.

    Raises:
        PolicyBreach: the policy of the store does not allow what it was made with.
    """
    check_model_name(name)
    permitting.check_registration(connection, name, about, who=who)
    now = time.time()
    with database.transaction(connection, durable=True):
        connection.execute(
            "INSERT INTO models (name, created) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET deleted = NULL",
            (name, now),
        )
        (model,) = connection.execute("SELECT id FROM models WHERE name = ?", (name,)).fetchone()
        about = {**about, "anchor": auditing.head(connection)[1]}
        row = connection.execute("SELECT max(version) FROM versions WHERE model = ?", (model,)).fetchone()
        number = int(row[0] or 0) + 1
        text = json.dumps(dict(about), default=str)
        version = connection.execute(
            "INSERT INTO versions (model, version, created, user, run, whole, about) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (model, number, now, who, run, whole, text),
        ).lastrowid
        connection.executemany(
            "INSERT INTO version_files VALUES (?, ?, ?, ?)",
            [(version, file.path, file.digest, file.size) for file in files],
        )
        digests = {file.path: file.digest for file in files}
        auditing.append(
            connection,
            who,
            "register",
            f"{name}/{number}",
            details={
                "run": run,
                "whole": whole,
                "created": now,
                "files": digests,
                "about": auditing.digest_of(text),
            },
        )
    return number


def names(connection: sqlite3.Connection) -> list[str]:
    """The registered models, by name."""
    return [
        row[0] for row in connection.execute("SELECT name FROM models WHERE deleted IS NULL ORDER BY name")
    ]


def versions(connection: sqlite3.Connection, name: str = "", whole: str = "") -> list[ModelVersion]:
    """Versions, the newest first: of one model, made in one run, or all."""
    rows = connection.execute(
        "SELECT v.id, m.name, v.version, v.created, v.user, v.run, v.whole, v.about FROM versions v "
        "JOIN models m ON m.id = v.model WHERE v.deleted IS NULL AND ? IN ('', m.name) "
        "AND ? IN ('', v.whole) ORDER BY m.name, v.version DESC",
        (name, whole),
    ).fetchall()
    said = stating.stated(connection, name) if rows else {}
    return [_version(connection, row, said.get(f"{row[1]}/{row[2]}", {})) for row in rows]


def _version(connection: sqlite3.Connection, row: tuple[Any, ...], said: Mapping[str, str]) -> ModelVersion:
    files = connection.execute(
        "SELECT path, digest, size FROM version_files WHERE version = ? ORDER BY path", (row[0],)
    )
    pointing = connection.execute("SELECT alias FROM aliases WHERE version = ? ORDER BY alias", (row[0],))
    about = json.loads(row[7]) | said
    gate = judgements.of_version(connection, row[1], row[2], str(about.get("content", "")))
    number, model, version, created, user, run, whole, _about = row
    return ModelVersion(
        number,
        model,
        version,
        created,
        user,
        run,
        whole,
        about,
        tuple(Artifact(*file) for file in files),
        tuple(alias for (alias,) in pointing),
        gate,
    )


def find(connection: sqlite3.Connection, address: ModelAddress) -> ModelVersion:
    """The version that an address means.

    Raises:
        InputError: there is none.
    """
    found = versions(connection, address.model)
    if not found:
        known = names(connection)
        raise InputError(
            f"there is no model {address.model!r}{nearest(address.model, known)}",
            hint="register one with register_model(model, NAME), or see: mlops-jlab models list",
        )
    for version in found:
        if address.alias and address.alias in version.aliases:
            return version
        if not address.alias and address.version in (0, version.version):
            return version
    if address.alias:
        pointing = sorted({alias for version in found for alias in version.aliases})
        raise InputError(
            f"no version of {address.model} is its {address.alias}",
            hint=f"it has: {', '.join(pointing) or 'no aliases yet'}; promote one with: "
            f"mlops-jlab models promote {address.model}/N {address.alias}",
        )
    raise InputError(
        f"{address.model} has no version {address.version}", hint=f"the newest is {found[0].version}"
    )


def registered(connection: sqlite3.Connection, version: ModelVersion) -> str:
    """What was known of a version when it was registered: the JSON that the audit log has a digest of."""
    return str(connection.execute("SELECT about FROM versions WHERE id = ?", (version.id,)).fetchone()[0])


class Forged(InputError):
    """The store was changed beside its audit log."""


def point(
    connection: sqlite3.Connection,
    version: ModelVersion,
    alias: str,
    *,
    expected: int | None,
    who: str,
    action: str,
    reason: str,
    details: Mapping[str, Any] | None = None,
    override: bool = False,
) -> int:
    """Lets ``alias`` point at a version; the number of the one that it pointed at (0: none).

    ``expected`` is the number that the caller saw last (0: none); None does not compare. An alias that was
    moved beside the log is put right by ``override`` alone.

    Raises:
        ConflictError: the alias points at another version by now, or a gate has judged the version meanwhile.
        InputError: the version was deleted meanwhile.
        PolicyBreach: the policy of the store does not let ``who`` do so.
        StoreError: a file of the version is missing, or is not what was written.
        Forged: the version or a verdict is not what the audit log says.
    """
    check_alias(alias)
    for file in version.files:
        artifacts.checked(Place(permitting.root_of(connection)), file.digest)
    if wrong := replaying.of_version(connection, version.model, version.version):
        raise Forged(
            f"{version.title} is not promoted, as the store is not what its audit log says: {wrong[0]}",
            hint="all that differs: mlops-jlab audit verify; then register the model again and judge it",
        )
    had = version.version in ever(connection, version.model, alias)
    permitting.check_promotion(connection, version, alias, who=who, action=action, had=had)
    with database.transaction(connection, durable=True):
        _as_decided_upon(connection, version)
        before, beside = _before(connection, version.model, alias, expected, override=override)
        connection.execute(
            "INSERT INTO aliases SELECT model, ?, id, ? FROM versions WHERE id = ? "
            "ON CONFLICT (model, alias) DO UPDATE SET version = excluded.version, changed = excluded.changed",
            (alias, time.time(), version.id),
        )
        auditing.append(
            connection,
            who,
            action,
            f"{version.model}@{alias}",
            reason=reason,
            details={"from": before, "to": version.version, **beside, **(details or {})},
        )
    return before


def _as_decided_upon(connection: sqlite3.Connection, version: ModelVersion) -> None:
    """Others may delete a version, or judge it, while somebody decides about it."""
    now = find(connection, ModelAddress(version.model, version.version))
    if now.gate != version.gate:
        raise ConflictError(
            f"a gate has judged {version.title} meanwhile, and says: {now.verdict or 'nothing'}",
            hint="look at it again, then decide",
        )


def _before(
    connection: sqlite3.Connection, model: str, alias: str, expected: int | None, *, override: bool
) -> tuple[int, dict[str, int]]:
    """The version that an alias leaves (0: none), and what the log says of it if that is another one."""
    row = connection.execute(
        "SELECT v.version FROM aliases a JOIN versions v ON v.id = a.version "
        "JOIN models m ON m.id = a.model WHERE m.name = ? AND a.alias = ?",
        (model, alias),
    ).fetchone()
    before = int(row[0]) if row else 0
    if expected is not None and before != expected:
        raise ConflictError(
            f"{model}@{alias} is version {before or 'none'} by now, not {expected or 'none'}",
            hint="look at it again, then decide",
        )
    logged = replaying.of_alias(connection, f"{model}@{alias}")
    if logged == before:
        return before, {}
    if not override:
        raise Forged(
            f"{model}@{alias} is version {before or 'none'}, and by the audit log version "
            f"{logged or 'none'}: it was moved beside the log",
            hint="find out by whom; then put it right: mlops-jlab models promote ... --override REASON",
        )
    return before, {replaying.BESIDE: logged}


def unpoint(connection: sqlite3.Connection, model: str, alias: str, *, who: str, reason: str) -> int:
    """Takes an alias away; the number of the version that it pointed at (0: none).

    Raises:
        PolicyBreach: the policy of the store does not let ``who`` do so.
    """
    permitting.check_removal(connection, model, alias, who=who)
    with database.transaction(connection, durable=True):
        row = connection.execute(
            "SELECT v.version, a.model FROM aliases a JOIN versions v ON v.id = a.version "
            "JOIN models m ON m.id = a.model WHERE m.name = ? AND a.alias = ?",
            (model, alias),
        ).fetchone()
        if row is None:
            return 0
        connection.execute("DELETE FROM aliases WHERE model = ? AND alias = ?", (row[1], alias))
        auditing.append(
            connection, who, "remove alias", f"{model}@{alias}", reason=reason, details={"from": row[0]}
        )
    return int(row[0])


def remove(connection: sqlite3.Connection, version: ModelVersion, *, who: str, reason: str) -> None:
    """Hides a version and frees its files; its number is never used again.

    Raises:
        InputError: an alias points at it, or it was deleted meanwhile.
    """
    with database.transaction(connection, durable=True):
        aliases = find(connection, ModelAddress(version.model, version.version)).aliases
        if aliases:
            raise InputError(
                f"{version.title} is the {', '.join(aliases)}", hint="promote another version first"
            )
        connection.execute("UPDATE versions SET deleted = ? WHERE id = ?", (time.time(), version.id))
        connection.execute("DELETE FROM version_files WHERE version = ?", (version.id,))
        auditing.append(
            connection,
            who,
            "delete",
            f"{version.model}/{version.version}",
            reason=reason,
            details={file.path: file.digest for file in version.files},
        )


def history(connection: sqlite3.Connection, model: str, alias: str) -> list[int]:
    """The versions that an alias would roll back to, the newest first; where it points now is the first."""
    stack: list[int] = []
    for entry in reversed(auditing.entries(connection, subject=f"{model}@{alias}")):
        to = int(entry.details.get("to", 0))
        if entry.action == "roll back" and to in stack:
            del stack[stack.index(to) + 1 :]
        elif to:
            stack.append(to)
    return stack[::-1]


def standing_at(connection: sqlite3.Connection, model: str, alias: str) -> ModelVersion | None:
    """The version that an alias points at, or that it was taken away from last and that is still there."""
    found = versions(connection, model)
    now = next((version for version in found if alias in version.aliases), None)
    last = history(connection, model, alias)[:1]
    return now or next((version for version in found if version.version in last), None)


def ever(connection: sqlite3.Connection, model: str, alias: str) -> set[int]:
    """All versions that an alias has ever pointed at."""
    return {int(e.details.get("to", 0)) for e in auditing.entries(connection, subject=f"{model}@{alias}")}


def asked_by(connection: sqlite3.Connection, version: ModelVersion) -> str:
    """Who has asked that somebody else approves of a version; nothing if nobody has.

    It stays asked for, whoever makes the version the challenger once more by hand.
    """
    for entry in auditing.entries(connection, subject=f"{version.model}@{CHALLENGER}"):
        if entry.details.get("to") == version.version and entry.details.get("asked by"):
            return str(entry.details["asked by"])
    return ""
