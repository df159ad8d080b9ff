"""A run as it happens: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from mlops_jlab.engine.folder.state import UNWRITTEN, RunState, StepState

SILENT = -2  # not even problems: who asked tells them
_MARK = {"pending": "·", "running": "▸", "finished": "✓", "skipped": "–", "failed": "✗", "killed": "✗"}
_STYLE = {"running": "cyan", "finished": "green", "failed": "red", "killed": "red"}


@contextmanager
def listener(volume: int = 0) -> Iterator[PlainLines]:
    """Who prints the progress of the run; the terminal is put back however the run ends.

    ``volume`` is -1 for problems alone, 0 as usual, 1 for each cell as it begins.
    """
    if volume or not sys.stderr.isatty():
        yield PlainLines(volume)
        return
    from rich.console import Console
    from rich.live import Live

    table = LiveTable()
    with Live(
        get_renderable=table.render, console=Console(stderr=True), refresh_per_second=8,
        transient=True,
    ):  # fmt: skip
        yield table
    table.summary()


class PlainLines:
    """One line for each thing that happens: for logs, cron and continuous integration."""

    def __init__(self, volume: int = 0) -> None:
        self._lock = threading.Lock()
        self._volume = volume
        self._count = 0
        self._told: dict[str, str] = {}  # of each step why it is not kept, as far as that has been said

    def say(self, text: str, volume: int = 0) -> None:
        """Prints a line at once, if the volume is high enough for it."""
        with self._lock:
            if volume <= self._volume:
                click.echo(text, err=True)

    def started(self, state: RunState) -> None:
        """The run begins."""
        self._count = len(state.steps)
        given = ", ".join(f"{name}={value!r}" for name, value in state.parameters.items())
        self.say(f"{state.pipeline.partition('@')[0]}: {self._count} steps" + f" ({given})" * bool(given))

    def step(self, step: StepState, note: str = "") -> None:
        """A step changed its status."""
        if note:
            self.say(f"  ↻ {step.name} runs again: {note}")
        elif step.status != "running":
            loud = -1 if step.error else 0
            self._told[step.name] = step.note
            self.say(line_of(step), loud)
            for line in problem_of(step):
                self.say(line, loud)

    def written(self, step: StepState) -> None:
        """That a step's values are written down is no news."""

    def cell(self, step: str, index: int, count: int, cell_id: str) -> None:
        """A step begins a cell: a line for those who asked to hear all."""
        self.say(f"  {_MARK['running']} {step}: cell {index + 1} of {count}", 1)

    def ended(self, state: RunState) -> None:
        """The run is over. Values are written down while later steps run: what failed there is said now."""
        for step in state.steps:
            if step.note and not step.cached and step.note != self._told.get(step.name):
                self.say(f"  {step.name} is not kept: {_reason(step)}")
        self.say(last_line(state), 0 if state.status == "finished" else -1)


class LiveTable(PlainLines):
    """A table that is drawn again and again while the run goes on."""

    def __init__(self) -> None:
        super().__init__()
        self._state: RunState | None = None
        self._cells: dict[str, str] = {}
        self._began: dict[str, float] = {}
        self._notes: list[str] = []

    def started(self, state: RunState) -> None:
        """The run begins."""
        self._state = state

    def step(self, step: StepState, note: str = "") -> None:
        """A step changed its status."""
        if step.status == "running":
            self._began[step.name] = time.monotonic()
        self._cells.pop(step.name, None)
        if note:
            self._notes.append(f"  ↻ {step.name} ran again: {note}")

    def written(self, step: StepState) -> None:
        """That a step's values are written down is no news."""

    def cell(self, step: str, index: int, count: int, cell_id: str) -> None:
        """A step begins a cell."""
        self._cells[step] = f"cell {index + 1} of {count}"

    def ended(self, state: RunState) -> None:
        """The run is over; :meth:`summary` prints what stays on the screen."""

    def render(self) -> Any:
        """The table now."""
        from rich.table import Table

        table = Table(box=None, show_header=False, padding=(0, 1))
        for _ in range(4):
            table.add_column(no_wrap=True, overflow="ellipsis")  # a narrow terminal cuts, it does not wrap
        for step in self._state.steps if self._state else ():
            style = _STYLE.get(step.status, "dim")
            seconds = step.seconds
            if step.status == "running":
                seconds = time.monotonic() - self._began.get(step.name, time.monotonic())
            took = "" if seconds is None else "cached" if step.cached else f"{seconds:.1f} s"
            table.add_row(_MARK[step.status], step.name, took, self._cells.get(step.name, ""), style=style)
        return table

    def summary(self) -> None:
        """Prints the outcome as plain lines."""
        if self._state is None:
            return
        for step in self._state.steps:
            self.say(click.style(line_of(step), fg=_STYLE.get(step.status)))
            for line in problem_of(step):
                self.say(line)
        for note in self._notes:
            self.say(note)
        self.say(last_line(self._state))


def line_of(step: StepState) -> str:
    """A step in one line."""
    took = "" if step.seconds is None or step.status == "pending" else f"  {step.seconds:.1f} s"
    note = f"  ({step.split})" if step.split else ""
    note += f"  (not kept: {_reason(step)})" if step.note else ""
    said = "  cached" if step.cached else took + note
    if step.status == "skipped":
        said = f"  skipped, {step.why}"
    return f"  {_MARK[step.status]} {step.name}{said}"


def _reason(step: StepState) -> str:
    return step.note.removeprefix(UNWRITTEN).partition("\n")[0]


def problem_of(step: StepState) -> list[str]:
    """What went wrong in a step, and where to look."""
    if not step.error:
        return []
    message = str(step.error["message"]).strip().replace("\n", "\n      ")
    where = f"cell {step.error['cell']}" if step.error["cell"] else "the step"
    return [f"    {where}: {step.error['kind']}: {message}", f"    see {step.error['notebook']}"]


def last_line(state: RunState) -> str:
    """The outcome of the run."""
    took = f" in {state.seconds:.1f} s" if state.seconds is not None else ""
    why = f": {state.error}" if state.error else ""
    return f"{state.status}{took}{why}"
