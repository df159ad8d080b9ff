"""Which files runs have read and written: noted with their digests, and found again from the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlops_jlab.store import artifacts

FACT = "files"  # the key of these among a run's facts
_MOST = 200  # files of each kind
_LARGEST = 64 << 20  # bytes of a file that is read for its digest
_ALL = 256 << 20


def noted(read: Iterable[str], written: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Files as facts: path and size, and of those that are not too large the digest."""
    room = [_ALL]
    return {"read": list(_noted(read, room)), "written": list(_noted(written, room))}


def _noted(paths: Iterable[str], room: list[int]) -> Iterator[dict[str, Any]]:
    for name in sorted(set(paths))[:_MOST]:
        path = Path(name)
        with suppress(OSError):
            if not path.is_file():
                continue
            size = path.stat().st_size
            found: dict[str, Any] = {"path": str(path), "size": size}
            if size <= min(_LARGEST, room[0]):
                room[0] -= size
                found["digest"] = artifacts.digest_of(path)
            yield found


def runs_of(connection: sqlite3.Connection, path: str, digest: str) -> Sequence[str]:
    """The runs that have read or written a file, by its path or by its content; the newest first."""
    rows = connection.execute(
        "SELECT DISTINCT r.id FROM runs r, json_each(r.facts, '$.files') side, json_each(side.value) file "
        "WHERE r.deleted IS NULL AND json_extract(r.facts, '$.files') IS NOT NULL AND "
        "(json_extract(file.value, '$.path') = ? OR (? <> '' AND json_extract(file.value, '$.digest') = ?)) "
        "UNION SELECT r.id FROM runs r JOIN artifacts a ON a.run = r.seq WHERE ? <> '' AND a.digest = ? "
        "AND r.deleted IS NULL "
        "UNION SELECT x.run FROM dataset_reads x JOIN dataset_files f ON f.version = x.version "
        "WHERE ? <> '' AND f.digest = ?",
        (path, *(digest,) * 6),
    ).fetchall()
    return [run for (run,) in rows]
