"""Whether what a model is sure of is so: the reliability curve, the expected calibration error, and chance.

The error is that of Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian
binning" (AAAI 2015), over parts of equal size. It is never 0, however good the probabilities are; what a
perfectly calibrated model would show on these rows is beside it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from mlops_jlab.evaluation.results import Bounded, Calibration, Point
from mlops_jlab.gates.intervals import bounds, spread
from mlops_jlab.gates.metrics import Predicted

Array = Any
_PARTS = 10
_FEWEST = 5  # rows of a part on average
_DRAWS = 400


def calibration(predicted: Predicted, units: Array, alpha: float) -> Calibration | None:
    """The curve by parts of equal size; for a classifier with its error. None where nothing can be said.

    Of two classes it is about the chance of the positive one, of more about the chance of the class that is
    said; of numbers about the mean of what is predicted.
    """
    if predicted.is_classifier:
        if predicted.chances is None:
            return None
        two = len(predicted.classes) == 2
        said = predicted.chances[:, 1] if two else predicted.chances.max(axis=1)
        seen = predicted.truth == (1 if two else predicted.chances.argmax(axis=1))
    else:
        said, seen = np.asarray(predicted.labels, float), np.asarray(predicted.truth, float)
    seen = np.asarray(seen, dtype=float)
    parts = min(_PARTS, len(said) // _FEWEST)
    if parts < 2:
        return None
    weights = np.ones(len(said)) if predicted.weights is None else predicted.weights
    places = np.array_split(np.argsort(said, kind="stable"), parts)
    curve = tuple(
        _point(said, seen, weights, rows, units, alpha, shares=predicted.is_classifier)
        for rows in places
        if weights[rows].any()
    )
    if not predicted.is_classifier:
        return Calibration(curve)
    one, low, high, _units = bounds("calibration", predicted, units, alpha / 2)
    chance = _by_chance(said, weights, places, alpha) if len(predicted.classes) == 2 else None
    return Calibration(curve, Bounded(one.value, max(0.0, low), high), chance)


def _point(
    said: Array, seen: Array, weights: Array, rows: Array, units: Array, alpha: float, *, shares: bool
) -> Point:
    own = weights[rows]
    value = float(np.average(seen[rows], weights=own))
    influence = (seen[rows] - value) * own / own.mean()
    codes = None if units is None else np.unique(units[rows], return_inverse=True)[1]
    error = spread(influence, codes).error
    low, high = -math.inf, math.inf
    if math.isfinite(error):
        reach = float(special.ndtri(1 - alpha / 2)) * error
        low, high = value - reach, value + reach
    if shares:
        low, high = _wilson(value, len(rows), alpha, low, high)
    return Point(float(np.average(said[rows], weights=own)), value, low, high, len(rows))


def _wilson(value: float, rows: int, alpha: float, low: float, high: float) -> tuple[float, float]:
    """The wider of Wilson's bounds of a share and those that know of units."""
    z = float(special.ndtri(1 - alpha / 2))
    middle = (value + z * z / (2 * rows)) / (1 + z * z / rows)
    reach = z / (1 + z * z / rows) * math.sqrt(value * (1 - value) / rows + z * z / (4 * rows * rows))
    return max(0.0, min(low, middle - reach)), min(1.0, max(high, middle + reach))


def _by_chance(said: Array, weights: Array, places: list[Array], alpha: float) -> float:
    """The error that a perfectly calibrated model stays below on these rows, with 1 - ``alpha``."""
    random = np.random.default_rng(len(said))
    order = np.concatenate(places)
    starts = np.cumsum([0, *map(len, places[:-1])])
    own, weight = said[order], weights[order]
    found = np.empty(_DRAWS)
    for draw in range(_DRAWS):
        gaps = ((random.random(len(own)) < own) - own) * weight
        found[draw] = np.abs(np.add.reduceat(gaps, starts)).sum() / weight.sum()
    return float(np.quantile(found, 1 - alpha))
