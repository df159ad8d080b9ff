"""The review of a notebook before it is merged: checked, compared with its base, proved, run and judged."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mlops_jlab.engine.asked import Listener, Options
from mlops_jlab.engine.folder.state import RunFolder, RunState, StepState
from mlops_jlab.engine.proof.verify import Verdict, verify
from mlops_jlab.engine.report.page import write_report
from mlops_jlab.engine.run.loop import run
from mlops_jlab.engine.run.tracked import TrackedRun
from mlops_jlab.entities.graphs import Graph
from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.entities.parameters import resolve
from mlops_jlab.errors import MlopsError
from mlops_jlab.pipeline import comparing, export, manifest
from mlops_jlab.registry import versions
from mlops_jlab.store import location, opening, reading

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass(frozen=True)
class Stage:
    """One part of a review: ``said`` is a line, ``details`` are what stands below it."""

    name: str
    status: str
    said: str
    seconds: float = 0.0
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What to review with: parameters as texts of a command line.

    ``sample`` are those of the proof, which runs the notebook twice; ``base`` is the notebook as it is where
    this one is to be merged into; ``gated`` fails a review in which a gate did not pass; ``telling`` is
    called with what is run next.
    """

    given: Mapping[str, object] = field(default_factory=dict)
    sample: Mapping[str, object] = field(default_factory=dict)
    base: Graph | None = None
    proved: bool = True
    gated: bool = False
    telling: Callable[[str], None] = lambda _text: None


@dataclass
class Review:
    """How it came out: the stages, what has changed, and the metrics of base and notebook."""

    notebook: Path
    stages: list[Stage] = field(default_factory=list)
    changes: comparing.Changes | None = None
    metrics: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)
    models: list[ModelVersion] = field(default_factory=list)
    steps: list[StepState] = field(default_factory=list)
    report: Path | None = None

    @property
    def passed(self) -> bool:
        """Whether no stage has failed."""
        return all(stage.status != FAILED for stage in self.stages)


def review(graph: Graph, asked: Asked, target: Path, options: Options, listener: Listener) -> Review:
    """Reviews a notebook; runs, proofs and reports are in the folder ``target``.

    Raises:
        ParameterError: a parameter is unknown, ill-typed or out of range.
    """
    found = Review(graph.notebook.path)
    found.stages.append(_checked(graph))
    if asked.base is not None:
        found.changes = comparing.compare(comparing.of_graph(asked.base), comparing.of_graph(graph))
    if graph.errors:
        found.stages += [Stage(name, SKIPPED, "the notebook has errors") for name in ("verify", "run")]
        return found
    given = resolve(graph.parameters, asked.given, from_text=True)
    sample = given | resolve(graph.parameters, {**asked.given, **asked.sample}, from_text=True)
    if asked.proved:
        asked.telling("verify: the notebook whole, and as a pipeline")
        found.stages.append(_proved(graph, sample, target / "verify", options, listener))
    else:
        found.stages.append(Stage("verify", SKIPPED, "not asked for"))
    if asked.base is not None:
        asked.telling("base: the notebook as it was")
    before = _base_metrics(found, asked, target / "base", options, listener)
    asked.telling("run: the notebook as it is")
    after = _run(found, graph, given, target / "run", options, listener)
    found.metrics = {
        name: (before.get(name), after.get(name)) for name in dict.fromkeys([*after, *before])
    }  # fmt: skip
    if found.models:
        found.stages.append(_judged(found.models, gated=asked.gated))
    return found


def _checked(graph: Graph) -> Stage:
    details = tuple(f"{one.severity.value} {one.where}: {one.message}" for one in graph.findings)
    if graph.errors:
        return Stage("check", FAILED, f"{len(graph.errors)} errors in tags or data flow", 0.0, details)
    return Stage("check", PASSED, f"{len(graph.steps)} steps, no errors", 0.0, details)


