"""What expressions give, and what working them out does; and what becomes of what they are bound to."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from mlops_jlab.dataflow.evaluation import harmless
from mlops_jlab.dataflow.evaluation.calls import Argument, Calls
from mlops_jlab.dataflow.evaluation.values import (
    CONSTANT,
    NUMBER,
    UNKNOWN,
    Frame,
    Function,
    Kind,
    Value,
)


class Expressions(Calls):
    """The part of the evaluator that knows expressions and targets."""

    def value(self, node: ast.expr) -> Value:
        """What the expression gives, after all that working it out does."""
        if not self.spend():
            return UNKNOWN
        match node:
            case ast.Constant(value=constant):
                return NUMBER if type(constant) is int else CONSTANT
            case ast.Name(id=name):
                return self.lookup(name)
            case ast.Attribute(value=base, attr=word):
                return self._attribute(self.value(base), word)
            case ast.Subscript(value=base, slice=place):
                self.plain(place)
                return self.item(self.value(base))
            case ast.Call():
                return self.call(node, [*self._arguments(node)])
            case ast.BinOp(left=one, right=other):
                return self.new(node, holds=self.together([one, other]))
            case ast.UnaryOp(operand=one):
                return self.new(node, holds=self.together([one]))
            case ast.Compare(left=one, comparators=others):
                self.together([one, *others])
                return self.new(node)
            case ast.Lambda():
                return self.function(node)
            case ast.NamedExpr(target=target, value=inner):
                found = self.value(inner)
                with self.maybe():
                    self.store(target, found)
                return found
            case _:
                return self._display(node)

    def _display(self, node: ast.expr) -> Value:
        match node:
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                return self.new(node, holds=self.together(parts))
            case ast.Dict(keys=keys, values=values):
                return self.new(node, holds=self.together([*(k for k in keys if k is not None), *values]))
            case ast.JoinedStr(values=parts):
                self.together(parts)
                return CONSTANT
            case ast.FormattedValue(value=inner, format_spec=how):
                self.plain(inner, how)
                return CONSTANT
            case ast.Slice(lower=lower, upper=upper, step=step):
                self.plain(lower, upper, step)
                return CONSTANT
            case ast.Starred(value=inner):
                return self.item(self.value(inner))
            case ast.BoolOp(values=parts):
                return self._either(parts)
            case ast.IfExp(test=test, body=body, orelse=rest):
                self.plain(test)
                return self._either([body, rest])
            case ast.ListComp() | ast.SetComp() | ast.DictComp():
                return self._comprehension(node)
            case _:
                return self.give_up(f"an expression that is not followed ({type(node).__name__})")

    def together(self, nodes: Iterable[ast.expr]) -> list[int]:
        """All objects of the values, each of which has to be plain."""
        values = [self.settled(self.value(node)) for node in nodes]
        found = [o for value in values for o in value.objects]
        if any(value.kind is not Kind.PLAIN for value in values):
            self.objects.doubt(found)
            odd = self.objects.new(self.place, "odd")
            self.objects.doubt([odd])
            found.append(odd)
        return found

    def _either(self, nodes: list[ast.expr]) -> Value:
        with self.maybe():
            found = [self.settled(self.value(node)) for node in nodes]
        whole = found[0]
        for other in found[1:]:
            whole = whole.joined(other)
        return whole

    def _attribute(self, base: Value, word: str) -> Value:
        if base.kind is Kind.LIBRARY:
            return Value(Kind.LIBRARY, full=f"{base.full}.{word}")
        if word.startswith("__") or word in ("plot", "hist", "boxplot"):
            return self.give_up(f"the attribute {word}")
        base = self.settled(base)
        if word in harmless.CHANGING | harmless.FITTING | harmless.FILE_METHODS:
            self.change(base.objects)
            self.give_up(f"the method {word}, which somebody else may call")
        return Value(base.kind, self.objects.within(base.objects))  # models show what they were given

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Value:
        outer, self.frame = self.frame, Frame(self.frame)
        held: list[int] = []

        def once() -> None:
            for part in node.generators:
                self.assign([part.target], [self.item(self.value(part.iter))])
                self.plain(*part.ifs)
            elements = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
            held.extend(self.together(elements))

        if any(isinstance(inner, (ast.NamedExpr, ast.Await)) for inner in ast.walk(node)):
            self.give_up("a comprehension that binds names outside")
        self.rounds(once)
        self.frame = outer
        return self.new(node, holds=held)

    def _arguments(self, node: ast.Call) -> Iterator[Argument]:
        for argument in node.args:
            if isinstance(argument, ast.GeneratorExp) and _consumes(node.func):
                yield Argument("", self._comprehension(argument), argument)
            else:
                yield Argument(
                    "*" if isinstance(argument, ast.Starred) else "", self.value(argument), argument
                )
        for keyword in node.keywords:
            yield Argument(keyword.arg or "**", self.value(keyword.value), keyword.value)

    def function(self, node: ast.FunctionDef | ast.Lambda) -> Value:
        """The function that the definition gives, with its defaults."""
        defaults = tuple(self.value(d) for d in node.args.defaults)
        keywords = tuple(self.value(d) if d is not None else None for d in node.args.kw_defaults)
        objects = frozenset(o for v in [*defaults, *keywords] if v is not None for o in v.objects)
        made = Function(node, self.frame, defaults, keywords)
        return Value(Kind.FUNCTION, objects, function=made)

    def plain(self, *nodes: ast.expr | None) -> None:
        """Works the expressions out and looks at what they give."""
        for node in nodes:
            if node is not None:
                self.settled(self.value(node))

    # Targets

    def split(self, target: ast.expr, node: ast.expr) -> list[Value]:
        """The values of the parts of ``target``, or the one value of all of it."""
        pair = isinstance(target, (ast.Tuple, ast.List)) and isinstance(node, (ast.Tuple, ast.List))
        if pair and not any(isinstance(e, ast.Starred) for e in [*target.elts, *node.elts]):  # type: ignore[attr-defined]
            if len(target.elts) == len(node.elts):  # type: ignore[attr-defined]
                return [self.value(element) for element in node.elts]  # type: ignore[attr-defined]
        return [self.value(node)]

    def assign(self, targets: list[ast.expr], values: list[Value]) -> None:
        """Gives the targets one value, or the parts of a tuple that is written out."""
        for target in targets:
            if isinstance(target, (ast.Tuple, ast.List)):
                parts = values
                if (len(values) == 1 and len(target.elts) != 1) or not values:
                    parts = [self._part(target, place, values[0]) for place in range(len(target.elts))]
                elif len(values) == 1:
                    parts = [self._part(target, 0, values[0])]
                if len(parts) != len(target.elts):
                    parts = [UNKNOWN] * len(target.elts)
                for element, value in zip(target.elts, parts, strict=True):
                    self.assign([element], [value])
            elif len(values) > 1:
                held = [o for v in values for o in v.objects]
                self.store(target, self.new(target, "tuple", held))
            else:
                self.store(target, values[0])

    def _part(self, target: ast.AST, place: int, value: Value) -> Value:
        return self.new(target, place) if value.fresh_parts else self.item(value)

    def store(self, target: ast.expr, value: Value) -> None:
        """Gives one target its value."""
        match target:
            case ast.Name(id=name):
                self.bind(name, value)
            case ast.Starred(value=inner):
                self.store(
                    inner, self.new(inner, "rest", value.objects) if value.kind is Kind.PLAIN else value
                )
            case ast.Subscript(value=base, slice=place):
                self.plain(place)
                self._store_into(self.value(base), value, known=True)
            case ast.Attribute(value=base, attr=word):
                self._store_into(self.value(base), value, known=word in harmless.SETTABLE)
            case _:
                self.give_up("a target that is not followed")

    def _store_into(self, holder: Value, value: Value, *, known: bool) -> None:
        if holder.kind is Kind.LIBRARY:
            self.give_up(f"{holder.full} is changed")
            self.lost = True
        self.put_into(holder if holder.kind is Kind.PLAIN else self.settled(holder), value)
        if not known:
            self.give_up("an attribute that is set")
            self.objects.doubt(holder.objects)


def _consumes(func: ast.expr) -> bool:
    """Whether a generator that is handed to the function is gone through at once."""
    word = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    return word in (
        "sum",
        "min",
        "max",
        "any",
        "all",
        "list",
        "tuple",
        "set",
        "dict",
        "sorted",
        "join",
        "array",
    )
