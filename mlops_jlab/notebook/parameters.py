"""The ``parameters`` cell → typed parameters, read from its syntax tree and never by running it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from datetime import date, datetime

from mlops_jlab.entities.findings import Finding, Severity
from mlops_jlab.entities.notebooks import Cell
from mlops_jlab.entities.parameters import Parameter, is_plain
from mlops_jlab.errors import ParameterError
from mlops_jlab.notebook.python import Code, parse_cell

_SECRET = re.compile(r"(^|_)(token|secret|password|passwd|api_?key|credentials?)$", re.IGNORECASE)
_KINDS = {
    "int": "int", "float": "float", "bool": "bool", "str": "str", "list": "list", "List": "list",
    "dict": "dict", "Dict": "dict", "date": "date", "datetime": "datetime", "Path": "Path",
    "PurePath": "Path", "Any": "any", "object": "any", "Sequence": "list", "Mapping": "dict",
    "tuple": "list", "Tuple": "list",
}  # fmt: skip
_BOUNDS = {"Ge": ("minimum", False), "Gt": ("minimum", True), "Le": ("maximum", False),
           "Lt": ("maximum", True), "ge": ("minimum", False), "gt": ("minimum", True),
           "le": ("maximum", False), "lt": ("maximum", True)}  # fmt: skip


class _NotPlain(ValueError):
    """An expression whose value only a kernel can tell."""


def read_parameters(cell: Cell) -> tuple[tuple[Parameter, ...], tuple[Finding, ...]]:
    """The parameters that the cell declares, in order, and what is wrong with them."""
    code = parse_cell(cell.source)
    findings: list[Finding] = []
    found: dict[str, Parameter] = {}
    for statement in code.tree.body:
        target, annotation, value = _declaration(statement)
        if target is None:
            if not isinstance(statement, (ast.Import, ast.ImportFrom, ast.Expr, ast.Pass)):
                findings.append(
                    Finding(
                        Severity.NOTE,
                        "parameters-statement",
                        "a statement in the parameters cell declares no parameter",
                        "keep assignments of defaults here and move the rest to setup",
                        cell.index,
                        cell.id,
                        code.line(statement),
                    )
                )
            continue
        if target.startswith("__"):
            findings.append(
                Finding(
                    Severity.ERROR, "parameter-name", f"{target!r} cannot be a parameter",
                    "names with two leading underscores are Python's own",
                    cell.index, cell.id, code.line(statement),
                )
            )  # fmt: skip
            continue
        try:
            found[target] = _parameter(target, annotation, value, _comment(code, statement))
        except (ValueError, ParameterError) as error:
            findings.append(
                Finding(
                    Severity.ERROR,
                    "parameter-default",
                    f"default of {target!r}: {error}",
                    "make the default a value of the declared type",
                    cell.index,
                    cell.id,
                    code.line(statement),
                )
            )
    return tuple(found.values()), tuple(findings)


def _declaration(statement: ast.stmt) -> tuple[str | None, ast.expr | None, ast.expr | None]:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id, statement.annotation, statement.value
    if (
        isinstance(statement, ast.Assign)
        and len(statement.targets) == 1
        and isinstance(statement.targets[0], ast.Name)
    ):
        return statement.targets[0].id, None, statement.value
    return None, None, None


def _comment(code: Code, statement: ast.stmt) -> str:
    """The comment behind the statement, or the comment lines right above it."""
    rows = code.text.split("\n")
    behind = rows[(statement.end_lineno or statement.lineno) - 1]
    tail = behind.encode()[statement.end_col_offset or 0 :].decode().strip()
    if tail.startswith("#"):
        return tail.lstrip("#").strip()
    above: list[str] = []
    for row in reversed(rows[: statement.lineno - 1]):
        if not row.strip().startswith("#"):
            break
        above.insert(0, row.strip().lstrip("#").strip())
    return " ".join(above)


def _parameter(name: str, annotation: ast.expr | None, value: ast.expr | None, comment: str) -> Parameter:
    fields: dict[str, object] = {}
    kinds: tuple[str, ...] = ()
    if annotation is not None:
        kinds = _read_annotation(annotation, fields)
    secret = bool(fields.pop("secret", False)) or bool(_SECRET.search(name))
    if value is None:
        return _build(name, kinds or ("any",), fields, required=not secret, secret=secret, help=comment)
    try:
        default, inferred = _literal(value)
    except _NotPlain:
        return _build(name, kinds or ("any",), fields, computed=True, secret=secret, help=comment)
    if default is None:
        fields["optional"] = True
    built = _build(
        name, kinds or (inferred,), fields, default=None if secret else default, secret=secret,
        help=comment,
    )  # fmt: skip
    if not secret:
        built.check(default)
    return built


def _build(name: str, kinds: tuple[str, ...], fields: dict[str, object], **rest: object) -> Parameter:
    return Parameter(name=name, kinds=kinds, **{**fields, **rest})  # type: ignore[arg-type]  # keys are its fields


def _literal(node: ast.expr) -> tuple[object, str]:
    """The plain value of a default and its kind; dates and paths come as text."""
    if isinstance(node, ast.Call):
        return _constructed(node)
    value = _fold(node)
    if not is_plain(value):
        raise _NotPlain
    return value, "any" if value is None else type(value).__name__


def _constructed(node: ast.Call) -> tuple[object, str]:
    name = _last_name(node.func)
    arguments = [_fold(argument) for argument in node.args]
    if node.keywords and name not in ("date", "datetime"):
        raise _NotPlain
    makers: dict[str, Callable[..., date]] = {
        "date": date, "datetime": datetime, "fromisoformat": _from_iso(node),
    }  # fmt: skip
    if name in ("Path", "PurePath") and all(isinstance(a, str) for a in arguments) and arguments:
        return "/".join(str(a) for a in arguments), "Path"
    if name not in makers:
        raise _NotPlain
    keywords = {str(keyword.arg): _fold(keyword.value) for keyword in node.keywords}
    try:
        made = makers[name](*arguments, **keywords)
    except TypeError as error:
        raise _NotPlain from error
    return made.isoformat(), "datetime" if isinstance(made, datetime) else "date"


def _from_iso(node: ast.Call) -> Callable[..., date]:
    owner = _last_name(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    return datetime.fromisoformat if owner == "datetime" else date.fromisoformat


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _fold(node: ast.expr) -> object:
    """Literals, signs and arithmetic on literals; anything else is not plain."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List):
        return [_fold(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        keys = [_fold(key) if key is not None else _refuse() for key in node.keys]
        return dict(zip(keys, (_fold(item) for item in node.values), strict=True))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd, ast.Not)):
        return _evaluate(ast.UnaryOp(node.op, _constant(node.operand)))
    if isinstance(node, ast.BinOp) and not isinstance(node.op, (ast.MatMult, ast.LShift)):
        left, right = _constant(node.left), _constant(node.right)
        if isinstance(node.op, ast.Pow) and abs(float(right.value)) > 64:  # type: ignore[arg-type]  # a number
            raise _NotPlain
        return _evaluate(ast.BinOp(left, node.op, right))
    if isinstance(node, ast.Call) and _last_name(node.func) == "float" and len(node.args) == 1:
        return float(_fold(node.args[0]))  # type: ignore[arg-type]  # ValueError is the message
    raise _NotPlain


