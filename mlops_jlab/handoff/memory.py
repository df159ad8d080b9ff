"""The large pieces of memory of one step: each is read once, if at all, to be known and to be saved."""

from __future__ import annotations

from mlops_jlab.handoff.digests import digest_of
from mlops_jlab.handoff.mapped import place_of
from mlops_jlab.handoff.objects import ObjectStore
from mlops_jlab.handoff.snapshot import Memory


class StepMemory(Memory):
    """Knows what was mapped from ``store`` and is as it was, and puts there what is new."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def digest_of(self, memory: memoryview, *, save: bool) -> str:
        """The digest of what is there; with ``save``, it is in the store then."""
        place = place_of(memory)
        if digest := self._store.mapped.unchanged(place):
            return digest
        if not save:
            return digest_of(memory)
        if (known := self._store.mapped.digest_of(place)) and digest_of(memory) == known:
            return known
        return self._store.put_apart(memory)
