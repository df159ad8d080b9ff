"""What data looks like now, so that a change of it can make a schedule due."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

_SETTLED = 2.0  # seconds for which a file must have been left alone


def look(paths: Sequence[str], before: str, now: float, digest_of: Callable[[Path], str]) -> str:
    """What is at the paths, as a text that changes with their content; ``before`` is what it was.

    Contents are read only where a time or a size differs from ``before``. While a file is being written,
    and where nothing is there, what it was before counts.
    """
    known = json.loads(before) if before else {}
    found: dict[str, list[object]] = {}
    for path in _files(paths):
        about = path.stat()
        if now - about.st_mtime < _SETTLED:
            return before
        old = known.get(str(path), [])
        same = old[:2] == [about.st_size, about.st_mtime_ns]
        found[str(path)] = [about.st_size, about.st_mtime_ns, old[2] if same else digest_of(path)]
    return json.dumps(found, sort_keys=True) if found else before


def changed(before: str, now: str) -> list[str]:
    """The files that are new, gone or have another content."""
    old, new = (json.loads(text) if text else {} for text in (before, now))
    names = sorted({*old, *new})
    return [name for name in names if old.get(name, [0, 0, ""])[2] != new.get(name, [0, 0, ""])[2]]


def _files(paths: Sequence[str]) -> Iterator[Path]:
    for given in paths:
        path = Path(given)
        if path.is_file():
            yield path
        for folder, _folders, names in os.walk(path) if path.is_dir() else ():
            for name in sorted(names):
                inside = Path(folder) / name
                if not name.startswith(".") and inside.is_file() and not inside.is_symlink():
                    yield inside
