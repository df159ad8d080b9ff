"""What a call does to objects: of a library's function, of a method, of a function of the notebook."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_jlab.dataflow.evaluation import harmless
from mlops_jlab.dataflow.evaluation.state import State
from mlops_jlab.dataflow.evaluation.values import Kind, Value


@dataclass(frozen=True)
class Argument:
    """What is given to a call; ``word`` is its keyword, ``*`` or ``**``, or empty."""

    word: str
    value: Value
    node: ast.expr


class Calls(State):
    """The part of the evaluator that knows what calls do."""

    def value(self, node: ast.expr) -> Value:
        """What the expression gives, after all that working it out does."""
        raise NotImplementedError

    def run(self, node: ast.AST, value: Value, names: dict[str, Value]) -> Value:
        """What calling a function of the notebook gives, with these arguments."""
        raise NotImplementedError

    def call(self, node: ast.Call, arguments: Sequence[Argument]) -> Value:
        """What the call gives."""
        func = node.func
        if isinstance(func, ast.Attribute):
            base = self.value(func.value)
            if base.kind is Kind.LIBRARY:
                return self._library(node, f"{base.full}.{func.attr}", arguments)
            return self._method(node, base, func.attr, arguments)
        target = self.value(func)
        if target.kind is Kind.LIBRARY:
            return self._library(node, target.full, arguments)
        names = _bound(self, node, target, arguments)
        if names is not None:
            return self.run(node, target, names)
        return self._unknown(node, [target], arguments, "a call of something that is not known")

    def _library(self, node: ast.Call, full: str, arguments: Sequence[Argument]) -> Value:
        words = {a.word: a for a in arguments}
        last = full.rpartition(".")[2]
        if full in harmless.READS_FILES:
            self._given(node, last, None, arguments)
            self.give_up("a file that is read")
            return self.new(node)
        if not _is_quiet(full, words, arguments):
            if full in ("builtins.setattr", "builtins.delattr"):
                self.patched(arguments)
            return self._unknown(node, [], arguments, f"a call of {full.removeprefix('builtins.')}")
        given = self._given(node, last, None, arguments)
        if given is None:
            return self._unknown(node, [], arguments, f"what is given to {last}")
        if full == "builtins.display" and self.objects.within(given) & self.objects.models:
            self.give_up("an estimator that is displayed")
        return self._made(node, full, given)

    def _made(self, node: ast.Call, full: str, given: frozenset[int]) -> Value:
        """What a known function of a library gives."""
        if not harmless.keeps_arguments(full):
            made = self.new(node)
            return Value(Kind.PLAIN, made.objects, fresh_parts=True)
        inside = self.objects.within(given)
        made = self.new(node, holds=inside)
        if harmless.is_model(full):
            self.objects.models |= made.objects
        if harmless.is_iterator(full):
            self.objects.iterators |= made.objects
        return made if harmless.wraps(full) else Value(Kind.PLAIN, made.objects | inside)

    def _given(
        self, node: ast.Call, word: str, base: Value | None, arguments: Sequence[Argument]
    ) -> frozenset[int] | None:
        """The objects that go into a known call, functions being called; None if some are strange."""
        plain: list[Value] = [] if base is None else [base]
        functions: list[Value] = []
        for argument in arguments:
            if argument.value.kind is Kind.FUNCTION and word in harmless.CALLS_AT_ONCE:
                functions.append(argument.value)
            else:
                plain.append(self.settled(argument.value))
        if any(value.kind is not Kind.PLAIN for value in plain):
            return None
        found = frozenset(o for value in plain for o in value.objects)
        for function in functions:
            own = function.function
            given = Value(Kind.PLAIN, self.objects.parts(found))
            for _round in range(2):  # the second one sees what the first has left
                names = {a.arg: given for a in own.node.args.args} if own is not None else {}
                result = self.settled(self.run(node, function, names))
                if result.kind is not Kind.PLAIN:
                    return None
                found |= result.objects
        return found - (base.objects if base is not None else frozenset())

    def _method(self, node: ast.Call, base: Value, word: str, arguments: Sequence[Argument]) -> Value:
        base = self.settled(base)
        if base.kind is not Kind.PLAIN or not _is_known(word, arguments):
            return self._unknown(node, [base], arguments, f"a call of .{word}()")
        given = self._given(node, word, base, arguments)
        if given is None:
            return self._unknown(node, [base], arguments, f"what is given to .{word}()")
        if word in harmless.FILE_METHODS and arguments:
            self.give_up("a file that is written")
        if any(a.word == "inplace" and not _is_constant(a, False) for a in arguments):
            self.change(base.objects)
        inside = self.objects.within(given)
        if word in harmless.FITTING:
            fitted = self.objects.parts(base.objects)
            self.change(fitted)
            self.objects.look_at(fitted, inside)
            return base if word in ("fit", "partial_fit") else self._view(node, inside)
        if word in harmless.CHANGING:
            self.change(base.objects)
            self.objects.hold(base.objects, inside)
            return self._view(node, self.item(base).objects)
        if word in harmless.NEW_METHODS or word in harmless.FILE_METHODS:
            made = self.new(node, holds=self.objects.parts(base.objects) - base.objects)
            result = Value(Kind.PLAIN, made.objects, fresh_parts=True)
        else:
            result = self._view(node, self.item(base).objects | inside)
        if word in harmless.ITERATING:
            self.objects.iterators |= self.new(node).objects
        return result

    def _view(self, node: ast.AST, objects: frozenset[int]) -> Value:
        return Value(Kind.PLAIN, self.new(node, holds=objects).objects | objects)

    def patched(self, arguments: Sequence[Argument]) -> None:
        """An attribute is set by a call."""
        for argument in arguments[:1]:
            self.objects.doubt(argument.value.objects)
            self.lost |= argument.value.kind is Kind.LIBRARY

    def _unknown(
        self, node: ast.AST, more: Sequence[Value], arguments: Sequence[Argument], reason: str
    ) -> Value:
        """A call that may do anything: a library's leaves plain things what they are, at least."""
        self.give_up(reason)
        values = [*more, *(a.value for a in arguments)]
        objects = self.objects.within(o for v in values for o in v.objects)
        strange = {Kind.UNKNOWN, Kind.FUNCTION}
        if any(v.kind in strange for v in values) or objects & self.objects.unknown:
            self.objects.doubt(objects)
            return Value(Kind.UNKNOWN, objects)
        made = self.new(node, holds=objects)
        self.objects.hold(objects, made.objects)
        return Value(Kind.FOREIGN, made.objects)


