"""Intervals for estimates and paired differences, for rows that hang together and for few of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import special

from mlops_jlab.gates.metrics import Estimate, Predicted, Undefined, estimate, sign
from mlops_jlab.gates.resting import FEWEST, hidden, too_few, unseen, unseen_between
from mlops_jlab.gates.rules import TO_ONE

Array = Any
FEWEST_THAT_COUNT = 6.0  # rows that carry the difference, below which their scatter is not known
FEWEST_UNITS_THAT_COUNT = 3.0  # the same of units, which are few and each many rows
ALIKE = "each draw of these rows gives the same, so how far it scatters is not known"
_DOUBT = 2.0  # standard errors by which skewness may be worse than few rows show
_FURTHEST = 8.0  # standard errors from which all is as improbable
_POWER = 0.8
_LARGEST = 10**9
_AGAIN = 999  # draws of a bootstrap


@dataclass(frozen=True)
class Spread:
    """How far an estimate scatters. ``skew`` is that of the estimate; ``free`` are degrees of freedom.

    ``doubt`` is by how much the skewness may well be worse than what was seen: the rare bad day that makes a
    mean skewed is often not among few days.
    """

    error: float
    units: int
    free: float = 1.0
    skew: float = 0.0
    doubt: float = 0.0
    count: float = 0.0  # how many units carry it: 1 if one does alone, ``units`` if all do alike

    def bound(self, alpha: float, *, upper: bool) -> float:
        """How far a bound lies from the estimate, with its sign; it holds with probability 1 - ``alpha``.

        Student's t, also corrected for skewness by Hall's transformation: the wider of both. The skewness is
        taken for as bad as it may well be.
        """
        if not self.error or not math.isfinite(self.error):
            return self.error if upper else -self.error
        reach = float(special.stdtrit(self.free, 1 - alpha))
        reach = -reach if upper else reach
        places = (reach, _untransformed(reach, self.skew + (self.doubt if upper else -self.doubt)))
        return -self.error * (min(places) if upper else max(places))

    def chances(self, value: float) -> tuple[float, float]:
        """The probabilities of so low, and of so high, a value or beyond it where nothing differs."""
        if not self.error:
            return (1.0, 1.0) if value == 0 else (0.0, 1.0) if value < 0 else (1.0, 0.0)
        place = value / self.error
        low = max(place, _transformed(place, self.skew + self.doubt))
        high = min(place, _transformed(place, self.skew - self.doubt))
        return float(special.stdtr(self.free, low)), float(special.stdtr(self.free, -high))


def _transformed(place: float, skew: float) -> float:
    """Hall's transformation: monotone, and without the skewness of a studentised mean."""
    if abs(skew) < 1e-9:
        return place
    return ((1 + skew * place / 3) ** 3 - 1) / skew + skew / 6


def _untransformed(place: float, skew: float) -> float:
    if abs(skew) < 1e-9:
        return place
    return 3 / skew * (float(np.cbrt(1 + skew * (place - skew / 6))) - 1)


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
    few: str = ""  # what there is too little of to decide, or nothing
    small: str = ""  # what of it was known before any prediction
    place: float = 0.0  # where a standard normal variable is as improbable as this result
    hidden: float = 0.0  # by how much more it may be off, as all rows of a part came out alike


def difference(
    metric: str, challenger: Predicted, champion: Predicted, units: Array, alpha: float
) -> Difference:
    """The paired difference of a metric. ``units`` has a code from 0 for each row, or is None.

    Without units each row stands for itself. Both bounds hold with probability 1 - ``alpha`` each.

    Raises:
        Undefined: the metric has no value on these rows.
    """
    one, other = estimate(metric, challenger), estimate(metric, champion)
    way = sign(metric, challenger)
    value = way * (one.value - other.value)
    if np.isnan(one.influence).any():
        return _drawn(metric, challenger, champion, units, alpha, value)
    influence = way * (one.influence - other.influence)
    found = spread(influence, units, strata_of(metric, challenger))
    more = 0.0
    if not challenger.says_as(champion):
        more = unseen_between(
            metric, one, other, units, challenger.weights, alpha, is_guess=champion.is_guess
        )
    worse, better = found.chances(value + more)[0], found.chances(value - more)[1]
    place = _place(better)
    if metric == "accuracy" and units is None and challenger.weights is None:
        worse, better = _mcnemar(challenger, champion)
    small = too_few(metric, challenger, one, units) or too_few(metric, champion, other, units)
    few = small or _carried(found, metric, units)
    low, high = (value + found.bound(alpha, upper=upper) for upper in (False, True))
    if more:
        low, high = max(-1.0, low - more), min(1.0, high + more)
    return Difference(
        value, found.error, low, high, len(influence), found.units, worse, better, few, small, place, more
    )


