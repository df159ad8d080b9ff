"""The door to SQLite: how a connection is made, what a transaction is, which version a store has."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mlops_jlab.errors import StoreBusy, StoreError, StoreUnwritable
from mlops_jlab.store import filesystem, headers, locks, room
from mlops_jlab.store.locks import PATIENCE
from mlops_jlab.telling import tell

Connection = sqlite3.Connection
APPLICATION_ID = 0x4D4C4A31  # "MLJ1"
FORMAT = 7  # the newest of the migrations
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
        if room.is_full(error, path):
            raise room.none_left(path) from error
        raise StoreError(f"the store {path} cannot be opened: {error}", hint=_HINT_ACCESS) from error
    try:
        connection = _checked(connection, path, write)
        connection.execute("PRAGMA foreign_keys=ON")
        if write:
            _bring_up(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise translate(error, path) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _checked(connection: sqlite3.Connection, path: Path, write: bool) -> sqlite3.Connection:
    """A connection to a store of ours; on a full disk one that needs no room for SQLite's index."""
    try:
        _check(connection, path, write)
    except sqlite3.OperationalError as error:
        if write or not room.is_full(error, path):
            raise
        connection.close()
        connection = _open_untouched(path, f"{path.absolute().as_uri()}?mode=ro")
        _check(connection, path, write)
    return connection


_HINT_ACCESS = "check the folder's permissions, or set MLOPS_JLAB_STORE to a folder that can be written"
_HINT_EMPTY = (
    "restore a copy (mlops-jlab store backup makes them), or move the file away to begin a new store; "
    "artifacts and journals beside it stay"
)
_HINT_DAMAGE = (
    "artifacts and journals beside it are untouched; restore a copy (mlops-jlab store backup makes "
    "them) or save what can be read: mlops-jlab store check --salvage FILE"
)


def translate(error: sqlite3.Error, path: Path) -> StoreError:
    """The error of SQLite in our own words."""
    text = str(error)
    if "malformed" in text or "not a database" in text or "disk image" in text:
        return Damaged(f"the store {path} is damaged: {text}", hint=_HINT_DAMAGE)
    if room.is_full(error, path):
        return room.none_left(path)
    if "readonly" in text or "unable to open" in text:
        return StoreUnwritable(f"the store {path} cannot be written: {text}", hint=_HINT_ACCESS)
    if "locked" in text:
        return StoreBusy(
            f"the store {path} is locked by {_holder(path)}",
            hint="try again in a moment; what is logged meanwhile is kept in a journal",
        )
    return StoreError(f"the store {path}: {text}", hint="values stay in the journal and are tried again")


def _open(path: Path, write: bool) -> sqlite3.Connection:
    _look(path)
    if write:
        if not path.exists():
            _make(path)
        target = str(path)
    else:
        target = f"{path.absolute().as_uri()}?mode=ro"
        if not os.access(path.parent, os.W_OK):
            return _open_untouched(path, target)
    return _connection(target, uri=not write)


def _look(path: Path) -> None:
    """Looks at the file before SQLite does, which might write beside it.

    Raises:
        Damaged: it is empty, or not a database of ours.
    """
    found = headers.kind_of(path, APPLICATION_ID)
    if found is headers.Kind.EMPTY:
        raise Damaged(f"the store {path} is an empty file; nothing was changed", hint=_HINT_EMPTY)
    if found is headers.Kind.NONE:
        raise Damaged(f"the store {path} is damaged: it is not a database", hint=_HINT_DAMAGE)
    if found is headers.Kind.FOREIGN:
        raise Damaged(f"{path} is not a store of mlops-jlab; nothing was changed", hint=_HINT_DAMAGE)


def _make(path: Path) -> None:
    """Makes an empty store: whole before anybody sees it, and by one maker while the others wait.

    Raises:
        StoreError: another process has been making it for too long.
    """
    with _alone(path):
        if path.exists():
            return  # another was faster
        unfinished = path.with_name(f".{path.name}.tmp")
        _remove(unfinished)  # a maker was killed
        try:
            unfinished.touch(mode=0o600)
            with closing(_connection(str(unfinished), uri=False)) as connection:
                migrate(connection, unfinished)  # the log comes last: on a full disk part would stay in it
                connection.execute(f"PRAGMA journal_mode={_log_of(path)}")
            for rest in ("-wal", "-shm"):  # of a deleted store: they would be taken for the new one's
                path.with_name(f"{path.name}{rest}").unlink(missing_ok=True)
            unfinished.replace(path)
            headers.know(path)
        except BaseException:
            _remove(unfinished)
            raise