def _is_constant(argument: Argument, value: object) -> bool:
    return isinstance(argument.node, ast.Constant) and argument.node.value is value


def _is_seeded(words: dict[str, Argument]) -> bool:
    return "random_state" in words and words["random_state"].value.is_number


def _is_quiet(full: str, words: dict[str, Argument], arguments: Sequence[Argument]) -> bool:
    """Whether a library's function leaves everything but its arguments alone, called like this."""
    if words.keys() & {"out", "memory", "file", "buf", "**"}:
        return False
    seeded = _is_seeded(words)
    shuffled = "shuffle" in words and not _is_constant(words["shuffle"], False)
    if full.startswith("sklearn.") and ("random_state" in words or shuffled) and not seeded:
        return False
    if full == "numpy.random.default_rng":
        return len(arguments) == 1 and arguments[0].value.is_number
    solver = words.get("solver")
    text = solver.node.value if solver is not None and isinstance(solver.node, ast.Constant) else ""
    still = "shuffle" in words and not shuffled
    return harmless.touches_nothing(
        full, seeded=seeded or still, solver=None if solver is None else str(text)
    )


def _is_known(word: str, arguments: Sequence[Argument]) -> bool:
    """Whether it is known what the method of a plain value does."""
    words = {a.word: a for a in arguments}
    if words.keys() & {"out", "buf", "**"}:
        return False
    if word == "sample":
        return _is_seeded(words)
    return word in harmless.METHODS


def _bound(
    calls: Calls, node: ast.Call, target: Value, arguments: Sequence[Argument]
) -> dict[str, Value] | None:
    """The local names with which a function of the notebook begins; None where that is not clear."""
    function = target.function
    if function is None or any(a.word in ("*", "**") for a in arguments):
        return None
    args = function.node.args
    places = [a.arg for a in [*args.posonlyargs, *args.args]]
    names = dict(zip(places[len(places) - len(function.defaults) :], function.defaults, strict=True))
    for only, default in zip(args.kwonlyargs, function.keyword_defaults, strict=True):
        if default is not None:
            names[only.arg] = default
    positional = [a.value for a in arguments if not a.word]
    names.update(zip(places, positional, strict=False))
    allowed = {*places, *(a.arg for a in args.kwonlyargs)}
    others = []
    for argument in arguments:
        if argument.word in allowed:
            names[argument.word] = argument.value
        elif argument.word:
            others.append(argument.value)
    rest = [*positional[len(places) :], *others]
    held = [o for value in map(calls.settled, rest) for o in value.objects]
    for extra in (args.vararg, args.kwarg):
        if extra is not None:
            names[extra.arg] = calls.new(node, extra.arg, held)
    complete = all(name in names for name in [*places, *(a.arg for a in args.kwonlyargs)])
    strange = any(value.kind is not Kind.PLAIN for value in rest)
    return names if complete and not strange else None
