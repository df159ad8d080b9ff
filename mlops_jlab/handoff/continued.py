"""The values of steps that continue one another: what a step made is written from outside its way.

A step that goes on in the living state of the one above it takes nothing over, so nothing is loaded. When it
is done, a copy of its process writes down what it made: which values differ from what the step above it had
left, and what this depends on. Where the step above is not in the process (its answer was cached, or it ran
beside), its values are brought in.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_jlab.errors import HandoffError
from mlops_jlab.handoff import modules, settings, snapshot, states, warned
from mlops_jlab.handoff.endings import doomed
from mlops_jlab.handoff.hidden import HiddenState
from mlops_jlab.handoff.leaving import Departure, Found, Leaving, store_of
from mlops_jlab.handoff.loading import Loader
from mlops_jlab.handoff.memory import StepMemory
from mlops_jlab.handoff.objects import ObjectStore
from mlops_jlab.handoff.observing import departing, versions, watch
from mlops_jlab.handoff.quietly import is_a, is_notebooks_own
from mlops_jlab.handoff.records import (
    StepRecord,
    records_above,
    resolve,
)
from mlops_jlab.handoff.scalars import Scalar
from mlops_jlab.handoff.session import values_of

_STREAMS = "~streams"


class Living:
    """What one process knows of the hidden variables in it; forks of it know the same."""

    def __init__(self) -> None:
        self._hidden: HiddenState | None = None
        self._brought: dict[str, str] = {}  # how values looked when they had been brought in
        self.began: departing.Beginning | None = None  # how the world looked when the process was new
        self.scalars: Mapping[str, Scalar] = {}  # as they were when the step's last cell was done
        self.mark = versions.NONE  # what had happened when the step's last cell was done
        self.attempts: set[str] = set()  # at steps that this process, and those above it, went through
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
        told = told or settings.open_for_writing(self._opened, watch().is_ignored)
        self.told = told or doomed() or modules.not_loaded(vars(sys.modules["__main__"]))

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
                if newest.step == record.step and not partner.endswith(states.STATE):
                    bound[partner] = value
        namespace.update(bound)
        for name, value in list(namespace.items()):
            key = name + states.STATE
            if is_a(value, (types.FunctionType, type)) and is_notebooks_own(value):
                _taken, record = resolve(above, key)
                if record is not None and key in names:
                    states.put_state(value, loader.group(record.writes[key].object)[key])
        memory = StepMemory(store_of(root, above))
        seen = snapshot.take(values_of(namespace), namespace, memory).values
        self._brought |= {name: one.fingerprint for name, one in seen.items()}

    def check_untouched(self, names: Iterable[str]) -> None:
        """Definitions that were run again must have left the values that they read as they were brought.

        Raises:
            HandoffError: one of them changed a value, as a decorator does that registers its function there.
        """
        namespace = vars(sys.modules["__main__"])
        present = {name: namespace[name] for name in names if name in namespace and name in self._brought}
        for name, seen in snapshot.take(present, namespace).values.items():
            if seen.fingerprint != self._brought[name]:
                raise HandoffError(
                    f"running the definitions again changes {name!r}, which they read",
                    hint=f"move the cells with these definitions, and the one that makes {name}, to setup",
                )

    def restore_again(self) -> None:
        """What the definitions, and the libraries that they import, did to hidden variables is undone."""
        if self._hidden is not None:
            self._hidden.restore_again()

    @warned.held()
    def leave(self, leaving: Leaving) -> None:
        """Writes down what a step has made, in a copy of its process, or when nothing more will come."""
        found = Found(self.scalars, self.began, self.mark, self.told, frozenset(self.attempts))
        Departure(leaving, found, self._watched(), self._brought).write()


def _loader(root: Path, above: Sequence[StepRecord]) -> Loader:
    return Loader(store_of(root, above))
