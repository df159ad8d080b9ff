"""The names in force at a place in the notebook, and which of them may share one object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlops_jlab.dataflow.definitions import Definition


class Environment:
    """Reaching definitions: for each name the newest sure one, and the unsure ones after it."""

    def __init__(self) -> None:
        self.imports: dict[str, str] = {}
        self.deleted: dict[str, Definition] = {}
        self.anyone: Definition | None = None  # a statement that may have bound any name
        self._names: dict[str, tuple[Definition, ...]] = {}
        self._groups: dict[str, set[str]] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def lookup(self, name: str) -> tuple[Definition, ...]:
        """The definitions that ``name`` may have here, newest first."""
        found = self._names.get(name, ())
        if self.anyone is not None and not name.startswith("~"):
            if not found or found[0].order < self.anyone.order:
                return (self.anyone, *found)
        return found

    def newest(self, name: str) -> Definition | None:
        """The newest definition of ``name``, sure or not."""
        found = self._names.get(name)
        return found[0] if found else None

    def bind(self, definition: Definition, *, sure: bool) -> None:
        """``name`` stands for something new from here on."""
        name = definition.name
        old = self._names.get(name, ())
        self._names[name] = (definition,) if sure else (definition, *old)
        self.deleted.pop(name, None)
        if sure:
            self._separate(name)

    def change(self, definition: Definition) -> None:
        """``name`` stands for the same object, which is not the same any more."""
        self._names[definition.name] = (definition,)

    def delete(self, name: str, by: Definition) -> None:
        """``name`` stands for nothing from here on."""
        self._names.pop(name, None)
        self.imports.pop(name, None)
        self.deleted[name] = by
        self._separate(name)

    def share(self, one: str, other: str) -> None:
        """The objects behind two names may be, or hold, one and the same."""
        first = self._groups.setdefault(one, {one})
        second = self._groups.setdefault(other, {other})
        if first is second:
            return
        small, large = sorted((first, second), key=len)
        large |= small
        for name in small:
            self._groups[name] = large

    def partners(self, name: str) -> Iterable[str]:
        """The other names that may see a change made through ``name``."""
        return sorted(self._groups.get(name, set()) - {name})

    def _separate(self, name: str) -> None:
        group = self._groups.pop(name, None)
        if group is not None:
            group.discard(name)
