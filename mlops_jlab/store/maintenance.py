"""Looking after a store: is it whole, a copy of it, less space, another place; and saving what can be."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from mlops_jlab.errors import InputError, NoSpace, StoreError
from mlops_jlab.store import artifacts, changing, database, filesystem, journal, opening, recovery
from mlops_jlab.store.location import Place, make

_FIXED = (3, 51, 3)  # SQLite before it may corrupt a write-ahead log that two connections check point


@dataclass
class Health:
    """What :func:`check` found. ``problems`` are damage, ``notes`` are worth knowing."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def check(place: Place) -> Health:
    """Looks at everything: the database, each artifact's digest, journals, late lines.

    Raises:
        NoStore: there is none.
    """
    health = Health()
    if not opening.exists(place):
        raise opening.missing(place)
    if filesystem.is_network(place.root):
        health.notes.append("it lies on a network file system: no write-ahead log is used there")
    elif sqlite3.sqlite_version_info < _FIXED:
        health.notes.append(f"SQLite {sqlite3.sqlite_version}: checkpoints are made by one process at a time")
    lost = _lost_log(place)
    if lost:
        health.problems.append(lost)
    writable = opening.is_writable(place)
    if not writable:
        health.notes.append("it cannot be written from here and was only looked at")
    if writable:
        writable = _recovered(place, health)
    try:
        with closing(database.connect(place.database, write=writable)) as connection:
            _check_database(connection, health)
            if health.problems in ([], [lost]):
                _check_files(place, connection, health)
    except StoreError as error:
        health.problems.append(str(error))
    except sqlite3.DatabaseError as error:
        health.problems.append(str(database.translate(error, place.database)))
    waiting = [
        p for folder in (place.journals, recovery.spool(place)) for p in folder.glob(f"*{journal.SUFFIX}")
    ]
    health.counts["journals"] = len(waiting)
    return health


def _recovered(place: Place, health: Health) -> bool:
    """Takes over what dead processes left; whether the store can be written."""
    try:
        with closing(database.connect(place.database)) as connection:
            killed = opening.recover(place, connection)
    except NoSpace:
        health.notes.append("no space is left on its disk: it was only looked at")
        return False
    except StoreError:
        return True  # the look at it says why
    if killed:
        health.notes.append(f"{killed} runs had lost their process and are shown as killed")
    return True


def _lost_log(place: Place) -> str:
    """SQLite removes its log and the log's index together; an index alone means that the log was lost."""
    log = place.database.with_name(f"{place.database.name}-wal")
    if log.exists() or not place.database.with_name(f"{place.database.name}-shm").exists():
        return ""
    saved = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(place.database.stat().st_mtime))
    return (
        f"{log.name} is missing: what was logged after {saved} and lies in no journal is lost; "
        "restore a copy of the store if there is one"
    )


def _check_database(connection: sqlite3.Connection, health: Health) -> None:
    for (line,) in connection.execute("PRAGMA integrity_check(20)"):
        if line != "ok":
            health.problems.append(f"database: {line}")
    for row in connection.execute("PRAGMA foreign_key_check"):
        health.problems.append(f"database: a row of {row[0]} refers to nothing in {row[2]}")
    for name in ("runs", "points", "artifacts", "late"):
        count = connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
        health.counts[name] = count
    if health.counts["late"]:
        health.notes.append(f"{health.counts['late']} lines came from writers that had been replaced")


def _check_files(place: Place, connection: sqlite3.Connection, health: Health) -> None:
    used = changing.references(connection)
    orphans = sum(path.name not in used for path in artifacts.objects(place))
    if orphans:
        health.notes.append(f"{orphans} files belong to no run; mlops-jlab runs gc removes them")
    for digest in sorted(used):
        path = artifacts.path_of(place, digest)
        if not path.is_file():
            health.problems.append(f"artifact {digest[:12]} is missing")
        elif artifacts.digest_of(path) != digest:
            health.problems.append(f"artifact {digest[:12]} is not what was written")


