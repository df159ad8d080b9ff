"""``mlops-jlab sweep``: a pipeline with many combinations of parameters."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_jlab.cli.answers import FORMAT, answer
from mlops_jlab.cli.options import EXECUTOR, QUIET, RUN_ID
from mlops_jlab.errors import InputError, MlopsError

if TYPE_CHECKING:
    from mlops_jlab.engine.asked import Options
    from mlops_jlab.engine.folder.state import RunState
    from mlops_jlab.engine.sweeps.sweep import Trial
    from mlops_jlab.pipeline.manifest import Manifest
    from mlops_jlab.store.location import Place
    from mlops_jlab.tracking.live import LiveRun

_PATH = click.Path(path_type=Path)
_LINGER = 5.0  # seconds between two trials, at most, for which the warm parent waits


@click.command()
@click.argument("pipeline", type=_PATH, metavar="DIR|NOTEBOOK")
@click.option("-p", "--parameter", "pairs", multiple=True, metavar="NAME=V1,V2,...|LOW..HIGH",
              help="Values to try, or a range to choose from.")  # fmt: skip
@click.option("-f", "--parameters-file", "file", type=_PATH, help="Read them from a YAML or JSON file.")
@click.option("--trials", type=click.IntRange(1), default=None, metavar="N",
              help="Try N of the combinations (default: all).")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="The seed of that draw.")
@click.option("--metric", default="", metavar="NAME", help="Sort by this metric, the largest first.")
@click.option("--minimize", is_flag=True, help="The smallest first.")
@click.option("--parallel", type=click.IntRange(1), default=1, show_default=True, metavar="N",
              help="Run at most N trials side by side.")  # fmt: skip
@click.option("-j", "--jobs", type=click.IntRange(1), default=None, metavar="N",
              help="Run at most N steps of a trial side by side (default: one a CPU).")  # fmt: skip
@click.option("--experiment", default="", metavar="NAME", help="The experiment of all runs.")
@EXECUTOR
@click.option("--search", type=click.Choice(["grid", "random", "bayes"]), default=None,
              help="How to choose: every combination, some by chance, or by what earlier trials have shown "
                   "(default: grid, with --trials random).")  # fmt: skip
@click.option("--prune", is_flag=True, help="End trials whose --metric falls behind while it is logged.")
@RUN_ID
@QUIET
@FORMAT
def sweep(
    pipeline: Path, pairs: tuple[str, ...], file: Path | None, trials: int | None, seed: int,
    metric: str, minimize: bool, parallel: int, jobs: int | None, experiment: str, executor: str,
    search: str | None, prune: bool, run_id: str, volume: int | None, style: str,
) -> int:  # fmt: skip
    """Run a pipeline with every combination of the given values.

    Values are V1,V2,... or, for numbers, a range LOW..HIGH or LOW..HIGH:log. What a value does not
    change is computed once: only the steps that depend on it run again. Each trial is a run below the
    run of the sweep. Trials that write files run one after the other. Exit code 1 if a trial failed.
    """
    from mlops_jlab.cli import asking
    from mlops_jlab.engine.asked import Options
    from mlops_jlab.engine.sweeps import beside, outcome, sweep
    from mlops_jlab.engine.sweeps import search as searching
    from mlops_jlab.entities.runs import ENGINE
    from mlops_jlab.pipeline import planning
    from mlops_jlab.store.location import Place
    from mlops_jlab.tracking import lifecycle

    target = asking.new_run(pipeline)
    plan, folder = planning.plan_of(pipeline, target, resume=False)
    space = searching.space_of(plan.parameters, asking.given(pairs, file))
    wish = searching.Wish(search or "", trials, seed, metric, minimize, prune, parallel)
    chooser, count = sweep.choose(plan.parameters, space, wish)
    parallel = min(parallel, count)
    store = asking.store_of(pipeline)
    os.environ.setdefault("MLOPS_JLAB_STORE", str(store))
    source = planning.source_of(plan, pipeline)
    name = experiment or plan.name
    whole = lifecycle.start(
        name=f"{plan.name}-{target.name}", experiment=name, kind="sweep", source=source, activate=False,
        provenance=False, run_id=run_id,
    )  # fmt: skip
    asked = {"search": wish.kind, "metric": metric, "minimize": minimize, "prune": prune, "trials": count,
             "seed": seed, "parallel": parallel, "pruned": {},
             "space": searching.described(space)}  # fmt: skip
    whole.add_facts({ENGINE: {"folder": str(target)}, outcome.FACT: asked})
    options = Options(
        folder=folder.resolve(), jobs=jobs or 0, cache=store / "cache", linger=_LINGER, executor=executor
    )

    told = _Teller(whole, asked, quiet=volume == -1)
    told.say(f"{plan.name}: {count} trials of {', '.join(space)}")
    place = Place(Path(os.environ["MLOPS_JLAB_STORE"]))
    executing = _Trials(plan, beside.shared(options, parallel), source, name, whole, place)
    try:
        done = sweep.sweep(
            chooser, target, place, metric, executing, told, watch=prune, parallel=parallel
        )  # fmt: skip
    except MlopsError as error:
        whole.end("failed", error.message)
        raise
    failed = _end(whole, done)
    lines = table(done, list(space), metric, minimize=minimize)
    answer(
        style, _plain(whole.id, done, metric),
        "\n".join([*lines, f"  show: mlops-jlab runs show {whole.id[:12]}"]),
    )  # fmt: skip
    return 1 if failed or len(done) < count else 0


def _end(whole: LiveRun, trials: list[Trial]) -> int:
    """Ends the run of the sweep; how many trials have failed."""
    failed = sum(trial.has_failed for trial in trials)
    if any(trial.is_cancelled for trial in trials):
        whole.end("killed", "cancelled")
    else:
        whole.end("failed" if failed else "finished", f"{failed} trials failed" if failed else "")
    return failed


def _plain(run: str, trials: list[Trial], metric: str) -> dict[str, object]:
    """The sweep as JSON data, its trials in the order in which they were made."""
    return {
        "run": run,
        "metric": metric,
        "trials": [
            {"number": trial.number, "run": trial.run, "parameters": trial.parameters,
             "status": trial.state.status if trial.state else "pending", "pruned": trial.pruned,
             "seconds": trial.state.seconds if trial.state else None, "metrics": trial.metrics,
             "error": trial.state.error if trial.state else ""}
            for trial in trials
        ],
    }  # fmt: skip


@dataclass(frozen=True)
class _Teller:
    """Says how trials go while the sweep goes on."""

    whole: LiveRun
    asked: dict[str, Any]
    quiet: bool

    def say(self, text: str) -> None:
        """Prints a line, unless nobody wants to hear it."""
        if not self.quiet:
            click.echo(text, err=True)

    def ended(self, trial: Trial) -> None:
        """A trial has come to its end."""
        from mlops_jlab.engine.sweeps.outcome import FACT

        self.say(line_of(trial))
        if trial.pruned:
            self.asked["pruned"] |= {trial.run: trial.pruned}
            self.whole.add_facts({FACT: self.asked})

    def apart(self, why: str) -> None:
        """Trials do not run side by side."""
        self.say(f"  trials run one after the other: {why}")


@dataclass(frozen=True)
class _Trials:
    """Announces and runs trials as parts of the whole sweep."""

    plan: Manifest
    options: Options
    source: Path
    experiment: str
    whole: LiveRun
    place: Place

    def announce(self, trial: Trial) -> None:
        """The trial is in the run table from here on."""
        from mlops_jlab.tracking import announcing

        announcing.announce(self.place, announcing.Announcement(
            trial.run, f"{self.plan.name}-{trial.folder.name}", self.experiment, "pipeline", self.source,
            self.whole.id, trial.folder.resolve(),
        ))  # fmt: skip

    def run(self, trial: Trial) -> RunState:
        """Runs it to its end."""
        from mlops_jlab.cli.progress import SILENT, PlainLines
        from mlops_jlab.engine.folder.state import RunFolder
        from mlops_jlab.engine.run.loop import run
        from mlops_jlab.engine.run.tracked import TrackedRun
        from mlops_jlab.entities.runs import RunStatus
        from mlops_jlab.tracking import announcing

        tracked = TrackedRun(
            PlainLines(SILENT), self.source, RunFolder(trial.folder.resolve()), self.experiment,
            parent=self.whole.id, run_id=trial.run, manifest=self.plan,
        )  # fmt: skip
        chosen = tracked.watching(replace(self.options, cancelled=lambda: trial.pruned or trial.stopped))
        try:
            state = run(self.plan, trial.folder, trial.parameters, chosen, tracked)
        except MlopsError as error:
            announcing.give_up(self.place, trial.run, RunStatus.FAILED, error.message)
            raise
        self.whole.recorder.flush()
        return state


def line_of(trial: Trial) -> str:
    """A trial in one line, when it has ended."""
    given = ", ".join(f"{name}={_short(value)}" for name, value in trial.parameters.items())
    state = trial.state
    cached = sum(bool(step.cached) for step in state.steps) if state else 0
    mark = "✓" if state and state.status == "finished" else "–" if trial.pruned else "✗"
    why = f"  {state.error}" if state and state.error else ""
    took = f"{state.seconds or 0:.1f} s, {cached} of {len(state.steps)} steps cached" if state else ""
    return f"  {mark} {trial.number:3}  {given}  {took}{why}"


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else repr(value)


def table(trials: list[Trial], names: list[str], metric: str, *, minimize: bool) -> list[str]:
    """The trials with their parameters and metrics, the best first.

    What was recorded by itself has a column where nothing was logged, or where it is the ``metric``.

    Raises:
        InputError: no trial has logged ``metric``.
    """
    metrics = sorted({name for trial in trials for name in trial.metrics})
    if metric and metric not in metrics:
        raise InputError(f"no trial has logged {metric!r}", hint=f"metrics: {', '.join(metrics) or 'none'}")
    if metric:
        worst = float("inf") if minimize else float("-inf")
        trials = sorted(trials, key=lambda t: t.metrics.get(metric, worst), reverse=not minimize)
    logged = {name for trial in trials for name in trial.metrics.keys() - trial.automatic}
    metrics = [name for name in metrics if name == metric or name in logged or not logged]
    head = ["trial", *names, *metrics]
    rows = [
        [
            str(trial.number),
            *(_cell(trial.parameters.get(name, "")) for name in names),
            *(f"{trial.metrics[name]:.6g}" if name in trial.metrics else "–" for name in metrics),
        ]
        for trial in trials
    ]
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    return [
        "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in [head, *rows]
    ]


def _cell(value: object) -> str:
    return value if isinstance(value, str) else _short(value)
