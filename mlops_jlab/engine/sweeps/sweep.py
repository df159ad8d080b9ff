"""Many runs of one pipeline with different parameters; what none of them changes is computed once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mlops_jlab.engine.folder.state import RunState
from mlops_jlab.engine.run.tracked import metrics_of_steps
from mlops_jlab.engine.sweeps.search import Listed, Search, Space, Wish, combinations
from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.entities.runs import new_run_id
from mlops_jlab.store import opening, reading
from mlops_jlab.store.location import Place

_LOOK = 0.3  # seconds between two looks at a metric


@dataclass
class Trial:
    """One combination of parameters, and how its run went. ``metrics`` are the latest values of all steps, of
    which those in ``automatic`` were recorded by themselves.

    ``run`` is the id of its run, drawn before it is executed.
    ``pruned`` says at which iteration it was given up, and why.
    """

    number: int
    parameters: dict[str, object]
    folder: Path
    state: RunState | None = None
    run: str = field(default_factory=new_run_id)
    metrics: dict[str, float] = field(default_factory=dict)
    automatic: frozenset[str] = frozenset()
    pruned: str = ""

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody stopped it."""
        return self.state is not None and self.state.status == "killed" and not self.pruned

    @property
    def has_failed(self) -> bool:
        """Whether it ended otherwise than it should."""
        return self.state is not None and self.state.status != "finished" and not self.pruned


class Trials(Protocol):
    """Whoever executes trials."""

    def announce(self, trial: Trial) -> None:
        """The trial's run is in the run table from here on."""

    def run(self, trial: Trial) -> RunState:
        """Executes it, under the id that it has."""
        ...


def choose(declared: Sequence[Parameter], space: Space, wish: Wish) -> tuple[Search, int]:
    """Who chooses the trials, and how many there will be at most.

    Raises:
        InputError: the wish cannot be met.
    """
    wish.check()
    listed = None if wish.kind == "bayes" else combinations(declared, space, wish.trials, wish.seed)
    if listed is not None and not wish.prune:
        return Listed(listed), len(listed)
    from mlops_jlab.engine.sweeps.study import Study

    count = len(listed) if listed is not None else wish.trials or 0
    study = Study(
        declared, space, count, wish.seed, minimize=wish.minimize, prune=wish.prune, listed=listed
    )  # fmt: skip
    return study, count


def sweep(
    search: Search, folder: Path, place: Place, metric: str,
    executing: Trials, told: Callable[[Trial], None], *, watch: bool,
) -> list[Trial]:  # fmt: skip
    """Runs the trials one after the other; each one's steps run side by side.

    The search is told each trial's ``metric``, with ``watch`` while the trial goes on as well. A trial that
    fails does not stop the others; one that is cancelled does.
    """
    trials: list[Trial] = []
    while (parameters := search.ask()) is not None:
        trial = Trial(len(trials) + 1, parameters, folder / f"{len(trials) + 1:04d}")
        trials.append(trial)
        executing.announce(trial)
        with _Watch(search, trial, place, metric) if watch else nullcontext():
            trial.state = executing.run(trial)
        trial.metrics, trial.automatic = metrics_of_steps(place, trial.run)
        finished = trial.state.status == "finished"
        search.tell(trial.metrics.get(metric) if finished else None, pruned=bool(trial.pruned))
        told(trial)
        if trial.is_cancelled:
            break
    return trials


class _Watch:
    """Reports a trial's metric to the search, iteration by iteration, while the trial is running."""

    def __init__(self, search: Search, trial: Trial, place: Place, metric: str) -> None:
        self._search = search
        self._trial = trial
        self._place = place
        self._metric = metric
        self._reported = -1
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="pruning", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK) and not self._trial.pruned:
            self._look()

    def _look(self) -> None:
        with opening.reading(self._place) as connection:
            parts = reading.children(connection, reading.find(connection, self._trial.run))
            points = [
                point
                for part in parts
                if self._metric in part.metrics
                for point in reading.history(connection, part, self._metric)
            ]
        for point in sorted(points, key=lambda one: one.iteration):
            if point.iteration > self._reported:
                self._reported = point.iteration
                if self._search.report(point.value, point.iteration):
                    self._trial.pruned = (
                        f"pruned at iteration {point.iteration}: {self._metric} is {point.value:.6g}"
                    )
                    return
