"""Whether two values are the same to anybody who looks: types, contents, order, flags, and who shares what.

One is walked beside the other, without recursion, however deep they are. :func:`difference` compares values
that came about in two ways; :class:`Walk` also holds a copy against what it is a copy of, where two names for
one object must stay two names for one object.
"""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_jlab.handoff import loggers
from mlops_jlab.handoff.attributes import attributes_of
from mlops_jlab.handoff.columns import is_column
from mlops_jlab.handoff.looking import ATOMS, Look, atom, look
from mlops_jlab.handoff.quietly import is_a
from mlops_jlab.handoff.sharing import can_be_shared

_LONG = 120  # characters
_SHOWN = 3  # labels at each end of a path


@dataclass(frozen=True)
class Place:
    """Where in a value an object was found; ``of_pandas``: in a frame, which makes copies when written to."""

    above: Place | None
    label: str
    of_pandas: bool


_First = dict[int, tuple[int, str, Place | None]]  # an identity -> that of its copy, and where it was first


@dataclass(frozen=True)
class Pair:
    """An array and its copy, in which value they are, and whether pandas watches over them."""

    name: str
    one: Any
    other: Any
    of_pandas: bool


def difference(one: Any, other: Any) -> str:
    """Where ``one`` and ``other`` differ, in words; nothing if they are the same."""
    return Walk(is_copy=False).difference("the value", one, other)


class Walk:
    """Compares pairs of values, and remembers over all of them which object is the copy of which.

    With ``is_copy`` the second of each pair came out of what was saved of the first.
    """

    def __init__(self, *, is_copy: bool = True, outside: Mapping[int, str] | None = None) -> None:
        self._is_copy = is_copy
        self._outside = outside or {}  # objects that modules hold too, by identity
        self._seen: set[tuple[int, int]] = set()
        self._copies: _First = {}
        self._originals: _First = {}
        self._columns: _First = {}  # pandas' own arrays within frames
        self._alive: list[Any] = []  # an identity means something only as long as its object lives
        self.arrays: list[Pair] = []

    def difference(self, name: str, one: Any, other: Any) -> str:
        """The first difference between the two values, in words; nothing if there is none."""
        todo: list[tuple[Any, Any, Place | None]] = [(one, other, None)]
        while todo:
            a, b, at = todo.pop()
            kind = type(a)
            if kind is type(b) and kind in ATOMS:
                if atom(a) != atom(b):
                    return f"{_where(name, at)} is {a!r:.80} and comes back as {b!r:.80}"
                continue
            if (id(a), id(b)) in self._seen:
                continue
            self._seen.add((id(a), id(b)))
            self._alive.append((a, b))
            found = self._pair(name, a, b, at)
            if isinstance(found, str):
                return f"{_where(name, at)} {found}"
            todo.extend(reversed(found))
        return ""

    def _pair(self, name: str, a: Any, b: Any, at: Place | None) -> str | list[tuple[Any, Any, Place | None]]:
        """What is wrong with a pair of objects, or the pairs within them."""
        if found := self._kinds(a, b) or self._identities(name, a, b, at):
            return found
        if a is b:
            return (self._left_behind(a) if self._is_copy else "") or []
        try:
            mine, theirs = look(a), look(b)
        except (AttributeError, TypeError, ValueError, RuntimeError) as error:
            return f"({_said(a)}) cannot be looked at: {error}"
        if mine.opaque or theirs.opaque:
            return f"({_said(a)}) cannot be shown to be the same"
        if found := _flat(a, b, mine, theirs):
            return found
        if mine.memory is not None:
            if not _same_memory(mine.memory, theirs.memory):
                return "does not hold the same numbers"
            self.arrays.append(Pair(name, mine.memory, theirs.memory, at is not None and at.of_pandas))
        pairs = zip(mine.parts, theirs.parts, strict=True)
        inner = _is_of_pandas(a, at)
        return [(c, d, Place(at, label, inner)) for (label, c), (_, d) in pairs]

    def _kinds(self, a: Any, b: Any) -> str:
        if type(a) is type(b):
            return ""
        if type(a).__qualname__ == type(b).__qualname__ and type(a).__module__ == type(b).__module__:
            return (
                f"is of a class {type(a).__qualname__} that was defined again since" if self._is_copy else ""
            )
        return f"is {_a(type(a))} and comes back as {_a(type(b))}"

    def _left_behind(self, value: Any) -> str:
        """What is lost of an object that is not saved but found again by its name, if anything."""
        if is_a(value, functools._lru_cache_wrapper):
            kept = value.cache_info().currsize
            return f"is a function whose cache holds {kept} results, which stay behind" if kept else ""
        if is_a(value, logging.Logger):
            return "" if loggers.is_handed_on(value) else "is a logger, whose level and handlers stay behind"
        if not can_be_shared(value) or id(value) in self._outside:
            return ""
        return f"({_said(value)}) is found again by its name only, and what it holds stays behind"

    def _identities(self, name: str, a: Any, b: Any, at: Place | None) -> str:
        if not self._is_copy or not can_be_shared(a):
            return ""
        if at is not None and at.of_pandas:
            return self._as_first(self._columns, self._copies, name, a, b, at) if is_column(a) else ""
        if is_column(a) and (found := self._as_first({}, self._columns, name, a, b, at)):
            return found
        mine, theirs = _held(a), _held(b)
        if mine is None or theirs is None or mine is a:
            return self._one(name, a, b, at)
        where = Place(at, ".__dict__", of_pandas=False)  # somebody else may hold it, as ``vars`` gives it
        return self._one(name, a, b, at) or self._one(name, mine, theirs, where)

    def _one(self, name: str, a: Any, b: Any, at: Place | None) -> str:
        if a is not b and (outside := self._outside.get(id(a))):
            return f"is {outside} itself ({_said(a)}), and comes back as a copy of it"
        if found := self._as_first(self._copies, self._copies, name, a, b, at):
            return found
        original, first, there = self._originals.setdefault(id(b), (id(a), name, at))
        if original != id(a):
            return f"and {_where(first, there)} are two objects ({_said(a)}), and come back as one"
        return ""

    def _as_first(
        self, noted: _First, known: _First,
        name: str, a: Any, b: Any, at: Place | None,
    ) -> str:  # fmt: skip
        """Whether ``b`` is another copy than the first one that is ``known``; it is ``noted`` as one."""
        noted.setdefault(id(a), (id(b), name, at))
        copy, first, there = known.get(id(a), (id(b), name, at))
        if copy == id(b):
            return ""
        return f"is the very object that {_where(first, there)} is ({_said(a)}), and comes back as another"


