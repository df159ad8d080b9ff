"""Our own programs in a new interpreter, where no file in the working directory stands in for a module.

With ``-m`` and ``-c`` Python looks for modules in the working directory first: an ``enum.py`` beside a
notebook would be taken for the library's. What a step imports is found there all the same, by its kernel.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

PATH, SAFE = "PYTHONPATH", "PYTHONSAFEPATH"


def words(*arguments: str) -> list[str]:
    """The command that starts this interpreter with ``arguments``."""
    return [sys.executable, "-P", *arguments]


@contextmanager
def masked_log(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that appends to ``log``, masked, what is written to its standard input.

    It ends when nobody has that open any more, and outlives this process; a full disk keeps nobody waiting.

    Raises:
        OSError: the folder of ``log`` cannot be made, or the process not be started.
    """
    log.parent.mkdir(mode=0o700, exist_ok=True)
    with suppress(OSError):  # who is told where it is may read it at once
        log.touch(mode=0o600)
    writer = subprocess.Popen(
        words("-m", "mlops_jlab.masking", str(log)), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True, env=environment(),
    )  # fmt: skip
    threading.Thread(target=writer.wait, name=f"writer of {log.name}", daemon=True).start()
    try:
        yield writer
    finally:
        if writer.stdin is not None:
            writer.stdin.close()


def environment(given: Mapping[str, str] = os.environ, **more: str) -> dict[str, str]:
    """The variables ``given`` and ``more``, for a process with another working directory.

    What ``PYTHONPATH`` names is what it names here: no entry of it means the other directory.
    """
    found = {**given, **more}
    if PATH in found:
        places = [os.path.abspath(place) for place in found[PATH].split(os.pathsep) if place]
        found[PATH] = os.pathsep.join(places)
        if not places:
            del found[PATH]
    return found


@contextmanager
def alone() -> Iterator[None]:
    """Within it processes of the standard library do not look for modules in the working directory."""
    before = os.environ.get(SAFE)
    os.environ[SAFE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[SAFE]
        else:
            os.environ[SAFE] = before
