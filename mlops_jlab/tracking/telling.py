"""What tracking has to say to the user without stopping their code: once, in red, on standard error."""

from __future__ import annotations

import sys

_said: set[str] = set()


def tell(text: str, *, once: bool = True) -> None:
    """Prints ``text``; the same text is printed once in a process."""
    if once and text in _said:
        return
    _said.add(text)
    print(f"\x1b[31mmlops-jlab: {text}\x1b[0m", file=sys.stderr)