def _held(value: Any) -> object:
    """The dict in which an object has its attributes, if it is a plain one and the same each time."""
    held = attributes_of(value) if type(value).__dictoffset__ else None
    return held if type(held) is dict and held is attributes_of(value) else None


def _is_of_pandas(value: Any, at: Place | None) -> bool:
    """Whether the value belongs to a frame, so that its identity says nothing; what cells hold does not.

    Nor does an array of pandas' that somebody holds by itself: what is set in it is seen by all who have it.
    """
    if type(value).__module__ == "numpy" and getattr(getattr(value, "dtype", None), "hasobject", False):
        return False
    if (at is None or not at.of_pandas) and is_column(value):
        return False
    return type(value).__module__.partition(".")[0] == "pandas" or (at is not None and at.of_pandas)


def _where(name: str, at: Place | None) -> str:
    labels: list[str] = []
    while at is not None:
        labels.append(at.label)
        at = at.above
    labels.reverse()
    if len(labels) > 2 * _SHOWN:
        labels[_SHOWN:-_SHOWN] = ["…"]
    return name + "".join(labels)


def _a(kind: type) -> str:
    return f"{'an' if kind.__qualname__[:1].lower() in 'aeiou' else 'a'} {kind.__qualname__}"


def _said(value: object) -> str:
    return _a(type(value))


def _flat(a: Any, b: Any, mine: Look, theirs: Look) -> str:
    """How the two differ in what is compared as it is, or in which parts there are."""
    if mine.flat != theirs.flat:
        if type(a).__module__ == "builtins" and not (mine.parts or theirs.parts):
            return f"({_said(a)}) is {a!r:.80} and comes back as {b!r:.80}"
        if len(repr(mine.flat)) < _LONG:
            return f"({_said(a)}) is {mine.flat!r} and comes back as {theirs.flat!r:.{_LONG}}"
        return f"({_said(a)}) comes back with another content, order or layout"
    labels, others = [label for label, _ in mine.parts], [label for label, _ in theirs.parts]
    if labels == others:
        return ""
    lost, new = [x for x in labels if x not in others], [x for x in others if x not in labels]
    if lost:
        return f"({_said(a)}) loses {lost[0]} when it is pickled"
    if new:
        return f"({_said(a)}) gets a new {new[0]} when it is pickled"
    return f"({_said(a)}) comes back with its attributes in another order"


def _same_memory(one: Any, other: Any) -> bool:
    """Whether two arrays of one type and shape hold the same bytes; a NaN is a NaN."""
    numpy = sys.modules["numpy"]
    if one.flags.forc and other.flags.forc and one.strides == other.strides:
        mine, theirs = (
            x.reshape(-1, order="A").view(numpy.uint8) if x.size else x.reshape(-1) for x in (one, other)
        )
        if all(numpy.array_equal(a, b) for a, b in _pieces(mine, theirs)):
            return True
    for mine, theirs in _pieces(one, other):
        if mine.tobytes() == theirs.tobytes():
            continue
        if one.dtype.kind not in "fcmM":
            return False
        same = (
            (mine == theirs) & (numpy.signbit(mine) == numpy.signbit(theirs))
            if one.dtype.kind == "f"
            else mine == theirs
        )
        if not bool(numpy.all(same | ((mine != mine) & (theirs != theirs)))):
            return False
    return True


def _pieces(one: Any, other: Any) -> Iterator[tuple[Any, Any]]:
    """Two arrays piece by piece, so that no copy of a large one is made at once."""
    if one.ndim == 0 or one.nbytes < 1 << 24:
        yield one, other
        return
    step = max(1, (1 << 24) * len(one) // one.nbytes)
    for start in range(0, len(one), step):
        yield one[start : start + step], other[start : start + step]
