"""Values as far as reading can know them: what they are, and which objects they may be or hold."""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterable
from dataclasses import dataclass, field, replace


class Kind(enum.Enum):
    """``PLAIN`` values come from Python, numpy, pandas or scikit-learn, and what they do is known.

    ``FOREIGN`` ones come from some library: they run no code of the notebook's either.
    """

    PLAIN = "plain"
    LIBRARY = "library"
    FUNCTION = "function"
    FOREIGN = "foreign"
    UNKNOWN = "unknown"


@dataclass
class Frame:
    """The local names of one call of a function of the notebook."""

    outer: Frame | None = None
    names: dict[str, Value] = field(default_factory=dict)
    returned: list[Value] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Function:
    """A function of the notebook with what it was defined with."""

    node: ast.FunctionDef | ast.Lambda
    frame: Frame | None
    defaults: tuple[Value, ...] = ()
    keyword_defaults: tuple[Value | None, ...] = ()


@dataclass(frozen=True)
class Value:
    """What an expression may give; it is one of ``objects``, or of those that cannot be changed.

    ``full`` is the name of something imported. ``fresh_parts`` says that its items share nothing.
    """

    kind: Kind
    objects: frozenset[int] = frozenset()
    full: str = ""
    function: Function | None = None
    is_number: bool = False
    fresh_parts: bool = False

    def joined(self, other: Value) -> Value:
        """A value that is this one or the other."""
        if self == other:
            return self
        objects = self.objects | other.objects
        if {self.kind, other.kind} == {Kind.PLAIN, Kind.FOREIGN}:
            return Value(Kind.FOREIGN, objects)
        if self.kind is not other.kind or (self.full, self.function) != (other.full, other.function):
            return Value(Kind.UNKNOWN, objects)
        return replace(self, objects=objects, is_number=self.is_number and other.is_number, fresh_parts=False)


UNKNOWN = Value(Kind.UNKNOWN)
CONSTANT = Value(Kind.PLAIN)
NUMBER = Value(Kind.PLAIN, is_number=True)


class Objects:
    """All objects that were seen to be made: who holds whom, and which ones nothing is known of."""

    def __init__(self) -> None:
        self.growth = 0  # goes up whenever something is learnt
        self.unknown: set[int] = set()
        self.models: set[int] = set()
        self.iterators: set[int] = set()  # looking at them uses them up
        self._parts: dict[int, set[int]] = {}
        self._seen: dict[int, set[int]] = {}
        self._made: dict[tuple[object, ...], int] = {}

    def new(self, *place: object) -> int:
        """The object that is made at a place of the notebook."""
        return self._made.setdefault(place, len(self._made))

    def hold(self, holders: Iterable[int], held: Iterable[int]) -> None:
        """Each of ``holders`` may hold, and change, each of ``held``."""
        self._link(self._parts, holders, frozenset(held))

    def look_at(self, holders: Iterable[int], held: Iterable[int]) -> None:
        """Each of ``holders`` keeps a reference to each of ``held`` and leaves it alone."""
        self._link(self._seen, holders, frozenset(held))

    def doubt(self, objects: Iterable[int]) -> None:
        """Nothing is known any more of what these are."""
        new = set(objects) - self.unknown
        self.unknown |= new
        self.growth += bool(new)

    def parts(self, objects: Iterable[int]) -> frozenset[int]:
        """The objects and all that they are made of."""
        return self._closure(objects, (self._parts,))

    def within(self, objects: Iterable[int]) -> frozenset[int]:
        """The objects and all that can be reached from them."""
        return self._closure(objects, (self._parts, self._seen))

    def _link(self, links: dict[int, set[int]], holders: Iterable[int], held: frozenset[int]) -> None:
        for holder in holders:
            known = links.setdefault(holder, set())
            new = held - known - {holder}
            known |= new
            self.growth += bool(new)

    @staticmethod
    def _closure(objects: Iterable[int], links: tuple[dict[int, set[int]], ...]) -> frozenset[int]:
        found = set(objects)
        todo = list(found)
        while todo:
            one = todo.pop()
            new = {other for link in links for other in link.get(one, ())} - found
            found |= new
            todo.extend(new)
        return frozenset(found)
