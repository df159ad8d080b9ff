"""What the processes of runs took of the machine, as charts show it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import groupby

from mlops_jlab.entities.runs import Run, Sample


def samples(connection: sqlite3.Connection, run: Run, most: int) -> list[Sample]:
    """The samples of a run in the order of time.

    Where there are more than ``most``, one for each of as many equal stretches of time: the mean of the cores
    that were busy, and the most memory that was held.
    """
    rows = connection.execute(
        "SELECT at, cpu, memory, gpu, gpu_memory FROM samples WHERE run = ? ORDER BY at", (run.seq,)
    )
    found = [Sample(*row) for row in rows]
    if len(found) <= most:
        return found
    first, span = found[0].at, found[-1].at - found[0].at
    stretches = groupby(found, key=lambda one: int((one.at - first) / span * (most - 1)))
    return [_together(list(some)) for _stretch, some in stretches]


def _together(some: Sequence[Sample]) -> Sample:
    busy = [one.gpu for one in some if one.gpu is not None]
    return Sample(
        some[-1].at,
        sum(one.cpu for one in some) / len(some),
        max(one.memory for one in some),
        sum(busy) / len(busy) if busy else None,
        max((one.gpu_memory for one in some if one.gpu_memory is not None), default=None),
    )