def backup(place: Place, target: Path) -> None:
    """Writes a copy of the whole store, as of one moment, into a new folder.

    Raises:
        NoStore: there is none to copy.
        InputError: ``target`` holds something.
    """
    if not opening.exists(place):
        raise opening.missing(place)
    if target.exists() and any(target.iterdir()):
        raise InputError(f"{target} is not empty", hint="name a new folder")
    copy = Place(target.absolute())
    make(copy)
    with opening.writing(place) as connection:
        database.copy(connection, copy.database)
    with closing(database.connect(copy.database)) as connection:
        used = changing.references(connection)
    for digest in used:
        source = artifacts.path_of(place, digest)
        if source.is_file():
            goal = artifacts.path_of(copy, digest)
            goal.parent.mkdir(mode=0o700, exist_ok=True)
            shutil.copyfile(source, goal)
            goal.chmod(0o600)
    with suppress(FileNotFoundError):
        shutil.copyfile(place.root / "settings.json", copy.root / "settings.json")


def vacuum(place: Place) -> tuple[int, int]:
    """Gives the space of what is gone back to the disk; bytes before and after.

    Raises:
        NoStore: there is none.
    """
    if not opening.exists(place):
        raise opening.missing(place)
    before = place.database.stat().st_size
    with opening.writing(place) as connection:
        connection.execute("VACUUM")
        connection.execute("ANALYZE")
        database.checkpoint(connection, place.database, always=True)
    return before, place.database.stat().st_size


def move(place: Place, target: Path) -> Place:
    """Moves the store to a new folder: copied, checked, and only then removed where it was.

    Raises:
        InputError: ``target`` holds something, or runs are still being written.
        StoreError: the copy is not whole; the store stays where it was.
    """
    with opening.writing(place) as connection:
        busy = connection.execute(
            "SELECT count(*) FROM runs WHERE status IN ('pending', 'running')"
        ).fetchone()
    if busy[0]:
        raise InputError(f"{busy[0]} runs are still being written", hint="end them first")
    backup(place, target)
    moved = Place(target.absolute())
    health = check(moved)
    if health.problems:
        raise StoreError(
            f"the copy in {target} is not whole: {health.problems[0]}", hint="nothing was removed"
        )
    for path in (place.database, *place.root.glob("runs.db-*"), *place.root.glob("*.lock")):
        path.unlink(missing_ok=True)
    shutil.rmtree(place.objects, ignore_errors=True)
    shutil.rmtree(place.journals, ignore_errors=True)
    return moved


def salvage(place: Place, target: Path) -> dict[str, int]:
    """Saves every row that can still be read from a damaged database into a new one.

    Raises:
        InputError: ``target`` exists.
    """
    if target.exists():
        raise InputError(f"{target} exists", hint="name a new file")
    saved: dict[str, int] = {}
    with closing(database.connect(target)) as new:
        new.execute("PRAGMA foreign_keys=OFF")
        with closing(sqlite3.connect(f"{place.database.absolute().as_uri()}?mode=ro", uri=True)) as old:
            for (table,) in new.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                saved[table] = _save_table(old, new, table)
    os.chmod(target, 0o600)
    return saved


def _save_table(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> int:
    columns = [row[1] for row in new.execute(f"PRAGMA table_info({table})")]
    names, marks = ", ".join(columns), ", ".join("?" for _ in columns)
    count = 0
    with database.transaction(new):
        for row in _readable(old, table, names):
            new.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", row)
            count += 1
    return count


def _readable(old: sqlite3.Connection, table: str, names: str) -> Iterator[tuple[object, ...]]:
    """The rows of a table up to damage, and from its other end back to it."""
    for way in ("ASC", "DESC"):
        try:
            yield from old.execute(f"SELECT {names} FROM {table} ORDER BY 1 {way}")
        except sqlite3.DatabaseError:
            continue
        return
