"""Where an evaluation stands: the names in force, their objects, and what the cell has done so far."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from mlops_jlab.dataflow.evaluation import harmless
from mlops_jlab.dataflow.evaluation.values import CONSTANT, UNKNOWN, Frame, Kind, Objects, Value

_ROUNDS = 8  # of a loop, until nothing new is learnt
_BUDGET = 200_000  # expressions and statements of one notebook
_PROVIDED = frozenset({"__name__"})
_KNOWN_TO_CHANGE = frozenset({"setattr", "delattr", "open"})


@dataclass
class Trace:
    """What one cell does: names that it looks up and binds, objects that it touches and changes.

    ``imported`` are names that it binds to nothing but the full name beside them. ``reason`` says
    why nothing may run beside the cell; it is empty where all of the above is proved.
    """

    uses: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    imported: dict[str, str] = field(default_factory=dict)
    touches: set[int] = field(default_factory=set)
    changes: set[int] = field(default_factory=set)
    reason: str = ""


class State:
    """What is known at one place of the notebook."""

    def __init__(self, declared: Iterable[str]) -> None:
        """``declared`` are names that functions bind: they may stand for anything at any time."""
        self.objects = Objects()
        self.names: dict[str, Value] = {}
        self.trace = Trace()
        self.lost = False  # a library was changed: nothing is known of it any more
        self.frame: Frame | None = None
        self.place: object = None
        self._declared = frozenset(declared)
        self._perhaps = 0
        self._left = _BUDGET

    def forget_everything(self) -> None:
        """Any name may stand for anything from here on."""
        for name, value in self.names.items():
            self.objects.doubt(self.objects.within(value.objects))
            self.names[name] = UNKNOWN

    def give_up(self, reason: str) -> Value:
        """Nothing may run beside the cell."""
        self.trace.reason = self.trace.reason or reason
        return UNKNOWN

    def new(self, node: ast.AST, part: object = "", holds: Iterable[int] = ()) -> Value:
        """A value that is made at ``node``."""
        made = self.objects.new(self.place, node, part)
        self.objects.hold([made], holds)
        return Value(Kind.PLAIN, frozenset([made]))

    def settled(self, value: Value) -> Value:
        """The value where it is operated on: only plain ones run no code of the notebook's."""
        if value.kind is Kind.LIBRARY and harmless.is_thing(value.full):
            return CONSTANT
        if value.kind is not Kind.PLAIN or self.objects.within(value.objects) & self.objects.unknown:
            self.give_up(f"an object that nothing is known of{_name(value)}")
            return value if value.kind is Kind.FOREIGN else replace(UNKNOWN, objects=value.objects)
        self.change(self.objects.within(value.objects) & self.objects.iterators)
        return value

    def item(self, value: Value) -> Value:
        """Something that is part of the value."""
        value = self.settled(value)
        return Value(value.kind, self.objects.parts(value.objects))

    def change(self, objects: Iterable[int]) -> None:
        """The objects are changed in place."""
        self.trace.changes |= set(objects)

    def put_into(self, holder: Value, value: Value) -> None:
        """The holder is changed, and may hold the value from here on."""
        self.change(holder.objects)
        if self.settled(value).kind is Kind.PLAIN:
            self.objects.hold(holder.objects, value.objects)
        else:
            self.objects.doubt(holder.objects)

    # Names

    def lookup(self, name: str) -> Value:
        """What the name stands for here."""
        frame = self.frame
        while frame is not None:
            if name in frame.names:
                return UNKNOWN if name in self._declared else self._touched(frame.names[name])
            frame = frame.outer
        self.trace.uses.add(name)
        if name in self.names:
            return UNKNOWN if name in self._declared else self._touched(self.names[name])
        if harmless.touches_nothing(f"builtins.{name}") or name in _KNOWN_TO_CHANGE:
            return Value(Kind.LIBRARY, full=f"builtins.{name}")
        return CONSTANT if name in _PROVIDED else UNKNOWN

    def _touched(self, value: Value) -> Value:
        self.trace.touches |= value.objects
        return value

    def bind(self, name: str, value: Value) -> None:
        """``name`` stands for the value from here on, or perhaps does."""
        names = self.names if self.frame is None else self.frame.names
        if self._perhaps and name in names:
            value = names[name].joined(value)
        names[name] = value
        if self.frame is None:
            self.trace.writes.add(name)
            self.trace.imported.pop(name, None)

    @contextmanager
    def maybe(self) -> Iterator[None]:
        """A region that may not run."""
        self._perhaps += 1
        yield
        self._perhaps -= 1

    def rounds(self, once: Callable[[], object]) -> None:
        """Goes through a loop until another round teaches nothing new."""
        with self.maybe():
            for _round in range(_ROUNDS):
                before = self._known()
                once()
                if self._known() == before:
                    return
        self.give_up("a loop that is hard to follow")
        self.forget_everything()

    def _known(self) -> tuple[object, ...]:
        frames, frame = [], self.frame
        while frame is not None:
            frames.append(dict(frame.names))
            frame = frame.outer
        return dict(self.names), frames, self.objects.growth

    def spend(self) -> bool:
        """Whether there is still time for another expression or statement."""
        self._left -= 1
        if self._left < 0:
            self.give_up("too much to go through")
        return self._left >= 0


def _name(value: Value) -> str:
    return f" ({value.full})" if value.full else ""
