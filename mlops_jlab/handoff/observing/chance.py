"""Who draws from the chance that the system gives, rather than from a generator that was seeded."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from mlops_jlab.handoff.observing import noise
from mlops_jlab.handoff.observing.places import Code, caller, origin
from mlops_jlab.handoff.observing.seen import Seen, Watcher, note
from mlops_jlab.handoff.observing.taps import tap


@dataclass(frozen=True)
class _Draw:
    """A draw: what it added to what was seen, and where in the code it was made."""

    seen: Seen
    added: set[str]
    site: tuple[object, ...]


class Chance:
    """Draws from the system's chance; one that a seed replaces at once is taken back."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._last: _Draw | None = None
        self._is_numpys = False

    def look(self) -> None:
        """Once numpy's generators are loaded, their seeding is heard."""
        loaded = sys.modules.get("numpy.random._mt19937")
        kind = getattr(loaded, "MT19937", None)
        if not self._is_numpys and kind is not None:
            self._is_numpys = True
            tap(vars(kind).get("_legacy_seeding"), self.seeded)

    def drawn(self, _given: tuple[Any, ...]) -> None:
        """The system gives chance."""
        found = self._watcher.asked()
        if found is None:
            return
        asked, seen = found
        # numpy's own Python code makes generators whose state is put in next, as when one is copied.
        if "numpy" in asked.through or ("tempfile" in asked.through and asked.packages):
            return
        before = set(seen.chance)
        note(seen.chance, "chance", asked, noise.CHANCE)
        self._last = _Draw(seen, seen.chance - before, _site())

    def seeded(self, given: tuple[Any, ...]) -> None:
        """``RandomState(seed)`` makes a generator without a seed first."""
        last = self._last
        if given[1:] not in ((), (None,)) and last is not None and last.site == _site():
            last.seen.chance -= last.added

    def begun(self, given: tuple[Any, ...]) -> None:
        """One of Python's own generators is seeded."""
        if given[1:] in ((), (None,)):
            self.drawn(given)


def _site() -> tuple[object, ...]:
    """The very place in the code that asks for chance, past the standard library."""
    frame = caller()
    while frame is not None and origin(frame.f_code.co_filename)[0] is Code.STDLIB:
        frame = frame.f_back
    return (id(frame), frame.f_lasti) if frame is not None else ()
