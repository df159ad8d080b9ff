"""What a call does beyond reading its arguments: methods that change, magics, files, generators."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from mlops_jlab.dataflow import knowledge
from mlops_jlab.dataflow.effects import Call, Hazard, dotted, root_of
from mlops_jlab.dataflow.namespaces import SESSION, is_session

if TYPE_CHECKING:
    from mlops_jlab.dataflow.reader import Reader

_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
_FORMULAS = ("statsmodels.formula.", "patsy.dmatri", "formulaic.model_matrix")
_AT_NAME = re.compile(r"@([A-Za-z_]\w*)")


def note_call(reader: Reader, node: ast.Call) -> None:
    """Adds the effects of the call to the reader's."""
    name = dotted(node.func, reader.imports)
    if isinstance(node.func, ast.Name):
        _note_function(reader, node, node.func.id, name)
    elif isinstance(node.func, ast.Attribute):
        if is_session(node.func.value) or name.startswith(f"{SESSION}."):
            from mlops_jlab.dataflow.magics import note_magic

            note_magic(reader, node, node.func.attr)
            return
        if not name:
            _note_method(reader, node, node.func)
    if name:
        _note_library(reader, node, name)
    _note_files(reader, node, name)
    _note_formula(reader, node, name)
    for keyword in node.keywords:
        if keyword.arg == "out":
            reader.change(root_of(keyword.value), node.lineno)


def note_any_name(reader: Reader, node: ast.expr) -> None:
    """Adds that something is in use that holds the notebook's names."""
    reader.out.reads_all = reader.out.writes_any = True
    reader.out.hazards.append(
        Hazard("namespace", node.lineno, f"{ast.unparse(node)} holds every name of the notebook",
               "name the variables that are meant")
    )  # fmt: skip


def _note_function(reader: Reader, node: ast.Call, function: str, imported: str) -> None:
    line = node.lineno
    if reader.is_local(function):
        return
    if not imported and function not in reader.bound:
        _note_builtin(reader, node, function)
    positional = tuple(_given(reader, argument) for argument in node.args)
    keywords = tuple((k.arg or "", _given(reader, k.value)) for k in node.keywords)
    reader.out.calls.append(Call(function, positional, keywords, line))


def _given(reader: Reader, node: ast.expr) -> str:
    """The name whose object goes in; what a module's function gives is no part of the module."""
    root = root_of(node)
    made = root in reader.imports and any(isinstance(inner, ast.Call) for inner in ast.walk(node))
    return "" if made else root


def _note_formula(reader: Reader, node: ast.Call, name: str) -> None:
    """``ols("y ~ z(x) + k", df)`` looks ``z`` and ``k`` up in the notebook too."""
    given = [k.value for k in node.keywords if k.arg == "formula"] or node.args[:1]
    for text in given:
        if isinstance(text, ast.Constant):
            if isinstance(text.value, str) and "~" in text.value:
                for found in _NAME.findall(text.value):
                    reader.read(found, node.lineno, soft=True)
        elif name.startswith(_FORMULAS):
            reader.out.reads_all = True
            reader.out.hazards.append(
                Hazard("formula", node.lineno, "the text of the formula is only known while running, and "
                       "may name any variable", "write the formula as a literal")
            )  # fmt: skip


def _note_builtin(reader: Reader, node: ast.Call, function: str) -> None:
    line, out = node.lineno, reader.out
    if function in ("eval", "exec"):
        literal = node.args[0] if node.args else None
        spaces = [*node.args[1:3], *(k.value for k in node.keywords if k.arg in ("globals", "locals"))]
        for space in spaces:
            reader.change(_given(reader, space) or root_of(space), line)
        if isinstance(literal, ast.Constant) and isinstance(literal.value, str):
            if not spaces:  # else its names are those of the namespace that is given
                _note_literal_code(reader, literal.value, line)
            return
        out.reads_all = True
        out.writes_any |= function == "exec"
        out.hazards.append(
            Hazard("code-in-text", line, f"{function}() runs code that is only known while running",
                   "write the code out, or expect the step to take every value along")
        )  # fmt: skip
    elif (
        function in ("globals", "locals", "vars", "dir") and not node.args and not reader.scopes
    ) or function == "globals":
        _note_namespace(reader, node, function)
    elif function in knowledge.BUILTIN_ARGUMENT_CHANGED and node.args:
        reader.change(_given(reader, node.args[0]), line)
    elif function == "input":
        out.hazards.append(
            Hazard("input", line, "input() waits for a person, and a headless run has none",
                   "make it a parameter")
        )  # fmt: skip


def _note_namespace(reader: Reader, node: ast.Call, function: str) -> None:
    reader.out.reads_all = True
    reader.out.writes_any |= function in ("globals", "vars", "locals")
    reader.out.hazards.append(
        Hazard("namespace", node.lineno, f"{function}() sees every name of the notebook",
               "name the variables that are meant")
    )  # fmt: skip


