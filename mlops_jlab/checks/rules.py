"""The words in which a check of data is written: a rule a line, read when the cell is written, not at night.

::

    rows at least 1000                       rows between 900 and 1100
    rows within 50 % of the last 5 runs
    columns date, carrier, distance          they are there
    only columns date, carrier, distance     they are there, and no others
    distance is a number                     whole number, text, boolean, time
    distance above 0                         below, at least, at most; between 0 and 5000
    date between 2013-01-01 and 2013-12-31
    carrier in AA, DL, UA
    tail matches N[0-9A-Z]+
    carrier never missing                    tail missing below 1 %
    id unique                                carrier, flight, date unique
    date fresh within 2 days
    carrier found in carriers.code           check_data(..., tables={"carriers": frame})
    distance mean within 10 % of the reference
    distance like the reference              all like the reference; ... within 0.2
    sex represented within 5 % of the reference         no group has become rarer or more frequent by more
    late by carrier within 10 % of the reference        label rates of groups; or within 10 % of one another
    warn: distance below 3000                says so and goes on; a rule without it stops
    distance below 3000 for 99 % of rows     so many have to be so

A name that is no plain word stands in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from mlops_jlab import rulebook
from mlops_jlab.errors import InputError, nearest
from mlops_jlab.rulebook import Problem

KINDS = ("number", "whole number", "text", "boolean", "time")
ALL = "*"  # in place of a column's name
_NAME = r"""(?:[^\W\d][\w.]*|"[^"]+"|'[^']+')"""
_NAMES = rf"({_NAME}(?:, ?{_NAME})*)"
_BOUND = r"""([-+]?[\d.]+(?:e[-+]?\d+)?|\d{4}-\d\d-\d\d(?:[ T][\d:.]+(?:Z|[-+]\d\d:?\d\d)?)?)"""
_COUNT = r"(\d[\d_]*)"
_PERCENT = r"(\d+(?:\.\d*)?) ?%"
_SECONDS = {"minute": 60.0, "hour": 3600.0, "day": 86400.0, "week": 7 * 86400.0}
_PATTERNS = {
    "rows between": re.compile(rf"rows between {_COUNT} and {_COUNT}"),
    "rows at least": re.compile(rf"rows at least {_COUNT}"),
    "rows at most": re.compile(rf"rows at most {_COUNT}"),
    "rows like before": re.compile(rf"rows within {_PERCENT} of the last (?:{_COUNT} )?runs?"),
    "only columns": re.compile(rf"only columns {_NAMES}"),
    "columns": re.compile(rf"columns {_NAMES}"),
    "all like": re.compile(r"all like the reference(?: within ([\d.]+))?"),
    "like": re.compile(rf"({_NAME}) like the reference(?: within ([\d.]+))?"),
    "mean": re.compile(rf"({_NAME}) mean within {_PERCENT} of the reference"),
    "represented": re.compile(rf"({_NAME}) represented within {_PERCENT} of the reference"),
    "rate like": re.compile(rf"({_NAME}) by ({_NAME}) within {_PERCENT} of the reference"),
    "rate alike": re.compile(rf"({_NAME}) by ({_NAME}) within {_PERCENT}"),
    "kind": re.compile(rf"({_NAME}) is (?:a |an )?([\w ]+)"),
    "between": re.compile(rf"({_NAME}) between {_BOUND} and {_BOUND}"),
    "limit": re.compile(rf"({_NAME}) (above|below|at least|at most) {_BOUND}"),
    "in": re.compile(rf"({_NAME}) in (.+)"),
    "matches": re.compile(rf"({_NAME}) matches (.+)"),
    "never missing": re.compile(rf"({_NAME}) never missing"),
    "missing": re.compile(rf"({_NAME}) missing (?:below|at most) {_PERCENT}"),
    "unique": re.compile(rf"{_NAMES} unique"),
    "fresh": re.compile(rf"({_NAME}) fresh within (\d+(?:\.\d*)?) (minute|hour|day|week)s?"),
    "found": re.compile(rf"({_NAME}) found in ({_NAME})"),
}  # fmt: skip
ROW_BY_ROW = frozenset({"kind", "between", "limit", "in", "matches", "found"})
NEEDS_REFERENCE = frozenset({"all like", "like", "mean", "represented", "rate like"})
_SHARE = re.compile(rf"(.+) for {_PERCENT} of rows")
_VERBS = ("is", "between", "above", "below", "at", "in", "matches", "never", "missing", "unique", "fresh",
          "found", "like", "mean", "within", "represented", "by")  # fmt: skip
