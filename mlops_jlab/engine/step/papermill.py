"""One notebook through papermill, in a process of its own."""

from __future__ import annotations

import importlib
import logging
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_jlab.engine.step.attempt import CellFailure, Execution, ShellSource, StepRun
from mlops_jlab.engine.step.importing import IMPORTING
from mlops_jlab.engine.step.limits import USUAL, bounded
from mlops_jlab.errors import RunError

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from mlops_jlab.processes.spare.kernels import KernelsAhead


ENGINE = "mlops-jlab"
START_TRIES = 3
# Clients of object stores and checks of formats, which papermill and jsonschema import if they are there:
# step notebooks are files, and have no web addresses in them. Nor does every package need to be asked for
# engines and storages.
_UNUSED = ("pyarrow.fs", "gcsfs", "boto3", "github", "isoduration", "rfc3986_validator", "webcolors", "fqdn",
           "uri_template")  # fmt: skip


def execute(
    source: Path | NotebookNode, target: Path, *, parameters: Mapping[str, Any],
    environment: Mapping[str, str], folder: Path, kernel: str, execution: Execution,
    shells: ShellSource | None = None, cpus: int = 0, memory: int = 0, processes: int = USUAL,
    ahead: KernelsAhead | None = None,
) -> CellFailure | None:  # fmt: skip
    """Runs the notebook ``source`` in ``folder`` and writes it, executed, to ``target``.

    One of the ``shells`` is its process; without them it is a kernel, which is tried again if it does not
    start. What was done up to a failing cell is in ``target`` in every case. Gives the failure, or
    nothing when every cell was run.

    Raises:
        RunError: the process cannot be started, or ``target`` cannot be written.
    """
    _quieten()
    papermill = import_papermill()
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    from mlops_jlab.engine.step.shell import ProcessEnded

    step = StepRun(
        target, environment, folder, target.with_suffix(".log"), execution, shells, cpus, memory, ahead
    )
    for attempt in range(1, START_TRIES + 1):
        try:
            with bounded(execution, processes):
                papermill.execute_notebook(
                    source if isinstance(source, dict) else str(source), None, parameters=dict(parameters),
                    engine_name=ENGINE, kernel_name=kernel, progress_bar=False, start_timeout=60, step=step,
                )  # fmt: skip
        except PapermillExecutionError as error:
            # papermill takes every error that is shown for one: that of a cell which may raise, too.
            return _of_papermill(error, execution) if execution.raised or execution.stopped else None
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


def import_soon() -> None:
    """Imports papermill in a thread of its own, while the process of the first step is waited for."""
    if "papermill" not in sys.modules:
        threading.Thread(target=import_papermill, name="papermill", daemon=True).start()


def import_papermill() -> Any:
    """papermill, with our engine: a fifth of a second, and twice that with what is left out here."""
    with IMPORTING:
        if "papermill" not in sys.modules:
            with _bare():
                importlib.import_module("papermill")
            nbformat = importlib.import_module("nbformat")
            nbformat.validate(nbformat.v4.new_notebook())  # the first time, it reads its schema
    import papermill
    from papermill.engines import papermill_engines

    from mlops_jlab.engine.step.stepengine import StepEngine

    papermill_engines.register(ENGINE, StepEngine)  # as its entry point does in an installed package
    return papermill


@contextmanager
def _bare() -> Iterator[None]:
    """Within it, what is not used cannot be imported, and packages are not asked what they have to add."""
    entrypoints = None
    with suppress(ImportError):  # papermill brings it along for as long as it asks it
        entrypoints = importlib.import_module("entrypoints")
    ask = getattr(entrypoints, "get_group_all", None)
    hidden = [name for name in _UNUSED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # none: it cannot be imported
    if ask is not None:
        entrypoints.get_group_all = lambda *_group: []  # type: ignore[union-attr]
    try:
        yield
    finally:
        if ask is not None:
            entrypoints.get_group_all = ask  # type: ignore[union-attr]
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
