"""Where a store holds what looks like a secret: in older rows, or in files, which stay as they are."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlops_jlab.masking import MASK, found_in, is_secret_name
from mlops_jlab.store import opening
from mlops_jlab.store.location import Place

_LARGEST = 64 << 20  # bytes of a file that is looked through
_TEXTS = (
    ("run {0}, name", "SELECT id, name FROM runs"),
    ("run {0}, note", "SELECT id, note FROM runs WHERE note <> ''"),
    ("run {0}, reason", "SELECT id, reason FROM runs WHERE reason <> ''"),
    ("run {0}, facts", "SELECT id, facts FROM runs"),
    ("audit entry {0}", "SELECT seq, reason || ' ' || details FROM audit"),
    ("schedule {0}", "SELECT name, spec FROM schedules"),
    ("firing {0}", "SELECT due, steps FROM firings"),
    (
        "model {0}",
        "SELECT m.name || '/' || v.version, v.about FROM versions v JOIN models m ON m.id = v.model",
    ),
    ("gate of {0}", "SELECT model, report FROM gate_results"),
    ("a param, metric or tag that is named so", "SELECT '', name FROM keys"),
)
_LOOKED_THROUGH = frozenset({
    ("runs", "name"), ("runs", "note"), ("runs", "reason"), ("runs", "facts"), ("audit", "reason"),
    ("audit", "details"), ("schedules", "spec"), ("firings", "steps"), ("versions", "about"),
    ("gate_results", "report"), ("keys", "name"), ("params", "value"),
    ("param_history", "value"), ("tags", "value"),
})  # fmt: skip
_NAMED = (("param", "params"), ("param, corrected", "param_history"), ("tag", "tags"))


@dataclass(frozen=True)
class Leak:
    """``where`` something lies that looks like a secret, and of what ``kind``; never the secret itself."""

    where: str
    kind: str


def find(place: Place) -> Iterator[Leak]:
    """Looks through the database, the files of runs, logs, and the folders of runs.

    Raises:
        StoreError: there is no store, or it cannot be read.
    """
    with opening.reading(place) as connection:
        yield from _in_database(connection)
        names = dict(connection.execute(
            "SELECT a.digest, r.id || '/' || a.path FROM artifacts a JOIN runs r ON r.seq = a.run"
        ))  # fmt: skip
    for folder in (place.objects, place.logs, place.root / "runs", place.root / "schedules"):
        for path in _files(folder):
            shown = f"artifact {names[path.name]}" if path.name in names else f"file {path}"
            yield from (Leak(shown, kind) for kind in _kinds(path))


def _in_database(connection: sqlite3.Connection) -> Iterator[Leak]:
    for where, query in _TEXTS:
        for key, text in connection.execute(query):
            yield from (Leak(where.format(str(key)[:40]), kind) for kind in found_in(str(text)))
    for what, table in _NAMED:
        for run, name, value in connection.execute(
            f"SELECT r.id, k.name, x.value FROM {table} x "
            "JOIN keys k ON k.id = x.key JOIN runs r ON r.seq = x.run"
        ):
            where = f"run {run}, {what} {name!r}"
            kinds = list(found_in(str(value)))
            if is_secret_name(name) and value != MASK and not _is_plain(value):
                kinds.append("named like a secret")
            yield from (Leak(where, kind) for kind in kinds)
    yield from _elsewhere(connection)


def _elsewhere(connection: sqlite3.Connection) -> Iterator[Leak]:
    """All other columns of texts that the database has, in whatever table."""
    columns = connection.execute(
        "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c "
        "WHERE t.type = 'table' AND upper(c.type) LIKE '%TEXT%' ORDER BY 1, 2"
    ).fetchall()
    for table, column in columns:
        if (table, column) in _LOOKED_THROUGH:
            continue
        is_text = f'typeof("{column}") = \'text\' AND length("{column}") > 7'
        texts = connection.execute(f'SELECT "{column}" FROM "{table}" WHERE {is_text}')
        kinds = dict.fromkeys(kind for (text,) in texts for kind in found_in(text))
        yield from (Leak(f"table {table}, column {column}", kind) for kind in kinds)


def _is_plain(value: str) -> bool:
    """Whether a value is a number, true, false or null, which are no secrets."""
    try:
        return not isinstance(json.loads(value.lower().replace("none", "null")), str)
    except ValueError:
        return False


def _files(folder: Path) -> Iterator[Path]:
    for place, _folders, names in os.walk(folder):
        for name in sorted(names):
            path = Path(place, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _kinds(path: Path) -> Iterator[str]:
    """What kinds of secrets are in a file, as far as it is text."""
    try:
        if path.stat().st_size > _LARGEST:
            return
        content = path.read_bytes()
    except OSError:
        return
    if b"\0" not in content[:4096]:
        yield from found_in(content.decode("utf-8", "replace"))