_EXAMPLES = "write such as: rows at least 1000, distance above 0, carrier never missing"


@dataclass(frozen=True)
class Rule:
    """One rule about data.

    ``columns`` are those that it speaks of (:data:`ALL` for all), ``bounds`` numbers or times as they were
    written, ``words`` the categories, the pattern, the kind or the table's column. ``share`` of the rows must
    be so. Where it does not hold, it ``stops`` the step, or warns.
    """

    kind: str
    text: str
    columns: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    number: float = 0.0
    share: float = 1.0
    stops: bool = True


def parse(lines: str | Sequence[str]) -> list[Rule]:
    """The rules in a text, or in several.

    Raises:
        InputError: a line is no rule, with its number.
    """
    found, wrong = read(lines.splitlines() if isinstance(lines, str) else lines)
    rulebook.refuse(wrong)
    return found


def read(lines: Sequence[str]) -> tuple[list[Rule], list[Problem]]:
    """The rules in the lines, and what is wrong with the others. Empty lines and comments are left out."""
    return rulebook.read(lines, rule_of)


def rule_of(line: str) -> Rule:
    """The rule in one line.

    Raises:
        InputError: there is none.
    """
    warns = line.startswith("warn:")
    text = line.removeprefix("warn:").strip()
    share = 1.0
    counted = _SHARE.fullmatch(text)
    if counted:
        text, share = counted[1], _share(counted[2], line)
    for kind, pattern in _PATTERNS.items():
        found = pattern.fullmatch(text)
        if found:
            rule = _BUILDERS[kind](kind, found.groups())
            if share < 1 and kind not in ROW_BY_ROW:
                raise InputError(
                    f"{line!r}: this is not asked row by row",
                    hint=f"leave out: for {counted and counted[2]} % of rows",
                )
            return replace(rule, text=line, share=share, stops=not warns)
    raise InputError(
        f"{line!r} is not a rule{_near(text)}", hint=f"{_EXAMPLES}; see the page Check your data"
    )


def _near(text: str) -> str:
    words = re.sub(_NAME, "", text, count=1).split() if not text.startswith(("rows", "columns")) else []
    verb = words[0] if words else ""
    return nearest(verb, _VERBS) if verb and verb not in _VERBS else ""


def _share(text: str, line: str) -> float:
    share = float(text) / 100
    if not 0 < share <= 1:
        raise InputError(
            f"{line!r}: a share of the rows is above 0 % and at most 100 %", hint="for 99 % of rows"
        )
    return share


def _names(text: str) -> tuple[str, ...]:
    return tuple(_name(found) for found in re.findall(_NAME, text))


def _name(text: str) -> str:
    return text[1:-1] if text[:1] in ("'", '"') else text


def _values(text: str) -> tuple[str, ...]:
    """The categories of a list: words with commas between them, some of them in quotes."""
    found = re.findall(r"""\s*("[^"]*"|'[^']*'|[^,]*?)\s*(?:,|$)""", text.strip().strip("[]()"))
    values = tuple(_name(value) for value in found[:-1] or found)
    if not all(values) and '""' not in text and "''" not in text:
        raise InputError(f"{text!r}: a category is missing between commas", hint="write: in AA, DL, UA")
    return values


def _counts(kind: str, groups: Sequence[str | None]) -> Rule:
    bounds = tuple(str(group).replace("_", "") for group in groups)
    _ascending(bounds)
    return Rule(kind, "", bounds=bounds)


def _like_before(kind: str, groups: Sequence[str | None]) -> Rule:
    runs = str(groups[1] or "1").replace("_", "")
    if len(runs) > 9 or int(runs) < 1:
        raise InputError(f"there is no last {runs[:20]} runs", hint="rows within 50 % of the last 5 runs")
    return Rule(kind, "", bounds=(runs,), number=float(groups[0] or 0) / 100)


def _listed(kind: str, groups: Sequence[str | None]) -> Rule:
    return Rule(kind, "", _names(str(groups[0])))


