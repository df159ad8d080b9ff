"""Steps that continue one another: each in a fork of the process of the one above, or in that one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from mlops_jlab.engine.executors import StepWork
from mlops_jlab.engine.executors.bound import Bound
from mlops_jlab.engine.executors.local import LocalProcesses
from mlops_jlab.engine.executors.parting import told_apart
from mlops_jlab.engine.executors.passage import BOUND, Course, Passage, impure
from mlops_jlab.engine.executors.saving import Saving
from mlops_jlab.engine.executors.snapshots import Snapshots
from mlops_jlab.engine.executors.warming import Warming
from mlops_jlab.engine.plan import Plan
from mlops_jlab.engine.step.attempt import CellFailure, Execution
from mlops_jlab.engine.step.kernelshells import KernelShells
from mlops_jlab.engine.step.limits import USUAL
from mlops_jlab.engine.step.papermill import execute, import_soon
from mlops_jlab.entities import settings
from mlops_jlab.handoff.records import StepRecord, read_record, record_path
from mlops_jlab.handoff.remote import Artifacts
from mlops_jlab.handoff.variables import PART

_STOPPED_EARLY = "the step ended before its last cell, as after sys.exit()"


class Continued:
    """Executes each step in the living state of those above it; in forks, or in ``kernels``.

    Where it ``rebuilds``, in a process of its own, unless something lives in that of the step above that
    values cannot stand for.

    ``rebuilt`` executes the parts of a step that is taken apart, which are processes of their own. ``told``
    hears what a step's answer is kept for, or why it is not. The snapshots hold at most ``most`` bytes
    together, or the usual share of the memory.
    """

    def __init__(
        self, plan: Plan, root: Path, pipeline: str, kernel: str, warming: Warming, kernels: KernelShells,
        rebuilt: LocalProcesses, told: Callable[[tuple[str, str]], None], *, keep_all: bool, forks: bool,
        rebuilds: bool, artifacts: Artifacts | None = None, most: int = 0,
    ) -> None:  # fmt: skip
        self._rebuilt = rebuilt
        self._artifacts = artifacts
        self._told = told
        self.snapshots = Snapshots(plan)
        self._saving = Saving(self.snapshots.is_needed, self._saved)
        bound = Bound(most, self.snapshots, self._saving)
        self._course = Course(
            plan, root, pipeline, kernel, keep_all, warming, kernels, self.snapshots, self._saving, bound,
            forks=forks, rebuilds=rebuilds,
        )  # fmt: skip
        self._works: dict[str, StepWork] = {}

    @property
    def continues(self) -> bool:
        """What a step finds is what lives, or has just been brought in."""
        return True

    @property
    def slots(self) -> int:
        """How many steps may be executed at once."""
        return self._rebuilt.slots

    @property
    def splits(self) -> bool:
        """A step may be several processes."""
        return True

    @property
    def remark(self) -> str:
        """What was done in another way than usual, and why."""
        said: dict[str, list[str]] = {}
        for step, why in self._course.stayed.items():
            said.setdefault(why, []).append(step)
        for step, why in self._course.held.items():
            said.setdefault(why, []).extend(self._below(step))
        lines = [
            f"went on in the process of the step above, because {why}: {', '.join(dict.fromkeys(steps))}"
            for why, steps in said.items()
        ]
        if why := self._course.warming.why:
            lines.insert(0, f"steps were executed in a kernel: {why}")
        return "; ".join(lines)

    def _below(self, step: str) -> list[str]:
        """The step that comes after this one."""
        order = self._course.plan.order
        return order[order.index(step) + 1 :][:1]

    def waits_for(self, step: str) -> set[str]:
        """The steps above that must be over before this one begins."""
        return self.snapshots.waits_for(step)

    def unusable(self, step: str, record: StepRecord) -> str:
        """Why an answer that was kept cannot stand in for the step in this run, or nothing.

        Below a step that was executed, it may only bind names: what it changed in place lives on here. What
        that step changed outside values it may look at. Above one that looks at the session itself, it has
        to be executed.
        """
        plan = self._course.plan
        if plan.step(step).looks_at_session:
            return BOUND
        for below in plan.from_here(step)[1:]:
            if below.looks_at_session:
                return f"step {below.name!r} looks at the session in which it ends"
        if why := told_apart(record, plan.from_here(step)[1:]):
            return why
        if not self.snapshots.executed & set(self.snapshots.above(step)):
            return ""
        if self._course.rebuilds and not self.snapshots.all():
            return ""  # nothing lives on
        for above in self.snapshots.executed & set(self.snapshots.above(step)):
            path = record_path(self._course.root, plan.step(above).position, above)
            if path.exists() and (changed := read_record(path).changed):
                return f"it goes on in the process of step {above!r}: {changed}"
        return impure(plan.step(step), record)

    def settle(self, steps: set[str] | None = None) -> None:
        """Waits until what these steps left is written down."""
        self._saving.wait(steps)

    def note_answer(self, work: StepWork, *, skipped: bool) -> None:
        """The answer of a step is there without its being executed."""
        if skipped:
            self._course.skipped.add(work.step)
        self.snapshots.close_step(work.step)
        self._tidy()
        self._rebuilt.share(work)

    def writes_later(self, step: str) -> bool:
        """Whether the step was continued, and not made of values."""
        return step in self.snapshots.executed

    def ran_beside(self, step: str) -> set[str]:
        """The steps above that a step did not wait for."""
        return self._course.beside.get(step, set())

    def open_again(self, steps: Iterable[str], *, serial: bool = False) -> None:
        """These steps will be executed once more."""
        self.snapshots.serial |= serial
        steps = list(steps)
        stale = self.snapshots.open_again(steps)
        for step in steps:
            self._saving.forget(step)
            self._course.skipped.discard(step)
        for shell in stale:
            shell.drop()

    def execute(self, work: StepWork, execution: Execution) -> CellFailure | None:
        """Executes a step to its end.

        Raises:
            CannotGoOn: other steps must be executed once more before.
        """
        if PART in work.environment:
            self._saving.wait(set(self.snapshots.above(work.step)))
            return self._rebuilt.execute(work, execution)
        import_soon()
        passage = Passage(self._course, work)
        passage.begin()
        self._works[work.step] = work
        try:
            failure = execute(
                passage.notebook(), work.target, parameters=work.parameters if passage.has_parameters else {},
                environment=work.environment, folder=work.folder, kernel=self._course.kernel,
                execution=execution, shells=passage, cpus=settings.count(work.settings.get("cpus")),
                memory=settings.size(work.settings.get("memory")) or 0,
                processes=settings.count(work.settings.get("processes")) or USUAL,
            )  # fmt: skip
        finally:
            passage.end()
        if failure is None and not passage.is_done:
            failure = CellFailure("StoppedEarly", _STOPPED_EARLY, execution.cell_id)
        if failure is not None and self._artifacts is not None:
            self._artifacts.put_executed(work.target)
        return failure

    def close(self) -> None:
        """The run is over: the last process ends as an interpreter does, the others without a word."""
        self._saving.wait()
        self._saving.close()
        last = self.snapshots.last()
        for shell in self.snapshots.all():
            if shell is not last:
                shell.drop()
        if last is not None:
            last.end()
        self._rebuilt.close()

    def _saved(self, step: str, why: str) -> None:
        work = self._works.get(step)
        if not why and work is not None:
            self._rebuilt.share(work)
        self._told((step, why))
        self._tidy()

    def _tidy(self) -> None:
        """Lets processes go that no step will continue, once what they hold is written down."""
        last = self.snapshots.last()
        for shell in self.snapshots.all():
            unused = shell is not last and not self.snapshots.is_needed(shell) and self._saving.is_done(shell)
            if unused and self.snapshots.moves(shell):  # another thread may let it go as well
                shell.drop()
