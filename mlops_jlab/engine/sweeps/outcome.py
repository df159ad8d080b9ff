"""What came of a sweep, from what its runs have left in the store."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_jlab.entities.runs import Run, RunStatus
from mlops_jlab.store import opening, reading
from mlops_jlab.store.location import Place

FACT = "sweep"  # what a sweep's run says of how it was asked for
_LONGEST = 200  # characters of a parameter


@dataclass(frozen=True)
class Told:
    """One trial: its parameters that vary, numbers as such; its latest metrics; why it was pruned."""

    number: int
    run: Run
    parameters: Mapping[str, float | str]
    metrics: Mapping[str, float] = field(default_factory=dict)
    pruned: str = ""

    def has(self, metric: str) -> bool:
        """Whether it finished with a number for this metric."""
        return self.run.status is RunStatus.FINISHED and math.isfinite(self.metrics.get(metric, math.nan))


@dataclass(frozen=True)
class Outcome:
    """A sweep: what varies, its trials in their order, and the metric that is to become best, if any."""

    run: Run
    names: Sequence[str]
    trials: Sequence[Told]
    metric: str = ""
    minimize: bool = False
    search: str = ""
    planned: int = 0
    logarithmic: Sequence[str] = ()

    def best(self) -> Told | None:
        """The finished trial whose metric is best; the earlier one of equals."""
        ended = [
            trial
            for trial in self.trials
            if trial.run.status is RunStatus.FINISHED
            and math.isfinite(trial.metrics.get(self.metric, math.nan))
        ]
        sign = -1 if self.minimize else 1
        return max(ended, key=lambda trial: sign * trial.metrics[self.metric], default=None)


def outcome(place: Place, run: Run) -> Outcome:
    """What came of a sweep; of one without its facts, what differs between its trials is what was varied."""
    facts: dict[str, Any] = run.facts.get(FACT, {})
    with opening.reading(place) as connection:
        children = reading.children(connection, run, _LONGEST)
        metrics = reading.metrics_of_parts(connection, run)
    space = facts.get("space", {})
    names = list(space) or _varied(children)
    pruned = facts.get("pruned", {})
    trials = [
        Told(
            place_of, child, {name: _plain(child.params[name]) for name in names if name in child.params},
            {**metrics.get(child.id, {}), **{name: m.latest for name, m in child.metrics.items()}},
            str(pruned.get(child.id, "")),
        )
        for place_of, child in enumerate(children, 1)
    ]  # fmt: skip
    return Outcome(
        run, names, trials, str(facts.get("metric", "")), bool(facts.get("minimize")),
        str(facts.get("search", "")), int(facts.get("trials") or len(trials)),
        [name for name, what in space.items() if what.get("log")],
    )  # fmt: skip


def _varied(children: Sequence[Run]) -> list[str]:
    names = dict.fromkeys(name for child in children for name in child.params)
    return [name for name in names if len({child.params.get(name) for child in children}) > 1]


def _plain(text: str) -> float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text
