"""Objects by which code gets at the notebook's names beside calling them."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from mlops_jlab.dataflow.effects import dotted

SESSION = "get_ipython()"  # the full name of what it gives
_OF_ANY_NAME = frozenset({"__main__", "builtins"})


def is_session(node: ast.expr | None) -> bool:
    """Whether ``node`` is IPython's shell."""
    func = node.func if isinstance(node, ast.Call) else None
    return getattr(func, "id", getattr(func, "attr", "")) == "get_ipython"


def holds_any_name(node: ast.expr, imports: Mapping[str, str]) -> bool:
    """Whether ``node`` is an object whose attributes or items are the notebook's names."""
    if isinstance(node, ast.Name):
        return imports.get(node.id) in _OF_ANY_NAME
    if isinstance(node, ast.Attribute):
        shell = is_session(node.value) or dotted(node.value, imports) == SESSION
        return shell and node.attr in ("user_ns", "user_global_ns", "user_module")
    if isinstance(node, ast.Subscript) and dotted(node.value, imports) == "sys.modules":
        return getattr(node.slice, "id", getattr(node.slice, "value", "")) in ("__name__", *_OF_ANY_NAME)
    return False
