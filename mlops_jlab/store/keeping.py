"""Where lines are until they are in the database: a journal, the spool if that fails, memory at the last.

What no disk takes and memory has no room for is counted, and said at the end.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from mlops_jlab.store import recovery
from mlops_jlab.store.journal import ROTATE, Journal
from mlops_jlab.store.location import Place

MOST = 64 << 20  # bytes of lines that memory keeps; of metrics no more
UNWRITABLE, _MEMORY = "the store cannot be written", "no disk can be written"
_PAUSE = 1.0  # seconds between two tries to bring to a disk what memory keeps

_lost = 0


def lost() -> int:
    """How many lines this process has lost, because no disk could be written."""
    return _lost


class Keeping:
    """The journals of one process for a store. ``say`` is told each thing that goes wrong, with its kind."""

    def __init__(self, place: Place, say: Callable[[str, str], None]) -> None:
        self.lost = 0  # lines
        self._place = place
        self._say = say
        self._writing = threading.Lock()
        self._journal: Journal | None = None
        self._full: list[Journal] = []  # rotated or on a full disk, still to be drained
        self._memory: list[bytes] = []
        self._size = 0
        self._try_again = 0.0

    @property
    def has_anything(self) -> bool:
        """Whether there are lines that need not be in the database yet."""
        return self._journal is not None or bool(self._memory or self._full)

    def write(self, data: bytes) -> None:
        """Keeps whole lines."""
        with self._writing:
            if self._journal is None or self._journal.size > ROTATE or self._memory:
                self._renew()
            if not self._write(data):
                self._keep(data)

    def to_drain(self) -> tuple[list[Journal], Journal | None]:
        """The journals that nobody writes any more, the caller's from now on, and the one that is written."""
        with self._writing:
            if self._memory:
                self._renew()
            done, self._full = self._full, []
            return done, self._journal

    def take(self) -> list[Journal]:
        """All journals, at the end: they are the caller's now."""
        done, current = self.to_drain()
        self._journal = None
        return done + [journal for journal in [current] if journal is not None]

    def end(self) -> None:
        """The last chance of what memory keeps; the files are given up to whoever opens the store next."""
        with self._writing:
            if self._memory:
                self._write_memory()
            self._lose(sum(data.count(b"\n") for data in self._memory))
            self._memory, self._size = [], 0
        self.close()

    def close(self) -> None:
        """Gives the files up; what is in them stays."""
        for journal in (*self._full, self._journal):
            if journal is not None:
                journal.close()
        self._journal, self._full = None, []

    def _write(self, data: bytes) -> bool:
        """Whether the lines are in a file now: the journal, or at its first failure one in the spool."""
        if self._memory:
            return False  # in their order: these come after those that wait
        if self._journal is None:
            return False
        try:
            self._journal.write(data)
        except OSError as error:
            self._say(f"the store {self._place.root} cannot be written ({error.strerror}); "
                      "what is logged is kept elsewhere until it can be", UNWRITABLE)  # fmt: skip
            self._full.append(self._journal)
            self._journal = self._new(recovery.spool(self._place))
        else:
            return True
        with suppress(OSError):
            if self._journal is not None:
                self._journal.write(data)
                return True
        return False

    def _keep(self, data: bytes) -> None:
        """In memory, as much as is reasonable; what begins, ends and describes runs has twice the room."""
        self._say("nothing that is logged can be written to any disk: it is kept in memory for now", _MEMORY)
        room = MOST if data.startswith(b'["m"') else 2 * MOST
        if self._size + len(data) > room:
            self._lose(data.count(b"\n"))
            return
        self._memory.append(data)
        self._size += len(data)

    def _lose(self, count: int) -> None:
        global _lost
        self.lost += count
        _lost += count

    def _renew(self) -> None:
        """A new journal where there is none or it is full; what waited in memory goes first."""
        if self._memory and time.monotonic() < self._try_again:
            return
        if self._journal is None or self._journal.size > ROTATE:
            if self._journal is not None:
                self._full.append(self._journal)
            self._journal = self._new(self._place.journals, recovery.spool(self._place))
        if self._memory:
            self._write_memory()

    def _write_memory(self) -> None:
        """Tries to bring what waits in memory to a disk; where that fails it is tried again in a moment."""
        folders = (self._place.journals, recovery.spool(self._place))
        content = b"".join(self._memory)
        for journal in itertools.chain([self._journal], (self._new(folder) for folder in folders)):
            if journal is None:
                continue
            try:
                journal.write(content)
            except OSError:
                if journal is not self._journal:
                    journal.path.unlink(missing_ok=True)
                    journal.close()
                continue
            if self._journal is not None and self._journal is not journal:
                self._full.append(self._journal)
            self._journal, self._memory, self._size = journal, [], 0
            return
        self._try_again = time.monotonic() + _PAUSE

    def _new(self, *folders: Path) -> Journal | None:
        for folder in folders:
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                return Journal(folder)
            except OSError as error:
                self._say(
                    f"the store {self._place.root} cannot be written ({error.strerror}); nothing is lost",
                    UNWRITABLE,
                )
        return None
