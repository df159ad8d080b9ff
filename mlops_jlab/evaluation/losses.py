"""What a row costs, between 0 and 1, so that later rows can be held against it one by one."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlops_jlab.evaluation.results import Bounded, Losses
from mlops_jlab.gates.intervals import Spread, spread
from mlops_jlab.gates.metrics import Predicted

Array = Any
BRIER, ERROR, ABSOLUTE = "squared error of the chance", "error", "absolute error"
_HIGHEST = 0.99  # share of the reference's absolute errors up to which they count in full
_SMALLEST = 1e-12


def of(predicted: Predicted, kind: str = "", scale: float = 0.0) -> tuple[str, float, Array]:
    """The kind of a loss, its scale, and one value from 0 to 1 a row.

    Of a classifier with probabilities it is the squared error of the chance of what was so (Brier's, halved
    for more than two classes), without them 0 or 1; of numbers the absolute error over ``scale``, cut off at
    1. ``kind`` and ``scale`` are a reference's; without them they come from these rows.
    """
    if not predicted.is_classifier:
        errors = np.abs(np.asarray(predicted.labels, float) - np.asarray(predicted.truth, float))
        scale = scale or max(float(np.quantile(errors, _HIGHEST)) if len(errors) else 1.0, _SMALLEST)
        return ABSOLUTE, scale, np.minimum(errors / scale, 1.0)
    if predicted.chances is None or kind == ERROR:
        return ERROR, 1.0, (predicted.truth != predicted.labels).astype(float)
    right = np.eye(len(predicted.classes))[predicted.truth]
    return BRIER, 1.0, ((predicted.chances - right) ** 2).sum(axis=1) / 2


def of_reference(predicted: Predicted, units: Array, alpha: float) -> Losses:
    """The mean loss with its bounds, for a monitor."""
    kind, scale, found = of(predicted)
    mean, wide = _mean(found, units, alpha)
    by_unit = None
    if units is not None:
        rows = np.bincount(units)
        sums = np.bincount(units, weights=found)[rows > 0]
        by_unit, _wide = _mean(sums / rows[rows > 0], None, alpha)
    return Losses(kind, scale, mean, len(found), wide.units, by_unit)


def _mean(values: Array, units: Array, alpha: float) -> tuple[Bounded, Spread]:
    """The mean of values from 0 to 1 with its bounds."""
    mean = float(values.mean())
    wide = spread(values - mean, units)
    low, high = mean + wide.bound(alpha / 2, upper=False), mean + wide.bound(alpha / 2, upper=True)
    return Bounded(mean, max(0.0, low), min(1.0, high)), wide
