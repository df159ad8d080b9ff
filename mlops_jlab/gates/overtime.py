"""Evidence that is gathered from night to night, and may be looked at on each: an e-process.

Each night brings a sum of paired differences on rows that no night before has used, and the variance of that
sum. Where no challenger is better, the evidence exceeds ``1 / alpha`` on any night at all with at most the
probability ``alpha`` (Ville's inequality), however many nights there are. It is Robbins' mixture over
positive effects; half of the weight lies on the first night as the beginning, half on all later ones, so
that challengers that become better in time are found as well. Each night's sum counts as the normal one that
is as improbable, so that few rows or days and their skewness are accounted for in the night itself; what
error remains is measured in ``benchmarks/gates.py``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import log_ndtr

from mlops_jlab.gates.intervals import Difference
from mlops_jlab.gates.resting import FEWEST

_NIGHTS = 15.0  # after how many nights like the first the mixture sees best
_LARGEST = 700.0  # of an exponent


@dataclass(frozen=True)
class Night:
    """The sum of one night's differences (positive: better) and its variance."""

    gain: float
    variance: float


@dataclass(frozen=True)
class Past:
    """What the nights before have gathered, and which of tonight's rows are new.

    ``alpha`` is the share of the year's error budget that this champion's nights may spend.
    """

    nights: Sequence[Night] = ()
    new: Any = None  # the places of the new rows, as an array
    alpha: float = 0.05
    hashes: bytes = field(default=b"", repr=False)  # of the new rows


def night_of(found: Difference | None, rows: int) -> Night | None:
    """A night's sum, if its rows are enough: that of a normal one which is as improbable.

    Whether they are must not depend on how they came out: nights with a large loss would be left out.
    """
    if found is None or found.small or found.units < 2 * FEWEST or not math.isfinite(found.error):
        return None
    return Night(found.place * found.error * rows, (found.error * rows) ** 2)


def evidence(nights: Sequence[Night], alpha: float) -> float:
    """The evidence after the last night that challengers are better; it decides from ``1 / alpha`` on."""
    told = [night for night in nights if night.variance > 0]
    if not told:
        return 1.0
    wanted = -2 * math.log(alpha)
    scale = (wanted + math.log(wanted) + 1) / (_NIGHTS * told[0].variance)
    gains = np.cumsum([night.gain for night in reversed(told)])[::-1]  # from each night on to the last
    variances = np.cumsum([night.variance for night in reversed(told)])[::-1]
    wide = 1 + scale * variances
    exponents = scale * gains**2 / (2 * wide) + log_ndtr(gains * np.sqrt(scale / wide))
    found = 2 / np.sqrt(wide) * np.exp(np.minimum(exponents, _LARGEST))
    later = 0.5 * 6 / (math.pi * np.arange(1, len(told))) ** 2
    return float(0.5 * found[0] + (later * found[1:]).sum() + 0.5 - later.sum())
