"""What IPython will run for a cell, as syntax trees with a way back to the cell's own lines.

IPython's transformer decides what is a magic, a shell line or help; a cell that is plain Python
already is left alone, because IPython leaves it alone too. This is the one door to IPython.
"""

from __future__ import annotations

import ast
import difflib
import keyword
import re
from dataclasses import dataclass
from functools import lru_cache

# Magics whose body is Python that runs in the notebook's own namespace.
UNWRAPPED = {"time", "capture", "prun", "track"}
# Magics whose body is Python that runs in a scope of its own.
ENCLOSED = {"timeit"}
# Line magics that bare words invoke in a one-line cell ("automagic"), whatever is bound to them.
_AUTOMAGIC = {
    "cd", "ls", "ll", "pwd", "pip", "conda", "env", "who", "whos", "matplotlib", "run",
    "load_ext", "reload_ext", "time", "timeit", "cat", "cp", "mv", "rm", "mkdir", "rmdir",
}  # fmt: skip
# IPython's others, which bare words invoke where nothing of that name is bound.
LINE_MAGICS = frozenset(_AUTOMAGIC) | {
    "alias", "alias_magic", "autoawait", "autocall", "automagic", "autosave", "bookmark", "clear",
    "code_wrap", "colors", "config", "connect_info", "debug", "dhist", "dirs", "doctest_mode", "ed",
    "edit", "gui", "hist", "history", "killbgscripts", "ldir", "less", "lf", "lk", "load", "loadpy",
    "logoff", "logon", "logstart", "logstate", "logstop", "lsmagic", "lx", "macro", "magic",
    "mamba", "man", "micromamba", "more", "notebook", "page", "pastebin", "pdb", "pdef", "pdoc",
    "pfile", "pinfo", "pinfo2", "popd", "pprint", "precision", "prun", "psearch", "psource",
    "pushd", "pycat", "pylab", "qtconsole", "quickref", "recall", "rehashx", "rep", "rerun",
    "reset", "reset_selective", "save", "sc", "set_env", "store", "subshell", "sx", "system", "tb",
    "unalias", "unload_ext", "uv", "who_ls", "xdel", "xmode",
}  # fmt: skip


@dataclass(frozen=True)
class Magic:
    """A cell magic: its name, the rest of its line, and whether its body is Python."""

    name: str
    line: str
    body: str = ""


@dataclass(frozen=True)
class Code:
    """A parsed cell. ``lines[n]`` is the cell's own line (from 1) of the tree's line ``n + 1``."""

    tree: ast.Module
    text: str
    lines: tuple[int, ...]
    original: str
    magics: tuple[Magic, ...] = ()
    problem: str = ""
    problem_line: int = 0
    discards_names: bool = False

    def line(self, node: ast.AST) -> int:
        """The cell's own line in which a node of the tree begins, its decorators included, counted from 1."""
        number = _first_line(node)
        return self.lines[min(number, len(self.lines)) - 1] if self.lines else 1

    def source_of(self, node: ast.stmt) -> str:
        """The statement as its author wrote it, where it has its lines to itself."""
        first = _first_line(node)
        last = node.end_lineno or first
        rows = self.text.split("\n")
        tail = rows[last - 1].encode()[node.end_col_offset :].decode().strip(" \t;")
        if node.col_offset == 0 and (not tail or tail.startswith("#")):
            begin, end = self.lines[first - 1], self.lines[last - 1]
            mine = self.original.split("\n")[begin - 1 : end]
            if end - begin == last - first:
                return "\n".join(mine).rstrip().rstrip(";")
        return ast.unparse(node)


def _first_line(node: ast.AST) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    own: int = getattr(node, "lineno", 1)
    return min([own, *(one.lineno for one in decorators)])


_EMPTY = ast.Module(body=[], type_ignores=[])


@lru_cache(4_096)
def parse_cell(source: str) -> Code:
    """The Python of one cell; a cell that is no Python has ``problem`` and an empty tree.

    The answer is kept and shared, so that reading a notebook again costs the changed cell alone.
    """
    offset, magics, body = _peel(source)
    if magics and magics[-1].name not in UNWRAPPED | ENCLOSED:
        return Code(_EMPTY, "", (), source, magics)
    enclosed = bool(magics) and magics[-1].name in ENCLOSED
    automagic = _as_automagic(body)
    plain = _try_parse(body) if automagic == body else None
    if plain is not None:
        lines = tuple(range(offset + 1, offset + 2 + body.count("\n")))
        return Code(plain, body, lines, source, magics, discards_names=enclosed)
    text = _transform(automagic)
    try:
        tree = ast.parse(text, feature_version=None)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = _map_lines(body, text, offset)
        number = getattr(error, "lineno", None) or 1
        mine = line[min(number, len(line)) - 1] if line else 1
        return Code(_EMPTY, "", (), source, magics, str(getattr(error, "msg", error)), mine, enclosed)
    return Code(tree, text, _map_lines(body, text, offset), source, magics, discards_names=enclosed)


def parse_line(source: str) -> ast.Module | None:
    """The argument of a line magic as Python, or nothing if it is none."""
    return _try_parse(source.strip())


def _peel(source: str) -> tuple[int, tuple[Magic, ...], str]:
    """Takes leading cell magics off: how many lines went, the magics, what is left."""
    magics: list[Magic] = []
    offset = 0
    rest = source
    while True:
        blank = re.match(r"(?:[ \t]*\n)*", rest)
        skipped = blank.group() if blank else ""
        head = re.match(r"%%(\w+)[ \t]*(.*)(?:\n|\Z)", rest[len(skipped) :])
        if not head:
            return offset, tuple(magics), rest
        offset += skipped.count("\n") + head.group().count("\n")
        rest = rest[len(skipped) + head.end() :]
        magics.append(Magic(head.group(1), head.group(2).strip(), rest))
        if head.group(1) not in UNWRAPPED | ENCLOSED:
            return offset, tuple(magics), rest


def _try_parse(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def bare_word(body: str) -> str:
    """The first word of a one-line cell, where IPython looks whether it is a magic; else nothing."""
    words = body.strip().split(None, 1)
    if not words or "\n" in body.strip() or re.match(r"[=.(\[,]", (words[1:] or [""])[0]):
        return ""
    return words[0] if words[0].isidentifier() and not keyword.iskeyword(words[0]) else ""


def _as_automagic(body: str) -> str:
    return "%" + body.strip() if bare_word(body) in _AUTOMAGIC else body


def _transform(body: str) -> str:
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        text: str = TransformerManager().transform_cell(body)
    except SyntaxError:  # IPython's own transformers raise it for some unfinished input
        return body
    return text


def _map_lines(body: str, text: str, offset: int) -> tuple[int, ...]:
    """For each line of the transformed text, the line of the cell that it came from."""
    old, new = body.split("\n"), text.split("\n")
    found: list[int] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for _tag, first, last, begin, end in matcher.get_opcodes():
        for place in range(begin, end):
            mine = min(first + place - begin, max(first, last - 1))
            found.append(offset + min(mine, len(old) - 1) + 1)
    return tuple(found)
