"""A pipeline's run in the run table: one run for the pipeline, a child for each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from mlops_jlab.engine.options import Listener
from mlops_jlab.engine.runfolder import RunFolder, RunState, StepState
from mlops_jlab.errors import MlopsError
from mlops_jlab.handoff.records import read_record, record_path
from mlops_jlab.store import location, opening, reading, registering
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import starting
from mlops_jlab.tracking.live import LiveRun
from mlops_jlab.tracking.provenance.notebook import NOTEBOOK


class TrackedRun:
    """A listener that writes down what it hears, and passes it on; ``begun`` is told the run's id."""

    def __init__(
        self, listener: Listener, source: Path, folder: RunFolder, experiment: str = "", parent: str = "",
        begun: Callable[[str], None] = lambda _run: None,
    ) -> None:  # fmt: skip
        self._listener = listener
        self._source = source
        self._folder = folder
        self._experiment = experiment
        self._parent = parent
        self._has_begun = begun
        self._steps: dict[str, LiveRun] = {}
        self._positions: dict[str, int] = {}
        self.run: LiveRun | None = None  # from started() on

    def environment_of(self, step: str) -> Mapping[str, str]:
        """What a step's kernel has to know, so that its ``log_*`` calls arrive in the step's run."""
        run = self._steps.get(step)
        if run is None:
            return {}
        return {
            starting.RUN: f"{run.id}:{run.begun.attempt}:{step}", NOTEBOOK: str(self._source),
            starting.EXPERIMENT: run.begun.experiment, location.VARIABLE: str(run.recorder.place.root),
        }  # fmt: skip

    def started(self, state: RunState) -> None:
        """The run begins, or goes on."""
        self._positions = {step.name: place for place, step in enumerate(state.steps)}
        name = state.pipeline.partition("@")[0]
        self.run = starting.start(
            name=f"{name}-{self._folder.root.name}", experiment=self._experiment or name, kind="pipeline",
            parent=self._parent, source=self._source,
            tags={"pipeline": state.pipeline, "folder": str(self._folder.root)},
        )  # fmt: skip
        self.run.log_params(state.parameters)
        if any(step.status == "finished" for step in state.steps):
            self._go_on(self.run)
        self._has_begun(self.run.id)
        self._listener.started(state)

    def _go_on(self, run: LiveRun) -> None:
        """What steps that are done have registered is judged in this run."""
        run.recorder.flush()
        with suppress(MlopsError), opening.writing(run.recorder.place) as connection:
            registering.adopt(connection, str(self._folder.root), run.id)

    def step(self, step: StepState, note: str = "") -> None:
        """A step changed its status."""
        if step.status == "running":
            self._begin(step)
        elif step.status == "skipped":
            self._begin(step)
            self._steps[step.name].set_tag("skipped", step.why[:500])
            self._steps[step.name].end("finished")
        elif step.status in ("finished", "failed", "killed"):
            self._end(step)
        elif note and step.name in self._steps:
            self._steps[step.name].set_tag("ran_again", note[:500])
        self._listener.step(step, note)

    def _begin(self, step: StepState) -> None:
        run = self._steps.get(step.name)
        if run is not None:
            starting.begin_again(run)
        elif self.run is not None:
            self._steps[step.name] = starting.start(
                name=step.name, experiment=self.run.begun.experiment, parent=self.run.id, kind="step",
                source=self._source, activate=False, provenance=False,
            )  # fmt: skip

    def _end(self, step: StepState) -> None:
        run = self._steps.get(step.name)
        if run is None or run.status.is_over:
            return
        with suppress(MlopsError):
            record = read_record(record_path(self._folder.handoff, self._positions[step.name], step.name))
            run.add_facts({"packages": record.versions, "usage": record.usage})
        executed = self._folder.executed(step.name)
        if executed.is_file():
            with suppress(MlopsError):
                run.log_artifact(executed, "executed")
        if step.cached:
            run.set_tag("cached", step.origin[:12] or step.cached)
            self._copy(step.origin, run)
        reason = str((step.error or {}).get("message", ""))[:2000]
        run.end(step.status, reason)

    @staticmethod
    def _copy(origin: str, run: LiveRun) -> None:
        """A step that was not run again has the values that it logged when it was."""
        if not origin:
            return
        with suppress(MlopsError), opening.reading(run.recorder.place) as connection:
            found = reading.find(connection, origin)
            run.log_params(found.params)
            for name in found.metrics:
                for point in reading.history(connection, found, name):
                    run.log_metric(name, point.value, point.iteration)

    def metrics(self) -> Mapping[str, float]:
        """The latest values of the metrics that the steps have logged; of one name, the lowest step's."""
        if self.run is None:
            return {}
        self.run.recorder.flush()
        return metrics_of_steps(self.run.recorder.place, self.run.id)

    def cell(self, step: str, index: int, count: int, cell_id: str) -> None:
        """A step begins a cell."""
        self._listener.cell(step, index, count, cell_id)

    def ended(self, state: RunState) -> None:
        """The run is over."""
        for name, run in self._steps.items():
            if not run.status.is_over:
                run.end("killed" if state.step(name).status != "finished" else "finished", state.error)
        if self.run is not None:
            self.run.add_facts({"packages": state.versions})
            self.run.end(state.status, state.error)
        self._listener.ended(state)

    def keep_report(self, report: Path) -> None:
        """The report and ``run.json`` become artifacts of the pipeline's run."""
        if self.run is not None:
            with suppress(MlopsError):
                self.run.log_artifact(report)
                self.run.log_artifact(self._folder.root / "run.json")


def metrics_of_steps(place: Place, run: str) -> dict[str, float]:
    """The latest values of the metrics that the steps of a run have logged."""
    with opening.reading(place) as connection:
        parts = reading.children(connection, reading.find(connection, run))
    return {name: metric.latest for part in parts for name, metric in part.metrics.items()}
