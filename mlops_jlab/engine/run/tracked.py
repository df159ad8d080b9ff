"""A pipeline's run in the run table: one run for the pipeline, a child for each step."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mlops_jlab.engine.asked import Listener, Options
from mlops_jlab.engine.folder.state import RunFolder, RunState, StepState
from mlops_jlab.engine.run import automatic
from mlops_jlab.entities.runs import DEFAULTS, ENGINE, RunStatus
from mlops_jlab.errors import MlopsError
from mlops_jlab.handoff.records import read_record, record_path
from mlops_jlab.pipeline.manifest import Manifest
from mlops_jlab.policies import standing
from mlops_jlab.store import belonging, datasets, location, opening, reading, usedfiles
from mlops_jlab.store.location import Place
from mlops_jlab.store.whole import whole_of
from mlops_jlab.tracking import lifecycle, values
from mlops_jlab.tracking.live import LiveRun
from mlops_jlab.tracking.provenance import sampling
from mlops_jlab.tracking.provenance.notebook import NOTEBOOK
from mlops_jlab.tracking.provenance.usage import is_spot


class TrackedRun:
    """A listener that writes down what it hears, and passes it on.

    ``run_id`` is that of the run that was asked for; without one it is drawn when the run begins. With a
    ``manifest``, what its steps show is recorded by itself.
    """

    def __init__(
        self, listener: Listener, source: Path, folder: RunFolder, experiment: str = "", parent: str = "",
        run_id: str = "", manifest: Manifest | None = None,
    ) -> None:  # fmt: skip
        self._manifest = manifest
        self._own: Mapping[str, frozenset[str]] = {}  # cells of the steps that are recorded
        self._bound: set[str] = set()  # steps whose scalars are kept
        self._listener = listener
        self._source = source
        self._folder = folder
        self._experiment = experiment
        self._parent = parent
        self._id = run_id
        self._usage: dict[str, Mapping[str, float]] = {}
        self._steps: dict[str, LiveRun] = {}
        self._positions: dict[str, int] = {}
        self._goes_on = False
        self._begun = ""
        self.run: LiveRun | None = None  # from started() on

    def watching(self, options: Options) -> Options:
        """The options of a run whose steps log into the runs of this one, and are sampled."""
        self._goes_on = options.resume
        return replace(
            options, environment_of=self.environment_of, metrics=self.metrics, watched=self._watched
        )

    def _watched(self, step: str, processes: Callable[[], Sequence[int]]) -> None:
        if step in self._steps:
            sampling.watch(self._steps[step], processes)

    def environment_of(self, step: str) -> Mapping[str, str]:
        """What a step's kernel has to know, so that its ``log_*`` calls arrive in the step's run."""
        run = self._steps.get(step)
        if run is None:
            return {}
        return {
            lifecycle.RUN: f"{run.id}:{run.begun.attempt}:{step}", NOTEBOOK: str(self._source),
            lifecycle.EXPERIMENT: run.begun.experiment, location.VARIABLE: str(run.recorder.place.root),
        }  # fmt: skip

    def started(self, state: RunState) -> None:
        """The run begins, or goes on."""
        self._positions = {step.name: place for place, step in enumerate(state.steps)}
        standing.of(lifecycle.recorder().place.root)  # nothing begins under a policy that cannot be read
        name, folder = state.pipeline.partition("@")[0], self._folder.root.name
        self.run = lifecycle.start(
            name=name if folder == name else f"{name}-{folder}", experiment=self._experiment or name,
            kind="pipeline", parent=self._parent, source=self._source, run_id=self._id,
            tags={"pipeline": state.pipeline},
        )  # fmt: skip
        if self._manifest is not None:
            self._own = automatic.recorded_steps(self._manifest, self.run.recorder.place)
            with suppress(OSError):
                automatic.want_profiles(self._folder.handoff, self._own)
        self._begun = state.begun
        self.run.add_facts({ENGINE: {"folder": str(self._folder.root), "begun": self._begun}})
        self.run.log_params(state.parameters)
        self._tell_defaults(self.run, state.parameters)
        if any(step.status == "finished" for step in state.steps):
            self._go_on(self.run)
        self._listener.started(state)

    def _tell_defaults(self, run: LiveRun, given: Mapping[str, object]) -> None:
        """What the run takes as it is declared stands beside what it was given, save secrets."""
        declared = [one.as_json() for one in self._manifest.parameters] if self._manifest else []
        left = {
            str(one["name"]): values.param(str(one["name"]), one["default"])
            for one in declared
            if "default" in one and one["name"] not in given
        }
        if left:
            run.add_facts({DEFAULTS: left})

    def _go_on(self, run: LiveRun) -> None:
        """What steps that are done have registered is judged in this run."""
        run.recorder.flush()
        with suppress(MlopsError), opening.writing(run.recorder.place) as connection:
            runs = belonging.in_folder(connection, str(self._folder.root), self._begun)
            belonging.adopt(connection, runs, whole_of(connection, run.id), who=lifecycle.user())

    def _set_aside(self, run: LiveRun, step: str) -> None:
        """What a step has registered and judged that begins again counts no more."""
        run.recorder.flush()
        with opening.writing(run.recorder.place) as connection:
            before = belonging.in_folder(connection, str(self._folder.root), self._begun)
            belonging.set_aside(connection, [*before, run.id], step, who=lifecycle.user())

    def step(self, step: StepState, note: str = "") -> None:
        """A step changed its status."""
        if step.status == "running":
            self._begin(step)
        elif step.status == "skipped":
            self._begin(step)
            self._steps[step.name].add_facts({ENGINE: {"skipped": step.why[:500]}})
            self._steps[step.name].end("finished")
        elif step.status in ("finished", "failed", "killed"):
            self._end(step)
        elif note and step.name in self._steps:
            self._steps[step.name].add_facts({ENGINE: {"ran_again": note[:500]}})
        self._listener.step(step, note)

    def _begin(self, step: StepState) -> None:
        run = self._steps.get(step.name)
        self._bound.discard(step.name)
        if self.run is not None and (self._goes_on or run is not None):
            self._set_aside(self.run, step.name)
        if run is not None:
            lifecycle.begin_again(run)
        elif self.run is not None:
            self._steps[step.name] = lifecycle.start(
                name=step.name, experiment=self.run.begun.experiment, parent=self.run.id, kind="step",
                source=self._source, activate=False, provenance=False,
            )  # fmt: skip

    def _end(self, step: StepState) -> None:
        run = self._steps.get(step.name)
        if run is None or run.status.is_over:
            return
        sampling.leave(run)
        executed = self._folder.executed(step.name)
        if executed.is_file():
            with suppress(MlopsError):
                run.log_artifact(executed, "executed")
        if step.cached:
            run.add_facts({ENGINE: {"cached": step.origin[:12] or step.cached}})
            self._copy(step.origin, run)
        self._show(step.name, run)
        self._add_facts(step, run)
        run.end(_status_of(step), step.reason[:2000])

    def _add_facts(self, step: StepState, run: LiveRun) -> None:
        name = step.name
        with suppress(MlopsError):
            record = read_record(record_path(self._folder.handoff, self._positions[name], name))
            files = usedfiles.noted(record.files_read, record.files_written)
            run.add_facts({
                "packages": record.versions, "usage": {**record.usage, **_spot()}, usedfiles.FACT: files,
            })  # fmt: skip
            self._usage[name] = {} if step.cached else record.usage
            if name in self._own and name not in self._bound:
                self._bound.add(name)
                automatic.keep_bound(run, self._cells(name), record.scalars)
                automatic.keep_profiles(run, self._folder.handoff, name)

    def _show(self, step: str, run: LiveRun) -> None:
        """The figures, small tables and results that a step has displayed."""
        if step in self._own:
            with suppress(MlopsError):
                automatic.keep_displayed(run, step, self._cells(step))

    def _cells(self, step: str) -> automatic.Cells:
        return automatic.cells_of(self._folder.executed(step), self._own[step])

    def written(self, step: StepState) -> None:
        """What a step used is known now, which is over."""
        run = self._steps.get(step.name)
        if run is not None:
            self._add_facts(step, run)
        self._listener.written(step)

    @staticmethod
    def _copy(origin: str, run: LiveRun) -> None:
        """A step that was not run again has the values that it logged when it was."""
        if not origin:
            return
        with suppress(MlopsError), opening.reading(run.recorder.place) as connection:
            found = reading.find(connection, origin)
            by_itself = found.automatic  # and is so again, from what was kept of the step
            run.log_params({name: v for name, v in found.params.items() if name not in by_itself.params})
            if "datasets" in found.facts:
                run.add_facts({"datasets": found.facts["datasets"]})
                run.recorder.flush()
                with opening.writing(run.recorder.place) as writer:
                    datasets.copy_reads(writer, found.id, run.id)
            automatic.copy_profiles(run, reading.artifacts(connection, found))
            for name in found.metrics.keys() - set(by_itself.metrics):
                for point in reading.history(connection, found, name):
                    run.log_metric(name, point.value, point.iteration)

    def metrics(self) -> Mapping[str, float]:
        """The latest values of the metrics that code in steps has logged; of one name, the lowest step's."""
        if self.run is None:
            return {}
        self.run.recorder.flush()
        with opening.reading(self.run.recorder.place) as connection:
            steps = reading.children(connection, reading.find(connection, self.run.id))
        return automatic.only_logged(steps)

    def cell(self, step: str, index: int, count: int, cell_id: str) -> None:
        """A step begins a cell."""
        self._listener.cell(step, index, count, cell_id)

    def ended(self, state: RunState) -> None:
        """The run is over."""
        for name, run in self._steps.items():
            if not run.status.is_over:
                sampling.leave(run)
                run.end("killed" if state.step(name).status != "finished" else "finished", state.error)
        if self.run is not None:
            self.run.add_facts({"packages": state.versions})
            with suppress(MlopsError):
                automatic.lift(self.run, self._positions)
            blocked = any(step.is_blocked for step in state.steps)
            self.run.end(RunStatus.BLOCKED if blocked else state.status, state.error)
            self.run.add_facts({"usage": _together(self._usage.values())})  # not that of the runner
        self._listener.ended(state)

    def keep_report(self, report: Path) -> None:
        """The report and ``run.json`` become artifacts of the pipeline's run."""
        if self.run is not None:
            with suppress(MlopsError):
                self.run.log_artifact(report)
                self.run.log_artifact(self._folder.root / "run.json")


def _spot() -> dict[str, bool]:
    return {"spot": True} if is_spot() else {}


def _together(used: Collection[Mapping[str, float]]) -> dict[str, float | None]:
    """What all steps have used: their processor seconds, and the most memory that one of them held."""
    return {
        "cpu_seconds": round(sum(one.get("cpu_seconds", 0.0) for one in used), 3),
        "peak_memory": max((one["peak_memory"] for one in used if "peak_memory" in one), default=None),
    }


def _status_of(step: StepState) -> str:
    """How the run of a step ended: one that a check of its data has stopped is blocked."""
    return RunStatus.BLOCKED if step.is_blocked else step.status


def metrics_of_steps(place: Place, run: str) -> tuple[dict[str, float], frozenset[str]]:
    """The latest values of the metrics of a run's steps, and which of them were recorded by themselves."""
    with opening.reading(place) as connection:
        parts = reading.children(connection, reading.find(connection, run))
    found = {name: metric.latest for part in parts for name, metric in part.metrics.items()}
    return found, frozenset(found.keys() - automatic.only_logged(parts).keys())
