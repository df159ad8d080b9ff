"""Functions of ``functools.cache`` that may forget what they gave: they would give the very same again.

That is so if the function does no more than to compute with what it is given, and all that it was given and
gave are numbers, texts and tuples of them. Another process then begins with an empty cache.
"""

from __future__ import annotations

import builtins
import dis
import functools
import gc
import types
from collections.abc import Iterator, Mapping
from typing import Any

from mlops_jlab.handoff.quietly import attribute, is_a

# Their results depend on what they are given alone.
_BUILTINS = frozenset({
    "abs", "all", "any", "ascii", "bin", "bool", "bytes", "chr", "complex", "dict", "divmod", "enumerate",
    "filter", "float", "format", "frozenset", "hex", "int", "isinstance", "iter", "len", "list", "map", "max",
    "min", "next", "oct", "ord", "pow", "range", "reversed", "round", "set", "slice", "sorted", "str", "sum",
    "tuple", "zip", "ArithmeticError", "AssertionError", "IndexError", "KeyError", "OverflowError",
    "RuntimeError", "StopIteration", "TypeError", "ValueError", "ZeroDivisionError",
})  # fmt: skip
_MODULES = frozenset({"math", "cmath"})
_CHANGES = frozenset({
    "STORE_GLOBAL", "DELETE_GLOBAL", "STORE_ATTR", "DELETE_ATTR", "STORE_NAME", "DELETE_NAME", "LOAD_NAME",
    "IMPORT_NAME", "IMPORT_STAR", "LOAD_BUILD_CLASS", "GET_AWAITABLE",
})  # fmt: skip
ASKS = "cache_info"
_MOST = 100  # results: a function that calls itself goes so much deeper without them
_OWN = frozenset(
    {"cache_parameters", "__wrapped__", "__type_params__", "__annotate__", *functools.WRAPPER_ASSIGNMENTS}
)
_PLAIN = frozenset({int, float, complex, str, bytes, bool, type(None)})


def may_forget(function: functools._lru_cache_wrapper[Any]) -> bool:
    """Whether the function gives the same again, or remembers nothing.

    Who asks how often it was called can still tell (:func:`mlops_jlab.handoff.twins.remembered`).
    """
    if not any(function.cache_info()[:2]):
        return True
    wrapped = getattr(function, "__wrapped__", None)
    if type(wrapped) is not types.FunctionType or function.cache_info().currsize > _MOST:
        return False
    if wrapped.__closure__ or not _is_plain((*_defaults(wrapped),)) or vars(function).keys() - _OWN:
        return False
    held = gc.get_referents(function)
    if not any(one is wrapped for one in held):
        return False  # another implementation, of which nothing is known
    names = {name for code in _codes(wrapped.__code__) for name in _names_of(code)}
    allowed = all(_is_pure(name, wrapped.__globals__, function) for name in names)
    around = (wrapped, vars(function))
    return allowed and all(_is_plain(one) for one in _contents(held, around))


def asks_caches(module: types.ModuleType) -> bool:
    """Whether functions in a module may ask a cache how often it was called."""
    todo: list[object] = list(vars(module).values())
    while todo:
        one = todo.pop()
        one = one.__wrapped__ if is_a(one, functools._lru_cache_wrapper) else one
        if is_a(one, type) and one.__module__ == module.__name__:
            todo += [attribute(item, "__func__") or item for item in vars(one).values()]
        elif is_a(one, types.FunctionType) and any(ASKS in code.co_names for code in _codes(one.__code__)):
            return True
    return False


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if is_a(constant, types.CodeType):
            yield from _codes(constant)


def _names_of(code: types.CodeType) -> Iterator[str]:
    """The globals that the code reads; one that nobody has where it does more than to read and compute."""
    for one in dis.get_instructions(code):
        if one.opname in _CHANGES:
            yield ""
        elif one.opname == "LOAD_GLOBAL":
            yield str(one.argval)


def _is_pure(name: str, names: Mapping[str, object], function: object) -> bool:
    if name in names:
        value = names[name]
        return value is function or (is_a(value, types.ModuleType) and value.__name__ in _MODULES)
    return name in _BUILTINS and hasattr(builtins, name)


def _defaults(function: types.FunctionType) -> Iterator[object]:
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()


def _contents(held: list[Any], around: tuple[object, ...]) -> Iterator[object]:
    """The keys and results of a cache among all that the function holds."""
    for one in held:
        if any(one is other for other in around) or is_a(one, type):
            continue
        yield from [*one, *one.values()] if is_a(one, dict) else [one]


def _is_plain(value: object) -> bool:
    kind = type(value)
    if kind in (tuple, frozenset):
        return all(map(_is_plain, value))  # type: ignore[call-overload]
    # A mark between places and keywords, and a link of the list of results, which are looked at themselves.
    return kind in _PLAIN or kind is object or kind.__qualname__ == "_lru_list_elem"
