"""Partial dependence: what a model says on average where one column has one value in all rows.

After Friedman, "Greedy function approximation", Annals of Statistics 29 (2001). Where columns hang together
it asks about rows that cannot be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from scipy import special

from mlops_jlab.errors import InputError
from mlops_jlab.evaluation.results import Bounded, Dependence
from mlops_jlab.gates.intervals import spread
from mlops_jlab.gates.metrics import Predicted

Array = Any
ROWS = 1_000
_POINTS = 10
_CATEGORIES = 10


def of(
    columns: Sequence[tuple[int, str]], rows: Any, predicts: Callable[[Any], Predicted], units: Array,
    alpha: float,
) -> tuple[Dependence, ...]:  # fmt: skip
    """The dependence on each of ``columns`` (place and name); nothing for more than two classes.

    ``rows`` is a DataFrame or a 2-D array of at most :data:`ROWS` rows, ``predicts`` lets the model predict
    changed ones, ``units`` has a code a row or is None. Bounds are those of the mean over the rows.
    """
    found = []
    for place, name in columns:
        values, sources = _grid(rows, place)
        said: list[Bounded] = []
        with suppress(InputError):  # a model may refuse rows that cannot be
            for source in sources:
                predicted = predicts(_everywhere(rows, place, source))
                if predicted.is_classifier and (len(predicted.classes) != 2 or predicted.chances is None):
                    return ()
                told = predicted.chances[:, 1] if predicted.is_classifier else predicted.labels
                said.append(_mean(np.asarray(told, dtype=float), units, alpha))
        if len(said) == len(values) > 1:
            found.append(Dependence(name, tuple(values), tuple(said), len(rows)))
    return tuple(found)


def _mean(said: Array, units: Array, alpha: float) -> Bounded:
    mean = float(said.mean())
    error = spread(said - mean, units).error
    reach = float(special.ndtri(1 - alpha / 2)) * error if np.isfinite(error) else float("inf")
    return Bounded(mean, mean - reach, mean + reach)


def _grid(rows: Any, place: int) -> tuple[list[float | str], list[int]]:
    """The values of a column that are asked about, and for each the place of a row that has it."""
    import pandas

    column = pandas.Series(rows[:, place]) if not hasattr(rows, "iloc") else rows.iloc[:, place]
    column = column.reset_index(drop=True)
    known = column.dropna()
    numeric = pandas.api.types.is_numeric_dtype(column.dtype) and not pandas.api.types.is_bool_dtype(
        column.dtype
    )
    if numeric and known.nunique() > _POINTS:
        order = known.sort_values()
        places = np.linspace(0.05, 0.95, _POINTS) * (len(order) - 1)
        sources = list(dict.fromkeys(int(order.index[int(at)]) for at in places))
    else:
        most = known.value_counts().index[:_CATEGORIES]
        chosen = sorted(most) if numeric else list(most)
        sources = [int(known.index[(known == value).to_numpy().argmax()]) for value in chosen]
    values: list[float | str] = []
    kept: list[int] = []
    for source in sources:
        value = float(column[source]) if numeric else str(column[source])
        if value not in values:
            values.append(value)
            kept.append(source)
    return values, kept


def _everywhere(rows: Any, place: int, source: int) -> Any:
    """The rows, each with the value that one of them has in a column; its type stays."""
    if not hasattr(rows, "iloc"):
        changed = rows.copy()
        changed[:, place] = rows[source, place]
        return changed
    changed = rows.copy()
    changed.isetitem(place, rows.iloc[:, place].array.take([source] * len(rows)))
    return changed
