"""What a function or class of the notebook is, told by its code: a second one of its name is another one."""

from __future__ import annotations

import enum
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mlops_jlab.handoff.digests import hasher
from mlops_jlab.handoff.quietly import attribute, is_a

PLAIN = (int, float, complex, str, bytes, bool, type(None))
_LATER, _NONE = "later", "none"
_OF_COMPILING = 0xFF  # the flags of a code object that say what it does, without those of ``__future__``


_digests: dict[int, tuple[types.CodeType, str]] = {}
_MOST = 10_000


def code_of(code: types.CodeType) -> str:
    """A digest of what the code does: neither its lines nor its file count."""
    known = _digests.get(id(code))
    if known is not None and known[0] is code:
        return known[1]
    if len(_digests) > _MOST:
        _digests.clear()
    found = _digest(code)
    _digests[id(code)] = code, found
    return found


def _digest(code: types.CodeType) -> str:
    digest = hasher()
    for piece in _pieces(code):
        digest.update(piece.encode("utf-8", "surrogatepass") + b"\0")
    found: str = digest.hexdigest()
    return found


def _pieces(code: types.CodeType) -> Iterator[str]:
    yield code.co_code.hex()
    yield repr((
        code.co_name, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars,
        code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & _OF_COMPILING,
    ))  # fmt: skip
    for constant in code.co_consts:
        yield from _of_constant(constant)


def _of_constant(constant: Any) -> Iterator[str]:
    if is_a(constant, types.CodeType):
        yield from _pieces(constant)
    elif is_a(constant, frozenset):  # its order is another one in each process
        yield f"frozenset {sorted(map(repr, constant))}"
    elif is_a(constant, tuple):
        yield f"tuple {len(constant)}"
        for item in constant:
            yield from _of_constant(item)
    else:
        yield repr(constant)


def identity_of(value: types.FunctionType | type) -> tuple[str, ...]:
    """What the source said of a function or class, in pieces: ``what=digest``.

    A method that was put into a class later has no digest: the source that does so is carried as well.
    """
    if isinstance(value, types.FunctionType):
        return (f"code={code_of(value.__code__)[:16]}",)
    head = [f"{base.__qualname__} {_of_base(base)}" for base in value.__bases__]
    fields = attribute(value, "_fields")  # of a named tuple
    head += [*vars(value).get("__annotations__", ()), *map(str, fields if type(fields) is tuple else ())]
    if issubclass(value, enum.Enum):
        head += [f"{name} = {member._value_!r}" for name, member in value.__members__.items()]
    slots = vars(value).get("__slots__", ())
    head += [slots] if is_a(slots, str) else sorted(map(str, slots))
    digest = hasher("\0".join(map(str, head)).encode("utf-8", "surrogatepass")).hexdigest()
    return (f"class={digest[:16]}", *sorted(_methods(value)))


def reach_of(value: types.FunctionType | type, names: Mapping[str, object]) -> tuple[str, ...]:
    """What the source says of a function or class, and of all in the notebook that its code names.

    It is what a value that holds it does when it is called: with another body, or helper, it is another one.
    """
    found: dict[int, tuple[str, ...]] = {}
    todo: list[types.FunctionType | type] = [value]
    while todo:
        one = todo.pop()
        if id(one) in found:
            continue
        found[id(one)] = tuple(piece for piece in identity_of(one) if not piece.endswith(f"={_LATER}"))
        for name in _named_in(one):
            other = names.get(name)
            if is_a(other, (types.FunctionType, type)) and other.__module__ == "__main__":
                todo.append(other)
    return tuple(sorted(piece for pieces in found.values() for piece in pieces))


_EVERYWHERE = frozenset({"get_ipython", "exit", "quit", "open", "In", "Out"})  # in each notebook


def names_reached(objects: Iterable[object], names: Mapping[str, object]) -> set[str]:
    """Those of ``names`` that functions and classes among ``objects``, and those of others, look up."""
    found: set[str] = set()
    done: set[int] = set()
    todo: list[types.FunctionType | type] = [
        one for one in objects if is_a(one, (types.FunctionType, type)) and one.__module__ == "__main__"
    ]
    todo += {type(one) for one in objects if type(one).__module__ == "__main__"}
    while todo:
        one = todo.pop()
        if id(one) in done:
            continue
        done.add(id(one))
        for name in _named_in(one):
            if name in names and name not in found and name not in _EVERYWHERE:
                found.add(name)
                other = names[name]
                if is_a(other, (types.FunctionType, type)) and other.__module__ == "__main__":
                    todo.append(other)
    return found


def _named_in(value: types.FunctionType | type) -> Iterator[str]:
    functions = [value] if isinstance(value, types.FunctionType) else list(_functions_of(value))
    todo = [function.__code__ for function in functions]
    while todo:
        code = todo.pop()
        yield from code.co_names
        todo += [constant for constant in code.co_consts if is_a(constant, types.CodeType)]


def _functions_of(value: type) -> Iterator[types.FunctionType]:
    for item in vars(value).values():
        for piece in (item, attribute(item, "fget"), attribute(item, "__func__")):
            if is_a(piece, types.FunctionType):
                yield piece


def is_the_same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two identities may be those of one definition; methods that were replaced do not count."""
    mine, theirs = (dict(piece.rpartition("=")[::2] for piece in pieces) for pieces in (one, other))
    for name in mine.keys() | theirs.keys():
        a, b = mine.get(name, _NONE), theirs.get(name, _NONE)
        if a != b and _LATER not in (a, b):
            return False
    return True


def _of_base(base: type) -> str:
    return " ".join(identity_of(base)) if base.__module__ == "__main__" else ""


def _methods(value: type) -> Iterator[str]:
    for name, item in vars(value).items():
        pieces = [item]
        if is_a(item, property):
            pieces = [item.fget, item.fset, item.fdel]
        elif is_a(item, (classmethod, staticmethod)):
            pieces = [item.__func__]
        for place, piece in enumerate(pieces):
            if is_a(piece, types.FunctionType):
                own = piece.__qualname__ == f"{value.__qualname__}.{name}"
                yield f"{name} {place}={code_of(piece.__code__)[:16] if own else _LATER}"


def is_plain(function: types.FunctionType) -> bool:
    """Whether a function keeps nothing beside its code that could change or could not be saved."""
    kept = function.__defaults__ or function.__kwdefaults__ or vars(function).keys() - {"__wrapped__"}
    plain = (*PLAIN, type, types.FunctionType)
    return not kept and all(is_a(item, plain) for item in held_in(function))


def held_in(function: types.FunctionType) -> list[Any]:
    """What the cells of a function's closure hold."""
    return [cell.cell_contents for cell in function.__closure__ or () if is_filled(cell)]


def is_filled(cell: types.CellType) -> bool:
    """Whether the cell of a closure holds anything."""
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False
