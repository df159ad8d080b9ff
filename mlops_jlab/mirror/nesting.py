"""What other trackers keep as nested JSON → flat names and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NAMED = {"nan", "inf", "-inf", "infinity", "-infinity"}


def flat(name: str, value: object, mark: str = ".") -> dict[str, Any]:
    """The innermost values by their whole names, the parts of which are joined by ``mark``."""
    if not isinstance(value, Mapping) or not value:
        return {name: value} if name else {}
    found: dict[str, Any] = {}
    for key, inner in value.items():
        found |= flat(f"{name}{mark}{key}" if name else str(key), inner, mark)
    return found


def number_of(value: object) -> float | None:
    """A value as a number, also where JSON has a word for it; None of what is no number."""
    if isinstance(value, str) and value.lower() in _NAMED:
        return float(value)
    return float(value) if isinstance(value, (bool, int, float)) else None
