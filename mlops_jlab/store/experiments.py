"""Experiments as rows: made by runs or by hand, tagged, renamed, hidden with their runs and shown again."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping

from mlops_jlab.entities.experiments import Experiment
from mlops_jlab.entities.runs import DEFAULT_EXPERIMENT
from mlops_jlab.errors import ConflictError, InputError, NotFound, nearest
from mlops_jlab.masking import masked_tags
from mlops_jlab.store import auditing, database

_COLUMNS = "id, name, created, tags, deleted"


def every(connection: sqlite3.Connection) -> list[Experiment]:
    """All experiments, deleted ones among them, the oldest first."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM experiments ORDER BY id").fetchall()
    return [_experiment(row) for row in rows]


def _experiment(row: tuple[int, str, float, str, float | None]) -> Experiment:
    number, name, created, tags, deleted = row
    return Experiment(number, name, created, json.loads(tags), deleted)


def named(connection: sqlite3.Connection, name: str) -> Experiment | None:
    """The experiment with a name, if there is one."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM experiments WHERE name = ?", (name,)).fetchone()
    return _experiment(row) if row else None


def find(connection: sqlite3.Connection, number: int) -> Experiment:
    """The experiment with a number.

    Raises:
        NotFound: there is none.
    """
    row = connection.execute(f"SELECT {_COLUMNS} FROM experiments WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise NotFound(f"there is no experiment {number}", hint="see them with search_experiments()")
    return _experiment(row)


def make(connection: sqlite3.Connection, name: str, tags: Mapping[str, str]) -> Experiment:
    """A new experiment without runs.

    Raises:
        ConflictError: there is one of this name, which may be a deleted one.
    """
    with database.transaction(connection, durable=True):
        found = named(connection, name)
        if found is not None:
            deleted = " and is deleted" if found.deleted else ""
            raise ConflictError(
                f"the experiment {name!r} exists{deleted}",
                hint="restore_experiment() shows it again" if deleted else "set_experiment() takes it",
            )
        connection.execute(
            "INSERT INTO experiments (name, created, tags) VALUES (?, ?, ?)",
            (name, time.time(), json.dumps(masked_tags(tags))),
        )
    return _known(connection, name)


def _known(connection: sqlite3.Connection, name: str) -> Experiment:
    found = named(connection, name)
    if found is None:
        known = [one.name for one in every(connection)]
        raise NotFound(f"there is no experiment {name!r}{nearest(name, known)}")
    return found


def tag(connection: sqlite3.Connection, experiment: Experiment, key: str, value: str | None) -> None:
    """Sets a tag of an experiment; None takes it away."""
    tags = {name: text for name, text in experiment.tags.items() if name != key}
    if value is not None:
        tags |= masked_tags({key: value})
    with database.transaction(connection):
        connection.execute("UPDATE experiments SET tags = ? WHERE id = ?", (json.dumps(tags), experiment.id))


def rename(connection: sqlite3.Connection, experiment: Experiment, name: str) -> None:
    """Gives an experiment another name; its runs stay with it.

    Raises:
        ConflictError: another one has that name.
    """
    with database.transaction(connection, durable=True):
        if named(connection, name) is not None:
            raise ConflictError(f"the experiment {name!r} exists", hint="choose another name")
        connection.execute("UPDATE experiments SET name = ? WHERE id = ?", (name, experiment.id))


def delete(connection: sqlite3.Connection, experiment: Experiment, who: str) -> None:
    """Hides an experiment with its runs; nothing is lost before a store is cleaned up.

    Raises:
        InputError: it is the default one, or one of its runs is still running.
    """
    if experiment.name == DEFAULT_EXPERIMENT:
        raise InputError("the default experiment cannot be deleted", hint="delete its runs")
    busy = connection.execute(
        "SELECT id FROM runs WHERE experiment = ? AND status IN ('pending', 'running') AND deleted IS NULL",
        (experiment.id,),
    ).fetchone()
    if busy:
        raise InputError(f"run {busy[0][:12]} is still running", hint="end it first")
    now = time.time()
    with database.transaction(connection, durable=True):
        connection.execute("UPDATE experiments SET deleted = ? WHERE id = ?", (now, experiment.id))
        connection.execute(
            "UPDATE runs SET deleted = ? WHERE experiment = ? AND deleted IS NULL", (now, experiment.id)
        )
        auditing.append(connection, who, "delete experiment", experiment.name)


def restore(connection: sqlite3.Connection, experiment: Experiment, who: str) -> None:
    """Shows a deleted experiment again, with the runs that were hidden with it."""
    with database.transaction(connection, durable=True):
        connection.execute(
            "UPDATE runs SET deleted = NULL WHERE experiment = ? AND deleted = ?",
            (experiment.id, experiment.deleted),
        )
        connection.execute("UPDATE experiments SET deleted = NULL WHERE id = ?", (experiment.id,))
        auditing.append(connection, who, "restore experiment", experiment.name)