def _place(better: float) -> float:
    return float(np.clip(-special.ndtri(better), -_FURTHEST, _FURTHEST))


def _carried(found: Spread, metric: str, units: Array) -> str:
    least = FEWEST_THAT_COUNT if units is None else FEWEST_UNITS_THAT_COUNT
    if not found.error or found.count >= least or found.units < FEWEST:
        return ""
    if metric == "roc_auc" or (metric == "accuracy" and units is None):
        return ""  # that each class has enough rows was seen to; the exact test knows
    what = "rows" if units is None else "units"
    return f"so few {what} carry the difference ({found.count:.0f}) that its scatter is not known"


def strata_of(metric: str, predicted: Predicted) -> Array:
    """The classes, where a metric is made of means within each of two classes."""
    two = predicted.is_classifier and len(predicted.classes) == 2
    return predicted.truth if two and metric == "roc_auc" and predicted.weights is None else None


def spread(influence: Array, units: Array, strata: Array = None) -> Spread:
    """The spread of an estimate with these influences, summed within units.

    With ``strata`` (a code a row) the influences are centred in each of them, as in DeLong's variance, and
    the degrees of freedom are Satterthwaite's.
    """
    rows = len(influence)
    if units is not None:
        sizes = np.bincount(units)
        there = sizes > 0
        shares = sizes[there] / rows
        sums = np.bincount(units, weights=influence)[there]
        # a large unit draws the estimate to itself, and its sum seems smaller than it is
        drawn = sums * (1 - 1 / len(sums)) / (1 - shares) if len(sums) > 1 else sums
        found = _spread_of([drawn], rows, shares)
        return replace(found, skew=_skew_of_means(sums / sizes[there], shares)) if found.error else found
    parts = [influence] if strata is None else [influence[strata == code] for code in np.unique(strata)]
    return _spread_of(parts, rows)


def _skew_of_means(means: Array, shares: Array) -> float:
    """The skewness of a sum of units: what those of different size say of it by their means, each alike.

    The sums would say less of it: a few large units make most of them.
    """
    count = len(means)
    centred = means - means.mean()
    squares = float((centred**2).sum()) / max(1, count - 1)
    if count < 2 or not squares > 0:
        return 0.0
    third = float((centred**3).sum()) * count / ((count - 1) * max(1, count - 2))
    lean = float((shares**3).sum()) / math.pow(float((shares**2).sum()), 1.5)
    return third / math.pow(squares, 1.5) * lean


def _spread_of(parts: list[Array], rows: int, shares: Array = None) -> Spread:
    """``shares`` are those that units have of the rows: of unequal ones fewer count."""
    count = sum(map(len, parts))
    if min(map(len, parts), default=0) < 2:
        return Spread(math.inf, count)
    centred = [part - part.mean() if len(parts) > 1 else part for part in parts]
    squares = [len(part) / (len(part) - 1) * float((part**2).sum()) for part in centred]
    whole = sum(squares)
    if not whole > 0:
        return Spread(0.0, count, count - 1)
    fourth = sum(float((part**4).sum()) for part in centred)
    third = sum(float((part**3).sum()) for part in centred)
    free = 1 / sum(
        (square / whole) ** 2 / _free(part, square) for part, square in zip(centred, squares, strict=True)
        if square > 0
    )  # fmt: skip
    like = count if shares is None else 1 / float((shares**2).sum())  # so many equal units
    unbiased = count**2 / ((count - 1) * max(1, count - 2))
    return Spread(
        math.sqrt(whole) / rows, count, max(1.0, min(free, like - 1)), third / whole**1.5 * unbiased,
        _DOUBT * math.sqrt(6) / count, whole**2 / fourth,
    )  # fmt: skip


def _free(part: Array, square: float) -> float:
    """The degrees of freedom of a variance, fewer where a few values make most of it."""
    heavy = len(part) * float((part**4).sum()) / square**2
    return max(1.0, min(len(part) - 1.0, 2 * len(part) / max(heavy - 1, 1e-9)))


def standard_error(influence: Array, units: Array) -> tuple[float, int]:
    """The standard error of an estimate with these influences, and the number of units it rests on."""
    found = spread(influence, units)
    return found.error, found.units


