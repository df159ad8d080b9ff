"""What a tracked cell prints: shown as ever, kept for its run, and written to the run's log at once."""

from __future__ import annotations

import io
import os
import sys
import time
from pathlib import Path
from threading import RLock
from typing import Any

from mlops_jlab.masking import MaskedLines, append, masked
from mlops_jlab.notebook.stamped import stamped

_LONGEST = 1 << 20  # characters of output that are kept


class _Tee(io.TextIOBase):
    """A standard stream that is kept as well as shown."""

    def __init__(self, shown: Any, log: CellLog, kind: str) -> None:
        self._shown = shown
        self._log = log
        self._kind = kind
        self._size = 0
        self._kept: list[str] = []

    def write(self, text: str) -> int:
        if self._log.is_open:
            if self._size < _LONGEST:
                self._kept.append(text[: _LONGEST - self._size])
            self._size += len(text)
            self._log.add(self._kind, text)
        return int(self._shown.write(text) or len(text))

    def flush(self) -> None:
        self._shown.flush()

    def isatty(self) -> bool:
        return bool(self._shown.isatty())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shown, name)

    @property
    def text(self) -> str:
        """What was written, cut off where it is too long."""
        cut = self._size - _LONGEST
        return "".join(self._kept) + (f"\n… {cut:,} more characters" if cut > 0 else "")


class CellLog:
    """Standard output and errors of one cell, by the time at which each line came, without secrets.

    ``path`` is the log that they go to, if there is one: at most a mebibyte of a cell. A disk that is full
    keeps nobody waiting.
    """

    def __init__(self, path: Path | None) -> None:
        self.is_open = True
        self._masks = {"out": MaskedLines(), "err": MaskedLines()}
        self._rests = {"out": "", "err": ""}
        self._room = _LONGEST
        self._lock = RLock()  # what is printed may be printed while something is
        self._file = None if path is None else _opened(path)
        self._out = _Tee(sys.stdout, self, "out")
        self._err = _Tee(sys.stderr, self, "err")
        sys.stdout, sys.stderr = self._out, self._err

    @property
    def text(self) -> str:
        """What went to standard output."""
        return self._out.text

    def add(self, kind: str, text: str) -> None:
        """Writes the lines that ``text`` completes."""
        if self._file is None:
            return
        with self._lock:
            waiting = self._rests[kind] + text
            end = waiting.rfind("\n") + 1
            # Of a progress bar, what stands there now.
            self._rests[kind] = waiting[end:] if end else waiting[waiting.rfind("\r", 0, -1) + 1 :]
            if end:
                self._write(kind, self._masks[kind].take(_bytes(waiting[:end])))

    def _write(self, kind: str, data: bytes) -> None:
        if not data or self._room < 0:
            return
        self._room -= len(data)
        self._stamp(
            kind, data.decode("utf-8", "replace") if self._room >= 0 else "… the rest is in the notebook"
        )

    def _stamp(self, kind: str, text: str) -> None:
        if self._file is not None:
            append(self._file, _bytes(stamped(text, kind, time.time())))

    def close(self, error: str) -> None:
        """Puts the streams back and writes what is left, and the ``error`` that has ended the cell."""
        for name, tee in (("stdout", self._out), ("stderr", self._err)):
            if getattr(sys, name) is tee:
                setattr(sys, name, tee._shown)
        self.is_open = False
        with self._lock:
            for kind, lines in self._masks.items():
                self._write(kind, lines.take(_bytes(self._rests[kind])) + lines.end())
            self._stamp("error", masked(error))
            if self._file is not None:
                os.close(self._file)
                self._file = None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _opened(path: Path) -> int | None:
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError:  # the cell runs all the same
        return None
