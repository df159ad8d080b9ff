"""Opening a store to look at it: what dead processes left is taken over first, where that is possible."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from mlops_jlab.errors import NoSpace, NoStore, StoreBusy
from mlops_jlab.store import database, journal, recovery, room
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import current

_MOMENT = 1.0  # seconds that a reader waits for a writer


def waiting(place: Place) -> str:
    """Why runs may be missing from lists: another process holds the store, while lines wait. Else nothing."""
    if not exists(place) or not is_writable(place) or not _has_lines(place):
        return ""
    try:
        with closing(database.connect(place.database)) as connection:
            if database.is_held(connection, 0.0):
                return (
                    f"what was logged last waits: the store is being written by {database.writer(connection)}"
                )
    except NoSpace as error:
        return f"what was logged last waits: {error.message}"
    return "" if room.is_left(place.database) else "what was logged last waits: no space is left"


def exists(place: Place) -> bool:
    """Whether there is a store at all, or lines of one that no disk had room to make yet."""
    return place.database.exists() or (is_writable(place) and _has_lines(place))


def _has_lines(place: Place) -> bool:
    """Whether lines may wait in journals."""
    folders = (place.journals, recovery.spool(place))
    for path in (path for folder in folders for path in folder.glob(f"*{journal.SUFFIX}")):
        with suppress(OSError):  # taken over just now
            if path.stat().st_size:
                return True
    return False


def missing(place: Place) -> NoStore:
    """The error that says that there is no store yet."""
    return NoStore(
        f"there is no store at {place.root} yet", hint="track a run first, or set MLOPS_JLAB_STORE"
    )


def is_writable(place: Place) -> bool:
    """Whether this process may change the store."""
    return os.access(place.root, os.W_OK) and (
        not place.database.exists() or os.access(place.database, os.W_OK)
    )


@contextmanager
def reading(place: Place) -> Iterator[sqlite3.Connection]:
    """A connection that sees everything that was logged up to now, by this process and by dead ones.

    Raises:
        NoStore: there is none.
        StoreError: it cannot be read.
    """
    recorder = current(place)
    if recorder is not None:
        recorder.flush()
    elif not exists(place):
        raise missing(place)
    if is_writable(place):
        try:
            with closing(database.connect(place.database)) as writer:
                # While others write, what is there is read; what waits is told by waiting().
                if recovery.has_work(place, writer) and not database.is_held(writer, _MOMENT):
                    with suppress(StoreBusy):
                        recover(place, writer)
        except NoSpace:  # what is there is read as well
            if not place.database.exists():
                raise
    with closing(database.connect(place.database, write=False)) as connection:
        try:
            yield connection
        except sqlite3.Error as error:
            raise database.translate(error, place.database) from error


@contextmanager
def writing(place: Place) -> Iterator[sqlite3.Connection]:
    """A connection for changes that people make: deleting, restoring, cleaning up.

    Raises:
        NoStore: there is none.
        StoreError: it cannot be written.
    """
    if not exists(place):
        raise missing(place)
    recorder = current(place)
    if recorder is not None:
        recorder.flush()
    with closing(database.connect(place.database)) as connection:
        recover(place, connection)
        try:
            yield connection
        except sqlite3.Error as error:
            raise database.translate(error, place.database) from error


def recover(place: Place, connection: sqlite3.Connection) -> int:
    """Takes over what dead processes left; how many runs turned out to be killed.

    Raises:
        StoreError: the database cannot be written.
    """
    try:
        return recovery.recover(place, connection)
    except sqlite3.Error as error:
        raise database.translate(error, place.database) from error
