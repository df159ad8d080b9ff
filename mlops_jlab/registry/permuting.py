"""How much worse a model predicts when one column is shuffled, with intervals: permutation importance.

After Breiman, "Random Forests", Machine Learning 45 (2001), 5-32. The interval is that of the paired
difference on the gate's own units, and of the shuffling where that was repeated: what the model lost on these
rows, not what one would be worth that was fitted without the column.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from mlops_jlab.errors import InputError
from mlops_jlab.gates.intervals import spread, strata_of
from mlops_jlab.gates.metrics import Estimate, Predicted, Undefined, estimate, sign
from mlops_jlab.registry.evaluating import Taken

MOST_COLUMNS = 50
MOST_ROWS = 5_000
PATIENCE = 10.0  # seconds, after which nothing more is shuffled
_ALPHA = 0.025  # on each side

Predicts = Callable[[Taken, Any], Predicted]


def importance(
    metric: str, taken: Taken, predicted: Predicted, predicts: Predicts, units: Any = None, repeats: int = 1
) -> Mapping[str, Any] | None:
    """By each column the loss in ``metric`` when it is shuffled, the greatest first; None if nobody knows.

    ``predicts`` lets the model predict changed rows, given with their places; ``units`` has a code for each
    row. Each column is shuffled ``repeats`` times, as far as there is time. The answer is ``{"metric",
    "rows", "repeats", "left_out", "features": [[name, loss, low, high], ...]}`` with bounds of 95 % for each
    column by itself. Of many rows a part is taken, the same one each time.
    """
    count = len(predicted.truth)
    if not count or not taken.names:
        return None
    some = np.sort(np.random.default_rng(0).permutation(count)[:MOST_ROWS])
    whole = predicted.take(some)
    groups = None if units is None else np.unique(units[some], return_inverse=True)[1]
    found = _losses(metric, taken, whole, some, predicts, repeats)
    if not found:
        return None
    strata = strata_of(metric, whole)
    features = [(name, *_bounds(losses, groups, strata)) for name, losses in found.items()]
    features.sort(key=lambda one: -one[1])
    return {
        "metric": metric, "rows": len(some), "repeats": max(map(len, found.values())),
        "left_out": len(taken.names) - len(found), "features": [list(one) for one in features],
    }  # fmt: skip


def _losses(
    metric: str, taken: Taken, whole: Predicted, some: Any, predicts: Predicts, repeats: int
) -> dict[str, list[Estimate]]:
    """What is lost by shuffling each column, once for each round that there was time for."""
    until = time.monotonic() + PATIENCE
    found: dict[str, list[Estimate]] = {}
    try:
        before = estimate(metric, whole)
    except Undefined:
        return found
    way = sign(metric, whole)
    for round_ in range(repeats):
        order = np.random.default_rng(1 + round_).permutation(len(some))
        for place, name in enumerate(taken.names[:MOST_COLUMNS]):
            if time.monotonic() > until:
                return found
            with suppress(Undefined, InputError):  # a model may refuse rows that cannot be
                shuffled = predicts(Taken(_shuffled(taken.rows, some, place, order), taken.names), some)
                after = estimate(metric, shuffled)
                value = way * (before.value - after.value)
                influence = way * (before.influence - after.influence)
                found.setdefault(name, []).append(Estimate(value, influence))
    return found


def _bounds(losses: list[Estimate], units: Any, strata: Any) -> tuple[float, float, float]:
    """The mean loss of all rounds with its bounds: the scatter of the rows, and of the shuffling."""
    value = float(np.mean([one.value for one in losses]))
    rows = spread(np.mean([one.influence for one in losses], axis=0), units, strata)
    between = float(np.var([one.value for one in losses], ddof=1)) / len(losses) if len(losses) > 1 else 0.0
    wide = replace(rows, error=(rows.error**2 + between) ** 0.5)
    return value, value + wide.bound(_ALPHA, upper=False), value + wide.bound(_ALPHA, upper=True)


def _shuffled(rows: Any, some: Any, place: int, order: Any) -> Any:
    """Some of the rows, a DataFrame or an array, with the values of one column in another order."""
    if not hasattr(rows, "iloc"):
        part = rows[some].copy()
        part[:, place] = part[order, place]
        return part
    part = rows.iloc[some].copy()
    part.isetitem(place, part.iloc[order, place].array)
    return part
