"""One step on its way: the process that it goes on in, and what has to be brought there."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from mlops_jlab.dataflow.patches import places_of
from mlops_jlab.engine.executors import CannotGoOn, StepWork
from mlops_jlab.engine.executors.bound import Bound
from mlops_jlab.engine.executors.parting import refused, what_holds
from mlops_jlab.engine.executors.saving import Saving
from mlops_jlab.engine.executors.snapshots import Snapshots
from mlops_jlab.engine.executors.warming import Warming
from mlops_jlab.engine.folder.notebookfile import ExecutedFile
from mlops_jlab.engine.plan import Plan, StepPlan
from mlops_jlab.engine.step.attempt import StepRun, StepShell
from mlops_jlab.engine.step.papermill import import_papermill
from mlops_jlab.engine.step.shell import ProcessEnded
from mlops_jlab.errors import RunError
from mlops_jlab.handoff.alone import DISPLAYS
from mlops_jlab.handoff.leaving import Leaving, state_path
from mlops_jlab.handoff.records import (
    StepRecord,
    looked_up,
    read_record,
    record_path,
    records_above,
    resolve,
)
from mlops_jlab.processes import protocol

if TYPE_CHECKING:
    from mlops_jlab.engine.step.kernelshells import KernelShells
    from mlops_jlab.engine.step.shells import Shells

_TRIES = 5  # for a warm parent without the modules that cannot be forked
BOUND = "it can only go on where the step above it ended"
_CHANGES = "it changes what a step above displays"


@dataclass
class Course:
    """What the steps of one run have in common on their way: the living processes, and their story."""

    plan: Plan
    root: Path
    pipeline: str
    kernel: str
    keep_all: bool
    warming: Warming
    kernels: KernelShells
    snapshots: Snapshots
    saving: Saving
    bound: Bound
    choosing: threading.Lock = field(default_factory=threading.Lock)
    skipped: set[str] = field(default_factory=set)
    stayed: dict[str, str] = field(default_factory=dict)  # went on in the very process above it: why
    beside: dict[str, set[str]] = field(default_factory=dict)  # stood above it, and not in its process
    held: dict[str, str] = field(default_factory=dict)  # the steps below went on in its process: why
    forks: bool = True  # else steps are executed in kernels
    rebuilds: bool = False  # each step in a process of its own, where values can stand for the one above

    def fresh(self, work: StepWork) -> Shells | KernelShells:
        """Where new processes come from: kernels, from now on, if no process can be forked."""
        shells = self.warming.shells_for(work.step, 1) if self.forks else None
        if shells is not None:
            return shells
        self.forks = False
        self.kernels.expect(work.waiting if self.rebuilds else 1)
        return self.kernels


def impure(step: StepPlan, record: StepRecord) -> str:
    """What a step did besides binding names to new objects that are its own, or nothing."""
    own = {*step.outputs, *step.optional} - set(step.inputs)
    for name, written in record.writes.items():
        if name not in own:
            return f"it changes {name.removesuffix('()').lstrip('~')}, which lives on from the steps above"
        if not set(written.group) <= own:
            return f"{name} shares objects with what lives on from the steps above"
    if record.deleted:
        return f"it deletes {record.deleted[0]}"
    if record.refused:
        name, why = next(iter(record.refused.items()))
        return f"{name} cannot be brought in: it is, or holds, {why}"
    return ""


class Passage:
    """One step on its way: the process that it goes on in, and what has to be brought there."""

    def __init__(self, course: Course, work: StepWork) -> None:
        self._course = course
        self._work = work
        self._step = course.plan.step(work.step)
        self._shell: StepShell | None = None
        self._missing: list[str] = []
        self._bring: protocol.Bring | None = None
        self._brought = False
        self._displayed = 0
        self._changes_above = False
        self._before = ""
        self._has_front = False
        self.has_parameters = False
        self.is_done = False

    def begin(self) -> None:
        """Finds the process to continue, and goes on from it."""
        course, name = self._course, self._step.name
        with course.choosing:
            course.bound.keep()
            base = course.snapshots.base_of(name)
            self._missing = course.snapshots.missing(name, base, course.skipped)
            inside = {*self._missing, *course.skipped, *(base.steps if base is not None else ())}
            course.beside[name] = set(course.snapshots.above(name)) - inside
            if self._missing:
                course.saving.wait(set(self._missing))
                self._check(base)
            if base is not None:
                last = base.steps[-1]
                self._before = str(state_path(course.root, course.plan.step(last).position, last))
                self._shell = self._go_on(base)
        if self._missing or (base is None and self._step.front):
            self._bring = self._what_to_bring(new=base is None)

    def _check(self, base: StepShell | None) -> None:
        """What is not in the process must be such that it can be brought there."""
        for name in self._missing:
            path = record_path(self._course.root, self._course.plan.step(name).position, name)
            record = read_record(path) if path.exists() else None
            if record is None:
                raise CannotGoOn([name], f"what step {name!r} left does not exist")
            why = impure(self._course.plan.step(name), record) if base is not None else ""
            if why:
                above = self._course.snapshots.above(self._step.name)
                beside = [one for one in above[above.index(name) + 1 :] if one not in self._course.skipped]
                raise CannotGoOn(beside, f"step {name!r} was not independent of them: {why}")
            if base is None and record.alone:
                raise CannotGoOn(
                    self._missing, f"step {name!r} left what lives in its process alone: {record.alone}"
                )
        if base is None:
            found = records_above(self._course.root, self._course.pipeline, self._step.position)
            names, missing = self._names_to_bring(found)
            if missing:
                raise CannotGoOn(self._missing, missing)
            if why := refused(found, names)[1]:
                raise CannotGoOn(self._missing, f"it lives in its process alone: {why}")

    def _names_to_bring(self, above: Sequence[StepRecord]) -> tuple[list[str], str]:
        """What this step and those below read, with what its functions look up, and what is not to be had."""
        names, there = self._wanted(), self._there()
        more = looked_up(above, names)
        values = [name for name in more if resolve(above, name)[0].step]
        gone = next((name for name in sorted(more) if name not in {*values, *there}), "")
        return [*names, *values], gone and f"a function in {more[gone]} looks up {gone}, which is not a value"

    def _there(self) -> set[str]:
        """What is made again by source."""
        plan = self._course.plan
        pieces = {piece.name for step in plan.from_here(self._step.name) for piece in step.pieces}
        return pieces | plan.names_of_setup(self._step)

    def _wanted(self) -> list[str]:
        """What this step and those below read of steps above."""
        below = self._course.plan.from_here(self._step.name)
        return sorted({name for step in below for name in step.inputs})

    def _go_on(self, base: StepShell) -> StepShell:
        """A fork of the process, or the process itself if a fork would lose something."""
        if self._course.rebuilds:
            self._course.snapshots.moves(base)
            return base
        with base.lock:
            try:
                copy = base.copy()
            except ProcessEnded:
                self._course.snapshots.moves(base)
                raise CannotGoOn(base.steps, "the process in which they ended has died") from None
        if not isinstance(copy, protocol.Stays):
            self._course.saving.is_continued(base)
            return copy
        self._course.stayed[self._step.name] = copy.why
        self._course.saving.before_moving(base)
        self._course.snapshots.moves(base)
        return base

    def _what_to_bring(self, *, new: bool) -> protocol.Bring:
        missing, plan = set(self._missing), self._course.plan
        above = records_above(self._course.root, self._course.pipeline, self._step.position)
        if new:
            names = [name for name in self._names_to_bring(above)[0] if resolve(above, name)[1] is not None]
            states = [n for record in above for n in record.writes if n.endswith("()")]
        else:
            names = [name for record in above if record.step in missing for name in record.writes]
            states = []
        pieces: dict[tuple[str, str], Any] = {}
        for step in plan.from_here(self._step.name):
            for piece in step.pieces:
                if piece.step in missing or (new and not piece.step):
                    pieces.setdefault((piece.step, piece.text), piece)
        order = {name: place for place, name in enumerate(plan.order)}
        sorted_pieces = sorted(pieces.values(), key=lambda piece: order.get(piece.step, -1))
        early = [piece.placed for piece in sorted_pieces if not piece.values]
        late = [piece.placed for piece in sorted_pieces if piece.values]
        values = sorted({name for piece in sorted_pieces for name in piece.values})
        self._brought = True
        where = (str(self._course.root), self._course.pipeline, self._step.position)
        setup = {name: print_ for record in above for name, print_ in record.setup.items()} if new else {}
        return protocol.Bring(*where, [*names, *states], early, late, values, new, setup)

    def notebook(self) -> Any:
        """The cells to execute: setup and parameters, if not in the process yet, and the step's own."""
        import_papermill()
        import nbformat

        done = self._shell.fronts if self._shell is not None else set()
        front = [cell for cell in self._step.front if cell["id"] not in done]
        self._has_front = bool(front)
        self.has_parameters = any("parameters" in cell["metadata"].get("tags", ()) for cell in front)
        cells = [{**cell, "source": "".join(cell["source"])} for cell in (*front, *self._step.cells)]
        about = {"display_name": self._course.kernel, "language": "python", "name": self._course.kernel}
        return nbformat.from_dict({
            "cells": json.loads(json.dumps(cells)), "nbformat": 4, "nbformat_minor": 5,
            "metadata": {"kernelspec": about, "language_info": {"name": "python"},
                         "mlops_jlab": {"pipeline": self._course.pipeline, "step": self._step.name}},
        })  # fmt: skip

    # As papermill's engine asks

    def open(self, step: StepRun, log: BinaryIO) -> StepShell | None:
        """The step begins in its process."""
        if self._shell is None:
            self._shell = self._fresh(step, log)
        else:
            self._shell.begin(step.environment, log, step.cpus, step.memory, str(self._course.root))
        shell = self._shell
        self._displayed = shell.displays.count
        step.execution.attach(lambda: shell.process)
        return shell

    def _fresh(self, step: StepRun, log: BinaryIO) -> StepShell:
        for _ in range(_TRIES):
            shell = self._course.fresh(self._work).take(
                step.environment, log, step.cpus, step.memory, str(self._course.root),
                brings=self._bring is not None,
            )  # fmt: skip
            if shell is not None:
                self._shell = shell  # whoever ends this passage ends it
                shell.wait_until_ready()
                return shell
            self._course.warming.renew()
        raise RunError("no warm parent can be forked", hint="use --cold")

    def before(self, step: StepRun, shell: StepShell, cell: str) -> None:
        """What is not in the process is brought there when setup is done."""
        if self._step.cells and cell != self._step.cells[0]["id"]:
            return
        if self._course.rebuilds and self._has_front and (done := shell.lives(at_setup=True)):
            shell.held = f"setup is executed once: {done}"
        if self._bring is None:
            return
        what, self._bring = self._bring, None
        answer = shell.bring(what)
        if not answer.kind:
            return
        self._course.rebuilds = False  # executed once more, these steps end where the next one goes on
        if answer.kind == protocol.OTHER_SETUP:
            raise CannotGoOn(self._missing, answer.message)
        raise CannotGoOn(self._missing, f"they cannot be brought in: {answer.kind}: {answer.message}")

    def close(self, step: StepRun, shell: StepShell, notebook: Any, *, done: bool) -> None:
        """The step's last cell is done, or it failed."""
        if not done:
            return
        try:
            shell.finish(self._step.name)
        except ProcessEnded:  # as after exit()
            return
        self.is_done = True
        self._changes_above = self._show_changes(shell, step.target, notebook)
        shell.steps[-1:-1] = [name for name in self._missing if name not in shell.steps]
        shell.fronts |= {cell["id"] for cell in self._step.front}
        self._shell = None
        self._course.snapshots.keep(self._step.name, shell)
        self._course.saving.add(self._step.name, shell, self._leaving(shell))
        if self._course.rebuilds:
            self._part(shell)

    def _part(self, shell: StepShell) -> None:
        """The next step begins in a process of its own, unless something holds this one."""
        course, name = self._course, self._step.name
        unsaved = course.saving.outcome(name)
        why = what_holds(course.plan, course.root, course.pipeline, name, shell, unsaved)
        if course.plan.from_here(name)[1:]:
            if why:
                course.held.setdefault(name, why)
            else:
                course.snapshots.moves(shell)
                shell.end()

    def _show_changes(self, shell: StepShell, target: Path | None, notebook: Any) -> bool:
        """What a cell changed that a step above had displayed is changed in that step's executed notebook.

        Whether there was any.
        """
        changed = {id(output) for output in shell.displays.changed}
        shell.displays.changed.clear()
        found = False
        for path, other in shell.notebooks if changed else ():
            if any(id(output) in changed for cell in other.cells for output in cell.get("outputs", ())):
                ExecutedFile(path, other).close()
                found = True
        if target is not None:
            shell.notebooks.append((target, notebook))
        return found

    def end(self) -> None:
        """The process of a step that did not come to its end is of no use."""
        if self._shell is not None:
            self._shell.drop()

    def _run_again(self) -> tuple[list[str], bool]:
        """The modules that lines of source change again below, and whether IPython is taught so."""
        pieces = [piece for below in self._course.plan.from_here(self._step.name) for piece in below.pieces]
        own = [piece for piece in pieces if piece.step == self._step.name]
        patched = {(one.name[7:], one.text) for one in own if one.name.startswith("~patch:")}
        places = {place for name, text in patched for place in places_of(name, text)}
        return sorted(places), any(one.name == "~session" for one in own)

    def _watched(self) -> list[str]:
        """All that this step and those below look at: it may have changed what its source does not show."""
        step = self._step
        return sorted({*step.watched, *self._wanted()} - {*step.outputs, *step.optional})

    def _leaving(self, shell: StepShell) -> dict[str, Any]:
        step = self._step
        setup = step.setup
        if self._has_front:  # it says for all what setup made
            setup = tuple(sorted({name for one in self._course.plan.all() for name in one.setup}))
        why = DISPLAYS if shell.displays.count > self._displayed else ""
        unkept = BOUND if step.looks_at_session else _CHANGES if self._changes_above else ""
        return asdict(
            Leaving(
                str(self._course.root), self._course.pipeline, step.name, step.position, self._work.attempt,
                step.inputs, step.outputs, step.optional, self._watched(), step.seeds, step.settings, setup,
                step.writes_any, self._course.keep_all, self._before, self._brought,
                *self._run_again(), unkept, why,
            )
        )  # fmt: skip
