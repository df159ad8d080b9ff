"""What was observed of one step, or of all that came before the steps."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from mlops_jlab.handoff.observing.environment import ALL
from mlops_jlab.handoff.observing.facts import Aspect, mark
from mlops_jlab.handoff.observing.places import Asked, Asker


@dataclass
class Seen:
    """What was looked at and done outside the process.

    ``looked`` holds for each path what was asked of it and what there was to be seen; ``placed``
    says that some of it depends on the folder it was done in; ``made`` has the
    folders that were made; ``variables`` the names of environment variables (``*``: all); ``clock`` and
    ``chance`` who was asked; ``effects`` what was done that would be missing if the step were skipped;
    ``stays`` what of that is in the process alone, ``unseen`` what could not be observed. ``marks`` tell
    which file was read, when it was first opened, and which was left behind: steps below may replace it.
    """

    read: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    looked: dict[str, dict[str, str]] = field(default_factory=dict)
    placed: bool = False
    made: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)
    clock: set[str] = field(default_factory=set)
    chance: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    programs: set[str] = field(default_factory=set)
    effects: set[str] = field(default_factory=set)
    stays: set[str] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    marks: dict[str, str] = field(default_factory=dict)

    def look(self, path: str, aspect: str, value: str) -> None:
        """One aspect of a path was looked at; what was seen first counts."""
        self.looked.setdefault(path, {}).setdefault(aspect, value)

    def read_now(self, path: str) -> None:
        """The file at ``path`` is read; there may be none."""
        self.read.add(path)
        if path not in self.marks:
            self.marks[path] = mark(path)

    def as_record(self, before: Seen) -> dict[str, Any]:
        """The fields of a step's record, with what came before all steps."""
        looked = {path: {**self.looked.get(path, {}), **before.looked.get(path, {})}
                  for path in {*before.looked, *self.looked}}  # fmt: skip
        names = self.variables | before.variables
        both = ("made", "clock", "chance", "hosts", "programs", "unseen")
        return {
            "files_read": tuple(sorted(self.read)),
            "files_written": tuple(sorted(self.written)),
            "files_before": tuple(sorted(before.read)),
            "looked": looked,
            "marks": {**before.marks, **self.marks},
            "placed": self.placed or before.placed,
            **{name: tuple(sorted(getattr(self, name) | getattr(before, name))) for name in both},
            "effects": tuple(sorted(self.effects | self.stays | before.effects | before.stays)),
            "variables": (ALL,) if ALL in names else tuple(sorted(names)),
        }


class Watcher(Protocol):
    """Whom everything that was noticed is told to."""

    is_inside: bool  # whether a step's own cells are going on
    knows: str  # what the notebook has asked about the process that it is in, in words
    opens_by_number: bool  # whether it has opened something that it knows by its number alone

    @property
    def is_busy(self) -> bool:
        """Whether it is we who ask, in this thread."""

    def quiet(self) -> AbstractContextManager[None]:
        """What this thread asks is nobody's business."""

    def asked(self) -> tuple[Asked, Seen] | None:
        """Who asks now and where that belongs; nothing if it is nobody's business."""

    def where(self, asked: Asked) -> Seen:
        """Where a question belongs."""

    def seen(self) -> Seen:
        """What was observed of this step."""

    def look(self, seen: Seen, path: object, aspect: Aspect) -> None:
        """Somebody looks at ``path``."""

    def note(self, seen: Seen, path: object, writing: bool) -> str:
        """A file is opened."""

    def place(self, path: object) -> str:
        """The absolute path, or nothing if it is none."""

    def imported(self, path: str) -> None:
        """An own module is read from ``path``."""

    def placed(self) -> None:
        """Something depends on the folder in which it is done."""

    def is_ignored(self, full: str) -> bool:
        """Whether a path belongs to what is installed, to the system or to us."""

    def drain(self) -> None:
        """Takes up what libraries have asked the system for so far."""

    def extension_loaded(self) -> None:
        """A library of C was loaded."""


def note(kept: set[str], name: str, asked: Asked, harmless: frozenset[str]) -> None:
    """Adds a question of the user's code to ``kept``, unless it went through what is ``harmless``."""
    if asked.asker is Asker.USER and not harmless.intersection(asked.through):
        name += f" through {asked.through[-1]}" if asked.through else ""
        kept.add(f"{name} in {asked.module}" if asked.module else name)