def _proved(
    graph: Graph, given: Mapping[str, object], target: Path, options: Options, listener: Listener
) -> Stage:
    begun = time.monotonic()
    target.mkdir(parents=True)
    environment = {**options.environment, location.VARIABLE: str(target.resolve() / "store")}
    quiet = replace(options, environment=environment, cache=None)  # proofs leave no runs behind
    verdict = verify(graph, target.resolve(), given, quiet, listener)
    seconds = time.monotonic() - begun
    if verdict.same:
        said = f"the same answer as the whole notebook: {verdict.outputs} outputs, {verdict.values} values"
        return Stage("verify", PASSED, said, seconds, _uncompared(verdict))
    differences = tuple(f"{one.where}: {one.what}" for one in verdict.differences)
    said = verdict.failure or f"{len(differences)} differences from the whole notebook"
    return Stage("verify", FAILED, said, seconds, differences)


def _uncompared(verdict: Verdict) -> tuple[str, ...]:
    unseeded = [f"not compared, depends on an unseeded draw: {name}" for name in verdict.unseeded]
    return (*unseeded, *(f"not compared, not deterministic: {name}" for name in verdict.not_deterministic))


def _base_metrics(
    found: Review, asked: Asked, target: Path, options: Options, listener: Listener
) -> dict[str, float]:
    """The metrics of the base, run in this environment; a base that cannot run fails no review."""
    base = asked.base
    if base is None:
        return {}
    if base.errors:
        found.stages.append(Stage("base", SKIPPED, "the base has errors in tags or data flow"))
        return {}
    known = {parameter.name for parameter in base.parameters}
    try:
        given = resolve(base.parameters, {n: v for n, v in asked.given.items() if n in known}, from_text=True)
        apart = _Run(base, target, given, options, listener)
    except MlopsError as error:
        found.stages.append(Stage("base", SKIPPED, f"the base cannot be run: {error.message}"))
        return {}
    if apart.state.status != "finished":
        found.stages.append(Stage("base", SKIPPED, f"the base does not run: {_why(apart.state)}"))
        return {}
    return apart.metrics


class _Run:
    """A run of a graph in a folder: its state, and what it has logged."""

    def __init__(
        self, graph: Graph, target: Path, given: Mapping[str, object], options: Options, listener: Listener
    ) -> None:
        self.begun = time.monotonic()
        self.plan = manifest.read(export.export(graph, target / "export", force=True))
        self.folder = RunFolder((target / "run").resolve())
        tracked = TrackedRun(listener, graph.notebook.path.resolve(), self.folder, manifest=self.plan)
        self.state = run(self.plan, self.folder.root, given, tracked.watching(options), tracked)
        self.seconds = time.monotonic() - self.begun
        self.metrics: dict[str, float] = {}
        self.models: list[ModelVersion] = []
        if tracked.run is not None:
            tracked.run.recorder.flush()
            place = tracked.run.recorder.place
            with opening.reading(place) as connection:
                own = reading.find(connection, tracked.run.id)
            self.metrics = {name: metric.latest for name, metric in own.metrics.items()}
            self.models = versions.of_runs(place, [own.id])


def _run(
    found: Review, graph: Graph, given: Mapping[str, object], target: Path, options: Options,
    listener: Listener,
) -> dict[str, float]:  # fmt: skip
    done = _Run(graph, target, given, options, listener)
    found.steps, found.models = list(done.state.steps), done.models
    found.report = write_report(done.plan, done.folder, done.state)
    good = done.state.status == "finished"
    said = f"{len(done.state.steps)} steps finished" if good else _why(done.state)
    found.stages.append(Stage("run", PASSED if good else FAILED, said, done.seconds))
    return done.metrics


def _why(state: RunState) -> str:
    failed = next((step for step in state.steps if step.error), None)
    if failed is None or failed.error is None:
        return state.error or state.status
    return f"{failed.name}: {failed.error.get('kind', 'Error')}: {failed.error.get('message', '')}"


def _judged(models: Sequence[ModelVersion], *, gated: bool) -> Stage:
    details = tuple(
        f"{one.title}: {one.verdict or 'no gate'}" + (f", {one.gate['why']}" if one.gate else "")
        for one in models
    )
    refused = [one for one in models if one.verdict != "pass"]
    status = FAILED if gated and refused else PASSED
    return Stage(
        "gates", status, f"{len(models) - len(refused)} of {len(models)} models passed", 0.0, details
    )