def _refuse() -> object:
    raise _NotPlain


def _constant(node: ast.expr) -> ast.Constant:
    value = _fold(node)
    if isinstance(value, (list, dict)) or value is None:
        raise _NotPlain
    return ast.Constant(value)  # type: ignore[arg-type]  # what was folded was a constant


def _evaluate(node: ast.expr) -> object:
    """Arithmetic on constants; there is no name in the expression that could be looked up."""
    tree = ast.fix_missing_locations(ast.Expression(node))
    try:
        return eval(compile(tree, "<default>", "eval"), {"__builtins__": {}})  # noqa: S307 - constants only
    except (TypeError, ArithmeticError) as error:
        raise ValueError(str(error)) from error


def _read_annotation(node: ast.expr, fields: dict[str, object]) -> tuple[str, ...]:
    """The kinds that an annotation allows; choices and bounds go into ``fields``."""
    if isinstance(node, ast.Constant) and node.value is None:
        fields["optional"] = True
        return ()
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return _read_annotation(ast.parse(node.value, mode="eval").body, fields)
        except SyntaxError:
            return ("any",)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return (*_read_annotation(node.left, fields), *_read_annotation(node.right, fields))
    if isinstance(node, ast.Subscript):
        return _read_generic(_last_name(node.value), node.slice, fields)
    name = _last_name(node)
    if name == "SecretStr":
        fields["secret"] = True
        return ("str",)
    return (_KINDS.get(name, "any"),)


def _read_generic(name: str, inner: ast.expr, fields: dict[str, object]) -> tuple[str, ...]:
    items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if name == "Literal":
        choices = [_fold(item) for item in items]
        if None in choices:
            fields["optional"] = True
        fields["choices"] = tuple(choice for choice in choices if choice is not None)
        return tuple(dict.fromkeys(type(c).__name__ for c in choices if c is not None)) or ("any",)
    if name == "Optional":
        fields["optional"] = True
        return _read_annotation(inner, fields)
    if name == "Union":
        return tuple(kind for item in items for kind in _read_annotation(item, fields))
    if name == "Annotated":
        for item in items[1:]:
            _read_bound(item, fields)
        return _read_annotation(items[0], fields)
    return (_KINDS.get(name, "any"),)


def _read_bound(node: ast.expr, fields: dict[str, object]) -> None:
    if not isinstance(node, ast.Call):
        return
    name = _last_name(node.func)
    pairs = [(str(keyword.arg), keyword.value) for keyword in node.keywords]
    if name == "range" and node.args:
        stop = _fold(node.args[-1])
        low = _fold(node.args[0]) if len(node.args) > 1 else 0
        fields.update(minimum=low, maximum=stop, exclusive=(False, True))
        return
    if name in ("Range", "Interval") and len(node.args) == 2:
        pairs += [("ge", node.args[0]), ("le", node.args[1])]
    elif name in _BOUNDS and node.args:
        pairs.append((name, node.args[0]))
    for key, value in pairs:
        if key in _BOUNDS:
            side, exclusive = _BOUNDS[key]
            fields[side] = _fold(value)
            sides = list(fields.get("exclusive", (False, False)))  # type: ignore[call-overload]  # a pair
            sides[side == "maximum"] = exclusive
            fields["exclusive"] = tuple(sides)
