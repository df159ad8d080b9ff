"""A step that was run before is not run again: what the runner asks of the cache, and what it tells."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from mlops_jlab.engine import cachekeys
from mlops_jlab.engine.cachestore import CacheStore, Entry, fresh_id
from mlops_jlab.engine.runfolder import RunFolder, StepState, now
from mlops_jlab.engine.sources import StepSources
from mlops_jlab.handoff.records import StepRecord, from_fields, records_above, write_record
from mlops_jlab.pipeline.manifest import Manifest, ManifestStep
from mlops_jlab.store.artifacts import digest_of


def _newer(paths: Collection[str], started: str) -> str:
    """The first file that was changed after a step had begun, or nothing."""
    begun = datetime.fromisoformat(started).timestamp()
    for path in paths:
        with suppress(OSError):
            if os.path.isfile(path) and os.stat(path).st_mtime > begun:
                return path
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
        refresh: Collection[str] = (),
    ) -> None:  # fmt: skip
        self._store = CacheStore(folder) if folder is not None else None
        self._manifest = manifest
        self._sources = sources
        self._values = values
        self._kernel = kernel
        self._environment = {**os.environ, **environment}
        self._refresh = frozenset(refresh)
        self._keys: dict[str, str] = {}

    def use(self, step: ManifestStep, folder: RunFolder, attempt: str) -> Used:
        """Puts the answer of a finished step into the run's folder, if there is one that still holds."""
        if self._store is None or step.settings.get("cache") is False:
            return Used(why="the cache is off for it" if self._store else "")
        if step.name in self._refresh:
            return Used(why="it was asked to run again")
        above = records_above(folder.handoff, self._manifest.identity, step.position)
        given, environment = self._facts(step)
        entries = self._store.entries(self._key(step))
        why = "nothing was cached for its code" if not entries else ""
        for entry in entries:
            problem = cachekeys.difference(entry, given, above, environment)
            problem = problem or self._store.take(
                entry, folder.handoff / "objects", folder.executed(step.name)
            )
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
        unfit = cachekeys.unfit(record, self._source(step))
        if unfit and setting is not True:
            return unfit
        given, environment = self._facts(step)
        executed = folder.executed(step.name)
        changing = _newer(record.files_read, state.started)
        if changing:
            return f"{changing} was changed while it ran"
        read = {*record.files_read, *record.files_before, *record.local_files} - set(record.files_written)
        try:
            entry = Entry(
                key=self._key(step), id=fresh_id(), pipeline=self._manifest.name, step=step.name,
                created=now(), seconds=state.seconds or 0.0, parameters=given,
                files=cachekeys.look_at(read), written=cachekeys.look_at(record.files_written),
                packages=cachekeys.stamps(record.package_files), environment=environment,
                record=asdict(record), objects=sorted(record.objects), executed=digest_of(executed),
                origin=origin, warnings=[unfit] if unfit else [],
            )  # fmt: skip
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
            self._keys[step.name] = cachekeys.key_of(self._cells(step), step, self._kernel)
        return self._keys[step.name]

    def _cells(self, step: ManifestStep) -> list[Mapping[str, Any]]:
        return cachekeys.executed_cells(self._sources.cells(step.name), self._manifest.parameters)

    def _source(self, step: ManifestStep) -> str:
        """All that the step executes, as one text."""
        return "\n".join("".join(cell["source"]) for cell in self._cells(step))

    def _facts(self, step: ManifestStep) -> tuple[dict[str, object], str]:
        given = cachekeys.used(self._manifest, self._values, step, self._environment)
        return given, cachekeys.environment_of(self._source(step), self._environment)
