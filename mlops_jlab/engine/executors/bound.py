"""How much memory the snapshots of a run hold, and how much they may."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from mlops_jlab.engine.executors.saving import Saving
from mlops_jlab.engine.executors.snapshots import Snapshots

SHARE = 0.5  # of the memory that this run has, for its snapshots
_LIMITS = ("memory.max", "memory/memory.limit_in_bytes")  # of a control group, newer and older systems


def usual() -> int:
    """Bytes that snapshots may hold where nobody says: half of what the machine, or the container, has."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for name in _LIMITS:
        with suppress(OSError, ValueError):  # there is no such file, or it says max
            found.append(int(Path("/sys/fs/cgroup", name).read_text("ascii")))
    return int(SHARE * min(found))


def held_by(pid: int) -> int:
    """Bytes of a process's proportional set size: what it shares with others counts in equal parts.

    0 for a process that has ended.
    """
    with suppress(OSError, ValueError), Path(f"/proc/{pid}/smaps_rollup").open("rb") as file:
        for line in file:
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _at_most(pid: int) -> int:
    """Bytes that a process holds, what it shares with others included: at no cost."""
    with suppress(OSError, ValueError):
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


class Bound:
    """Lets snapshots go while all together hold more than ``most`` bytes, or the usual share of the memory.

    Those go that ended first, once what they hold is written down; what a step below wants of one of them is
    brought in, or made once more. The last one stays: the next step goes on from it.
    """

    def __init__(self, most: int, snapshots: Snapshots, saving: Saving) -> None:
        self._most = most or usual()
        self._snapshots = snapshots
        self._saving = saving

    def keep(self) -> None:
        """A step is about to begin. If too much is still to be written down, it waits until that is done."""
        if self._is_kept():
            return
        self._saving.wait()
        last = self._snapshots.last()
        for shell in self._snapshots.all():
            if self._is_kept():
                return
            if shell is not last and self._snapshots.moves(shell):  # else somebody else has let it go
                shell.drop()

    def _is_kept(self) -> bool:
        """Whether there is one at most, or all together hold no more than they may."""
        pids = [shell.process.pid for shell in self._snapshots.all()]
        return len(pids) < 2 or any(sum(map(size, pids)) <= self._most for size in (_at_most, held_by))
