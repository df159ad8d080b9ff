"""Commands of ours in processes that outlive the server, looked after until their run has begun."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_jlab import interpreter
from mlops_jlab.entities.runs import RunStatus
from mlops_jlab.errors import InputError, RunError, StoreError
from mlops_jlab.store import location, opening
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import announcing
from mlops_jlab.tracking.announcing import Announcement

_PAUSE = 5.0  # seconds until a store that cannot be written is tried again
_SAID = 1500  # characters of the end of a log that tell why a run did not begin


@dataclass
class _Child:
    """A process that was started for a run."""

    process: subprocess.Popen[bytes]
    cancelled: bool = False


_children: dict[str, _Child] = {}  # by the run that they are to begin
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
        log.parent.mkdir(mode=0o700, exist_ok=True)
        child = _Child(start(place, [*words, "--run-id", run.id], log, folder))
    except OSError as error:
        reason = f"its process could not be started: {error}"
        announcing.give_up(place, run.id, RunStatus.FAILED, reason)
        raise RunError(f"run {run.id[:12]} cannot begin: {reason}") from error
    with _lock:
        _children[run.id] = child
    threading.Thread(
        target=_look_after, args=(place, run.id, child), name=f"run {run.id[:12]}", daemon=True
    ).start()  # fmt: skip


def start(place: Place, words: Sequence[str], log: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Starts a command of ours; what it says goes to ``log``."""
    with log.open("ab") as file:
        return subprocess.Popen(
            interpreter.words("-m", "mlops_jlab", *words), stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            start_new_session=True, cwd=folder,
            env=interpreter.environment(os.environ, **{location.VARIABLE: str(place.root)}),
        )  # fmt: skip


def leave_alone(process: subprocess.Popen[bytes]) -> None:
    """Nobody asks how it ends; it must only leave no zombie."""
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


def _look_after(place: Place, run_id: str, child: _Child) -> None:
    code = child.process.wait()
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
    said = end_of(log, _SAID).strip()
    if cancelled:
        why = "cancelled before it began"
    elif code < 0:
        why = f"its process was ended by {_signal(-code)} before the run began"
    else:
        why = f"its process ended with code {code} before the run began"
    return f"{why}\n{said}".strip()


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def end_of(path: Path, most: int) -> str:
    """The last ``most`` bytes of a file as a text; nothing if there is none."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - most))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
