"""The door to SQLite: how a connection is made, what a transaction is, which version a store has."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mlops_jlab.errors import StoreError
from mlops_jlab.store import filesystem

APPLICATION_ID = 0x4D4C4A31  # "MLJ1"
FORMAT = 2  # the newest of the migrations
BUSY = 10.0  # seconds
_CHECKPOINT = 4 << 20  # bytes of write-ahead log


class Damaged(StoreError):
    """The database is no database of ours, or is broken."""


class Newer(StoreError):
    """The database was made by a newer version of this package."""


@dataclass(frozen=True)
class Migration:
    """One numbered step from a format to the next."""

    number: int
    text: str


def migrations() -> list[Migration]:
    """The steps from an empty file to :data:`FORMAT`, in order."""
    from importlib.resources import files

    folder = files("mlops_jlab.store") / "migrations"
    found = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    return sorted(
        (Migration(int(file.name[:4]), file.read_text("utf-8")) for file in found), key=lambda m: m.number
    )


def connect(path: Path, *, write: bool = True) -> sqlite3.Connection:
    """Opens the store's database; to write, makes it if it is not there and brings it up to date.

    Raises:
        StoreError: it is broken, newer than this package, or cannot be written.
    """
    try:
        connection = _open(path, write)
    except (sqlite3.OperationalError, OSError) as error:
        raise StoreError(f"the store {path} cannot be opened: {error}", hint=_HINT_ACCESS) from error
    try:
        _check(connection, path, write)
        connection.execute("PRAGMA foreign_keys=ON")
        if write:
            _use_log(connection, path)
            migrate(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise translate(error, path) from error
    except BaseException:
        connection.close()
        raise
    return connection


_HINT_ACCESS = "check the folder's permissions, or set MLOPS_JLAB_STORE to a folder that can be written"
_HINT_DAMAGE = (
    "artifacts and journals beside it are untouched; restore a copy (mlops-jlab store backup makes "
    "them) or save what can be read: mlops-jlab store check --salvage FILE"
)


def translate(error: sqlite3.Error, path: Path) -> StoreError:
    """The error of SQLite in our own words."""
    text = str(error)
    if "malformed" in text or "not a database" in text or "disk image" in text:
        return Damaged(f"the store {path} is damaged: {text}", hint=_HINT_DAMAGE)
    if "full" in text:
        return StoreError(f"no space left for the store {path}", hint="free some space; values are kept")
    if "readonly" in text or "unable to open" in text:
        return StoreError(f"the store {path} cannot be written: {text}", hint=_HINT_ACCESS)
    if "locked" in text:
        return StoreError(
            f"the store {path} is locked by another process",
            hint="try again in a moment; what is logged meanwhile is kept in a journal",
        )
    return StoreError(f"the store {path}: {text}", hint="values stay in the journal and are tried again")


def _open(path: Path, write: bool) -> sqlite3.Connection:
    if write:
        if path.exists() and path.stat().st_size == 0 and any(path.parent.glob("artifacts/*/*")):
            raise Damaged(f"the store {path} is empty, although artifacts lie beside it", hint=_HINT_DAMAGE)
        if not path.exists():
            path.touch(mode=0o600)
        target = str(path)
    else:
        target = f"{path.absolute().as_uri()}?mode=ro"
        if not os.access(path.parent, os.W_OK):
            return _open_untouched(path, target)
    return _connection(target, uri=not write)


def _connection(target: str, *, uri: bool) -> sqlite3.Connection:
    return sqlite3.connect(
        target, timeout=BUSY, isolation_level=None, check_same_thread=False, uri=uri, cached_statements=256
    )


def _open_untouched(path: Path, target: str) -> sqlite3.Connection:
    """Reads a store in a folder that cannot be written, where SQLite can make no index of its log.

    Without a log the file is all there is. With one, its writer's index is used; where that is gone, a
    copy in memory is read.
    """
    log = path.with_name(f"{path.name}-wal")
    if not log.exists() or not log.stat().st_size:
        return _connection(f"{target}&immutable=1", uri=True)
    connection = _connection(target, uri=True)
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1")
    except sqlite3.OperationalError:
        connection.close()
        return _copy_in_memory(path, log)
    return connection


def _copy_in_memory(path: Path, log: Path) -> sqlite3.Connection:
    with tempfile.TemporaryDirectory(prefix="mlops-jlab-") as folder:
        copied = Path(folder) / path.name
        shutil.copyfile(log, copied.with_name(log.name))
        shutil.copyfile(path, copied)
        memory = _connection(":memory:", uri=False)
        with closing(sqlite3.connect(copied)) as copied_connection:
            copied_connection.backup(memory)
    memory.execute("PRAGMA query_only=ON")
    return memory


def _check(connection: sqlite3.Connection, path: Path, write: bool) -> None:
    # First, as another process may be making the store: what is not empty any more has its marks.
    empty = not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID and not (empty and write):
        raise Damaged(f"{path} is no store of mlops-jlab", hint=_HINT_DAMAGE)
    if version > FORMAT and (write or _oldest_reader(connection) > FORMAT):
        raise Newer(
            f"the store {path} has format {version}; this version of mlops-jlab knows {FORMAT}",
            hint="update mlops-jlab: pip install --upgrade mlops-jlab",
        )


def _oldest_reader(connection: sqlite3.Connection) -> int:
    """The oldest format whose readers still understand this database."""
    found = connection.execute("SELECT value FROM meta WHERE key = 'oldest_reader'").fetchone()
    return int(found[0]) if found else FORMAT + 1


def _use_log(connection: sqlite3.Connection, path: Path) -> None:
    """A write-ahead log where that is safe. Checkpoints are ours: see :func:`checkpoint`."""
    if filesystem.is_network(path.parent):
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA synchronous=FULL")
        return
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("PRAGMA synchronous=NORMAL")


def migrate(connection: sqlite3.Connection, path: Path, newest: int = 0) -> None:
    """Brings the database to the format ``newest``, in one transaction, after a copy was put aside."""
    newest = newest or FORMAT
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version >= newest:
        return
    if version:
        copy(connection, path.with_name(f"{path.name}.format-{version}"))
    with transaction(connection, durable=True):
        (version,) = connection.execute("PRAGMA user_version").fetchone()  # another may have been faster
        for step in migrations():
            if version < step.number <= newest:
                for statement in _statements(step.text):
                    connection.execute(statement)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={newest}")


def copy(connection: sqlite3.Connection, target: Path) -> None:
    """Writes a copy of the whole database, of one moment, to ``target``; whole or not at all."""
    unfinished = target.with_name(f".{target.name}.tmp")
    unfinished.unlink(missing_ok=True)
    try:
        unfinished.touch(mode=0o600)
        with closing(sqlite3.connect(unfinished)) as other:
            connection.backup(other)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _statements(text: str) -> Iterator[str]:
    """The statements of a script one by one, so that they share one transaction."""
    gathered = ""
    for line in text.splitlines(keepends=True):
        gathered += line
        if sqlite3.complete_statement(gathered):
            yield gathered
            gathered = ""


@contextmanager
def transaction(connection: sqlite3.Connection, *, durable: bool = False) -> Iterator[None]:
    """A write that is whole or not at all. A ``durable`` one also survives a power cut."""
    if durable:
        connection.execute("PRAGMA synchronous=FULL")
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:  # a commit that failed leaves its transaction open
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    finally:
        if durable:
            connection.execute("PRAGMA synchronous=NORMAL")


def close(connection: sqlite3.Connection) -> None:
    """Closes a connection that wrote, and keeps the statistics that make searches quick."""
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA analysis_limit=1000")
        connection.execute("PRAGMA optimize")
    connection.close()


def checkpoint(connection: sqlite3.Connection, path: Path, *, always: bool = False) -> None:
    """Moves the write-ahead log into the database, one process at a time.

    SQLite before 3.51.3 may corrupt a database when two connections checkpoint at once.
    """
    log = path.with_name(path.name + "-wal")
    try:
        if not always and log.stat().st_size < _CHECKPOINT:
            return
    except OSError:
        return
    from mlops_jlab.store.locks import locked

    with locked(path.with_name("checkpoint.lock")) as mine:
        if mine:
            connection.execute("PRAGMA busy_timeout=200")
            try:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.execute(f"PRAGMA busy_timeout={int(BUSY * 1000)}")
