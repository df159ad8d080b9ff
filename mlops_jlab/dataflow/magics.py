"""IPython's magics and shell lines, as effects."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from mlops_jlab.dataflow.effects import Effects, Hazard
from mlops_jlab.notebook.python import Magic, parse_line

if TYPE_CHECKING:
    from mlops_jlab.dataflow.reader import Reader

# Line magics that set the session up: they are run again in each step below.
SESSION = {"matplotlib", "load_ext", "reload_ext", "autoreload", "config", "precision", "aimport",
           "alias", "alias_magic", "xmode", "colors", "autosave", "autoawait"}  # fmt: skip
_ABOUT = {"pinfo", "pinfo2", "psource", "pdoc", "pdef", "pfile"}
_HARMLESS = {"psearch", "pwd", "ls", "ll",
             "lsmagic", "magic", "quickref", "history", "hist", "timeit", "time", "prun", "memit",
             "mprun", "lprun", "debug", "pdb", "tb", "dhist", "cat", "notebook", "pipeline"}  # fmt: skip
_SHELL = {"pip", "conda", "mamba", "uv", "system", "sx", "sc", "cp", "mv", "rm", "mkdir", "rmdir",
          "bash", "sh", "script", "cmd", "perl", "ruby", "pypy", "writefile", "file"}  # fmt: skip
_DISPLAY = {"html", "HTML", "javascript", "js", "latex", "markdown", "svg", "SVG"}
_PYTHON = {"time", "timeit", "prun", "memit"}
_TRACKED = {
    "param",
    "params",
    "metric",
    "metrics",
    "tag",
    "artifact",
}  # verbs of %track with values after them
_NAMESPACE = {"run", "reset", "reset_selective", "xdel", "store", "pylab", "edit", "load",
              "loadpy", "macro", "rerun", "recall", "paste", "cpaste"}  # fmt: skip
_LISTING = {"who", "who_ls", "whos"}
# All that is known not to bind names of which nobody can tell, save those that bring in code.
KNOWN = SESSION | _ABOUT | _HARMLESS | _SHELL | _DISPLAY | _PYTHON | _LISTING | {
    "capture", "track", "env", "set_env", "cd", "pushd", "popd", "reset", "latex", "markdown"}  # fmt: skip
BINDING = {"load_ext", "reload_ext", "alias", "alias_magic", "config", "autoreload", "aimport"}
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}|(?<!\$)\$([A-Za-z_]\w*)")


def note_magic(reader: Reader, node: ast.Call, method: str) -> None:
    """``get_ipython().method(...)``, as IPython's transformer writes it, or a person."""
    texts = [a.value if isinstance(a, ast.Constant) else None for a in node.args]
    line = node.lineno
    if method in ("system", "getoutput", "getoutput_"):
        _note_shell(reader, str(texts[0] or "") if texts else "", line)
    elif method == "run_line_magic" and len(texts) >= 2 and texts[0]:
        note_line(reader, str(texts[0]), str(texts[1] or ""), line)
    elif method == "run_cell_magic" and texts and texts[0]:
        note_cell(reader, Magic(str(texts[0]), *(str(t or "") for t in texts[1:3])), line)
    elif method in ("magic", "run_cell", "ex", "push", "reset", "run_code", "runcode", "del_var"):
        _note_unknown(reader, f"get_ipython().{method}()", line)


def note_line(reader: Reader, name: str, rest: str, line: int) -> None:
    """The effects of ``%name rest``."""
    _note_placeholders(reader, rest, line)
    if name in _PYTHON:
        body = timed(rest)
        for statement in body:
            ast.increment_lineno(statement, line - 1)
        if name == "timeit":
            reader.enclosed(body)
        else:
            for statement in body:
                reader.visit(statement)
    elif name == "track":
        _note_track(reader, rest, line)
    elif name in _ABOUT:
        for found in re.findall(r"[A-Za-z_]\w*", rest)[:1]:
            reader.read(found, line, soft=True)
    elif name in _SHELL:
        _note_shell(reader, rest, line)
    elif name in ("env", "set_env"):
        if "=" in rest or (name == "set_env" and rest) or len(rest.split()) > 1:
            reader.change("~environ", line)
    elif name in ("cd", "pushd", "popd"):
        reader.change("~directory", line)
    elif name in _LISTING:
        reader.out.reads_all = True
        reader.out.hazards.append(
            Hazard("namespace", line, f"%{name} lists every name of the notebook",
                   "a step knows only the names that it needs; take the line out")
        )  # fmt: skip
    elif name == "reset" and not set(rest.split()) & {"in", "out", "dhist", "array"}:
        reader.out.resets = True
    elif name not in SESSION | _HARMLESS:
        _note_unknown(reader, f"%{name}", line)


