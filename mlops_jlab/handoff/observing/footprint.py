"""The bytes in memory on which it depends what objects hold: while they are the same, so are the objects.

A list, a set or an instance changes without a word, so it has to be looked at again and again. That costs
time, and in a copy of a process memory as well: who touches an object counts a reference, and that copies its
page. These bytes are read without a touch, a thousand places with one call of the kernel, which also finds
out that a place is no memory any more.

How CPython lays out its objects is tried out before it counts.
"""

from __future__ import annotations

import ctypes
import os
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, NamedTuple

from mlops_jlab.handoff.observing.versions import are_counted

_AT_ONCE = 1024  # places that the kernel takes with one call
_BATCH = 1 << 16  # bytes that are read into the same memory
_MOST_PLACES = 4_000  # of one object: what has more is looked at again and again
_MOST_BYTES = 1 << 18
_WORD = 8
_SINGLE = frozenset({bool, type(None), type(Ellipsis)})  # there is one of each
_NUMBERS = frozenset({int, float, complex})
_TEXTS = frozenset({str, bytes})
_MANAGED = 1 << 4  # Py_TPFLAGS_MANAGED_DICT: attributes stand in front of the instance
_INLINE = (3, 11)  # where attributes may stand in an array, and how is known
_bytes_at = ctypes.string_at
_word_at = ctypes.c_uint64.from_address


class Footprint(NamedTuple):
    """``places`` are pairs of address and length; the bytes there are ``size``, and have this ``digest``."""

    places: bytes | memoryview = b""
    size: int = 0
    digest: int = 0


UNKNOWN = Footprint()


class Places:
    """Collects the places of objects that are alive, each before what it holds is looked at."""

    def __init__(self) -> None:
        self._spans: list[int] = []
        self._held: list[bytes] = []
        self._leaves: list[int] = []  # of what cannot change, so it can be read late
        self._size = 0

    def __iadd__(self, other: Places) -> Places:
        self._spans += other._spans
        self._held += other._held
        self._leaves += other._leaves
        return self

    def footprint(self) -> Footprint | None:
        """All of them as one, or nothing if they cannot be read now."""
        leaves = array("Q", self._leaves).tobytes()
        with _file() as file:
            late = _content(leaves, sum(self._leaves[1::2]), file)
        if late is None:
            return None
        held = b"".join((*self._held, late))
        return Footprint(array("Q", self._spans).tobytes() + leaves, len(held), hash(held))

    def of_dict(self, value: dict[Any, Any]) -> None:
        """Its type, its length and its version."""
        self._add(id(value) + _WORD, 3 * _WORD)

    def of_several(self, value: Any) -> bool:
        """A list, a tuple or a set, and who stands in it; whether this is one, and not too large."""
        place, kind = id(value) + _WORD, type(value)
        if kind is tuple:
            self._add(place, (2 + len(value)) * _WORD)
        elif kind is list:
            self._add(place, 3 * _WORD)
            self._add(_word_at(place + 2 * _WORD).value, len(value) * _WORD)
        elif kind is set or kind is frozenset:
            self._add(place, 5 * _WORD)
            entries = _word_at(place + 3 * _WORD).value + 1
            if 2 * entries * _WORD > _MOST_BYTES:  # it had many more once
                return False
            self._add(_word_at(place + 4 * _WORD).value, 2 * entries * _WORD)
        else:
            return False
        return True

    def of_plain(self, values: Iterable[object]) -> bool:
        """Numbers and texts in whose places others could come to stand.

        Returns:
            Whether there is nothing else, and what was collected is not too much.
        """
        for value in values:
            kind = type(value)
            if kind in _NUMBERS:
                before = _WORD
            elif kind in _TEXTS:  # from behind the hash, which is found out when it is first needed
                before = 4 * _WORD
            elif kind in _SINGLE:
                continue
            else:
                return False
            size = sys.getsizeof(value) - before
            self._leaves += (id(value) + before, size)
            self._size += size
        return self._size <= _MOST_BYTES and len(self._leaves) + len(self._spans) <= 2 * _MOST_PLACES

    def of_attributes(self, value: object) -> bool | None:
        """Its class, and where an instance keeps its attributes, before anybody asks for them.

        Returns:
            Whether they stand there themselves; if not, it is a dict. None if that cannot be told.
        """
        kind, place = type(value), id(value)
        self._add(place + _WORD, _WORD)
        if not kind.__flags__ & _MANAGED:
            offset = kind.__dictoffset__
            if offset <= 0:
                return None
            self._add(place + offset, _WORD)
            return False
        if sys.version_info[:2] != _INLINE:
            self._add(place - 3 * _WORD, _WORD)
            return None if _word_at(place - 3 * _WORD).value & 1 else False
        self._add(place - 4 * _WORD, 2 * _WORD)
        values = _word_at(place - 4 * _WORD).value
        if not values:
            return False
        size = _bytes_at(values - 1, 1)[0]  # of what stands before them: which are there, in which order
        before = _bytes_at(values - size, size)
        used = before[-2]
        last = max(before[-2 - used : -2], default=-1)
        self._add(values - size, size + (last + 1) * _WORD)
        return True

    def _add(self, address: int, length: int) -> None:
        if length:
            self._spans += (address, length)
            self._held.append(_bytes_at(address, length))


