"""The route of logs: what a run said, what its tracked cells and its steps have printed, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.engine.folder import logs
from mlops_jlab.entities.runs import Run
from mlops_jlab.errors import InputError
from mlops_jlab.notebook.outputs import Line
from mlops_jlab.server import several
from mlops_jlab.server.handling import Route, answered, aside
from mlops_jlab.store import opening, reading
from mlops_jlab.store.location import Place

_LONGEST_LINE = 4_000
_SHORT = 200  # characters of a note, param or tag of a step
_ALL = "*"  # stands for all steps: none is called so


class LogRoute(Route):
    """``GET pipelines/RUN/log``: what a step has printed so far, or its run itself and its tracked cells."""

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
        return _answer(("", line) for line in logs.said(place, run))
    if several.is_of_several(run):
        return _answer(_of_several(place, run, step))
    if step == _ALL:
        return _answer(logs.of_steps(logs.folder_of(place, run), children) if children else ())
    if step not in {child.name for child in children}:
        raise InputError(f"run {run.id[:12]} has not begun a step {step[:80]!r}")
    return _answer((step, line) for line in logs.of_step(logs.folder_of(place, run), step))


def _of_several(place: Place, run: Run, step: str) -> list[tuple[str, Line]]:
    """What the steps of several notebooks have printed, each called after its notebook too."""
    if step != _ALL:
        part, inner = several.part_of(place, run, step)
        return [(step, line) for line in logs.of_step(logs.folder_of(place, part), inner)]
    return [
        (f"{name}.{inner}", line)
        for name, (part, steps) in several.parts(place, run, _SHORT).items()
        if (folder := logs.find_folder(place, part)) is not None
        for inner, line in logs.of_steps(folder, steps)
    ]


def _answer(lines: Iterable[tuple[str, Line]]) -> dict[str, Any]:
    """The newest lines, and whether there were more."""
    kept: list[dict[str, Any]] = []
    room = logs.LONGEST
    for step, line in reversed(list(lines)):
        room -= len(line.text) + 1
        if room < 0:
            break
        kept.append({"text": line.text[:_LONGEST_LINE], "kind": line.kind, "time": line.time, "step": step})
    return {"lines": kept[::-1], "cut": room < 0}