def timed(rest: str) -> list[ast.stmt]:
    """The statements behind the options of ``%time``, ``%timeit`` and their like."""
    tree = parse_line(re.sub(r"^(-\w+(\s+\d+)?(\s+|$))*", "", rest))
    return tree.body if tree else []


def _note_track(reader: Reader, rest: str, line: int) -> None:
    """``%track metric acc loss=f(x)`` reads ``acc``, ``f`` and ``x``."""
    verb, *items = rest.split() or [""]
    for item in items if verb in _TRACKED else ():
        tree = parse_line(item.partition("=")[2] or item)
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, ast.Name):
                reader.read(node.id, line, soft=True)


def note_cell(reader: Reader, magic: Magic, line: int) -> None:
    """The effects of a cell magic whose body is not the notebook's own Python."""
    _note_placeholders(reader, magic.line, line)
    for option in re.findall(r"--(?:out|err|proc|to)[= ]+(\w+)", magic.line):
        reader.bind(option, line)
    if magic.name in ("writefile", "file"):
        path = magic.line.split()[-1].strip("\"'") if magic.line.split() else ""
        name = f"~file:{path.removeprefix('./')}"
        reader.read(name, line, soft=True)
        reader.change(name, line)
        reader.read("~shell", line, soft=True)
    elif magic.name in _SHELL:
        _note_shell(reader, "", line)
    elif magic.name not in _DISPLAY:
        _note_unknown(reader, f"%%{magic.name}", line)


def _note_shell(reader: Reader, text: str, line: int) -> None:
    _note_placeholders(reader, text, line)
    reader.read("~shell", line, soft=True)
    reader.change("~shell", line)
    reader.stored.setdefault("_exit_code", line)  # IPython binds it after most of them


def _note_placeholders(reader: Reader, text: str, line: int) -> None:
    """``{name}`` and ``$name`` in a magic's line are filled in from the notebook."""
    for expression, name in _PLACEHOLDER.findall(text):
        tree = parse_line(expression) if expression else None
        names = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name)] if tree else [name]
        for found in names:
            if found:
                reader.read(found, line, soft=True)


def _note_unknown(reader: Reader, what: str, line: int) -> None:
    reader.out.reads_all = True
    reader.out.writes_any = True
    reader.out.hazards.append(
        Hazard("magic", line, f"{what} may read and write any name of the notebook",
               "the step takes every value along and its changes are found while it runs")
    )  # fmt: skip


def is_session_line(statement: ast.stmt) -> bool:
    """Whether the statement is a line such as ``%matplotlib inline``."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "run_line_magic"
        and bool(call.args)
        and isinstance(call.args[0], ast.Constant)
        and call.args[0].value in SESSION
    )


def tracked_effects(magic: Magic) -> Effects:
    """``%%track --params a --metrics b`` reads ``a`` and ``b`` when its cell is done."""
    from mlops_jlab.dataflow.reader import Reader

    reader = Reader({})
    _name, _, options = magic.line.partition("--")
    for word in f"--{options}".split():
        if word.isidentifier():
            reader.read(word, 1, soft=True)
    return reader.finish()


def opaque_effects(magic: Magic) -> Effects:
    """The effects of a whole cell that begins with a cell magic such as ``%%bash``."""
    from mlops_jlab.dataflow.reader import Reader

    reader = Reader({})
    note_cell(reader, magic, 1)
    return reader.finish()
