"""How a run begins, goes on and ends, and which run is meant when none is named."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from mlops_jlab.entities.runs import DEFAULT_EXPERIMENT, new_run_id
from mlops_jlab.errors import MlopsError, StoreError, TrackingError
from mlops_jlab.store import location
from mlops_jlab.store.location import Place
from mlops_jlab.store.processes import account, this_process
from mlops_jlab.store.recorder import Recorder, before_closing, owner_text, recorder_for
from mlops_jlab.telling import tell
from mlops_jlab.tracking import current as stacks
from mlops_jlab.tracking import values
from mlops_jlab.tracking.live import Begun, Keeper, LiveRun
from mlops_jlab.tracking.provenance import notebook
from mlops_jlab.tracking.provenance.collecting import Provenance

RUN = "MLOPS_JLAB_RUN"  # the run of the step that this kernel executes: id:attempt:name
EXPERIMENT = "MLOPS_JLAB_EXPERIMENT"

_experiment = ""
_named: dict[tuple[Path, str], LiveRun] = {}  # runs of others that were logged to, by store and given id
_given: dict[str, LiveRun] = {}  # by the text of the variable
_origins: dict[str, Provenance] = {}
_last: LiveRun | None = None


def recorder(place: Place | None = None) -> Recorder:
    """The writer of a store: without ``place`` of the one that serves the working directory.

    Raises:
        StoreError: the store cannot be used.
    """
    before_closing(end_all)
    return recorder_for(place or location.find(), tell)


def set_experiment(name: str) -> str:
    """Runs that are started from now on belong to this experiment."""
    global _experiment
    _experiment = values.name_of(name, "experiment")
    return _experiment


def start(
    *,
    name: str = "",
    experiment: str = "",
    parent: str = "",
    nested: bool = False,
    group: str = "",
    kind: str = "",
    tags: Mapping[str, Any] | None = None,
    note: str = "",
    source: Path | None = None,
    activate: bool = True,
    provenance: bool = True,
    run_id: str = "",
    at: float | None = None,
) -> LiveRun:
    """Starts a run and makes it the active one, unless ``activate`` is off.

    With ``run_id`` it is the run that somebody has announced under that id, or asks for by it. ``at`` is when
    it began, in seconds since 1970; now by default.

    A run that is active already becomes its parent if ``nested``, if the new run is used as a context
    manager, or if the active one is; else it is ended, as when its cell is executed again.

    Raises:
        TrackingError: another process has begun the run ``run_id``.
    """
    writer = recorder()
    source = source or notebook.source()
    above = current() if activate else None
    within = above is not None and (nested or _stays(above))
    begun = Begun(
        id=run_id or new_run_id(),
        name=values.label(name, "name of the run") or _name(source.stem if source else ""),
        experiment=experiment or _experiment_of(above, within=within),
        parent=parent or (above.id if above and within else ""),
        kind=kind or ("notebook" if notebook.is_kernel() else "script"),
        at=time.time() if at is None else at,
    )
    run = LiveRun(writer, begun, _KEEPER)
    if above is not None and not begun.parent and above.begun.kind == begun.kind:
        run.replaces = above
    writer.put(["run", begun.id, 1, {
        "name": begun.name, "experiment": begun.experiment, "parent": begun.parent, "kind": begun.kind,
        "grouping": values.label(group, "group of the run"), "source": str(source or ""), "user": user(),
        "owner": owner_text(), "started": begun.at,
    }])  # fmt: skip
    if run_id:
        with suppress(StoreError):  # while it cannot be used nobody knows, and what is logged waits
            _check_is_mine(writer, begun)
    _activate(run, active=activate, origin=_origin_of(run, source) if provenance else None)
    run.set_tags(tags or {})
    if note:
        run.note(note)
    return run


def _experiment_of(above: LiveRun | None, *, within: bool) -> str:
    """A child belongs to its parent's experiment, another run to the one that was set."""
    parents = above.begun.experiment if above else ""
    chosen = parents if within and parents else _experiment or parents
    return chosen or os.environ.get(EXPERIMENT, "") or DEFAULT_EXPERIMENT


def _stays(above: LiveRun) -> bool:
    """Whether the active run is not ended by the start of another: a block, or a step's own run."""
    return above.entered or not above.begun.owned


def activate(run: LiveRun) -> LiveRun:
    """Makes a run of this process the active one; gives it back."""
    global _last
    stacks.push(run)
    _last = run
    return run


def _activate(run: LiveRun, *, active: bool, origin: Provenance | None) -> None:
    run.recorder.keep_alive(run.id, run.begun.attempt)
    if active:
        activate(run)
    if origin is not None:
        _origins[run.id] = origin


def begin_again(run: LiveRun) -> None:
    """Goes on with a run that this process ended: its next attempt. Later lines of the last are late."""
    run.begun.attempt += 1
    run.begin_again()
    run.recorder.put(["resume", run.id, run.begun.attempt, {"owner": owner_text(), "at": time.time()}])
    run.recorder.keep_alive(run.id, run.begun.attempt)


