"""Finding and removing all that a store keeps of one person, known by an id: a name, an address, a number."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlops_jlab.errors import InputError
from mlops_jlab.files import write_whole
from mlops_jlab.masking import MASK
from mlops_jlab.store import artifacts, auditing, database
from mlops_jlab.store.location import Place

FORGET = "forget"
_SHORTEST = 3  # characters of an id: a shorter one is in everything
_LARGEST = 1 << 30  # bytes of a file that is looked through
_PART = 8 << 20
_ROWS = (".csv", ".tsv", ".jsonl", ".ndjson")
_TEXTS = (*_ROWS, ".json", ".html", ".txt", ".md", ".log", ".ipynb", ".yaml", ".yml", ".py", ".svg", ".xml")
_KEEPS = frozenset({"audit", "meta", "journals"})  # tables whose rows are not to be changed
_AUDIT = "the audit log, which is never changed"


@dataclass(frozen=True)
class Trace:
    """One place where an id is: ``what`` can be done about it is mask, remove, or nothing."""

    where: str
    what: str
    count: int = 1


def find(place: Place, connection: sqlite3.Connection, wanted: str) -> list[Trace]:
    """All places where an id stands: rows of the database, artifacts, logs, runs' folders, the cache.

    Raises:
        InputError: the id is so short that it is in everything.
    """
    if len(wanted.strip()) < _SHORTEST:
        raise InputError(f"{wanted!r} is too short to look for", hint=f"at least {_SHORTEST} characters")
    words = _Words.of(wanted)
    return [*_rows(connection, words), *_objects(place, connection, words), *_files(place, words)]


@dataclass(frozen=True)
class _Words:
    """An id as it may be written: as text, and within JSON."""

    text: str
    pattern: re.Pattern[str]
    raw: re.Pattern[bytes]

    @staticmethod
    def of(wanted: str) -> _Words:
        text = wanted.strip()
        forms = {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
        either = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
        coded = b"|".join(
            re.escape(form.encode(code)) for form in sorted(forms) for code in ("utf-8", "utf-16-le")
        )
        # No letter or digit on either side: 1234 is not found within 91234.
        edges = (r"(?<![^\W_])", r"(?![^\W_])")
        return _Words(
            text, re.compile(f"{edges[0]}(?:{either}){edges[1]}", re.IGNORECASE),
            re.compile(b"(?<![0-9A-Za-z])(?:" + coded + b")(?![0-9A-Za-z])", re.IGNORECASE),
        )  # fmt: skip


def _columns(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    ).fetchall()
    for (table,) in tables:
        if table.startswith("sqlite_"):
            continue
        for row in connection.execute(f"PRAGMA table_xinfo({table})").fetchall():
            if row[2].upper() == "TEXT" and not row[6]:  # none that is computed
                yield table, row[1]


def _rows(connection: sqlite3.Connection, words: _Words) -> Iterator[Trace]:
    connection.create_function(
        "has_word", 1, lambda value: isinstance(value, str) and bool(words.pattern.search(value))
    )
    for table, column in _columns(connection):
        (count,) = connection.execute(f"SELECT count(*) FROM {table} WHERE has_word({column})").fetchone()
        if count:
            what = "nothing" if table in _KEEPS else "mask"
            where = _AUDIT if table == "audit" else f"table {table}, {column}"
            yield Trace(where, what, count)


def _objects(place: Place, connection: sqlite3.Connection, words: _Words) -> Iterator[Trace]:
    for path in artifacts.objects(place):
        if _is_in(path, words):
            yield Trace(f"artifact {_named(connection, path.name)}", _deed(connection, path.name))


def _named(connection: sqlite3.Connection, digest: str) -> str:
    row = connection.execute(
        "SELECT r.name || '/' || a.path FROM artifacts a JOIN runs r ON r.seq = a.run WHERE a.digest = ? "
        "UNION ALL SELECT m.name || '/' || v.version || '/' || f.path FROM version_files f "
        "JOIN versions v ON v.id = f.version JOIN models m ON m.id = v.model WHERE f.digest = ? LIMIT 1",
        (digest, digest),
    ).fetchone()
    return str(row[0]) if row else digest[:12]


def _deed(connection: sqlite3.Connection, digest: str) -> str:
    """A text is written anew without the id; another file of a run is removed; a model's stays as it is."""
    models = connection.execute("SELECT 1 FROM version_files WHERE digest = ?", (digest,)).fetchone()
    return "nothing" if models else "mask" if _is_text(connection, digest) else "remove"


def _is_text(connection: sqlite3.Connection, digest: str) -> bool:
    names = [name for (name,) in connection.execute("SELECT path FROM artifacts WHERE digest = ?", (digest,))]
    return bool(names) and all(name.lower().endswith(_TEXTS) for name in names)


