"""Whether a classifier can tell two tables apart: what no column shows by itself, several together may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.gates.intervals import bounds
from mlops_jlab.gates.metrics import Predicted
from mlops_jlab.profiles import frames
from mlops_jlab.profiles.columns import category
from mlops_jlab.profiles.frames import Column, Kind

_ROWS = 20_000  # of each table
FEWEST = 100  # rows of each table below which nothing is said
_CATEGORIES = 200
MATTERS = 0.55  # the area from which two tables count as different: 0.5 is a guess, 1 is certainty


@dataclass(frozen=True)
class Apart:
    """How well the tables are told apart: the area under the ROC curve with its 95 % interval.

    ``columns`` are those by which it tells them, each with the area that is lost without it.
    """

    auc: float
    low: float
    high: float
    rows: int
    columns: tuple[tuple[str, float], ...] = ()

    @property
    def found(self) -> bool:
        """Whether the tables are shown to differ by more than hardly at all."""
        return self.low > MATTERS

    def __repr__(self) -> str:
        word = "tells" if self.found else "cannot tell"
        by = ", ".join(f"{name} {lost:.2f}" for name, lost in self.columns if lost > 0.01)
        return (
            f"a classifier {word} them apart: AUC {self.auc:.3f} ({self.low:.3f} to {self.high:.3f}, "
            f"{self.rows:,} rows)" + (f"; by {by}" if by and self.found else "")
        )


def tell_apart(reference: Any, current: Any, *, seed: int = 0) -> Apart:
    """Fits a classifier on one half of both tables' rows, and asks it of the other half whose each is.

    Columns that only one of them has are left out. ``seed`` draws the rows: up to 20,000 of each table.

    Raises:
        InputError: they have fewer than 100 rows or no column in common.
        MlopsError: scikit-learn is not installed.
    """
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
    except ImportError as error:
        raise MlopsError(
            "telling tables apart needs scikit-learn", hint="pip install 'mlops-jlab[monitor]'"
        ) from error
    one, other = frames.pandas_frame(reference), frames.pandas_frame(current)
    if min(len(one), len(other)) < FEWEST:
        raise InputError(
            f"there are {min(len(one), len(other))} rows", hint=f"at least {FEWEST} in each table"
        )
    rng = np.random.default_rng(seed)
    parts = [t.iloc[rng.permutation(len(t))[:_ROWS]] for t in (one, other)]
    names, values, counted = _matrix(*parts)
    truth: Any = np.repeat([0, 1], [len(part) for part in parts])
    order = rng.permutation(len(truth))
    half = len(truth) // 2
    fitted, asked = order[:half], order[half:]
    model = HistGradientBoostingClassifier(
        max_iter=60, max_leaf_nodes=15, early_stopping=False, categorical_features=counted, random_state=seed
    ).fit(values[fitted], truth[fitted])

    def area(rows: Any) -> tuple[float, float, float]:
        chances = model.predict_proba(rows)
        predicted = Predicted(truth[asked], chances.argmax(axis=1), chances, (0, 1))
        found, low, high, _units = bounds("roc_auc", predicted, None, 0.025)
        return found.value, low, high

    auc, low, high = area(values[asked])
    lost = []
    for place, name in enumerate(names[: len(names) if low > MATTERS else 0]):
        mixed = values[asked].copy()
        mixed[:, place] = rng.permutation(mixed[:, place])
        lost.append((name, auc - area(mixed)[0]))
    lost.sort(key=lambda item: -item[1])
    return Apart(auc, low, high, len(asked), tuple(lost[:5]))


def _matrix(one: Any, other: Any) -> tuple[list[str], Any, list[bool]]:
    """The columns that both have, as numbers; and which of them are codes of categories."""
    known = {column.name: column for column in frames.columns(other)}
    names: list[str] = []
    values: list[Any] = []
    counted: list[bool] = []
    for column in frames.columns(one):
        twin = known.get(column.name)
        if twin is None or column.kind is not twin.kind or column.kind in (Kind.OTHER, Kind.EMPTY):
            continue
        names.append(column.name)
        counted.append(column.kind in (Kind.TEXT, Kind.BOOLEAN))
        values.append(_codes(column, twin) if counted[-1] else _numbers(column, twin))
    if not names:
        raise InputError("the tables have no column in common", hint="compare like with like")
    return names, np.column_stack(values), counted


def _numbers(one: Column, other: Column) -> Any:
    values = np.concatenate([one.numbers(), other.numbers()])
    return np.clip(values, -1e300, 1e300)


def _codes(one: Column, other: Column) -> Any:
    texts = [[None if missing else category(value) for value, missing in
              zip(column.series, column.series.isna(), strict=True)] for column in (one, other)]  # fmt: skip
    both = [*texts[0], *texts[1]]
    names, counts = np.unique([text for text in both if text is not None], return_counts=True)
    kept = names[np.argsort(-counts, kind="stable")[:_CATEGORIES]]
    codes = {str(name): float(place) for place, name in enumerate(kept)}
    rarer = float(len(kept))
    return np.array([np.nan if text is None else codes.get(text, rarer) for text in both])
