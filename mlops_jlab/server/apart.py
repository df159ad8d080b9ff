"""Commands of ours in processes that outlive the server, looked after until their run has begun."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlops_jlab import interpreter
from mlops_jlab.engine.folder import logs
from mlops_jlab.entities.runs import RunStatus
from mlops_jlab.errors import InputError, RunError, StoreError
from mlops_jlab.store import location, opening
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import announcing
from mlops_jlab.tracking.announcing import Announcement

_PAUSE = 5.0  # seconds until a store that cannot be written is tried again
_LAST_WORDS = 5.0  # seconds in which they are in the log
_SAID = 1500  # characters of the end of a log that tell why a run did not begin


@dataclass
class Child:
    """A process that was started, and the one that writes its log."""

    process: subprocess.Popen[bytes]
    log: subprocess.Popen[bytes]
    cancelled: bool = False


_children: dict[str, Child] = {}  # by the run that they are to begin
_lock = threading.Lock()


def start_run(place: Place, run: Announcement, words: Sequence[str], folder: Path) -> None:
    """Announces a run and starts the command that executes it, under the announced id.

    What the command says goes to the run's log. Ends it before it has begun the run, that one has failed,
    with the end of the log as the reason.

    Raises:
        RunError: the process cannot be started; the run has failed then.
        StoreError: the store cannot be written; nothing is started.
    """
    announcing.announce(place, run)
    log = place.log_of(run.id)
    try:
        child = start(place, [*words, "--run-id", run.id], log, folder)
    except OSError as error:
        reason = f"its process could not be started: {error}"
        announcing.give_up(place, run.id, RunStatus.FAILED, reason)
        raise RunError(f"run {run.id[:12]} cannot begin: {reason}") from error
    with _lock:
        _children[run.id] = child
    threading.Thread(
        target=_look_after, args=(place, run.id, child), name=f"run {run.id[:12]}", daemon=True
    ).start()  # fmt: skip


def start(place: Place, words: Sequence[str], log: Path, folder: Path) -> Child:
    """Starts a command of ours; what it says goes to ``log``."""
    with interpreter.masked_log(log) as writer:
        process = subprocess.Popen(
            interpreter.words("-m", "mlops_jlab", *words), stdin=subprocess.DEVNULL, stdout=writer.stdin,
            stderr=writer.stdin, start_new_session=True, cwd=folder,
            env=interpreter.environment(os.environ, **{location.VARIABLE: str(place.root)}),
        )  # fmt: skip
    return Child(process, writer)


def leave_alone(child: Child) -> None:
    """Nobody asks how it ends; it must only leave no zombie."""
    process = child.process
    threading.Thread(target=process.wait, name=f"process {process.pid}", daemon=True).start()


def cancel(run_id: str) -> None:
    """Stops the process of a run that has not begun yet.

    Raises:
        InputError: it was started elsewhere.
    """
    with _lock:
        child = _children.get(run_id)
        if child is not None:
            child.cancelled = True
            child.process.terminate()
    if child is None:
        raise InputError(
            f"run {run_id[:12]} has not begun, and was not started by this server",
            hint="cancel it when it is running",
        )


def _look_after(place: Place, run_id: str, child: Child) -> None:
    code = child.process.wait()
    with suppress(subprocess.TimeoutExpired):
        child.log.wait(_LAST_WORDS)
    with _lock:
        del _children[run_id]
    status = RunStatus.KILLED if child.cancelled else RunStatus.FAILED
    why = _why(code, place.log_of(run_id), cancelled=child.cancelled)
    while opening.exists(place):
        try:
            announcing.give_up(place, run_id, status, why)
            return
        except StoreError:  # others hold it
            time.sleep(_PAUSE)


def _why(code: int, log: Path, *, cancelled: bool) -> str:
    if cancelled:
        return "cancelled before it began"
    if code < 0:
        why = f"its process was ended by {_signal(-code)} before the run began"
    else:
        why = f"its process ended with code {code} before the run began"
    return f"{why}\n{logs.end_of(log, _SAID).strip()}".strip()


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
