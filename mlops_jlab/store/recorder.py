"""The writer of one process: a line goes into the journal at once, and soon after into the database."""

from __future__ import annotations

import atexit
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from time import sleep  # a notebook may put another in its place

from mlops_jlab.errors import StoreBusy, StoreError, StoreUnwritable
from mlops_jlab.store import database, location, recovery
from mlops_jlab.store.applying import Applier
from mlops_jlab.store.journal import Journal, Line, encode
from mlops_jlab.store.keeping import UNWRITABLE, Keeping
from mlops_jlab.store.location import Place
from mlops_jlab.store.processes import this_process

PAUSE = 0.05  # seconds that lines are gathered before they go to the database
BEAT = 2.0  # seconds between heartbeats
_STILL = 2.0  # seconds that a fork waits for a write that is under way
PATIENCE = 6  # times that a store may be busy for as long as SQLite waits before somebody is told


class Recorder:
    """Lines → journal → database. Use :func:`recorder_for`: one for each store and process."""

    def __init__(self, place: Place, warn: Callable[[str], None]) -> None:
        self.place = place
        self._warn = warn
        self._warned: set[str] = set()
        self._begin()

    def _begin(self) -> None:
        """Nothing is open and nothing waits."""
        self._kept = Keeping(self.place, self.say)
        self._draining = threading.RLock()
        self._dirty = threading.Event()
        self._stopped: bool = False
        self._connection: sqlite3.Connection | None = None
        self._applier: Applier | None = None
        self._open: dict[str, int] = {}  # runs that this process keeps alive, and their attempts
        self._thread: threading.Thread | None = None
        self._still = False
        self._spoilt = False  # forked in the middle of a write: the database is for others to open

    def keep_still(self) -> None:
        """Before a fork: closes the database, until it is needed again.

        What SQLite knows of a file that is open would be the child's as well: locks that it does not have,
        and shared memory that others take for unused.
        """
        self._still = self._draining.acquire(timeout=_STILL)
        if self._still and self._connection is not None:
            self._connection.close()
            self._connection = None

    def go_on(self) -> None:
        """After a fork, in the process that forked."""
        if self._still:
            self._draining.release()

    def start_again(self) -> None:
        """In a forked child: nothing is open yet, and the parent's runs are kept alive by the parent."""
        _of_parent.append(self._connection)
        self._kept.close()
        still = self._still
        self._begin()
        self._spoilt = not still

    def write(self, data: bytes) -> None:
        """Keeps whole lines; they survive the end of this process from here on. Never raises OSError."""
        self._kept.write(data)
        if not self._dirty.is_set():
            self._dirty.set()
            if self._thread is None:
                self._start_thread()

    def put(self, line: Line) -> None:
        """Keeps one line."""
        self.write(encode(line))

    def say(self, text: str, thing: str = "") -> None:
        """Says each ``thing`` once, whoever found it out."""
        if (thing or text) not in self._warned:
            self._warned.add(thing or text)
            self._warn(text)

    def tell_of(self, error: StoreError, more: str = "") -> None:
        """Says once that the store cannot be used, in the words of the first who found out."""
        self.say(f"{error}{more}", UNWRITABLE if isinstance(error, StoreUnwritable) else "")

    def open_database(self) -> sqlite3.Connection:
        """Makes and opens the database unless it is open: a broken or newer one is found at the start.

        Raises:
            StoreError: it cannot be used.
        """
        with self._draining:
            if self._spoilt:
                raise StoreError(
                    f"the store {self.place.root} was in use when this process was forked",
                    hint="values stay in the journal; whoever opens the store next takes them over",
                )
            if self._connection is None:
                try:
                    location.make(self.place)
                except OSError as error:
                    raise StoreUnwritable(
                        f"the store {self.place.root} cannot be written: {error.strerror}",
                        hint="set MLOPS_JLAB_STORE to a folder that can be written",
                    ) from error
                self._connection = database.connect(self.place.database)
                self._applier = Applier(self._connection)
            self._start_thread()
            return self._connection

    def _start_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="mlops-jlab recorder", daemon=True)
            self._thread.start()

    def keep_alive(self, run: str, attempt: int) -> None:
        """From now on the run's heartbeat is this process's."""
        self._open[run] = attempt

    def let_go(self, run: str) -> None:
        """The run's heartbeat ends."""
        self._open.pop(run, None)

    def flush(self) -> None:
        """Brings all that was logged into the database.

        Raises:
            StoreError: the database cannot be written; the lines stay in the journal.
        """
        with self._draining:
            self._dirty.clear()
            connection = self.open_database()
            try:
                self._drain(connection)
            except sqlite3.Error as error:
                self._dirty.set()
                raise database.translate(error, self.place.database) from error
            except OSError as error:
                self._dirty.set()
                raise StoreError(
                    f"the store {self.place.root} cannot be used: {error.strerror or error}",
                    hint="values stay in the journal and are tried again",
                ) from error

    def _drain(self, connection: sqlite3.Connection) -> None:
        done, current = self._kept.to_drain()
        for journal in done:
            recovery.drain(connection, journal.path, self._applier)
            self._remove(journal)
        if current is not None:
            recovery.drain(connection, current.path, self._applier)
        database.checkpoint(connection, self.place.database)

    def _remove(self, journal: Journal) -> None:
        journal.path.unlink(missing_ok=True)
        journal.close()
        if self._connection is not None:
            with database.transaction(self._connection):
                self._connection.execute("DELETE FROM journals WHERE name = ?", (journal.path.name,))

    def _run(self) -> None:
        """The thread: gathers, drains, and lets the hearts of the open runs beat."""
        beaten = 0.0
        refused = 0
        while not self._is_stopped():
            dirty = self._dirty.wait(BEAT)
            if self._is_stopped():
                return
            sleep(PAUSE)
            try:
                if dirty:
                    self.flush()
                if self._open and time.monotonic() - beaten >= BEAT * 0.9:
                    self._beat()
                    beaten = time.monotonic()
                refused = 0
            except (StoreError, sqlite3.Error) as error:
                refused += 1
                if not isinstance(error, StoreError):
                    error = database.translate(error, self.place.database)
                # While others are writing nothing is wrong yet.
                if not isinstance(error, StoreBusy) or refused > PATIENCE:
                    self.tell_of(error)
                self._dirty.set()
                sleep(1.0)

    def _is_stopped(self) -> bool:
        return self._stopped

    def _beat(self) -> None:
        """A heartbeat; one that comes late revives a run that was given up."""
        with self._draining:
            connection = self.open_database()
            now = time.time()
            with database.transaction(connection):
                connection.executemany(
                    "UPDATE runs SET heartbeat = ?, reason = iif(status = 'killed', '', reason), "
                    "ended = iif(status = 'killed', NULL, ended), "
                    "status = iif(status = 'killed', 'running', status) WHERE id = ? AND attempt = ?",
                    [(now, run, attempt) for run, attempt in list(self._open.items())],
                )

    def close(self) -> None:
        """The last drain; the journal goes if all of it is in the database."""
        self._stopped = True
        self._dirty.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(2.0)
        with self._draining:
            if self._kept.has_anything:
                try:
                    self.flush()
                    for journal in self._kept.take():
                        self._remove(journal)
                except (StoreError, sqlite3.Error, OSError):
                    pass  # whoever opens the store next takes the journals over
            self._kept.end()
            if self._kept.lost:
                self._warn(
                    f"{self._kept.lost:,} lines that were logged are lost: neither {self.place.root} nor "
                    f"{recovery.spool(self.place)} could be written\n  → free some space, and run it again"
                )
            if self._connection is not None:
                database.close(self._connection)
                self._connection = None


