"""A keyword is obeyed or refused: what a call does not know is named, with the nearest that it knows."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mlops_jlab.errors import TrackingError, nearest


def refuse(call: str, others: Mapping[str, Any], known: Iterable[str] | Callable[..., Any]) -> None:
    """Refuses keywords that nobody obeys; ``known`` are those that there are, or the function with them.

    Raises:
        TrackingError: there are some.
    """
    if not others:
        return
    if callable(known):
        kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        known = [p.name for p in inspect.signature(known).parameters.values() if p.kind in kinds]
    names = list(known)
    name = next(iter(others))
    raise TrackingError(
        f"{call}() takes no {name!r}{nearest(name, names)}", hint=f"it takes: {', '.join(names)}"
    )


def unsupported(call: str, instead: str, **given: Any) -> None:
    """Refuses what MLflow has and this product has not; ``instead`` says what to do.

    Raises:
        TrackingError: one of them is given.
    """
    for name, value in given.items():
        if value is not None:
            raise TrackingError(f"{call}() cannot obey {name!r}", hint=instead)
