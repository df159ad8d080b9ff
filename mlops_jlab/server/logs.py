"""The route of logs: what a run said, and what its steps have printed, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.entities.runs import Run
from mlops_jlab.errors import InputError
from mlops_jlab.notebook.outputs import Line, lines_in, lines_of
from mlops_jlab.server import apart, paths, pipelines
from mlops_jlab.server.handling import Route, answered, aside
from mlops_jlab.store import opening, reading
from mlops_jlab.store.location import Place

_LONGEST = 64_000  # characters, of the lines that are the newest
_LONGEST_LINE = 4_000
_SHORT = 200  # characters of a note, param or tag of a step
_ALL = "*"  # stands for all steps: none is called so


class LogRoute(Route):
    """``GET pipelines/RUN/log``: what a step has printed so far, or what its run said."""

    @web.authenticated
    @authorized
    @answered
    async def get(self, run_id: str) -> None:
        """``step``: ``*`` for all of them by time; without one, the messages of the run itself."""
        self.answer(await aside(_log, self.place, run_id, self.get_argument("step", "")))


def _log(place: Place, run_id: str, step: str) -> dict[str, Any]:
    with opening.reading(place) as connection:
        run = reading.find(connection, run_id)
        children = reading.children(connection, run, _SHORT)
    if not step:
        return _answer(("", line) for line in lines_in(apart.end_of(place.log_of(run.id), _LONGEST)))
    if step != _ALL:
        if step not in {child.name for child in children}:
            raise InputError(f"run {run.id[:12]} has not begun a step {step[:80]!r}")
        return _answer((step, line) for line in _of_step(place, run, step))
    found = [
        (child.name, line)
        for child in children
        for line in _following(child, _of_step(place, run, child.name))
    ]
    return _answer(sorted(found, key=lambda pair: pair[1].time or 0.0))


def _following(step: Run, lines: Iterable[Line]) -> Iterable[Line]:
    """The lines with a time each: one that has none came after the line above it."""
    now = step.started
    for line in lines:
        now = max(now, line.time or now)
        yield replace(line, time=now)


def _of_step(place: Place, run: Run, step: str) -> list[Line]:
    folder = pipelines.folder_of(place, run)
    executed, log = paths.executed_of(folder, step), paths.executed_of(folder, step, ".log")
    if executed is None or log is None:
        raise InputError(f"{step[:80]!r} is not a step whose notebook lies in the run's folder")
    printed = lines_of(executed) if executed.is_file() else []
    return printed + lines_in(apart.end_of(log, _LONGEST), "err")


def _answer(lines: Iterable[tuple[str, Line]]) -> dict[str, Any]:
    """The newest lines, and whether there were more."""
    kept: list[dict[str, Any]] = []
    room = _LONGEST
    for step, line in reversed(list(lines)):
        room -= len(line.text) + 1
        if room < 0:
            break
        kept.append({"text": line.text[:_LONGEST_LINE], "kind": line.kind, "time": line.time, "step": step})
    return {"lines": kept[::-1], "cut": room < 0}
