"""A run's folder: ``run.json``, executed notebooks, handoff files, report."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.notebook.retagging import write_whole

FORMAT = 1


@dataclass
class StepState:
    """One step of a run. ``status`` is pending, running, finished, failed or killed."""

    name: str
    status: str = "pending"
    started: str = ""
    seconds: float | None = None
    attempts: int = 0
    again: list[str] = field(default_factory=list)  # why it ran again
    error: dict[str, Any] | None = None
    cached: str = ""  # when its answer was computed, if that was in an earlier run
    origin: str = ""  # that step's run in the run table
    why: str = ""  # why it was run although there is a cache
    note: str = ""  # why its answer is not kept for other runs


@dataclass
class RunState:
    """A run as ``run.json`` tells it."""

    pipeline: str
    notebook: str
    sha256: str
    parameters: dict[str, Any]
    steps: list[StepState]
    status: str = "running"
    started: str = ""
    seconds: float | None = None
    error: str = ""
    versions: dict[str, str] = field(default_factory=dict)  # of what the kernels really imported
    folder: str = ""  # the working directory of the steps
    export: str = ""  # the export that was run, if the run's folder has none of its own
    format: int = FORMAT

    def step(self, name: str) -> StepState:
        """The state of the step ``name``."""
        return next(step for step in self.steps if step.name == name)


class RunFolder:
    """The folder of one run; ``save`` may be called by any thread."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()

    @property
    def handoff(self) -> Path:
        """Where the values that cross lie."""
        return self.root / "handoff"

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.root / "report.html"

    def executed(self, step: str) -> Path:
        """The executed notebook of a step."""
        return self.root / "executed" / f"{step}.ipynb"

    def create(self) -> None:
        """Makes the folder; one that holds something else is refused."""
        strange = [p for p in self.root.iterdir() if p.name != "pipeline"] if self.root.is_dir() else []
        if strange and not (self.root / "run.json").exists():
            raise InputError(f"{self.root} holds something that is no run", hint="choose another --output")
        try:
            (self.root / "executed").mkdir(parents=True, exist_ok=True)
            self.handoff.mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise InputError(f"{self.root} cannot be written: {error}") from error

    def save(self, state: RunState) -> None:
        """Writes ``run.json``, whole or not at all."""
        with self._lock:
            text = json.dumps(asdict(state), indent=2, ensure_ascii=False, default=str)
            try:
                write_whole(self.root / "run.json", (text + "\n").encode("utf-8", "replace"))
            except OSError as error:
                raise MlopsError(f"run.json cannot be written: {error}") from error

    def load(self) -> RunState:
        """The run that ``run.json`` tells of.

        Raises:
            InputError: there is none, or it is damaged.
        """
        path = self.root / "run.json"
        try:
            content: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
            steps = [StepState(**step) for step in content["steps"]]
            return RunState(**{**content, "steps": steps})
        except FileNotFoundError:
            raise InputError(
                f"{self.root} holds no run", hint="give --output the folder of the run to resume"
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} cannot be read: {error}") from error


def now() -> str:
    """This moment in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
