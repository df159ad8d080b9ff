"""Metrics of one model on some rows, each with its influence function: what each row adds to the estimate.

The mean of the influences is zero, and the sum of their squares, over the square of the number of rows, is
the estimate's variance; where rows hang together, they are summed within their unit first. So one rule
gives intervals for every metric and for paired differences. For the area under the curve these are DeLong's
components.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mlops_jlab.gates.rules import LOWER

Array = Any  # numpy's, of one dimension unless it says otherwise
_LEAST = 1e-15  # the smallest probability that a loss is computed with


class Undefined(ValueError):
    """The metric cannot be computed on these rows: one class only, no positives, no spread."""


@dataclass(frozen=True)
class Metric:
    """A metric of the user's own: ``function(truth, said, chances)``, in the user's own labels and values.

    It gives one value a row, or one number for all rows; then its interval comes from a bootstrap by units.
    """

    function: Callable[[Array, Array, Array], Any]
    higher: bool = True


@dataclass(frozen=True)
class Predicted:
    """What a model says of rows: ``labels`` or values, and ``chances`` of shape (rows, classes) or None.

    ``truth`` holds the codes of ``classes`` for a classifier, the values else; of two classes the last is the
    positive one. ``weights`` say how much each row counts, and are None where all count the same.
    ``custom`` are metrics by the user's own names, ``groups`` a code for each row that says which rows are
    ranked together. ``is_guess`` says that it is what one would say without looking.
    """

    truth: Array
    labels: Array
    chances: Array = None
    classes: tuple[Any, ...] = ()
    weights: Array = None
    groups: Array = None
    custom: Mapping[str, Metric] = field(default_factory=dict)
    is_guess: bool = False

    def take(self, rows: Array) -> Predicted:
        """The same for some of the rows."""
        return replace(
            self, truth=self.truth[rows], labels=self.labels[rows], chances=_some(self.chances, rows),
            weights=_some(self.weights, rows), groups=_some(self.groups, rows),
        )  # fmt: skip

    def says_as(self, other: Predicted) -> bool:
        """Whether it says the very same of each row, not the same classes alone."""
        if self.is_classifier and (self.chances is None or other.chances is None):
            return False
        pairs = ((self.labels, other.labels), (self.chances, other.chances))
        return all(np.array_equal(mine, theirs) for mine, theirs in pairs if mine is not None)

    @property
    def is_classifier(self) -> bool:
        """Whether labels are codes of classes."""
        return bool(self.classes)


@dataclass(frozen=True)
class Estimate:
    """A metric's value, and what each row adds to it (``influence``, one a row, with mean zero).

    ``rests`` are masks of the rows that it rests on, if not on all; ``parts`` is what it is the mean of.
    """

    value: float
    influence: Array
    rests: tuple[Array, ...] = ()
    parts: tuple[Estimate, ...] = ()


def _some(values: Array, rows: Array) -> Array:
    return None if values is None else values[rows]


def sign(metric: str, predicted: Predicted) -> int:
    """1 if more is better, -1 if less is."""
    if metric in predicted.custom:
        return 1 if predicted.custom[metric].higher else -1
    return -1 if metric.partition("(")[0] in LOWER else 1


def estimate(metric: str, predicted: Predicted) -> Estimate:
    """The metric on all rows.

    Raises:
        Undefined: it has no value there.
    """
    if not len(predicted.truth):
        raise Undefined("there are no rows")
    if metric in predicted.custom:
        return _custom(metric, predicted)
    name, _, number = metric.rstrip(")").partition("(")
    if name in _WITH_NUMBER:
        return _WITH_NUMBER[name](predicted, float(number) if number else _USUAL[name])
    return _METRICS[name](predicted)


def _ratio(p: Predicted, above: Array, below: Array, what: str) -> Estimate:
    above, below = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    if p.weights is not None:
        above, below = above * p.weights, below * p.weights
    if not below.any():
        raise Undefined(what)
    value = float(above.sum() / below.sum())
    there = below != 0
    return Estimate(value, (above - value * below) / below.mean(), () if there.all() else (there,))


def _mean(p: Predicted, values: Array) -> Estimate:
    return _ratio(p, values, np.ones(len(values)), "all rows have the weight 0")


def _classified(predicted: Predicted) -> Predicted:
    if not predicted.is_classifier:
        raise Undefined("the model is not a classifier")
    return predicted


def _accuracy(p: Predicted) -> Estimate:
    return _mean(p, _classified(p).truth == p.labels)


def _average(parts: list[Estimate]) -> Estimate:
    influence = np.mean([e.influence for e in parts], axis=0)
    return Estimate(float(np.mean([e.value for e in parts])), influence, parts=tuple(parts))


def _balanced(p: Predicted) -> Estimate:
    present = np.unique(_classified(p).truth)
    return _average(
        [_ratio(p, (p.truth == k) & (p.labels == k), p.truth == k, "a class has no rows") for k in present]
    )


def _by_class(p: Predicted, one: Callable[[Predicted, Array, Array], Estimate]) -> Estimate:
    """Of two classes the positive one's; of more the mean over all that are there or are said to be."""
    if len(_classified(p).classes) == 2:
        return one(p, p.truth == 1, p.labels == 1)
    present = np.union1d(p.truth, p.labels)
    return _average([one(p, p.truth == k, p.labels == k) for k in present])


