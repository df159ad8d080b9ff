"""May the step below begin in a process of its own, or must it go on in that of the step above?

Where steps are rebuilt, values and definitions stand for what lived in a process. What they cannot stand for
keeps the process, and all steps below go on in it until it is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlops_jlab.engine.plan import Plan, StepPlan
from mlops_jlab.engine.step.attempt import StepShell
from mlops_jlab.handoff import twins
from mlops_jlab.handoff.records import StepRecord, read_record, record_path, records_above, resolve
from mlops_jlab.handoff.twins import BASE, CACHE, HELD_IDENTITY, IDENTITY, INDEX, LOOKED_UP, SIZE

_STATE = "()"  # "f()" names the state that the function or class f keeps


def what_holds(plan: Plan, root: Path, pipeline: str, step: str, shell: StepShell, unsaved: str) -> str:
    """Why the steps below must go on in the process in which ``step`` has ended, or nothing.

    ``unsaved`` is why what it made could not be written down. What no later step can undo is noted at the
    shell.
    """
    below = plan.from_here(step)[1:]
    for one in below:
        if one.looks_at_session:
            return f"step {one.name!r} looks at the session in which it ends"
    if not shell.held:
        shell.held = unsaved and f"what step {step!r} made cannot be written down: {unsaved}"
    path = record_path(root, plan.step(step).position, step)
    record = read_record(path) if path.exists() else None
    if not shell.held and record is not None:
        shell.held = record.alone
    if shell.held:
        return shell.held
    if record is not None and (why := told_apart(record, below)):
        return why
    if alive := shell.lives():
        return alive
    above = records_above(root, pipeline, plan.step(step).position + 1)
    wanted = {name for one in below for name in (*one.inputs, *(piece.name for piece in one.pieces))}
    if why := refused(above, sorted(wanted | {name + _STATE for name in wanted}))[1]:
        return why
    return next((why for one in below if (why := _looked_up(plan, above, one))), "")


def told_apart(record: StepRecord, below: Sequence[StepPlan]) -> str:
    """Why names that hold one object must go on to do so for one of the steps ``below``, or nothing."""
    for one in below if record.twins else ():
        identity = IDENTITY if one.takes_an_index else HELD_IDENTITY
        tells = [identity] * one.asks_for_identity + [INDEX] * one.names_an_index
        tells += [BASE] * one.asks_for_base + [SIZE] * one.asks_for_size + [LOOKED_UP] * one.asks_for_memory
        tells += [CACHE] * one.asks_for_calls
        if why := twins.told_apart(record.twins, tells):
            return f"{why}, and step {one.name!r} may tell"
    return ""


def _looked_up(plan: Plan, above: Sequence[StepRecord], step: StepPlan) -> str:
    """What functions in the values that ``step`` takes look up, and nothing says that it will be there."""
    there = {*step.inputs, *(piece.name for piece in step.pieces), *plan.names_of_setup(step)}
    for name in step.inputs:
        _taken, record = resolve(above, name)
        for other in record.writes[name].reads if record is not None else ():
            if other not in there:
                return f"a function in {name}, which step {step.name!r} takes, looks up {other}"
    newest = above[0].looks_up if above else {}
    for name in sorted(newest.keys() & {piece.name for piece in step.pieces}):
        for other in newest[name]:
            if other not in there:
                return f"{name}, which step {step.name!r} has again, looks up {other}"
    return ""


def refused(above: Sequence[StepRecord], names: Sequence[str]) -> tuple[str, str]:
    """The first of the names whose newest value could not be written down: its step, and why in words."""
    for name in names:
        for record in above:
            if name in record.refused:
                what = name.removesuffix(_STATE)
                return record.step, f"{what} of step {record.step!r} is, or holds, {record.refused[name]}"
            if name in record.writes or name in record.deleted:
                break
    return "", ""
