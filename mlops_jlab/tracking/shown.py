"""What cells show without code that tracks it: scalars that they bind or end with, figures, small tables."""

from __future__ import annotations

import ast
import numbers
import re
from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from mlops_jlab.tracking import htmltables

MOST_FIGURES = 50
MOST_BYTES = 20_000_000  # of the files of one step
_MOST_NAMES = 100  # of each kind, of one step
_LONGEST_NAME = 60
_IMAGES = {"image/png": "png", "image/jpeg": "jpg", "image/svg+xml": "svg"}
_WRAPPED = re.compile(r"\b(?:np\.\w+|Decimal|tensor)\('?(-?[0-9.e+-]+)'?(?:, \w+=[^()]*)?\)")
# Calls for what they do: what they give back is no result of the notebook's.
_DEEDS = frozenset({"input", "next", "seek", "send", "sendall", "system", "truncate", "write", "write_bytes",
                    "write_text", "writelines", "writerow"})  # fmt: skip
_SAME = ("round", "float", "int", "abs")  # calls of one value that are named as it is


@dataclass
class Shown:
    """Params, metrics, and the content of files by their names."""

    params: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def bound(source: str, names: Mapping[str, Any]) -> Shown:
    """The scalars that a cell binds: written as a literal it is a param, as is any text; computed, a metric.

    ``names`` are the values when the cell was done.
    """
    found = Shown()
    for name, literal in assigned(source).items():
        value = names.get(name)
        if name.startswith("_") or not is_scalar(value):
            continue
        computed = not literal and isinstance(value, numbers.Real) and not isinstance(value, bool)
        if computed:
            found.metrics[name] = float(value)  # type: ignore[arg-type]  # a real number
        else:
            found.params[name] = value
    return found


def displayed(cells: Sequence[tuple[str, Sequence[Mapping[str, Any]]]], prefix: str) -> Shown:
    """What the outputs of a step's cells show; ``cells`` are pairs of source and outputs.

    A number at a cell's end is a metric, called by the expression; so are those of a dict, of a tuple, and of
    a small table whose rows and columns have names. Figures are ``figures/PREFIX-N.png``, tables
    ``tables/PREFIX-N.csv``; of what is beyond the bounds nothing is kept.
    """
    found = Shown()
    known = {name for source, _ in cells for name in assigned(source)}
    size = figures = tables = 0
    for source, outputs in cells:
        for output in outputs:
            data = output.get("data") or {}
            image, kind = _image(data)
            table = htmltables.read(_text(data.get("text/html"))) if "text/html" in data else None
            if image and figures < MOST_FIGURES and size + len(image) <= MOST_BYTES:
                figures, size = figures + 1, size + len(image)
                found.files[f"figures/{prefix}-{figures}.{kind}"] = image
            if table is not None:
                tables += 1
                found.files[f"tables/{prefix}-{tables}.csv"] = table.as_csv()
            if output.get("output_type") == "execute_result":
                more = (
                    table.numbers() if table is not None else _ending(source, _text(data.get("text/plain")))
                )
                found.metrics |= {name: value for name, value in more.items() if name not in known}
    found.metrics = dict(list(found.metrics.items())[:_MOST_NAMES])
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "".join(value or ())


def _image(data: Mapping[str, Any]) -> tuple[bytes, str]:
    for kind, ending in _IMAGES.items():
        if kind in data:
            text = _text(data[kind])
            with suppress(NoBase64, ValueError):
                return (text.encode() if ending == "svg" else b64decode(text)), ending
    return b"", ""


def _ending(source: str, text: str) -> dict[str, float]:
    """The numbers that the last expression of a cell shows as ``text``."""
    last = _last_expression(source)
    if last is None or len(text) > 10_000:
        return {}
    try:
        value = ast.literal_eval(_WRAPPED.sub(r"\1", text.strip()))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return {}
    if isinstance(value, dict):
        named = list(value.items())
    elif isinstance(last, (ast.Tuple, ast.List)) and isinstance(value, (tuple, list)):
        named = list(zip(map(_name_of, last.elts), value, strict=False))
    else:
        named = [(_name_of(last), value)]
    return {
        name: float(number)
        for name, number in named[:_MOST_NAMES]
        if isinstance(name, str) and name and type(number) in (int, float)
    }


def _last_expression(source: str) -> ast.expr | None:
    from mlops_jlab.notebook.python import parse_cell

    body = parse_cell(source).tree.body
    return body[-1].value if body and isinstance(body[-1], ast.Expr) else None


def _name_of(node: ast.expr) -> str:
    """What people call an expression: ``model.score(X)`` is a ``score``; nothing for a constant."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=ast.Name(id=called), args=[first, *_]) if called in _SAME:
            return _name_of(first)
        case ast.Call(func=ast.Attribute(value=inner, attr="item" | "round"), args=_):
            return _name_of(inner)
        case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)) if _is_a_deed(called):
            return ""
        case ast.Call(func=ast.Name(id="len" | "sum" | "min" | "max")):
            return ast.unparse(node)[:_LONGEST_NAME]
        case ast.Call(func=function):
            return _name_of(function)
        case ast.Subscript(slice=ast.Constant(value=str(key))):
            return key
        case ast.Constant():
            return ""
    return ast.unparse(node)[:_LONGEST_NAME]


def _is_a_deed(called: str) -> bool:
    return called in _DEEDS or called.startswith(("log_", "set_"))


def assigned(source: str) -> dict[str, bool]:
    """The names that a cell's own statements bind, each with whether a literal was bound last."""
    from mlops_jlab.notebook.python import parse_cell

    found: dict[str, bool] = {}
    code = parse_cell(source)
    for node in () if code.discards_names else _own(code.tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
            targets = [node.target]
        written = getattr(node, "value", None)
        for target in targets:
            for part in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
                if isinstance(part, ast.Name):
                    found[part.id] = is_literal(written) and not isinstance(node, ast.AugAssign)
    return found


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below ``node``, without those of functions and classes, which bind names of their own."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield child
            yield from _own(child)


def is_literal(node: ast.expr | None) -> bool:
    """Whether the expression is written out: a constant, signed or in a container."""
    try:
        ast.literal_eval(node) if node is not None else None
    except ValueError:
        return False
    return node is not None


def is_scalar(value: Any) -> bool:
    """Whether ``value`` is one number, truth value or short text."""
    if isinstance(value, str):
        return len(value) <= 200
    return isinstance(value, (bool, numbers.Real)) or (
        type(value).__module__ == "numpy" and getattr(value, "shape", None) == ()
    )
