"""The code of a cell without what does not matter: comments, blank lines and layout."""

from __future__ import annotations

import ast

from mlops_jlab.notebook.python import parse_cell


def meaning(source: str) -> str:
    """A text that is the same for all sources that do the same by their syntax."""
    code = parse_cell(source)
    if code.problem or (code.magics and not code.tree.body):
        return source
    magics = [[magic.name, magic.line] for magic in code.magics]
    return f"{magics} {ast.dump(code.tree)}"
