"""Objects of a run → values, each loaded once so that what is one object stays one."""

from __future__ import annotations

import io
from typing import Any

from mlops_jlab.handoff.objects import ObjectStore
from mlops_jlab.handoff.pickling import NotebookUnpickler, rebuild_view


class Loader:
    """Loads groups of values; a group that was loaded before is the same objects again."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._groups: dict[str, dict[str, Any]] = {}
        self.packages: set[str] = set()  # whose classes were needed

    def group(self, digest: str) -> dict[str, Any]:
        """The values of one group by name.

        Raises:
            HandoffError: the file is missing or not what was written.
        """
        if digest not in self._groups:
            self._groups[digest] = self.anew(digest)
        return self._groups[digest]

    def anew(self, digest: str) -> dict[str, Any]:
        """The same, of objects that nobody else has."""
        leaves: dict[tuple[str, int], object] = {}

        def leaf(key: Any) -> object:
            if key[0] == "view":
                _, owner, place, offset, shape, strides, dtype, writeable = key
                if ("view", place) not in leaves:
                    view = rebuild_view(leaf(("leaf", *owner)), offset, shape, strides, dtype)
                    view.flags.writeable = writeable
                    leaves["view", place] = view
                return leaves["view", place]
            _, inner, place = key
            if (inner, place) not in leaves:
                leaves[inner, place] = self._read(inner, lambda _key: None)
            return leaves[inner, place]

        values: dict[str, Any] = self._read(digest, leaf)
        return values

    def _read(self, digest: str, leaf: Any) -> Any:
        payload = self._store.get(digest)
        reader = NotebookUnpickler(io.BytesIO(payload.stream), payload.buffers, leaf)
        value = reader.load()
        self.packages |= reader.packages
        return value
