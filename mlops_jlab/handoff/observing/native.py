"""What libraries open through the C library, past Python: no audit event tells of it.

Each library that is loaded has a table with the addresses of the functions it calls in others. Where the
table of an installed library names a function that opens files, its entry is turned to a few bytes of
machine code that write the path down and go on to that function. Python itself and its own modules are
left alone: audit events tell what they do.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

from mlops_jlab.handoff.observing import taps

_SLOT = 512  # bytes for one path, the first eight of which say how it was opened
_SLOTS = 4096
_UNTOUCHED = (
    "linux-vdso",
    "ld-linux",
    "/libc.so",
    "/libc-",
    "/libpthread",
    "/libffi",
    "/libpython",
    "/libdl",
    "/libm.",
    "/librt",
    "/libgcc",
    "/libuuid",
    "/libsqlite3",
)
_DYNAMIC, _RELRO = 2, 0x6474E552  # kinds of segments
_JUMP_SLOT, _GLOB_DAT = 7, 6  # kinds of relocation on x86-64


@dataclass(frozen=True)
class _Door:
    """A function of the C library: where its path and its way of opening lie among its arguments.

    Only libraries with ``of`` in their names are asked: numpy looks at the clock for the date "now" alone.
    """

    name: str
    path: int
    how: str
    of: str = ""


_DOORS = (
    _Door("open", 0, "flags1"), _Door("open64", 0, "flags1"), _Door("__open_2", 0, "flags1"),
    _Door("__open64_2", 0, "flags1"), _Door("openat", 1, "flags2"), _Door("openat64", 1, "flags2"),
    _Door("fopen", 0, "mode"), _Door("fopen64", 0, "mode"), _Door("opendir", 0, "flags0"),
    _Door("stat", 0, "look"), _Door("stat64", 0, "look"), _Door("lstat", 0, "look"),
    _Door("access", 0, "look"),
    _Door("__xstat", 1, "look"), _Door("__xstat64", 1, "look"), _Door("__lxstat", 1, "look"),
    _Door("fstatat", 1, "look"), _Door("fstatat64", 1, "look"), _Door("statx", 1, "look"),
    _Door("getenv", 0, "variable"), _Door("secure_getenv", 0, "variable"), _Door("getaddrinfo", 0, "host"),
    _Door("time", -1, "clock", of="_multiarray_umath"),
)  # fmt: skip


class Deed(Enum):
    """What was done with a name."""

    READ = "read"
    WRITE = "write"
    LOOK = "look"  # does it exist, how large is it
    HOST = "host"
    VARIABLE = "variable"  # of the environment
    CLOCK = "clock"


@dataclass(frozen=True)
class Noted:
    """What a library asked the system for: a path as it was given, a host, a variable, the time."""

    deed: Deed
    name: str


_CODES = {0xFFFFFFFF - number: deed for number, deed in enumerate(Deed)}
_NUMBERS = {deed.value: (code).to_bytes(4, "little") for code, deed in _CODES.items()}


def _stub(door: _Door, target: int, ring: int) -> bytes:
    """Machine code that writes a path into the ring and goes on to the function at ``target``.

    The number of the slot is taken with one locked addition: threads may come at the same time.
    """
    path = {0: b"\x48\x89\xfe", 1: b"", -1: b"\x48\xbe" + (ring + 16).to_bytes(8, "little")}[door.path]
    how = {
        "flags0": b"\x31\xd2",  # xor edx, edx
        "flags1": b"\x89\xf2",  # mov edx, esi
        "flags2": b"",  # they are in edx
        "mode": bytes.fromhex("31d2 4885f6 7403 0fb716"),  # xor edx, edx; if rsi: movzx edx, word [rsi]
    }.get(door.how) or (b"\xba" + _NUMBERS[door.how] if door.how in _NUMBERS else b"")  # mov edx, number
    write = b"".join(
        (
            b"\x48\xb8", ring.to_bytes(8, "little"),  # mov rax, ring
            bytes.fromhex("b901000000 f0480fc108"),  # mov ecx, 1; lock xadd [rax], rcx
            bytes.fromhex("81e1"), (_SLOTS - 1).to_bytes(4, "little"),  # and ecx, SLOTS - 1
            bytes.fromhex("48c1e109"),  # shl rcx, 9
            bytes.fromhex("488dbc0800100000"),  # lea rdi, [rax + rcx + 4096]
            bytes.fromhex("488917 4883c708 b9f7010000"),  # mov [rdi], rdx; add rdi, 8; mov ecx, 503
            bytes.fromhex("8a06 8807 84c0 740d 48ffc6 48ffc7 ffc9 75ee c60700"),  # copy until its end
        )
    )  # fmt: skip
    return b"".join(
        (
            bytes.fromhex("f30f1efa 50 51 52 56 57"),  # endbr64; push rax, rcx, rdx, rsi, rdi
            how, path,
            bytes.fromhex("4885f6 74"), bytes([len(write)]), write,  # no path, nothing to write down
            bytes.fromhex("5f 5e 5a 59 58 49bb"), target.to_bytes(8, "little"),  # pop all; mov r11, target
            bytes.fromhex("41ffe3"),  # jmp r11
        )
    )  # fmt: skip


@dataclass(frozen=True)
class _Loaded:
    """A loaded object: its file, where it and its dynamic section lie, and what is sealed after loading."""

    name: str
    base: int
    dynamic: int
    sealed: range


class NativeWatch:
    """Writes down what installed libraries open by themselves; :meth:`drain` gives it."""

    def __init__(self) -> None:
        self._ring = mmap.mmap(-1, mmap.PAGESIZE + _SLOT * _SLOTS, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self._ring))
        self._ring[16:20] = b"now\0"  # the name under which the clock is noted
        self._read = 0
        self._seen: set[int] = set()  # where objects lie that were looked at
        library = ctypes.CDLL(None)
        self._objects = library.dl_iterate_phdr
        self._mprotect = library.mprotect
        self._mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        self._stubs: dict[_Door, int] = {}
        for door in _DOORS:
            with suppress(AttributeError):
                target = ctypes.cast(getattr(library, door.name), ctypes.c_void_p).value or 0
                self._stubs[door] = taps.place(_stub(door, target, self._address))

    def drain(self) -> tuple[list[Noted], bool]:
        """What was asked since the last time, and whether some of it was lost as there was too much."""
        count = struct.unpack_from("<Q", self._ring, 0)[0]
        first, self._read = self._read, count
        numbers = range(max(first, count - _SLOTS), count)
        found = dict.fromkeys(self._noted(number % _SLOTS) for number in numbers)
        return [noted for noted in found if noted.name], count - first > _SLOTS

    def _noted(self, number: int) -> Noted:
        at = mmap.PAGESIZE + number * _SLOT
        how = struct.unpack_from("<Q", self._ring, at)[0] & 0xFFFFFFFF
        name = os.fsdecode(self._ring[at + 8 : at + _SLOT].split(b"\0", 1)[0])
        if how in _CODES:
            return Noted(_CODES[how], name)
        first, second = chr(how & 0xFF), chr(how >> 8 & 0xFF)
        writing = bool(how & (os.O_WRONLY | os.O_RDWR))
        if first in "rwa":  # a mode; as flags these numbers would make sense to nobody
            writing = first != "r" or second == "+"
        return Noted(Deed.WRITE if writing else Deed.READ, name)

    def look(self) -> None:
        """Turns the entries of libraries that were loaded since the last time."""
        for loaded in _loaded(self._objects, self._seen):
            if not _is_pythons(loaded.name):
                self._turn(loaded)

    def _turn(self, loaded: _Loaded) -> None:
        facts = dict(_entries(loaded.dynamic))
        if not {5, 6, 10} <= facts.keys():  # DT_STRTAB, DT_SYMTAB, DT_STRSZ
            return
        names = ctypes.string_at(facts[5], facts[10])
        if not any(part in names for part in (b"open", b"stat\0", b"stat64\0", b"getenv", b"getaddrinfo")):
            return
        wanted = {
            at: stub
            for door, stub in self._stubs.items()
            if door.of in loaded.name
            for at in _places(names, door.name.encode() + b"\0")
        }
        if not wanted:
            return
        for table, size, skipped in ((23, 2, 0), (7, 8, facts.get(0x6FFFFFF9, 0))):  # JMPREL, RELA, RELACOUNT
            if table not in facts or size not in facts:
                continue
            words = (ctypes.c_uint64 * (facts[size] // 8)).from_address(facts[table])
            infos = words[3 * skipped + 1 :: 3]
            last = max((info >> 32 for info in infos), default=0)
            symbols = (ctypes.c_uint32 * (6 * (last + 1))).from_address(facts[6])[::6]
            turned = {number for number, at in enumerate(symbols) if at in wanted}
            for number, info in enumerate(infos):
                if info >> 32 in turned and info & 0xFFFFFFFF in (_JUMP_SLOT, _GLOB_DAT):
                    stub = wanted[symbols[info >> 32]]
                    self._write(loaded.base + words[3 * (skipped + number)], stub, loaded.sealed)

    def _write(self, place: int, value: int, sealed: range) -> None:
        page = place & ~(mmap.PAGESIZE - 1)
        if page in sealed and self._mprotect(page, mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_WRITE):
            return
        ctypes.c_uint64.from_address(place).value = value
        if page in sealed:
            self._mprotect(page, mmap.PAGESIZE, mmap.PROT_READ)


def _is_pythons(name: str) -> bool:
    """Whether audit events tell what the object opens, or it is one that must not be touched."""
    return (
        not name or "/lib-dynload/" in name or any(part in name for part in _UNTOUCHED)
        or os.path.realpath(name) == os.path.realpath(sys.executable)
    )  # fmt: skip


def _places(text: bytes, part: bytes) -> Iterator[int]:
    """Where a name begins in a table of names: names that end alike share their end."""
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _entries(dynamic: int) -> Iterator[tuple[int, int]]:
    while tag := ctypes.c_int64.from_address(dynamic).value:
        yield tag, ctypes.c_uint64.from_address(dynamic + 8).value
        dynamic += 16


class _Object(ctypes.Structure):
    _fields_ = (("base", ctypes.c_uint64), ("name", ctypes.c_char_p),
                ("headers", ctypes.c_uint64), ("count", ctypes.c_uint16))  # fmt: skip


_VISITOR = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Object), ctypes.c_size_t, ctypes.c_void_p)


def _loaded(walk: Any, seen: set[int]) -> list[_Loaded]:
    """What is loaded and was not seen yet."""
    found: list[_Loaded] = []

    def visit(info: ctypes._Pointer[_Object], _size: int, _data: object) -> int:
        one = info.contents
        if one.headers in seen:
            return 0
        seen.add(one.headers)
        dynamic, sealed = 0, range(0)
        for header in range(one.headers, one.headers + 56 * one.count, 56):
            kind = ctypes.c_uint32.from_address(header).value
            place = one.base + ctypes.c_uint64.from_address(header + 16).value
            if kind == _DYNAMIC:
                dynamic = place
            elif kind == _RELRO:
                end = place + ctypes.c_uint64.from_address(header + 40).value
                sealed = range(place & ~(mmap.PAGESIZE - 1), end & ~(mmap.PAGESIZE - 1))
        if dynamic:
            found.append(_Loaded(os.fsdecode(one.name or b""), one.base, dynamic, sealed))
        return 0

    walk(_VISITOR(visit), None)
    return found
