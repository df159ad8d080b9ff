"""What imports do beside making a module: libraries draw random numbers, own modules ask for time or chance.

Both are told apart from what a step's cells do. What a library draws decides nothing, as nobody sees it. An
own module that has drawn, or has asked for the clock, a variable or a file, would be another one if it were
imported again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib.machinery import ExtensionFileLoader, ModuleSpec, SourceFileLoader
from typing import Any

from mlops_jlab.handoff.chance import same
from mlops_jlab.handoff.observing.observer import watch
from mlops_jlab.loaded import is_local

_LOADERS = (SourceFileLoader, ExtensionFileLoader)  # each has one module
States = Mapping[str, Any]


class Imports:
    """The imports that go on. ``states`` are those of the global generators now, ``drew`` hears of libraries
    that have drawn, with the states before."""

    def __init__(self, states: Callable[[], States], drew: Callable[[States], None]) -> None:
        self._states = states
        self._drew = drew
        self._in_library = False
        self._marks: list[tuple[States, int]] = []  # of the own modules that are being imported
        self._uncertain: list[bool] = []
        self.uncertain: set[str] = set()

    def within(self, spec: ModuleSpec) -> AbstractContextManager[None] | None:
        """What a module is imported within, if its import matters."""
        if self._in_library or type(spec.loader) not in _LOADERS:
            return None
        return self._own(spec.name) if is_local(spec.name, spec.origin) else self._library()

    @contextmanager
    def _library(self) -> Iterator[None]:
        self._look()
        self._in_library = True
        before = self._states()
        try:
            yield
        finally:
            self._in_library = False
            if not _are_same(before, self._states()):
                self._drew(before)
            self.look_on()

    @contextmanager
    def _own(self, name: str) -> Iterator[None]:
        self._look()
        self._marks.append(self._mark())
        self._uncertain.append(False)
        try:
            yield
        finally:
            self._look()
            self._marks.pop()
            if self._uncertain.pop():
                self.uncertain.add(name)
            self.look_on()

    def _look(self) -> None:
        """Whether the own module that is being imported has asked for something by itself until now."""
        if self._marks:
            (states, asked), (states_now, asked_now) = self._marks[-1], self._mark()
            self._uncertain[-1] |= asked != asked_now or not _are_same(states, states_now)

    def look_on(self) -> None:
        """What was asked for until now is no doing of the own module that is being imported: another one has
        done it, or a generator was put back."""
        if self._marks:
            self._marks[-1] = self._mark()

    def _mark(self) -> tuple[States, int]:
        observer = watch()
        seen = (observer.before, observer.seen())
        kinds = ("chance", "clock", "hosts", "variables", "read", "looked")
        return self._states(), sum(len(getattr(one, kind)) for one in seen for kind in kinds)


def _are_same(one: States, other: States) -> bool:
    """Whether no generator that was there before has drawn."""
    return all(same(state, other[name]) for name, state in one.items() if name in other)
