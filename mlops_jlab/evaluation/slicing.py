"""Where a model errs most: slices found by a shallow tree on the errors of one half, confirmed on the other.

What is looked for on one half may be chance; the other half, which has not been looked at, is asked only
about the few slices that were found, with bounds that are corrected for their number (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlops_jlab.evaluation.results import Slice, Sliced
from mlops_jlab.gates.intervals import FEWEST_THAT_COUNT, Spread, spread
from mlops_jlab.gates.resting import FEWEST
from mlops_jlab.profiles import frames
from mlops_jlab.profiles.columns import category
from mlops_jlab.profiles.frames import Kind

Array = Any
_DEPTH = 3
_LEAST = 20  # rows of a slice in each half
_LEAST_SHARE = 0.02
_CATEGORIES = 20  # of a column, the most frequent ones
_COLUMNS = 200
_ROWS = 50_000  # of each half


@dataclass(frozen=True)
class _Question:
    """One thing that can be asked of a row: a number above a limit, or a value that it has."""

    column: str
    value: str = ""  # a category; nothing for a number

    def said(self, limits: tuple[float, float]) -> str:
        """What holds of the rows whose answer lies above the first limit and up to the second."""
        low, high = limits
        if self.value:
            return f"{self.column} {'=' if low > -np.inf else '≠'} {self.value}"
        if low > -np.inf and high < np.inf:
            return f"{low:.4g} < {self.column} ≤ {high:.4g}"
        return f"{self.column} > {low:.4g}" if low > -np.inf else f"{self.column} ≤ {high:.4g}"


def find(frame: Any, loss: Array, units: Array, alpha: float, measure: str) -> Sliced | None:
    """Slices of the rows with a higher mean loss than the rest.

    ``frame`` is a DataFrame with the columns to slice by, ``loss`` has what each row cost, ``measure`` is its
    name; rows of one unit (codes from 0, or None) go to one half together. None where there are too few rows
    or columns, or scikit-learn is not installed.
    """
    try:
        from sklearn.tree import DecisionTreeRegressor
    except ImportError:
        return None
    loss = np.asarray(loss, dtype=float)
    questions, answers = _asked(frame)
    first, second = _halves(len(loss), units)
    if not questions or min(len(first), len(second)) < 4 * _LEAST:
        return None
    if float(np.ptp(loss[first])) == 0.0:
        return None
    least = max(_LEAST, int(_LEAST_SHARE * len(first)))
    tree = DecisionTreeRegressor(max_depth=_DEPTH, min_samples_leaf=least, random_state=0)
    tree.fit(answers[first], loss[first])
    usual = float(loss[first].mean())
    candidates = [path for path, value in _nodes(tree.tree_) if value > usual]
    rest = answers[second], loss[second], _some(units, second)
    known = [
        (_told(path, questions), found)
        for path in candidates
        if (found := _asked_again(path, *rest)) is not None
    ]
    each = alpha / max(1, len(known))
    slices = [_slice(words, found, each) for words, found in known]
    slices.sort(key=lambda one: (not one.confirmed, -one.difference))
    return Sliced(measure, float(loss.mean()), len(first), len(second), tuple(slices), len(candidates))


@dataclass(frozen=True)
class _Found:
    """A slice on the other half: its rows, the mean loss in it and elsewhere, and how far the two scatter."""

    rows: int
    loss: float
    rest: float
    spread: Spread


def _slice(words: str, found: _Found, alpha: float) -> Slice:
    more = found.loss - found.rest
    low = more + found.spread.bound(alpha / 2, upper=False)
    high = more + found.spread.bound(alpha / 2, upper=True)
    return Slice(words, found.rows, found.loss, found.rest, more, low, high, confirmed=low > 0)


def _some(values: Array, rows: Array) -> Array:
    return None if values is None else values[rows]


def _halves(count: int, units: Array) -> tuple[Array, Array]:
    """Places of two halves; rows of a unit stay together."""
    random = np.random.default_rng(0)
    if units is None:
        order = random.permutation(count)
        first, second = order[: count // 2], order[count // 2 :]
    else:
        drawn = random.permutation(int(units.max()) + 1 if count else 0)
        is_first = np.isin(units, drawn[: len(drawn) // 2])
        first, second = np.flatnonzero(is_first), np.flatnonzero(~is_first)
    return np.sort(first[:_ROWS]), np.sort(second[:_ROWS])


def _asked(frame: Any) -> tuple[list[_Question], Array]:
    """What can be asked of rows, and the answers as an array of shape (rows, questions)."""
    questions: list[_Question] = []
    answers: list[Array] = []
    for column in list(frames.columns(frame))[:_COLUMNS]:
        if column.kind in (Kind.EMPTY, Kind.OTHER):
            continue
        gone = column.series.isna().to_numpy()
        if gone.any():
            questions.append(_Question(column.name, "(missing)"))
            answers.append(gone.astype(float))
        if column.kind is Kind.NUMBER:
            numbers = column.numbers()
            usual = float(np.nanmedian(numbers)) if not gone.all() else 0.0
            questions.append(_Question(column.name))
            answers.append(np.clip(np.where(np.isfinite(numbers), numbers, usual), -1e30, 1e30))
        elif column.kind in (Kind.TEXT, Kind.BOOLEAN):
            texts = column.series.map(category, na_action="ignore")
            for value in texts.value_counts().index[:_CATEGORIES]:
                questions.append(_Question(column.name, str(value)))
                answers.append((texts == value).to_numpy(dtype=float, na_value=0.0))
    return questions, np.column_stack(answers) if answers else np.empty((len(frame), 0))


_Path = tuple[tuple[int, float, bool], ...]  # question, limit, whether above it


def _nodes(tree: Any) -> Iterator[tuple[_Path, float]]:
    """All nodes of a fitted tree but its root: the way to each, and its mean."""

    def below(node: int, path: _Path) -> Iterator[tuple[_Path, float]]:
        if path:
            yield path, float(tree.value[node].ravel()[0])
        if tree.children_left[node] != tree.children_right[node]:
            question, limit = int(tree.feature[node]), float(tree.threshold[node])
            yield from below(tree.children_left[node], (*path, (question, limit, False)))
            yield from below(tree.children_right[node], (*path, (question, limit, True)))

    yield from below(0, ())


def _told(path: _Path, questions: Sequence[_Question]) -> str:
    limits: dict[int, tuple[float, float]] = {}
    for question, limit, above in path:
        low, high = limits.get(question, (-np.inf, np.inf))
        limits[question] = (max(low, limit), high) if above else (low, min(high, limit))
    return " and ".join(questions[question].said(found) for question, found in limits.items())


def _holds(path: _Path, answers: Array) -> Array:
    holds: Array = np.ones(len(answers), dtype=bool)
    for question, limit, above in path:
        holds &= (answers[:, question] > limit) == above
    return holds


def _asked_again(path: _Path, answers: Array, loss: Array, units: Array) -> _Found | None:
    """What the other half says of a slice; None where it has too few rows of it."""
    inside = _holds(path, answers)
    rows = int(inside.sum())
    of_units = rows if units is None else len(np.unique(units[inside]))
    if rows < _LEAST or of_units < FEWEST or rows == len(loss):
        return None
    mine, others = float(loss[inside].mean()), float(loss[~inside].mean())
    influence = np.where(
        inside, (loss - mine) * len(loss) / rows, -(loss - others) * len(loss) / (len(loss) - rows)
    )
    codes = None if units is None else np.unique(units, return_inverse=True)[1]
    found = spread(influence, codes)
    if found.error and found.count < FEWEST_THAT_COUNT:
        return None
    return _Found(rows, mine, others, found)
