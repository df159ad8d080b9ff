"""Where steps are executed: in processes of this machine, or on the workers of an engine that exists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mlops_jlab.engine.step.attempt import CellFailure, Execution
from mlops_jlab.errors import MlopsError
from mlops_jlab.handoff.records import StepRecord


class CannotGoOn(MlopsError):
    """What a step needs of ``steps`` is neither alive nor to be brought in: execute them once more."""

    def __init__(self, steps: Iterable[str], why: str) -> None:
        super().__init__(why)
        self.steps = tuple(steps)


@dataclass(frozen=True)
class StepWork:
    """One attempt at one step. Paths are those of the machine that runs the pipeline.

    ``environment`` is what this step adds to what all steps have in common; ``waiting`` is how many steps,
    this one among them, will be executed soon.
    """

    step: str
    position: int
    attempt: str
    source: Path
    target: Path
    folder: Path
    parameters: Mapping[str, Any]
    environment: Mapping[str, str]
    settings: Mapping[str, Any] = field(default_factory=dict)
    waiting: int = 1


class Executor(Protocol):
    """Executes steps. Each call of :meth:`execute` comes from a thread of its own.

    Where it ``continues`` steps in the living state of those above them, what a step made is written down
    while others go on, and the run is told when it is.
    """

    @property
    def continues(self) -> bool:
        """Whether steps go on in the state of those above them, instead of being rebuilt from values."""

    @property
    def slots(self) -> int:
        """How many steps may be executed at once."""

    @property
    def remark(self) -> str:
        """What was done in another way than asked for, and why; or nothing."""

    @property
    def splits(self) -> bool:
        """Whether a step may be executed as several processes, which see the run's folder."""

    def execute(self, work: StepWork, execution: Execution) -> CellFailure | None:
        """Executes a step to its end. Its record, values and executed notebook are in the run's folder then,
        or where the executor's own steps find them.

        Raises:
            MlopsError: it cannot be executed here at all.
        """

    def note_answer(self, work: StepWork, *, skipped: bool) -> None:
        """The answer of a step is there without its being executed; of one that was skipped there is none."""

    def waits_for(self, step: str) -> set[str]:
        """The steps that must be over before this one begins, beside those whose values it takes."""

    def unusable(self, step: str, record: StepRecord) -> str:
        """Why an answer that was kept cannot stand in for the step in this run, or nothing."""

    def settle(self, steps: set[str] | None = None) -> None:
        """Waits until what these steps made is written down, or what all did."""

    def writes_later(self, step: str) -> bool:
        """Whether what a step made is still to be written down when it is over."""

    def ran_beside(self, step: str) -> set[str]:
        """The steps above whose living state a step did without, being taken to be independent of them."""

    def open_again(self, steps: Iterable[str], *, serial: bool = False) -> None:
        """These steps will be executed once more; from now on none beside another, if ``serial``."""

    def close(self) -> None:
        """The run is over."""


class Rebuilding:
    """What an executor says that builds each step from values: it knows of no living state."""

    @property
    def continues(self) -> bool:
        """Each step is a process of its own."""
        return False

    def waits_for(self, step: str) -> set[str]:
        """Only those whose values it takes."""
        return set()

    def unusable(self, step: str, record: StepRecord) -> str:
        """Any answer is as good as its values."""
        return ""

    def settle(self, steps: set[str] | None = None) -> None:
        """A step is over when what it made is written down."""

    def writes_later(self, step: str) -> bool:
        """It does so itself."""
        return False

    def ran_beside(self, step: str) -> set[str]:
        """There is no living state."""
        return set()

    def open_again(self, steps: Iterable[str], *, serial: bool = False) -> None:
        """Nothing is kept of a step but its values."""
