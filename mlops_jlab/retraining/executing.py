"""The run of a firing: of one notebook, of an export, or of a file of several notebooks."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from mlops_jlab.engine.asked import Options
from mlops_jlab.engine.folder.state import RunFolder, RunState, StepState
from mlops_jlab.engine.report.page import write_report
from mlops_jlab.engine.run import members as running
from mlops_jlab.engine.run.loop import run
from mlops_jlab.engine.run.together import Together
from mlops_jlab.engine.run.tracked import TrackedRun
from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.entities.schedules import Schedule
from mlops_jlab.errors import MlopsError
from mlops_jlab.pipeline import manifest, members, planning
from mlops_jlab.pipeline.planning import is_several, plan_of, source_of
from mlops_jlab.store.location import VARIABLE, Place


class Quiet:
    """Nobody watches a scheduled run; what it does is in the run table."""

    def started(self, state: RunState) -> None:
        """The run begins."""

    def step(self, step: StepState, note: str = "") -> None:
        """A step changed its status."""

    def written(self, step: StepState) -> None:
        """That a step's values are written down is no news."""

    def cell(self, step: str, index: int, count: int, cell_id: str) -> None:
        """A step begins a cell."""

    def ended(self, state: RunState) -> None:
        """The run is over."""


@dataclass(frozen=True)
class Executed:
    """How a run came out; ``failure`` says why it did not finish: it is ``blocked`` if its data are."""

    status: str
    failure: str
    blocked: bool
    steps: int
    cached: int
    seconds: float

    @property
    def in_words(self) -> str:
        """How much was done in which time."""
        return f"{self.steps} steps in {self.seconds:.1f} s, {self.cached} of them cached"


def has_begun(target: Path) -> bool:
    """Whether a folder holds a run that can be gone on with."""
    return (target / "run.json").exists() or (target / running.FILE).exists()


def has_changed(pipeline: Path, target: Path) -> bool:
    """Whether what is to be executed is something else than what the run in ``target`` executes."""
    if is_several(pipeline):
        several = members.read(pipeline)
        return running.has_changed(several, members.graphs_of(several), target)
    if pipeline.is_dir():
        return manifest.read(pipeline).identity != RunFolder(target).load().pipeline
    return planning.has_changed(pipeline, target)


def execute(
    place: Place, schedule: Schedule, pipeline: Path, target: Path, run_id: str, options: Options,
    parameters: Callable[[tuple[Parameter, ...]], dict[str, object]],
) -> Executed:  # fmt: skip
    """Runs what is due in the folder ``target``, or goes on with what is there (``options.resume``).

    Raises:
        MlopsError: it could not begin.
    """
    os.environ[VARIABLE] = str(place.root)
    if is_several(pipeline):
        return _several(place, schedule, pipeline, target, run_id, options, parameters)
    resume = options.resume
    plan, folder = plan_of(pipeline, target, resume=resume and pipeline.is_file())
    source = source_of(plan, pipeline)
    if schedule.pin:
        source = Path(schedule.pipeline)
        folder = source.parent
    whole = RunFolder(target)
    tracked = TrackedRun(Quiet(), source, whole, schedule.name, run_id=run_id, manifest=plan)
    values = {} if resume else parameters(plan.parameters)
    options = tracked.watching(replace(options, folder=folder.resolve()))
    state = run(plan, target, values, options, tracked)
    with suppress(MlopsError, OSError):
        tracked.keep_report(write_report(plan, whole, state))
    if tracked.run is not None:
        tracked.run.recorder.flush()
    return _told(state.status, state.failure, [state])


def _several(
    place: Place, schedule: Schedule, pipeline: Path, target: Path, run_id: str, options: Options,
    parameters: Callable[[tuple[Parameter, ...]], dict[str, object]],
) -> Executed:  # fmt: skip
    several = members.read(pipeline)
    graphs = members.graphs_of(several)
    members.check(graphs)
    values = {} if options.resume else parameters(members.parameters(graphs))
    course = running.begin(several, graphs, target, values, resume=options.resume)
    together = Together(
        course, options, lambda: nullcontext(Quiet()), store=place, experiment=schedule.name, run_id=run_id
    )  # fmt: skip
    together.go(graphs)
    return _told(course.status, together.failure, list(course.states.values()))


def _told(status: str, failure: str, states: list[RunState]) -> Executed:
    steps = [step for state in states for step in state.steps]
    seconds = sum(state.seconds or 0.0 for state in states)
    return Executed(
        status, failure, any(step.is_blocked for step in steps), len(steps),
        sum(bool(step.cached) for step in steps), seconds,
    )  # fmt: skip
