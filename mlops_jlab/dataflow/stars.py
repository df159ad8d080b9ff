"""``from m import *``: the names are found by importing the module in a process of its own."""

from __future__ import annotations

import ast
import json
import subprocess
from functools import lru_cache
from pathlib import Path

from mlops_jlab import interpreter

_ASK = """
import importlib, json, sys
sys.path.insert(0, sys.argv[2])
m = importlib.import_module(sys.argv[1])
names = getattr(m, "__all__", None) or [n for n in vars(m) if not n.startswith("_")]
print("\\n" + json.dumps(sorted(names)))
"""


def star_module(node: ast.stmt) -> str:
    """The module of a star import, or nothing."""
    if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
        return "." * node.level + (node.module or "")
    return ""


@lru_cache(maxsize=64)
def names_of_star(module: str, folder: Path) -> tuple[str, ...] | None:
    """What the module exports, or ``None`` if it cannot be imported within a minute."""
    if module.startswith("."):
        return None
    try:
        done = subprocess.run(
            interpreter.words("-c", _ASK, module, str(folder)), env=interpreter.environment(),
            capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
            cwd=folder if folder.is_dir() else None,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    return tuple(json.loads(done.stdout.strip().splitlines()[-1]))
