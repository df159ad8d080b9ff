"""A step that goes through a list, so that each process of its own can take a piece of it.

What is looked at here is whether one round can know of another. A round that can is refused, with the line
that tells; what no reading shows (a generator that is advanced, a list by another name) is found by comparing
the processes when the step ends.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from mlops_jlab.dataflow.definitions import facts_of
from mlops_jlab.dataflow.effects import Effects, root_of
from mlops_jlab.dataflow.needs import StepNeeds
from mlops_jlab.dataflow.reader import effects_of
from mlops_jlab.entities.findings import Finding, Severity
from mlops_jlab.entities.graphs import Loop
from mlops_jlab.entities.notebooks import Cell, Notebook
from mlops_jlab.notebook.python import Code, parse_cell

_ADDS = frozenset({"append", "extend", "add", "update"})
_PLAIN_MAGICS = frozenset({"time", "track"})
_CURE = "without for_each the step is executed as one"


class _Dependent(Exception):
    """One round may know of another, or the loop is none that can be taken apart."""

    def __init__(self, words: str, hint: str, cell: Cell, line: int = 0) -> None:
        super().__init__(words)
        self.finding = Finding(
            Severity.ERROR, "for-each", words, f"{hint}; {_CURE}", cell.index, cell.id, line
        )


def read_loop(notebook: Notebook, needs: StepNeeds, over: str, outputs: Iterable[str]) -> Loop | Finding:
    """The loop over the list ``over`` that ends the step, or why its rounds cannot be taken apart.

    ``outputs`` are the names that steps below read.
    """
    try:
        return _Reading(notebook, needs, over).loop(frozenset(outputs))
    except _Dependent as dependent:
        return dependent.finding


class _Reading:
    def __init__(self, notebook: Notebook, needs: StepNeeds, over: str) -> None:
        self._notebook = notebook
        self._needs = needs
        self._over = over
        self._cell = needs.cells[-1]
        self._code = parse_cell(self._cell.source)

    def loop(self, outputs: frozenset[str]) -> Loop:
        node = self._find()
        rounds = _sequence([node.target, *node.body])
        collects = _collections(node) - rounds.binds.keys() - rounds.maybe.keys()
        self._check_rounds(node, rounds, collects)
        self._check_functions(collects)
        sometimes = sorted((rounds.maybe.keys() | rounds.deletes.keys()) & outputs - rounds.binds.keys())
        if sometimes:
            name = sometimes[0]
            raise self._no(
                f"{name!r} is set in some rounds only, and a step below reads it",
                "collect it in a list or dictionary, and choose in a step below", node,
            )  # fmt: skip
        return Loop(self._over, tuple(sorted(collects)), tuple(sorted(rounds.binds)))

    def _no(self, words: str, hint: str, node: ast.AST | None = None) -> _Dependent:
        line = self._code.line(node) if node is not None else 0
        return _Dependent(f"step {self._needs.name!r}: {words}", hint, self._cell, line)

    def _find(self) -> ast.For:
        over, cell = self._over, self._cell
        if over not in self._needs.inputs:
            raise self._no(
                f"for_each names {over!r}, which no step above hands to it",
                "name a list that an earlier step makes",
            )
        body = self._code.tree.body
        node = body[-1] if body else None
        if not (isinstance(node, ast.For) and _is_name(node.iter, over)):
            raise self._no(
                f"its last statement is not 'for ... in {over}:'",
                "end the step with the loop, and put what follows into a step below", node,
            )  # fmt: skip
        if self._needs.reads_all or self._needs.writes_any:
            raise self._no("it may look at any name", "leave eval, exec and the like out", node)
        strange = [m.name for m in self._code.magics if m.name not in _PLAIN_MAGICS]
        if strange:
            raise self._no(f"the loop stands in a cell of %%{strange[0]}", "take the magic away", node)
        if node.orelse or any(_leaves(node.body)):
            where = next(_leaves(node.body), node.orelse[0] if node.orelse else node)
            raise self._no("the loop may end before the list does", "go through the whole list", where)
        uses = [inner for code in self._codes() for inner in _names(code.tree, over)]
        if len(uses) > 1:
            other = next(inner for inner in uses if inner is not node.iter)
            inside = any(inner is other for inner in ast.walk(self._code.tree))
            raise self._no(
                f"{over!r} is used beside the loop (cell {cell.index + 1})",
                "go through it in the loop only, by its name alone", other if inside else None,
            )  # fmt: skip
        return node

    def _codes(self) -> Iterator[Code]:
        yield from (parse_cell(cell.source) for cell in self._needs.cells[:-1])
        yield self._code

    def _check_rounds(self, node: ast.For, rounds: Effects, collects: frozenset[str]) -> None:
        bound = rounds.binds.keys() | rounds.maybe.keys()
        for name, line in {**rounds.soft, **rounds.reads}.items():
            if name in bound:
                raise self._no(
                    f"a round may read {name!r} as the round before has left it (line {line})",
                    "collect in a list or dictionary, and reckon in a step below", node,
                )  # fmt: skip
        for inner in ast.walk(node):
            root = root_of(inner) if isinstance(inner, (ast.Attribute, ast.Subscript)) else None
            stored = root and isinstance(inner.ctx, (ast.Store, ast.Del))  # type: ignore[attr-defined]
            if stored and root not in bound | collects:
                raise self._no(
                    f"a round changes {root!r}, which the next one may look at",
                    "use it for nothing else in the loop, or give each round its own", inner,
                )  # fmt: skip
            if isinstance(inner, (ast.Global, ast.Nonlocal)):
                raise self._no("a function in the loop changes names outside", "return the value", inner)

    def _check_functions(self, collects: frozenset[str]) -> None:
        """Functions of the notebook must not look at what is collected, nor at the list."""
        hidden = {*collects, self._over}
        for cell in self._notebook.tagged:
            for node in ast.walk(parse_cell(cell.source).tree):
                found = sorted(hidden & _looked_at_inside(node))
                if found:
                    raise self._no(
                        f"{found[0]!r} is looked at by a function (cell {cell.index + 1})",
                        "give the function what it needs as an argument",
                    )


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _names(tree: ast.AST, name: str) -> Iterator[ast.AST]:
    return (node for node in ast.walk(tree) if _is_name(node, name))


def _looked_at_inside(node: ast.AST) -> set[str]:
    """The names outside that a function, lambda or class looks at when it is used."""
    if isinstance(node, ast.Lambda):
        return effects_of(node, {}).used()
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        facts = facts_of(node, {})
        return facts.effects.used() if facts is not None else set()
    return set()


def _leaves(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that end the loop around ``body``."""
    for node in body:
        if isinstance(node, ast.Break):
            yield node
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            yield from _leaves(node.orelse)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for part in ("body", "orelse", "finalbody"):
                yield from _leaves(getattr(node, part, ()))
            for handler in [*getattr(node, "handlers", ()), *getattr(node, "cases", ())]:
                yield from _leaves(handler.body)