def _drawn(
    metric: str, challenger: Predicted, champion: Predicted, units: Array, alpha: float, value: float
) -> Difference:
    """The difference of a metric that gives one number: a bootstrap of its units, seeded by their number."""
    way = sign(metric, challenger)
    found, count = _draws(
        [challenger, champion], units,
        lambda models: way * (estimate(metric, models[0]).value - estimate(metric, models[1]).value),
    )  # fmt: skip
    error = float(found.std(ddof=1)) * math.sqrt(count / max(1, count - 1))
    wide = Spread(error, count, max(1.0, count - 1.0))
    low, high = float(np.quantile(found, alpha)), float(np.quantile(found, 1 - alpha))
    worse, better = wide.chances(value)
    few = "" if error or challenger.says_as(champion) else ALIKE
    return Difference(
        value, error, min(low, value + wide.bound(alpha, upper=False)),
        max(high, value + wide.bound(alpha, upper=True)), len(challenger.truth), count, worse, better, few,
        place=_place(better),
    )  # fmt: skip


def _draws(
    models: list[Predicted], units: Array, gain: Callable[[list[Predicted]], float]
) -> tuple[Array, int]:
    """What ``gain`` is on samples of the units, and how many units there are; the same for the same rows."""
    codes = np.arange(len(models[0].truth)) if units is None else units
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    random = np.random.default_rng(len(parts))
    drawn = []
    for _ in range(_AGAIN):
        chosen = np.concatenate([parts[k] for k in random.integers(0, len(parts), len(parts))])
        with suppress(Undefined):
            drawn.append(gain([model.take(chosen) for model in models]))
    if len(drawn) < _AGAIN // 2:
        raise Undefined("the metric has no value on most samples of these rows")
    return np.asarray(drawn), len(parts)


def bounds(
    metric: str, predicted: Predicted, units: Array, alpha: float
) -> tuple[Estimate, float, float, int]:
    """A metric's estimate with its bounds, each of which holds with probability 1 - ``alpha``; and the units.

    Metrics between 0 and 1 have theirs on the logit scale, so that they stay there.
    """
    one = estimate(metric, predicted)
    if np.isnan(one.influence).any():
        return _bounds_drawn(metric, predicted, units, alpha, one)
    found = spread(one.influence, units, strata_of(metric, predicted))
    name = metric.partition("(")[0]
    if name not in TO_ONE or not math.isfinite(found.error):
        low, high = found.bound(alpha, upper=False), found.bound(alpha, upper=True)
        return one, one.value + low, one.value + high, found.units
    more = unseen(metric, one, units, predicted.weights, alpha)
    if not found.error or not 0 < one.value < 1:
        more = more or hidden(found.units, alpha)  # as of a proportion that was never seen otherwise
        return one, max(0.0, one.value - more), min(1.0, one.value + more), found.units
    middle = math.log(one.value / (1 - one.value))
    reach = float(special.stdtrit(found.free, 1 - alpha)) * found.error / (one.value * (1 - one.value))
    low, high = _unlogit(middle - reach) - more, _unlogit(middle + reach) + more
    return one, max(0.0, low), min(1.0, high), found.units


def _bounds_drawn(
    metric: str, predicted: Predicted, units: Array, alpha: float, one: Estimate
) -> tuple[Estimate, float, float, int]:
    drawn, count = _draws([predicted], units, lambda models: estimate(metric, models[0]).value)
    low, high = float(np.quantile(drawn, alpha)), float(np.quantile(drawn, 1 - alpha))
    return one, low, high, count


def _unlogit(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value > -700 else 0.0


def _mcnemar(challenger: Predicted, champion: Predicted) -> tuple[float, float]:
    """Exact: of the rows on which one model is right and the other wrong, how many are the challenger's."""
    mine, theirs = challenger.truth == challenger.labels, champion.truth == champion.labels
    won, lost = int((mine & ~theirs).sum()), int((~mine & theirs).sum())
    if not won + lost:
        return 1.0, 1.0
    return (
        float(special.bdtr(won, won + lost, 0.5)),
        float(special.bdtr(lost, won + lost, 0.5)),
    )


def rows_missing(found: Difference, margin: float, alpha: float) -> int:
    """How many more rows like these would most likely show a difference above ``margin``; 0 if none would."""
    gain = found.value - margin
    if gain <= 0 or not math.isfinite(found.error) or not found.error:
        return 0
    wanted = float(special.ndtri(1 - alpha) + special.ndtri(_POWER)) * found.error / gain
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


def share_of_budget(alpha: float, use: float) -> float:
    """What use number ``use`` (from 1) of evaluation rows may spend; all shares together are ``alpha``."""
    return alpha * 6 / (math.pi**2 * use**2)


__all__ = [
    "ALIKE", "Difference", "Spread", "Undefined", "bounds", "difference", "holm", "rows_missing",
    "share_of_budget", "spread", "standard_error", "strata_of",
]  # fmt: skip
