"""What dead processes left behind: their journals are taken over, their runs shown as killed."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlops_jlab.entities.runs import ProcessIdentity
from mlops_jlab.store import database, journal
from mlops_jlab.store.applying import Applier
from mlops_jlab.store.location import Place
from mlops_jlab.store.locks import try_lock
from mlops_jlab.store.processes import is_alive

SILENCE = 30.0  # seconds without a heartbeat after which a process on another machine counts as dead
_LINES = 5_000  # in one transaction


def recover(place: Place, connection: sqlite3.Connection) -> int:
    """Takes over the journals of dead processes and marks their open runs; how many runs were marked."""
    folders = (place.journals, spool(place))
    for folder in folders:
        for path in folder.glob(f".*{journal.UNLOCKED}"):  # of a process that was killed in its first moment
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > SILENCE:
                    path.unlink()
        for path in sorted(folder.glob(f"*{journal.SUFFIX}")) if folder.is_dir() else ():
            with _taken_over(path) as mine:
                if mine:
                    drain(connection, path)
                    _forget(connection, path)
    return _mark_killed(connection)


def has_work(place: Place, connection: sqlite3.Connection) -> bool:
    """Whether a process may have died: there are open runs, or journals."""
    query = "SELECT 1 FROM runs WHERE status IN ('pending', 'running') LIMIT 1"
    return connection.execute(query).fetchone() is not None or any(
        any(folder.glob(f"*{journal.SUFFIX}")) for folder in (place.journals, spool(place))
    )


def spool(place: Place) -> Path:
    """Where lines wait when the store's own folder cannot be written: the user's state folder."""
    from blake3 import blake3

    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "mlops-jlab" / "spool" / blake3(str(place.root).encode()).hexdigest()[:16]


@contextmanager
def _taken_over(path: Path) -> Iterator[bool]:
    """Whether the journal's owner is dead; holds its lock meanwhile."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        yield False  # somebody else was faster, or it is not ours to write
        return
    try:
        yield try_lock(handle) and path.exists()
    finally:
        os.close(handle)


def drain(connection: sqlite3.Connection, path: Path, applier: Applier | None = None) -> int:
    """Writes the lines of a journal that are not in the database yet; where the next drain begins."""
    applier = applier or Applier(connection)
    row = connection.execute("SELECT place FROM journals WHERE name = ?", (path.name,)).fetchone()
    place = start = int(row[0]) if row else 0
    gathered: list[journal.Line] = []
    for lines, place in journal.lines_of(path, start):
        gathered += lines
        if len(gathered) >= _LINES:
            _write(connection, applier, path.name, gathered, place)
            gathered = []
    if gathered:
        _write(connection, applier, path.name, gathered, place)
    return place


def _write(
    connection: sqlite3.Connection, applier: Applier, name: str, lines: list[journal.Line], place: int
) -> None:
    durable = any(line[0] in ("run", "end", "resume", "artifact") for line in lines)
    try:
        with database.transaction(connection, durable=durable):
            applier.apply(lines)
            connection.execute("INSERT OR REPLACE INTO journals VALUES (?, ?)", (name, place))
    except BaseException:
        applier.forget()
        raise


def _forget(connection: sqlite3.Connection, path: Path) -> None:
    path.unlink(missing_ok=True)
    with database.transaction(connection):
        connection.execute("DELETE FROM journals WHERE name = ?", (path.name,))


def owner_of(text: str) -> ProcessIdentity | None:
    """The process that a run's row names, if any."""
    if not text:
        return None
    with suppress(ValueError, TypeError):
        return ProcessIdentity(**json.loads(text))
    return None


def is_dead(owner: ProcessIdentity | None, heartbeat: float, now: float) -> bool:
    """Whether a run that is open has lost its process. A clock that was set back kills nobody."""
    alive = is_alive(owner) if owner else None
    return not alive if alive is not None else abs(now - heartbeat) > SILENCE


def _mark_killed(connection: sqlite3.Connection) -> int:
    now = time.time()
    rows = connection.execute(
        "SELECT seq, owner, heartbeat, attempt FROM runs WHERE status IN ('pending', 'running')"
    ).fetchall()
    dead = [row for row in rows if is_dead(owner_of(row[1]), row[2], now)]
    if not dead:
        return 0
    with database.transaction(connection, durable=True):
        for seq, owner, heartbeat, attempt in dead:
            connection.execute(
                "UPDATE runs SET status = 'killed', ended = max(started, ?), "
                "reason = ? WHERE seq = ? AND attempt = ? AND heartbeat = ? "
                "AND status IN ('pending', 'running')",
                (heartbeat, _why(owner_of(owner)), seq, attempt, heartbeat),
            )
    return len(dead)


def _why(owner: ProcessIdentity | None) -> str:
    if owner is None:
        return "its process is gone"
    if is_alive(owner) is None:
        return f"nothing was heard of process {owner.pid} on {owner.host}"
    return f"process {owner.pid} ended without a word"
