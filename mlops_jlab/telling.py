"""What there is to say without stopping anybody's code: once, on standard error, red where that shows."""

from __future__ import annotations

import sys
from typing import TextIO

from mlops_jlab.surroundings import variables

_said: set[str] = set()
RED, FAINT = 31, 2


def tell(text: str, *, once: bool = True) -> None:
    """Prints ``text``; the same text is printed once in a process."""
    if once and text in _said:
        return
    _said.add(text)
    print(coloured(f"mlops-jlab: {text}", RED, sys.stderr), file=sys.stderr)


def coloured(text: str, code: int, stream: TextIO) -> str:
    """The text in a colour, or as it is where ``stream`` shows none."""
    return f"\x1b[{code}m{text}\x1b[0m" if shows_colours(stream) else text


def shows_colours(stream: TextIO) -> bool:
    """Whether a stream is a terminal's or a notebook's, and nobody has set ``NO_COLOR``."""
    here = variables()
    if here.get("NO_COLOR"):
        return False
    if type(stream).__module__.startswith("ipykernel."):
        return True  # a notebook shows them, and says that it is no terminal
    try:
        return stream.isatty() and here.get("TERM", "") != "dumb"
    except (AttributeError, ValueError):  # none at all, or one that is closed
        return False