def _precision_of(p: Predicted, truth: Array, said: Array) -> Estimate:
    return _ratio(p, truth & said, said, "nothing is predicted to be positive")


def _recall_of(p: Predicted, truth: Array, said: Array) -> Estimate:
    return _ratio(p, truth & said, truth, "no row is positive")


def _f1_of(p: Predicted, truth: Array, said: Array) -> Estimate:
    both = truth.astype(float) + said
    return _ratio(p, 2.0 * (truth & said), both, "no row is, or is said to be, positive")


def _binary(predicted: Predicted) -> tuple[Array, Array]:
    if len(_classified(predicted).classes) != 2:
        raise Undefined("there are more than two classes")
    return predicted.truth == 1, predicted.labels == 1


def _false_positives(p: Predicted) -> Estimate:
    truth, said = _binary(p)
    return _ratio(p, ~truth & said, ~truth, "no row is negative")


def _selected(p: Predicted) -> Estimate:
    return _mean(p, _binary(p)[1])


def _chances(p: Predicted) -> Array:
    if _classified(p).chances is None:
        raise Undefined("the model gives no probabilities (predict_proba)")
    return p.chances


def _log_loss(p: Predicted) -> Estimate:
    own = _chances(p)[np.arange(len(p.truth)), p.truth]
    return _mean(p, -np.log(np.clip(own, _LEAST, 1.0)))


def _brier(p: Predicted) -> Estimate:
    chances = _chances(p)
    if len(p.classes) == 2:
        return _mean(p, (chances[:, 1] - (p.truth == 1)) ** 2)
    right = np.eye(len(p.classes))[p.truth]
    return _mean(p, ((chances - right) ** 2).sum(axis=1))


def _calibration(p: Predicted) -> Estimate:
    """The expected calibration error over ten parts of equal size; it is only ever compared with a limit."""
    chances = _chances(p)
    said = chances[:, 1] if len(p.classes) == 2 else chances.max(axis=1)
    right = (p.truth == 1) if len(p.classes) == 2 else (p.truth == chances.argmax(axis=1))
    weights = np.ones(len(said)) if p.weights is None else p.weights
    gap = (right - said) * weights
    signs = np.empty(len(gap))
    for part in np.array_split(np.argsort(said, kind="stable"), min(10, len(gap))):
        signs[part] = np.sign(gap[part].sum())
    error = float((signs * gap).sum() / weights.sum())
    return Estimate(error, (signs * gap - error * weights) / weights.mean())


def _roc_auc(p: Predicted) -> Estimate:
    """Of two classes DeLong's; of more the mean of each class against all others."""
    chances = _chances(p)
    if len(p.classes) == 2:
        return _auc_of(p, p.truth == 1, chances[:, 1])
    there = np.bincount(p.truth, minlength=len(p.classes))
    if not there.all():
        raise Undefined(
            f"there are more than two classes, and no row is of {p.classes[int(there.argmin())]!r}"
        )
    return _average([_auc_of(p, p.truth == k, chances[:, k]) for k in range(len(p.classes))])


def _auc_of(p: Predicted, truth: Array, score: Array) -> Estimate:
    if not truth.any() or truth.all():
        raise Undefined("all rows are of one class")
    weights = np.ones(len(truth)) if p.weights is None else p.weights
    ups, downs = weights[truth].sum(), weights[~truth].sum()
    if not ups or not downs:
        raise Undefined("all rows of a class have the weight 0")
    above, below = np.where(truth, 0.0, weights), np.where(truth, weights, 0.0)
    share = np.where(truth, _below(score, above) / downs, 1 - _below(score, below) / ups)
    value = float((share * weights)[truth].sum() / ups)
    weight = np.where(truth, len(truth) / ups, len(truth) / downs) * weights
    return Estimate(value, (share - value) * weight, (truth & (weights > 0), ~truth & (weights > 0)))


def _below(score: Array, weights: Array) -> Array:
    """The weight of the rows whose score is lower than each row's; equal ones count half."""
    _sorted, inverse = np.unique(score, return_inverse=True)
    sums = np.bincount(inverse, weights=weights)
    return (np.cumsum(sums) - sums / 2)[inverse]


def _values(p: Predicted) -> tuple[Array, Array]:
    if p.is_classifier:
        raise Undefined("the model is a classifier")
    return np.asarray(p.truth, dtype=float), np.asarray(p.labels, dtype=float)


