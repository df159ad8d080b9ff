"""Looks at what a session keeps of its cells, and at its list of names: only a living session has them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from mlops_jlab.dataflow.effects import Look, dotted
from mlops_jlab.dataflow.namespaces import is_session

HISTORY = re.compile(r"(In|Out|_exit_code|_ih|_oh|_dh|_i{1,3}|_i?\d+|_{1,3})\Z")
_KEPT = frozenset(
    {"last_value", "last_type", "last_traceback", "last_exc", "execution_count", "history_manager",
     "print_last", "_showtraceback", "db_log", "last_execution_result", "last_execution_succeeded"}
)  # fmt: skip
_OBJECTS = frozenset({"gc.get_objects", "gc.get_referrers"})
_TELLS_HISTORY = frozenset(
    {"history", "hist", "tb", "recall", "rerun", "macro", "save", "notebook", "debug", "dhist"}
)
_LISTING = frozenset({"who", "who_ls", "whos"})
_NAMESPACES = frozenset({"globals", "locals", "vars"})
_OF_SHELL = frozenset({"user_ns", "user_global_ns"})
_ASKING = frozenset({"get", "pop", "setdefault", "__getitem__", "__contains__"})
_WRITING = frozenset({"update", "__setitem__", "__delitem__"})
_RUNNING = frozenset({"exec", "eval"})
_WITHOUT_ORDER = frozenset({"sorted", "len", "set", "frozenset"})


def looks_in(node: ast.AST, imports: Mapping[str, str]) -> tuple[Look, ...]:
    """The looks at the session in a statement, functions and classes that it defines among it."""
    return tuple(dict.fromkeys(_Looks(imports).of(node, inside=False)))


class _Looks:
    """Goes through a statement; who asks for a namespace by a name is told from who lists it."""

    def __init__(self, imports: Mapping[str, str]) -> None:
        self._imports = imports
        self._entry: dict[int, str | None] = {}  # the name that is asked for, if it is written down
        self._written: set[int] = set()  # namespaces that are only written to

    def of(self, node: ast.AST, *, inside: bool) -> Iterator[Look]:
        """Those in ``node``, which may stand ``inside`` a function."""
        inside |= isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        self._note_use(node)
        if (found := self._kept(node)) is not None:
            yield found
        elif self._is_namespace(node, inside=inside):
            yield from self._namespace(node)
        elif (found := self._call(node, inside=inside)) is not None:
            yield found
        for child in ast.iter_child_nodes(node):
            yield from self.of(child, inside=inside)

    def _note_use(self, node: ast.AST) -> None:
        """A namespace of which only one entry is meant, or none is looked at."""
        if isinstance(node, ast.Subscript):
            self._asks(node.value, node.slice)
            if not isinstance(node.ctx, ast.Load):
                self._written.add(id(node.value))
        elif isinstance(node, ast.Call):
            self._note_call(node)
        elif isinstance(node, ast.Compare) and all(isinstance(op, (ast.In, ast.NotIn)) for op in node.ops):
            for one in node.comparators:
                self._asks(one, node.left)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            self._asks(node.right, node.left)

    def _note_call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute):
            first = node.args[0] if node.args else None
            if node.func.attr in _ASKING:
                self._asks(node.func.value, first)
            elif node.func.attr in _WRITING:
                self._written.add(id(node.func.value))
        elif isinstance(node.func, ast.Name) and node.func.id in _RUNNING:
            for argument in node.args[1:]:
                self._asks(argument, node.args[0])
        elif isinstance(node.func, ast.Name) and node.func.id in _WITHOUT_ORDER:
            for argument in node.args:
                self._asks(argument, None)
        for keyword in node.keywords:
            if keyword.arg is None:
                self._asks(keyword.value, None)

    def _asks(self, namespace: ast.expr, entry: ast.expr | None) -> None:
        text = getattr(entry, "value", None) if isinstance(entry, ast.Constant) else None
        self._entry[id(namespace)] = text if isinstance(text, str) else None

    def _kept(self, node: ast.AST) -> Look | None:
        if isinstance(node, ast.Attribute) and node.attr in _KEPT and isinstance(node.ctx, ast.Load):
            return Look(f"it looks at {ast.unparse(node)}, which the session keeps", node.lineno)
        if isinstance(node, ast.Name) and node.id == "__annotations__":
            return Look("it looks at __annotations__, which the cells above have filled", node.lineno)
        if isinstance(node, ast.Attribute) and node.attr == "__subclasses__":
            imported = dotted(node.value, self._imports)
            return Look(f"it asks which subclasses {imported} has by then", node.lineno) if imported else None
        if isinstance(node, ast.expr) and dotted(node, self._imports) in _OBJECTS:
            return Look(f"it asks which objects there are ({ast.unparse(node)})", node.lineno)
        return None

    def _is_namespace(self, node: ast.AST, *, inside: bool) -> bool:
        if isinstance(node, ast.Attribute):
            if node.attr in _OF_SHELL:
                return True
            return node.attr == "__dict__" and dotted(node.value, self._imports) == "__main__"
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            return False
        name = node.func.id
        if node.args:
            return name in ("vars", "dir") and dotted(node.args[0], self._imports) == "__main__"
        return name == "globals" or (name in _NAMESPACES and not inside)

    def _namespace(self, node: ast.AST) -> Iterator[Look]:
        text, line = ast.unparse(node), getattr(node, "lineno", 1)
        if id(node) in self._written:
            return
        if id(node) not in self._entry:
            yield Look(f"it lists all names ({text})", line)
            return
        entry = self._entry[id(node)]
        if entry is not None and HISTORY.match(entry):
            yield Look(f"it looks at {entry!r}, IPython's record of the session", line)
        else:
            yield Look(f"it looks names up in {text}", line, beyond_source=True)

    def _call(self, node: ast.AST, *, inside: bool) -> Look | None:
        if not isinstance(node, ast.Call):
            return None
        if isinstance(node.func, ast.Name):
            name = node.func.id
            if name == "dir" and not node.args and not inside:
                return Look("it lists all names (dir())", node.lineno, beyond_source=True)
            computed = node.args and not isinstance(node.args[0], ast.Constant)
            if name in _RUNNING and len(node.args) == 1 and computed:
                return Look(f"it runs code that is only known while running ({name})", node.lineno, True)
        elif isinstance(node.func, ast.Attribute) and is_session(node.func.value) and node.args:
            magic = getattr(node.args[0], "value", "")
            if node.func.attr == "run_line_magic" and magic in _TELLS_HISTORY:
                return Look(f"%{magic} looks at what the session keeps", node.lineno)
            if node.func.attr == "run_line_magic" and magic in _LISTING:
                return Look(f"%{magic} lists all names", node.lineno, beyond_source=True)
        return None
