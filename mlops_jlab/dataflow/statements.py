"""All that can be said of one statement without its neighbours, said once.

Nothing here depends on what stands above, save which names are modules. A notebook that is read
again after a change of one cell therefore takes what it knows of the other cells from here.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from mlops_jlab.dataflow.definitions import facts_of, must_stay, names_defined, travels_as_source
from mlops_jlab.dataflow.effects import Effects, FunctionFacts
from mlops_jlab.dataflow.reader import effects_of
from mlops_jlab.dataflow.scopes import imported_names
from mlops_jlab.dataflow.stars import star_module

_KEPT = 8_192  # statements: some notebooks of 1,000 cells
# Who calls these may run code that stands in a text, and any import may matter to it.
_OPAQUE = frozenset({"eval", "exec", "get_ipython"})


@dataclass(frozen=True)
class Statement:
    """What one statement at the top level of a cell does and is. It is shared: look, and leave it alone.

    ``defines`` and ``facts`` speak of statements that travel as source; ``stays`` says what
    ``staying`` names cannot leave their process for; ``imported`` maps names to full names.
    """

    node: ast.stmt | None  # none for a line that is no Python
    effects: Effects
    is_source: bool = False
    facts: FunctionFacts | None = None
    defines: tuple[str, ...] = ()
    stays: str = ""
    staying: frozenset[str] = frozenset()
    imported: tuple[tuple[str, str], ...] = ()
    star: str = ""

    @property
    def is_future(self) -> bool:
        """Whether it is an import from ``__future__``."""
        return isinstance(self.node, ast.ImportFrom) and self.node.module == "__future__"

    def discarding_names(self) -> Statement:
        """The same statement in a scope of its own, as in a timed cell."""
        return replace(self, effects=replace(self.effects, binds={}, maybe={}))


def read_statement(
    node: ast.stmt, imports: Mapping[str, str], *, lazy_annotations: bool = False
) -> Statement:
    """The meaning of ``node``, where the names in ``imports`` stand for modules or parts of them."""
    names = _names_in(node)
    known = imports if names & _OPAQUE else names & imports.keys()
    return _read(node, tuple((name, imports[name]) for name in sorted(known)), lazy_annotations)


@lru_cache(_KEPT)
def _names_in(node: ast.stmt) -> frozenset[str]:
    return frozenset(inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name))


@lru_cache(_KEPT)
def _read(node: ast.stmt, known: tuple[tuple[str, str], ...], lazy_annotations: bool) -> Statement:
    if star := star_module(node):
        return Statement(node, Effects(), star=star)
    imports = dict(known)
    effects = effects_of(node, imports, lazy_annotations=lazy_annotations)
    imported = tuple(
        pair
        for inner in ast.walk(node)
        if isinstance(inner, (ast.Import, ast.ImportFrom))
        for pair in imported_names(inner)
    )
    if travels_as_source(node, imports):
        defines = tuple(sorted(names_defined(node)))
        facts = facts_of(node, imports)
        return Statement(node, effects, True, facts, defines, imported=imported)
    stays, which = must_stay(node, imports)
    return Statement(node, effects, stays=stays, staying=frozenset(which), imported=imported)
