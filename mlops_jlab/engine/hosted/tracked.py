"""What a hosted step logs: a run of its own, the child of one that is written down when all are over."""

from __future__ import annotations

from pathlib import Path

from mlops_jlab.engine.asked import Listener
from mlops_jlab.engine.folder.state import RunFolder, RunState
from mlops_jlab.engine.hosted.place import About
from mlops_jlab.engine.run import automatic
from mlops_jlab.engine.run.tracked import TrackedRun
from mlops_jlab.pipeline.manifest import Manifest
from mlops_jlab.tracking import lifecycle


class HostedRun(TrackedRun):
    """The listener of one hosted step: it begins the step's run, and never that of the pipeline."""

    def __init__(
        self, listener: Listener, source: Path, folder: RunFolder, about: About, manifest: Manifest
    ) -> None:
        super().__init__(listener, source, folder, about.experiment, run_id=about.id, manifest=manifest)
        self._about = about
        self._goes_on = True  # the engine may have tried the step before

    def started(self, state: RunState) -> None:
        """The step begins; the pipeline's run is known by its id alone."""
        self._positions = {step.name: place for place, step in enumerate(state.steps)}
        self.run = lifecycle.attach(self._about.id, 1, self._about.run, self._about.experiment, "pipeline")
        if self._manifest is not None:
            self._own = automatic.recorded_steps(self._manifest, self.run.recorder.place)
        self._listener.started(state)

    def ended(self, state: RunState) -> None:
        """The step is over."""
        for name, run in self._steps.items():
            if not run.status.is_over:
                run.end("killed" if state.step(name).status != "finished" else "finished", state.error)
            run.recorder.flush()
        self._listener.ended(state)

    def run_of(self, step: str) -> str:
        """The id of the step's run, if it began."""
        return self._steps[step].id if step in self._steps else ""
