"""How much worse a model predicts when one column is shuffled, with intervals: permutation importance.

After Breiman, "Random Forests", Machine Learning 45 (2001), 5-32. The interval is that of the paired
difference on the gate's own units: what the model lost on these rows, not what one would be worth that was
fitted without the column.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from mlops_jlab.errors import InputError
from mlops_jlab.gates.intervals import Difference, difference
from mlops_jlab.gates.metrics import Predicted, Undefined
from mlops_jlab.registry.evaluating import Taken

MOST_COLUMNS = 50
MOST_ROWS = 5_000
PATIENCE = 10.0  # seconds, after which the columns that are left are not looked at
_ALPHA = 0.025  # on each side

Predicts = Callable[[Taken, Any], Predicted]


def importance(
    metric: str, taken: Taken, predicted: Predicted, predicts: Predicts, units: Any = None
) -> Mapping[str, Any] | None:
    """By each column the loss in ``metric`` when it is shuffled, the greatest first; None if nobody knows.

    ``predicts`` lets the model predict changed rows, given with their places; ``units`` has a code for each
    row. The answer is ``{"metric", "rows", "left_out", "features": [[name, loss, low, high], ...]}`` with
    bounds of 95 % for each column by itself. Of many rows a part is taken, the same one each time.
    """
    count = len(predicted.truth)
    if not count or not taken.names:
        return None
    some = np.sort(np.random.default_rng(0).permutation(count)[:MOST_ROWS])
    whole = predicted.take(some)
    groups = None if units is None else np.unique(units[some], return_inverse=True)[1]
    order = np.random.default_rng(1).permutation(len(some))
    until = time.monotonic() + PATIENCE
    found: list[tuple[str, Difference]] = []
    for place, name in enumerate(taken.names[:MOST_COLUMNS]):
        if time.monotonic() > until:
            break
        with suppress(Undefined, InputError):  # a model may refuse rows that cannot be
            shuffled = predicts(Taken(_shuffled(taken.rows, some, place, order), taken.names), some)
            found.append((name, difference(metric, whole, shuffled, groups, _ALPHA)))
    if not found:
        return None
    found.sort(key=lambda one: -one[1].value)
    return {
        "metric": metric, "rows": len(some), "left_out": len(taken.names) - len(found),
        "features": [[name, one.value, one.low, one.high] for name, one in found],
    }  # fmt: skip


def _shuffled(rows: Any, some: Any, place: int, order: Any) -> Any:
    """Some of the rows, a DataFrame or an array, with the values of one column in another order."""
    if not hasattr(rows, "iloc"):
        part = rows[some].copy()
        part[:, place] = part[order, place]
        return part
    part = rows.iloc[some].copy()
    part.isetitem(place, part.iloc[order, place].array)
    return part
