"""What a metric rests on: a recall on the positive rows alone, however many others there are.

Too few of those decide nothing. And where all of them came out alike nothing scatters, which does not mean
that none to come is another one: after 100 rows up to three in a hundred may be.
"""

from __future__ import annotations

import math

import numpy as np

from mlops_jlab.gates.metrics import Array, Estimate, Predicted

FEWEST = 10  # units, below which nothing is decided
FEWEST_OF_CLASS = 20  # rows of each class, below which no area under a curve is judged
_SHARES = frozenset(
    {"roc_auc", "accuracy", "balanced_accuracy", "f1", "precision", "recall", "selection_rate",
     "false_positive_rate"}
)  # fmt: skip
_NOTHING = 1e-9  # of an influence


def too_few(metric: str, predicted: Predicted, found: Estimate, units: Array) -> str:
    """What there is too little of for a metric to be judged at all, or nothing; ``found`` is its value."""
    if metric == "roc_auc" and predicted.is_classifier:
        return _of_class(predicted, units)
    for part in found.parts or (found,):
        for rows in part.rests:
            count = different(rows, units)
            if count < FEWEST:
                what = ("row" if units is None else "unit") + ("" if count == 1 else "s")
                return f"{metric} rests on {count} {what}, too few to tell; {FEWEST} are the least"
    return ""


def different(rows: Array, units: Array) -> int:
    """How many units a mask of rows holds; rows, where ``units`` is None."""
    return int(rows.sum()) if units is None else len(np.unique(units[rows]))


def _of_class(predicted: Predicted, units: Array) -> str:
    for code, label in enumerate(predicted.classes):
        rows = predicted.truth == code
        count = int(rows.sum())
        if count < FEWEST_OF_CLASS:
            return f"{count} rows of class {label!r} are too few to tell; {FEWEST_OF_CLASS} are the least"
        of_units = different(rows, units)
        if of_units < FEWEST:
            return f"class {label!r} is in {of_units} units, too few to tell; {FEWEST} are the least"
    return ""


def hidden(count: float, alpha: float) -> float:
    """The largest share of other rows of which ``count`` rows show none with a chance of ``alpha``."""
    return float(1 - alpha ** (1 / count)) if count >= 1 else 1.0


def rows_unseen(rows: int, share: float, margin: float) -> int:
    """How many more rows would hide less than ``margin``, where ``rows`` may hide ``share``; or 0."""
    if not 0 < margin < share < 1:
        return 0
    return math.ceil(rows * (math.log1p(-share) / math.log1p(-margin) - 1))


def unseen(metric: str, found: Estimate, units: Array, weights: Array, alpha: float) -> float:
    """By how much more a share may lie beside its value, as all rows of a part of it came out alike."""
    if metric not in _SHARES:
        return 0.0
    parts = found.parts or (found,)
    return sum(_alone(metric, part, units, weights, alpha) for part in parts) / len(parts)


def unseen_between(
    metric: str, one: Estimate, other: Estimate, units: Array, weights: Array, alpha: float,
    *, is_guess: bool = False,
) -> float:  # fmt: skip
    """The same of the difference of two models: rows on which both came out alike are one part.

    ``is_guess``: the other one says the same whatever comes, so nothing of it is hidden.
    """
    if metric not in _SHARES:
        return 0.0
    mine, theirs = one.parts or (one,), other.parts or (other,)
    each = (one,) if is_guess else (one, other)
    if metric == "roc_auc" or len(mine) != len(theirs):
        return sum(unseen(metric, found, units, weights, alpha) for found in each)
    found = 0.0
    for a, b in zip(mine, theirs, strict=True):
        if np.array_equal(_masks(a), _masks(b)):
            found += _alike(a.influence - b.influence, _masks(a), units, weights, alpha)
        else:
            found += sum(_alone(metric, part, units, weights, alpha) for part in (a, b)[: len(each)])
    return found / len(mine)


def _alone(metric: str, part: Estimate, units: Array, weights: Array, alpha: float) -> float:
    if metric == "roc_auc" and part.value not in (0.0, 1.0):
        return 0.0  # of a score that is the same for all rows nothing is hidden
    return _alike(part.influence, _masks(part), units, weights, alpha)


def _masks(found: Estimate) -> tuple[Array, ...]:
    return found.rests or (np.ones(len(found.influence), dtype=bool),)


def _alike(influence: Array, masks: tuple[Array, ...], units: Array, weights: Array, alpha: float) -> float:
    return sum(
        hidden(_counting(rows, units, weights), alpha)
        for rows in masks
        if not rows.any() or float(np.ptp(influence[rows])) <= _NOTHING
    )


def _counting(rows: Array, units: Array, weights: Array) -> float:
    """As many equal units as these rows are worth, some of which may be large or weigh much."""
    sums = np.ones(int(rows.sum())) if weights is None else np.asarray(weights, dtype=float)[rows]
    if units is not None:
        sums = np.bincount(units[rows], weights=sums)
    squares = float((sums**2).sum())
    return float(sums.sum()) ** 2 / squares if squares else 0.0
