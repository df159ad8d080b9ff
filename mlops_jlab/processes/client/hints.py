"""What earlier runs have found out about a warm parent, kept beside its socket."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from mlops_jlab.files import write_whole

_MOST_LEARNED = 1000


class Hints:
    """What earlier runs have found out about a parent: a small file beside its socket, for speed alone."""

    def __init__(self, path: Path, *, frozen: bool) -> None:
        self._path = path
        self._frozen = frozen
        self.learned: list[str] = []
        self.never: list[str] = []
        with suppress(OSError, ValueError, KeyError, TypeError):
            found = json.loads(path.read_text("utf-8"))
            self.learned, self.never = found["learned"], found["never"]

    def note_learned(self, modules: Iterable[str]) -> None:
        """Steps had to import these themselves."""
        if self._frozen:
            return
        more = set(modules) - set(self.learned) - set(self.never)
        if more:
            self.learned = sorted({*self.learned, *more})[:_MOST_LEARNED]
            self._save()

    def note_unfit(self, module: str) -> None:
        """A parent that has imported this module cannot be forked: the next one leaves it to the steps."""
        if module in self.learned:
            self.learned.remove(module)
        if module not in self.never:
            self.never.append(module)
        self._save()

    def _save(self) -> None:
        facts = {"learned": self.learned, "never": self.never}
        with suppress(OSError):
            write_whole(self._path, json.dumps(facts).encode("utf-8", "replace"))
