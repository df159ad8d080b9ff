"""The notebook's functions on their way: by the name of their definition, or by what they are made of.

Where a step has the very definition, its function is taken. Elsewhere it is made again of its code, its
defaults and the cells of its closure; its globals are the notebook's, as they would be in Run All.
"""

from __future__ import annotations

import marshal
import sys
import types
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from mlops_jlab.errors import HandoffError
from mlops_jlab.handoff.definitions import code_of, identity_of, is_the_same, reach_of
from mlops_jlab.handoff.quietly import attribute, is_a, is_notebooks_own
from mlops_jlab.handoff.references import NOWHERE, find, imported_module
from mlops_jlab.loaded import file_of, globals_of, is_local

_DEPTH = 4  # functions within functions that are looked through


def reduced(
    function: types.FunctionType, path: str, names: Mapping[str, object], *, identify: bool, whole: bool
) -> tuple[Any, ...]:
    """What a pickle says of a function that stands at ``path`` among ``names``, if anywhere.

    ``whole``: also what it is made of. Without ``identify`` it is for a fingerprint, which takes no notice of
    lines and files, but of all that the function calls.
    """
    code = marshal.dumps(function.__code__) if identify else code_of(function.__code__)
    identity = identity_of(function) if identify else reach_of(function, names)
    if not whole:
        return notebook_function, (path, identity, None, (), None)
    cells = function.__closure__ or ()
    made = (path, identity, code, cells, None)
    return notebook_function, made, _state_of(function), None, None, put_function_state


def _state_of(function: types.FunctionType) -> dict[str, Any]:
    names = (
        "__module__",
        "__defaults__",
        "__kwdefaults__",
        "__name__",
        "__qualname__",
        "__doc__",
        "__dict__",
    )
    return {name: getattr(function, name) for name in names}


def home_of(function: types.FunctionType) -> str:
    """The user's own module whose code a function is, if no name leads to it there; nothing for others."""
    name = str(function.__globals__.get("__name__"))
    module = sys.modules.get(name)
    if globals_of(module) is not function.__globals__ or not is_local(name, file_of(module)):
        return ""
    home = sys.modules.get(function.__module__)
    found = find(function.__qualname__, {} if home is None else globals_of(home))
    return "" if found is function or attribute(found, "__func__") is function else name


def reduced_of_module(function: types.FunctionType, home: str, *, identify: bool) -> tuple[Any, ...]:
    """What a pickle says of a function that code of the module ``home`` has made: its globals are there."""
    code = marshal.dumps(function.__code__) if identify else code_of(function.__code__)
    made = (home, code, function.__closure__ or ())
    return function_of_module, made, _state_of(function), None, None, put_state_in


def function_of_module(home: str, code: bytes, cells: tuple[types.CellType, ...]) -> types.FunctionType:
    """Called by pickle for a function that has no name in its module."""
    return _made(code, vars(imported_module(home)), cells)


def _made(code: bytes, names: dict[str, Any], cells: tuple[types.CellType, ...]) -> types.FunctionType:
    return types.FunctionType(marshal.loads(code), names, None, None, cells or None)  # noqa: S302  # of our own


def reduced_cell(cell: types.CellType) -> tuple[Any, ...]:
    """What a pickle says of a cell of a closure, which functions may share."""
    try:
        return new_cell, (), (cell.cell_contents,), None, None, put_in_cell
    except ValueError:
        return new_cell, ()


def new_cell() -> types.CellType:
    """Called by pickle, which finds no cell by its class: ``builtins`` has no such name."""
    return types.CellType()


def reduced_method(method: types.MethodType) -> tuple[Any, ...]:
    """What a pickle says of a method: it may be one that its object knows by another name, or not at all."""
    return bound, (method.__func__, method.__self__)


def bound(function: types.FunctionType, owner: object) -> types.MethodType:
    """Called by pickle for a method."""
    return types.MethodType(function, owner)


def put_in_cell(cell: types.CellType, state: tuple[Any]) -> None:
    """Called by pickle with the content of a cell, which may hold the function itself."""
    (cell.cell_contents,) = state


def notebook_function(
    path: str, identity: tuple[str, ...], code: bytes | None, cells: tuple[types.CellType, ...], _: None
) -> types.FunctionType:
    """The function of this notebook at ``path`` if it is the one that was meant, else one made anew."""
    names = vars(sys.modules["__main__"])
    found = find(path, names) if path else NOWHERE
    if is_a(found, types.FunctionType) and is_the_same(identity_of(found), identity):
        return found
    if code is None:
        raise HandoffError(
            f"a value that was handed over is made of {path!r}, which this step does not define so",
            hint=f"move the cell that defines {path.partition('.')[0]} to setup",
        )
    return _made(code, names, cells)


def put_function_state(function: types.FunctionType, state: dict[str, Any]) -> None:
    """Called by pickle: gives a function that was made anew the rest; the notebook's own has it."""
    if find(state["__qualname__"], vars(sys.modules["__main__"])) is function or _is_named(function):
        return
    put_state_in(function, state)


def put_state_in(function: types.FunctionType, state: dict[str, Any]) -> None:
    """Called by pickle: gives a function that was made anew all but its code."""
    vars(function).update(state["__dict__"])
    for name, value in state.items():
        if name != "__dict__":
            setattr(function, name, value)


def _is_named(function: types.FunctionType) -> bool:
    return any(value is function for value in list(vars(sys.modules["__main__"]).values()))


def within(names: Mapping[str, object]) -> dict[int, str]:
    """The functions that the named ones wrap or keep in their closures, by identity, each with its path."""
    found: dict[int, str] = {}
    todo = [(name, value, 0) for name, value in names.items()]
    while todo:
        path, value, depth = todo.pop()
        if depth > _DEPTH or not is_notebooks_own(value):
            continue
        if is_a(value, type):
            todo += [
                (f"{path}.{key}", item, depth + 1) for key, item in vars(value).items() if key[:2] != "__"
            ]
            continue
        for label, inner in _inner(value):
            if is_a(inner, types.FunctionType) and id(inner) not in found:
                found[id(inner)] = f"{path}.{label}"
                todo.append((f"{path}.{label}", inner, depth + 1))
    return found


def shares_with_a_definition(
    values: Iterable[object], names: Mapping[str, object], apart: Container[str]
) -> str:
    """The name of a function that has a variable in common with another one among the ``values``, or nothing.

    It is made again by its definition, with a variable of its own. Those ``apart`` are values themselves.
    """
    free = [one for one in values if is_a(one, types.FunctionType) and one.__closure__]
    if not free:
        return ""
    defined = {n: f for n, f in names.items() if is_a(f, types.FunctionType) and n not in apart}
    cells = {id(cell): name for name, f in defined.items() for cell in f.__closure__ or ()}
    known = {id(f) for f in names.values()} | within(names).keys()
    for one in free if cells else ():
        if id(one) not in known:
            for cell in one.__closure__ or ():
                if id(cell) in cells:
                    return cells[id(cell)]
    return ""


def _inner(value: Any) -> Iterator[tuple[str, Any]]:
    wrapped = attribute(value, "__wrapped__")
    if wrapped is not None:
        yield "__wrapped__", wrapped
    if is_a(value, types.FunctionType):
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=False):
            try:
                yield f"<{name}>", cell.cell_contents
            except ValueError:
                continue  # an empty cell
