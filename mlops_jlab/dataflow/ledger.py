"""The book that is kept while a statement is walked: names read, bound, changed, shared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mlops_jlab.dataflow.effects import Effects


class Ledger:
    """The effects of one statement while it is walked: which names are bound so far, and whose they are."""

    def __init__(
        self,
        imports: Mapping[str, str],
        scopes: tuple[frozenset[str], ...] = (),
        *,
        deferred: bool = False,
    ) -> None:
        self.out = Effects()
        self.imports = dict(imports)
        self.scopes = scopes  # the local names of the enclosing functions, outermost first
        self.deferred = deferred
        self.globals_declared: set[str] = set()
        self.bound: set[str] = set()
        self.stored: dict[str, int] = {}
        self.guarded = 0
        self.unsure = 0  # regions around this place that may not run
        self.lazy_annotations = False
        self.restored: list[str] = []  # hidden variables that a context manager puts back
        self.local_roots: dict[str, set[str]] = {}

    def finish(self) -> Effects:
        """The effects found; what was stored on every path is bound, the rest perhaps."""
        for name, line in self.stored.items():
            (self.out.binds if name in self.bound else self.out.maybe).setdefault(name, line)
        for name in [n for n in self.out.deletes if n in self.bound]:
            del self.out.deletes[name]
        return self.out

    def is_local(self, name: str) -> bool:
        """Whether ``name`` belongs to an enclosing function rather than to the notebook."""
        return name not in self.globals_declared and any(name in scope for scope in self.scopes)

    def read(self, name: str, line: int, *, soft: bool = False) -> None:
        """Notes that ``name`` is looked up."""
        if self.is_local(name) or name in self.bound:
            return
        if soft or self.deferred or self.guarded:
            self.out.soft.setdefault(name, line)
            return
        sure = not self.unsure and name not in self.stored
        if sure:
            self.out.unsure.discard(name)
        elif name not in self.out.reads:
            self.out.unsure.add(name)
        self.out.reads.setdefault(name, line)

    def bind(self, name: str, line: int) -> None:
        """Notes that ``name`` is bound to something new."""
        if self.is_local(name):
            return
        self.imports.pop(name, None)
        self.bound.add(name)
        self.stored.setdefault(name, line)

    def change(self, name: str, line: int) -> None:
        """Notes that the object behind ``name`` may be changed in place."""
        if not name or name in self.restored:
            return
        for each in self._roots(name):
            self.out.changes.setdefault(f"local:{each}" if self.is_local(each) else each, line)

    def _roots(self, name: str) -> Iterator[str]:
        """The name, and whatever else may stand for the same object: local names may form circles."""
        seen: dict[str, None] = {}
        todo = [name]
        while todo:
            one = todo.pop()
            if one in seen or one in self.restored:
                continue
            seen[one] = None
            if self.is_local(one):
                todo.extend(self.local_roots.get(one, ()))
        yield from seen

    def alias(self, target: str, sources: set[str]) -> None:
        """Notes that ``target`` may share objects with ``sources``."""
        if self.is_local(target):
            self.local_roots.setdefault(target, set()).update(sources - {target})
            return
        for source in sources - {target}:
            if not self.is_local(source):
                self.out.aliases.append((target, source))

    @contextmanager
    def perhaps(self, *, runs: bool = False) -> Iterator[set[str]]:
        """A region that may not run: what it binds is not sure afterwards.

        Where it surely ``runs``, to some point at least, what it reads is sure all the same.
        """
        before = set(self.bound)
        new: set[str] = set()
        self.unsure += not runs
        yield new
        self.unsure -= not runs
        new |= self.bound - before
        self.bound = before
