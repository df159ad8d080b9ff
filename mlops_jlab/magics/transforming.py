"""``%%track`` is unwrapped before IPython runs the cell, so that its body runs as any other cell does."""

from __future__ import annotations

import re

_HEAD = re.compile(r"%%track\b[ \t]*(.*?)[ \t]*\r?\n?\Z")


def unwrap(lines: list[str]) -> list[str]:
    """A cell that begins with ``%%track ...`` → a line magic that arms tracking, then the body."""
    for place, line in enumerate(lines):
        if not line.strip():
            continue
        match = _HEAD.match(line)
        if match is None or not any(rest.strip() for rest in lines[place + 1 :]):
            return lines
        armed = f"get_ipython().run_line_magic('track', {'cell ' + match[1]!r})\n"
        return [*lines[:place], armed, *lines[place + 1 :]]
    return lines