def _like(kind: str, groups: Sequence[str | None]) -> Rule:
    *column, effect = groups
    if effect is not None and not _is_number(effect):
        raise InputError(f"{effect!r} is not a number", hint="like the reference within 0.2")
    names = (_name(str(column[0])),) if column else (ALL,)
    return Rule(kind, "", names, bounds=(effect,) if effect else ())


def _kind(kind: str, groups: Sequence[str | None]) -> Rule:
    word = str(groups[1])
    if word not in KINDS:
        raise InputError(
            f"there is no kind {word!r}{nearest(word, KINDS)}", hint=f"one of: {', '.join(KINDS)}"
        )
    return Rule(kind, "", (_name(str(groups[0])),), words=(word,))


def _range(kind: str, groups: Sequence[str | None]) -> Rule:
    name, low, high = map(str, groups)
    _check_bounds(low, high)
    _ascending((low, high))
    return Rule(kind, "", (_name(name),), bounds=(low, high))


def _limit(kind: str, groups: Sequence[str | None]) -> Rule:
    name, word, bound = map(str, groups)
    _check_bounds(bound)
    return Rule(kind, "", (_name(name),), bounds=(bound,), words=(word,))


def _in(kind: str, groups: Sequence[str | None]) -> Rule:
    return Rule(kind, "", (_name(str(groups[0])),), words=_values(str(groups[1])))


def _matches(kind: str, groups: Sequence[str | None]) -> Rule:
    pattern = _name(str(groups[1]))
    try:
        re.compile(pattern)
    except re.error as error:
        raise InputError(
            f"{pattern!r} is not a pattern: {error}", hint="a regular expression of Python"
        ) from error
    return Rule(kind, "", (_name(str(groups[0])),), words=(pattern,))


def _percent(kind: str, groups: Sequence[str | None]) -> Rule:
    return Rule(kind, "", (_name(str(groups[0])),), number=float(groups[1] or 0) / 100)


def _rates(kind: str, groups: Sequence[str | None]) -> Rule:
    label, group, percent = map(str, groups)
    return Rule(kind, "", (_name(label), _name(group)), number=float(percent) / 100)


def _plain(kind: str, groups: Sequence[str | None]) -> Rule:
    return Rule(kind, "", (_name(str(groups[0])),))


def _fresh(kind: str, groups: Sequence[str | None]) -> Rule:
    name, number, unit = map(str, groups)
    return Rule(kind, "", (_name(name),), number=float(number) * _SECONDS[unit], words=(f"{number} {unit}s",))


def _found(kind: str, groups: Sequence[str | None]) -> Rule:
    name, where = (_name(str(group)) for group in groups)
    table, dot, column = where.rpartition(".")
    if not (table and dot and column):
        raise InputError(f"{where!r} names no column of a table", hint=f"{name} found in TABLE.COLUMN")
    return Rule(kind, "", (name,), words=(table, column))


_BUILDERS: dict[str, Callable[[str, Sequence[str | None]], Rule]] = {
    "rows between": _counts, "rows at least": _counts, "rows at most": _counts,
    "rows like before": _like_before, "only columns": _listed, "columns": _listed, "all like": _like,
    "like": _like, "mean": _percent, "kind": _kind, "between": _range, "limit": _limit, "in": _in,
    "matches": _matches, "never missing": _plain, "missing": _percent, "unique": _listed, "fresh": _fresh,
    "found": _found, "represented": _percent, "rate like": _rates, "rate alike": _rates,
}  # fmt: skip


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def bound_of(text: str) -> float | datetime:
    """A bound as it was written: a number, or a moment (in UTC, unless it says another zone).

    Raises:
        InputError: it is neither.
    """
    if _is_number(text):
        return float(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"{text!r} is neither a number nor a date", hint="such as 12.5 or 2013-01-31"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _check_bounds(*bounds: str) -> None:
    for bound in bounds:
        bound_of(bound)


def _ascending(bounds: Sequence[str]) -> None:
    if len(bounds) == 2:
        low, high = map(bound_of, bounds)
        if isinstance(low, float) != isinstance(high, float):
            raise InputError(
                f"{bounds[0]} and {bounds[1]} are not of one kind", hint="two numbers, or two dates"
            )
        if low > high:  # type: ignore[operator]  # they are of one kind
            raise InputError(
                f"nothing is between {bounds[0]} and {bounds[1]}", hint="the lower one comes first"
            )