def _remove(database: Path) -> None:
    for rest in ("", "-wal", "-shm", "-journal"):
        database.with_name(f"{database.name}{rest}").unlink(missing_ok=True)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Within it no other process makes the store or changes its format."""
    lock = path.with_name(f"{path.name}.lock")
    with locks.waited(lock, locks.HURRY if locks.is_hurried() else BUSY) as mine:
        if not mine:
            raise StoreBusy(
                f"the store {path} is locked: {locks.holder(lock)} is making it", hint="try again in a moment"
            )
        yield


def _connection(target: str, *, uri: bool) -> sqlite3.Connection:
    return sqlite3.connect(
        target, timeout=min(PATIENCE, BUSY), isolation_level=None, check_same_thread=False, uri=uri,
        cached_statements=256,
    )  # fmt: skip


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
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise Damaged(f"{path} is not a store of mlops-jlab; nothing was changed", hint=_HINT_DAMAGE)
    if version > FORMAT and (write or _oldest_reader(connection) > FORMAT):
        raise Newer(
            f"the store {path} has format {version}; this version of mlops-jlab knows {FORMAT}",
            hint="update mlops-jlab: pip install --upgrade mlops-jlab",
        )


def _oldest_reader(connection: sqlite3.Connection) -> int:
    """The oldest format whose readers still understand this database."""
    found = connection.execute("SELECT value FROM meta WHERE key = 'oldest_reader'").fetchone()
    return int(found[0]) if found else FORMAT + 1


def _log_of(path: Path) -> str:
    """The journal mode of a store: a write-ahead log where that is safe."""
    return "delete" if filesystem.is_network(path.parent) else "wal"


def _bring_up(connection: sqlite3.Connection, path: Path) -> None:
    """The store's log and its newest format. Checkpoints are ours: see :func:`checkpoint`."""
    wanted = _log_of(path)
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if mode != wanted or version < FORMAT:
        with _alone(path):  # two that change the log at once are told "locked", whatever their time-out
            connection.execute(f"PRAGMA journal_mode={wanted}")
            migrate(connection, path)
    if wanted == "wal":
        connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute(f"PRAGMA synchronous={'NORMAL' if wanted == 'wal' else 'FULL'}")


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
        _begin(connection)
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


def _begin(connection: sqlite3.Connection) -> None:
    """Waits until nobody else writes; says after a moment who does.

    Raises:
        sqlite3.OperationalError: after :data:`BUSY` seconds, sooner for who is hurried, somebody does.
    """
    begun = time.monotonic()
    most = min(BUSY, locks.HURRY if locks.is_hurried() else BUSY)
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            waited = time.monotonic() - begun
            if "locked" not in str(error) or waited >= most * 0.9:
                raise
            if waited >= min(PATIENCE, BUSY) * 0.9:
                tell(f"the store is being written by {writer(connection)}; waiting")
        else:
            return


def is_held(connection: sqlite3.Connection, seconds: float) -> bool:
    """Whether another process goes on holding the lock of writers for so many ``seconds``."""
    connection.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        return True
    finally:
        connection.execute(f"PRAGMA busy_timeout={int(min(PATIENCE, BUSY) * 1000)}")
    return False


def writer(connection: sqlite3.Connection) -> str:
    """The process that holds the lock of writers, in words."""
    (_, _, name) = connection.execute("PRAGMA database_list").fetchone()
    return _holder(Path(name))


def _holder(path: Path) -> str:
    log = path.with_name(f"{path.name}-shm")
    return locks.holder(log if log.exists() else path)


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
    with locks.locked(path.with_name("checkpoint.lock")) as mine:
        if mine:
            connection.execute("PRAGMA busy_timeout=200")
            try:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.execute(f"PRAGMA busy_timeout={int(min(PATIENCE, BUSY) * 1000)}")
