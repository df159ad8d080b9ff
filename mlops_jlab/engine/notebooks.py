"""One notebook through papermill, in a kernel of its own: the door to papermill and its kernels."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_jlab.errors import InputError, RunError, nearest

ENGINE = "mlops-jlab"
START_TRIES = 3
_GRACE = 2.0


@dataclass(frozen=True)
class CellFailure:
    """What a cell raised, or how its kernel ended."""

    kind: str
    message: str
    cell_id: str = ""
    traceback: str = ""


@dataclass
class Execution:
    """One notebook while it runs. Other threads may :meth:`stop` it."""

    on_cell: Callable[[int, int, str], None] = lambda _index, _count, _cell: None
    stopped: str = ""
    cell_id: str = ""
    _manager: Any = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def attach(self, manager: Any) -> None:
        """The kernel manager is there, so that its kernel can be ended."""
        with self._lock:
            self._manager = manager
        self.go_on()

    def go_on(self) -> None:
        """Raises RuntimeError if the execution was stopped before its kernel could be told."""
        if self.stopped:
            raise RuntimeError(self.stopped)

    def stop(self, why: str) -> None:
        """Interrupts the kernel, and after a moment kills it with all its children."""
        self.stopped = self.stopped or why
        group = self._group()
        if group is None:
            return
        _signal_group(group, signal.SIGINT)
        deadline = time.monotonic() + _GRACE
        while time.monotonic() < deadline and self._group() is not None:
            time.sleep(0.05)
        _signal_group(group, getattr(signal, "SIGKILL", signal.SIGTERM))

    def reap(self) -> None:
        """Waits for a kernel that jupyter_client gave up waiting for, on a busy machine."""
        process = getattr(getattr(self._manager, "provisioner", None), "process", None)
        if process is not None:
            with suppress(OSError):
                process.kill()
            process.wait()

    def _group(self) -> int | None:
        """The process group of the kernel, while the kernel lives."""
        with self._lock:
            provisioner = getattr(self._manager, "provisioner", None)
        process = getattr(provisioner, "process", None)
        if process is None or process.poll() is not None:
            return None
        return int(getattr(provisioner, "pgid", None) or process.pid)


def _signal_group(group: int, number: int) -> None:
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(group, number)
        else:
            os.kill(group, number)


def check_kernel(name: str) -> None:
    """Raises InputError with the available kernels if there is no kernel ``name``."""
    from jupyter_client.kernelspec import KernelSpecManager

    known = sorted(KernelSpecManager().find_kernel_specs())
    if name not in known:
        raise InputError(
            f"there is no kernel {name!r}{nearest(name, known)}",
            hint=f"available: {', '.join(known) or 'none'}; choose one with --kernel NAME",
        )


def execute(
    source: Path, target: Path, *, parameters: Mapping[str, Any], environment: Mapping[str, str],
    folder: Path, kernel: str, execution: Execution,
) -> CellFailure | None:  # fmt: skip
    """Runs the notebook ``source`` in ``folder`` and writes it, executed, to ``target``.

    What was done up to a failing cell is in ``target`` in every case. A kernel that does not start
    is tried again. Gives the failure, or nothing when every cell was run.

    Raises:
        RunError: the kernel cannot be started.
    """
    _quieten()
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    for attempt in range(1, START_TRIES + 1):
        try:
            _execute(source, target, parameters, environment, folder, kernel, execution)
        except PapermillExecutionError as error:
            return _of_papermill(error, execution)
        except (DeadKernelError, CellTimeoutError) as error:
            if not execution.cell_id and not execution.stopped and attempt < START_TRIES:
                continue
            return CellFailure("DeadKernel", _death(execution, error), execution.cell_id)
        except RuntimeError as error:
            if execution.stopped:
                return CellFailure("Stopped", execution.stopped, execution.cell_id)
            if execution.cell_id:
                return CellFailure(type(error).__name__, str(error), execution.cell_id)
            if attempt == START_TRIES:
                raise RunError(f"the kernel {kernel!r} does not start: {error}") from error
        else:
            return None
    return None


def _execute(
    source: Path, target: Path, parameters: Mapping[str, Any], environment: Mapping[str, str],
    folder: Path, kernel: str, execution: Execution,
) -> None:  # fmt: skip
    import papermill

    _register_engine()
    target.parent.mkdir(parents=True, exist_ok=True)
    papermill.execute_notebook(
        str(source), str(target), parameters=dict(parameters), engine_name=ENGINE,
        kernel_name=kernel, progress_bar=False, start_timeout=60, step_execution=execution,
        step_environment=dict(environment), step_folder=str(folder),
        step_log=str(target.with_suffix(".log")),
    )  # fmt: skip


def _register_engine() -> None:
    """Adds our engine to papermill's: the stock one with a kernel that can be stopped."""
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines

    if ENGINE in papermill_engines._engines:
        return

    class StepEngine(NBClientEngine):  # type: ignore[misc]  # papermill is untyped
        """Papermill's nbclient engine over IPC, with environment and folder of the step's own."""

        @classmethod
        def execute_managed_notebook(
            cls, nb_man: Any, kernel_name: str, log_output: bool = False, start_timeout: int = 60,
            *, step_execution: Execution, step_environment: dict[str, str], step_folder: str, step_log: str,
            **_others: Any,
        ) -> Any:  # fmt: skip
            ids = [cell.get("id", "") for cell in nb_man.nb.cells if cell.cell_type == "code"]

            def started(cell: Any, **_more: Any) -> None:
                step_execution.go_on()
                if cell.cell_type == "code":
                    step_execution.cell_id = cell.get("id", "")
                    place = ids.index(step_execution.cell_id)
                    step_execution.on_cell(place, len(ids), step_execution.cell_id)

            client = PapermillNotebookClient(
                nb_man, kernel_name=kernel_name, startup_timeout=start_timeout, timeout=None,
                raise_on_iopub_timeout=False, iopub_timeout=10, on_cell_start=started,
                resources={"metadata": {"path": step_folder}}, log_output=log_output,
            )  # fmt: skip
            manager = client.create_kernel_manager()
            _use_ipc(manager)
            step_execution.attach(manager)
            # What the kernel says outside its cells (a crash, a warning of its own) goes to a log.
            with open(step_log, "ab") as log:
                try:
                    return client.execute(env={**os.environ, **step_environment}, stdout=log, stderr=log)
                finally:
                    step_execution.reap()

    papermill_engines.register(ENGINE, StepEngine)


