"""What a gate measures of a model beside its predictions: time, size, rows of training, whether it loads."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mlops_jlab.errors import InputError
from mlops_jlab.gates.judging import Measured
from mlops_jlab.gates.rules import Rule
from mlops_jlab.registry import cleanly, rowdigests
from mlops_jlab.registry.evaluating import EvaluationRows, Taken

__all__ = ["Measured", "measure"]


def measure(
    rules: Sequence[Rule], model: Any, files: Mapping[str, bytes], rows: EvaluationRows, taken: Taken,
    train: Any,
) -> Measured:  # fmt: skip
    """What the rules ask for; ``files`` are the model's."""
    kinds = {rule.kind for rule in rules}
    count, near, shared = _overlap(rows, taken, rules, train) if "overlap" in kinds else (None, 0, ())
    return Measured(
        latency=_latency(model, taken.rows) if "latency" in kinds and len(taken.rows) else None,
        size=sum(map(len, files.values())) if "size" in kinds else None,
        overlap=count, near=near, shared=shared,
        loads=cleanly.problem(files, taken.rows[:100], model) if "loads" in kinds else None,
    )  # fmt: skip


def _latency(model: Any, rows: Any) -> float:
    times = []
    for _ in range(12):
        begun = time.perf_counter()
        model.predict(rows[:1])
        times.append(time.perf_counter() - begun)
    return statistics.median(times[2:])


def _overlap(
    rows: EvaluationRows, taken: Taken, rules: Sequence[Rule], train: Any
) -> tuple[int | None, int, tuple[str, ...]]:
    """Evaluation rows that are among those of training, others that nearly are, and by which columns.

    Rows are compared by what the model takes and both have, and by the target where both have it in the same
    words; or by the column that identifies a row. Nearly are rows of which the target may be another.
    """
    if train is None:
        return None, 0, ()
    if not hasattr(train, "columns"):
        raise InputError("train is not a DataFrame", hint="give the rows with their columns, train=DataFrame")
    if not len(train):
        raise InputError("train has no rows", hint="give the rows that the model was fitted on")
    there = {str(name) for name in train.columns}
    identifier = next((rule.column for rule in rules if rule.kind == "id"), "")
    if identifier and identifier not in there:
        raise InputError(f"train has no column {identifier!r}", hint="rows are known by it: id COLUMN")
    names = [identifier] if identifier else [name for name in taken.names if name in there]
    if not names:
        raise InputError(
            f"train has none of the columns that the model takes: {', '.join(taken.names[:8])}",
            hint="give the rows that it was fitted on, with their columns",
        )
    by_target = not identifier and rows.target in there and _alike(rows.truth, train[rows.target])
    truths = (rows.truth, train[rows.target]) if by_target else (None, None)
    data, train = _of_one_kind(rows.data, train, names)
    near = np.isin(rowdigests.of(data, names, near=True), rowdigests.of(train, names, near=True))
    data, trained = _as_precise(data, train, names)
    same = np.isin(rowdigests.of(data, names, truths[0]), rowdigests.of(trained, names, truths[1]))
    return int(same.sum()), int((near & ~same).sum()), (*names, *([rows.target] if by_target else []))


def _of_one_kind(data: Any, train: Any, names: Sequence[str]) -> tuple[Any, Any]:
    """Both with numbers where one has numbers: as text they would be found in no row.

    Raises:
        InputError: a column holds numbers, or times, in one of both alone.
    """
    import pandas
    from pandas.api import types

    both = [data.copy(deep=False), train.copy(deep=False)]
    for name in names:
        numbers = [types.is_numeric_dtype(one[name].dtype) for one in both]
        times = [types.is_datetime64_any_dtype(one[name].dtype) for one in both]
        if numbers[0] == numbers[1] and times[0] == times[1]:
            continue
        try:
            for one in both:
                one[name] = pandas.to_datetime(one[name]) if any(times) else pandas.to_numeric(one[name])
        except (TypeError, ValueError) as error:
            raise InputError(
                f"column {name!r} is {both[0][name].dtype} in the rows and {both[1][name].dtype} in train: "
                "equal rows would not be found", hint="give both as the model takes them",
            ) from error  # fmt: skip
    return both[0], both[1]


def _as_precise(data: Any, train: Any, names: Sequence[str]) -> tuple[Any, Any]:
    """Both with the smaller of both precisions: rows that were made shorter are the same rows."""
    least = {}
    for name in names:
        kinds = {str(one[name].dtype) for one in (data, train)} & {"float16", "float32"}
        if kinds and all(one[name].dtype.kind in "fiu" for one in (data, train)):
            least[name] = min(kinds)
    return data.astype(least), train.astype(least)


def _alike(truth: Any, trained: Any) -> bool:
    """Whether any target of one is one of the other: ``yes`` and 1 tell no rows apart."""
    import pandas

    mine, theirs = (
        rowdigests.of(pandas.DataFrame({"~": np.asarray(one)}), ["~"]) for one in (truth, trained)
    )
    return bool(np.isin(mine, theirs).any())
