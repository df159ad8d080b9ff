"""Parameters that say when they were due: ``{due:%Y-%m}``, ``{due - 1 month}``, ``{last}``.

``due`` is the time that was due, in the schedule's time zone, however late the run is; ``last`` the time that
was due of the last success before it, or when the schedule was made. Days, months and years are counted on
the calendar: a month before 31 March is the last day of February.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from mlops_jlab.entities.parameters import Parameter, resolve
from mlops_jlab.errors import ParameterError, nearest

NAMES = ("due", "last")
_EXPRESSION = re.compile(r"\{\s*([A-Za-z_]+)\s*((?:[+-]\s*\d+\s*[A-Za-z]+\s*)*)(?::([^{}]*))?\}")
_NEARLY = re.compile(r"\{\s*(due|last)\s*(?:[-+:.|!}]|$)[^{}]*\}?", re.IGNORECASE)
_DIRECTIVE = re.compile(r"%(?:[-_0^#]?[A-Za-z%]|:z|.?$)", re.DOTALL)
_DIRECTIVES = frozenset("aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ%")
_STEP = re.compile(r"([+-])\s*(\d+)\s*([A-Za-z]+)")
_EXACT = {"second": "seconds", "minute": "minutes", "hour": "hours"}
_CALENDAR = ("day", "week", "month", "year")
_FORMATS = {"date": "%Y-%m-%d", "datetime": "%Y-%m-%dT%H:%M:%S%z"}
_MOST = 100_000  # of a unit


@dataclass(frozen=True)
class Moments:
    """The times that expressions may name; ``zone`` is the schedule's."""

    due: datetime
    last: datetime
    zone: str = "UTC"

    def local(self, name: str) -> datetime:
        """``due`` or ``last`` as a clock in the schedule's zone shows it."""
        found = self.due if name == "due" else self.last
        return found.astimezone(ZoneInfo(self.zone))


def has_expression(value: object) -> bool:
    """Whether a value names a time, or nearly does: what is wrong in it is said, not handed on."""
    if not isinstance(value, str):
        return False
    return any(map(_is_ours, _EXPRESSION.finditer(value))) or bool(_NEARLY.search(value))


def _is_ours(match: re.Match[str]) -> bool:
    """Not a brace of the user's own, as in JSON: it names a time, nearly names one, or counts from one."""
    return match[1] in NAMES or bool(match[2]) or (match[3] or "").startswith("%")


def values(
    declared: tuple[Parameter, ...], given: Mapping[str, object], moments: Moments, *, from_text: bool
) -> dict[str, object]:
    """The parameters of a run that was due then, checked against what the pipeline declares.

    ``from_text``: those without a time are texts as well, as a user has written them.

    Raises:
        ParameterError: an expression is none, or what it gives is no value of the declared type.
    """
    known = {parameter.name: parameter for parameter in declared}
    timed = {
        name: known[name].from_text(_written(name, value, known[name].kinds, moments))
        for name, value in given.items()
        if name in known and isinstance(value, str) and has_expression(value)
    }
    return resolve(declared, {**given, **timed}, from_text=from_text)


def _written(name: str, text: str, kinds: Sequence[str], moments: Moments) -> str:
    usual = next((_FORMATS[kind] for kind in kinds if kind in _FORMATS), _FORMATS["date"])

    def one(match: re.Match[str]) -> str:
        if not _is_ours(match):
            return match[0]
        if match[1] not in NAMES:
            raise ParameterError(
                f"parameter {name!r}: there is no time {match[1]!r}{nearest(match[1], NAMES)}",
                hint="write {due}, {last}, {due - 1 month} or {due:%Y-%m}",
            )
        at = moments.local(match[1])
        for sign, count, unit in _STEP.findall(match[2]):
            at = _moved(name, at, int(sign + count), unit)
        return _formatted(name, at, match[3] or usual)

    left = _NEARLY.search(_EXPRESSION.sub(lambda match: "" if _is_ours(match) else match[0], text))
    if left:
        raise ParameterError(
            f"parameter {name!r}: {left[0]!r} is not a time",
            hint="write {due}, {last}, {due - 1 month} or {due:%Y-%m}",
        )
    return _EXPRESSION.sub(one, text)


def _formatted(name: str, at: datetime, style: str) -> str:
    wrong = next((one for one in _DIRECTIVE.findall(style) if one == "%" or one[-1] not in _DIRECTIVES), "")
    if wrong or "%" not in style:
        raise ParameterError(
            f"parameter {name!r}: {wrong or style!r} is not a format of a time",
            hint="such as %Y-%m-%d or %H:%M",
        )
    try:
        return at.strftime(_DIRECTIVE.sub(lambda one: _epoch(at, one[0]), style))
    except ValueError as error:  # such as a lone surrogate
        raise ParameterError(f"parameter {name!r}: {style!r} is not a format of a time") from error


def _epoch(at: datetime, directive: str) -> str:
    """The system's ``%s`` takes any clock for its own."""
    return str(int(at.timestamp())) if directive == "%s" else directive


def _moved(name: str, at: datetime, count: int, unit: str) -> datetime:
    one = unit.lower().removesuffix("s")
    if one not in (*_EXACT, *_CALENDAR):
        known = [*_EXACT, *_CALENDAR]
        raise ParameterError(
            f"parameter {name!r}: {unit!r} is not a unit of time{nearest(one, known)}", hint=", ".join(known)
        )
    if abs(count) > _MOST:
        raise ParameterError(f"parameter {name!r}: {count} {unit} are too many")
    try:
        if one in _EXACT:  # hours that pass, also where the clock is changed
            passed = at.astimezone(UTC) + timedelta(**{_EXACT[one]: count})
            return passed.astimezone(at.tzinfo)
        if one in ("day", "week"):
            return at + timedelta(days=count * (7 if one == "week" else 1))
        months = at.year * 12 + at.month - 1 + count * (12 if one == "year" else 1)
        year, month = divmod(months, 12)
        last = calendar.monthrange(year, month + 1)[1]
        return at.replace(year=year, month=month + 1, day=min(at.day, last))
    except (OverflowError, ValueError) as error:
        raise ParameterError(f"parameter {name!r}: {count} {unit} lead out of the calendar") from error
