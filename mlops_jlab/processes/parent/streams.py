"""Standard output and error of a step's cells, gathered into messages as a kernel gathers them."""

from __future__ import annotations

import _thread
import io
import os
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from time import sleep  # a notebook may put another in its place
from typing import Any

PAUSE = 0.1  # seconds within which what is printed goes out together
_MOST_WAITING = 1 << 16


class CellStream(io.TextIOBase):
    """What ``print`` writes to. A process that was forked from this one writes to the file itself."""

    def __init__(self, name: str, fd: int, emit: Callable[[str, str, dict[str, Any]], None]) -> None:
        self.name = name
        self._fd = fd
        self._emit = emit
        self._parent: ContextVar[dict[str, Any]] = ContextVar("parent_header")
        self._newest: dict[str, Any] = {}  # for who has no context of a cell's: a thread
        self._whose: dict[str, Any] = {}
        self._parts: list[str] = []
        self._size = 0
        self._sent = 0.0
        self.belong_here()

    def belong_here(self) -> None:
        """This process is the one whose words are gathered; others write to the file itself."""
        self._owner = os.getpid()
        self.lock = _thread.RLock()  # not one that counts as the user's

    @property
    def parent_header(self) -> dict[str, Any]:
        """The request to which what is written now belongs, as ipykernel finds it."""
        return self._parent.get(self._newest)

    def set_parent(self, parent: dict[str, Any]) -> None:
        """A request begins: what is written now is its own, unless somebody stands in for this stream."""
        self._newest = parent.get("header", parent)
        self._parent.set(self._newest)

    encoding = "UTF-8"  # as in a kernel
    errors = "replace"

    def writable(self) -> bool:
        """It is there to be written to."""
        return True

    def isatty(self) -> bool:
        """Nobody sits before it."""
        return False

    def fileno(self) -> int:
        """The file that programs started by a cell write to."""
        return self._fd

    def write(self, text: str) -> int:
        """Takes ``text``; it is sent when enough has come together, a line ends, or soon."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if os.getpid() != self._owner:
            os.write(self._fd, text.encode("utf-8", "replace"))
            return len(text)
        with self.lock:
            if (whose := self.parent_header) is not self._whose:
                self.flush()
                self._whose = whose
            self._parts.append(text)
            self._size += len(text)
            is_due = text.endswith("\n") and time.monotonic() - self._sent > PAUSE
            if is_due or self._size > _MOST_WAITING:
                self.flush()
        return len(text)

    def flush(self) -> None:
        """Sends what has been gathered."""
        if os.getpid() != self._owner:
            return
        with self.lock:
            if self._parts:
                text, self._parts, self._size = "".join(self._parts), [], 0
                self._sent = time.monotonic()
                self._emit(self.name, text, self._whose)


def flush_now_and_then(streams: list[CellStream]) -> None:
    """Sends what waits in the streams a moment after it was printed, from a thread of its own."""

    def loop() -> None:
        while True:
            sleep(PAUSE)
            for stream in streams:
                if stream.lock.acquire(blocking=False):  # else its process is just being forked, or printing
                    try:
                        stream.flush()
                    finally:
                        stream.lock.release()

    threading.Thread(target=loop, name="mlops-jlab-flush", daemon=True).start()
