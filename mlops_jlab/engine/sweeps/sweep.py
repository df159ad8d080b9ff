"""Many runs of one pipeline with different parameters; what none of them changes is computed once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mlops_jlab.engine.folder.state import RunState
from mlops_jlab.engine.run.cancel import cancellation
from mlops_jlab.engine.run.tracked import metrics_of_steps
from mlops_jlab.engine.sweeps.beside import why_apart
from mlops_jlab.engine.sweeps.search import Listed, Search, Space, Wish, combinations
from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.entities.runs import new_run_id
from mlops_jlab.store import opening, reading
from mlops_jlab.store.location import Place

_LOOK = 0.3  # seconds between two looks at a metric
_PAUSE = 0.2  # seconds between two looks at what was asked meanwhile


@dataclass
class Trial:
    """One combination of parameters, and how its run went. ``metrics`` are the latest values of all steps, of
    which those in ``automatic`` were recorded by themselves.

    ``run`` is the id of its run, drawn before it is executed.
    ``pruned`` says at which iteration it was given up, and why; ``stopped`` why all trials are to end.
    """

    number: int
    parameters: dict[str, object]
    folder: Path
    state: RunState | None = None
    run: str = field(default_factory=new_run_id)
    metrics: dict[str, float] = field(default_factory=dict)
    automatic: frozenset[str] = frozenset()
    pruned: str = ""
    stopped: str = ""

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
        """Executes it, under the id that it has, until it is over, ``pruned`` or ``stopped``."""
        ...


class SweepListener(Protocol):
    """Whoever is told how trials go."""

    def ended(self, trial: Trial) -> None:
        """A trial is over."""

    def apart(self, why: str) -> None:
        """Trials do not run side by side."""


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
        declared, space, count, wish.seed, minimize=wish.minimize, prune=wish.prune, listed=listed,
        beside=wish.parallel > 1,
    )  # fmt: skip
    return study, count


def sweep(
    search: Search, folder: Path, place: Place, metric: str, executing: Trials, told: SweepListener, *,
    watch: bool, parallel: int = 1,
) -> list[Trial]:  # fmt: skip
    """Runs the trials, at most ``parallel`` of them at once.

    The search is told each trial's ``metric``, with ``watch`` while the trial goes on as well. A trial that
    fails does not stop the others; one that is cancelled does. Until one has finished each runs alone: the
    others take from the cache what no value changes, and it is known whether they may run side by side.

    Raises:
        MlopsError: a trial cannot be run.
    """
    return _Sweep(search, folder, place, metric, executing, told, watch=watch, parallel=parallel).go()


class _Sweep:
    """One sweep while it happens: trials run in threads, and this one decides."""

    def __init__(
        self, search: Search, folder: Path, place: Place, metric: str, executing: Trials,
        told: SweepListener, *, watch: bool, parallel: int,
    ) -> None:  # fmt: skip
        self._search = search
        self._folder = folder
        self._place = place
        self._metric = metric
        self._executing = executing
        self._told = told
        self._watches = watch
        self._parallel = parallel
        self._at_once = 1
        self._trials: list[Trial] = []
        self._running: dict[Future[None], Trial] = {}
        self._is_over = False  # no trial begins any more

    def go(self) -> list[Trial]:
        """All trials, in the order in which they began."""
        with (
            ThreadPoolExecutor(self._parallel, thread_name_prefix="trial") as pool,
            cancellation(lambda _signal: None) as asked,
        ):
            try:
                while self._begin(pool) or self._running:
                    done, _ = wait(self._running, return_when=FIRST_COMPLETED, timeout=_PAUSE)
                    if asked.is_set():
                        self._stop()
                    for future in done:
                        self._end(self._running.pop(future), future)
            except BaseException:
                self._stop()
                raise
        return self._trials

    def _begin(self, pool: ThreadPoolExecutor) -> bool:
        """Begins as many trials as may run now; whether there was any."""
        begun = False
        while not self._is_over and len(self._running) < self._at_once:
            number = len(self._trials) + 1
            parameters = self._search.ask(number)
            if parameters is None:
                self._is_over = True
                break
            trial = Trial(number, parameters, self._folder / f"{number:04d}")
            self._trials.append(trial)
            self._executing.announce(trial)
            self._running[pool.submit(self._run, trial)] = trial
            begun = True
        return begun

    def _run(self, trial: Trial) -> None:
        watching = _Watch(self._search, trial, self._place, self._metric) if self._watches else nullcontext()
        with watching:
            trial.state = self._executing.run(trial)
        trial.metrics, trial.automatic = metrics_of_steps(self._place, trial.run)

    def _end(self, trial: Trial, future: Future[None]) -> None:
        future.result()
        finished = trial.state is not None and trial.state.status == "finished"
        value = trial.metrics.get(self._metric) if finished else None
        self._search.tell(trial.number, value, pruned=bool(trial.pruned))
        self._told.ended(trial)
        if trial.is_cancelled:
            self._stop()
        elif trial.state is not None and finished and self._at_once < self._parallel:
            why = why_apart(trial.state, trial.folder)
            if why:
                self._parallel = 1
                self._told.apart(why)
            self._at_once = self._parallel

    def _stop(self) -> None:
        """Every trial that is running is to end, and no other begins."""
        self._is_over = True
        for trial in self._running.values():
            trial.stopped = "the sweep was cancelled"


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
                if self._search.report(self._trial.number, point.value, point.iteration):
                    self._trial.pruned = (
                        f"pruned at iteration {point.iteration}: {self._metric} is {point.value:.6g}"
                    )
                    return
