"""What statements do to objects and names, as far as it can be proved; the rest is given up on.

Every statement of the notebook is gone through in document order, functions at each call, with
values of :mod:`~mlops_jlab.dataflow.values`. Whatever is not known to touch its own objects and
arguments alone makes its cell one that nothing may run beside.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from mlops_jlab.dataflow.evaluation import harmless
from mlops_jlab.dataflow.evaluation.expressions import Expressions
from mlops_jlab.dataflow.evaluation.state import Trace
from mlops_jlab.dataflow.evaluation.values import CONSTANT, UNKNOWN, Frame, Kind, Value
from mlops_jlab.dataflow.scopes import imported_names, local_names

_DEPTH = 12  # of calls


class Evaluator(Expressions):
    """Goes through the cells, and leaves a :class:`Trace` of each."""

    def __init__(self, declared: Iterable[str], is_own: Callable[[str], bool]) -> None:
        """``declared`` names are bound by functions; ``is_own`` knows modules that are not installed."""
        super().__init__(declared)
        self._is_own = is_own
        self._active: list[ast.AST] = []
        self._last = CONSTANT

    def cell(self, place: object, body: list[ast.stmt]) -> Trace:
        """What running the statements at a place of the notebook does."""
        self.trace, self.place = Trace(), place
        for node in body:
            try:
                self._statement(node)
            except RecursionError:
                self.frame, self._perhaps, self._active = None, 0, []
                self._unread(node)
                self.forget_everything()
        if body and isinstance(body[-1], ast.Expr):
            self._shown(self._last)
        return self.trace

    def _block(self, body: Iterable[ast.stmt]) -> None:
        for node in body:
            self._statement(node)

    def _statement(self, node: ast.stmt) -> None:
        if not self.spend():
            self._unread(node)
            return
        match node:
            case ast.Expr(value=value):
                self._last = self.value(value)
                if self.frame is None:
                    self.settled(self._last)
            case ast.Assign(targets=targets, value=value):
                self.assign(targets, self.split(targets[0], value))
            case ast.AnnAssign(target=target, value=value):
                self._annotated(node, target, value)
            case ast.AugAssign():
                self._augmented(node)
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case ast.FunctionDef():
                self._define(node)
            case ast.Return(value=value) if self.frame is not None:
                self.frame.returned.append(self.value(value) if value is not None else CONSTANT)
            case ast.Delete(targets=targets):
                self._delete(targets)
            case ast.Pass() | ast.Break() | ast.Continue():
                pass
            case ast.Assert(test=test, msg=message):
                self.plain(test, message)
            case ast.Raise(exc=error, cause=cause):
                self.plain(error, cause)
            case _:
                self._compound(node)

    def _compound(self, node: ast.stmt) -> None:
        match node:
            case ast.If(test=test, body=body, orelse=rest):
                self.plain(test)
                with self.maybe():
                    self._block([*body, *rest])
            case ast.For(target=target, iter=source, body=body, orelse=rest):
                items = self.item(self.value(source))

                def once() -> None:
                    self.assign([target], [items])
                    self._block([*body, *rest])

                self.rounds(once)
            case ast.While(test=test, body=body, orelse=rest):

                def again() -> None:
                    self.plain(test)
                    self._block([*body, *rest])

                self.rounds(again)
            case ast.Try(body=body, handlers=handlers, orelse=rest, finalbody=final):
                with self.maybe():
                    self._block([*body, *rest])
                    for handler in handlers:
                        self.plain(handler.type)
                        if handler.name:
                            self.bind(handler.name, self.new(handler))
                        self._block(handler.body)
                    self._block(final)
            case ast.With(items=items, body=body):
                for item in items:
                    manager = self.value(item.context_expr)
                    self.give_up("a with statement")
                    if item.optional_vars is not None:
                        self.assign(
                            [item.optional_vars], [manager if manager.kind is Kind.FOREIGN else UNKNOWN]
                        )
                self._block(body)
            case _:
                self._unread(node)

    def _unread(self, node: ast.stmt) -> None:
        """A statement that is not gone through: what it looks at and binds may be anything."""
        self.give_up(f"a statement that is not followed ({type(node).__name__})")
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
                value = self.lookup(inner.id)
                self.objects.doubt(self.objects.within(value.objects))
        for name in local_names([node], set()):
            self.bind(name, UNKNOWN)

    def _shown(self, value: Value) -> None:
        """scikit-learn numbers the pictures of its estimators."""
        if self.objects.within(value.objects) & self.objects.models:
            self.give_up("an estimator that is displayed")

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        else:
            modules = ["." if node.level else node.module or ""]
        own = any(not m.strip(".") or self._is_own(m.partition(".")[0]) for m in modules)
        quiet = not own and all(map(harmless.imports_quietly, modules))
        if not quiet:
            self.give_up(f"an import of {modules[0]}")
        for name, full in imported_names(node):
            value = UNKNOWN if own else Value(Kind.LIBRARY, full=full)
            if quiet and self.frame is None and self.names.get(name) == value:
                continue  # it stands for this already
            is_first = name not in self.trace.writes | self.trace.uses
            self.bind(name, value)
            again = self.trace.imported.get(name) == full
            if quiet and (is_first or again) and self.frame is None and not self._perhaps:
                self.trace.imported[name] = full

    def _annotated(self, node: ast.AnnAssign, target: ast.expr, value: ast.expr | None) -> None:
        if self.frame is None:
            self.plain(node.annotation)
        if value is not None:
            found = self.value(value)
            plain = isinstance(node.annotation, ast.Name) and node.annotation.id == "int"
            self.store(target, found if plain or not found.is_number else CONSTANT)

    def _augmented(self, node: ast.AugAssign) -> None:
        value = self.settled(self.value(node.value))
        old = self.settled(self.value(_loaded(node.target)))
        self.put_into(old, value)
        made = self.new(node, holds=value.objects)
        result = Value(Kind.PLAIN if old.kind is Kind.PLAIN else Kind.UNKNOWN, old.objects | made.objects)
        if isinstance(node.target, ast.Name):
            self.bind(node.target.id, result)
        else:
            self.store(node.target, result)

    def _delete(self, targets: list[ast.expr]) -> None:
        for target in targets:
            if isinstance(target, ast.Name):
                names = self.names if self.frame is None else self.frame.names
                names[target.id] = UNKNOWN
                if self.frame is None:
                    self.trace.writes.add(target.id)
            elif isinstance(target, ast.Subscript):
                self.change(self.settled(self.value(target.value)).objects)
            else:
                self.give_up("something that is deleted")

    def _define(self, node: ast.FunctionDef) -> None:
        if node.decorator_list:
            self._unread(node)
            return
        if self.frame is None:
            self.plain(node.returns, *(a.annotation for a in ast.walk(node.args) if isinstance(a, ast.arg)))
        self.bind(node.name, self.function(node))

    def run(self, node: ast.AST, value: Value, names: dict[str, Value]) -> Value:
        """What calling a function of the notebook gives, with these arguments."""
        function = value.function
        if function is None:
            return self.give_up("a call that is not followed")
        body = function.node
        if body in self._active or len(self._active) >= _DEPTH:
            return self.give_up("a function that calls itself")
        if any(isinstance(n, (ast.Yield, ast.YieldFrom, ast.Await)) for n in ast.walk(body)):
            return self.give_up("a generator")
        self._active.append(body)
        before = self.frame, self.place
        self.frame, self.place = Frame(function.frame, names), (before[1], node)
        frame = self.frame
        if isinstance(body, ast.Lambda):
            frame.returned.append(self.value(body.body))
        else:
            self._block(body.body)
        self.frame, self.place = before
        self._active.pop()
        result = frame.returned[0] if frame.returned else CONSTANT
        for other in frame.returned[1:]:
            result = result.joined(other)
        return result


def _loaded(target: ast.expr) -> ast.expr:
    """The target of an augmented assignment, as it is read."""
    match target:
        case ast.Name(id=name):
            return ast.copy_location(ast.Name(name, ast.Load()), target)
        case _:
            return target
