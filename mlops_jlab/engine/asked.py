"""How a run is asked for, and who watches it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mlops_jlab.engine.folder.state import RunState, StepState


class Listener(Protocol):
    """Who wants to see a run happen; calls may come from any thread."""

    def started(self, state: RunState) -> None:
        """The run begins."""

    def step(self, step: StepState, note: str = "") -> None:
        """A step changed its status; ``note`` says why it runs again."""

    def written(self, step: StepState) -> None:
        """What a finished step made is written down."""

    def cell(self, step: str, index: int, count: int, cell_id: str) -> None:
        """A step begins a cell."""

    def ended(self, state: RunState) -> None:
        """The run is over."""


@dataclass(frozen=True)
class Options:
    """How to run: ``folder`` is the steps' working directory.

    ``cold`` starts an ordinary kernel for each step; ``linger`` is how many seconds the warm parent
    waits for another run when this one is over. ``cache`` is the folder with what earlier runs computed,
    and the steps in ``refresh`` make no use of it. ``executor`` is ``local`` or ``dask://HOST:PORT``;
    ``artifacts`` is a URL where values, records and executed notebooks are kept as well. ``metrics`` gives
    what the run's steps have logged so far, if that is kept; ``watched`` is told of each step that begins,
    and how to learn which processes execute it; ``cancelled`` says why the run is to stop, or nothing, and
    ``signalled`` hears of the signal that stops it. The snapshots hold at most ``snapshots`` bytes of memory,
    or half of what there is. Where several runners execute the steps of a run, ``only`` are those of this
    one: each is rebuilt from values.
    """

    folder: Path
    jobs: int = 0
    kernel: str = ""
    resume: bool = False
    keep_all: bool = False
    cold: bool = False
    cache: Path | None = None
    refresh: tuple[str, ...] = ()
    linger: float = 0.0
    executor: str = ""
    artifacts: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    environment_of: Callable[[str], Mapping[str, str]] = lambda _step: {}
    metrics: Callable[[], Mapping[str, float]] | None = None
    watched: Callable[[str, Callable[[], Sequence[int]]], None] = lambda _step, _processes: None
    cancelled: Callable[[], str] = str
    signalled: Callable[[int], None] = lambda _number: None
    snapshots: int = 0
    only: frozenset[str] = frozenset()