def _sequence(nodes: Iterable[ast.expr | ast.stmt]) -> Effects:
    """What one round does: names that are read before the round binds them, and names that it binds.

    What follows a statement that may go on to the next round is bound in some rounds only.
    """
    whole = Effects()
    sure = True
    for node in nodes:
        one = effects_of(node, {})
        for name, line in one.reads.items():
            if name not in whole.binds:
                whole.reads.setdefault(name, line)
        for name, line in one.soft.items():
            if name not in whole.binds and name not in one.binds:
                whole.soft.setdefault(name, line)
        (whole.binds if sure else whole.maybe).update(one.binds)
        whole.maybe.update(one.maybe)
        whole.deletes.update(one.deletes)
        for name in one.deletes:
            whole.binds.pop(name, None)
        sure = sure and not any(isinstance(inner, ast.Continue) for inner in ast.walk(node))
    for name in whole.binds:
        whole.maybe.pop(name, None)
    return whole


def _collections(loop: ast.For) -> frozenset[str]:
    """The names that the loop does nothing with but add to them."""
    added: set[str] = set()
    fine: set[int] = set()
    for node in ast.walk(loop):
        target: ast.expr | None = None
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            function = node.value.func
            if isinstance(function, ast.Attribute) and function.attr in _ADDS:
                target = function.value
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            if isinstance(node.targets[0], ast.Subscript):
                target = node.targets[0].value
        if isinstance(target, ast.Name):
            added.add(target.id)
            fine.add(id(target))
    for node in ast.walk(loop):
        if isinstance(node, ast.Name) and node.id in added and id(node) not in fine:
            added.discard(node.id)
    return frozenset(added)
