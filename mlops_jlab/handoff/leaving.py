"""What is written down of a step that is left: which values it made, and what they depend on."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from mlops_jlab.files import PRIVATE, write_whole
from mlops_jlab.handoff import loggers, modules, snapshot, states, warned
from mlops_jlab.handoff.alone import NO_STREAMS, OUTPUT, OWN_WARNINGS, streams
from mlops_jlab.handoff.definitions import names_reached
from mlops_jlab.handoff.hidden import HiddenRecord, HiddenState
from mlops_jlab.handoff.memory import StepMemory
from mlops_jlab.handoff.objects import ObjectStore
from mlops_jlab.handoff.observing import departing, watch
from mlops_jlab.handoff.observing.versions import Mark
from mlops_jlab.handoff.proving import prove
from mlops_jlab.handoff.quietly import is_a, is_notebooks_own
from mlops_jlab.handoff.records import (
    StepRecord,
    Taken,
    Written,
    looked_up,
    record_path,
    records_above,
    resolve,
    write_record,
)
from mlops_jlab.handoff.saving import Saver
from mlops_jlab.handoff.scalars import Scalar
from mlops_jlab.handoff.session import modules_of, values_of
from mlops_jlab.handoff.sessionnames import is_sessions
from mlops_jlab.handoff.twins import twins_in

_STREAMS = "~streams"
_UNKNOWN = "the state in which it began is not known"


@dataclass(frozen=True)
class Leaving:
    """What is known of a step whose cells are done. ``names`` are those that the source reads and writes.

    ``before`` is the state that the step began with, as another step left it, or empty if the process was
    new; ``brought`` says that values of other steps were brought in. ``patched`` modules are changed by lines
    that run again wherever the step's process is not, and so do lines for IPython if it ``has_lines``. A
    process that ``ends`` is continued by nobody: what it loads from now on is seen by nobody.
    """

    root: str
    pipeline: str
    step: str
    position: int
    attempt: str
    inputs: Sequence[str] = ()
    outputs: Sequence[str] = ()
    optional: Sequence[str] = ()
    watched: Sequence[str] = ()
    seeds: Sequence[str] = ()
    settings: Sequence[str] = ()
    setup: Sequence[str] = ()
    writes_any: bool = False
    keep_all: bool = False
    before: str = ""
    brought: bool = False
    patched: Sequence[str] = ()
    has_lines: bool = False
    unkept: str = ""
    alone: str = ""
    ends: bool = False
    usage: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """The fingerprints of all values and hidden variables when a step was done."""

    values: Mapping[str, str] = field(default_factory=dict)
    hidden: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> State | None:
        """What was written down, or nothing."""
        with suppress(OSError, ValueError, TypeError):
            return cls(**json.loads(path.read_text("utf-8")))
        return None


def state_path(root: Path, position: int, step: str) -> Path:
    """Where the state is written down in which a step was left."""
    return record_path(root, position, step).with_suffix(".state")


@dataclass(frozen=True)
class Found:
    """What its process says of a step whose last cell is done.

    ``began`` says how the world looked when the process was new, ``mark`` what had happened by then,
    ``told`` what is in this process alone, in words. ``attempts`` are those at steps that it, and those which
    it was forked from, went through.
    """

    scalars: Mapping[str, Scalar]
    began: departing.Beginning | None
    mark: Mark
    told: str
    attempts: frozenset[str] = frozenset()


class Departure:
    """One step that is left."""

    def __init__(
        self, leaving: Leaving, found: Found, hidden: HiddenState, brought: Mapping[str, str]
    ) -> None:
        self._leaving = leaving
        self._found = found
        self._hidden = hidden
        self._brought = brought
        self._root = Path(leaving.root)
        self._names = vars(sys.modules["__main__"])
        self._above = records_above(self._root, leaving.pipeline, leaving.position)
        self._store = store_of(self._root, self._above)

    @modules.STANDING
    def write(self) -> None:
        """Writes it down, where later steps and runs look for it."""
        leaving = self._leaving
        before = State() if not leaving.before else State.read(Path(leaving.before))
        values = values_of(self._names) | snapshot.remembered(self._names)
        of_modules, holders = modules.what_stays(self._names)
        values |= {name + states.STATE: snapshot.Remembered(of_modules, of_modules) for name in holders}
        values |= self._definitions({*leaving.outputs, *leaving.optional} - values.keys())
        known = dict(before.values) if before is not None else {}
        if leaving.brought:
            known |= self._brought
        wide = leaving.writes_any or leaving.keep_all
        if leaving.writes_any:
            values |= modules_of(self._names)
        live = {*leaving.outputs, *leaving.optional, *leaving.watched, *(known.keys() & self._read())}
        live |= {name for name in values if name.endswith(states.STATE)}
        live |= looked_up(self._above, live).keys() & values.keys()
        now, live = snapshot.reaching(
            lambda live: snapshot.take(
                values, self._names, StepMemory(self._store), set(values) if wide else live
            ), live, values.keys(),
        )  # fmt: skip
        changed = {name for name, seen in now.values.items() if known.get(name) != seen.fingerprint}
        wanted = changed if wide else changed & live
        refused = self._refused(now, wanted, values)
        live -= set(refused)
        saver = Saver(self._store, self._names, now)
        there = ((wanted | live) & now.values.keys()) - refused.keys()
        groups = now.groups(sorted(name for name in there if not now.values[name].refused))
        wanted -= set(refused)
        writes = saver.save([group for group in groups if wanted & set(group)], values)
        lost = prove(self._store, writes, values, self._names)
        refused |= {name: why for name, why in lost.items() if name in live}
        writes = {name: written for name, written in writes.items() if name not in lost}
        of_hidden = Saver(self._store, self._names, now)
        self._hidden.went_on(self._above, before.hidden if before is not None else {})
        packages = {name.partition(".")[0] for name in sys.modules}
        hidden = self._hidden.leave(of_hidden, leaving.seeds, leaving.settings, packages)
        record = self._record(now, writes, hidden, refused, known)
        objects = saver.objects | of_hidden.objects
        why = leaving.unkept or ("" if before is not None else _UNKNOWN)
        alone = leaving.alone or self._unknown_setup(now) or self._stays_behind(before)
        alone = alone or ("" if holders else of_modules) or modules.shared_with(now, writes)
        prints = {**self._hidden.prints(), _STREAMS: streams()}
        state = State({n: s.fingerprint for n, s in now.values.items()}, prints)
        path = state_path(self._root, leaving.position, leaving.step)
        otherwise = self._outside(path) or self._found.told
        alone = otherwise or alone
        alone = alone or next(iter(sorted(watch().seen().stays)), "") or self._wrote_modules(record)
        why = why or alone
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, json.dumps(asdict(state)).encode("ascii"), PRIVATE)
        write_record(
            self._root,
            replace(
                record, unkept=why, alone=alone, changed=otherwise, objects=tuple(sorted(objects)),
                spare=tuple(sorted(self._store.fresh - objects)),
                seals={d: s for d, s in self._store.seals.items() if s and d in objects},
            ),
        )  # fmt: skip

    def _unknown_setup(self, now: snapshot.Snapshot) -> str:
        """Something that setup makes, and nobody can tell whether it is the same elsewhere."""
        for name in self._leaving.setup:
            if name in now.values and now.values[name].refused:
                return f"nobody can tell whether {name}, which setup makes, is the same"
        return ""

    def _stays_behind(self, before: State | None) -> str:
        """Why no other process could have what the step did to output, logs and warnings, or nothing."""
        if before is not None and before.hidden.get(_STREAMS, NO_STREAMS) != streams():
            return OUTPUT
        own = OWN_WARNINGS if warned.of_the_notebook(warned.capture()) else ""
        return loggers.what_stays() or own

    def _wrote_modules(self, record: StepRecord) -> str:
        """A module of the notebook's own whose file it has written itself: the text may be a newer one."""
        written = {path for one in (record, *self._above) for path in one.files_written}
        found = sorted(written.intersection(record.local_files))
        return f"it has imported {found[0]}, which the notebook itself writes" if found else ""

    def _looks_up(self) -> dict[str, tuple[str, ...]]:
        """For each function and class of the notebook the names that it looks up when it is called."""
        return {
            name: tuple(sorted(names_reached([value], self._names)))
            for name, value in list(self._names.items())
            if is_a(value, (types.FunctionType, type)) and is_notebooks_own(value)
        }

    def _read(self) -> set[str]:
        """What the step's source reads, with all that shared objects with it when it was written down."""
        found = set(self._leaving.inputs)
        for name in self._leaving.inputs:
            _taken, record = resolve(self._above, name)
            found.update(record.writes[name].group if record is not None else ())
        return found

    def _outside(self, path: Path) -> str:
        """Why the step is not kept, as it changed what is no variable of the notebook's, or nothing."""
        leaving, why = self._leaving, ""
        if leaving.before:
            before = departing.Outside.read(Path(leaving.before).with_suffix(departing.SUFFIX))
            if before is not None and before.attempt not in self._found.attempts:
                before, why = None, _UNKNOWN  # another process has executed that step since
        else:
            before = self._found.began.read() if self._found.began is not None else None
        found = departing.leave(
            leaving.step,
            before,
            leaving.patched,
            self._found.mark,
            has_lines=leaving.has_lines,
            names=self._names,
        )
        replace(found, attempt=leaving.attempt).write(path.with_suffix(departing.SUFFIX))
        return why or found.unkept(leaving.step)

    def _definitions(self, names: Iterable[str]) -> dict[str, Any]:
        """Functions, classes and modules that have these names, though no carried source says so."""
        return {
            name: self._names[name]
            for name in names
            if name in self._names and not is_sessions(name, self._names[name])
        }

    def _refused(
        self, now: snapshot.Snapshot, wanted: set[str], values: Mapping[str, object]
    ) -> dict[str, str]:
        """What cannot be written down; of a class that steps below take as a value, the name could be."""
        found = {name: why[0] for name in wanted if (why := now.values[name].refused)}
        for name in {*self._leaving.outputs, *self._leaving.optional} & values.keys():
            if is_a(value := values[name], type) and value.__module__ == "__main__":
                found[name] = "a class that no class statement makes"
        return found

    def _takes(self, now: snapshot.Snapshot) -> dict[str, Taken]:
        """The newest versions above of all that the step reads, and of what shares objects with it."""
        found: dict[str, Taken] = {}
        kept = {name for name in now.values if name.endswith(states.STATE)}
        defined = {name + states.STATE for name in self._looks_up()}  # that nothing is kept counts, too
        more = looked_up(self._above, self._leaving.inputs)
        for name in [*self._leaving.inputs, *sorted({*more, *kept, *defined})]:
            taken, record = resolve(self._above, name)
            if not taken.step and name not in {*self._leaving.inputs, *defined}:
                continue
            found[name] = taken
            for partner in record.writes[name].group if record is not None else ():
                newest, _ = resolve(self._above, partner)
                if record is not None and newest.step == record.step:
                    found[partner] = newest
        return found

    def _record(
        self, now: snapshot.Snapshot, writes: dict[str, Written], hidden: HiddenRecord,
        refused: dict[str, str], known: Mapping[str, str],
    ) -> StepRecord:  # fmt: skip
        leaving = self._leaving
        made = {name for record in self._above for name in record.writes}
        setup = {
            name: now.values[name].fingerprint
            for name in leaving.setup
            if name in now.values and name not in leaving.outputs and not now.values[name].refused
        }
        inputs = set(leaving.inputs) & known.keys()
        foreseen = {*leaving.outputs, *leaving.optional, *leaving.settings}
        return StepRecord(
            leaving.pipeline, leaving.step, leaving.position,
            takes={**self._takes(now), **hidden.takes},
            writes=writes | hidden.writes,
            starts=hidden.starts,
            deleted=tuple(sorted((known.keys() & made) - now.values.keys())),
            refused=refused,
            setup=setup,
            unforeseen=tuple(sorted(({n for n in writes if n in inputs} | hidden.unforeseen) - foreseen)),
            local_files=tuple(modules.files_of_local()),
            package_files=modules.files_of_packages(),
            **watch().as_record(),
            watched=True,
            versions=modules.loaded_versions(),
            usage=dict(leaving.usage),
            scalars=dict(self._found.scalars),
            attempt=leaving.attempt,
            looks_up=self._looks_up(),
            twins=twins_in(values_of(self._names), self._names),
        )  # fmt: skip


def store_of(root: Path, above: Sequence[StepRecord]) -> ObjectStore:
    """Where the objects lie that the steps above have made."""
    return ObjectStore(root, {digest: seal for one in above for digest, seal in one.seals.items()})


def leaving_from(content: Mapping[str, Any]) -> Leaving:
    """A :class:`Leaving` from what a message says."""
    return Leaving(**content)
