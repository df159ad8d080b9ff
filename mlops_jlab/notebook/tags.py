"""Cell tags → the role of a cell. The front end reads the same table of examples."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mlops_jlab.entities.findings import Finding, Fix, Severity
from mlops_jlab.entities.notebooks import Role
from mlops_jlab.notebook import fixes

STEP_NAME = re.compile(r"[a-z][a-z0-9_-]*\Z")
LONGEST_NAME = 80
_FEW = 4  # names among which a click chooses
_MANY = 50  # tags of a cell beyond which nobody mends them one by one
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}


def role_of(tags: Iterable[str]) -> tuple[Role, tuple[str, ...]]:
    """The role that tags give a cell, and the step names found among them."""
    words = list(tags)
    names = dict.fromkeys(
        word[5:] for word in words if word.startswith("step:") and STEP_NAME.match(word[5:])
    )
    if len(names) > 1:
        return Role.CONFLICT, tuple(names)
    if names:
        return Role.STEP, tuple(names)
    if "parameters" in words:
        return Role.PARAMETERS, ()
    return (Role.SETUP if "setup" in words else Role.NONE), ()


def check_tags(tags: Iterable[str], *, cell: int, cell_id: str) -> list[Finding]:
    """What is wrong with the tags of one cell."""
    words = list(tags)
    found: list[Finding] = []

    def error(code: str, message: str, hint: str, *cures: Fix) -> None:
        found.append(Finding(Severity.ERROR, code, message, hint, cell, cell_id, fixes=cures))

    role, names = role_of(words)
    if role is Role.CONFLICT:
        error(
            "two-steps",
            f"the cell is tagged with two steps: {', '.join(names)}",
            "a cell belongs to one step; remove all but one of the tags",
            *(_keep_one(cell, words, names) if len(names) <= _FEW else ()),
        )
    few = len(words) <= _MANY
    for word in words:
        kind, colon, name = word.partition(":")
        if not colon or kind not in ("step", "after"):
            continue
        if problem := name_problem(name):
            better = [fixes.instead(cell, words, word, f"{kind}:{slug(name)}")] if few else []
            error(
                "step-name",
                f"{word[:100]!r} is not a valid name for a step: {problem}",
                _suggest(name),
                *better,
            )
        elif kind == "after" and name in names:
            error("after-itself", f"step {name!r} is to run after itself", f"remove after:{name}",
                  fixes.without(cell, words, word))  # fmt: skip
    if role is Role.STEP and {"setup", "parameters"} & set(words):
        error(
            "two-roles",
            f"the cell is in step {names[0]!r} and also tagged as setup or parameters",
            "keep one of the tags",
            fixes.without(cell, words, *sorted({"setup", "parameters"} & set(words))),
            fixes.without(cell, words, *(f"step:{name}" for name in names)),
        )
    if "gate" in words and role is not Role.STEP:
        error("gate-alone", "the tag 'gate' stands beside a step tag", "add step:NAME to the cell",
              fixes.without(cell, words, "gate"))  # fmt: skip
    return found


def _keep_one(cell: int, words: list[str], names: Iterable[str]) -> Iterator[Fix]:
    """For each of the names, what is left when the others go."""
    steps = [f"step:{name}" for name in names]
    for kept in steps:
        yield fixes.without(cell, words, *(step for step in steps if step != kept))


def name_problem(name: str) -> str:
    """Why ``name`` cannot name a step, or nothing."""
    if not name:
        return "it is empty"
    if len(name) > LONGEST_NAME:
        return f"it has {len(name)} characters, {LONGEST_NAME} are allowed"
    if not STEP_NAME.match(name):
        return "a name is a lower-case letter, then lower-case letters, digits, '-' and '_'"
    return "it is reserved on Windows" if name in _RESERVED else ""


def slug(text: str) -> str:
    """The nearest allowed step name to some words, such as a heading."""
    name = re.sub(r"[^a-z0-9_]+", "-", text.lower()).lstrip("-_0123456789")[:LONGEST_NAME].strip("-_")
    return f"{name}-step" if name in _RESERVED else name or "step"


def _suggest(name: str) -> str:
    return f"rename it, for example to {slug(name)!r}"
