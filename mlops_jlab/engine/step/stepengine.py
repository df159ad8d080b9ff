"""papermill's engine ``mlops-jlab``: cheap processes, and an executed notebook that is never rewritten.

It is registered as an entry point of papermill, so ``papermill --engine mlops-jlab IN OUT`` works too.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_output
from papermill.engines import Engine, NotebookExecutionManager

from mlops_jlab.engine.folder.notebookfile import ExecutedFile
from mlops_jlab.engine.step.attempt import Execution, ShellSource, StepRun, StepShell
from mlops_jlab.engine.step.client import BoundedClient
from mlops_jlab.engine.step.outputs import CellOutputs
from mlops_jlab.engine.step.shells import Shells
from mlops_jlab.engine.step.steplog import step_log
from mlops_jlab.errors import RunError
from mlops_jlab.notebook.outputs import MOMENTS
from mlops_jlab.processes.client import connect, start, wanted
from mlops_jlab.processes.client.kernel import use_ipc
from mlops_jlab.processes.spare import kernels
from mlops_jlab.processes.specs import python_of_kernel

_AUTOSAVE = 2  # seconds between saves within a cell


class _Manager(NotebookExecutionManager):  # type: ignore[misc]  # papermill is untyped
    """papermill's book-keeping, saving what has changed."""

    def __init__(self, nb: Any, file: ExecutedFile | None, **more: Any) -> None:
        super().__init__(nb, output_path=None, autosave_cell_every=_AUTOSAVE, **more)
        self._file = file
        self._place = -1

    def cell_start(self, cell: Any, cell_index: int | None = None, **more: Any) -> None:
        """A cell begins."""
        self._place = -1 if cell_index is None else cell_index
        super().cell_start(cell, cell_index, **more)

    def save(self, **_others: Any) -> None:
        """Writes the cell that has changed last."""
        if self._file is not None and self._place >= 0:
            self._file.update(self._place)
        self.last_save_time = self.now()


class StepEngine(Engine):  # type: ignore[misc]  # papermill is untyped
    """Runs notebooks in processes that a warm parent forks, or in kernels where that cannot be."""

    @classmethod
    def execute_notebook(
        cls, nb: Any, kernel_name: str, output_path: str | None = None, progress_bar: Any = True,
        log_output: bool = False, step: StepRun | None = None, **others: Any,
    ) -> Any:  # fmt: skip
        """papermill calls it; ``step`` says how, when our runner is behind the call."""
        target = step.target if step is not None else Path(output_path) if output_path else None
        file = ExecutedFile(target, nb) if target is not None else None
        manager = _Manager(nb, file, log_output=log_output, progress_bar=progress_bar)
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, kernel_name, log_output=log_output, step=step, **others)
        finally:
            manager.cleanup_pbar()
            manager.notebook_complete()
            if file is not None:
                file.close()
        return manager.nb

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, log_output: bool = False, start_timeout: int = 60,
        step: StepRun | None = None, **_others: Any,
    ) -> None:  # fmt: skip
        """Executes the cells."""
        alone = None
        if step is None:
            step, alone = _alone(kernel_name, nb_man.nb)
        step.execution.watch(nb_man.nb)
        with ExitStack() as stack:
            if alone is not None:
                stack.callback(alone.let_go)
            # What the process says outside its cells (a crash, a warning of its own) goes to a log.
            log = stack.enter_context(step_log(step.log))
            shell = step.shells.open(step, log) if step.shells is not None else None
            if step.shells is not None and shell is not None:
                _in_fork(nb_man, step, step.shells, shell)
            else:
                _in_kernel(nb_man, kernel_name, log_output, start_timeout, step, log)
        step.execution.raised = bool(nb_man.nb.metadata.get("papermill", {}).get("exception"))


def _alone(kernel: str, notebook: Any) -> tuple[StepRun, Shells | None]:
    """For a notebook that papermill runs without our runner."""
    shells = None
    python = python_of_kernel(kernel)
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    if python and start.is_possible() and not wanted.needs_kernel(sources):
        with suppress(RunError):
            modules, learns = wanted.modules_of(sources), not wanted.matters_to_imports(sources)
            parent = connect.connect(python, modules, os.environ, 0, learns=learns)
            shells = Shells(parent, os.environ, Path.cwd())
    return StepRun(None, {}, Path.cwd(), None, Execution(), shells), shells


def _in_fork(manager: Any, step: StepRun, shells: ShellSource, shell: StepShell) -> None:
    done = False
    try:
        for index, cell in enumerate(manager.nb.cells):
            step.execution.begin(cell)
            shells.before(step, shell, cell.get("id", ""))
            manager.cell_start(cell, index)
            try:
                failed = _execute(manager, shell, cell)
                if failed:
                    manager.cell_exception(cell, cell_index=index)
                    break
            finally:
                manager.cell_complete(cell, cell_index=index)
        else:
            done = True
    finally:
        if widgets := shell.displays.widgets.as_metadata():
            manager.nb.metadata["widgets"] = nbformat.from_dict(widgets)
        shells.close(step, shell, manager.nb, done=done)


def _execute(manager: Any, shell: StepShell, cell: Any) -> bool:
    """One cell; whether it failed."""
    tags = cell.metadata.get("tags", ())
    if cell.cell_type != "code" or not cell.source.strip() or "skip-execution" in tags:
        return False

    def changed(outputs: CellOutputs) -> None:
        _show(cell, outputs)
        manager.autosave_cell()

    cell.execution_count, outputs, done = shell.execute(cell.source, cell.get("id", ""), changed)
    _show(cell, outputs)
    if "raises-exception" in tags:
        return False
    if done.kind and outputs.error is None:  # IPython has said it in words alone
        text = f"{done.kind}: {done.message}"
        cell.outputs.append(new_output("error", ename=done.kind, evalue=done.message, traceback=[text]))
        return True
    return bool(done.kind)


def _show(cell: Any, outputs: CellOutputs) -> None:
    cell.outputs = outputs.settled()
    if outputs.moments:
        own = cell.metadata.get("mlops_jlab", {})
        cell.metadata["mlops_jlab"] = {**own, MOMENTS: [list(moment) for moment in outputs.moments]}


def _in_kernel(
    manager: Any, kernel_name: str, log_output: bool, start_timeout: int, step: StepRun, log: Any
) -> None:
    def started(cell: Any, **_more: Any) -> None:
        step.execution.begin(cell)

    client = BoundedClient(
        manager, kernel_name=kernel_name, startup_timeout=start_timeout, timeout=None,
        raise_on_iopub_timeout=False, iopub_timeout=10, on_cell_start=started,
        resources={"metadata": {"path": str(step.folder)}}, log_output=log_output,
    )  # fmt: skip
    kernel = client.create_kernel_manager()
    use_ipc(kernel)
    kernels.provide(kernel, step.ahead)
    step.execution.attach(lambda: getattr(getattr(kernel, "provisioner", None), "process", None))
    try:
        client.execute(env={**os.environ, **step.environment}, stdout=log, stderr=log)
    finally:
        step.execution.reap()
