"""What a run has said, and what its steps have printed: found in its folder, in the order of time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from mlops_jlab.entities.runs import Run
from mlops_jlab.errors import InputError
from mlops_jlab.notebook.outputs import Line, lines_in, lines_of
from mlops_jlab.notebook.stamped import lines_of_log
from mlops_jlab.store.location import Place

_STEP = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
LONGEST = 64_000  # bytes of the end of a log that are read unless more are wanted


def find_folder(place: Place, run: Run, state: str = "run.json") -> Path | None:
    """The folder that the engine made for a run in this store, or nothing.

    What the run says of itself is not taken on trust: links are followed, and the folder has to lie among
    those of the store.
    """
    if not run.engine.folder:
        return None
    try:
        found = Path(os.path.realpath(run.engine.folder))
        inside = found.is_relative_to(os.path.realpath(place.root / "runs"))
        return found if inside and (found / state).is_file() else None
    except (OSError, ValueError):
        return None


def folder_of(place: Place, run: Run) -> Path:
    """The folder that the engine made for a run.

    Raises:
        InputError: it has none in this store.
    """
    found = find_folder(place, run)
    if found is None:
        raise InputError(
            f"run {run.id[:12]} has no folder in this store", hint="its report may be an artifact"
        )
    return found


def executed_of(folder: Path, step: str, suffix: str = ".ipynb") -> Path | None:
    """The executed notebook of a step in a run's folder, or nothing if that is not where it leads.

    With another ``suffix`` it is the file of that name beside it, such as the log of its kernel.
    """
    if not _STEP.fullmatch(step):
        return None
    found = Path(os.path.realpath(folder / "executed" / f"{step}{suffix}"))
    return found if found.parent == folder / "executed" else None


def end_of(path: Path, most: int) -> str:
    """The last ``most`` bytes of a file as a text; nothing if there is none."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - most))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def said(place: Place, run: Run, most: int = LONGEST) -> list[Line]:
    """What the process of a run has said, and what its tracked cells have printed."""
    return list(lines_of_log(end_of(place.log_of(run.id), most)))


def of_step(folder: Path, step: str, most: int = LONGEST) -> list[Line]:
    """What a step has printed so far, and the last words of its kernel, from the folder of its run.

    Raises:
        InputError: no step is called so.
    """
    executed, log = executed_of(folder, step), executed_of(folder, step, ".log")
    if executed is None or log is None:
        raise InputError(f"{step[:80]!r} is not a step whose notebook lies in the run's folder")
    printed = lines_of(executed) if executed.is_file() else []
    return printed + lines_in(end_of(log, most), "err")


def of_steps(folder: Path, steps: Sequence[Run], most: int = LONGEST) -> list[tuple[str, Line]]:
    """What all ``steps`` have printed so far, by time, each line with the name of its step."""
    newest = {step.name: step for step in steps}
    found = [
        (name, line)
        for name, step in newest.items()
        for line in _following(step, of_step(folder, name, most))
    ]
    return sorted(found, key=lambda pair: pair[1].time or 0.0)


def _following(step: Run, lines: Iterable[Line]) -> Iterator[Line]:
    """The lines with a time each: one that has none came after the line above it."""
    now = step.started
    for line in lines:
        now = max(now, line.time or now)
        yield replace(line, time=now)