def _mae(p: Predicted) -> Estimate:
    truth, said = _values(p)
    return _mean(p, abs(truth - said))


def _mse(p: Predicted) -> Estimate:
    truth, said = _values(p)
    return _mean(p, (truth - said) ** 2)


def _rmse(p: Predicted) -> Estimate:
    squared = _mse(p)
    root = squared.value**0.5
    return replace(squared, value=root, influence=squared.influence / (2 * root or 1.0))


def _r2(p: Predicted) -> Estimate:
    truth, said = _values(p)
    spread = (truth - np.average(truth, weights=p.weights)) ** 2
    if not spread.any():
        raise Undefined("the target is the same in all rows")
    lost = _ratio(p, (truth - said) ** 2, spread, "all rows have the weight 0")
    return replace(lost, value=1 - lost.value, influence=-lost.influence)


def _quantile(p: Predicted, quantile: float) -> Estimate:
    """The pinball loss of a prediction of the quantile."""
    truth, said = _values(p)
    return _mean(p, np.maximum(quantile * (truth - said), (quantile - 1) * (truth - said)))


def _ndcg(p: Predicted, most: float) -> Estimate:
    """The mean over groups of the discounted gain of their first rows, by what an ideal order would gain.

    What is ranked by is the predicted value, or the chance of the positive class.
    """
    if p.groups is None:
        raise Undefined("which rows are ranked together is not known: add the rule unit COLUMN")
    score = p.labels if not p.is_classifier else _chances(p)[:, -1]
    groups = [np.flatnonzero(p.groups == k) for k in np.unique(p.groups)]
    found = [(rows, _gain(p.truth[rows], score[rows], int(most))) for rows in groups]
    known = [(rows, gain) for rows, gain in found if gain is not None]
    if not known:
        raise Undefined("no group has a row that is relevant")
    value = float(np.mean([gain for _rows, gain in known]))
    influence = np.zeros(len(p.truth))
    for rows, gain in known:
        influence[rows] = (gain - value) * len(p.truth) / len(known) / len(rows)
    there = np.isin(np.arange(len(p.truth)), np.concatenate([rows for rows, _gain in known]))
    return Estimate(value, influence, () if there.all() else (there,))


def _gain(truth: Array, score: Array, most: int) -> float | None:
    discount = 1 / np.log2(np.arange(2, 2 + len(truth))) * (np.arange(len(truth)) < most)
    ideal = float((np.sort(truth)[::-1] * discount).sum())
    own = float((np.asarray(truth, dtype=float)[np.argsort(-score, kind="stable")] * discount).sum())
    return own / ideal if ideal > 0 else None


def _custom(name: str, p: Predicted) -> Estimate:
    """A metric of the user's own; one that gives no value a row has no influence, and needs a bootstrap."""
    labels = np.asarray(p.classes)
    truth, said = (
        (labels[p.truth], labels[p.labels]) if p.is_classifier else (p.truth.copy(), p.labels.copy())
    )
    try:
        given = p.custom[name].function(truth, said, None if p.chances is None else p.chances.copy())
    except (Exception, SystemExit) as error:  # whatever the user's own code raises
        raise Undefined(f"{name} failed: {type(error).__name__}: {error}"[:200]) from error
    try:
        found = np.asarray(given, dtype=float)
    except (TypeError, ValueError) as error:
        raise Undefined(f"{name} gives {given!r}"[:100] + ", which is not a number") from error
    if found.shape == (len(p.truth),):
        if not np.isfinite(found).all():
            raise Undefined(f"{name} is not finite in {int((~np.isfinite(found)).sum())} rows")
        return _mean(p, found)
    if found.shape != ():
        raise Undefined(f"{name} gives an array of shape {found.shape}: one value a row, or one number")
    if not np.isfinite(found):
        raise Undefined(f"{name} is {found}")
    return Estimate(float(found), np.full(len(p.truth), np.nan))


_USUAL = {"quantile_loss": 0.5, "ndcg": 10.0}
_WITH_NUMBER: dict[str, Callable[[Predicted, float], Estimate]] = {"quantile_loss": _quantile, "ndcg": _ndcg}
_METRICS: dict[str, Callable[[Predicted], Estimate]] = {
    "accuracy": _accuracy, "balanced_accuracy": _balanced,
    "precision": lambda p: _by_class(p, _precision_of), "recall": lambda p: _by_class(p, _recall_of),
    "f1": lambda p: _by_class(p, _f1_of), "log_loss": _log_loss, "brier": _brier,
    "calibration": _calibration, "roc_auc": _roc_auc, "mae": _mae, "mse": _mse, "rmse": _rmse, "r2": _r2,
    "selection_rate": _selected, "false_positive_rate": _false_positives,
}  # fmt: skip
