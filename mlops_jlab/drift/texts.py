"""Free texts against the reference: each measure as numbers, and the share of words that it does not know."""

from __future__ import annotations

import math
from collections.abc import Iterator

from scipy import special

from mlops_jlab.drift import distances
from mlops_jlab.profiles.columns import ColumnProfile
from mlops_jlab.profiles.frames import Kind
from mlops_jlab.profiles.sketches import Quantiles
from mlops_jlab.profiles.texts import TextProfile

UNKNOWN = 0.05  # by which the share of words that the reference does not know has to grow

Found = tuple[str, float, float, float, float, str]  # test, statistic, p, effect, needed, why


def tests(one: TextProfile, other: TextProfile, widened: float, shift: float) -> Iterator[Found]:
    """What each test finds; ``shift`` is what measures have to move by, in standard deviations."""
    rows = one.texts * other.texts / (one.texts + other.texts) / widened if one.texts and other.texts else 0.0
    for name, before in one.measures.items():
        now = other.measures[name]
        statistic = distances.ranks_apart(before, now)
        p = float(special.kolmogorov(math.sqrt(rows) * statistic)) if rows else 1.0
        size = distances.shift(_column(name, before), _column(name, now))
        yield name, statistic, p, size, shift, f"{name} of its texts moved by {size:.2f} sd"
    yield _vocabulary(one, other, rows)


def _column(name: str, quantiles: Quantiles) -> ColumnProfile:
    return ColumnProfile(name, Kind.NUMBER, "", int(quantiles.total), quantiles=quantiles)


def _vocabulary(one: TextProfile, other: TextProfile, rows: float) -> Found:
    """The words of a text hang together, so as many rows count as there are texts."""
    before, now = one.unknown, other.unknown_to(one)
    rows /= 2  # each is known of one half of the texts
    grown = max(0.0, now - before)
    share = min(max((before + now) / 2, 1e-6), 1 - 1e-6)
    statistic = grown / math.sqrt(share * (1 - share) / rows) if rows else 0.0
    p = float(special.erfc(statistic / math.sqrt(2))) if grown else 1.0
    why = f"words that the reference does not know {before:.1%} → {now:.1%}"
    return "vocabulary", statistic, p, grown, UNKNOWN, why
