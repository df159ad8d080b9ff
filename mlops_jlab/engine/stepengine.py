"""papermill's engine ``mlops-jlab``: cheap processes, and an executed notebook that is never rewritten.

It is registered as an entry point of papermill, so ``papermill --engine mlops-jlab IN OUT`` works too.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from papermill.engines import Engine, NotebookExecutionManager

from mlops_jlab.engine.boundedclient import BoundedClient
from mlops_jlab.engine.executed import ExecutedFile
from mlops_jlab.engine.execution import StepRun
from mlops_jlab.engine.forked import ForkedShell
from mlops_jlab.engine.shells import Shells
from mlops_jlab.kernels.ahead import AheadProvisioner

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
        step = step or StepRun.alone(kernel_name, nb_man.nb)
        step.execution.watch(nb_man.nb)
        with ExitStack() as stack:
            stack.callback(step.close)
            # What the process says outside its cells (a crash, a warning of its own) goes to a log.
            log = stack.enter_context(open(step.log or os.devnull, "ab"))
            shell = step.shells.take(step.environment, log, step.cpus) if step.shells is not None else None
            if step.shells is not None and shell is not None:
                _in_fork(nb_man, step, step.shells, shell)
            else:
                _in_kernel(nb_man, kernel_name, log_output, start_timeout, step, log)


def _in_fork(manager: Any, step: StepRun, shells: Shells, shell: ForkedShell) -> None:
    try:
        step.execution.attach(lambda: shell.process)
        shell.wait_until_ready()
        shells.fork_ahead()
        for index, cell in enumerate(manager.nb.cells):
            step.execution.begin(cell)
            manager.cell_start(cell, index)
            try:
                failed = _execute(manager, shell, cell)
                if failed:
                    manager.cell_exception(cell, cell_index=index)
                    break
            finally:
                manager.cell_complete(cell, cell_index=index)
    finally:
        shell.end()


def _execute(manager: Any, shell: ForkedShell, cell: Any) -> bool:
    """One cell; whether it failed."""
    tags = cell.metadata.get("tags", ())
    if cell.cell_type != "code" or not cell.source.strip() or "skip-execution" in tags:
        return False

    def changed(outputs: Any) -> None:
        cell.outputs = outputs.settled()
        manager.autosave_cell()

    cell.execution_count, outputs = shell.execute(cell.source, cell.get("id", ""), changed)
    cell.outputs = outputs.settled()
    return outputs.error is not None and "raises-exception" not in tags


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
    step.use_ipc(kernel)
    if step.ahead is not None:
        kernel.provisioner = AheadProvisioner(
            kernel_id=kernel.kernel_id, kernel_spec=kernel.kernel_spec, parent=kernel
        )
        kernel.provisioner.ahead = step.ahead
    step.execution.attach(lambda: getattr(getattr(kernel, "provisioner", None), "process", None))
    try:
        client.execute(env={**os.environ, **step.environment}, stdout=log, stderr=log)
    finally:
        step.execution.reap()