def untouched(footprints: Iterable[Footprint]) -> list[bool]:
    """Which of them are as they were."""
    same: list[bool] = []
    with _file() as file:
        for some in _batches(footprints):
            places, size = b"".join([one.places for one in some]), sum(one.size for one in some)
            content, end = _content(places, size, file), 0
            for one in some:
                start, end = end, end + one.size
                if content is None:  # some place is no memory any more
                    same.append(_is_untouched(one))
                else:
                    same.append(hash(content[start:end]) == one.digest)
    return same


def _batches(footprints: Iterable[Footprint]) -> Iterator[list[Footprint]]:
    """As many at a time as can be read into the same memory again and again; new memory costs more."""
    some: list[Footprint] = []
    places = size = 0
    for one in footprints:
        some.append(one)
        places, size = places + len(one.places), size + one.size
        if max(places, size) >= _BATCH:
            yield some
            some, places, size = [], 0, 0
    yield some


@contextmanager
def _file() -> Iterator[int]:
    """A file in memory, or the number of none if too many files are open."""
    file = -1
    with suppress(OSError):
        file = os.memfd_create("places")
    try:
        yield file
    finally:
        if file >= 0:
            os.close(file)


def _content(places: bytes | memoryview, size: int, file: int) -> bytes | None:
    """What stands there, ``size`` bytes, or nothing if some of it is no memory.

    The kernel writes it into the file, which shares with us no page that we must not touch.
    """
    words = array("Q", places)
    count, at = len(words) // 2, 0
    first = words.buffer_info()[0]
    for start in range(0, count, _AT_ONCE):
        some = min(_AT_ONCE, count - start)
        written = _kernel()(file, first + 2 * _WORD * start, some, at)
        if written < 0:
            return None
        at += written
    return (os.pread(file, size, 0) if size else b"") if at == size else None


@cache
def _kernel() -> Any:
    """The call of the kernel that writes what stands in many places."""
    call = ctypes.CDLL(None).pwritev
    call.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64)
    call.restype = ctypes.c_ssize_t
    return call


class _Probe:
    """An instance to try out."""

    def __init__(self) -> None:
        self.first, self.second = 0.5, [1]


@cache
def is_known() -> bool:
    """Whether the bytes of objects can be read here, and stand where they are looked for: it is tried out."""
    if sys.platform != "linux" or not are_counted() or ctypes.sizeof(ctypes.c_void_p) != _WORD:
        return False
    trials: tuple[tuple[Any, Callable[[Any], object], Callable[[Any], object]], ...] = (
        ([0.5, 1 << 80], len, lambda one: one.append(one.pop() + 1)),
        ([0.5], tuple, lambda one: one.__setitem__(0, 0.25)),
        (["ab" * 20], lambda one: hash(one[0]), lambda one: one.__setitem__(0, "ba" * 20)),
        ({1, 2}, lambda one: 1 in one, lambda one: one.add(7)),
        ({"a": 1}, lambda one: one.get("a"), lambda one: one.update(a=2)),
        (_Probe(), lambda one: one.first, lambda one: setattr(one, "first", 0.25)),
        (_Probe(), lambda one: one.second, lambda one: setattr(one, "third", 1)),
    )
    with suppress(OSError, AttributeError):
        return all(_is_seen(*one) for one in trials)
    return False


def _is_seen(value: Any, use: Callable[[Any], object], change: Callable[[Any], object]) -> bool:
    """Whether a change is noticed, and a use is not taken for one."""
    places = Places()
    if isinstance(value, dict):
        places.of_dict(value)
    elif isinstance(value, _Probe):
        places.of_attributes(value)
    else:
        places.of_several(value)
        places.of_plain(value)
    before = places.footprint()
    use(value)
    used = _is_untouched(before)
    change(value)
    return used and not _is_untouched(before)


def _is_untouched(footprint: Footprint | None) -> bool:
    if footprint is None:
        return False
    with _file() as file:
        content = _content(footprint.places, footprint.size, file)
    return content is not None and hash(content) == footprint.digest
