"""What a process does for the steps whose cells it executes: begins and ends them, brings in, writes down."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_jlab.handoff import looks, modules, snapshot
from mlops_jlab.handoff.continued import Living
from mlops_jlab.handoff.leaving import leaving_from
from mlops_jlab.handoff.limits import limit_memory
from mlops_jlab.handoff.observing import watch
from mlops_jlab.handoff.saving import usage_so_far
from mlops_jlab.handoff.scalars import scalars_of
from mlops_jlab.handoff.variables import ATTEMPT
from mlops_jlab.processes import protocol
from mlops_jlab.store.guarding import guard
from mlops_jlab.usage import cpu_seconds

_processors = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()


class Life:
    """One process, and the steps that it goes through. ``shell`` is IPython's."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._taken = set(_processors)
        self._used = 0.0  # seconds of processor, before this step
        self._begun = 0.0  # when it began, by a clock that is never set back
        self._usage: dict[str, float] = {}
        self._looked_at = len(sys.modules)
        self.living = Living()

    def prepare(self, begin: protocol.Begin) -> None:
        """Takes up a step: its environment and its limits."""
        os.environ.update(begin.environment)
        self._take_processors(begin.cpus)
        limit_memory(begin.memory)
        guard(self._shell)
        self.living.attempts.add(begin.environment.get(ATTEMPT, ""))
        self.living.look_around()
        self._used, self._begun = cpu_seconds(), time.monotonic()
        self._usage = {}

    def _take_processors(self, wanted: int) -> None:
        """As many as the step may have, unless its cells have chosen others themselves."""
        if hasattr(os, "sched_setaffinity") and os.sched_getaffinity(0) == self._taken:
            self._taken = set(sorted(_processors)[: wanted or None])
            os.sched_setaffinity(0, self._taken)

    def begin(self, begin: protocol.Begin) -> None:
        """The first cell comes next, and what it looks at is observed."""
        if not begin.brings:
            self.living.begin()
        watch().begin(begin.ignored)

    def end(self) -> protocol.Ended:
        """The last cell is done."""
        watch().end()
        self.living.look_again()
        if hasattr(os, "sched_getaffinity") and os.sched_getaffinity(0) != self._taken:
            self.living.told = "the cells have chosen the processors"
        self.living.scalars = scalars_of(vars(sys.modules["__main__"]))
        used = usage_so_far()
        self._usage = {
            **used, "cpu_seconds": round(max(used["cpu_seconds"] - self._used, 0.0), 3),
            "wall_seconds": round(time.monotonic() - self._begun, 3),
        }  # fmt: skip
        return protocol.Ended(self._usage)

    def look_at_modules(self) -> None:
        """What is found out here need not be found out in each copy."""
        if len(sys.modules) != self._looked_at:
            modules.look()
            self._looked_at = len(sys.modules)

    def save(self, leaving: Mapping[str, Any]) -> protocol.Saved:
        """Writes down what the step made; the answer says why it is not, or nothing."""
        try:
            self.living.leave(leaving_from({**leaving, "usage": self._usage}))
        except Exception as error:  # whatever a value does when it is looked at: the step itself is done
            return protocol.Saved(f"{type(error).__name__}: {error}")
        if leaving["ends"]:
            self._profile(leaving)
        return protocol.Saved()

    def _profile(self, leaving: Mapping[str, Any]) -> None:
        """Writes profiles of the frames that the step made, where they are wanted."""
        folder = looks.folder_of(Path(leaving["root"]), leaving["step"])
        if folder.is_dir():
            names = [*leaving["outputs"], *leaving["optional"]]
            seconds = self._usage["wall_seconds"]
            frames = looks.due(vars(sys.modules["__main__"]), names, seconds)
            with contextlib.suppress(Exception):  # whatever a value does when it is looked at
                looks.write(folder, frames, seconds)

    def bring(self, what: protocol.Bring) -> protocol.Brought:
        """Values of other steps, between the definitions that they are made of and those that read them."""
        root = Path(what.root)
        if other := self._otherwise(what.setup):
            return protocol.Brought(protocol.OTHER_SETUP, f"setup gives {other!r} another value each time")
        try:
            with self._shell.builtin_trap:  # libraries that are imported here see the shell, as in a cell
                self._bring(root, what)
        except Exception as error:  # definitions are the user's
            return protocol.Brought(type(error).__name__, str(error)[:10_000])
        return protocol.Brought()

    def _bring(self, root: Path, what: protocol.Bring) -> None:
        loader = None
        if what.new:
            loader = self.living.restore(root, what.pipeline, what.position)
        self._define(what.early)
        first = [name for name in what.names if name in what.values] if what.late else what.names
        self.living.bring(root, what.pipeline, what.position, first, loader)
        if what.late:
            self._define(what.late)
            self.living.check_untouched(first)
            rest = [name for name in what.names if name not in what.values]
            self.living.bring(root, what.pipeline, what.position, rest, loader)
        if what.new:
            self.living.restore_again()

    @staticmethod
    def _otherwise(setup: Mapping[str, str]) -> str:
        """A name to which setup has given another value here, or nothing."""
        names = vars(sys.modules["__main__"])
        present = {name: names[name] for name in setup if name in names}
        for name, seen in snapshot.take(present, names).values.items() if present else ():
            if seen.fingerprint != setup[name]:
                return name
        return ""

    def _define(self, sources: Sequence[str]) -> None:
        """Runs definitions again; their cells have no number, and leave nothing in the session's history."""
        for source in sources:
            result = self._shell.run_cell(source, store_history=False, silent=True)
            result.raise_error()
