"""What is logged, as it comes from the user → what the store keeps; or an error that says why not."""

from __future__ import annotations

import json
from typing import Any

from mlops_jlab.errors import TrackingError

_LONGEST_NAME = 500
SECRET = ("password", "passwd", "secret", "token", "api_key", "apikey", "credential")


def name_of(name: object, what: str) -> str:
    """The name of a param, metric or tag.

    Raises:
        TrackingError: it is no text, empty, too long, or has control characters in it.
    """
    if not isinstance(name, str):
        raise TrackingError(f"the name of a {what} is a text, not {name!r}")
    clean = name.strip()
    if not clean or len(clean) > _LONGEST_NAME:
        raise TrackingError(f"the name of a {what} has 1 to {_LONGEST_NAME} characters, not {len(clean)}")
    if any(ord(char) < 32 or ord(char) == 127 or 0xD800 <= ord(char) < 0xE000 for char in clean):
        raise TrackingError(f"the {what} {clean[:80]!r} has control characters in its name")
    return clean


def metric(name: str, value: Any) -> float:
    """The number that ``value`` is: Python's, numpy's, Decimal, or a tensor of one element.

    Raises:
        TrackingError: it is none, or too large for a double.
    """
    if isinstance(value, (str, bytes)) or value is None:
        raise TrackingError(
            f"metric {name!r} is a number, not {value!r}", hint=f"log it as a param: log_param({name!r}, …)"
        )
    try:
        item = value.item() if hasattr(value, "item") else value
        if isinstance(item, complex):
            raise TypeError
        return float(item)
    except OverflowError as error:
        raise TrackingError(f"metric {name!r} is too large for a 64-bit float") from error
    except (TypeError, ValueError, RuntimeError) as error:
        raise TrackingError(
            f"metric {name!r} is a number, not {type(value).__name__}",
            hint="log one number at a time, with step= for a curve",
        ) from error


def param(name: str, value: Any) -> str:
    """The text that is kept of a param: of any length; what looks like a secret is masked."""
    if any(word in name.lower() for word in SECRET):
        return "***"
    if isinstance(value, str):
        return _sound(value)
    if isinstance(value, (dict, list, tuple)):
        try:
            return json.dumps(value, ensure_ascii=False, default=str)
        except (TypeError, ValueError):
            return _sound(repr(value))
    return _sound(str(value))


def text(value: object) -> str:
    """Any text, as it can be stored."""
    return _sound(value if isinstance(value, str) else str(value))


def _sound(value: str) -> str:
    """Without lone surrogates, which no file can hold."""
    return value.encode("utf-8", "replace").decode("utf-8")
