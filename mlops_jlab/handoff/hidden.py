"""The hidden variables of one step: restored when it begins, compared when it ends."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from mlops_jlab.handoff import snapshot
from mlops_jlab.handoff.ambient import AMBIENT, Ambient, ImportWatch
from mlops_jlab.handoff.loading import Loader
from mlops_jlab.handoff.pickling import REFUSALS
from mlops_jlab.handoff.records import StepRecord, Taken, Written, resolve
from mlops_jlab.handoff.saving import Saver


class HiddenState:
    """Restores each hidden variable as soon as its module is there, and remembers how it was."""

    def __init__(self, above: Sequence[StepRecord], generators: Sequence[str], loader: Loader) -> None:
        self._above = above
        self._loader = loader
        self._watched = [a for a in AMBIENT if not a.is_generator or a.name in generators]
        self._before: dict[str, str] = {}
        self._takes: dict[str, Taken] = {}

    def enter(self) -> None:
        """Restores what can be restored now; the rest waits for its module to be imported."""
        waiting = [a for a in self._watched if a.module not in sys.modules]
        for ambient in self._watched:
            taken, _record = resolve(self._above, ambient.name)
            self._takes[ambient.name] = taken
            if ambient not in waiting:
                self._begin(ambient)
        if waiting:
            watch = ImportWatch([a.module for a in waiting], self._imported)
            sys.meta_path.insert(0, watch)

    def _imported(self, module: str) -> None:
        for ambient in self._watched:
            if ambient.module == module:
                self._begin(ambient)

    def _begin(self, ambient: Ambient) -> None:
        _taken, record = resolve(self._above, ambient.name)
        if record is not None:
            values = self._loader.group(record.writes[ambient.name].object)
            ambient.restore(values[ambient.name])
        self._before[ambient.name] = _print(ambient)

    def leave(
        self, saver: Saver, seeds: Sequence[str], settings: Sequence[str]
    ) -> tuple[dict[str, Written], dict[str, Taken]]:
        """The hidden variables that the step changed, and those that it depended on."""
        writes: dict[str, Written] = {}
        takes: dict[str, Taken] = {}
        for ambient in self._watched:
            loaded = ambient.module in sys.modules and ambient.name in self._before
            changed = loaded and _print(ambient) != self._before[ambient.name]
            if ambient.noisy and ambient.name not in settings:
                changed = False
            if changed:
                writes |= saver.save([[ambient.name]], {ambient.name: ambient.capture()})
            if ambient.is_generator:
                if changed and ambient.name not in seeds:
                    takes[ambient.name] = self._takes[ambient.name]
            else:
                takes[ambient.name] = self._takes[ambient.name]
        return writes, takes


def _print(ambient: Ambient) -> str:
    try:
        value: Any = ambient.capture()
    except REFUSALS:
        return "unknown"
    return snapshot.take({ambient.name: value}, {}).values[ambient.name].fingerprint
