"""Standard output and error of a step's cells, gathered into messages as a kernel gathers them."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable

PAUSE = 0.1  # seconds within which what is printed goes out together
_MOST_WAITING = 1 << 16


class CellStream(io.TextIOBase):
    """What ``print`` writes to. A process that was forked from this one writes to the file itself."""

    def __init__(self, name: str, fd: int, emit: Callable[[str, str], None]) -> None:
        self.name = name
        self._fd = fd
        self._emit = emit
        self._owner = os.getpid()
        self._parts: list[str] = []
        self._size = 0
        self._sent = 0.0
        self._lock = threading.RLock()

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
        """Takes ``text``; it is sent when enough has come together, or soon."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if os.getpid() != self._owner:
            os.write(self._fd, text.encode("utf-8", "replace"))
            return len(text)
        with self._lock:
            self._parts.append(text)
            self._size += len(text)
            if self._size > _MOST_WAITING or time.monotonic() - self._sent > PAUSE:
                self.flush()
        return len(text)

    def flush(self) -> None:
        """Sends what has been gathered."""
        if os.getpid() != self._owner:
            return
        with self._lock:
            if self._parts:
                text, self._parts, self._size = "".join(self._parts), [], 0
                self._sent = time.monotonic()
                self._emit(self.name, text)


def flush_now_and_then(streams: list[CellStream]) -> None:
    """Sends what waits in the streams a moment after it was printed, from a thread of its own."""

    def loop() -> None:
        while True:
            time.sleep(PAUSE)
            for stream in streams:
                stream.flush()

    threading.Thread(target=loop, name="mlops-jlab-flush", daemon=True).start()
