"""The audit log: who changed what, when and why. Each entry carries the digest of the one before it.

Whoever changes an entry, takes one out, or puts one in between, breaks the chain from there on. What is cut
off at its end is found by the head of the chain, where that was noted elsewhere: a model card, git.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from blake3 import blake3

from mlops_jlab.errors import InputError
from mlops_jlab.masking import masked

_START = "0" * 64
_LONGEST = 4_000  # characters of a reason


@dataclass(frozen=True)
class Entry:
    """One entry. ``at`` is UTC."""

    seq: int
    at: str
    who: str
    action: str
    subject: str
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    previous: str = _START
    digest: str = ""


def append(
    connection: sqlite3.Connection, who: str, action: str, subject: str, *, reason: str = "",
    details: Mapping[str, Any] | None = None,
) -> Entry:  # fmt: skip
    """Adds an entry, in the transaction that makes the change; both happen or none does.

    Raises:
        InputError: the reason is too long: the log is read as a whole, and nothing of it is ever removed.
    """
    if len(reason) > _LONGEST:
        raise InputError(
            f"the reason has {len(reason):,} characters, more than {_LONGEST:,}",
            hint="put the long form where the reason can link to it",
        )
    reason = masked(reason)
    seq, previous = head(connection)
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    text = masked(json.dumps(dict(details or {}), sort_keys=True, ensure_ascii=True, default=str))
    digest = digest_of(seq + 1, now, who, action, subject, reason, text, previous)
    connection.execute(
        "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (seq + 1, now, who, action, subject, reason, text, previous, digest),
    )
    return Entry(seq + 1, now, who, action, subject, reason, json.loads(text), previous, digest)


def head(connection: sqlite3.Connection) -> tuple[int, str]:
    """The number and digest of the newest entry; 0 and zeros where there is none."""
    row = connection.execute("SELECT seq, digest FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    return (int(row[0]), str(row[1])) if row else (0, _START)


def entries(connection: sqlite3.Connection, limit: int = 0, subject: str = "") -> list[Entry]:
    """The entries, the newest first; all of them without a ``limit``."""
    rows = connection.execute(
        "SELECT * FROM audit WHERE ? IN ('', subject) ORDER BY seq DESC LIMIT ?", (subject, limit or -1)
    )
    return [_entry(row) for row in rows]


def chain(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """All entries in order, each as the fields that its digest is made of, and that digest last."""
    return connection.execute("SELECT * FROM audit ORDER BY seq").fetchall()


def problem(connection: sqlite3.Connection, anchor: str = "") -> str:
    """The first thing that is wrong with the chain, or nothing; ``anchor`` is a head noted before."""
    previous, expected, anchored = _START, 1, not anchor
    for row in connection.execute("SELECT * FROM audit ORDER BY seq"):
        entry = _entry(row)
        if entry.seq != expected:
            return f"entry {expected} is missing"
        if entry.previous != previous:
            return f"entry {entry.seq} does not follow entry {entry.seq - 1}"
        if entry.digest != digest_of(*row[:8]):
            return f"entry {entry.seq} was changed"
        previous, expected = entry.digest, expected + 1
        anchored = anchored or entry.digest.startswith(anchor)
    return "" if anchored else f"no entry has the digest {anchor}: what came after it, or it, was cut off"


def _entry(row: tuple[Any, ...]) -> Entry:
    try:
        details = json.loads(row[6])
    except ValueError:
        details = {"damaged": str(row[6])[:200]}
    seq, at, who, action, subject, reason, _text, previous, digest = row
    return Entry(seq, at, who, action, subject, reason, details, previous, digest)


def digest_of(*fields: object) -> str:
    """The digest of an entry, or of what is noted in one because it stands elsewhere in the store."""
    return str(blake3(json.dumps([*map(str, fields)], ensure_ascii=True).encode()).hexdigest())
