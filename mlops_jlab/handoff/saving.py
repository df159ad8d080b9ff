"""Values → objects of a run: a group a file, large leaves in files of their own."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mlops_jlab import usage
from mlops_jlab.errors import HandoffError
from mlops_jlab.handoff.bare import is_own
from mlops_jlab.handoff.objects import Apart, ObjectStore
from mlops_jlab.handoff.pickling import (
    CannotTravel,
    NotebookPickler,
    array_owner,
    deeply,
    is_large_leaf,
    view_of,
)
from mlops_jlab.handoff.records import Written
from mlops_jlab.handoff.snapshot import Snapshot

_CONTAINERS = (list, tuple, dict, set, frozenset, str, bytes, range)


def in_words(value: object) -> str:
    """The type of a value and how much of it there is: ``DataFrame 569 x 31``, ``list of 3``, ``float``."""
    kind = type(value)
    name = kind.__qualname__[:60]
    if (length := _length(value)) >= 0:
        return f"{name} of {length}"
    try:
        shape = None if is_own(kind) else getattr(value, "shape", None)
        if type(shape) is tuple and all(type(size) is int for size in shape):
            return f"{name} {' x '.join(map(str, shape))}".rstrip()
    except Exception:  # an object of a library's class may do anything when it is looked at
        return name
    return name


def _length(value: Any) -> int:
    """How much a container of Python's holds, whatever its class says, or -1."""
    base = next((one for one in _CONTAINERS if issubclass(type(value), one)), None)
    return base.__len__(value) if base is not None else -1


class Saver:
    """Writes groups of values; a leaf that several groups hold is written once."""

    def __init__(self, store: ObjectStore, names: Mapping[str, object], seen: Snapshot) -> None:
        self._store = store
        self._names = names
        self._seen = seen
        self._leaves: dict[int, str] = {}
        self.objects: set[str] = set()  # the digests of all that was written

    def know(self, seen: Snapshot) -> None:
        """Takes in which arrays share memory, of a value that the first look did not see."""
        for owner, arrays in seen.owners.items():
            self._seen.owners.setdefault(owner, set()).update(arrays)

    def save(self, groups: Iterable[Sequence[str]], values: Mapping[str, object]) -> dict[str, Written]:
        """Saves each group; where its values lie, by name."""
        written: dict[str, Written] = {}
        for group in groups:
            digest = self._group({name: values[name] for name in group})
            for name in group:
                seen = self._seen.values.get(name)
                fingerprint = seen.fingerprint if seen else digest
                value = values[name]
                length = _length(value) if issubclass(type(value), (list, tuple, range)) else -1
                reads = tuple(sorted(seen.reads)) if seen else ()
                written[name] = Written(
                    fingerprint, digest, tuple(group), False, in_words(value), length, reads
                )
        return written

    def _group(self, values: dict[str, object]) -> str:
        places: dict[int, int] = {}

        def leaf(obj: object) -> object | None:
            if id(obj) in self._seen.opened:
                return None
            owner = array_owner(obj)
            shared = len(self._seen.owners.get(id(owner), ())) > 1 and _is_array(owner)
            if shared and owner is not obj:
                return self._view(obj, owner, places)
            if shared or is_large_leaf(obj):
                return ("leaf", self._leaf(obj), places.setdefault(id(obj), len(places)))
            return None

        return self._dump(values, leaf)

    def _view(self, obj: Any, owner: Any, places: dict[int, int]) -> object | None:
        if owner.dtype.hasobject:
            return None
        if not owner.flags.forc:
            raise CannotTravel(
                "two arrays that share memory which is not contiguous",
                hint="hand on copies: array.copy()",
            )
        key = (self._leaf(owner), places.setdefault(id(owner), len(places)))
        place = places.setdefault(id(obj), len(places))
        return ("view", key, place, *view_of(obj, owner), obj.flags.writeable)

    def _leaf(self, obj: object) -> str:
        if id(obj) not in self._leaves:
            known = self._seen.leaves.get(id(obj))
            self._leaves[id(obj)] = (
                self._put(known.stream, known.buffers) if known else self._dump(obj, lambda _obj: None)
            )
        return self._leaves[id(obj)]

    def _dump(self, value: object, leaf: Any) -> str:
        def dump() -> tuple[bytes, list[pickle.PickleBuffer]]:
            buffers: list[pickle.PickleBuffer] = []
            file = io.BytesIO()
            shared = self._seen.attributes
            NotebookPickler(file, self._names, leaf, None, buffers, identify=True, shared=shared).dump(value)
            return file.getvalue(), buffers

        stream, buffers = deeply(dump)
        return self._put(stream, [buffer.raw() for buffer in buffers])

    def _put(self, stream: bytes, buffers: Sequence[memoryview | Apart]) -> str:
        found = self._store.put(stream, buffers)
        self.objects |= found.all
        return found.digest


def _is_array(value: object) -> bool:
    return type(value).__module__ == "numpy" and type(value).__name__ == "ndarray"


def cannot_travel(name: str, value: object, step: str, reason: tuple[str, str]) -> HandoffError:
    """The error for an output that has to stay: variable, type, step and cure."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    return CannotTravel(
        f"step {step!r} cannot hand on {name!r} ({kind}): it is, or holds, {reason[0]}",
        hint=reason[1],
    )


def usage_so_far() -> dict[str, float]:
    """What this kernel has used: ``cpu_seconds``, and ``peak_memory`` in bytes where that is known.

    Processes that it has made count; ``gpus`` are the graphics cards that they hold, where there are any.
    """
    found: dict[str, float] = {"cpu_seconds": round(usage.cpu_seconds(), 3)}
    peak, cards = usage.peak_memory(), usage.graphics_cards()
    return found | ({"peak_memory": peak} if peak else {}) | ({"gpus": cards} if cards else {})
