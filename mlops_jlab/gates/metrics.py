"""Metrics of one model on some rows, each with its influence function: what each row adds to the estimate.

The mean of the influences is zero, and the sum of their squares, over the square of the number of rows, is
the estimate's variance; where rows hang together, they are summed within their unit first. So one rule
gives intervals for every metric and for paired differences. For the area under the curve these are DeLong's
components.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlops_jlab.gates.rules import LOWER

Array = Any  # numpy's, of one dimension unless it says otherwise
_LEAST = 1e-15  # the smallest probability that a loss is computed with


class Undefined(ValueError):
    """The metric cannot be computed on these rows: one class only, no positives, no spread."""


@dataclass(frozen=True)
class Predicted:
    """What a model says of rows: ``labels`` or values, and ``chances`` of shape (rows, classes) or None.

    ``truth`` holds the codes of ``classes`` for a classifier, the values else.
    """

    truth: Array
    labels: Array
    chances: Array = None
    classes: tuple[Any, ...] = ()

    def take(self, rows: Array) -> Predicted:
        """The same for some of the rows."""
        chances = None if self.chances is None else self.chances[rows]
        return Predicted(self.truth[rows], self.labels[rows], chances, self.classes)

    @property
    def is_classifier(self) -> bool:
        """Whether labels are codes of classes."""
        return bool(self.classes)


@dataclass(frozen=True)
class Estimate:
    """A metric's value, and what each row adds to it (``influence``, one a row, with mean zero)."""

    value: float
    influence: Array


def sign(metric: str) -> int:
    """1 if more is better, -1 if less is."""
    return -1 if metric in LOWER else 1


def estimate(metric: str, predicted: Predicted) -> Estimate:
    """The metric on all rows.

    Raises:
        Undefined: it has no value there.
    """
    if not len(predicted.truth):
        raise Undefined("there are no rows")
    return _METRICS[metric](predicted)


def _mean(values: Array) -> Estimate:
    values = np.asarray(values, dtype=float)
    mean = float(values.mean())
    return Estimate(mean, values - mean)


def _ratio(above: Array, below: Array, what: str) -> Estimate:
    above, below = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    if not below.any():
        raise Undefined(what)
    value = float(above.sum() / below.sum())
    return Estimate(value, (above - value * below) / below.mean())


def _classified(predicted: Predicted) -> Predicted:
    if not predicted.is_classifier:
        raise Undefined("the model is no classifier")
    return predicted


def _binary(predicted: Predicted) -> tuple[Array, Array]:
    if len(_classified(predicted).classes) != 2:
        raise Undefined("there are more than two classes")
    return predicted.truth == 1, predicted.labels == 1


def _accuracy(p: Predicted) -> Estimate:
    return _mean(_classified(p).truth == p.labels)


def _balanced(p: Predicted) -> Estimate:
    present = np.unique(_classified(p).truth)
    parts = [_ratio((p.truth == k) & (p.labels == k), p.truth == k, "a class has no rows") for k in present]
    return Estimate(float(np.mean([e.value for e in parts])), np.mean([e.influence for e in parts], axis=0))


def _precision(p: Predicted) -> Estimate:
    truth, said = _binary(p)
    return _ratio(truth & said, said, "nothing is predicted to be positive")


def _recall(p: Predicted) -> Estimate:
    truth, said = _binary(p)
    return _ratio(truth & said, truth, "no row is positive")


def _false_positives(p: Predicted) -> Estimate:
    truth, said = _binary(p)
    return _ratio(~truth & said, ~truth, "no row is negative")


def _selected(p: Predicted) -> Estimate:
    return _mean(_binary(p)[1])


def _f1(p: Predicted) -> Estimate:
    truth, said = _binary(p)
    return _ratio(2.0 * (truth & said), truth.astype(float) + said, "no row is, or is said to be, positive")


def _chances(p: Predicted) -> Array:
    if _classified(p).chances is None:
        raise Undefined("the model gives no probabilities (predict_proba)")
    return p.chances


def _log_loss(p: Predicted) -> Estimate:
    own = _chances(p)[np.arange(len(p.truth)), p.truth]
    return _mean(-np.log(np.clip(own, _LEAST, 1.0)))


def _brier(p: Predicted) -> Estimate:
    chances = _chances(p)
    if len(p.classes) == 2:
        return _mean((chances[:, 1] - (p.truth == 1)) ** 2)
    right = np.eye(len(p.classes))[p.truth]
    return _mean(((chances - right) ** 2).sum(axis=1))


def _calibration(p: Predicted) -> Estimate:
    """The expected calibration error over ten parts of equal size; it is only ever compared with a limit."""
    chances = _chances(p)
    said = chances[:, 1] if len(p.classes) == 2 else chances.max(axis=1)
    right = (p.truth == 1) if len(p.classes) == 2 else (p.truth == chances.argmax(axis=1))
    gap = (right - said)[np.argsort(said, kind="stable")]
    parts = np.array_split(gap, min(10, len(gap)))
    error = float(sum(abs(part.mean()) * len(part) for part in parts) / len(gap))
    return Estimate(error, np.zeros(len(gap)))


def _roc_auc(p: Predicted) -> Estimate:
    chances = _chances(p)
    truth, _said = _binary(p)
    ups, downs = int(truth.sum()), int((~truth).sum())
    if not ups or not downs:
        raise Undefined("all rows are of one class")
    score = chances[:, 1]
    below = _midranks(score) - np.where(truth, _within(score, truth), _within(score, ~truth))
    share = np.where(truth, below / downs, 1 - below / ups)  # of the other class that it beats
    value = float(share[truth].mean())
    weight = np.where(truth, len(truth) / ups, len(truth) / downs)
    return Estimate(value, (share - value) * weight)


def _within(score: Array, chosen: Array) -> Array:
    ranks = np.zeros(len(score))
    ranks[chosen] = _midranks(score[chosen])
    return ranks


def _midranks(values: Array) -> Array:
    _sorted, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


def _values(p: Predicted) -> tuple[Array, Array]:
    if p.is_classifier:
        raise Undefined("the model is a classifier")
    return np.asarray(p.truth, dtype=float), np.asarray(p.labels, dtype=float)


def _mae(p: Predicted) -> Estimate:
    truth, said = _values(p)
    return _mean(abs(truth - said))


def _mse(p: Predicted) -> Estimate:
    truth, said = _values(p)
    return _mean((truth - said) ** 2)


def _rmse(p: Predicted) -> Estimate:
    squared = _mse(p)
    root = squared.value**0.5
    return Estimate(root, squared.influence / (2 * root) if root else squared.influence)


def _r2(p: Predicted) -> Estimate:
    truth, said = _values(p)
    spread = (truth - truth.mean()) ** 2
    if not spread.any():
        raise Undefined("the target is the same in all rows")
    lost = _ratio((truth - said) ** 2, spread, "")
    return Estimate(1 - lost.value, -lost.influence)


_METRICS: dict[str, Callable[[Predicted], Estimate]] = {
    "accuracy": _accuracy, "balanced_accuracy": _balanced, "precision": _precision, "recall": _recall,
    "f1": _f1, "log_loss": _log_loss, "brier": _brier, "calibration": _calibration, "roc_auc": _roc_auc,
    "mae": _mae, "mse": _mse, "rmse": _rmse, "r2": _r2, "selection_rate": _selected,
    "false_positive_rate": _false_positives,
}  # fmt: skip