_recorders: dict[Path, Recorder] = {}
_making = threading.Lock()


def recorder_for(place: Place, warn: Callable[[str], None]) -> Recorder:
    """The recorder of this process for a store. A store that cannot be used is told of, once.

    What is logged meanwhile waits in the journal, until the store can be used again.
    """
    with _making:
        found = _recorders.get(place.root)
        if found is None:
            found = Recorder(place, warn)
            try:
                found.open_database()
            except StoreError as error:
                found.tell_of(error, "\n  what is logged is kept in a journal until then")
            if not _recorders:
                atexit.register(close_all)
            _recorders[place.root] = found
    return found


def current(place: Place) -> Recorder | None:
    """The recorder that this process has for a store, if it has one."""
    return _recorders.get(place.root)


_endings: list[Callable[[], None]] = []


def before_closing(call: Callable[[], None]) -> None:
    """``call`` has the last word before the recorders of this process are closed."""
    if call not in _endings:
        _endings.append(call)


def close_all() -> None:
    """Ends every recorder of this process."""
    for call in _endings:
        call()
    for recorder in list(_recorders.values()):
        recorder.close()
    _recorders.clear()


_of_parent: list[object] = []  # connections that a forked child must neither use nor close


_making_stopped = False


def _before_fork() -> None:
    global _making_stopped
    _making_stopped = _making.acquire(timeout=_STILL)
    for recorder in _recorders.values():
        recorder.keep_still()


def _after_fork_in_parent() -> None:
    for recorder in _recorders.values():
        recorder.go_on()
    if _making_stopped:
        _making.release()


def _after_fork_in_child() -> None:
    """A forked child has its own journal and connection, and leaves those of its parent alone."""
    global _making
    _making = threading.Lock()
    for recorder in _recorders.values():
        recorder.start_again()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
    )


def owner_text() -> str:
    """This process, as a run's row names it."""
    return json.dumps(asdict(this_process()))
