"""Where steps are executed: in processes of this machine, or on the workers of an engine that exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mlops_jlab.engine.execution import CellFailure, Execution


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
    """Executes steps. Each call of :meth:`execute` comes from a thread of its own."""

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

    def share(self, work: StepWork) -> None:
        """A step was finished without this executor: its answer is made known to others."""

    def close(self) -> None:
        """The run is over."""
