"""Steps as processes of this machine: the default."""

from __future__ import annotations

from mlops_jlab.engine.executors import Rebuilding, StepWork
from mlops_jlab.engine.executors.warming import Warming
from mlops_jlab.engine.step.attempt import CellFailure, Execution
from mlops_jlab.engine.step.limits import USUAL
from mlops_jlab.engine.step.papermill import execute, import_soon
from mlops_jlab.entities import settings
from mlops_jlab.handoff.records import record_path
from mlops_jlab.handoff.remote import Artifacts


class LocalProcesses(Rebuilding):
    """Forks steps from a warm parent, or starts kernels; a copy of each answer goes to ``artifacts``."""

    def __init__(self, warming: Warming, kernel: str, slots: int, artifacts: Artifacts | None = None) -> None:
        self._warming = warming
        self._kernel = kernel
        self._artifacts = artifacts
        self.slots = slots

    @property
    def remark(self) -> str:
        """Why steps were not forked, as far as that is a surprise."""
        return self._warming.remark

    @property
    def splits(self) -> bool:
        """A step may be several processes."""
        return True

    def execute(self, work: StepWork, execution: Execution) -> CellFailure | None:
        """Executes a step to its end."""
        import_soon()
        shells = self._warming.shells_for(work.step, work.waiting)
        ahead = None if shells is not None else self._warming.kernels_ahead(work.waiting)
        failure = execute(
            work.source, work.target, parameters=work.parameters, environment=work.environment,
            folder=work.folder, kernel=self._kernel, execution=execution,
            shells=shells, ahead=ahead,
            cpus=settings.count(work.settings.get("cpus")),
            processes=settings.count(work.settings.get("processes")) or USUAL,
        )  # fmt: skip
        if failure is None:
            self.share(work)
        elif self._artifacts is not None:
            self._artifacts.put_executed(work.target)
        return failure

    def share(self, work: StepWork) -> None:
        """Copies a finished step to the store of values, if there is one."""
        root = work.target.parents[1] / "handoff"
        if self._artifacts is not None and record_path(root, work.position, work.step).exists():
            self._artifacts.put_step(root, work.position, work.step, work.target)

    def note_answer(self, work: StepWork, *, skipped: bool) -> None:
        """Others may need it."""
        self.share(work)

    def close(self) -> None:
        """Lets the warm parent go."""
        self._warming.close()
