"""What stands after ``%track``: words, options, and ``name=expression``."""

from __future__ import annotations

import argparse
import shlex
from typing import Any, NoReturn

from mlops_jlab.errors import TrackingError

VERBS = ("adopt", "artifact", "auto", "compare", "figure", "metric", "note", "param", "resume", "runs",
         "start", "stop", "tag")  # fmt: skip


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise TrackingError(f"%track: {message}", hint="see %track?")


def words(line: str) -> list[str]:
    """The line's words; quotes hold words together.

    Raises:
        TrackingError: a quote is not closed.
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        raise TrackingError(f"%track {line}: {error}", hint="close the quote") from error


def start_options(line: str) -> argparse.Namespace:
    """The options of ``%track start``."""
    parser = _Parser(prog="%track start", add_help=False)
    parser.add_argument("name", nargs="*")
    parser.add_argument("--experiment", default="")
    parser.add_argument("--group", default="")
    parser.add_argument("--nested", action="store_true")
    return parser.parse_args(words(line))


def cell_options(line: str) -> argparse.Namespace:
    """The options of ``%%track``."""
    parser = _Parser(prog="%%track", add_help=False)
    parser.add_argument("name", nargs="*")
    parser.add_argument("--params", nargs="*", default=[])
    parser.add_argument("--metrics", nargs="*", default=[])
    parser.add_argument("--auto", action="store_true")
    return parser.parse_args(words(line))


def step_option(items: list[str]) -> tuple[list[str], int | None]:
    """Takes ``--step N`` out of the words.

    Raises:
        TrackingError: N is no whole number.
    """
    if "--step" not in items:
        return items, None
    place = items.index("--step")
    try:
        return [*items[:place], *items[place + 2 :]], int(items[place + 1])
    except (ValueError, IndexError) as error:
        raise TrackingError("%track: --step takes a whole number") from error


def pairs(shell: Any, line: str) -> dict[str, Any]:
    """``a b=expression`` → the value of ``a`` and of the expression, in the notebook's names.

    What is no expression is taken as text.

    Raises:
        TrackingError: a name is not defined.
    """
    found: dict[str, Any] = {}
    for word in _pieces(line):
        name, equals, text = word.partition("=")
        if equals:
            found[name.strip()] = _evaluate(shell, text)
        elif name in shell.user_ns:
            found[name] = shell.user_ns[name]
        else:
            raise TrackingError(f"%track: the name {name!r} is not defined", hint=f"write {name}=VALUE")
    return found


def _pieces(line: str) -> list[str]:
    """Split at spaces that stand in no quotes and no brackets."""
    pieces, current, depth, quote = [], "", 0, ""
    for char in line.strip():
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        if char.isspace() and not quote and depth <= 0:
            pieces.append(current)
            current = ""
        else:
            current += char
    return [piece for piece in [*pieces, current] if piece]


def _evaluate(shell: Any, text: str) -> Any:
    try:
        return eval(text, shell.user_global_ns, shell.user_ns)  # noqa: S307  # the user's own words
    except (SyntaxError, NameError):
        return text
    except Exception as error:  # whatever the user's expression raises
        raise TrackingError(f"%track: {text} raises {type(error).__name__}: {error}") from error
