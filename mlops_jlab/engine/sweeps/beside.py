"""Which trials may run side by side, and what of the machine each of them gets then."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from mlops_jlab.engine.asked import Options
from mlops_jlab.engine.executors import bound
from mlops_jlab.engine.folder.state import RunFolder, RunState
from mlops_jlab.handoff.records import StepRecord, records_above


def shared(options: Options, trials: int) -> Options:
    """The options of one of so many trials: processors and memory for snapshots are shared out.

    What was asked for is not changed.
    """
    if trials == 1:
        return options
    here = options.executor in ("", "local")
    jobs = max(1, (os.cpu_count() or 1) // trials) if here else 0
    return replace(
        options, jobs=options.jobs or jobs, snapshots=(options.snapshots or bound.usual()) // trials
    )  # fmt: skip


def why_apart(state: RunState, folder: Path) -> str:
    """Why no other trial may run beside one like this, which is over; nothing if it may.

    A step that writes files, or starts programs of which nobody knows what they write, would find those of
    another trial. Only what was seen while it ran can tell.
    """
    records = records_above(RunFolder(folder).handoff, state.pipeline, sys.maxsize)
    for record in sorted(records, key=lambda one: one.position):
        if what := _what_it_does(record, Path(state.folder)):
            return f"step {record.step!r} {what}"
    return ""


def _what_it_does(record: StepRecord, folder: Path) -> str:
    written = (*record.files_written, *record.made)
    if written:
        path = Path(written[0])
        name = path.relative_to(folder) if path.is_relative_to(folder) else path
        return f"writes {name}"
    if record.effects:
        return record.effects[0].removeprefix("it ")
    return f"runs {record.programs[0]}" if record.programs else ""