def _use_ipc(manager: Any) -> None:
    """Sockets in the user's runtime folder: no ports, so no race for them (papermill 511).

    The path is ours because jupyter_client's default is relative to the working directory. Where
    it would be longer than a socket's may be, and on Windows, TCP stays.
    """
    from jupyter_core.paths import jupyter_runtime_dir

    path = os.path.join(jupyter_runtime_dir(), f"mlops-{secrets.token_hex(8)}")
    if sys.platform != "win32" and len(path) < 100:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        manager.transport = "ipc"
        manager.ip = path


def _of_papermill(error: Any, execution: Execution) -> CellFailure:
    if execution.stopped:
        return CellFailure("Stopped", execution.stopped, execution.cell_id)
    return CellFailure(
        str(error.ename), str(error.evalue), execution.cell_id, "\n".join(map(str, error.traceback))
    )


def _death(execution: Execution, error: BaseException) -> str:
    if execution.stopped:
        return execution.stopped
    process = getattr(getattr(execution._manager, "provisioner", None), "process", None)
    code = process.poll() if process is not None else None
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"the kernel was killed by {signal.Signals(-code).name}"
    return f"the kernel died: {str(error).strip() or 'no reason was given'}"


def _quieten() -> None:
    """Papermill logs what our own messages say better; the first warning of zmq is no news."""
    logging.getLogger("papermill").setLevel(logging.ERROR)
    logging.getLogger("traitlets").setLevel(logging.ERROR)
