"""What a step's process says outside its cells, masked before it is written to the step's log."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mlops_jlab.masking import MaskedLines, append

_PIECE = 1 << 16
_PATIENCE = 5.0  # seconds in which all that was said is written


@contextmanager
def step_log(path: Path | None) -> Iterator[BinaryIO]:
    """A file for what the process says; what it has said until the end is in ``path`` then, masked.

    It is a pipe: what was forked from the process may still have it open, and is read on.

    Raises:
        OSError: ``path`` cannot be written.
    """
    if path is None:
        with open(os.devnull, "ab") as nowhere:
            yield nowhere
        return
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    theirs, ours = os.pipe()
    end, written = secrets.token_hex(16).encode() + b"\n", threading.Event()
    threading.Thread(
        target=_write_masked, args=(theirs, log, end, written), name=f"log of {path.stem}", daemon=True
    ).start()
    with os.fdopen(ours, "ab", buffering=0) as file:
        yield file
        with suppress(OSError):
            file.write(end)
    written.wait(_PATIENCE)


def _write_masked(theirs: int, log: int, end: bytes, written: threading.Event) -> None:
    """Writes what comes out of the pipe; ``end`` comes when the step is done."""
    lines, last = MaskedLines(), b""
    with suppress(OSError), os.fdopen(theirs, "rb", buffering=0) as pipe:
        while data := pipe.read(_PIECE):
            data = last + data
            said, done, more = data.partition(end)
            if done:
                append(log, lines.take(said) + lines.end())
                written.set()
                last = more
            else:
                begun = next((n for n in range(len(end) - 1, 0, -1) if data.endswith(end[:n])), 0)
                last = data[len(data) - begun :]
                append(log, lines.take(data[: len(data) - begun]))
    append(log, lines.take(last) + lines.end())
    os.close(log)
    written.set()
