"""Which statements travel as source text, and what running them again needs."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mlops_jlab.dataflow import knowledge
from mlops_jlab.dataflow.effects import Effects, FunctionFacts, dotted
from mlops_jlab.dataflow.magics import is_session_line
from mlops_jlab.dataflow.reader import function_reader
from mlops_jlab.dataflow.scopes import local_names
from mlops_jlab.entities.notebooks import Cell

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(eq=False)
class Definition:
    """One binding of one name. ``step`` is empty for setup and parameters.

    A source definition has ``text``; ``needs`` are the definitions that were in force where it
    stands, of the names that running it reads. ``kinds`` are the classes (and functions) of the
    notebook that the value may be, or hold, an instance of.
    """

    name: str
    cell: Cell
    line: int
    order: int
    is_source: bool = False
    text: str = ""
    facts: FunctionFacts | None = None
    is_class: bool = False
    needs: tuple[Definition, ...] = ()
    patches: list[Definition] = field(default_factory=list)
    kinds: frozenset[Definition] = frozenset()
    stays: str = ""
    previous: Definition | None = None
    by_change: bool = False
    was_read: bool = False  # by another step
    is_late: bool = False  # an import that may only be found once sys.path is as it was
    is_plain_function: bool = False  # what its defaults were is handed on with its state

    @property
    def words(self) -> str:
        """What is defined, as people say it."""
        kind, _, name = self.name.partition(":")
        if self.name == "~session":
            return f"line {self.line}"
        return f"the change of {name!r}" if kind == "~patch" else repr(self.name)

    @property
    def step(self) -> str:
        """The step that makes the binding; setup and parameters are in front of every step."""
        return self.cell.step


def travels_as_source(node: ast.stmt, imports: Mapping[str, str]) -> bool:
    """Whether the statement only imports or defines, so that running it again gives the same."""
    if isinstance(node, (ast.Import, ast.ImportFrom, *_FUNCTIONS, ast.ClassDef)):
        return not (isinstance(node, ast.ImportFrom) and node.names[0].name == "*")
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        value = node.value
        if isinstance(value, ast.Lambda):
            return len(node.targets) == 1
        return isinstance(value, ast.Call) and dotted(value.func, imports) in knowledge.MAKES_TYPE
    if type(node).__name__ == "TypeAlias":
        return True
    if isinstance(node, (ast.If, ast.Try)):
        return _only_definitions(node, imports)
    return is_session_line(node)


def _only_definitions(node: ast.If | ast.Try, imports: Mapping[str, str]) -> bool:
    blocks = [node.body, node.orelse]
    if isinstance(node, ast.Try):
        blocks += [node.finalbody, *(handler.body for handler in node.handlers)]
    inside = [statement for block in blocks for statement in block]
    travels = [travels_as_source(statement, imports) for statement in inside]
    return any(travels) and all(
        one or _is_constant(statement) for one, statement in zip(travels, inside, strict=True)
    )


def _is_constant(node: ast.stmt) -> bool:
    if isinstance(node, (ast.Pass, ast.Raise)):
        return True
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def facts_of(node: ast.stmt, imports: Mapping[str, str]) -> FunctionFacts | None:
    """What using the functions and classes that the statement defines may do."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
        return _function_facts(node.value, imports)
    if isinstance(node, _FUNCTIONS):
        return _function_facts(node, imports)
    parts = [facts for inner in _functions_inside(node) if (facts := _function_facts(inner, imports))]
    if not parts:
        return None
    together = Effects()
    for facts in parts:
        _add(together, facts.effects)
    start = next((f for f in _functions_inside(node) if getattr(f, "name", "") == "__init__"), None)
    begun = _function_facts(start, imports) if start is not None else None
    return FunctionFacts(
        together,
        begun.parameters[1:] if begun else (),
        begun.changed_parameters if begun else frozenset(),
    )


def _functions_inside(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _FUNCTIONS):
            yield child
        elif not isinstance(child, ast.expr):
            yield from _functions_inside(child)


def _function_facts(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, imports: Mapping[str, str]
) -> FunctionFacts:
    effects = function_reader(node, imports)
    changed = {name[6:] for name in effects.changes if name.startswith("local:")}
    effects.changes = {n: at for n, at in effects.changes.items() if not n.startswith("local:")}
    arguments = node.args
    parameters = tuple(a.arg for a in [*arguments.posonlyargs, *arguments.args])
    keywords = {a.arg for a in arguments.kwonlyargs}
    return FunctionFacts(effects, parameters, frozenset(changed & ({*parameters} | keywords)))


def _add(total: Effects, more: Effects) -> None:
    for name in ("reads", "soft", "binds", "maybe", "deletes", "changes"):
        getattr(total, name).update(getattr(more, name))
    total.unsure |= more.unsure
    total.mentions |= more.mentions
    total.calls += more.calls
    total.hazards += more.hazards
    total.reads_all |= more.reads_all
    total.writes_any |= more.writes_any
    total.seeds_somehow |= more.seeds_somehow


def names_defined(node: ast.stmt) -> set[str]:
    """The names that a source statement binds."""
    return local_names([node], set())


def must_stay(node: ast.stmt, imports: Mapping[str, str]) -> tuple[str, set[str]]:
    """What surely cannot leave its process, and the names that the statement gives it."""
    if isinstance(node, (ast.With, ast.AsyncWith)):
        value, target = node.items[0].context_expr, node.items[0].optional_vars
        return _what_stays(value, imports), local_names([target], set()) if target else set()
    if isinstance(node, ast.Assign):
        unpacks = isinstance(node.value, ast.GeneratorExp)  # which is used up then
        kept = [t for t in node.targets if not (unpacks and isinstance(t, (ast.Tuple, ast.List)))]
        return _what_stays(node.value, imports), local_names(kept, set())
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return _what_stays(node.value, imports), local_names([node.target], set())
    return "", set()


def _what_stays(value: ast.expr, imports: Mapping[str, str]) -> str:
    if isinstance(value, ast.GeneratorExp):
        return "a generator"
    if isinstance(value, ast.Call):
        name = dotted(value.func, imports) or getattr(value.func, "id", "")
        if isinstance(value.func, ast.Attribute) and value.func.attr == "groupby":
            return "a pandas groupby"
        return knowledge.STAYS.get(name, "")
    if isinstance(value, (ast.List, ast.Tuple, ast.Dict, ast.Set)):
        items = value.values if isinstance(value, ast.Dict) else value.elts
        return "a lambda in a container" if any(isinstance(i, ast.Lambda) for i in items) else ""
    return ""
