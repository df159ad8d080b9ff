"""Whether it matters that two names see one and the same object: yes, unless nothing can change it."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import functools
import numbers
import operator
import pathlib
import re
import sys
import types
import uuid
import zoneinfo
from collections.abc import Iterator
from typing import Any

_NEVER = (
    numbers.Number, str, bytes, type(None), type(...), type(NotImplemented), range, slice, tuple, frozenset,
    type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, types.CodeType, types.MethodType,
    types.MethodDescriptorType, types.WrapperDescriptorType, types.GetSetDescriptorType,
    types.MemberDescriptorType, types.GenericAlias, types.UnionType, property, staticmethod, classmethod,
    functools._lru_cache_wrapper, enum.Enum, datetime.date, datetime.time, datetime.timedelta,
    datetime.tzinfo, zoneinfo.ZoneInfo, decimal.Decimal, fractions.Fraction, uuid.UUID, pathlib.PurePath,
    re.Pattern, re.Match, operator.itemgetter, operator.attrgetter, operator.methodcaller,
)  # fmt: skip
# The same of libraries: classes, or objects whose class is meant. A test asks the installed libraries.
LIBRARIES = {
    "numpy": ("dtype", "generic", "ufunc", "mean"),
    "pandas": ("Period", "Interval", "NA", "NaT", "api.extensions.ExtensionDtype", "offsets.BaseOffset"),
    "pyarrow": ("DataType", "Schema", "Field", "Buffer", "Array", "ChunkedArray", "Table"),
    "torch": ("dtype", "device"),
}


def can_be_shared(obj: object) -> bool:
    """Whether ``obj`` can be changed in place, as far as anybody knows."""
    kind: Any = type(obj)
    return _can_change(kind)


@functools.cache
def _can_change(kind: type) -> bool:
    if issubclass(kind, _NEVER):
        # A class of the user's own may add attributes to a built-in one.
        return not issubclass(kind, (type, enum.Enum, types.ModuleType)) and _has_attributes(kind)
    if kind.__name__ in (
        "cython_function_or_method",
        "fused_cython_function",
    ):  # of which each library has one
        return False
    packages = {one.__module__.partition(".")[0] for one in kind.__mro__}
    return not any(issubclass(kind, tuple(unchangeable(package))) for package in packages & LIBRARIES.keys())


def unchangeable(package: str) -> Iterator[type]:
    """The classes of a loaded package whose objects nothing can change."""
    for path in LIBRARIES[package]:
        try:
            found = operator.attrgetter(path)(sys.modules[package])
        except (AttributeError, KeyError):
            continue  # another version, or still in the middle of its import
        yield found if isinstance(found, type) else type(found)


def _has_attributes(kind: type) -> bool:
    own = kind.__module__ in ("__main__", "__mp_main__")
    return own and any("__dict__" in vars(one) for one in kind.__mro__)
