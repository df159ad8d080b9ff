"""What a model needs, as it is written for pip: packages by name and version, and nothing else that pip does.

Whoever hands a model over has written it, and pip obeys a file to the word: another index, a file, an address
from which code comes that runs while it is installed.
"""

from __future__ import annotations

from collections.abc import Iterable


def named(line: str) -> str:
    """The package that a line of a file of requirements asks for by its name; nothing if it does not."""
    from packaging.requirements import InvalidRequirement, Requirement

    text = line.partition(" #")[0].partition(" --hash")[0].strip()
    try:
        return "" if Requirement(text).url else text
    except InvalidRequirement:
        return ""


def of_text(text: str) -> list[str]:
    """The lines of a file of requirements that say something."""
    lines = (line.strip() for line in text.replace("\\\n", " ").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def for_pip(lines: Iterable[str]) -> list[str]:
    """The same for pip: a line that asks for something else than a package by its name is a comment in it."""
    return [named(line) or f"# left out, as it names no package: {' '.join(line.split())}" for line in lines]
