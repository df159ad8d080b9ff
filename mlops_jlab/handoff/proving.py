"""What was saved of a step's values, read back and held against the values themselves.

It belongs into a forked copy of the step's process: reading runs the ``__setstate__`` and ``__reduce__`` of
whatever classes the values have, and takes its time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mlops_jlab.handoff import modules
from mlops_jlab.handoff.equality import Pair, Walk
from mlops_jlab.handoff.held import HELD
from mlops_jlab.handoff.loading import Loader
from mlops_jlab.handoff.objects import ObjectStore
from mlops_jlab.handoff.pickling import REFUSALS
from mlops_jlab.handoff.pure import may_forget
from mlops_jlab.handoff.records import Written
from mlops_jlab.handoff.states import caches_in

_ALONE = frozenset({int, float, complex, bool, str, bytes, type(None)})  # nothing is held in them


def prove(
    store: ObjectStore, writes: Mapping[str, Written], values: Mapping[str, object],
    namespace: Mapping[str, object],
) -> dict[str, str]:  # fmt: skip
    """Why names have not survived, by name: nothing for those that come back as they are.

    ``writes`` says where each of the living ``values`` was saved. Of the ``namespace`` those names are told
    that keep something which nobody saves at all: a function's cache.
    """
    alone = all(type(values[name]) in _ALONE for name in writes if name in values)
    outside = {} if alone else HELD.by_identity(frozenset(modules.local_modules()))
    loader, walk = Loader(store), Walk(outside=outside)
    lost = {name: why for name, value in namespace.items() if (why := _unsaved(value))}
    for name, written in writes.items():
        if name not in values:
            continue
        try:
            copy = loader.group(written.object)[name]
        except REFUSALS as error:
            lost[name] = f"it cannot be read back: {error}"[:300]
            continue
        if found := walk.difference(name, values[name], copy):
            lost[name] = found
    for name, found in memory_apart(walk.arrays).items():
        lost.setdefault(name, found)
    return _with_their_groups(lost, writes)


def _unsaved(value: object) -> str:
    kept = sum(one.cache_info().currsize for one in caches_in(value) if not may_forget(one))
    return f"the results that its cache holds ({kept}) cannot be saved" if kept else ""


def _with_their_groups(lost: dict[str, str], writes: Mapping[str, Written]) -> dict[str, str]:
    """A name that shares objects with one that is lost is lost with it."""
    found = dict(lost)
    for name in lost:
        for partner in writes[name].group if name in writes else ():
            found.setdefault(partner, f"it shares an object with {name}, and {lost[name]}")
    return found


def memory_apart(pairs: Iterable[Pair]) -> dict[str, str]:
    """The names whose arrays share memory with another array, or do so no more, in the copy only.

    Frames that share memory with frames alone do not count: pandas makes a copy on the first write.
    """
    held = [(pair, _bounds(pair.one), _bounds(pair.other)) for pair in pairs if pair.one.nbytes]
    lost: dict[str, str] = {}
    for mine, theirs, how in ((1, 2, "does not share"), (2, 1, "shares")):
        for cluster in _overlapping(sorted(held, key=lambda one: one[mine]), mine):
            if all(one[0].of_pandas for one in cluster) and copies_on_write():
                continue
            first, *others = cluster
            for other in others:
                if other[mine][0] - first[mine][0] != other[theirs][0] - first[theirs][0]:
                    name, partner = other[0].name, first[0].name
                    where = "another part of it" if name == partner else partner
                    lost.setdefault(name, f"{name} comes back as one that {how} memory with {where}")
    return lost


def _overlapping(held: Iterable[Any], side: int) -> Iterator[list[Any]]:
    """Those that overlap, together; ``held`` is in the order in which their memory begins."""
    end = 0
    cluster: list[Any] = []
    for one in held:
        start, last = one[side]
        if cluster and start >= end:
            yield cluster
            cluster = []
        end = max(end, last) if cluster else last
        cluster.append(one)
    if cluster:
        yield cluster


def copies_on_write() -> bool:
    """Whether pandas keeps frames that share memory from seeing each other's changes."""
    pandas = sys.modules.get("pandas")
    if pandas is None or not hasattr(pandas, "options"):
        return True
    return int(pandas.__version__.partition(".")[0]) >= 3 or pandas.options.mode.copy_on_write is True


def _bounds(array: Any) -> tuple[int, int]:
    """The first byte of an array's memory and the one after its last."""
    start = end = int(array.__array_interface__["data"][0])
    for size, stride in zip(array.shape, array.strides, strict=True):
        start += min(0, (size - 1) * stride)
        end += max(0, (size - 1) * stride)
    return start, end + array.itemsize
