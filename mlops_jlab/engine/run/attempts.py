"""One attempt at a step of a run: a kept answer, or its execution, whole or in parts, within its limits."""

from __future__ import annotations

import os
import secrets
import threading
from functools import partial
from typing import Any

from mlops_jlab.engine.asked import Options
from mlops_jlab.engine.cache.use import Caching
from mlops_jlab.engine.executors import Executor, StepWork
from mlops_jlab.engine.folder.state import RunFolder, RunState
from mlops_jlab.engine.run.split import Split
from mlops_jlab.engine.sources import StepSources
from mlops_jlab.engine.step.attempt import CellFailure, Execution
from mlops_jlab.entities import settings
from mlops_jlab.handoff.records import read_record, record_path
from mlops_jlab.handoff.variables import ATTEMPT, HANDOFF, KEEP, MEMORY
from mlops_jlab.pipeline.manifest import Manifest, ManifestStep


def common_environment(folder: RunFolder, options: Options) -> dict[str, str]:
    """What all steps have in common beside the runner's own environment."""
    return {
        "PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", "0"),
        **options.environment,
        HANDOFF: str(folder.handoff),
        ATTEMPT: "",
        KEEP: "all" if options.keep_all else "",
    }


class Attempts:
    """Makes the attempts at the steps of one run. What it changes is what the run says of the step alone."""

    def __init__(
        self, manifest: Manifest, folder: RunFolder, state: RunState, values: dict[str, object],
        sources: StepSources, executor: Executor, options: Options, caching: Caching, jobs: int,
    ) -> None:  # fmt: skip
        self._manifest = manifest
        self._folder = folder
        self._state = state
        self._values = values
        self._sources = sources
        self._executor = executor
        self._options = options
        self._caching = caching
        self._jobs = jobs

    def execute(self, step: ManifestStep, execution: Execution) -> CellFailure | None:
        """One attempt at one step; runs in a thread of the pool."""
        timeout = step.settings.get("timeout")
        timer = None
        if isinstance(timeout, (int, float)) and timeout > 0:
            why = f"the time limit of {timeout:g} s was reached"
            timer = threading.Timer(timeout, execution.stop, (why,))
            timer.start()
        attempt = secrets.token_hex(8)
        work = self.work(step, attempt)
        state = self._state.step(step.name)
        try:
            if not state.again:
                if self._caching.knows(step):
                    self._executor.settle()  # what its inputs are has to be known
                usable = partial(self._executor.unusable, step.name)
                used = self._caching.use(step, self._folder, attempt, usable)
                state.why = used.why
                if used.entry is not None:
                    state.cached, state.origin = used.entry.created, used.entry.origin
                    self._executor.note_answer(work, skipped=False)
                    return None
            failure = self._perform(step, work, execution)
        finally:
            if timer is not None:
                timer.cancel()
        if self._executor.writes_later(step.name):
            return failure
        if failure is None and self._attempt_of(step) != attempt:
            return CellFailure(
                "StoppedEarly", "the step ended before its last cell, as after sys.exit()",
                execution.cell_id,
            )  # fmt: skip
        return failure

    def _perform(self, step: ManifestStep, work: StepWork, execution: Execution) -> CellFailure | None:
        state = self._state.step(step.name)
        if "for_each" not in step.settings or state.again:  # something of it was not to be had in parts
            return self._executor.execute(work, execution)
        self._executor.settle()  # its parts are made of values
        split = Split(
            self._executor, self._folder.handoff, self._manifest.identity,
            lambda: 1 + self._jobs - sum(one.status == "running" for one in self._state.steps),
        )  # fmt: skip
        failure = split.execute(work, execution)
        state.split = split.note
        return failure

    def work(self, step: ManifestStep, attempt: str) -> StepWork:
        """What an executor is given to do."""
        pending = sum(other.status == "pending" for other in self._state.steps)
        return StepWork(
            step.name, step.position, attempt, self._manifest.notebook_of(step),
            self._folder.executed(step.name), self._options.folder, self._parameters_of(step),
            self._environment(step, attempt), step.settings, 1 + min(self._jobs, pending),
        )  # fmt: skip

    def _parameters_of(self, step: ManifestStep) -> dict[str, object]:
        cells = self._sources.cells(step.name)
        declares = any("parameters" in cell["metadata"].get("tags", ()) for cell in cells)
        return dict(self._values) if declares else {}

    def _environment(self, step: ManifestStep, attempt: str) -> dict[str, str]:
        return {
            **common_environment(self._folder, self._options),
            **self._options.environment_of(step.name),
            ATTEMPT: attempt,
            MEMORY: str(settings.size(step.settings.get("memory")) or ""),
        }

    def _attempt_of(self, step: ManifestStep) -> str:
        path = record_path(self._folder.handoff, step.position, step.name)
        return read_record(path).attempt if path.exists() else ""

    def describe(self, step: ManifestStep, failure: CellFailure) -> dict[str, Any]:
        """What the run says of a step that failed."""
        own = failure.cell_id in step.cells
        message, limit = failure.message, step.settings.get("memory")
        if failure.kind.endswith("MemoryError") and limit is not None:
            message = f"the memory limit of {limit} was reached: {message}"
        return {
            "kind": failure.kind,
            "message": message,
            "cell": failure.cell_id,
            "own_cell": own,
            "notebook": str(self._folder.executed(step.name)),
            "traceback": failure.traceback,
        }
