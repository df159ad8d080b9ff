"""What is logged, as it comes from the user → what the store keeps; or an error that says why not."""

from __future__ import annotations

import json
from typing import Any

from mlops_jlab.errors import TrackingError
from mlops_jlab.masking import MASK, is_secret_name, masked
from mlops_jlab.policies import standing

_LONGEST_NAME = 500
LONGEST_TAG = 10_000  # characters, as of all below
LONGEST_NOTE = 100_000
LONGEST_LABEL = 1_000
_LAST = 4_102_444_800  # seconds since 1970: the year 2100


def name_of(name: object, what: str) -> str:
    """The name of a param, metric, tag or experiment; what looks like a secret in it is masked.

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
    return masked(clean)


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
    """The text that is kept of a param: of any length; secrets and what is personal are masked."""
    if is_secret_name(name) and not isinstance(value, (bool, int, float, type(None))):
        return MASK
    value = standing.without({name: value})[name]
    if isinstance(value, (dict, list, tuple)):
        try:
            return masked(json.dumps(_without_secrets(value), ensure_ascii=False, default=str))
        except (TypeError, ValueError):
            return text(repr(value))
    return text(value)


def _without_secrets(value: Any) -> Any:
    """Nested values, without those that are named like secrets."""
    if isinstance(value, dict):
        return {
            key: MASK if isinstance(key, str) and is_secret_name(key) and isinstance(inner, str)
            else _without_secrets(inner)
            for key, inner in value.items()
        }  # fmt: skip
    return [_without_secrets(one) for one in value] if isinstance(value, (list, tuple)) else value


def tag(name: str, value: object) -> str | None:
    """The text that is kept of a tag; nothing takes it away.

    Raises:
        TrackingError: it is too long.
    """
    if value is None:
        return None
    if is_secret_name(name):
        return MASK
    return _bounded(text(standing.shown(name, value)), f"the tag {name!r}", LONGEST_TAG)


def note(value: object) -> str:
    """The text that is kept of a note.

    Raises:
        TrackingError: it is too long.
    """
    return _bounded(text(value), "the note", LONGEST_NOTE)


def moment(milliseconds: Any) -> float:
    """Seconds since 1970, of MLflow's milliseconds.

    Raises:
        TrackingError: it is no moment of this age.
    """
    try:
        seconds = float(milliseconds) / 1000
    except (TypeError, ValueError, OverflowError):
        seconds = -1.0
    if not 0 <= seconds < _LAST:
        raise TrackingError(
            f"timestamp={milliseconds!r} is not a moment",
            hint="give milliseconds since 1970: int(time.time() * 1000)",
        )
    return seconds


def label(value: object, what: str) -> str:
    """The name of a run or group, which may be empty.

    Raises:
        TrackingError: it is too long.
    """
    return _bounded(text(value), f"the {what}", LONGEST_LABEL)


def _bounded(value: str, what: str, most: int) -> str:
    if len(value) > most:
        raise TrackingError(
            f"{what} has {len(value):,} characters; {most:,} at most are kept",
            hint="keep a long text as a file: log_text(text, 'name.txt')",
        )
    return value


def text(value: object) -> str:
    """Any text, as it can be stored; what looks like a secret in it is masked."""
    return masked(sound(str(value)))


def sound(value: str) -> str:
    """Without lone surrogates, which no file can hold; nothing is masked."""
    return value.encode("utf-8", "replace").decode("utf-8")
