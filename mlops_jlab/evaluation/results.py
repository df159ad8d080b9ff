"""What an evaluation has found, as data, as text, and as a table in a notebook."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any

from mlops_jlab.gates.results import finite


@dataclass(frozen=True)
class Bounded:
    """A number with its bounds."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3g} ({self.low:.3g} to {self.high:.3g})"


@dataclass(frozen=True)
class Rate:
    """One group's rate."""

    group: str
    rows: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class GroupMetric:
    """A metric by group: the largest difference, and the smallest over the largest."""

    metric: str
    groups: tuple[Rate, ...]
    difference: Bounded
    ratio: Bounded | None = None


@dataclass(frozen=True)
class Fairness:
    """What was found of the groups of one column; ``small`` groups were too small to look at."""

    column: str
    metrics: tuple[GroupMetric, ...]
    criteria: Mapping[str, Bounded] = field(default_factory=dict)
    small: int = 0


@dataclass(frozen=True)
class Point:
    """A part of the rows: what the model says there on average, and what is so."""

    said: float
    seen: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True)
class Calibration:
    """The curve; ``by_chance`` is the error that a perfectly calibrated model stays below on these rows."""

    curve: tuple[Point, ...]
    error: Bounded | None = None
    by_chance: float | None = None


@dataclass(frozen=True)
class Dependence:
    """What the model says on average where one column has each of some values.

    ``values`` are numbers or texts; ``said`` is the mean prediction, of a classifier the chance of the
    positive class.
    """

    column: str
    values: tuple[float | str, ...]
    said: tuple[Bounded, ...]
    rows: int


@dataclass(frozen=True)
class Slice:
    """Rows in which the loss is higher: as it is on the half that had not been looked at."""

    rule: str
    rows: int
    loss: float
    rest: float
    difference: float
    low: float
    high: float
    confirmed: bool


@dataclass(frozen=True)
class Sliced:
    """Slices by ``measure``, found among ``searched`` rows, confirmed or not on ``asked`` others."""

    measure: str
    loss: float
    searched: int
    asked: int
    slices: tuple[Slice, ...]
    candidates: int


@dataclass(frozen=True)
class Losses:
    """What a row costs, between 0 and 1: ``kind`` over ``scale``. A monitor holds later rows against it.

    ``by_unit`` is the mean over units of each unit's mean, where rows hang together.
    """

    kind: str
    scale: float
    mean: Bounded
    rows: int
    units: int
    by_unit: Bounded | None = None


@dataclass(frozen=True)
class Evaluation:
    """What was found of one model on some rows.

    ``model`` and ``version`` are empty and 0 for a model that is not registered. ``alpha`` is the chance that
    an interval misses; ``unit`` says which rows hang together.
    """

    model: str
    version: int
    rows: int
    unit: str
    alpha: float
    metrics: Mapping[str, Bounded]
    fairness: tuple[Fairness, ...] = ()
    importance: Mapping[str, Any] | None = None
    dependence: tuple[Dependence, ...] = ()
    calibration: Calibration | None = None
    slices: Sliced | None = None
    losses: Losses | None = None
    data: tuple[Mapping[str, Any], ...] = ()  # groups against the reference, by column
    content: str = ""
    positive: str = ""
    run: str = ""
    at: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Everything, as JSON data; numbers that JSON does not have are null."""
        plain: dict[str, Any] = json.loads(json.dumps(finite(asdict(self)), default=str))
        return plain

    @property
    def title(self) -> str:
        """What was evaluated on how much."""
        whose = f"{self.model} {self.version}" if self.model else "a model"
        return f"{whose} on {self.rows:,} rows"

    def __repr__(self) -> str:
        return "\n".join([self.title, *(f"  {line}" for line in self.lines())])

    def lines(self) -> Sequence[str]:
        """The findings, a sentence each."""
        found = [f"{name} {value}" for name, value in self.metrics.items()]
        for one in self.fairness:
            found += [f"{name} by {one.column} {value}" for name, value in one.criteria.items()]
            if not one.criteria:
                found += [f"{m.metric} by {one.column} differs by {m.difference}" for m in one.metrics]
        if self.calibration is not None and self.calibration.error is not None:
            chance = self.calibration.by_chance
            found.append(
                f"calibration error {self.calibration.error}"
                + (f"; up to {chance:.3g} is chance" if chance is not None else "")
            )
        if self.importance:
            top = ", ".join(f"{name} {loss:.3g}" for name, loss, *_ in self.importance["features"][:5])
            found.append(f"it goes by {top} (loss in {self.importance['metric']})")
        if self.slices is not None:
            sure = [one for one in self.slices.slices if one.confirmed]
            found += [
                f"{self.slices.measure} {one.loss:.3g} where {one.rule}, {one.rest:.3g} elsewhere"
                for one in sure
            ] or ["no slice is shown to be worse than the rest"]
        return found

    def _repr_html_(self) -> str:
        rows = "".join(f"<li>{escape(line)}</li>" for line in self.lines())
        return f"<p><b>{escape(self.title)}</b></p><ul>{rows}</ul>"
