"""One statement → its :class:`Effects`, by walking its syntax tree with Python's own scopes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from mlops_jlab.dataflow import calls, knowledge, paths
from mlops_jlab.dataflow.effects import SUBCLASSES, Effects, dotted, iterated_names, root_of, shared_names
from mlops_jlab.dataflow.ledger import Ledger
from mlops_jlab.dataflow.namespaces import SESSION, holds_any_name, is_session
from mlops_jlab.dataflow.scopes import imported_names, local_names, pattern_names

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def effects_of(
    node: ast.stmt | ast.expr, imports: Mapping[str, str], *, lazy_annotations: bool = False
) -> Effects:
    """What running ``node`` at the top level of a cell does.

    ``imports`` maps the names that are bound to modules, or to what was imported from them, to
    their full names. ``lazy_annotations`` are not evaluated (``from __future__ import``).
    """
    reader = Reader(imports)
    reader.lazy_annotations = lazy_annotations or _asks_for_lazy(node)
    reader.visit(node)
    return reader.finish()


class Reader(Ledger, ast.NodeVisitor):
    """Walks one statement in the order in which Python evaluates it."""

    def visit(self, node: ast.AST) -> None:
        """Goes through ``node``; what holds the notebook's names may change each of them."""
        if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and holds_any_name(node, self.imports):
            calls.note_any_name(self, node)
        super().visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.read(node.id, node.lineno)
            self.out.mentions.add(node.id)
        elif isinstance(node.ctx, ast.Store):
            self.bind(node.id, node.lineno)
        else:
            self.read(node.id, node.lineno)
            self.bound.discard(node.id)
            if not self.is_local(node.id):
                gone = self.out.maybe if self.unsure else self.out.deletes
                gone.setdefault(node.id, node.lineno)

    def _store_into(self, node: ast.Attribute | ast.Subscript) -> None:
        """An attribute or item of something is set or deleted."""
        self.visit(node.value)
        if isinstance(node, ast.Subscript):
            self.visit(node.slice)
        name = dotted(node if isinstance(node, ast.Attribute) else node.value, self.imports)
        hidden = knowledge.changes_setting(name)
        root = root_of(node)
        if hidden:
            self.change(hidden, node.lineno)
        elif root:
            self.change(root, node.lineno)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Load):
            self.visit(node.value)
            if node.attr == "__subclasses__":
                self.read(SUBCLASSES, node.lineno)
        else:
            self._store_into(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Load):
            self.generic_visit(node)
        else:
            self._store_into(node)

    # Assignments

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)
            self._alias_targets(target, node.value)
            if isinstance(target, ast.Name) and is_session(node.value):
                self.imports[target.id] = SESSION
        if len(node.targets) > 1:
            first = shared_names(node.targets[0])
            for target in node.targets[1:]:
                for name in shared_names(target):
                    self.alias(name, first)

    def _alias_targets(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
                for one, other in zip(target.elts, value.elts, strict=True):
                    self._alias_targets(one, other)
                return
            together = calls.unpacks_one_thing(value)
            sources = shared_names(value) | (shared_names(target) if together else set())
        else:
            sources = shared_names(value) | calls.handed_through(value)
        for name in shared_names(target):
            self.alias(name, sources)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.read(node.target.id, node.lineno)
            self.visit(node.value)
            self.change(node.target.id, node.lineno)
            self.bind(node.target.id, node.lineno)
        else:
            self.visit(node.value)
            self.visit(node.target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if not self.deferred and not self.lazy_annotations:
            self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)
            self._alias_targets(node.target, node.value)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.visit(node.target)
        self._alias_targets(node.target, node.value)

    # Control flow

    def _block(self, body: list[ast.stmt], *, runs: bool = False) -> set[str]:
        with self.perhaps(runs=runs) as new:
            self._until_left(body)
        return new

    def _until_left(self, body: list[ast.stmt]) -> None:
        """What follows a statement that may leave the loop, or end its round, runs perhaps."""
        left = 0
        for statement in body:
            self.visit(statement)
            if not left and paths.may_leave(statement):
                left = 1
                self.unsure += 1
        self.unsure -= left

    def visit_If(self, node: ast.If | ast.IfExp) -> None:
        self.visit(node.test)
        if isinstance(node, ast.IfExp):
            with self.perhaps() as first:
                self.visit(node.body)
            with self.perhaps() as second:
                self.visit(node.orelse)
        else:
            first = self._block(node.body, runs=paths.is_constant(node.test, True))
            second = self._block(node.orelse, runs=paths.is_constant(node.test, False))
        self.bound |= first & second

    visit_IfExp = visit_If

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        with self.perhaps():
            for value in node.values[1:]:
                self.visit(value)

    def visit_Compare(self, node: ast.Compare) -> None:
        self.visit(node.left)
        self.visit(node.comparators[0])
        with self.perhaps():
            for value in node.comparators[1:]:
                self.visit(value)

    def visit_Assert(self, node: ast.Assert) -> None:
        self.visit(node.test)
        if node.msg is not None:
            with self.perhaps():
                self.visit(node.msg)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        with self.perhaps(runs=paths.holds_something(node.iter)):
            self.visit(node.target)
            for name in shared_names(node.target):
                self.alias(name, iterated_names(node.iter))
            self._until_left(node.body)
        self._block(node.orelse)

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._block(node.body, runs=paths.is_constant(node.test, True))
        self._block(node.orelse)

    def visit_Try(self, node: ast.Try) -> None:
        guards = any(paths.catches_name_error(handler) for handler in node.handlers)
        self.guarded += guards
        with self.perhaps(runs=True) as tried:
            self.visit(node.body[0])
            self.unsure += 1
            for statement in [*node.body[1:], *node.orelse]:
                self.visit(statement)
            self.unsure -= 1
        self.guarded -= guards
        ends = [self._block_of_handler(handler) for handler in node.handlers]
        self.bound |= tried.intersection(*ends) if ends else tried
        for statement in node.finalbody:
            self.visit(statement)

    visit_TryStar = visit_Try  # type: ignore[assignment]  # the same fields

    def _block_of_handler(self, handler: ast.ExceptHandler) -> set[str]:
        with self.perhaps() as new:
            if handler.type is not None:
                self.visit(handler.type)
            if handler.name:
                self.bind(handler.name, handler.lineno)
            for statement in handler.body:
                self.visit(statement)
            if handler.name and not self.is_local(handler.name):
                self.bound.discard(handler.name)
        if handler.name:
            self.stored.pop(handler.name, None)
        raises = bool(handler.body) and isinstance(handler.body[-1], ast.Raise)
        return self.bound | new | set(self.stored) if raises else new

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        before, guarded = len(self.restored), self.guarded
        for item in node.items:
            self.visit(item.context_expr)
            manager = item.context_expr
            self.guarded += paths.swallows_name_error(manager)
            name = dotted(manager.func if isinstance(manager, ast.Call) else manager, self.imports)
            if name in knowledge.SCOPED:
                self.restored.append(knowledge.SCOPED[name])
            if item.optional_vars is not None:
                self.visit(item.optional_vars)
                self._alias_targets(item.optional_vars, manager)
        for statement in node.body:
            self.visit(statement)
        del self.restored[before:]
        self.guarded = guarded

    visit_AsyncWith = visit_With

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        for case in node.cases:
            with self.perhaps():
                for value in ast.walk(case.pattern):
                    if isinstance(value, ast.expr) and not isinstance(value, ast.Constant):
                        self.visit(value)
                for name in pattern_names(case.pattern):
                    self.bind(name, case.pattern.lineno)
                    self.alias(name, shared_names(node.subject))
                if case.guard is not None:
                    self.visit(case.guard)
                for statement in case.body:
                    self.visit(statement)

    # Imports, declarations and scopes of their own

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for name, full in imported_names(node):
            self.bind(name, node.lineno)
            self.imports[name] = full
            self.read(f"~file:{full.split('.')[0]}.py", node.lineno, soft=True)

    visit_ImportFrom = visit_Import

    def visit_Global(self, node: ast.Global) -> None:
        self.globals_declared.update(node.names)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        self._read_signature(node.args)
        if node.returns is not None and not self.lazy_annotations:
            self.visit(node.returns)
        self._inside(node)
        self.bind(node.name, node.lineno)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._read_signature(node.args)
        self._inside(node)

    def _read_signature(self, arguments: ast.arguments) -> None:
        for default in [*arguments.defaults, *(d for d in arguments.kw_defaults if d)]:
            self.visit(default)
        for argument in ast.walk(arguments) if not self.lazy_annotations else ():
            if isinstance(argument, ast.arg) and argument.annotation is not None:
                self.visit(argument.annotation)

    def _inside(self, node: Function) -> None:
        inner = function_reader(node, self.imports, self.scopes)
        if isinstance(node, ast.Lambda) or self.deferred:
            self._merge(inner)

    def _merge(self, inner: Effects) -> None:
        """A lambda or nested scope may run at once: take its effects over, as possible ones."""
        for name, line in {**inner.reads, **inner.soft}.items():
            self.read(name, line, soft=True)
        for name, line in inner.changes.items():
            if not name.startswith("local:"):
                self.change(name, line)
        for name, line in {**inner.binds, **inner.maybe}.items():
            self.stored.setdefault(name, line)
        self.out.mentions |= inner.mentions
        self.out.calls += inner.calls
        self.out.hazards += inner.hazards
        self.out.reads_all |= inner.reads_all
        self.out.writes_any |= inner.writes_any
        self.out.seeds_somehow |= inner.seeds_somehow

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in [*node.decorator_list, *node.bases, *(k.value for k in node.keywords)]:
            self.visit(part)
        body = Reader(self.imports, (*self.scopes, frozenset()), deferred=self.deferred)
        body.lazy_annotations = self.lazy_annotations
        own: set[str] = set()
        for statement in node.body:
            body.scopes = (*self.scopes, frozenset(own))
            body.visit(statement)
            own |= local_names([statement], set())
        self._merge_class(body.out)
        self.bind(node.name, node.lineno)

    def _merge_class(self, inner: Effects) -> None:
        for name, line in inner.reads.items():
            self.unsure += name in inner.unsure
            self.read(name, line)
            self.unsure -= name in inner.unsure
        for name, line in inner.soft.items():
            self.read(name, line, soft=True)
        for name, line in inner.changes.items():
            self.change(name, line)
        self.out.calls += inner.calls
        self.out.hazards += inner.hazards

    def _comprehend(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        self.visit(node.generators[0].iter)
        names = frozenset(local_names([part.target for part in node.generators], set()))
        outer, self.scopes = self.scopes, (*self.scopes, names)
        elements = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        sure = isinstance(node, ast.GeneratorExp) or any(part.ifs for part in node.generators)
        sure = not sure and all(paths.holds_something(part.iter) for part in node.generators)
        with self.perhaps(runs=sure):
            for place, part in enumerate(node.generators):
                for name in names:
                    self.alias(name, iterated_names(part.iter))
                for inner in [*([part.iter] if place else []), *part.ifs]:
                    self.visit(inner)
            for element in elements:
                self.visit(element)
        self.scopes = outer

    def enclosed(self, body: Iterable[ast.stmt]) -> None:
        """Goes through statements that run in a scope of their own, as those that are timed do."""
        body = list(body)
        outer, self.scopes = self.scopes, (*self.scopes, frozenset(local_names(body, self.globals_declared)))
        for statement in body:
            self.visit(statement)
        self.scopes = outer

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehend

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name):
            self.read(node.func.id, node.lineno)
        else:
            self.visit(node.func)
        for argument in node.args:
            self.visit(argument)
        for keyword in node.keywords:
            self.visit(keyword.value)
        calls.note_call(self, node)


def function_reader(
    node: Function, imports: Mapping[str, str], scopes: tuple[frozenset[str], ...] = ()
) -> Effects:
    """The effects of calling a function: every name in its body that is the notebook's."""
    declared: set[str] = set()
    body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
    own = local_names([node.args, *body], declared)
    reader = Reader(imports, (*scopes, frozenset(own)), deferred=True)
    reader.globals_declared = declared
    for part in body:
        reader.visit(part)
    return reader.finish()


def _asks_for_lazy(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
