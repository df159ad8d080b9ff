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
        kind = self.out.soft if soft or self.deferred or self.guarded else self.out.reads
        kind.setdefault(name, line)

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
        if self.is_local(name):
            for root in self.local_roots.get(name, ()):
                self.change(root, line)
            self.out.changes.setdefault(f"local:{name}", line)
            return
        self.out.changes.setdefault(name, line)

    def alias(self, target: str, sources: set[str]) -> None:
        """Notes that ``target`` may share objects with ``sources``."""
        if self.is_local(target):
            self.local_roots.setdefault(target, set()).update(sources - {target})
            return
        for source in sources - {target}:
            if not self.is_local(source):
                self.out.aliases.append((target, source))

    @contextmanager
    def perhaps(self) -> Iterator[set[str]]:
        """A region that may not run: what it binds is not sure afterwards."""
        before = set(self.bound)
        new: set[str] = set()
        yield new
        new |= self.bound - before
        self.bound = before
