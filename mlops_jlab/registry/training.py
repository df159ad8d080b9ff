"""Which evaluation rows were among those of training: by what they hold, in whatever types it stands."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from mlops_jlab.errors import InputError
from mlops_jlab.gates.rules import Rule
from mlops_jlab.registry import rowdigests
from mlops_jlab.registry.evaluating import EvaluationRows, Taken

_NUMBERS = {"integer", "floating", "decimal", "mixed-integer-float", "boolean"}
_TIMES = {"datetime", "datetime64", "date"}
_EXACT = 2**53  # up to here all whole numbers are floating-point numbers


def overlap(
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
    target = None if identifier or rows.target not in there else _column(train, rows.target, "train")
    by_target = target is not None and _alike(rows.truth, target)
    truths = (rows.truth, target) if by_target else (None, None)
    data, train = _of_one_kind(_by_name(rows.data, names, "the rows"), _by_name(train, names, "train"))
    near = np.isin(rowdigests.of(data, names, near=True), rowdigests.of(train, names, near=True))
    data, trained = _as_precise(data, train, names)
    same = np.isin(rowdigests.of(data, names, truths[0]), rowdigests.of(trained, names, truths[1]))
    return int(same.sum()), int((near & ~same).sum()), (*names, *([rows.target] if by_target else []))


def _by_name(data: Any, names: Sequence[str], whose: str) -> Any:
    """Some columns, known by their names as text, in types that do not depend on how they were read."""
    import pandas

    return pandas.DataFrame({name: _settled(_column(data, name, whose)) for name in names})


def _column(data: Any, name: str, whose: str) -> Any:
    texts = [str(one) for one in data.columns]
    if texts.count(name) > 1:
        raise InputError(f"there are several columns {name!r} in {whose}", hint="give each its own name")
    return data.iloc[:, texts.index(name)]


def _settled(values: Any) -> Any:
    """Numbers, times or texts, whether they stand as such, as objects or as categories; missing is None."""
    import pandas
    from pandas.api import types

    values = values.reset_index(drop=True)
    if isinstance(values.dtype, pandas.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype if not values.isna().any() else object)
    if types.is_datetime64_any_dtype(values.dtype):
        return _times(values)
    if types.is_numeric_dtype(values.dtype) or types.is_timedelta64_dtype(values.dtype):
        return values
    kind = types.infer_dtype(values, skipna=True)
    if kind in _NUMBERS:
        return pandas.to_numeric(values.astype(object).where(values.notna(), np.nan))
    if kind in _TIMES:
        with suppress(ValueError):  # a year that pandas has no moment for
            return _times(values)
    return values.astype(object).where(values.notna(), None)


def _times(values: Any) -> Any:
    """Moments; those without a time zone as if they were in that of Greenwich."""
    import pandas

    return pandas.to_datetime(values, utc=True).astype("datetime64[us, UTC]")


def _of_one_kind(data: Any, train: Any) -> tuple[Any, Any]:
    """Both with numbers where one has numbers: as text they would be found in no row.

    Raises:
        InputError: a column holds numbers, or times, in one of both alone.
    """
    pairs = {name: _pair(name, data[name], train[name]) for name in data.columns}
    return data.assign(**{n: p[0] for n, p in pairs.items()}), train.assign(
        **{n: p[1] for n, p in pairs.items()}
    )


def _pair(name: str, one: Any, other: Any) -> tuple[Any, Any]:
    import pandas
    from pandas.api import types

    kinds = [_kind(values) for values in (one, other)]
    if kinds[0] != kinds[1]:
        try:
            if "spans" in kinds:
                raise TypeError
            convert = _times if "times" in kinds else pandas.to_numeric
            one, other = convert(one), convert(other)
        except (TypeError, ValueError) as error:
            if any(types.is_bool_dtype(values.dtype) for values in (one, other)):
                return one.astype(object), other.astype(object)
            raise InputError(
                f"column {name!r} is {one.dtype} in the rows and {other.dtype} in train: "
                "equal rows would not be found", hint="give both as the model takes them",
            ) from error  # fmt: skip
    if _kind(one) != "numbers" or not any(_is_large(values) for values in (one, other)):
        return one, other
    # Beyond that a whole number is a text for its digest: then both are, or both are floating-point numbers.
    floats = any(values.dtype.kind == "f" or values.isna().any() for values in (one, other))
    return (one.astype(float), other.astype(float)) if floats else (one.astype(str), other.astype(str))


def _kind(values: Any) -> str:
    from pandas.api import types

    if types.is_numeric_dtype(values.dtype):
        return "numbers"
    if types.is_datetime64_any_dtype(values.dtype):
        return "times"
    return "spans" if types.is_timedelta64_dtype(values.dtype) else "texts"


def _is_large(values: Any) -> bool:
    return values.dtype.kind in "iu" and bool((values.abs() > _EXACT).any())


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
