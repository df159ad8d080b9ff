"""One step in its kernel: take what others made, watch what the cells do, leave what others need."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.errors import HandoffError, ParameterError
from mlops_jlab.handoff import modules, snapshot, states, warned
from mlops_jlab.handoff.alone import Alone
from mlops_jlab.handoff.bare import is_own
from mlops_jlab.handoff.hidden import HiddenRecord, HiddenState
from mlops_jlab.handoff.limits import limit_memory
from mlops_jlab.handoff.loading import Loader
from mlops_jlab.handoff.memory import StepMemory
from mlops_jlab.handoff.objects import ObjectStore
from mlops_jlab.handoff.observing import watch
from mlops_jlab.handoff.parts import NotInParts, Parts
from mlops_jlab.handoff.quietly import is_a, is_notebooks_own
from mlops_jlab.handoff.records import (
    StepRecord,
    Taken,
    Written,
    looked_up,
    records_above,
    resolve,
    setup_conflict,
    write_record,
)
from mlops_jlab.handoff.saving import Saver, cannot_travel, usage_so_far
from mlops_jlab.handoff.scalars import scalars_of
from mlops_jlab.handoff.sessionnames import is_sessions
from mlops_jlab.handoff.twins import told_apart, twins_in
from mlops_jlab.handoff.variables import ATTEMPT, HANDOFF, KEEP, MEMORY, PART


def handoff_root(pipeline: str) -> Path:
    """Where handoff files lie: ``MLOPS_JLAB_HANDOFF``, else ``.mlops/handoff`` below the kernel."""
    given = os.environ.get(HANDOFF)
    return Path(given) if given else Path.cwd() / ".mlops" / "handoff" / pipeline.partition("@")[0]


def enter(
    pipeline: str,
    step: str,
    position: int,
    *,
    inputs: Sequence[str] = (),
    after: Sequence[str] = (),
    setup: Sequence[str] = (),
    defined: Sequence[str] = (),
    tells: Sequence[str] = (),
) -> StepSession:
    """Begins a step: loads ``inputs`` into the notebook's namespace and starts to watch.

    ``after`` are steps that must have run; ``setup`` are values made by setup that must be the same
    in every step. What is ``defined`` by source once more may have remembered something; ``tells`` says
    whether the step may tell two objects from one (:mod:`mlops_jlab.handoff.twins`).

    Raises:
        HandoffError: a step above has not run, or a file is not what this machine wrote.
    """
    limit_memory(int(os.environ.get(MEMORY) or 0))
    session = StepSession(pipeline, step, position, after, setup, tells)
    session.take([*inputs, *(name + states.STATE for name in defined)])
    return session


def _give_back() -> None:
    """To be written down, texts in frames are copied by Arrow, which then keeps the room of the copies."""
    pool = getattr(sys.modules.get("pyarrow"), "default_memory_pool", None)
    if pool is not None:
        pool().release_unused()


class StepSession:
    """What :func:`enter` gives to the step notebook; :meth:`leave` ends it."""

    def __init__(
        self, pipeline: str, step: str, position: int, after: Sequence[str],
        setup: Sequence[str], tells: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.names = vars(sys.modules["__main__"])
        self.root = handoff_root(pipeline)
        self._identity = (pipeline, step, position)
        self._above = records_above(self.root, pipeline, position)
        self._check_above(after, tells)
        present = {name: self.names[name] for name in setup if name in self.names}
        self._setup = {
            name: seen.fingerprint
            for name, seen in snapshot.take(present, self.names).values.items()
            if seen.refused is None
        }
        for record in self._above:
            if record.step in after and (name := setup_conflict(self._setup, record)):
                raise HandoffError(
                    f"{name!r} is not the same in step {step!r} as it was in step {record.step!r}",
                    hint="give every step the same parameters, and keep random or clock values out of setup",
                )
        self._takes: dict[str, Taken] = {}
        self._inputs: set[str] = set()
        self._held: dict[str, object] = {}  # the state of functions that this step does not define
        self._before = snapshot.Snapshot()
        seals = {digest: seal for one in self._above for digest, seal in one.seals.items()}
        self._store = ObjectStore(self.root, seals)
        self._memory = StepMemory(self._store)
        self._loader = Loader(self._store)
        self._watched = watch.cache_info().currsize > 0  # from the first cell on
        self._files = watch()
        self._parts: Parts | None = None
        self._hidden = HiddenState(self._above, Loader(self._store))
        self._hidden.enter()
        self._alone = Alone()

    def _check_above(self, after: Sequence[str], tells: Sequence[str]) -> None:
        done = {record.step for record in self._above}
        missing = [name for name in after if name not in done]
        if missing:
            raise HandoffError(
                f"step {self._identity[1]!r} needs {', '.join(map(repr, missing))} to have run, "
                f"and {self.root} holds no record of it",
                hint="run the steps in order in the same folder, or all of them with: mlops-jlab run",
            )
        for record in self._above:
            if why := record.alone or told_apart(record.twins, tells):
                kind = NotInParts if PART in os.environ else HandoffError
                raise kind(
                    f"step {self._identity[1]!r} can only go on in the process of step {record.step!r}: "
                    f"{why}",
                    hint="put both into one step, or run the pipeline on this machine: mlops-jlab run",
                )

    def take(self, inputs: Sequence[str]) -> None:
        """Loads values that steps above made, together with all that share objects with them."""
        self._check_untouched()
        more = [name for name in looked_up(self._above, inputs) if resolve(self._above, name)[1] is not None]
        for name in [*inputs, *more]:
            taken, record = resolve(self._above, name)
            self._takes[name] = taken
            if taken.fingerprint.startswith("stays:"):
                why = next(one.refused[name] for one in self._above if name in one.refused)
                what = name.removesuffix(states.STATE)
                raise HandoffError(
                    f"step {self._identity[1]!r} needs {what!r}, which lives in the process of step "
                    f"{taken.step!r} alone: it is, or holds, {why}",
                    hint="put both into one step, or run the pipeline on this machine: mlops-jlab run",
                )
            if record is None:
                continue
            for partner, value in self._loader.group(record.writes[name].object).items():
                newest, _ = resolve(self._above, partner)
                if newest.step != record.step:
                    continue
                self._takes[partner] = newest
                if partner.endswith(states.STATE):
                    self._held[partner] = value
                else:
                    self.names[partner] = value
        self._restore_states()
        self._inputs = set(self._takes)
        self._before = snapshot.take(self._values(), self.names, self._memory)
        _give_back()
        self._alone.begin()
        self._files.begin(str(self.root))

    def each(self, over: str, *, collects: Sequence[str] = (), sets: Sequence[str] = ()) -> None:
        """Several processes may take a piece of the list ``over`` each, as the step's last statement does.

        Its rounds only add to ``collects``, and each binds ``sets``.

        Raises:
            HandoffError: this process is to take a piece, and ``over`` is no list.
        """
        self._parts = Parts.of_this_process(self.root, self._identity, over, collects, sets)
        if self._parts is not None:
            self._parts.narrow(self.names)

    def _check_untouched(self) -> None:
        """Definitions that were run again must have left the values that they read alone."""
        present = {name: self.names[name] for name in self._before.values if name in self.names}
        for name, seen in snapshot.take(present, self.names, self._memory).values.items():
            if name in self._inputs and seen.fingerprint != self._before.values[name].fingerprint:
                raise HandoffError(
                    f"running the carried definitions again changes {name!r}, which they read",
                    hint=f"move the cells with these definitions, and the one that makes {name}, to setup",
                )

    def _restore_states(self) -> None:
        for name, value in list(self.names.items()):
            if not is_a(value, (types.FunctionType, type)) or not is_notebooks_own(value):
                continue
            key = name + states.STATE
            self._takes[key], record = resolve(self._above, key)
            if record is not None:
                state = self._loader.group(record.writes[key].object)[key]
                states.put_state(value, state)

    def _values(self) -> dict[str, object]:
        """What the notebook's names stand for now; functions and classes by the state they keep."""
        return values_of(self.names, self._held)

    @modules.STANDING
    @warned.held()
    def leave(
        self,
        *,
        outputs: Sequence[str] = (),
        optional: Sequence[str] = (),
        watched: Sequence[str] = (),
        writes_any: bool = False,
        seeds: Sequence[str] = (),
        settings: Sequence[str] = (),
        patched: Sequence[str] = (),
        has_lines: bool = False,
    ) -> None:
        """Ends the step: saves ``outputs`` and whatever else the cells changed in place.

        ``watched`` are inputs that steps below still read; ``optional`` outputs may stay behind.
        ``seeds`` are generators that the step seeds itself, ``settings`` those that its source
        changes. ``patched`` modules are changed by lines that run again below, and so do lines that teach
        IPython something if it ``has_lines``.

        Raises:
            HandoffError: an output cannot travel; variable, type, step and cure are named.
        """
        self._files.end()
        alone = self._alone.found(self._identity[1], patched, has_lines=has_lines, names=self.names)
        if self._parts is not None:
            self._parts.widen(self.names)
            if self._parts.joins:
                base = snapshot.take(self._values(), self.names)
                self._parts.join(self.names, base, [*outputs, *watched, *optional])
        values = self._values() | snapshot.remembered(self.names)
        keep_all = os.environ.get(KEEP) == "all"
        live = {*outputs, *watched, *optional, *(self._inputs - {n for n in self._takes if n[0] == "~"})}
        live |= {name for name in values if name.endswith(states.STATE)}
        wide = writes_any or keep_all
        all_seen = wide or self._parts is not None
        now, live = snapshot.reaching(
            lambda live: snapshot.take(
                {n: v for n, v in values.items() if all_seen or n in live or n in self._before.values},
                self.names, self._memory, set(values) if wide else live,
            ), live, values.keys(),
        )  # fmt: skip
        changed = {
            name
            for name, seen in now.values.items()
            if name not in self._before.values or self._before.values[name].fingerprint != seen.fingerprint
        }
        wanted = changed & (set(now.values) if wide else live)
        refused = self._refused(now, wanted, set(outputs) | set(watched), values)
        groups = self._groups(now, wanted - set(refused), live - set(refused))
        saver, of_hidden = Saver(self._store, self.names, now), Saver(self._store, self.names, now)
        writes = saver.save(groups, values)
        hidden = self._hidden.leave(of_hidden, seeds, settings, self._loader.packages)
        self._objects = saver.objects | of_hidden.objects
        alone = alone or modules.shared_with(now, writes)
        refused |= self._hidden.staying()
        foreseen = {*outputs, *optional, *settings}
        surprises = (hidden.unforeseen | (writes.keys() & live & self._before.values.keys())) - foreseen
        self._record(now, writes, hidden, refused, surprises, alone)

    def _refused(
        self, now: snapshot.Snapshot, wanted: set[str], needed: set[str], values: Mapping[str, object]
    ) -> dict[str, str]:
        refused: dict[str, str] = {}
        for name in sorted(wanted):
            reason = now.values[name].refused
            if reason is None:
                continue
            if name in needed:
                raise cannot_travel(name, values[name], self._identity[1], reason)
            refused[name] = reason[0]
        return refused

    def _groups(self, now: snapshot.Snapshot, wanted: set[str], live: set[str]) -> list[list[str]]:
        """What is to be saved, with everything live that shares an object with it."""
        candidates = {n for n in wanted | live if n in now.values and not now.values[n].refused}
        return [group for group in now.groups(sorted(candidates)) if wanted & set(group)]

    def _record(
        self, now: snapshot.Snapshot, writes: dict[str, Written], hidden: HiddenRecord,
        refused: dict[str, str], surprises: set[str], alone: str,
    ) -> None:  # fmt: skip
        pipeline, step, position = self._identity
        loaded = {n for n in self._takes if n in self._before.values and not n.endswith("()")}
        record = StepRecord(
            pipeline, step, position,
            takes={**self._takes, **hidden.takes},
            writes=writes | {name: one for name, one in hidden.writes.items() if name not in refused},
            starts=hidden.starts,
            deleted=tuple(sorted(loaded - now.values.keys())),
            refused=refused,
            setup=self._setup,
            unforeseen=tuple(sorted(surprises)),
            local_files=tuple(modules.files_of_local()),
            package_files=modules.files_of_packages(),
            **self._files.as_record(),
            objects=tuple(sorted(self._objects)),
            spare=tuple(sorted(self._store.fresh - self._objects)),
            seals={d: s for d, s in self._store.seals.items() if s and d in self._objects},
            watched=self._watched,
            versions=modules.loaded_versions(),
            usage=usage_so_far(), attempt=os.environ.get(ATTEMPT, ""),
            scalars=scalars_of(self.names), alone=alone, unkept=alone,
            twins=twins_in(self._values(), self.names),
        )  # fmt: skip
        root = self.root
        if self._parts is not None:
            root, record = self._parts.finish(record, now)
        write_record(root, record)


