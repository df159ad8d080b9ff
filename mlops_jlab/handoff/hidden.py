"""The hidden variables of one step: restored when it begins, compared when it ends."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.machinery import ModuleSpec
from typing import Any

from mlops_jlab.errors import HandoffError
from mlops_jlab.handoff import loggers, modules, snapshot
from mlops_jlab.handoff.ambient import AMBIENT, Ambient, ImportWatch
from mlops_jlab.handoff.chance import drew_only, same
from mlops_jlab.handoff.importing import Imports
from mlops_jlab.handoff.inplace import PLACES
from mlops_jlab.handoff.loading import Loader
from mlops_jlab.handoff.pickling import REFUSALS
from mlops_jlab.handoff.records import StepRecord, Taken, Written, resolve
from mlops_jlab.handoff.saving import Saver
from mlops_jlab.loaded import file_of, is_local

_UNSURE = "unlike another import of it"  # the print of an own module that has asked for time, chance, files
MODULE = "~module:"  # what the hidden variable of an own module is called, before the module's name


@dataclass
class HiddenRecord:
    """What a step did with the hidden variables.

    ``starts`` are where generators stood at first, ``unforeseen`` what nothing in its source shows.
    """

    writes: dict[str, Written] = field(default_factory=dict)
    takes: dict[str, Taken] = field(default_factory=dict)
    starts: dict[str, str] = field(default_factory=dict)
    unforeseen: set[str] = field(default_factory=set)


class HiddenState:
    """Restores each hidden variable as soon as its module is there, and remembers how it was."""

    def __init__(self, above: Sequence[StepRecord], loader: Loader) -> None:
        self._above = above
        self._loader = loader
        self._watched = {ambient.name: ambient for ambient in AMBIENT}
        self._before: dict[str, str] = {}
        self._drawn_from: dict[str, Any] = {}  # the states of generators that may be unseeded
        self._imports = Imports(self._states, self._library_drew)
        self._imports_drew: dict[str, str] = {}  # their prints, where only imports of libraries have drawn
        self._takes: dict[str, Taken] = {}
        self._left: dict[str, str] = {}  # how they were when the step was left
        self._stayed: dict[str, str] = {}  # what own modules had when it began that no import of them has

    @modules.STANDING
    def enter(self) -> None:
        """Restores what can be restored now; the rest waits for its module to be imported."""
        loggers.mark()
        PLACES.forget()
        self._stayed = modules.staying()
        for name in modules.local_modules():
            self._add_module(name)
        present = [a for a in self._watched.values() if a.module in sys.modules]
        watch = ImportWatch(self._wants, self._imported, self._was_imported, self._imports.within)
        sys.meta_path.insert(0, watch)
        for ambient in present:
            self._begin(ambient)  # which may import more

    @modules.STANDING
    def take_up(self, above: Sequence[StepRecord], loader: Loader) -> None:
        """What the steps above left becomes known only now: what is loaded is restored."""
        PLACES.forget()
        self._above, self._loader = above, loader
        for name in list(self._before):
            self._drawn_from.pop(name, None)
            self._imports_drew.pop(name, None)
            self._begin(self._watched[name])

    @modules.STANDING
    def restore_again(self) -> None:
        """Puts back what was changed since it was restored, as by imports that draw random numbers."""
        PLACES.forget()
        for name, before in list(self._before.items()):
            ambient = self._watched[name]
            _taken, record = resolve(self._above, name)
            if record is not None and _print(ambient) != before:
                self._begin(ambient)

    def went_on(self, above: Sequence[StepRecord], before: Mapping[str, str]) -> None:
        """A step was continued: ``before`` are the prints that the hidden variables had when it began."""
        self._above = above
        self._takes.clear()
        self._before |= {name: found for name, found in before.items() if name in self._before}

    def prints(self) -> dict[str, str]:
        """How each hidden variable was when the step was left."""
        return dict(self._left)

    def _wants(self, spec: ModuleSpec) -> bool:
        waiting = {a.module for a in self._watched.values() if a.name not in self._before}
        return spec.name in waiting or is_local(spec.name, spec.origin)

    def _was_imported(self, spec: ModuleSpec) -> bool:
        """Whether a step above had the own module: its import has printed there what it prints."""
        return any(spec.origin in record.local_files for record in self._above)

    def _states(self) -> dict[str, Any]:
        """The global generators as they are now."""
        twisters = [one for one in AMBIENT if one.is_twister and one.name in self._before]
        return {one.name: one.capture() for one in twisters}

    def _library_drew(self, before: Mapping[str, Any]) -> None:
        """What a library draws when it is imported decides nothing where nobody has seeded the generator."""
        for name, now in self._states().items():
            known = self._drawn_from.get(name)
            if known is not None and name in before and same(before[name], known):
                self._drawn_from[name] = now
                self._imports_drew[name] = _print(self._watched[name])

    def _add_module(self, module: str) -> None:
        name = f"{MODULE}{module}"
        self._watched[name] = Ambient(
            name, module, partial(modules.capture, module), partial(modules.restore, module)
        )

    @modules.STANDING
    def _imported(self, module: str) -> None:
        if is_local(module, file_of(sys.modules[module])):
            self._add_module(module)
        for ambient in list(self._watched.values()):
            if ambient.module == module and ambient.name not in self._before:  # else it is imported again
                self._begin(ambient)

    def _begin(self, ambient: Ambient) -> None:
        name = ambient.name
        self._takes[name], record = resolve(self._above, name)
        if name.startswith(MODULE) and self._takes[name].fingerprint.startswith("stays:"):
            why = next(one.refused[name] for one in self._above if name in one.refused)
            raise HandoffError(
                f"the module {ambient.module!r} lives in the process of step {self._takes[name].step!r} "
                f"alone: {why}",
                hint="put both into one step, or run the pipeline on this machine: mlops-jlab run",
            )
        if record is not None:
            ambient.restore(self._loader.anew(record.writes[name].object)[name])
        self._before[name] = _print(ambient)
        if record is None and name.removeprefix(MODULE) in self._imports.uncertain:
            self._before[name] = _UNSURE
        if ambient.is_twister and (record is None or record.writes[name].by_chance):
            self._drawn_from[name] = ambient.capture()
            self._imports_drew.pop(name, None)
        if ambient.is_twister:
            self._imports.look_on()

    def leave(
        self, saver: Saver, seeds: Sequence[str], settings: Sequence[str], packages: set[str]
    ) -> HiddenRecord:
        """The hidden variables that the step changed, and those that it depended on.

        ``seeds`` are generators that its source seeds, ``settings`` those that its source changes,
        ``packages`` those whose objects the step took.
        """
        found = HiddenRecord()
        self._left = {n: _print(one) for n, one in self._watched.items() if n in self._before}
        for name, ambient in self._watched.items():
            loaded = name in self._left
            taken = self._takes.get(name) or resolve(self._above, name)[0]
            if name in self._drawn_from and not taken.step:
                found.starts[name] = self._before[name]
            changed = loaded and self._left[name] not in (self._before[name], self._imports_drew.get(name))
            if ambient.noisy and name not in settings:
                changed = False
            if changed:
                found.writes |= self._save(ambient, saver, seeded=name in seeds)
                expected = name in seeds or name in settings or ambient.unsaid or bool(ambient.needed_by)
                if not expected and self._before[name] != _UNSURE and not found.writes[name].by_chance:
                    found.unforeseen.add(name)
            if ambient.is_generator:
                matters = changed and name not in seeds
            else:
                matters = not ambient.needed_by or (ambient.needed_by in packages and not changed)
            if matters:
                found.takes[name] = taken
        self._keep_imported(found, saver)
        return found

    def _keep_imported(self, found: HiddenRecord, saver: Saver) -> None:
        """Own modules are kept as their import has made them, once another import may make them otherwise.

        An import may ask for an option, or for a value of another module, that is another one later.
        """
        names = {*found.writes, *(name for record in self._above for name in record.writes)}
        if not any(self._is_world(name) for name in names):
            return
        for name, ambient in self._watched.items():
            if name.startswith(MODULE) and name in self._left and name not in names:
                found.writes |= self._save(ambient, saver, seeded=False)

    def _is_world(self, name: str) -> bool:
        """Whether a hidden variable is one that an import may ask for."""
        if name.startswith(MODULE):
            return True
        one = self._watched.get(name)
        return one is not None and not (one.is_generator or one.noisy or one.unsaid or one.needed_by)

    def staying(self) -> dict[str, str]:
        """What the step has left in own modules that cannot be written down, in words."""
        found = modules.staying()
        return {f"{MODULE}{name}": why for name, why in found.items() if self._stayed.get(name) != why}

    def _save(self, ambient: Ambient, saver: Saver, *, seeded: bool) -> dict[str, Written]:
        name, value = ambient.name, ambient.capture()
        if name.startswith(MODULE):
            saver.know(snapshot.take({name: value}, vars(sys.modules["__main__"])))
        written = saver.save([[name]], {name: value})[name]
        by_chance = not seeded and name in self._drawn_from and drew_only(self._drawn_from[name], value)
        return {name: replace(written, by_chance=by_chance)}


def _print(ambient: Ambient) -> str:
    try:
        value: Any = ambient.capture()
    except REFUSALS:
        return "unknown"
    notebook = vars(sys.modules["__main__"])
    return snapshot.take({ambient.name: value}, notebook).values[ambient.name].fingerprint