def _files(place: Place, words: _Words) -> Iterator[Trace]:
    known = {place.database.name}
    for folder, folders, names in os.walk(place.root):
        if Path(folder) == place.root:
            folders[:] = [name for name in folders if name != place.objects.name]
        for name in sorted(names):
            path = Path(folder, name)
            if Path(folder) == place.root and (name in known or name.startswith(f"{place.database.name}-")):
                continue
            if not path.is_symlink() and path.is_file() and _is_in(path, words):
                yield Trace(str(path), _deed_of(place, path))


def _deed_of(place: Place, path: Path) -> str:
    if path.is_relative_to(place.journals) or (path.parent == place.root and path.name == "policy.yaml"):
        return "nothing"
    return "mask" if path.name.lower().endswith(_TEXTS) else "remove"


def _is_in(path: Path, words: _Words) -> bool:
    overlap = 4 * len(words.text) + 64
    with suppress(OSError):
        if path.stat().st_size > _LARGEST:
            return False
        with path.open("rb") as file:
            tail = b""
            while part := file.read(_PART):
                if words.raw.search(tail + part):
                    return True
                tail = part[-overlap:]
    return False


def forget(place: Place, connection: sqlite3.Connection, wanted: str, *, who: str) -> list[Trace]:
    """Removes an id from all that :func:`find` finds; the traces that were left, each with why.

    In tables that lie as text whole rows go; elsewhere ``***`` stands in its place. The audit log has it by
    a digest that cannot be looked up, and the database's pages are written anew.
    """
    found = find(place, connection, wanted)
    words = _Words.of(wanted)
    connection.execute("PRAGMA secure_delete=ON")
    with database.transaction(connection, durable=True):
        for table, column in 2 * list(_columns(connection)):  # what is changed is put aside by triggers first
            if table not in _KEEPS:
                _mask_rows(connection, table, column, words)
        _mask_objects(place, connection, words)
        digest = hmac.new(secrets.token_bytes(16), wanted.encode(), hashlib.sha256).hexdigest()[:12]
        auditing.append(
            connection, who, FORGET, f"id {digest}",
            details={"places": sum(trace.count for trace in found)},
        )  # fmt: skip
    for trace in found:
        path = Path(trace.where)
        if path.is_absolute() and path.exists() and trace.what != "nothing":
            _mask_file(path, words) if trace.what == "mask" else path.unlink()
    connection.execute("VACUUM")
    database.checkpoint(connection, place.database, always=True)
    return find(place, connection, wanted)


def _mask_rows(connection: sqlite3.Connection, table: str, column: str, words: _Words) -> None:
    connection.create_function("without_word", 1, lambda value: words.pattern.sub(MASK, value))
    with suppress(sqlite3.IntegrityError):  # a name that has to be its own: its row stays as it is
        connection.execute(f"UPDATE {table} SET {column} = without_word({column}) WHERE has_word({column})")


def _mask_objects(place: Place, connection: sqlite3.Connection, words: _Words) -> None:
    for path in list(artifacts.objects(place)):
        deed = _deed(connection, path.name) if _is_in(path, words) else "nothing"
        if deed == "nothing":
            continue
        names = connection.execute(
            "SELECT path FROM artifacts WHERE digest = ? LIMIT 1", (path.name,)
        ).fetchone()
        if deed == "mask":
            content = _masked(path.read_bytes(), str(names[0]), words)
            digest, size = artifacts.put(place, [content])
            connection.execute(
                "UPDATE artifacts SET digest = ?, size = ? WHERE digest = ?", (digest, size, path.name)
            )
        else:
            connection.execute("DELETE FROM artifacts WHERE digest = ?", (path.name,))
        path.unlink(missing_ok=True)


def _mask_file(path: Path, words: _Words) -> None:
    write_whole(path, _masked(path.read_bytes(), path.name, words))


def _masked(content: bytes, name: str, words: _Words) -> bytes:
    text = content.decode("utf-8", "surrogateescape")
    if name.lower().endswith(_ROWS):
        lines = text.splitlines(keepends=True)
        head = lines[:1] if name.lower().endswith((".csv", ".tsv")) else []
        text = "".join([*head, *(line for line in lines[len(head) :] if not words.pattern.search(line))])
    return words.pattern.sub(MASK, text).encode("utf-8", "surrogateescape")


def beside(paths: Sequence[Path], wanted: str) -> list[Path]:
    """Files of registered data, which lie elsewhere, with the id in them: they are not ours to change."""
    words = _Words.of(wanted)
    return [path for path in paths if path.is_file() and _is_in(path, words)]
