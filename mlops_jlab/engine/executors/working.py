"""A step on a worker of an engine: what such a worker calls."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mlops_jlab import __version__
from mlops_jlab.engine.step.attempt import CellFailure, Execution
from mlops_jlab.engine.step.papermill import execute as execute_notebook
from mlops_jlab.engine.step.shells import Shells
from mlops_jlab.errors import MlopsError, RunError
from mlops_jlab.handoff.records import claims, record_path
from mlops_jlab.handoff.remote import Artifacts
from mlops_jlab.handoff.trust import KEY_FILE
from mlops_jlab.handoff.variables import ARTIFACTS, HANDOFF
from mlops_jlab.interpreter import SAFE
from mlops_jlab.processes.client import connect, start, wanted
from mlops_jlab.processes.specs import check_kernel, python_of_kernel

_LOOK = 1.0  # seconds between two looks at whether the step is still wanted
_LINGER = 60.0  # seconds for which a warm parent waits for the next step


class FolderStop:
    """Requests to stop, in the folder of the run that runner and worker share."""

    def __init__(self, run: Path) -> None:
        self._folder = run / "stop"

    def ask_to_stop(self, attempt: str, why: str) -> None:
        """Asks whoever executes this attempt to stop."""
        self._folder.mkdir(exist_ok=True)
        (self._folder / attempt).write_text(why, "utf-8")

    def asked_to_stop(self, attempt: str) -> str:
        """Why an attempt is to be stopped, or nothing."""
        with suppress(OSError):
            return (self._folder / attempt).read_text("utf-8")
        return ""


def introduce(mark: str, store: str) -> dict[str, Any]:
    """What a runner must know of this worker before it sends steps."""
    return {
        "version": __version__,
        "sees_run": Path(mark).is_file(),
        "sees_store": Path(store).is_dir() if store else True,
    }


def execute(order: str) -> str:
    """Executes a step; the answer is JSON too. A step that is finished already is not executed again."""
    work: dict[str, Any] = json.loads(order)
    answer: dict[str, Any] = {"worker": str(_worker().address), "failure": None}
    try:
        with _scratches.of(work["run"]) as scratch:
            failure = _Step(work, scratch).go()
        answer["failure"] = asdict(failure) if failure is not None else None
    except MlopsError as error:
        answer["error"] = str(error)
    return json.dumps(answer)


class _Step:
    def __init__(self, work: dict[str, Any], scratch: Path) -> None:
        self._work = work
        self._scratch = scratch
        self._artifacts = Artifacts(work["artifacts"]) if work["artifacts"] else None
        self._run = scratch if self._artifacts is not None else Path(work["run"])
        self._stop = self._artifacts or FolderStop(self._run)
        self._target = self._run / "executed" / work["name"]
        self._over = threading.Event()

    def go(self) -> CellFailure | None:
        if self._is_done():
            return None
        check_kernel(self._work["kernel"])
        handoff = self._run / "handoff"
        for folder in (handoff, self._target.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._artifacts is not None:
            self._artifacts.fetch_records(handoff)
        execution = Execution(on_cell=self._told)
        watch = threading.Thread(target=self._watch, args=(execution, _is_wanted()), daemon=True)
        watch.start()
        try:
            failure = self._execute(execution)
        finally:
            self._over.set()
            watch.join()
        if self._artifacts is not None:
            if failure is None:
                position, step = self._work["position"], self._work["step"]
                self._artifacts.put_step(handoff, position, step, self._target)
            else:
                self._artifacts.put_executed(self._target)
        return failure

    def _is_done(self) -> bool:
        """Whether this attempt was finished by a worker that died before it could say so."""
        position, step = self._work["position"], self._work["step"]
        if self._artifacts is not None:
            return bool(self._artifacts.attempt_of(position, step) == self._work["attempt"])
        path = record_path(self._run / "handoff", position, step)
        with suppress(OSError, ValueError):
            return bool(claims(path.read_text("ascii"))["attempt"] == self._work["attempt"])
        return False

    def _execute(self, execution: Execution) -> CellFailure | None:
        work = self._work
        source = self._target.with_name(f".{work['attempt']}.source.ipynb")
        source.write_text(work["source"], "utf-8")
        folder = Path(work["folder"])
        environment = {
            **work["environment"], **work["variables"], HANDOFF: str(self._run / "handoff"),
            KEY_FILE: str(_key_file(self._scratch, work["key"])),
            **({ARTIFACTS: work["artifacts"]} if work["artifacts"] else {}),
        }  # fmt: skip
        if SAFE in os.environ:  # it keeps the worker from modules in its folder, and the step as the runner
            environment[SAFE] = work["safe"]
        shells = self._shells(environment, folder)
        try:
            return execute_notebook(
                source, self._target, parameters=work["parameters"], environment=environment,
                folder=folder if folder.is_dir() else self._run, kernel=work["kernel"],
                execution=execution, shells=shells, cpus=work["cpus"], processes=work["processes"],
            )  # fmt: skip
        finally:
            source.unlink(missing_ok=True)
            if shells is not None:
                shells.let_go()

    def _shells(self, environment: dict[str, str], folder: Path) -> Shells | None:
        sources = [
            "".join(cell["source"])
            for cell in json.loads(self._work["source"])["cells"]
            if cell["cell_type"] == "code"
        ]
        python = python_of_kernel(self._work["kernel"])
        if self._work["cold"] or not python or not start.is_possible() or wanted.needs_kernel(sources):
            return None
        whole = {**os.environ, **environment}
        with suppress(RunError):
            parent = connect.connect(python, self._work["modules"], whole, _LINGER)
            return Shells(parent, whole, folder if folder.is_dir() else self._run)
        return None

    def _told(self, index: int, count: int, cell: str) -> None:
        _tell({"attempt": self._work["attempt"], "index": index, "count": count, "cell": cell})

    def _watch(self, execution: Execution, is_wanted: Callable[[], bool]) -> None:
        while not self._over.wait(_LOOK):
            why = self._stop.asked_to_stop(self._work["attempt"])
            if not why and not is_wanted():
                why = "the runner is gone"
            if why:
                execution.stop(why)
                return


class _Scratches:
    """Private folders of this worker, one a run; that of a run with no step here goes with the next run.

    They lie in the worker's own folder, which Dask removes, that of a killed worker as well.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folders: dict[str, tempfile.TemporaryDirectory[str]] = {}
        self._busy: Counter[str] = Counter()

    @contextmanager
    def of(self, run: str) -> Iterator[Path]:
        """The folder of a run, for the time of one step."""
        with self._lock:
            for other in [name for name in self._folders if name != run and not self._busy[name]]:
                self._folders.pop(other).cleanup()
            if run not in self._folders:
                self._folders[run] = tempfile.TemporaryDirectory(
                    prefix="mlops-jlab-", dir=_worker().local_directory, ignore_cleanup_errors=True
                )
            folder = Path(self._folders[run].name)
            self._busy[run] += 1
        try:
            yield folder
        finally:
            with self._lock:
                self._busy[run] -= 1


_scratches = _Scratches()


def _key_file(folder: Path, key: str) -> Path:
    """The runner's secret, for the processes of its steps: they sign what the runner will read."""
    path = folder / "run.key"
    if not path.exists():
        fresh = folder / f".{secrets.token_hex(8)}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(bytes.fromhex(key))
        os.replace(fresh, path)
    return path


def _worker() -> Any:
    from distributed import get_worker

    return get_worker()


def _tell(message: dict[str, Any]) -> None:
    _worker().log_event("mlops-jlab", message)


def _is_wanted() -> Callable[[], bool]:
    """Asks Dask whether anybody still waits for what this thread computes."""
    from distributed.worker import thread_state

    worker, key = _worker(), thread_state.key

    def ask() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state in ("executing", "long-running")

    return ask
