"""The values of steps that continue one another: what a step made is written from outside its way.

A step that goes on in the living state of the one above it takes nothing over, so nothing is loaded. When it
is done, a copy of its process writes down what it made: which values differ from what the step above it had
left, and what this depends on. Where the step above is not in the process (its answer was cached, or it ran
beside), its values are brought in.
"""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from mlops_jlab.files import write_whole
from mlops_jlab.handoff import modules, settings, snapshot, warned
from mlops_jlab.handoff.alone import NO_STREAMS, OUTPUT, OWN_WARNINGS, streams
from mlops_jlab.handoff.definitions import names_reached
from mlops_jlab.handoff.endings import doomed
from mlops_jlab.handoff.hidden import HiddenRecord, HiddenState
from mlops_jlab.handoff.loading import Loader
from mlops_jlab.handoff.memory import StepMemory
from mlops_jlab.handoff.objects import ObjectStore
from mlops_jlab.handoff.observing import departing, watch
from mlops_jlab.handoff.proving import prove
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
from mlops_jlab.handoff.session import is_session_name, modules_of, values_of

_STREAMS = "~streams"


@dataclass(frozen=True)
class Leaving:
    """What is known of a step whose cells are done. ``names`` are those that the source reads and writes.

    ``before`` is the state that the step began with, as another step left it, or empty if the process was
    new; ``brought`` says that values of other steps were brought in. ``patched`` modules are changed by lines
    that run again wherever the step's process is not, and so do lines for IPython if it ``has_lines``.
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


class Living:
    """What one process knows of the hidden variables in it; forks of it know the same."""

    def __init__(self) -> None:
        self._hidden: HiddenState | None = None
        self._brought: dict[str, str] = {}  # how values looked when they had been brought in
        self.began: Path | None = None  # where it lies how the world looked when the process was new
        self.scalars: Mapping[str, Scalar] = {}  # as they were when the step's last cell was done
        self.mark = 0  # the newest version of a dict when the step's last cell was done
        self.told = ""  # what is in this process alone, as it was told or made so, in words
        self._settings: settings.Settings = {}  # before its first cell
        self._machinery: dict[int, str] = {}  # numbers of open files that are none of the cells' doing
        self._opened: dict[int, str] = {}  # and those that are

    def look_around(self) -> None:
        """How the process is set before a step's first cell; what was opened since the last one is ours."""
        self._settings = self._settings or settings.now()
        self._machinery = settings.others(settings.descriptors(), self._opened)

    def look_again(self) -> None:
        """How it is set when a step's last cell is done."""
        self._opened = settings.others(settings.descriptors(), self._machinery)
        told = settings.changed(self._settings, settings.now())
        if not told and watch().opens_by_number:
            told = settings.known_number(self._opened)
        self.told = told or doomed()

    def begin(self, hidden: HiddenState | None = None) -> None:
        """The first cells will come: hidden variables are watched from now on."""
        self._watched(hidden)

    def _watched(self, hidden: HiddenState | None = None) -> HiddenState:
        if self._hidden is None:
            self._hidden = hidden or HiddenState((), Loader(ObjectStore(Path(), {})))
            self._hidden.enter()
        return self._hidden

    def restore(self, root: Path, pipeline: str, position: int) -> Loader:
        """A new process takes up the hidden variables as the steps above ``position`` left them."""
        above = records_above(root, pipeline, position)
        loader = _loader(root, above)
        if self._hidden is None:
            self.begin(HiddenState(above, loader))
        else:
            self._hidden.take_up(above, loader)
        return loader

    def bring(
        self, root: Path, pipeline: str, position: int, names: Iterable[str], loader: Loader | None = None
    ) -> None:
        """Binds values of steps above ``position`` to their names, with all that share objects with them."""
        above = records_above(root, pipeline, position)
        loader = loader or _loader(root, above)
        namespace = vars(sys.modules["__main__"])
        bound: dict[str, Any] = {}
        for name in names:
            _taken, record = resolve(above, name)
            if record is None:
                continue
            for partner, value in loader.group(record.writes[name].object).items():
                newest, _ = resolve(above, partner)
                if newest.step == record.step and not partner.endswith(snapshot.STATE):
                    bound[partner] = value
        namespace.update(bound)
        for name, value in list(namespace.items()):
            key = name + snapshot.STATE
            if (
                isinstance(value, (types.FunctionType, type))
                and getattr(value, "__module__", "") == "__main__"
            ):
                _taken, record = resolve(above, key)
                if record is not None and key in names:
                    snapshot.put_state(value, loader.group(record.writes[key].object)[key])
        memory = StepMemory(_store(root, above))
        seen = snapshot.take(values_of(namespace), namespace, memory).values
        self._brought |= {name: one.fingerprint for name, one in seen.items()}

    @warned.held()
    def leave(self, leaving: Leaving) -> None:
        """Writes down what a step has made, in a copy of its process, or when nothing more will come."""
        _Departure(leaving, self, self._watched(), self._brought).write()


def _loader(root: Path, above: Sequence[StepRecord]) -> Loader:
    return Loader(_store(root, above))


