"""What a version's predictions of a window were worth, once the truth is among its columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mlops_jlab.drift.detecting import ColumnDrift
from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import InputError
from mlops_jlab.gates.intervals import bounds
from mlops_jlab.gates.metrics import Predicted, Undefined, sign
from mlops_jlab.gates.rules import LOWER
from mlops_jlab.monitoring.policy import LOSS
from mlops_jlab.profiles import frames, profile
from mlops_jlab.registry.evaluating import EvaluationRows

TOLERANCE = 0.03  # by how much of its value at the test it may be worse
_MOST = 500_000  # rows that are measured
_ALPHA = 0.025  # the chance that either end of the interval is wrong


@dataclass(frozen=True)
class Loss:
    """A metric of a window with its interval of 95 %, over ``rows`` whose truth is known.

    ``at_test`` is what the version's gate measured, ``limit`` how much worse it may be; both are None where
    no gate did. ``over``: it is beyond its limit, and surely worse than at the test.
    """

    metric: str
    value: float
    low: float
    high: float
    rows: int
    at_test: float | None = None
    limit: float | None = None
    over: bool = False

    @property
    def as_column(self) -> ColumnDrift:
        """The loss as a column that drifts, so that it persists and asks for a retraining as those do."""
        before = self.at_test or 0.0
        effect = abs(self.value - before) / abs(before) if before else 0.0
        why = f"{self.metric} {self.value:.4g}"
        if self.at_test is not None and self.limit is not None:
            why += f", at the test {self.at_test:.4g}, limit {self.limit:.4g}"
        return ColumnDrift(
            LOSS, "loss", self.value, 0.0 if self.over else 1.0, effect, TOLERANCE, self.over, why
        )


@dataclass
class Labelled:
    """Gathers what a model says of the rows whose truth is known; ``target`` is the column with it."""

    model: Any
    version: ModelVersion
    target: str
    _parts: list[Predicted] = field(default_factory=list)

    def add(self, part: Any) -> None:
        """Some more rows, as a table.

        Raises:
            InputError: the truth is not of the kind that the model predicts.
        """
        frame = frames.pandas_frame(part)
        if not self.target or self.target not in frame.columns or self._rows >= _MOST:
            return
        frame = frame[frame[self.target].notna()]
        chosen = profile.evenly_drawn(len(frame))
        frame = (frame if chosen is None else frame.iloc[chosen]).reset_index(drop=True)
        if not len(frame):
            return
        rows = EvaluationRows(frame, self.target)
        taken = rows.taken_by(self.model, self.version.title, self.version.about.get("signature"))
        self._parts.append(rows.predicted(self.model, taken, self.version.title))

    @property
    def _rows(self) -> int:
        return sum(len(part.truth) for part in self._parts)

    def loss(self) -> Loss | None:
        """How good the version was on all of them; None without known truth."""
        return loss_of(_together(self._parts), self.version) if self._parts else None


def loss_of(predicted: Predicted, version: ModelVersion) -> Loss | None:
    """The metric that the version's gate measured too, or a usual one, if it can be had of these rows."""
    names = sorted(_at_test(version), key=lambda name: name not in LOWER)
    return next(
        filter(None, (measure(name, predicted, version) for name in [*names, _usual(predicted)])), None
    )


def measure(metric: str, predicted: Predicted, version: ModelVersion) -> Loss | None:
    """One metric beside what the version's gate measured; None where it cannot be had of these rows."""
    try:
        one, low, high, _units = bounds(metric, predicted, None, _ALPHA)
    except (Undefined, KeyError):  # one class only; a metric of the user's own
        return None
    if not math.isfinite(low) or not math.isfinite(high):
        return None
    at_test = _at_test(version).get(metric)
    found = Loss(metric, one.value, low, high, len(predicted.truth), at_test)
    return _judged(found, sign(metric, predicted))


def _at_test(version: ModelVersion) -> dict[str, float]:
    """What the gate of a version measured of it, by metric."""
    facts = (version.gate or {}).get("facts") or {}
    measured = facts.get("metrics", {}).get("challenger", {})
    return {metric: float(values[0]) for metric, values in measured.items()}


def _usual(predicted: Predicted) -> str:
    if not predicted.is_classifier:
        return "mae"
    return "accuracy" if predicted.chances is None else "log_loss"


def _together(parts: Sequence[Predicted]) -> Predicted:
    first = parts[0]
    chances = None if first.chances is None else np.concatenate([part.chances for part in parts])
    return replace(
        first, truth=np.concatenate([part.truth for part in parts]),
        labels=np.concatenate([part.labels for part in parts]), chances=chances,
    )  # fmt: skip


def _judged(loss: Loss, direction: int) -> Loss:
    if loss.at_test is None:
        return loss
    limit = loss.at_test - direction * TOLERANCE * abs(loss.at_test)
    beyond = direction * (loss.value - limit) < 0
    nearest = loss.high if direction > 0 else loss.low
    surely = direction * (nearest - loss.at_test) < 0
    return replace(loss, limit=limit, over=beyond and surely)


def check_target(target: str, inputs: Sequence[str]) -> None:
    """Refuses what cannot be the truth.

    Raises:
        InputError: the model takes that column.
    """
    if target and target in inputs:
        raise InputError(
            f"the model takes {target!r} and cannot be measured by it", hint="name the column with the truth"
        )
