"""How well a classifier does where no labels are: what its probabilities say of themselves.

The idea is NannyML's (Białek, Kuberski, Perrakis and Bifet, "Estimating model performance under covariate
shift without labels", arXiv 2401.08348). It holds only where the probabilities are as well calibrated as on
the evaluation rows: as long as rows have changed, and not what follows from them. That shows in labels alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mlops_jlab.evaluation.results import Bounded

Array = Any
ASSUMES = (
    "it assumes that the probabilities are as well calibrated as on the evaluation rows: that rows may have "
    "changed, but not what follows from them"
)
_Z = 1.959963984540054


def estimated(
    chances: Array, weights: Array, curve: Sequence[Mapping[str, Any]]
) -> dict[str, Bounded] | None:
    """The expected squared error of the chance and the expected error, with bounds of 95 %.

    ``chances`` are those of the positive class (1-D), each for as many rows as its weight says; ``curve`` is
    the reliability curve of an evaluation, by which they are corrected. None without either.
    """
    if not len(chances) or len(curve) < 2:
        return None
    said = np.array([float(point["said"]) for point in curve])
    seen = np.array([float(point["seen"]) for point in curve])
    wide = np.array([_half(point) for point in curve]) / _Z
    order = np.argsort(said)
    said, seen, wide = said[order], np.maximum.accumulate(seen[order]), wide[order]
    chances = np.asarray(chances, dtype=float)
    true = np.interp(chances, said, seen)
    nearest = np.abs(chances[:, None] - said[None, :]).argmin(axis=1)
    positive = chances > 0.5
    squared = true * (1 - chances) ** 2 + (1 - true) * chances**2
    wrong = np.where(positive, 1 - true, true)
    return {
        "brier": _bounded(squared, 1 - 2 * chances, weights, nearest, wide),
        "error": _bounded(wrong, np.where(positive, -1.0, 1.0), weights, nearest, wide),
    }


def _half(point: Mapping[str, Any]) -> float:
    low, high = point["low"], point["high"]
    return 0.5 if low is None or high is None else (float(high) - float(low)) / 2


def _bounded(values: Array, slopes: Array, counts: Array, parts: Array, wide: Array) -> Bounded:
    """The mean, with what rows scatter and what the curve does not know of itself."""
    total = float(counts.sum())
    mean = float(np.average(values, weights=counts))
    rows = float(np.average((values - mean) ** 2, weights=counts)) / total
    weights = np.bincount(parts, slopes * counts, len(wide)) / total
    error = math.sqrt(rows + float(((weights * wide) ** 2).sum()))
    return Bounded(mean, max(0.0, mean - _Z * error), min(1.0, mean + _Z * error))
