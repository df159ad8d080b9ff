"""Cells through which names, or ways of reading a cell, may come that nobody can see in the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Container, Sequence
from pathlib import Path

from mlops_jlab.dataflow.magics import BINDING, KNOWN
from mlops_jlab.dataflow.uses import PROVIDED
from mlops_jlab.entities.notebooks import Cell
from mlops_jlab.notebook.python import LINE_MAGICS, Code, bare_word, parse_cell

_NAMES = frozenset(
    {"exec", "eval", "compile", "globals", "locals", "vars", "setattr", "delattr", "__import__",
     "__builtins__"}
)  # fmt: skip
_ATTRIBUTES = frozenset(
    {"__dict__", "__globals__", "__setattr__", "__builtins__", "f_globals", "f_builtins", "modules",
     "user_ns", "user_global_ns", "user_module", "import_module", "get_objects", "_getframe"}
)  # fmt: skip
_MODULES = frozenset({"__main__", "builtins", "IPython", "runpy", "ctypes", "code", "codeop"})
_MAKES_MAGICS = re.compile(r"register_(line|cell|magic)|magics_class|%(re)?load_ext|%(alias|macro)|%run\b")
_TOLD = ("run_line_magic", "run_cell_magic", "system", "getoutput")  # as IPython's transformer writes them


def opens(code: Code, folder: Path, written: Container[str]) -> bool:
    """Whether the cell may bind names of the notebook, or change how cells are read, unseen.

    ``folder`` is where the notebook's own modules lie, ``written`` those that cells above have written.
    """
    if any(magic.name not in KNOWN for magic in code.magics):
        return True
    told = [node for node in ast.walk(code.tree) if _is_told(node)]
    harmless = {id(node.func.value.func) for node in told if _is_known(node)}  # type: ignore[attr-defined]
    return any(_is_door(node, folder, written, harmless) for node in ast.walk(code.tree))


def _is_told(node: ast.AST) -> bool:
    """Whether it is ``get_ipython().run_line_magic(...)`` or one like it."""
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _TOLD
        and isinstance(node.func.value, ast.Call) and isinstance(node.func.value.func, ast.Name)
        and node.func.value.func.id == "get_ipython"
    )  # fmt: skip


def _is_known(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    if node.func.attr in ("system", "getoutput"):
        return True
    name = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
    return name in KNOWN and name not in BINDING


def _is_door(node: ast.AST, folder: Path, written: Container[str], harmless: Collection[int]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in _NAMES or (node.id == "get_ipython" and id(node) not in harmless)
    if isinstance(node, ast.Attribute):
        return node.attr in _ATTRIBUTES
    if isinstance(node, ast.Constant):
        return node.value == "__main__"
    if isinstance(node, ast.Import):
        return any(_may_bind(one.name, folder, written) for one in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.level > 0 or _may_bind(node.module or "", folder, written)
    return False


def _may_bind(module: str, folder: Path, written: Container[str]) -> bool:
    """Whether importing the module may do anything to the notebook: it is its own, or a way into it."""
    top = module.partition(".")[0]
    own = f"~file:{top}.py" in written or (folder / f"{top}.py").exists() or (folder / top).is_dir()
    return top in _MODULES or own


def read_cell(cell: Cell, known: Container[str], tagged: Sequence[Cell]) -> Code:
    """The cell's code; a bare word that opens a one-line cell is a magic if nothing has its name."""
    word = bare_word(cell.source)
    if word and word not in known and word not in PROVIDED:
        if word in LINE_MAGICS or _knows_magics(cell, tagged):
            return parse_cell("%" + cell.source.strip())
    return parse_cell(cell.source)


def _knows_magics(cell: Cell, tagged: Sequence[Cell]) -> bool:
    """Whether a cell above may have made a magic, or an alias, and this cell is nothing else."""
    above = [one.source for one in tagged if one.index < cell.index]
    return bool(parse_cell(cell.source).problem) and any(_MAKES_MAGICS.search(source) for source in above)
