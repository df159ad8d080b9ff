"""MLflow's filters over things that are few: experiments, registered models, versions, logged models.

Runs are searched by the store itself; see :mod:`mlops_jlab.store.filters`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from mlops_jlab.entities.models import NUMBER
from mlops_jlab.errors import FilterError, nearest
from mlops_jlab.mlflow.entities import PagedList

Thing = TypeVar("Thing")
Test = Callable[[Any], bool]

_CONDITION = re.compile(
    r"""\s*(?:(?P<kind>attributes?|tags?|params?|metrics)\.)?(?P<name>`[^`]+`|"[^"]+"|[\w./-]+)\s*
    (?P<operator>!=|<>|<=|>=|=|<|>|\bi?like\b|\bnot\s+in\b|\bin\b)\s*
    (?P<value>\([^)]*\)|'(?:[^'])*'|"(?:[^"])*"|[-+.\w]+)\s*""",
    re.IGNORECASE | re.VERBOSE,
)
_PROMPT = "mlflow.prompt.is_prompt"
_AND = re.compile(r"and\b", re.IGNORECASE)
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "in": lambda a, b: a in b,
    "not in": lambda a, b: a not in b,
    "like": lambda a, b: bool(_pattern(b).fullmatch(str(a))),
    "ilike": lambda a, b: bool(_pattern(b.lower()).fullmatch(str(a).lower())),
}


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text).replace("%", ".*").replace("_", "."), re.DOTALL)


def apply(things: Iterable[Thing], text: str | None, fields: Sequence[str]) -> list[Thing]:
    """Those of ``things`` that a filter finds; ``fields`` are the attributes that it may name.

    Raises:
        FilterError: with the column where the filter goes wrong.
    """
    tests = list(_tests(text or "", fields))
    return [thing for thing in things if all(test(thing) for test in tests)]


def _tests(text: str, fields: Sequence[str]) -> Iterable[Test]:
    place = 0
    while text[place:].strip():
        found = _CONDITION.match(text, place)
        if found is None:
            raise _wrong(text, place, "the filter is not understood here")
        yield _test(text, found, fields)
        place = found.end()
        if text[place:].strip():
            more = _AND.match(text, place)
            if more is None:
                raise _wrong(text, place, "conditions are joined by 'and'")
            place = more.end()


def _wrong(text: str, place: int, message: str) -> FilterError:
    return FilterError(
        f"{message} (column {place + 1})\n    {text}\n    {' ' * place}^",
        hint="for example: name LIKE 'churn%' and tags.team = 'risk'",
        column=place + 1,
    )


def _test(text: str, found: re.Match[str], fields: Sequence[str]) -> Test:
    kind = (found["kind"] or "attribute").lower().rstrip("s")
    name, value = found["name"].strip('`"'), _value(found["value"])
    compare = _OPERATORS[" ".join(found["operator"].lower().split())]
    if kind == "attribute" and name not in fields:
        raise _wrong(text, found.start("name"), f"{name!r} is not an attribute{nearest(name, fields)}")

    def test(thing: Any) -> bool:
        own = value_of(thing, kind, name)
        if own is None and name == _PROMPT:
            own = "false"  # MLflow's client leaves prompts out of every search for models
        if own is None:
            return False
        if isinstance(value, tuple):
            return compare(str(own), value)
        try:
            return compare(own, type(own)(value) if isinstance(own, (int, float)) else str(value))
        except ValueError:
            return compare(str(own), value)

    return test


def _value(text: str) -> Any:
    if text.startswith("("):
        return tuple(part.strip().strip("'\"") for part in text[1:-1].split(",") if part.strip())
    return text[1:-1] if text[:1] in "'\"" else text


def value_of(thing: Any, kind: str, name: str) -> Any:
    """What a field of a thing is: of its attributes, tags, params or metrics; None where it has none."""
    if kind == "attribute":
        return getattr(thing, name, None)
    if kind == "metric":
        return next((one.value for one in reversed(thing.metrics or ()) if one.key == name), None)
    return (thing.tags if kind == "tag" else thing.params).get(name)


def ordered(things: Sequence[Thing], order_by: Iterable[str], fields: Sequence[str]) -> list[Thing]:
    """``things`` by some fields, each with ``ASC`` or ``DESC`` after it.

    Raises:
        FilterError: there is no such field.
    """
    found = list(things)
    for entry in reversed(list(order_by)):
        match = re.fullmatch(r"\s*(?:attributes?\.)?(\S+?)(?:\s+(asc|desc))?\s*", entry, re.IGNORECASE)
        if match is None or match[1] not in fields:
            raise FilterError(f"{entry!r} cannot be sorted by", hint=f"sort by: {', '.join(fields)}")
        found.sort(
            key=lambda thing: getattr(thing, match[1]) or 0, reverse=(match[2] or "").lower() == "desc"
        )
    return found


def page(things: Sequence[Thing], most: int | None, token: str | None) -> PagedList[Thing]:
    """A page of at most ``most`` things; its token is the place of the next one."""
    start = int(token) if token and NUMBER.fullmatch(token) else 0
    end = start + (most or len(things))
    return PagedList(things[start:end], str(end) if end < len(things) else None)