def values_of(names: Mapping[str, object], held: Mapping[str, object] | None = None) -> dict[str, object]:
    """What the notebook's names stand for; functions and classes by the state they keep beside their source.

    ``held`` is the state of those that are not defined here.
    """
    found = dict(held or {})
    taken_out = any(states.may_take_out(value) for value in list(names.values()) if is_notebooks_own(value))
    for name, value in list(names.items()):
        if is_a(value, types.ModuleType) or is_sessions(name, value):
            continue
        if is_a(value, (types.FunctionType, type)) and is_notebooks_own(value):
            state = states.state_of(value, names=taken_out)
            found.pop(name + states.STATE, None)
            if state is not None:
                found[name + states.STATE] = state
            if value.__qualname__ == name:
                continue
        elif is_own(type(value)) and callable(value):
            # A decorator may have made it of a function: who runs that again takes this, and it with it.
            found[name + states.STATE] = states.of_object(value)
        found[name] = value
    return found


def modules_of(names: Mapping[str, object]) -> dict[str, object]:
    """The names of modules, for who looks at all names."""
    return {
        name: value
        for name, value in list(names.items())
        if is_a(value, types.ModuleType) and not is_sessions(name, value)
    }


def check_parameters(declared: Sequence[Mapping[str, Any]]) -> None:
    """Checks the parameters in the notebook's namespace and gives them their declared types.

    ``declared`` holds the entries of ``pipeline.yaml``. Secrets come from the environment.

    Raises:
        ParameterError: missing, ill-typed or out of range.
    """
    names = vars(sys.modules["__main__"])
    for entry in declared:
        parameter = Parameter.from_json(entry)
        name = parameter.name
        if parameter.secret:
            names[name] = os.environ.get(name.upper(), names.get(name))
            if names[name] is None and not parameter.optional:
                raise ParameterError(
                    f"the secret {name!r} is not set",
                    hint=f"set the environment variable {name.upper()}",
                )
            continue
        if name not in names:
            raise ParameterError(f"parameter {name!r} has no value", hint=f"give it with -p {name}=VALUE")
        if not parameter.computed:
            names[name] = _typed(parameter, parameter.check(names[name]), names[name])


def _typed(parameter: Parameter, plain: object, given: object) -> object:
    """The checked value as the notebook expects it: dates, times and paths as objects."""
    if not isinstance(given, str) or parameter.choices:
        return plain if isinstance(plain, float) and "float" in parameter.kinds else given
    for kind in parameter.kinds:
        if kind == "str":
            return given
        if kind == "Path":
            return Path(given)
        if kind in ("date", "datetime"):
            try:
                maker = datetime if kind == "datetime" else date
                return maker.fromisoformat(given)
            except ValueError:
                continue
    return given
