"""When a step is executed: a small Python expression over parameters and metrics, read but never evaluated.

``metrics.rows >= 1000 and params.mode == 'full'``; a parameter may stand without ``params.``. There are
comparisons, ``and``, ``or``, ``not``, ``in``, numbers, texts, ``True``, ``False``, ``None`` and lists.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_jlab.errors import InputError

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}
_HINT = "write comparisons of parameters and metrics, such as: metrics.rows >= 1000 and mode == 'full'"


@dataclass(frozen=True)
class Condition:
    """A condition as it was written, the ``params`` and ``metrics`` that it names, and its tree."""

    text: str
    params: frozenset[str]
    metrics: frozenset[str]
    tree: ast.expr

    def holds(self, params: Mapping[str, object], metrics: Mapping[str, float]) -> bool:
        """Whether the condition is so.

        Raises:
            InputError: a metric was not logged, or values that cannot be compared.
        """
        try:
            return bool(_value(self.tree, params, metrics))
        except TypeError as error:
            raise InputError(f"{self.text!r} cannot be decided: {error}") from error


def parse(text: str) -> Condition:
    """A condition from its text.

    Raises:
        InputError: it is none; the place is named.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise InputError(f"{text!r} is not a condition: {error}", hint=_HINT) from error
    params: set[str] = set()
    metrics: set[str] = set()
    _check(tree, text, params, metrics)
    return Condition(text.strip(), frozenset(params), frozenset(metrics), tree)


def _check(node: ast.expr, text: str, params: set[str], metrics: set[str]) -> None:
    match node:
        case ast.BoolOp(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts):
            for part in parts:
                _check(part, text, params, metrics)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=part):
            _check(part, text, params, metrics)
        case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in _COMPARE for op in ops):
            for part in (left, *others):
                _check(part, text, params, metrics)
        case ast.Constant(value=str() | int() | float() | bool() | None):
            pass
        case ast.Name(id=name):
            params.add(name)
        case ast.Attribute(value=ast.Name(id="params"), attr=name):
            params.add(name)
        case ast.Attribute(value=ast.Name(id="metrics"), attr=name):
            metrics.add(name)
        case ast.Subscript(value=ast.Name(id="metrics"), slice=ast.Constant(value=str() as name)):
            metrics.add(name)
        case _:
            words = ast.get_source_segment(text.strip(), node) or text
            raise InputError(f"{words!r} has no place in a condition", hint=_HINT)


def _value(node: ast.expr, params: Mapping[str, object], metrics: Mapping[str, float]) -> Any:
    def of(part: ast.expr) -> Any:
        return _value(part, params, metrics)

    match node:
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(of(part) for part in parts)
        case ast.BoolOp(values=parts):
            return any(of(part) for part in parts)
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [of(part) for part in parts]
        case ast.UnaryOp(op=ast.Not(), operand=part):
            return not of(part)
        case ast.UnaryOp(operand=part):
            return -of(part)
        case ast.Compare(left=left, ops=ops, comparators=others):
            values = [of(left), *map(of, others)]
            pairs = zip(ops, values, values[1:], strict=False)
            return all(_COMPARE[type(op)](one, other) for op, one, other in pairs)
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="params"), attr=name):
            return params[name]
        case ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str() as name)):
            if name not in metrics:
                known = ", ".join(sorted(metrics)) or "none"
                raise InputError(f"no step above has logged the metric {name!r}", hint=f"logged: {known}")
            return metrics[name]
        case _:  # parse() has seen to it
            raise InputError(f"{ast.dump(node)} has no place in a condition")