def _note_literal_code(reader: Reader, text: str, line: int) -> None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for inner in ast.walk(tree):
        if hasattr(inner, "lineno"):
            inner.lineno = line
    for statement in tree.body:
        reader.visit(statement)


def _note_method(reader: Reader, node: ast.Call, func: ast.Attribute) -> None:
    root = root_of(func)
    in_place = any(
        k.arg == "inplace" and not (isinstance(k.value, ast.Constant) and k.value.value is False)
        for k in node.keywords
    )
    if func.attr in ("query", "eval"):
        _note_query(reader, node)
    if root and root not in reader.imports and (in_place or func.attr not in knowledge.PURE):
        reader.change(root, node.lineno)


def _note_query(reader: Reader, node: ast.Call) -> None:
    """``df.query("x > @limit")`` reads ``limit`` from the notebook."""
    if not node.args:
        return
    text = node.args[0]
    if isinstance(text, ast.Constant) and isinstance(text.value, str):
        for name in _AT_NAME.findall(text.value):
            reader.read(name, node.lineno)
    elif not isinstance(text, ast.Constant):
        reader.out.reads_all = True
        reader.out.hazards.append(
            Hazard("query", node.lineno, "the text of query() is only known while running, and may "
                   "name any variable with @", "write the text as a literal")
        )  # fmt: skip


def _note_library(reader: Reader, node: ast.Call, name: str) -> None:
    line = node.lineno
    if place := knowledge.ARGUMENT_CHANGED.get(name):
        if len(node.args) > place:
            reader.change(root_of(node.args[place]), line)
    elif name in knowledge.ARGUMENT_CHANGED and node.args:
        reader.change(root_of(node.args[0]), line)
    state = [k.value for k in node.keywords if k.arg == "random_state"]
    given = bool(state) and not (isinstance(state[0], ast.Constant) and state[0].value is None)
    if hidden := knowledge.seeds(name):
        reader.bind(hidden, line)
        reader.out.seeds_somehow = True
    elif hidden := knowledge.draws(name, given):
        reader.read(hidden, line, soft=True)
        reader.change(hidden, line)
    elif (hidden := knowledge.changes_setting(name)) and not _only_reads(name):
        reader.change(hidden, line)
    if "seed" in name.rpartition(".")[2]:
        reader.out.seeds_somehow = True


def _only_reads(name: str) -> bool:
    return name.rpartition(".")[2] in knowledge.PURE | {"get_option", "getenv"}


def _note_files(reader: Reader, node: ast.Call, name: str) -> None:
    """A file is a hidden variable: who writes it comes before who reads it below."""
    if name.startswith(knowledge.SHELL):
        reader.read("~shell", node.lineno, soft=True)
        reader.change("~shell", node.lineno)
    func = node.func
    word = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    place, writes = knowledge.READS_FILE.get(word, -1), False
    if word in knowledge.WRITES_FILE:
        place, writes = knowledge.WRITES_FILE[word], True
    elif word == "open":
        place, writes = 0, _opens_to_write(node)
    elif word in ("write_text", "write_bytes", "read_text", "read_bytes", "unlink"):
        _touch(reader, getattr(func, "value", None), node.lineno, word[0] in "wu")
        return
    if 0 <= place < len(node.args):
        _touch(reader, node.args[place], node.lineno, writes)


def _opens_to_write(node: ast.Call) -> bool:
    modes = [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "mode")]
    return any(isinstance(mode, ast.Constant) and bool(set(str(mode.value)) & set("wax+")) for mode in modes)


def _touch(reader: Reader, path: ast.expr | None, line: int, writes: bool) -> None:
    while isinstance(path, ast.Call) and path.args:
        path = path.args[0]  # Path("x.csv")
    if not (isinstance(path, ast.Constant) and isinstance(path.value, str)):
        return
    name = f"~file:{path.value.removeprefix('./')}"
    reader.read(name, line, soft=True)
    reader.read("~shell", line, soft=True)
    if writes:
        reader.change(name, line)


def unpacks_one_thing(value: ast.expr) -> bool:
    """Whether the call's results belong together: ``fig, ax = plt.subplots()``."""
    if not isinstance(value, ast.Call):
        return False
    func = value.func
    word = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    return word in ("subplots", "subplot_mosaic")


def handed_through(value: ast.expr) -> set[str]:
    """The arguments of a call of a plain name: its result may hold on to them."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        roots = {root_of(argument) for argument in value.args}
        roots |= {root_of(keyword.value) for keyword in value.keywords}
        return roots - {""} if value.func.id not in _FRESH else set()
    return set()


_FRESH = {"len", "sum", "min", "max", "abs", "round", "int", "float", "str", "bool", "repr",
          "range", "isinstance", "type", "id", "hash", "print", "any", "all", "ord", "chr",
          "divmod", "pow", "format", "callable", "hasattr", "open", "train_test_split",
          "cross_val_score", "accuracy_score", "clone", "deepcopy"}  # fmt: skip
