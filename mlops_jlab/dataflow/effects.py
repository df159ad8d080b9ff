"""The effects of a piece of code on the notebook's namespace, and on what lies outside it.

Names that begin with ``~`` are hidden variables: ``~numpy.random`` is a global generator,
``~file:x.csv`` a file, ``~shell`` whatever a shell line may touch, ``~subclasses`` what classes know of
those below them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

SUBCLASSES = "~subclasses"


@dataclass(frozen=True)
class Hazard:
    """Something that reading cannot see through."""

    code: str
    line: int
    message: str
    hint: str


@dataclass(frozen=True)
class Look:
    """One look at what the session keeps, or at its list of names.

    One ``beyond_source`` sees more than reading tells only below a cell that may bind names unseen.
    """

    what: str
    line: int
    beyond_source: bool = False


@dataclass(frozen=True)
class Call:
    """A call of something by its plain name; ``arguments`` are the names that go in."""

    function: str
    positional: tuple[str, ...]
    keywords: tuple[tuple[str, str], ...]
    line: int


@dataclass
class Effects:
    """What one statement does. Each mapping goes from a name to the line where it happens first.

    ``reads`` are needed before the statement runs, those that are ``unsure`` only on some paths; ``soft``
    reads may never happen (a function's body, a guarded name). ``binds`` surely happen, ``maybe`` perhaps.
    ``changes`` are in place.
    """

    reads: dict[str, int] = field(default_factory=dict)
    soft: dict[str, int] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    binds: dict[str, int] = field(default_factory=dict)
    maybe: dict[str, int] = field(default_factory=dict)
    deletes: dict[str, int] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    mentions: set[str] = field(default_factory=set)  # read, and not only to be called
    aliases: list[tuple[str, str]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    hazards: list[Hazard] = field(default_factory=list)
    looks: tuple[Look, ...] = ()
    reads_all: bool = False
    writes_any: bool = False
    resets: bool = False  # every name is gone afterwards
    seeds_somehow: bool = False

    def used(self) -> set[str]:
        """Every name that the statement may look at."""
        return set(self.reads) | set(self.soft) | set(self.changes)

    def written(self) -> set[str]:
        """Every name that the statement may bind, delete or change."""
        return set(self.binds) | set(self.maybe) | set(self.changes) | set(self.deletes)


@dataclass
class FunctionFacts:
    """What calling a function (or using a class) of the notebook may do."""

    effects: Effects
    parameters: tuple[str, ...] = ()
    changed_parameters: frozenset[str] = frozenset()

    def changed_arguments(self, call: Call) -> Iterable[str]:
        """The names in ``call`` whose objects the function changes in place."""
        for place, name in enumerate(call.positional):
            if name and place < len(self.parameters):
                if self.parameters[place] in self.changed_parameters:
                    yield name
        for keyword, name in call.keywords:
            if name and keyword in self.changed_parameters:
                yield name


def root_of(node: ast.expr) -> str:
    """The plain name that an attribute, item or method chain starts from, or nothing."""
    while True:
        if isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
            node = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            node = node.func.value
        elif isinstance(node, ast.Await):
            node = node.value
        else:
            return node.id if isinstance(node, ast.Name) else ""


def dotted(node: ast.expr, imports: Mapping[str, str]) -> str:
    """The full name of something imported, such as ``numpy.random.seed``, or nothing."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in imports:
        return ""
    return ".".join([imports[node.id], *reversed(parts)])


def shared_names(node: ast.expr | None) -> set[str]:
    """The names whose objects may be part of the value of ``node``: ``[a, b.c, d[0]]`` → a, b, d."""
    if node is None:
        return set()
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Starred)):
        name = root_of(node)
        return {name} if name else set()
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return {name for item in node.elts for name in shared_names(item)}
    if isinstance(node, ast.Dict):
        return {name for item in node.values for name in shared_names(item)}
    if isinstance(node, ast.IfExp):
        return shared_names(node.body) | shared_names(node.orelse)
    if isinstance(node, ast.BoolOp):
        return {name for item in node.values for name in shared_names(item)}
    if isinstance(node, (ast.NamedExpr, ast.Await)):
        return shared_names(node.value)
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
        sources = {name for part in node.generators for name in iterated_names(part.iter)}
        return sources | shared_names(node.elt)
    return set()


_PASSING = {"enumerate", "zip", "reversed", "sorted", "iter", "list", "tuple", "dict", "set",
            "items", "values", "copy", "partial", "filter", "chain", "vars"}  # fmt: skip


def iterated_names(node: ast.expr) -> set[str]:
    """The names whose items a loop over ``node`` hands out."""
    if isinstance(node, ast.Call):
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if name not in _PASSING:
            return set()
        inside = {found for argument in node.args for found in iterated_names(argument)}
        return inside | ({root_of(function)} - {""} if isinstance(function, ast.Attribute) else set())
    return shared_names(node)
