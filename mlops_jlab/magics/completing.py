"""Tab after ``%track``."""

from __future__ import annotations

from typing import Any

from mlops_jlab.magics.reading import VERBS

_OPTIONS = {"start": ("--experiment", "--group", "--nested"), "metric": ("--step",), "auto": ("on", "off"),
            "stop": ("finished", "failed", "killed")}  # fmt: skip


def complete(shell: Any, line: str, symbol: str) -> list[str]:
    """The words that may stand where the cursor is."""
    words = line.split()
    if words and words[0] == "%%track":
        return [*("--params", "--metrics", "--auto"), *_names(shell)]
    done = words[1:-1] if symbol else words[1:]
    if not done:
        return list(VERBS)
    verb = done[0]
    options = list(_OPTIONS.get(verb, ()))
    return options + (_names(shell) if verb in ("param", "metric", "tag") else [])


def _names(shell: Any) -> list[str]:
    hidden = shell.user_ns_hidden
    return [name for name in shell.user_ns if not name.startswith("_") and name not in hidden]
