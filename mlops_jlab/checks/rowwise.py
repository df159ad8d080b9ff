"""Rules that are asked row by row: which rows break them. A missing value breaks none of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from mlops_jlab.checks.rules import Rule, bound_of
from mlops_jlab.errors import InputError, nearest
from mlops_jlab.profiles import frames
from mlops_jlab.profiles.frames import Column, Kind

_SHOWN = 5


class Unfit(Exception):
    """A rule cannot be asked of a column at all, and so does not hold; the text says why."""


def breaking(rule: Rule, column: Column, tables: Mapping[str, Any]) -> tuple[Any, str]:
    """Which rows break the rule (a 1-D array of booleans), and what is found there, in words.

    Raises:
        Unfit: it cannot be asked of this column.
        InputError: a table that it speaks of was not given.
    """
    return _JUDGES[rule.kind](rule, column, tables)


def _is_missing(column: Column) -> Any:
    return column.series.isna().to_numpy()


def _kind(rule: Rule, column: Column, _tables: Mapping[str, Any]) -> tuple[Any, str]:
    word = rule.words[0]
    wanted = Kind.NUMBER if word == "whole number" else Kind(word)
    none: Any = np.zeros(len(column.series), dtype=bool)
    if column.kind is Kind.EMPTY:
        return none, ""
    if column.kind is not wanted:
        found = _no_numbers(column) if wanted is Kind.NUMBER else none
        if not found.any() or found.all():
            raise Unfit(f"it is {column.kind} ({column.dtype})")
        return found, _examples(column, found)
    if word != "whole number":
        return none, ""
    values = column.numbers()
    found = ~np.isnan(values) & (np.floor(values) != values) | np.isinf(values)
    return found, _examples(column, found)


def _no_numbers(column: Column) -> Any:
    """Which values of a column of texts, or of a mixture, can be read as no number."""
    if column.kind not in (Kind.TEXT, Kind.OTHER) or column.dtype not in ("object", "str", "string"):
        return np.zeros(len(column.series), dtype=bool)
    return np.isnan(frames.as_numbers(column.series, Kind.NUMBER)) & ~_is_missing(column)


def _numbers(column: Column, *bounds: float | datetime) -> tuple[Any, list[float]]:
    """A column's numbers and the bounds in its units.

    Raises:
        Unfit: the column is of another kind than the bounds.
    """
    times = any(isinstance(bound, datetime) for bound in bounds)
    if column.kind is Kind.EMPTY:
        return np.full(len(column.series), np.nan), [0.0 for _ in bounds]
    kind = Kind.TIME if times else Kind.NUMBER
    if column.kind is kind:
        values = column.numbers()
    elif times and column.kind is Kind.TEXT:
        values = frames.as_numbers(column.series, Kind.TIME)
        values[np.isnan(values) & ~_is_missing(column)] = np.inf  # a text that is no date is beyond any
    else:
        raise Unfit(
            f"it is {column.kind} ({column.dtype}), the rule speaks of {'dates' if times else 'numbers'}"
        )
    return values, [bound.timestamp() if isinstance(bound, datetime) else bound for bound in bounds]


def _day_after(text: str, bound: float | datetime) -> float | datetime:
    """The end of a day, where a bound is a day and no moment of it."""
    return bound + timedelta(days=1) if isinstance(bound, datetime) and len(text) == 10 else bound


def _between(rule: Rule, column: Column, _tables: Mapping[str, Any]) -> tuple[Any, str]:
    low, high = rule.bounds
    last = bound_of(high)
    after = _day_after(high, last)
    values, (least, most) = _numbers(column, bound_of(low), after)
    with np.errstate(invalid="ignore"):
        found = (values < least) | ((values >= most) if after != last else (values > most))
    return found, _extremes(column, values, found)


def _limit(rule: Rule, column: Column, _tables: Mapping[str, Any]) -> tuple[Any, str]:
    word, text = rule.words[0], rule.bounds[0]
    bound = bound_of(text)
    after = _day_after(text, bound)
    whole = after != bound
    compared = after if word in ("above", "at most") else bound
    values, (limit,) = _numbers(column, compared)
    breaks: dict[str, Callable[[], Any]] = {
        "above": lambda: values < limit if whole else values <= limit,
        "below": lambda: values >= limit, "at least": lambda: values < limit,
        "at most": lambda: values >= limit if whole else values > limit,
    }  # fmt: skip
    with np.errstate(invalid="ignore"):
        found = breaks[word]()
    return found, _extremes(column, values, found)


def _extremes(column: Column, values: Any, found: Any) -> str:
    some = values[found]
    if not len(some) or column.kind is Kind.TEXT:
        return _examples(column, found)
    shown = [some.min(), some.max()] if some.min() != some.max() else [some.min()]
    if column.kind is Kind.TIME:
        return " to ".join(str(np.datetime64(int(value), "s")) for value in shown)
    return " to ".join(f"{value:.10g}" for value in shown)


def _in(rule: Rule, column: Column, _tables: Mapping[str, Any]) -> tuple[Any, str]:
    wanted: list[Any] = list(rule.words)
    series = column.series
    if column.kind is Kind.NUMBER:
        try:
            wanted = [float(word) for word in rule.words]
        except ValueError as error:
            raise Unfit(f"it is {column.kind} ({column.dtype}), the rule names texts") from error
        found = ~np.isin(column.numbers(), wanted) & ~_is_missing(column)
    elif column.kind in (Kind.TEXT, Kind.BOOLEAN, Kind.EMPTY):
        found = ~_texts(series).isin(wanted).to_numpy(dtype=bool) & ~_is_missing(column)
    else:
        raise Unfit(f"it is {column.kind} ({column.dtype}), which has no categories")
    return found, _examples(column, found)


def _texts(series: Any) -> Any:
    return series.astype("object").map(str, na_action="ignore") if series.dtype != "str" else series


def _matches(rule: Rule, column: Column, _tables: Mapping[str, Any]) -> tuple[Any, str]:
    pattern = re.compile(rule.words[0])
    present = ~_is_missing(column)
    different = column.series[present].astype("object").map(str)
    fits = {text: pattern.fullmatch(text) is not None for text in different.unique()}
    found: Any = np.zeros(len(present), dtype=bool)
    found[present] = ~different.map(fits).to_numpy(dtype=bool)
    return found, _examples(column, found)


def _found(rule: Rule, column: Column, tables: Mapping[str, Any]) -> tuple[Any, str]:
    table, name = rule.words
    if table not in tables:
        raise InputError(
            f"{rule.text!r}: no table {table!r} was given{nearest(table, tables)}",
            hint=f"check_data(..., tables={{{table!r}: frame}})",
        )
    other = frames.column(frames.pandas_frame(tables[table]), name)
    if other is None:
        raise InputError(f"{rule.text!r}: the table {table!r} has no column {name!r}")
    known = other.series.dropna()
    if column.kind is not other.kind and Kind.EMPTY not in (column.kind, other.kind):
        raise Unfit(f"it is {column.kind}, {table}.{name} is {other.kind}")
    series = column.series
    if column.kind is Kind.OTHER:  # lists or dicts
        series, known = series.map(repr, na_action="ignore"), known.map(repr)
    found = ~series.isin(known.unique()).to_numpy(dtype=bool) & ~_is_missing(column)
    return found, _examples(column, found)


def _examples(column: Column, found: Any) -> str:
    """The most frequent of the values that break a rule."""
    if not found.any():
        return ""
    shown = column.series[found].head(100_000).map(lambda value: repr(value)[:40])
    counts = shown.value_counts()
    more = len(counts) - _SHOWN
    return ", ".join(map(str, counts.index[:_SHOWN])) + (f" and {more} more" if more > 0 else "")


_JUDGES: dict[str, Callable[[Rule, Column, Mapping[str, Any]], tuple[Any, str]]] = {
    "kind": _kind, "between": _between, "limit": _limit, "in": _in, "matches": _matches, "found": _found,
}  # fmt: skip
