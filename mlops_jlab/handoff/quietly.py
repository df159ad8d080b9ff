"""Questions about a notebook's objects that run none of its code.

``isinstance`` asks an object for its ``__class__``, and ``getattr`` asks its ``__getattr__``: a weak proxy
answers for another object, a lazy object loads itself, and one that counts has counted.
"""

from __future__ import annotations

from types import MethodType
from typing import Any, TypeGuard, TypeVar, overload

T = TypeVar("T")
U = TypeVar("U")
_OF_METHODS = ("__self__", "__func__")


@overload
def is_a(value: object, kinds: type[T]) -> TypeGuard[T]: ...
@overload
def is_a(value: object, kinds: tuple[type[T], type[U]]) -> TypeGuard[T | U]: ...
@overload
def is_a(value: object, kinds: tuple[type, ...]) -> TypeGuard[Any]: ...
def is_a(value: object, kinds: type | tuple[type, ...]) -> bool:
    """Whether an object is of one of the ``kinds``, whatever it says its class is."""
    return issubclass(type(value), kinds)


def attribute(value: object, name: str) -> Any:
    """What an object, function or class has under a name, or nothing; its class is not asked for it."""
    if type(value) is MethodType and name not in _OF_METHODS:
        value = value.__func__  # a method has what its function has
    look = type.__getattribute__ if issubclass(type(value), type) else object.__getattribute__
    try:
        return look(value, name)
    except AttributeError:
        return None


def module_of(value: object) -> object:
    """The name of the module that a function, a class, or an object's class stands in."""
    return attribute(value, "__module__") or attribute(type(value), "__module__")


def is_notebooks_own(value: object) -> bool:
    """Whether the notebook defines a function or class, or the class of an object."""
    return module_of(value) == "__main__"
