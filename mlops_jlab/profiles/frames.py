"""Any table as columns of a few kinds: pandas, pyarrow, polars and others through Arrow."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlops_jlab.errors import InputError, MlopsError

_LOOKED_AT = 1_000  # values of an untyped column that say what it holds


class Kind(enum.StrEnum):
    """What a column holds. ``EMPTY`` has no value at all, and so could be any."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    TIME = "time"
    OTHER = "other"
    EMPTY = "empty"


@dataclass(frozen=True, eq=False)
class Column:
    """One column: ``series`` is one of pandas, of any type; ``dtype`` is that type's name."""

    name: str
    kind: Kind
    dtype: str
    series: Any

    def numbers(self, rows: Any = None) -> Any:
        """The values as floats, NaN where there is none; times as seconds since 1970 in UTC.

        ``rows`` are places, or None for all.
        """
        series = self.series if rows is None else self.series.take(rows)
        return as_numbers(series, self.kind)


def pandas_frame(data: Any) -> Any:
    """``data`` as a DataFrame of pandas; nothing is copied where it is one.

    Raises:
        InputError: it is no table.
    """
    pandas = _pandas()
    if isinstance(data, pandas.DataFrame):
        return data
    if isinstance(data, pandas.Series):
        return data.to_frame()
    if isinstance(data, Mapping):
        return pandas.DataFrame(data)
    if isinstance(data, np.ndarray) and data.ndim == 2:
        return pandas.DataFrame(data)
    if hasattr(data, "collect") and hasattr(data, "collect_schema"):
        data = data.collect()  # polars' lazy frames
    if hasattr(data, "to_pandas") and hasattr(data, "num_columns"):
        return data.to_pandas()
    if hasattr(data, "__arrow_c_stream__"):
        return _arrow().table(data).to_pandas()
    raise InputError(
        f"a {type(data).__name__} is not a table",
        hint="give a DataFrame of pandas or polars, a table of pyarrow, a dict of columns or a 2-D array",
    )


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise MlopsError(
            "profiles and checks of data need pandas", hint="pip install 'mlops-jlab[data]'"
        ) from error
    return pandas


def _arrow() -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise MlopsError(
            "this table is read through pyarrow", hint="pip install 'mlops-jlab[data]'"
        ) from error
    return pyarrow


def columns(frame: Any) -> Iterator[Column]:
    """The columns of a DataFrame of pandas, by place; a second one of a name is called ``name (2)``."""
    seen: dict[str, int] = {}
    for place, given in enumerate(frame.columns):
        name = " ".join(map(str, given)) if isinstance(given, tuple) else str(given)
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            name = f"{name} ({seen[name]})"
        series = frame.iloc[:, place]
        yield Column(name, kind_of(series), str(series.dtype), series)


def column(frame: Any, name: str) -> Column | None:
    """The column of that name, if there is one."""
    return next((found for found in columns(frame) if found.name == name), None)


def kind_of(series: Any) -> Kind:
    """What a series holds: by its type, or where that says nothing, by its first values."""
    types = _pandas().api.types
    dtype = series.dtype
    if types.is_bool_dtype(dtype):
        return Kind.BOOLEAN
    if types.is_datetime64_any_dtype(dtype):
        return Kind.TIME
    if types.is_complex_dtype(dtype):
        return Kind.OTHER
    if types.is_numeric_dtype(dtype) or types.is_timedelta64_dtype(dtype):
        return Kind.NUMBER
    if isinstance(dtype, _pandas().CategoricalDtype):
        inner = kind_of(dtype.categories.to_series())
        return inner if inner in (Kind.NUMBER, Kind.TIME) else Kind.TEXT
    if isinstance(dtype, _pandas().StringDtype):
        return Kind.TEXT
    name = str(dtype)
    if name.startswith(("date", "timestamp", "datetime", "period")):
        return Kind.TIME
    if name.startswith("decimal"):
        return Kind.NUMBER
    return _by_values(series)


_INFERRED = {
    "string": Kind.TEXT, "boolean": Kind.BOOLEAN, "integer": Kind.NUMBER, "floating": Kind.NUMBER,
    "mixed-integer-float": Kind.NUMBER, "decimal": Kind.NUMBER, "date": Kind.TIME, "datetime": Kind.TIME,
    "datetime64": Kind.TIME, "timedelta": Kind.NUMBER, "empty": Kind.EMPTY, "period": Kind.TIME,
}  # fmt: skip


def _by_values(series: Any) -> Kind:
    some = series.dropna().head(_LOOKED_AT)
    found: str = _pandas().api.types.infer_dtype(some, skipna=True)
    return _INFERRED.get(found, Kind.OTHER)


def as_numbers(series: Any, kind: Kind) -> Any:
    """A series of numbers or times as floats; what is none becomes NaN."""
    pandas = _pandas()
    if isinstance(series.dtype, pandas.CategoricalDtype):
        values: Any = np.append(as_numbers(series.dtype.categories.to_series(), kind), np.nan)
        return values[series.cat.codes.to_numpy()]  # the code of a missing one is -1
    if kind is Kind.TIME:
        if str(series.dtype).startswith("period"):
            series = series.dt.to_timestamp()
        times = pandas.to_datetime(series, errors="coerce", utc=True, format="ISO8601")
        nanoseconds = times.dt.as_unit("ns").to_numpy(dtype="datetime64[ns]")
        seconds = nanoseconds.astype("int64") / 1e9
        seconds[np.isnat(nanoseconds)] = np.nan
        return seconds
    if pandas.api.types.is_timedelta64_dtype(series.dtype):
        return series.dt.total_seconds().to_numpy()
    try:
        return series.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        return pandas.to_numeric(series, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
