"""What other trackers keep as nested JSON → flat names and numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlops_jlab.errors import InputError

_DEEPEST = 100
_NAMED = {"nan", "inf", "-inf", "infinity", "-infinity"}


def parsed(text: str | bytes) -> Any:
    """What a JSON text says.

    Raises:
        ValueError: it is not JSON, or goes too deep.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("the JSON goes too deep") from error


def flat(name: str, value: object, mark: str = ".", deepest: int = _DEEPEST) -> dict[str, Any]:
    """The innermost values by their whole names, the parts of which are joined by ``mark``.

    Raises:
        InputError: one lies within more than ``deepest`` others.
    """
    if not isinstance(value, Mapping) or not value:
        return {name: value} if name else {}
    if deepest == 0:
        raise InputError(f"{name[:60]}… is nested more than {_DEEPEST} deep")
    found: dict[str, Any] = {}
    for key, inner in value.items():
        found |= flat(f"{name}{mark}{key}" if name else str(key), inner, mark, deepest - 1)
    return found


def number_of(value: object) -> float | None:
    """A value as a number, also where JSON has a word for it; None of what is no number."""
    if isinstance(value, str) and value.lower() in _NAMED:
        return float(value)
    return float(value) if isinstance(value, (bool, int, float)) else None
