"""Statements that can be run again in another process: definitions, and changes of what is imported."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from mlops_jlab.dataflow import knowledge
from mlops_jlab.dataflow.effects import Effects, dotted, root_of


def is_plain_change(node: ast.stmt) -> bool:
    """Whether the statement sets something, or calls something of what it changes, and does not do more."""
    if not isinstance(node, ast.Expr):
        return True
    call = node.value
    if not isinstance(call, ast.Call):
        return False
    inner = [one for argument in ast.iter_child_nodes(call) for one in ast.walk(argument)]
    within = isinstance(call.func, ast.Name) and call.func.id not in ("setattr", "delattr")
    return not within and not any(isinstance(one, ast.Call) for one in inner)


def is_plain(node: ast.stmt) -> bool:
    """Whether running the statement again evaluates no more than the defaults of a function."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return not node.decorator_list
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)


def places_of(name: str, text: str) -> list[str]:
    """What of the imported ``name`` the statements in ``text`` set, as ``name.attribute``.

    It is the ``name`` alone if they do more than to set attributes of it: a call may change anything in it.
    """
    found = set()
    for node in ast.parse(text).body:
        targets = (
            node.targets if isinstance(node, (ast.Assign, ast.Delete)) else [getattr(node, "target", node)]
        )
        for target in targets:
            path = _path(target)
            if len(path) < 2 or path[0] != name:
                return [name]
            found.add(f"{name}.{path[1]}")
    return sorted(found)


def _path(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Subscript):
        return _path(node.value)
    if isinstance(node, ast.Attribute):
        inner = _path(node.value)
        return [*inner, node.attr] if inner else []
    return [node.id] if isinstance(node, ast.Name) else []


def root_of_told(node: ast.stmt, effects: Effects, imports: Mapping[str, str]) -> str:
    """The import through which the statement tells a library something for good, or nothing."""
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)) or effects.binds:
        return ""
    name = dotted(node.value.func, imports)
    return root_of(node.value.func) if name and knowledge.tells(name) else ""
