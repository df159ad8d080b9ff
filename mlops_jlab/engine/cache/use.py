"""A step that was run before is not run again: what the runner asks of the cache, and what it tells."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from mlops_jlab.engine.cache import datasets, keys
from mlops_jlab.engine.cache.store import CacheStore, Entry, fresh_id
from mlops_jlab.engine.folder.state import RunFolder, StepState, now
from mlops_jlab.engine.sources import StepSources
from mlops_jlab.handoff.observing.facts import FOLDER, Aspect, mark
from mlops_jlab.handoff.records import StepRecord, from_fields, looked_up, records_above, write_record
from mlops_jlab.pipeline.manifest import Manifest, ManifestStep
from mlops_jlab.store.artifacts import digest_of


def _changed(record: StepRecord) -> str:
    """Why a file is no longer the one that the step read, or left behind, in words, or nothing.

    A step's answer is kept while the steps below it run, and other programs.
    """
    for path in record.files_written:
        if mark(path) != record.marks.get(path):
            return f"{path}, which it writes, was changed before its answer was kept"
    for path in (*record.files_read, *record.files_before, *record.local_files):
        if mark(path) != record.marks.get(path) != FOLDER:  # what was listed is kept as it was seen
            return f"{path}, which it reads, was changed before its answer was kept"
    return ""


@dataclass(frozen=True)
class Used:
    """What a lookup gave: the entry that was used, or why there was none."""

    entry: Entry | None = None
    why: str = ""


class Caching:
    """The cache of one run. Without a folder nothing is looked up and nothing is kept."""

    def __init__(
        self, folder: Path | None, manifest: Manifest, sources: StepSources,
        values: Mapping[str, object], kernel: str, environment: Mapping[str, str],
        refresh: Collection[str] = (), place: Path | None = None,
    ) -> None:  # fmt: skip
        self._store = CacheStore(folder) if folder is not None else None
        self._manifest = manifest
        self._sources = sources
        self._values = values
        self._kernel = kernel
        self._environment = {**os.environ, **environment}
        self._refresh = frozenset(refresh)
        self._place = str(place.resolve()) if place is not None else ""
        self._keys: dict[str, str] = {}
        self._data: dict[str, dict[str, object]] = {}

    def knows(self, step: ManifestStep) -> bool:
        """Whether there may be an answer for the step: its code was executed before."""
        off = self._store is None or step.settings.get("cache") is False or step.name in self._refresh
        return not off and self._store is not None and bool(self._store.entries(self._key(step)))

    def use(
        self, step: ManifestStep, folder: RunFolder, attempt: str,
        unusable: Callable[[StepRecord], str] = lambda _record: "",
    ) -> Used:  # fmt: skip
        """Puts the answer of a finished step into the run's folder, if there is one that still holds.

        ``unusable`` says why an answer cannot stand in for the step in this run.
        """
        if self._store is None or step.settings.get("cache") is False:
            return Used(why="the cache is off for it" if self._store else "")
        if step.name in self._refresh:
            return Used(why="it was asked to run again")
        above = records_above(folder.handoff, self._manifest.identity, step.position)
        entries = self._store.entries(self._key(step))
        why = "nothing was cached for its code" if not entries else ""
        for entry in entries:
            given = self._given(step, above, entry.record["takes"])
            problem = keys.difference(entry, given, above, self._environment, self._place)
            problem = problem or unusable(from_fields(entry.record))
            problem = problem or self._store.take(
                entry, folder.handoff / "objects", folder.executed(step.name),
                self._manifest.notebook_of(step),
            )  # fmt: skip
            if not problem:
                record = from_fields(entry.record)
                write_record(
                    folder.handoff,
                    replace(
                        record, pipeline=self._manifest.identity, position=step.position, attempt=attempt
                    ),
                )
                return Used(entry)
            why = why or problem
        return Used(why=why)

    def keep(
        self, step: ManifestStep, record: StepRecord, state: StepState, folder: RunFolder, origin: str
    ) -> str:
        """Keeps a step that has just finished; why it is not kept, or nothing."""
        setting = step.settings.get("cache")
        if self._store is None or setting is False:
            return ""
        if record.unkept:
            return record.unkept
        if record.refused:
            name, why = next(iter(sorted(record.refused.items())))
            return f"{name} cannot be kept: it is, or holds, {why}"
        above = records_above(folder.handoff, self._manifest.identity, step.position)
        unfit = keys.unfit(record, self._sources_of(step))
        if unfit and setting is not True:
            return unfit
        executed = folder.executed(step.name)
        if changed := _changed(record):
            return changed
        read = {*record.files_read, *record.files_before, *record.local_files} - set(record.files_written)
        read = {path for path in read if not os.path.isdir(path)}  # what was listed is kept as it was seen
        read -= {path for path, seen in record.looked.items() if Aspect.NAMES.value in seen}
        try:
            entry = Entry(
                key=self._key(step), id=fresh_id(), pipeline=self._manifest.name, step=step.name,
                created=now(), seconds=state.seconds or 0.0,
                parameters=self._given(step, above, record.takes),
                files=keys.look_at(read), written=keys.look_at(record.files_written),
                packages=keys.stamps(record.package_files),
                environment=keys.environment_of(record.variables, self._environment),
                record=asdict(record), objects=sorted(record.objects), executed=digest_of(executed),
                origin=origin, place=self._place, warnings=[unfit] if unfit else [],
            )  # fmt: skip
            if changed := _changed(record):  # while it was looked at
                return changed
            self._store.add(entry, folder.handoff / "objects", executed)
        except OSError as error:
            return f"the cache cannot be written: {error.strerror or error}"
        return ""

    def close(self) -> None:
        """The run is over: makes room if there is too much."""
        if self._store is not None:
            self._store.collect_now_and_then()

    def _key(self, step: ManifestStep) -> str:
        if step.name not in self._keys:
            cells = self._cells(step)
            self._keys[step.name] = keys.key_of(cells, step, self._kernel, exact=self._looks_at_text)
        return self._keys[step.name]

    @cached_property
    def _looks_at_text(self) -> bool:
        return keys.looks_at_text(text for step in self._manifest.steps for text in self._sources_of(step))

    def _cells(self, step: ManifestStep) -> list[Mapping[str, Any]]:
        return keys.executed_cells(self._sources.cells(step.name), self._manifest.parameters)

    def _sources_of(self, step: ManifestStep) -> list[str]:
        """All that the step executes, cell by cell."""
        return ["".join(cell["source"]) for cell in self._cells(step)]

    def _given(
        self, step: ManifestStep, above: Sequence[StepRecord], takes: Iterable[str]
    ) -> dict[str, object]:
        """What is given that the step looks at itself, or through functions in what it takes."""
        if step.name not in self._data:  # as it was before the step began
            self._data[step.name] = datasets.asked(self._sources_of(step), self._environment)
        names = {*step.parameters, *looked_up(above, takes)}
        return {
            **keys.used(self._manifest, self._values, names, self._environment), **self._data[step.name]
        }  # fmt: skip
