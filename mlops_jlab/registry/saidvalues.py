"""What a gate refuses of targets, weights and predictions, with what and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlops_jlab.errors import InputError

_SLACK = 1e-3  # by which probabilities may miss 1 in their sum
_GREATEST = 1e150  # of numbers whose squares can be added up


def check_shape(values: Any, count: int, what: str) -> None:
    """There is one value a row.

    Raises:
        InputError: they cannot be judged, with what and where.
    """
    if values.shape != (count,):
        shape = " × ".join(map(str, values.shape)) or "one value"
        raise InputError(
            f"{what} have the shape {shape}, and there are {count:,} rows",
            hint="one value a row is judged; a model that was fitted on a target of shape (n, 1) gives such: "
            "fit it on one of shape (n,)",
        )


def check_order(values: Any, data: Any, what: str) -> None:
    """What is given beside the rows stands in their order: pandas would align it, and arrays do not."""
    labels, own = getattr(values, "index", None), data.index
    if labels is None or callable(labels) or len(labels) != len(own) or labels.equals(own):
        return
    if labels.is_unique and set(labels) == set(own):
        raise InputError(
            f"{what} have the labels of the rows in another order",
            hint="put them in one order: .loc[data.index], or name a column of the data",
        )


def truth_of(truth: Any, count: int) -> Any:
    """The targets of the rows; each has one.

    Raises:
        InputError: they cannot be judged, with what and where.
    """
    import pandas

    found = np.asarray(truth)
    if found.ndim != 1:
        check_shape(found, count, "the values of the target")
    if len(found) != count:
        raise InputError(f"there are {count:,} rows and {len(found):,} values of the target")
    missing = np.asarray(pandas.isna(found))
    if missing.any():
        raise InputError(
            f"{int(missing.sum()):,} rows have no target, the first is row {int(missing.argmax())}",
            hint="leave rows without one out",
        )
    return found


def weights_of(found: Any, count: int) -> Any:
    """The weights of the rows, whose mean is 1.

    Raises:
        InputError: they cannot be judged, with what and where.
    """
    values = np.asarray(found)
    check_shape(values, count, "the weights")
    values = numbers(values, "the weights", "give numbers")
    if (values < 0).any():
        place = int((values < 0).argmax())
        raise InputError(
            f"{int((values < 0).sum()):,} weights are negative, the first is {values[place]} in row {place}",
            hint="give weights above 0",
        )
    if not values.any():
        raise InputError("all weights are 0", hint="give weights above 0")
    return values / values.mean()


def numbers(values: Any, what: str, hint: str, *, gaps: bool = False) -> Any:
    """The values as numbers; text, times and complex numbers are none. ``gaps``: some may be missing.

    Raises:
        InputError: some are no numbers, not finite, or too large to be squared.
    """
    kind = np.asarray(values).dtype.kind
    if kind not in "biuf":
        each = [str(one) for one in values] if kind in "mM" else np.asarray(values).ravel().tolist()
        strange = [one for one in each if not _is_number(one)]
        if strange:
            raise InputError(f"{what} holds {strange[0]!r}, which is not a number", hint=hint)
    try:
        found = np.asarray(values, dtype=float)
    except OverflowError:
        found = np.asarray([_float(one) for one in np.asarray(values).tolist()])
    wrong = np.isinf(found) if gaps else ~np.isfinite(found)
    if wrong.any():
        place = int(wrong.argmax())
        raise InputError(
            f"{what}: {int(wrong.sum()):,} values are not finite, the first is {found[place]} in row {place}",
            hint=hint or "a model that says nothing of a row cannot be judged on it",
        )
    great = abs(np.nan_to_num(found)) > _GREATEST
    if great.any():
        place = int(great.argmax())
        raise InputError(
            f"{what}: {int(great.sum()):,} values are beyond {_GREATEST:g}, the first is {found[place]:g} "
            f"in row {place}",
            hint="numbers that large cannot be squared and added up",
        )
    return found


def _is_number(value: Any) -> bool:
    """None stands for a missing number; what has ``__float__`` and is no text, as Decimal, is one."""
    return value is None or (hasattr(value, "__float__") and not isinstance(value, (str, bytes)))


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def codes_of(values: Any, known: Sequence[Any], what: str) -> Any:
    """The places of the values among the classes.

    Raises:
        InputError: they cannot be judged, with what and where.
    """
    if np.iscomplexobj(values):
        raise InputError(f"{what} are complex numbers", hint="give the target as the model was fitted on it")
    places = {value: place for place, value in enumerate(known)}
    found = [places.get(value, -1) if _hashable(value) else -1 for value in np.asarray(values).tolist()]
    codes = np.asarray(found, dtype=int)
    strange = np.flatnonzero(codes < 0)
    if len(strange):
        first = np.asarray(values).tolist()[strange[0]]
        kinds = {isinstance(first, str), isinstance(known[0], str)}
        words = f"of another type ({type(first).__name__}, not {type(known[0]).__name__})"
        raise InputError(
            f"{what}: {len(strange):,} values are not among the model's classes {listed(known)}"
            f"{f', but {words}' if len(kinds) == 2 else ''}; the first is {first!r} in row {strange[0]}",
            hint="give the target as the model was fitted on it",
        )
    return codes


def whole(said: Any, rows: Any, what: str) -> Any:
    """What a model said, as an array in the order of the rows.

    Raises:
        InputError: it has the labels of the rows in another order, or values are masked.
    """
    if hasattr(rows, "index"):
        check_order(said, rows, what)
    masked = np.ma.getmaskarray(said) if np.ma.isMaskedArray(said) else np.zeros(1, bool)
    if masked.any():
        place = int(masked.ravel().argmax())
        raise InputError(
            f"{what}: {int(masked.sum()):,} values are masked, the first in row {place}",
            hint="a model that says nothing of a row cannot be judged on it",
        )
    return np.asarray(said)


def by_class(chances: Any, own: Sequence[Any] | None) -> Any:
    """Probabilities in the order of the classes: a frame says by its columns which are whose."""
    columns = list(getattr(chances, "columns", ()))
    if own is not None and columns != list(own) and sorted(map(repr, columns)) == sorted(map(repr, own)):
        return chances[list(own)]
    return chances


def _hashable(value: Any) -> bool:
    return not isinstance(value, (list, dict))


def chances_of(chances: Any, own: Sequence[Any], known: Sequence[Any], whose: str) -> Any:
    """The probabilities, a row each and in the order of ``known``.

    Raises:
        InputError: they cannot be judged, with what and where.
    """
    what = f"the probabilities of {whose}"
    if chances.ndim != 2 or chances.shape[1] != len(own):
        shape = " × ".join(map(str, chances.shape))
        raise InputError(f"{what} have the shape {shape}", hint=f"rows × {len(own)} classes are judged")
    if np.iscomplexobj(chances):
        raise InputError(f"{what} are complex numbers", hint="what predict_proba gives are probabilities")
    if chances.dtype.kind not in "biuf" and not all(map(_is_number, chances.ravel().tolist())):
        raise InputError(f"{what} are no numbers", hint="what predict_proba gives are probabilities")
    found = np.asarray(chances, dtype=float)
    for wrong, words in (
        (~np.isfinite(found).all(axis=1), "not finite"),
        ((found < -_SLACK).any(axis=1) | (found > 1 + _SLACK).any(axis=1), "outside 0 to 1"),
        (abs(found.sum(axis=1) - 1) > _SLACK, "not 1 in their sum"),
    ):
        if wrong.any():
            place = int(wrong.argmax())
            said = ", ".join(f"{value:.4g}" for value in found[place][:5])
            raise InputError(
                f"{what} are {words} in {int(wrong.sum()):,} rows, the first is row {place}: {said}",
                hint="what predict_proba gives are probabilities of all classes",
            )
    return np.clip(found, 0.0, 1.0)[:, [list(own).index(value) for value in known]]


def listed(classes: Sequence[Any]) -> str:
    """The first classes, for an error."""
    more = f" and {len(classes) - 8} others" if len(classes) > 8 else ""
    return ", ".join(repr(value) for value in list(classes)[:8]) + more
