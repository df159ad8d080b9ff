"""All that can be said of one statement without its neighbours, said once.

Nothing here depends on what stands above, save which names are modules. A notebook that is read
again after a change of one cell therefore takes what it knows of the other cells from here.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mlops_jlab.dataflow.definitions import facts_of, must_stay, names_defined, travels_as_source
from mlops_jlab.dataflow.effects import Effects, FunctionFacts
from mlops_jlab.dataflow.namespaces import SESSION, is_session
from mlops_jlab.dataflow.reader import Reader, effects_of
from mlops_jlab.dataflow.scopes import imported_names, local_names
from mlops_jlab.dataflow.session import looks_in
from mlops_jlab.dataflow.stars import star_module

_KEPT = 8_192  # statements: some notebooks of 1,000 cells
_REGISTERING = frozenset(
    {"register_dataframe_accessor", "register_series_accessor", "register_index_accessor",
     "register_extension_dtype"}
)  # fmt: skip
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

    @property
    def is_import(self) -> bool:
        """Whether it is an import."""
        return isinstance(self.node, (ast.Import, ast.ImportFrom))

    @property
    def registers(self) -> bool:
        """Whether it makes something known to pandas: by an attribute, or a name in a text, from then on."""
        given = getattr(self.node, "decorator_list", ())
        calls = (one.func if isinstance(one, ast.Call) else one for one in given)
        return any(getattr(f, "attr", getattr(f, "id", "")) in _REGISTERING for f in calls)


def read_enclosed(body: Sequence[ast.stmt], imports: Mapping[str, str]) -> Statement:
    """Statements that run in a scope of their own, as in a timed cell: what they bind is theirs."""
    reader = Reader(imports)
    reader.enclosed(body)
    return Statement(None, reader.finish())


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
    try:
        return _read_closely(node, dict(known), lazy_annotations)
    except RecursionError:  # an expression of a thousand terms, a chain of a thousand elifs
        return _read_flatly(node)


def _read_flatly(node: ast.stmt) -> Statement:
    """A statement that is too deep to be gone through: any name in it may be read, changed, or bound."""
    names = [inner for inner in ast.walk(node) if isinstance(inner, ast.Name)]
    loaded = {n.id: n.lineno for n in names if isinstance(n.ctx, ast.Load)}
    bound = dict.fromkeys(sorted(local_names([node], set())), node.lineno)
    effects = Effects(soft=loaded, changes=dict(loaded), maybe=bound, mentions=set(loaded))
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return Statement(node, effects)
    facts = FunctionFacts(effects)
    return Statement(node, Effects(soft=loaded, binds={node.name: node.lineno}), True, facts, (node.name,))


def _read_closely(node: ast.stmt, imports: dict[str, str], lazy_annotations: bool) -> Statement:
    effects = effects_of(node, imports, lazy_annotations=lazy_annotations)
    imported = tuple(
        pair
        for inner in ast.walk(node)
        if isinstance(inner, (ast.Import, ast.ImportFrom))
        for pair in imported_names(inner)
    )
    if isinstance(node, ast.Assign) and is_session(node.value):
        imported += tuple((target.id, SESSION) for target in node.targets if isinstance(target, ast.Name))
    if travels_as_source(node, imports):
        defines = tuple(sorted(names_defined(node)))
        facts = facts_of(node, imports)
        if facts is not None:
            facts.effects.looks = looks_in(node, imports)
        return Statement(node, effects, True, facts, defines, imported=imported)
    stays, which = must_stay(node, imports)
    effects.looks = looks_in(node, imports)
    return Statement(node, effects, stays=stays, staying=frozenset(which), imported=imported)
