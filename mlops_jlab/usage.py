"""What a process and the processes below it use of the machine: processors, memory, graphics cards."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

_CARD = re.compile(r"/dev/nvidia\d+")
_PROC = "/proc"
_open = open  # a notebook may put another in its place


def cpu_seconds() -> float:
    """Seconds of processor that this process has used, with all processes that it has made.

    Those that live now are seen on Linux alone; those that have ended, wherever they were waited for.
    """
    used = time.process_time()
    with suppress(ImportError):
        import resource

        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        used += ended.ru_utime + ended.ru_stime
    return used + sum(_cpu_of(pid) for pid in below(os.getpid()))


def peak_memory() -> int:
    """The most memory that this process has held, in bytes; 0 where the system does not say.

    To it is added what each process below it that lives now has held at its most, so that workers count. What
    a fork shares with its parent counts twice then.
    """
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    ended = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
    return max(own + sum(_memory_of(pid) for pid in below(os.getpid())), ended)


def graphics_cards() -> int:
    """How many NVIDIA cards this process and those below it hold open now; 0 on other systems than Linux."""
    return len({card for pid in (os.getpid(), *below(os.getpid())) for card in _cards_of(pid)})


def below(pid: int) -> Iterator[int]:
    """The living processes that a process has made, and those that these have made. Linux alone tells."""
    found: list[str] = []
    with suppress(OSError):
        for thread in os.listdir(f"{_PROC}/{pid}/task"):
            found += _read(f"{_PROC}/{pid}/task/{thread}/children").split()
    for child in map(int, found):
        yield child
        yield from below(child)


def _read(path: str) -> str:
    try:
        with _open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:  # it has ended, or belongs to somebody else
        return ""


def _cpu_of(pid: int) -> float:
    fields = _read(f"{_PROC}/{pid}/stat").rpartition(")")[2].split()
    if len(fields) < 15:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _memory_of(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", _read(f"{_PROC}/{pid}/status"))
    return int(found[1]) * 1024 if found else 0


def _cards_of(pid: int) -> Iterator[str]:
    folder = f"{_PROC}/{pid}/fd"
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        with suppress(OSError):
            target = os.readlink(f"{folder}/{name}")
            if _CARD.fullmatch(target):
                yield target