def _store(root: Path, above: Sequence[StepRecord]) -> ObjectStore:
    return ObjectStore(root, {digest: seal for one in above for digest, seal in one.seals.items()})


class _Departure:
    """One step that is left."""

    def __init__(
        self, leaving: Leaving, living: Living, hidden: HiddenState, brought: Mapping[str, str]
    ) -> None:
        self._leaving = leaving
        self._mark = living.mark
        self._began = living.began
        self._scalars = living.scalars
        self._told = living.told
        self._hidden = hidden
        self._brought = brought
        self._root = Path(leaving.root)
        self._names = vars(sys.modules["__main__"])
        self._above = records_above(self._root, leaving.pipeline, leaving.position)
        self._store = _store(self._root, self._above)

    def write(self) -> None:
        leaving = self._leaving
        before = State() if not leaving.before else State.read(Path(leaving.before))
        values = values_of(self._names) | snapshot.remembered(self._names)
        values |= self._definitions({*leaving.outputs, *leaving.optional} - values.keys())
        known = dict(before.values) if before is not None else {}
        if leaving.brought:
            known |= self._brought
        wide = leaving.writes_any or leaving.keep_all
        if leaving.writes_any:
            values |= modules_of(self._names)
        live = {*leaving.outputs, *leaving.optional, *leaving.watched, *(known.keys() & self._read())}
        live |= {name for name in values if name.endswith(snapshot.STATE)}
        live |= looked_up(self._above, live).keys() & values.keys()
        now, live = snapshot.reaching(
            lambda live: snapshot.take(
                values, self._names, StepMemory(self._store), set(values) if wide else live
            ), live, values.keys(),
        )  # fmt: skip
        changed = {name for name, seen in now.values.items() if known.get(name) != seen.fingerprint}
        wanted = changed if wide else changed & live
        refused = {name: now.values[name].refused[0] for name in wanted if now.values[name].refused}  # type: ignore[index]
        live -= set(refused)
        saver = Saver(self._store, self._names, now)
        there = (wanted | live) & now.values.keys()
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
        unknown = [name for name in leaving.setup if name in now.values and now.values[name].refused]
        alone = leaving.alone
        why = leaving.unkept or ("" if before is not None else "the state in which it began is not known")
        if unknown:
            alone = alone or f"nobody can tell whether {unknown[0]}, which setup makes, is the same"
        alone = alone or self._stays_behind(before)
        prints = {**self._hidden.prints(), _STREAMS: streams()}
        state = State({n: s.fingerprint for n, s in now.values.items()}, prints)
        path = state_path(self._root, leaving.position, leaving.step)
        otherwise = self._outside(path) or self._told
        alone = otherwise or alone
        alone = alone or next(iter(sorted(watch().seen().stays)), "") or self._wrote_modules(record)
        why = why or alone
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, json.dumps(asdict(state)).encode("ascii"))
        write_record(
            self._root,
            replace(
                record, unkept=why, alone=alone, changed=otherwise, objects=tuple(sorted(objects)),
                spare=tuple(sorted(self._store.fresh - objects)),
                seals={d: s for d, s in self._store.seals.items() if s and d in objects},
            ),
        )  # fmt: skip

    def _stays_behind(self, before: State | None) -> str:
        """Why no other process could have what the step did to output and warnings, or nothing."""
        if before is not None and before.hidden.get(_STREAMS, NO_STREAMS) != streams():
            return OUTPUT
        return OWN_WARNINGS if warned.of_the_notebook(warned.capture()) else ""

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
            if isinstance(value, (types.FunctionType, type))
            and getattr(value, "__module__", "") == "__main__"
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
        leaving = self._leaving
        if leaving.before:
            before = departing.Outside.read(Path(leaving.before).with_suffix(departing.SUFFIX))
        else:
            before = departing.begun(self._began) if self._began is not None else None
        found = departing.leave(
            leaving.step, before, leaving.patched, self._mark, has_lines=leaving.has_lines, names=self._names
        )
        found.write(path.with_suffix(departing.SUFFIX))
        return found.unkept(leaving.step)

    def _definitions(self, names: Iterable[str]) -> dict[str, Any]:
        """Functions, classes and modules that have these names, though no carried source says so."""
        return {
            name: self._names[name] for name in names if name in self._names and not is_session_name(name)
        }

    def _takes(self, now: snapshot.Snapshot) -> dict[str, Taken]:
        """The newest versions above of all that the step reads, and of what shares objects with it."""
        found: dict[str, Taken] = {}
        states = {name for name in now.values if name.endswith(snapshot.STATE)}
        more = looked_up(self._above, self._leaving.inputs)
        for name in [*self._leaving.inputs, *sorted({*more, *states})]:
            taken, record = resolve(self._above, name)
            if not taken.step and name not in self._leaving.inputs:
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
            scalars=dict(self._scalars),
            attempt=leaving.attempt,
            looks_up=self._looks_up(),
        )  # fmt: skip


def leaving_from(content: Mapping[str, Any]) -> Leaving:
    """A :class:`Leaving` from what a message says."""
    return Leaving(**content)
