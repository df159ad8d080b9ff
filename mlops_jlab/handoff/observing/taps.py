"""Hearing of calls of functions that are written in C, without a trace in the functions themselves.

A function of C has a definition (``PyMethodDef``) with the address of its code. A tap puts a few bytes of
machine code in that place: they tell an observer of the arguments and go on to the real code, with
everything as it was. The function stays the object that it is, under all names that it has anywhere: its
type, its name, its pickles, its errors and its results are its own.

It is known to be right for CPython with its usual object layout on Linux, x86-64. Elsewhere
:func:`are_possible` says no, and what would have been heard counts as not observed.
"""

from __future__ import annotations

import _thread
import ctypes
import mmap
import platform
import sys
import sysconfig
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

_POINTER = ctypes.sizeof(ctypes.c_void_p)
_FLAGS = 2 * _POINTER  # in a PyMethodDef, behind its name and its code
_VARARGS, _KEYWORDS, _NOARGS, _O, _FASTCALL, _METHOD = 0x1, 0x2, 0x4, 0x8, 0x80, 0x200
_OBSERVER = ctypes.PYFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p
)
# endbr64; push rdi, rsi, rdx, rcx, r8; mov rax, OBSERVER; call rax
_HEAD = bytes.fromhex("f30f1efa 57 56 52 51 4150 48b8")
# pop r8, rcx, rdx, rsi, rdi; mov rax, CODE
_MIDDLE = bytes.fromhex("ffd0 4158 59 5a 5e 5f 48b8")
_TAIL = bytes.fromhex("ffe0")  # jmp rax

_SEARCH = "<frozen importlib._bootstrap"

Heard = Callable[[tuple[Any, ...]], None]
_rooms: list[mmap.mmap] = []  # memory that is executed; it stays as long as the process
_kept: list[Any] = []  # observers that machine code calls


@cache
def are_possible() -> bool:
    """Whether functions can be tapped on this machine."""
    usual = sys.implementation.name == "cpython" and platform.machine() == "x86_64" and _POINTER == 8
    if not usual or sys.platform != "linux" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return False
    if object.__basicsize__ != 2 * _POINTER:  # a build that traces references
        return False
    try:
        place(b"\xc3")
    except (OSError, ValueError):  # a hardened system has no memory that is both written and executed
        return False
    return True


def place(code: bytes) -> int:
    """Puts machine code where it can be executed; its address."""
    size = (len(code) + 15) // 16 * 16
    if not _rooms or _rooms[-1].tell() + size > len(_rooms[-1]):
        protection = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
        _rooms.append(mmap.mmap(-1, mmap.PAGESIZE * 4, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, protection))
    room = _rooms[-1]
    at = room.tell()
    room.write(code.ljust(size, b"\x90"))
    return ctypes.addressof(ctypes.c_char.from_buffer(room)) + at


def tap(function: Any, heard: Heard, *, in_searches: bool = False) -> bool:
    """From now on ``heard`` is called with the arguments before the code of ``function``; whether it is.

    ``function`` is one of C's: of a module, or as it lies in the ``__dict__`` of its class; then the
    first argument is the object or the class it was called on. Keyword arguments come as a dict at the
    end, if there are any. What ``heard`` raises is lost: it must not. The search for modules calls some
    functions by the thousand; it is left out unless ``in_searches``.
    """
    definition = _definition(function)
    if not definition:
        return False
    flags = ctypes.c_int.from_address(definition + _FLAGS).value
    code = ctypes.c_void_p.from_address(definition + _POINTER)
    unpack = _unpacking(flags, is_method=hasattr(function, "__objclass__") or _is_cythons(function))
    if unpack is None or not code.value:
        return False

    def observe(*registers: int | None) -> None:
        try:
            if in_searches or not sys._getframe(1).f_code.co_filename.startswith(_SEARCH):
                heard(unpack(registers))
        except KeyboardInterrupt:  # it came to the wrong place, and would be lost
            _thread.interrupt_main()
        except BaseException:  # an observer must not matter to what it observes
            pass
            pass

    callback = _OBSERVER(observe)
    _kept.append(callback)
    address = ctypes.cast(callback, ctypes.c_void_p).value or 0
    stub = _HEAD + address.to_bytes(8, "little") + _MIDDLE + code.value.to_bytes(8, "little") + _TAIL
    ctypes.c_void_p.from_address(definition + _POINTER).value = place(stub)
    return True


def _definition(function: Any) -> int:
    """The address of the function's PyMethodDef, if it has one; its name proves it."""
    kind = type(function).__name__
    if kind == "builtin_function_or_method" or _is_cythons(function):
        at = object.__basicsize__
    elif kind in ("method_descriptor", "classmethod_descriptor"):
        at = object.__basicsize__ + 3 * _POINTER  # behind its class, its name and its qualified name
    else:
        return 0
    definition = ctypes.c_void_p.from_address(id(function) + at).value or 0
    name = ctypes.c_char_p.from_address(definition).value if definition else None
    return definition if name == function.__name__.encode() else 0


def _is_cythons(function: Any) -> bool:
    """Whether it is a method that Cython has made: it begins as a function of C does."""
    return type(function).__name__ == "cython_function_or_method"


def _unpacking(flags: int, *, is_method: bool) -> Callable[[Any], tuple[Any, ...]] | None:
    """How the arguments lie in the registers of the call."""
    kind = flags & (_VARARGS | _KEYWORDS | _NOARGS | _O | _FASTCALL | _METHOD)

    def one(address: int | None) -> Any:
        return ctypes.cast(address, ctypes.py_object).value if address else None

    def several(at: int | None, count: int | None, names: int | None) -> tuple[Any, ...]:
        found = [one(ctypes.c_void_p.from_address((at or 0) + 8 * n).value) for n in range(count or 0)]
        keys = one(names) or ()
        given = [one(ctypes.c_void_p.from_address((at or 0) + 8 * ((count or 0) + n)).value)
                 for n in range(len(keys))]  # fmt: skip
        return (*found, *([dict(zip(keys, given, strict=True))] if keys else []))

    readers: dict[int, Callable[[Any], tuple[Any, ...]]] = {
        _NOARGS: lambda _registers: (),
        _O: lambda r: (one(r[1]),),
        _VARARGS: lambda r: one(r[1]) or (),
        _VARARGS | _KEYWORDS: lambda r: (*(one(r[1]) or ()), *([one(r[2])] if r[2] else [])),
        _FASTCALL: lambda r: several(r[1], r[2], None),
        _FASTCALL | _KEYWORDS: lambda r: several(r[1], r[2], r[3]),
        _METHOD | _FASTCALL | _KEYWORDS: lambda r: several(r[2], r[3], r[4]),
    }
    read = readers.get(kind)
    if read is None or not is_method:
        return read
    return lambda r: (one(r[0]), *read(r))


def tap_all(functions: list[tuple[Any, Heard]]) -> list[str]:
    """Taps each function; the names of those that could not be."""
    missing = []
    for function, heard in functions:
        done = False
        with suppress(ValueError, OSError):
            done = tap(function, heard)
        if not done:
            missing.append(getattr(function, "__qualname__", repr(function)))
    return missing
