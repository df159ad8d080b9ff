"""Intervals for paired differences, with rows that hang together; and how many more rows would decide."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from mlops_jlab.gates.metrics import Predicted, Undefined, estimate, sign

Array = Any
FEWEST = 10  # units, below which nothing is decided
_POWER = 0.8
_LARGEST = 10**9


@dataclass(frozen=True)
class Difference:
    """How much better the challenger is (positive: better), with its interval and what it rests on."""

    value: float
    error: float
    low: float
    high: float
    rows: int
    units: int
    worse: float = 1.0  # probability of so bad a result if the challenger is no worse
    better: float = 1.0  # probability of so good a result if it is no better


def difference(
    metric: str, challenger: Predicted, champion: Predicted, units: Array, alpha: float
) -> Difference:
    """The paired difference of a metric. ``units`` has a code from 0 for each row, or is None.

    Without units each row stands for itself. Both bounds hold with probability 1 - ``alpha`` each.

    Raises:
        Undefined: the metric has no value on these rows.
    """
    one, other = estimate(metric, challenger), estimate(metric, champion)
    way = sign(metric)
    value = way * (one.value - other.value)
    error, count = standard_error(way * (one.influence - other.influence), units)
    free = max(1, count - 1)
    reach = reach_of(error, count, alpha)
    if error:
        worse = float(stats.t.cdf(value / error, free))
        better = float(stats.t.sf(value / error, free))
    else:
        worse = better = 1.0 if value == 0 else 0.0
        worse, better = (0.0, 1.0) if value < 0 else (worse if value == 0 else 1.0, better)
    if metric == "accuracy" and units is None:
        worse, better = _mcnemar(challenger, champion)
    return Difference(value, error, value - reach, value + reach, len(one.influence), count, worse, better)


def standard_error(influence: Array, units: Array) -> tuple[float, int]:
    """The standard error of an estimate with these influences, and the number of units it rests on."""
    rows = len(influence)
    sums = influence if units is None else np.bincount(units, weights=influence)
    if units is not None:
        sums = sums[np.bincount(units) > 0]
    count = len(sums)
    if count < 2:
        return math.inf, count
    variance = count / (count - 1) * float((sums**2).sum()) / rows**2
    return math.sqrt(variance), count


def reach_of(error: float, units: int, alpha: float) -> float:
    """How far a bound lies from an estimate that rests on so many units."""
    return float(stats.t.ppf(1 - alpha, max(1, units - 1))) * error if error else 0.0


def _mcnemar(challenger: Predicted, champion: Predicted) -> tuple[float, float]:
    """Exact: of the rows on which one model is right and the other wrong, how many are the challenger's."""
    mine, theirs = challenger.truth == challenger.labels, champion.truth == champion.labels
    won, lost = int((mine & ~theirs).sum()), int((~mine & theirs).sum())
    if not won + lost:
        return 1.0, 1.0
    return (
        float(stats.binom.cdf(won, won + lost, 0.5)),
        float(stats.binom.cdf(lost, won + lost, 0.5)),
    )


def rows_missing(found: Difference, margin: float, alpha: float) -> int:
    """How many more rows like these would most likely show a difference above ``margin``; 0 if none would."""
    gain = found.value - margin
    if gain <= 0 or not math.isfinite(found.error) or not found.error:
        return 0
    wanted = (float(stats.norm.ppf(1 - alpha)) + float(stats.norm.ppf(_POWER))) * found.error / gain
    return int(min(_LARGEST, max(1, math.ceil(found.rows * wanted**2) - found.rows)))


def holm(chances: list[float], alpha: float) -> list[bool]:
    """Which of several findings stand when their number is accounted for (Holm's procedure)."""
    order = sorted(range(len(chances)), key=lambda place: chances[place])
    stands = [False] * len(chances)
    for rank, place in enumerate(order):
        if chances[place] > alpha / (len(chances) - rank):
            break
        stands[place] = True
    return stands


def share_of_budget(alpha: float, use: int) -> float:
    """What use number ``use`` (from 1) of an evaluation set may spend; all shares together are ``alpha``."""
    return alpha * 6 / (math.pi**2 * use**2)


__all__ = ["FEWEST", "Difference", "Undefined", "difference", "holm", "rows_missing", "share_of_budget"]
