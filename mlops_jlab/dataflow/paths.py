"""Which parts of a statement surely run, as far as its text tells."""

from __future__ import annotations

import ast

_NAME_ERRORS = frozenset({"NameError", "UnboundLocalError", "Exception", "BaseException"})
_SWALLOWING = frozenset({"suppress", "raises", "assertRaises", "assertRaisesRegex"})


def is_constant(node: ast.expr, value: bool) -> bool:
    """Whether the test is a constant that is true, or one that is false."""
    return isinstance(node, ast.Constant) and bool(node.value) is value


def holds_something(node: ast.expr) -> bool:
    """Whether a loop over ``node`` surely begins."""
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return any(not isinstance(part, ast.Starred) for part in node.elts)
    if isinstance(node, ast.Dict):
        return any(key is not None for key in node.keys)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (str, bytes)) and bool(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
        if node.func.id == "range":
            begin = ast.Constant(0) if len(node.args) == 1 else node.args[0]
            end = node.args[min(1, len(node.args) - 1)]
            numbers = [n.value for n in (begin, end) if isinstance(n, ast.Constant)]
            known = len(node.args) < 3 and len(numbers) == 2 and all(isinstance(n, int) for n in numbers)
            return known and numbers[0] < numbers[1]  # type: ignore[operator]
        if node.func.id in ("enumerate", "list", "tuple", "sorted", "reversed"):
            return holds_something(node.args[0])
    return False


def may_leave(statement: ast.stmt) -> bool:
    """Whether what stands below the statement in its block may be left out because of it."""
    return any(isinstance(inner, (ast.Break, ast.Continue)) for inner in ast.walk(statement))


def catches_name_error(handler: ast.ExceptHandler) -> bool:
    """Whether the handler would swallow an unknown name."""
    return handler.type is None or _is_name_error(handler.type)


def swallows_name_error(manager: ast.expr) -> bool:
    """Whether a ``with`` block is there to end in an unknown name: ``raises(NameError)``."""
    if not isinstance(manager, ast.Call):
        return False
    name = getattr(manager.func, "attr", getattr(manager.func, "id", ""))
    return name in _SWALLOWING and any(_is_name_error(argument) for argument in manager.args)


def _is_name_error(node: ast.expr) -> bool:
    kinds = node.elts if isinstance(node, ast.Tuple) else [node]
    return any(getattr(kind, "id", getattr(kind, "attr", "")) in _NAME_ERRORS for kind in kinds)
