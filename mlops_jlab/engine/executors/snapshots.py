"""The processes in which steps ended, kept while a step may go on from there."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from mlops_jlab.engine.plan import Plan
from mlops_jlab.engine.step.attempt import StepShell


class Snapshots:
    """Knows which process a step would continue, and which ones nobody needs any more.

    A process may have ended several steps, if it went on itself; then only the last one is alive in it.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._alive: dict[str, StepShell] = {}
        self._open = set(plan.order)  # steps that may still be executed
        self._place = {name: place for place, name in enumerate(plan.order)}
        self._lock = threading.RLock()
        self.executed: set[str] = set()
        self.serial = False  # no step is executed beside another any more

    def above(self, step: str) -> list[str]:
        """The steps above this one, in order."""
        return self._plan.order[: self._place[step]]

    def waits_for(self, step: str) -> set[str]:
        """The steps above that must be over before this one begins: all that it is not independent of."""
        above = set(self.above(step))
        return above if self.serial else above - self._plan.apart(step)

    def base_of(self, step: str) -> StepShell | None:
        """The process that holds most of what stands above the step; nothing if none does."""
        with self._lock:
            above = self.above(step)
            allowed = set(above)
            found = [self._alive[name] for name in above if name in self._alive]
            fit = [shell for shell in found if allowed.issuperset(shell.steps)]
            return max(fit, key=lambda shell: (len(shell.steps), self._place[shell.steps[-1]]), default=None)

    def missing(self, step: str, shell: StepShell | None, skipped: set[str]) -> list[str]:
        """The steps that this one waits for and that are not in the process."""
        inside = set(shell.steps) if shell is not None else set()
        wanted = self.waits_for(step) - inside - skipped
        return [name for name in self.above(step) if name in wanted]

    def keep(self, step: str, shell: StepShell) -> None:
        """The step has ended in this process."""
        with self._lock:
            for name in [name for name, one in self._alive.items() if one is shell]:
                del self._alive[name]
            self._alive[step] = shell
            self._open.discard(step)
            self.executed.add(step)

    def moves(self, shell: StepShell) -> bool:
        """Nobody else can continue the process: it goes on itself, or goes. False if that was so already."""
        with self._lock:
            names = [name for name, one in self._alive.items() if one is shell]
            for name in names:
                del self._alive[name]
            return bool(names)

    def close_step(self, step: str) -> None:
        """The answer of a step is there without its being executed."""
        with self._lock:
            self._open.discard(step)

    def open_again(self, steps: Iterable[str]) -> list[StepShell]:
        """These steps will be executed once more; the processes that hold them, which are of no use now."""
        again = set(steps)
        with self._lock:
            self._open |= again
            self.executed -= again
            stale = {name: one for name, one in self._alive.items() if again & set(one.steps)}
            for name in stale:
                del self._alive[name]
            return list({id(one): one for one in stale.values()}.values())

    def is_needed(self, shell: StepShell) -> bool:
        """Whether a step that may still be executed would continue this process."""
        with self._lock:
            return any(self.base_of(step) is shell for step in self._open)

    def last(self) -> StepShell | None:
        """The living process that went furthest down the notebook."""
        with self._lock:
            last = max(self._alive, key=self._place.__getitem__, default=None)
            return self._alive[last] if last is not None else None

    def all(self) -> list[StepShell]:
        """All living processes, in the order in which they have ended their steps."""
        with self._lock:
            return list({id(one): one for one in self._alive.values()}.values())
