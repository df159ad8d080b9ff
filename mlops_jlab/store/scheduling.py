"""Schedules and their firings as rows. The row of a firing is the claim of who executes it.

Who inserts the row has the firing: its key is the schedule and the time that was due. Who takes it over,
because its owner died or because it is tried again, raises the attempt; a writer of an attempt that is over
changes nothing.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from mlops_jlab.entities.runs import ProcessIdentity
from mlops_jlab.entities.schedules import Firing, Schedule, Story, without_secrets
from mlops_jlab.errors import ConflictError, InputError, NotFound, nearest
from mlops_jlab.store import auditing, database
from mlops_jlab.store.processes import is_alive, this_process

_STATE = ("id", "created", "checked", "paused", "seen")
_COLUMNS = "schedule, due, cause, status, attempt, started, ended, folder, run, steps"


def add(connection: sqlite3.Connection, schedule: Schedule, *, who: str) -> None:
    """Keeps a new schedule.

    Raises:
        InputError: its name is taken.
    """
    with database.transaction(connection, durable=True):
        taken = connection.execute(
            "SELECT 1 FROM schedules WHERE name = ? AND removed IS NULL", (schedule.name,)
        ).fetchone()
        if taken:
            raise InputError(f"there is a schedule {schedule.name!r} already", hint="name it with --name")
        connection.execute(
            "INSERT INTO schedules (id, name, spec, paused, created, checked, seen) "
            "VALUES (?, ?, ?, 0, ?, ?, ?)",
            (schedule.id, schedule.name, _spec(schedule), schedule.created, schedule.checked, schedule.seen),
        )
        shown = json.loads(_spec(schedule)) | {
            "alerts": list(map(without_secrets, schedule.alerts)), "spec": auditing.digest_of(_spec(schedule))
        }  # fmt: skip
        auditing.append(connection, who, "add schedule", schedule.name, details=shown)


def _spec(schedule: Schedule) -> str:
    return json.dumps({k: v for k, v in asdict(schedule).items() if k not in _STATE})


def schedules(connection: sqlite3.Connection, *, active: bool = False) -> list[Schedule]:
    """The schedules by name; the ``active`` ones leave those out that are paused."""
    rows = connection.execute(
        "SELECT id, spec, paused, created, checked, seen FROM schedules "
        "WHERE removed IS NULL AND (? OR paused = 0) ORDER BY name",
        (not active,),
    )
    return [_schedule(row) for row in rows]


def _schedule(row: tuple[Any, ...]) -> Schedule:
    known = {field.name for field in fields(Schedule)}
    spec: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(row[1]).items() if k in known
    }
    return Schedule(**spec, id=row[0], paused=bool(row[2]), created=row[3], checked=row[4], seen=row[5])


def find(connection: sqlite3.Connection, name: str) -> Schedule:
    """The schedule with this name or id.

    Raises:
        NotFound: there is none.
    """
    found = schedules(connection)
    for schedule in found:
        if name in (schedule.name, schedule.id):
            return schedule
    raise NotFound(
        f"there is no schedule {name!r}{nearest(name, [s.name for s in found])}",
        hint="see: mlops-jlab schedule list",
    )


def pause(
    connection: sqlite3.Connection, schedule: Schedule, paused: bool, *, who: str, reason: str = ""
) -> None:
    """Pauses a schedule, or lets it go on from now: what was due meanwhile is not caught up."""
    with database.transaction(connection, durable=True):
        connection.execute(
            "UPDATE schedules SET paused = ?, checked = max(checked, ?) WHERE id = ?",
            (paused, 0 if paused else time.time(), schedule.id),
        )
        auditing.append(
            connection, who, "pause schedule" if paused else "resume schedule", schedule.name, reason=reason
        )


def change(connection: sqlite3.Connection, before: Schedule, after: Schedule, *, who: str) -> None:
    """Writes a schedule as it is from now on; what has changed is in the audit log.

    Raises:
        InputError: the new name is taken.
    """
    old, new = (json.loads(_spec(one)) for one in (before, after))
    changed = {name: [old.get(name), new[name]] for name in new if old.get(name) != new[name]}
    if "alerts" in changed:
        changed["alerts"] = [list(map(without_secrets, one.alerts)) for one in (before, after)]
    with database.transaction(connection, durable=True):
        taken = connection.execute(
            "SELECT 1 FROM schedules WHERE name = ? AND removed IS NULL AND id <> ?", (after.name, after.id)
        ).fetchone()
        if taken:
            raise InputError(f"there is a schedule {after.name!r} already", hint="choose another --name")
        connection.execute(
            "UPDATE schedules SET name = ?, spec = ?, checked = max(checked, ?), seen = ? WHERE id = ?",
            (after.name, _spec(after), after.checked, after.seen, after.id),
        )
        auditing.append(
            connection, who, "edit schedule", after.name,
            details={**changed, "spec": auditing.digest_of(_spec(after))},
        )  # fmt: skip


def last_success(connection: sqlite3.Connection, schedule: str, before: str = "~") -> datetime | None:
    """The time that was due of the last firing which finished, of those due before ``before``, if any."""
    row = connection.execute(
        "SELECT due FROM firings WHERE schedule = ? AND status = 'finished' AND due < ? "
        "AND cause NOT IN ('data', 'drift', 'hand') ORDER BY due DESC LIMIT 1",
        (schedule, before),
    ).fetchone()
    return datetime.fromisoformat(row[0].partition(" ")[0]) if row else None


def is_claimed(connection: sqlite3.Connection, schedule: str, due: str) -> bool:
    """Whether somebody has claimed a firing, or has had it."""
    found = connection.execute(
        "SELECT 1 FROM firings WHERE schedule = ? AND due = ?", (schedule, due)
    ).fetchone()
    return found is not None


def try_again(connection: sqlite3.Connection, firing: Firing) -> None:
    """A firing that is over waits again, to be taken over by who asks for it."""
    with database.transaction(connection, durable=True):
        connection.execute(
            "UPDATE firings SET status = 'waiting', not_before = 1e18 WHERE schedule = ? AND due = ? "
            "AND attempt = ? AND status IN ('failed', 'skipped')",
            (firing.schedule, firing.due, firing.attempt),
        )


def remove(connection: sqlite3.Connection, schedule: Schedule, *, who: str, reason: str = "") -> None:
    """Removes a schedule; its history stays."""
    with database.transaction(connection, durable=True):
        connection.execute(
            "UPDATE schedules SET removed = ?, name = name || ' (' || id || ')' WHERE id = ?",
            (time.time(), schedule.id),
        )
        auditing.append(connection, who, "remove schedule", schedule.name, reason=reason)


def claim(
    connection: sqlite3.Connection, schedule: Schedule, due: str, cause: str, *, status: str = "running",
    steps: Sequence[Story] = (), checked: float = 0.0, seen: str = "", alone: bool = True,
) -> bool:  # fmt: skip
    """Whether this process has the firing now: nobody else has it and, if ``alone``, no other runs."""
    with database.transaction(connection, durable=True):
        if alone and is_busy(connection, schedule.id):
            return False
        won = connection.execute(
            "INSERT OR IGNORE INTO firings (schedule, due, cause, status, owner, started, ended, steps) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (schedule.id, due, cause, status, _owner(), time.time(),
             None if status == "running" else time.time(), _steps(steps)),
        ).rowcount  # fmt: skip
        kept = seen if won else ""  # what nobody goes on with was not seen
        connection.execute(
            "UPDATE schedules SET checked = max(checked, ?), seen = CASE ? WHEN '' THEN seen ELSE ? END "
            "WHERE id = ?",
            (checked, kept, kept, schedule.id),
        )
    return bool(won)


def see(connection: sqlite3.Connection, schedule: Schedule, seen: str) -> None:
    """Notes what data looks like now whose content is as before."""
    with database.transaction(connection):
        connection.execute(
            "UPDATE schedules SET seen = ? WHERE id = ? AND seen = ?", (seen, schedule.id, schedule.seen)
        )


def is_busy(connection: sqlite3.Connection, schedule: str) -> bool:
    """Whether a firing of the schedule runs, or waits to be tried again."""
    return bool(
        connection.execute(
            "SELECT 1 FROM firings WHERE schedule = ? AND status IN ('running', 'waiting')", (schedule,)
        ).fetchone()
    )


def left_behind(connection: sqlite3.Connection, now: float) -> list[Firing]:
    """Firings that somebody has to go on with: their owner is dead, or it is time for the next try."""
    rows = connection.execute(
        f"SELECT {_COLUMNS}, owner, not_before FROM firings WHERE status IN ('running', 'waiting')"
    ).fetchall()
    found = []
    for *row, owner, not_before in rows:
        firing = _firing(tuple(row))
        waited = firing.status == "waiting" and not_before <= now
        if waited or (firing.status == "running" and _is_dead(owner)):
            found.append(firing)
    return found


def _is_dead(owner: str) -> bool:
    return is_alive(ProcessIdentity(**json.loads(owner))) is False


def let_go(connection: sqlite3.Connection, firing: Firing) -> None:
    """Gives up a claim of this process that nobody has taken over: the next to look goes on with it.

    No process has started at the time that is noted, whether this one is still there or not.
    """
    with database.transaction(connection, durable=True):
        connection.execute(
            "UPDATE firings SET owner = json_set(owner, '$.started', '-') "
            "WHERE schedule = ? AND due = ? AND attempt = ? AND status = 'running' AND owner = ?",
            (firing.schedule, firing.due, firing.attempt, _owner()),
        )


def cancel_run(connection: sqlite3.Connection, run: str, told: Story) -> None:
    """Ends the firing that a run belongs to, if it does: its process changes it no more, and none goes on."""
    with database.transaction(connection, durable=True):
        connection.execute(
            "UPDATE firings SET status = 'failed', attempt = attempt + 1, ended = ?, "
            "steps = json_insert(steps, '$[#]', json(?)) WHERE status = 'running' AND instr(run, ?)",
            (told.at, json.dumps(asdict(told)), run),
        )


def take_over(connection: sqlite3.Connection, firing: Firing, *, again: bool = True) -> Firing | None:
    """The firing as the next attempt of this process; nothing if another was faster.

    Without ``again`` this process goes on with the attempt that another has claimed for it.
    """
    with database.transaction(connection, durable=True):
        attempt = firing.attempt + again
        won = connection.execute(
            "UPDATE firings SET status = 'running', attempt = ?, owner = ?, ended = NULL "
            "WHERE schedule = ? AND due = ? AND attempt = ? AND status IN ('running', 'waiting')",
            (attempt, _owner(), firing.schedule, firing.due, firing.attempt),
        ).rowcount
    return get(connection, firing.schedule, firing.due) if won else None


def save(connection: sqlite3.Connection, firing: Firing, *, not_before: float = 0.0) -> None:
    """Writes down how far a firing is.

    Raises:
        ConflictError: another process has taken it over.
    """
    with database.transaction(connection, durable=True):
        changed = connection.execute(
            "UPDATE firings SET status = ?, ended = ?, folder = ?, run = ?, steps = ?, not_before = ? "
            "WHERE schedule = ? AND due = ? AND attempt = ?",
            (firing.status, firing.ended, firing.folder, firing.run, _steps(firing.steps), not_before,
             firing.schedule, firing.due, firing.attempt),
        ).rowcount  # fmt: skip
    if not changed:
        raise ConflictError(f"the firing of {firing.due} was taken over by another worker")


def get(connection: sqlite3.Connection, schedule: str, due: str) -> Firing:
    """One firing.

    Raises:
        InputError: there is none.
    """
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM firings WHERE schedule = ? AND due = ?", (schedule, due)
    ).fetchone()
    if row is None:
        raise InputError(f"the schedule was not due at {due}")
    return _firing(row)


def find_firing(connection: sqlite3.Connection, schedule: str, due: str) -> Firing | None:
    """One firing, if there is one."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM firings WHERE schedule = ? AND due = ?", (schedule, due)
    ).fetchone()
    return _firing(row) if row else None


def firings(connection: sqlite3.Connection, schedule: str, limit: int = 30) -> list[Firing]:
    """The last firings of a schedule, the newest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM firings WHERE schedule = ? ORDER BY started DESC, due DESC LIMIT ?",
        (schedule, limit),
    )
    return [_firing(row) for row in rows]


def _firing(row: tuple[Any, ...]) -> Firing:
    *first, steps = row
    told: dict[str, Any] = dict(zip(_COLUMNS.split(", "), first, strict=False))
    return Firing(**told, steps=tuple(Story(**step) for step in json.loads(steps)))


def _steps(steps: Sequence[Story]) -> str:
    return json.dumps([asdict(step) for step in steps])


def _owner() -> str:
    return json.dumps(asdict(this_process()))
