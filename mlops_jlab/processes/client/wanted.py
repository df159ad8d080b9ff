"""What the cells of steps want of their processes: a kernel, or modules that are imported beforehand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from mlops_jlab.notebook.python import parse_cell

_OF_A_KERNEL = ("ipympl", "get_ipython().kernel")
_CHANGES_ENVIRONMENT = re.compile(
    r"environ\s*(\[[^\]]*\]\s*[|+]?=(?!=)|\.\s*(update|setdefault|pop|popitem|clear|__setitem__)\b|\|=)"
    r"|\bdel\s+[\w.]*environ\b|\b(un)?(put|set)env\b|%\s*(set_)?env\b|dotenv"
)
_FILTERS = frozenset(
    {"filterwarnings", "simplefilter", "resetwarnings", "catch_warnings", "basicConfig", "dictConfig"}
)
_SEEDS = frozenset({"seed", "setstate"})


def needs_kernel(sources: Iterable[str]) -> bool:
    """Whether cells use what only a kernel has: its sockets, and figures that are drawn in the page."""
    return any(word in source for source in sources for word in _OF_A_KERNEL)


def modules_of(sources: Iterable[str]) -> list[str] | None:
    """The modules that cells import at their top level, by full name.

    None where nothing may be imported beforehand: cells change environment variables, which libraries
    may look at when they are imported. Below a change of warning filters, nothing is either: libraries put
    their own in front of those that are there. Nor is below a seed of ``random``, from which some draw.
    """
    sources = list(sources)
    if any(_CHANGES_ENVIRONMENT.search(source) for source in sources):
        return None
    found: dict[str, None] = {}
    for source in sources:
        for node in parse_cell(source).tree.body:
            if _matters_to_imports(node):
                return list(found)
            if isinstance(node, ast.Import):
                found |= dict.fromkeys(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found[node.module] = None
    return list(found)


def matters_to_imports(sources: Iterable[str]) -> bool:
    """Whether cells change what imports change or use as well: warning filters, logging, ``random``."""
    return any(_matters_to_imports(node) for source in sources for node in parse_cell(source).tree.body)


def _matters_to_imports(statement: ast.stmt) -> bool:
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute):
            seeds = node.attr in _SEEDS and isinstance(node.value, ast.Name)  # numpy's no library draws from
            if seeds or node.attr in _FILTERS:
                return True
        elif isinstance(node, ast.ImportFrom):
            if node.module == "warnings" or (
                node.module == "random" and _SEEDS & {n.name for n in node.names}
            ):
                return True
    return False
