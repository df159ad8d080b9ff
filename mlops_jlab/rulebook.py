"""Rules as people write them, one a line: the reader that gates and checks of data share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from mlops_jlab.errors import InputError

_Rule = TypeVar("_Rule")
_PIECES = re.compile(r""" '[^']*' | "[^"]*" | \s+ | \#.* | . """, re.VERBOSE)


@dataclass(frozen=True)
class Problem:
    """A line that is no rule; ``line`` counts from 1, and is 0 where it is about all of them."""

    line: int
    message: str
    hint: str


def read(lines: Iterable[str], rule_of: Callable[[str], _Rule]) -> tuple[list[_Rule], list[Problem]]:
    """The rules in the lines, and what is wrong with the others. Empty lines and comments are left out."""
    rules: list[_Rule] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, start=1):
        text = tidy(line)
        if not text:
            continue
        try:
            rules.append(rule_of(text))
        except InputError as error:
            problems.append(Problem(number, error.message, error.hint))
    return rules, problems


def tidy(line: str) -> str:
    """A line without its comment and with single spaces; what stands in quotes stays as it is."""
    kept = []
    for piece in _PIECES.findall(line):
        if piece.startswith("#"):
            break
        kept.append(" " if piece.isspace() else piece)
    return "".join(kept).strip()


def refuse(problems: Iterable[Problem]) -> None:
    """Raises the first problem as an error with its line.

    Raises:
        InputError: there is one.
    """
    for problem in problems:
        where = f"rule {problem.line}: " if problem.line else ""
        raise InputError(f"{where}{problem.message}", hint=problem.hint)