def resume(run_id: str, *, provenance: bool = True, activate: bool = True) -> LiveRun:
    """Goes on with a run that ended or was killed, as the active one unless ``activate`` is off.

    One that is active here is simply given.

    Raises:
        InputError: there is no such run.
        TrackingError: another process is writing it.
    """
    from mlops_jlab.store import opening, reading, recovery

    for run in stacks.stack():
        if run.id == run_id:
            return run
    writer = recorder()
    with opening.reading(writer.place) as connection:
        found = reading.find(connection, run_id)
    if not found.status.is_over and not recovery.is_dead(found.owner, found.heartbeat, time.time()):
        owner = found.owner
        raise TrackingError(
            f"run {found.id[:12]} is being written by process {owner.pid if owner else '?'}"
            f"{f' on {owner.host}' if owner else ''}",
            hint="end it there first, or start a nested run",
        )
    begun = Begun(found.id, found.name, found.experiment, found.attempt + 1, found.parent, found.kind,
                  found.started)  # fmt: skip
    run = LiveRun(writer, begun, _KEEPER)
    run.go_on_from(found)
    for key in [key for key, named in _named.items() if named.id == found.id]:
        del _named[key]  # it would write for the attempt before
    writer.put(["resume", found.id, begun.attempt, {"owner": owner_text(), "at": time.time()}])
    _check_is_mine(writer, begun)
    _activate(run, active=activate, origin=_origin_of(run, notebook.source()) if provenance else None)
    return run


def _origin_of(run: LiveRun, source: Path | None) -> Provenance:
    """Where a run comes from. The runner samples steps itself, and within one there is nobody else to."""
    by_runner = RUN in os.environ or run.begun.kind in ("pipeline", "sweep")
    return Provenance(run, source, samples=not by_runner)


def _check_is_mine(writer: Recorder, begun: Begun) -> None:
    """Two may have tried: the store has the one that was first."""
    from mlops_jlab.store import opening, reading

    writer.flush()
    with opening.reading(writer.place) as connection:
        now = reading.find(connection, begun.id)
    if (now.attempt, now.started, now.owner) != (begun.attempt, begun.at, this_process()):
        raise TrackingError(f"run {begun.id[:12]} was taken up by another process already")


def current() -> LiveRun | None:
    """The active run, if there is one: started here, or of the step that this kernel executes."""
    runs = stacks.stack()
    if runs:
        top = runs[-1]
        if top.replaces is not None:
            old, top.replaces = top.replaces, None
            old.end()
        return top
    given = os.environ.get(RUN, "")
    if not given:
        return None
    if given not in _given:
        run_id, attempt, name = (given + "::").split(":")[:3]
        _given[given] = attach(run_id, int(attempt or 1), name, os.environ.get(EXPERIMENT, ""), kind="step")
    return _given[given]


def run_of(run_id: str, place: Place | None = None) -> LiveRun:
    """The run with an id, to log to: an active one of this process, or any that the store has.

    Without ``place`` that is the store which serves the working directory.

    Raises:
        NotFound: there is none.
    """
    for run in stacks.everywhere() + stacks.stack():
        if run.id == run_id:
            return run
    writer = recorder(place)
    found = _named.get((writer.place.root, run_id))
    if found is None:
        from mlops_jlab.store import opening, reading

        with opening.reading(writer.place) as connection:
            known = reading.find(connection, run_id)
        for run in stacks.everywhere() + stacks.stack():
            if run.id == known.id:
                return run
        found = attach(known.id, known.attempt, known.name, known.experiment, known.kind, place)
        found.go_on_from(known)
        _named[writer.place.root, run_id] = found
    return found


def attach(
    run_id: str, attempt: int, name: str, experiment: str, kind: str = "script", place: Place | None = None
) -> LiveRun:
    """A run of another process, to log to; it is that process which ends it."""
    begun = Begun(run_id, name, experiment, attempt, kind=kind, at=time.time(), owned=False)
    return LiveRun(recorder(place), begun, _KEEPER)


def last() -> LiveRun | None:
    """The run that was started last, active or not."""
    return current() or _last


def _ending(run: LiveRun) -> None:
    origin = _origins.pop(run.id, None)
    if origin is not None:
        origin.end()


_KEEPER = Keeper(stacks.remove, _ending, attach)


def end_all() -> None:
    """At the end of the process: what is still active was not ended by anybody.

    In a kernel that means that it was stopped or restarted; a script that came to its end is done, and
    one that raised has failed.
    """
    error = getattr(sys, "last_value", None)
    for run in reversed(stacks.everywhere()):
        with suppress(MlopsError):
            if notebook.is_kernel():
                run.end("KILLED", "the kernel was stopped or restarted while the run was active")
            elif isinstance(error, BaseException):
                run.fail(error)
            else:
                run.end()


def _name(stem: str) -> str:
    return f"{stem or 'run'}-{secrets.token_hex(2)}"


_acting: ContextVar[str] = ContextVar("acting", default="")


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """Within it ``name`` is at work: the one whom a server has recognised, not the one that it runs as."""
    token = _acting.set(name)
    try:
        yield
    finally:
        _acting.reset(token)


def who() -> str:
    """Who is at work, and on which machine: for the audit log and for approvals.

    It is whom a server has recognised, or the account that the process has the rights of; no variable of the
    environment says otherwise.
    """
    return f"{_acting.get() or account()}@{socket.gethostname()}"


def user() -> str:
    """Who is at work, by the name that the hub or the system knows."""
    for key in ("JUPYTERHUB_USER", "USER", "LOGNAME", "USERNAME"):
        if os.environ.get(key):
            return os.environ[key]
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid()) if hasattr(os, "getuid") else ""
