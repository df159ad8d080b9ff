"""One notebook through papermill, in a process of its own."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_jlab.engine.execution import CellFailure, Execution, StepRun
from mlops_jlab.engine.processlimit import USUAL, bounded
from mlops_jlab.engine.shells import Shells
from mlops_jlab.errors import RunError

if TYPE_CHECKING:
    from mlops_jlab.kernels.ahead import KernelsAhead


ENGINE = "mlops-jlab"
START_TRIES = 3


def execute(
    source: Path, target: Path, *, parameters: Mapping[str, Any], environment: Mapping[str, str],
    folder: Path, kernel: str, execution: Execution, shells: Shells | None = None, cpus: int = 0,
    processes: int = USUAL, ahead: KernelsAhead | None = None,
) -> CellFailure | None:  # fmt: skip
    """Runs the notebook ``source`` in ``folder`` and writes it, executed, to ``target``.

    One of the ``shells`` is its process; without them it is a kernel, which is tried again if it does not
    start. What was done up to a failing cell is in ``target`` in every case. Gives the failure, or
    nothing when every cell was run.

    Raises:
        RunError: the process cannot be started, or ``target`` cannot be written.
    """
    _quieten()
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    from mlops_jlab.engine.forked import ProcessEnded

    step = StepRun(target, environment, folder, target.with_suffix(".log"), execution, shells, cpus, ahead)
    for attempt in range(1, START_TRIES + 1):
        try:
            with bounded(execution, processes):
                _execute(source, parameters, kernel, step)
        except PapermillExecutionError as error:
            return _of_papermill(error, execution)
        except (DeadKernelError, CellTimeoutError, ProcessEnded) as error:
            if not execution.cell_id and not execution.stopped and attempt < START_TRIES:
                continue
            kind = "Stopped" if execution.stopped else "DeadKernel"
            return CellFailure(kind, _death(execution, error), execution.cell_id)
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


def _execute(source: Path, parameters: Mapping[str, Any], kernel: str, step: StepRun) -> None:
    with _without_clients():
        import papermill
    from papermill.engines import papermill_engines

    from mlops_jlab.engine.stepengine import StepEngine

    papermill_engines.register(ENGINE, StepEngine)  # as its entry point does in an installed package
    papermill.execute_notebook(
        str(source), None, parameters=dict(parameters), engine_name=ENGINE,
        kernel_name=kernel, progress_bar=False, start_timeout=60, step=step,
    )  # fmt: skip


@contextmanager
def _without_clients() -> Iterator[None]:
    """papermill asks for clients of object stores, half of its time to import; step notebooks are files."""
    hidden = [name for name in ("pyarrow.fs", "gcsfs", "boto3") if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # none: it cannot be imported
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


def _of_papermill(error: Any, execution: Execution) -> CellFailure:
    if execution.stopped:
        return CellFailure("Stopped", execution.stopped, execution.cell_id)
    return CellFailure(
        str(error.ename), str(error.evalue), execution.cell_id, "\n".join(map(str, error.traceback))
    )


def _death(execution: Execution, error: BaseException) -> str:
    if execution.stopped:
        return execution.stopped
    code = execution.process.poll() if execution.process is not None else None
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"the kernel was killed by {signal.Signals(-code).name}"
    why = str(error).strip() or (f"exit code {code}" if code is not None else "no reason was given")
    return f"the kernel died: {why}"


def _quieten() -> None:
    """Papermill logs what our own messages say better; the first warning of zmq is no news."""
    logging.getLogger("papermill").setLevel(logging.ERROR)
    logging.getLogger("traitlets").setLevel(logging.ERROR)
