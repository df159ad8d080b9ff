"""A declared parameter: its type, its default, and the one check that every road in goes through."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePath

from mlops_jlab.errors import ParameterError, nearest

KINDS = ("int", "float", "bool", "str", "list", "dict", "date", "datetime", "Path", "any")


@dataclass(frozen=True)
class Parameter:
    """A parameter as the notebook declares it. ``kinds`` are the types that a value may have.

    ``default`` is plain JSON data (dates and paths as text); ``required`` parameters have none.
    """

    name: str
    kinds: tuple[str, ...]
    default: object = None
    required: bool = False
    optional: bool = False  # None is allowed
    choices: tuple[object, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    exclusive: tuple[bool, bool] = (False, False)
    secret: bool = False
    help: str = ""
    computed: bool = False  # the default is an expression that only a kernel can evaluate

    @property
    def type_text(self) -> str:
        """The type as a reader of Python would write it."""
        if self.choices:
            text = "Literal[" + ", ".join(repr(choice) for choice in self.choices) + "]"
        else:
            text = " | ".join(self.kinds)
        return f"{text} | None" if self.optional else text

    def from_text(self, text: str) -> object:
        """The value that ``name=text`` on a command line means, as plain JSON data.

        Raises:
            ParameterError: the text is no value of the declared type.
        """
        for choice in self.choices:
            if text == str(choice):
                return choice
        if self.optional and text in ("None", "null", ""):
            return None
        for kind in self.kinds:
            try:
                return self.check(_read(kind, text))
            except ValueError:
                continue
        raise ParameterError(
            f"parameter {self.name!r} expects {self.type_text}, got {text!r}", hint=self._hint()
        )

    def check(self, value: object) -> object:
        """``value`` as plain JSON data, if it is of the declared type and in range.

        Raises:
            ParameterError: wrong type, out of range, or not among the choices.
        """
        if value is None and (self.optional or "any" in self.kinds):
            return None
        if self.choices:
            if not any(_same(value, choice) for choice in self.choices):
                raise ParameterError(
                    f"parameter {self.name!r} must be one of {list(self.choices)!r}, got {value!r}"
                    + nearest(str(value), map(str, self.choices))
                )
            return value
        for kind in self.kinds:
            found, plain = _fits(kind, value)
            if found:
                self._check_range(plain)
                return plain
        raise ParameterError(
            f"parameter {self.name!r} expects {self.type_text}, got {value!r} ({type(value).__name__})",
            hint=self._hint(),
        )

    def _check_range(self, value: object) -> None:
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return
        low, high = self.minimum, self.maximum
        below = low is not None and (value <= low if self.exclusive[0] else not value >= low)
        above = high is not None and (value >= high if self.exclusive[1] else not value <= high)
        if below or above:
            sides = [
                f"{'>' if self.exclusive[0] else '>='} {low:g}" if low is not None else "",
                f"{'<' if self.exclusive[1] else '<='} {high:g}" if high is not None else "",
            ]
            wanted = " and ".join(side for side in sides if side)
            raise ParameterError(f"parameter {self.name!r} must be {wanted}, got {value!r}")

    def _hint(self) -> str:
        if "date" in self.kinds or "datetime" in self.kinds:
            return "write dates as 2026-01-31 and times as 2026-01-31T08:00:00"
        return "write lists and dicts as JSON" if {"list", "dict"} & set(self.kinds) else ""

    def as_json(self) -> dict[str, object]:
        """The parameter as it stands in ``pipeline.yaml``; only what differs from the usual."""
        entry: dict[str, object] = {"name": self.name, "type": list(self.kinds)}
        if not self.required and not self.secret and not self.computed:
            entry["default"] = self.default
        for key in ("required", "optional", "secret", "computed"):
            if getattr(self, key):
                entry[key] = True
        if self.choices:
            entry["choices"] = list(self.choices)
        for key in ("minimum", "maximum"):
            if getattr(self, key) is not None:
                entry[key] = getattr(self, key)
        if any(self.exclusive):
            entry["exclusive"] = list(self.exclusive)
        if self.help:
            entry["help"] = self.help
        return entry

    @classmethod
    def from_json(cls, entry: Mapping[str, object]) -> Parameter:
        """The parameter that :meth:`as_json` wrote."""
        fields = dict(entry)
        fields["kinds"] = tuple(fields.pop("type"))  # type: ignore[arg-type]  # the schema says so
        for key in ("choices", "exclusive"):
            if key in fields:
                fields[key] = tuple(fields[key])  # type: ignore[arg-type]  # the schema says so
        return cls(**fields)  # type: ignore[arg-type]  # the schema says so


def _same(value: object, choice: object) -> bool:
    return type(value) is type(choice) and value == choice


def _read(kind: str, text: str) -> object:
    """Text from a command line as a value of ``kind``; ValueError if it is none."""
    if kind == "bool":
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if text.lower() not in words:
            raise ValueError(text)
        return words[text.lower()]
    if kind == "int":
        return int(text)
    if kind == "float":
        return float(text)
    if kind in ("list", "dict", "any"):
        try:
            value: object = json.loads(text)
        except json.JSONDecodeError:
            if kind == "any":
                return text
            raise
        if kind != "any" and type(value).__name__ != kind:
            raise ValueError(text)
        return value
    if kind in ("date", "datetime"):
        _parse_time(kind, text)
    return text


def _parse_time(kind: str, text: str) -> date:
    return datetime.fromisoformat(text) if kind == "datetime" else date.fromisoformat(text)


def _fits(kind: str, value: object) -> tuple[bool, object]:
    """Whether ``value`` is of ``kind``, and the value as plain JSON data."""
    if kind == "bool":
        return isinstance(value, bool), value
    if kind == "int":
        return isinstance(value, int) and not isinstance(value, bool), value
    if kind == "float":
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        return fits, float(value) if fits else value  # type: ignore[arg-type]  # just checked
    if kind == "str":
        return isinstance(value, str), value
    if kind == "Path":
        return isinstance(value, (str, PurePath)), str(value)
    if kind in ("date", "datetime"):
        return _fits_time(kind, value)
    if kind in ("list", "dict"):
        return type(value).__name__ == kind and is_plain(value), value
    return is_plain(value), value


def _fits_time(kind: str, value: object) -> tuple[bool, object]:
    if isinstance(value, date) and isinstance(value, datetime) == (kind == "datetime"):
        return True, value.isoformat()
    if isinstance(value, str):
        try:
            return True, _parse_time(kind, value).isoformat()
        except ValueError:
            return False, value
    return False, value


def is_plain(value: object) -> bool:
    """Whether ``value`` survives a journey through JSON and papermill unchanged."""
    if value is None or isinstance(value, (bool, int, str)):
        return True
    if isinstance(value, float):
        return True
    if isinstance(value, list):
        return all(is_plain(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(item) for key, item in value.items())
    return False


def resolve(
    declared: tuple[Parameter, ...], given: Mapping[str, object], *, from_text: bool = False
) -> dict[str, object]:
    """Every given parameter, checked, as plain JSON data; only what was given.

    Raises:
        ParameterError: unknown, ill-typed, out of range, or a required one is missing.
    """
    known = {parameter.name: parameter for parameter in declared}
    values: dict[str, object] = {}
    for name, value in given.items():
        if name not in known:
            listed = ", ".join(sorted(known)) or "none"
            raise ParameterError(
                f"there is no parameter {name!r}{nearest(name, known)}",
                hint=f"declared parameters: {listed}",
            )
        if known[name].secret:
            raise ParameterError(
                f"parameter {name!r} is a secret and is never given in the open",
                hint=f"set the environment variable {name.upper()} instead",
            )
        if from_text and isinstance(value, str):
            values[name] = known[name].from_text(value)
        else:
            values[name] = known[name].check(value)
        number = values[name]
        if isinstance(number, float) and not math.isfinite(number) and known[name].choices:
            raise ParameterError(f"parameter {name!r} must be one of {list(known[name].choices)!r}")
    missing = [p.name for p in declared if p.required and p.name not in values]
    if missing:
        raise ParameterError(
            f"missing parameter{'s' * (len(missing) > 1)}: {', '.join(missing)}",
            hint=f"give it with -p {missing[0]}=VALUE",
        )
    return values
