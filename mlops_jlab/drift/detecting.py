"""Drift of a table: significance corrected for the number of columns, *and* an effect that matters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import numpy as np
from scipy import special

from mlops_jlab.drift import distances, texts
from mlops_jlab.errors import InputError
from mlops_jlab.profiles.columns import ColumnProfile
from mlops_jlab.profiles.frames import Kind
from mlops_jlab.profiles.profile import SAMPLE, Profile
from mlops_jlab.profiles.texts import TextProfile

ALPHA = 0.05  # share of windows without drift in which any column may be called drifted
SHIFT = 0.1  # standard deviations by which numbers have to move
SMALL = 0.1  # Cohen's w by which categories have to change
MISSING = 0.02  # by which the share of missing values has to change
_FEWEST = 30  # rows on each side below which nothing is said
_SQUARE = math.pi**2 / 12  # the mean of the squared statistic of Kolmogorov and Smirnov, times rows
_BLOCKS = 5  # windows of the past that a calibration needs
_UNUSED = 1e-9


@dataclass(frozen=True)
class ColumnDrift:
    """What was found of one column.

    ``test`` is ``ks``, ``chi-square``, ``missing``, of free texts one of their measures or ``vocabulary``, or
    ``kind`` for a column that is gone or holds something else. ``p`` is corrected for the number of columns.
    ``effect`` is in standard deviations, Cohen's w, or a difference of shares; ``needed`` is what it has to
    reach.
    """

    name: str
    test: str
    statistic: float
    p: float
    effect: float
    needed: float
    drifted: bool = False
    why: str = ""


@dataclass(frozen=True)
class Drift:
    """What was found of a table, the column that has moved most first."""

    columns: tuple[ColumnDrift, ...]
    rows: tuple[int, int]
    alpha: float
    calibrated: int = 0  # windows of the past that the thresholds were calibrated on
    not_judged: tuple[str, ...] = ()

    @property
    def drifted(self) -> tuple[ColumnDrift, ...]:
        """The columns that have drifted."""
        return tuple(column for column in self.columns if column.drifted)

    @property
    def found(self) -> bool:
        """Whether any column has drifted."""
        return any(column.drifted for column in self.columns)

    def __repr__(self) -> str:
        word = f"drift in {len(self.drifted)} of" if self.found else "no drift in"
        lines = [f"{word} {len(self.columns)} columns ({self.rows[1]:,} rows against {self.rows[0]:,})"]
        for column in self.columns[:50]:
            mark = "✗" if column.drifted else "✓"
            lines.append(f"  {mark} {column.name:<24} {column.why}")
        if self.not_judged:
            lines.append(f"  not judged, for want of rows: {', '.join(self.not_judged[:20])}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{'✗' if c.drifted else '✓'}</td><td>{escape(c.name)}</td><td>{escape(c.why)}</td></tr>"
            for c in self.columns
        )
        return f"<p>{escape(repr(self).splitlines()[0])}</p><table>{rows}</table>"


def detect(
    reference: Profile, current: Profile, *, alpha: float = ALPHA, effect: float | None = None,
    importance: Mapping[str, float] | None = None, history: Sequence[Profile] = (),
) -> Drift:  # fmt: skip
    """Compares current data with the reference, both by their profiles.

    A column has drifted if its test is significant after Benjamini and Hochberg's correction for all columns
    *and* the effect reaches what is needed: ``effect``, or 0.1 standard deviations (Cohen's w of 0.1 for
    categories), and 0.02 for the share of missing values. ``importance`` weighs columns: what a model does
    not use (0) raises no alarm. ``history`` are profiles of windows of the past without drift, at least 5:
    where their rows hang together in time, tests are widened by as much as those windows differ from one
    another.

    Raises:
        InputError: the two have no column in common, or ``alpha`` is no chance.
    """
    if not 0 < alpha < 1:
        raise InputError(f"alpha is {alpha}", hint="a chance to be wrong, such as 0.05")
    known = {column.name: column for column in current.columns}
    if reference.columns and not any(column.name in known for column in reference.columns):
        raise InputError("reference and current data have no column in common", hint="compare like with like")
    found: list[ColumnDrift] = []
    unknown: list[str] = []
    for column in reference.columns:
        weight = 1.0 if importance is None else importance.get(column.name, 0.0)
        if weight <= _UNUSED:
            continue
        other = known.get(column.name)
        if other is not None and min(column.rows, other.rows) < _FEWEST:
            unknown.append(column.name)
            continue
        widened = _widened(column, [p.column(column.name) for p in history])
        found.extend(_tests(column, other, widened, effect))
    weights = _weights(found, importance)
    judged = [_verdict(one, p, alpha) for one, p in zip(found, _corrected(found, weights), strict=True)]
    judged.sort(key=lambda one: (not one.drifted, -one.effect / max(one.needed, 1e-9), one.name))
    calibrated = len(history) if len(history) >= _BLOCKS else 0
    return Drift(tuple(judged), (reference.rows, current.rows), alpha, calibrated, tuple(unknown))


def _tests(
    one: ColumnProfile, other: ColumnProfile | None, widened: float, effect: float | None
) -> list[ColumnDrift]:
    if other is None:
        return [ColumnDrift(one.name, "kind", 1.0, 0.0, distances.LARGEST, 0.0, why="the column is gone")]
    empty = Kind.EMPTY in (one.kind, other.kind)
    if one.kind is not other.kind and not empty:
        why = f"was {one.kind}, is {other.kind} now"
        return [ColumnDrift(one.name, "kind", 1.0, 0.0, distances.LARGEST, 0.0, why=why)]
    found = []
    if one.missing or other.missing:
        found.append(_missing(one, other, widened))
    if empty or one.kind is Kind.OTHER:
        return found
    if distances.is_counted(one) and not _is_free_text(one):
        found.append(_categories(one, other, widened, effect))
    else:
        found.append(_numbers(one, other, widened, effect))
    if one.text is not None and other.text is not None:
        needed = SHIFT if effect is None else effect
        found += [ColumnDrift(one.name, *test) for test in _texts(one.text, other.text, widened, needed)]
    return found


def _texts(one: TextProfile, other: TextProfile, widened: float, needed: float) -> Iterator[tuple[Any, ...]]:
    for test, statistic, p, effect, least, why in texts.tests(one, other, widened, needed):
        yield test, statistic, p, effect, least, False, why


def _is_free_text(column: ColumnProfile) -> bool:
    """Whether most values are too rare to be counted: then their lengths are compared."""
    counted = sum(column.top.values())
    return column.kind is Kind.TEXT and (
        column.text is not None
        or column.rarer >= counted > 0
        or (len(column.top) > 50 and len(column.top) >= 0.5 * _filled(column))
    )


def _filled(column: ColumnProfile) -> float:
    """Rows with a value that the distribution is made of."""
    rows = column.finite or column.rows - column.missing
    return min(rows, SAMPLE) if column.sampled else rows


def _numbers(one: ColumnProfile, other: ColumnProfile, widened: float, effect: float | None) -> ColumnDrift:
    statistic = distances.ranks_apart(one.quantiles, other.quantiles)
    rows = _together(_filled(one), _filled(other)) / widened
    p = float(special.kolmogorov(math.sqrt(rows) * statistic)) if rows else 1.0
    needed = SHIFT if effect is None else effect
    size = distances.shift(one, other)
    why = f"{'lengths ' if one.kind is Kind.TEXT else ''}moved by {size:.2f} sd"
    return ColumnDrift(one.name, "ks", statistic, p, size, needed, why=why)


def _together(one: float, other: float) -> float:
    """The rows that two samples are worth together in a test of their difference."""
    return one * other / (one + other) if one and other else 0.0


def _categories(
    one: ColumnProfile, other: ColumnProfile, widened: float, effect: float | None
) -> ColumnDrift:
    a, b = distances.shares(one, other)
    statistic, freedom = distances.chi_square_test(a * _filled(one), b * _filled(other))
    # Cohen's w without what chance adds to it: many rare categories would always look like a large change.
    rows = _together(_filled(one), _filled(other))
    size = math.sqrt(max(0.0, statistic - freedom) / rows) if rows else 0.0
    statistic /= widened
    p = float(special.chdtrc(freedom, statistic)) if freedom else 1.0
    new = sum(count for name, count in other.top.items() if name not in one.top) if not one.rarer else 0.0
    filled = max(other.rows - other.missing, 1)
    why = f"categories changed, w = {size:.2f}" + (f"; {new / filled:.1%} are new" if new else "")
    needed = SMALL if effect is None else effect
    return ColumnDrift(one.name, "chi-square", statistic, p, size, needed, why=why)


def _missing(one: ColumnProfile, other: ColumnProfile, widened: float) -> ColumnDrift:
    apart = abs(other.missing_share - one.missing_share)
    share = (one.missing + other.missing) / (one.rows + other.rows)
    rows = _together(one.rows, other.rows) / widened
    deviation = math.sqrt(share * (1 - share) / rows) if rows else 0.0
    statistic = apart / deviation if deviation else 0.0
    p = float(special.erfc(statistic / math.sqrt(2)))
    why = f"missing {one.missing_share:.1%} → {other.missing_share:.1%}"
    return ColumnDrift(one.name, "missing", statistic, p, apart, MISSING, why=why)


def _widened(column: ColumnProfile, blocks: Sequence[ColumnProfile | None]) -> float:
    """How much more windows of the past differ from the reference than independent rows would: 1 or more."""
    found = [block for block in blocks if block is not None and block.kind is column.kind]
    if len(found) < _BLOCKS:
        return 1.0
    ratios = []
    for block in found:
        if distances.is_counted(column) and not _is_free_text(column):
            a, b = distances.shares(column, block)
            statistic, freedom = distances.chi_square_test(a * _filled(column), b * _filled(block))
            ratios.append(statistic / freedom if freedom else 0.0)
        else:
            rows = _together(_filled(column), _filled(block))
            ratios.append(rows * distances.ranks_apart(column.quantiles, block.quantiles) ** 2 / _SQUARE)
    # Few windows tell little of how much they differ: the upper end of what their number leaves open.
    return max(1.0, float(np.mean(ratios)) * len(ratios) / float(special.chdtri(len(ratios), 0.9)))


def _weights(found: Sequence[ColumnDrift], importance: Mapping[str, float] | None) -> Any:
    given = np.array([1.0 if importance is None else importance.get(one.name, 0.0) for one in found])
    return given / given.mean() if len(given) and given.mean() > 0 else given


def _corrected(found: Sequence[ColumnDrift], weights: Any) -> Any:
    """Benjamini and Hochberg's p-values, weighted by importance."""
    count = len(found)
    if not count:
        return np.empty(0)
    p = np.array([one.p for one in found]) / weights
    order = np.argsort(p)
    stepped = p[order] * count / np.arange(1, count + 1)
    corrected = np.empty(count)
    corrected[order] = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0)
    return corrected


def _verdict(one: ColumnDrift, p: float, alpha: float) -> ColumnDrift:
    drifted = bool(p <= alpha and one.effect >= one.needed)
    why = one.why if one.test == "kind" else f"{one.why} (p = {p:.2g})"
    return replace(one, p=float(p), drifted=drifted, why=why)


def persisting(windows: Sequence[Drift], wanted: int = 2, of: int = 3) -> tuple[str, ...]:
    """The columns that have drifted in the newest of the windows and in ``wanted`` of the last ``of``."""
    last = windows[-of:]
    if not last:
        return ()
    times: dict[str, int] = {}
    for window in last:
        for name in {column.name for column in window.drifted}:
            times[name] = times.get(name, 0) + 1
    return tuple(column.name for column in last[-1].drifted if times[column.name] >= wanted)
