"""What to say about a name that nothing above defines, and about a value that cannot travel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlops_jlab.dataflow.definitions import Definition
from mlops_jlab.dataflow.statements import read_statement
from mlops_jlab.entities.findings import Fix
from mlops_jlab.entities.notebooks import Cell
from mlops_jlab.errors import nearest
from mlops_jlab.notebook import fixes
from mlops_jlab.notebook.python import parse_cell

if TYPE_CHECKING:
    from mlops_jlab.dataflow.walk import Walk

# Where steps are not continued but made again from what was kept.
ELSEWHERE = "on another machine, under plain papermill, with --cold and from the cache"
_CURES = {
    "a generator": "make it a list: {name} = list({name})",
    "an open file": "read what is needed in the step that opens the file, or open it again below",
    "a pandas groupby": "hand the DataFrame on and call groupby in the step that uses it",
    "a lambda in a container": "define the functions with def, at the top level of a cell",
}


def cure(what: str, name: str) -> str:
    """What to do about a value that has to stay in its process."""
    general = f"make {name} in the step that uses it, or put both cells into one step"
    return _CURES.get(what, general).format(name=name)


def history(walk: Walk, name: str, line: int, cell: Cell, pattern: re.Pattern[str]) -> bool:
    """Whether ``name`` is IPython's own record of the session; a note if it crosses a step."""
    if not pattern.match(name):
        return False
    if name in ("_", "__", "___"):
        above = [c for c in walk.notebook.tagged if c.index < cell.index]
        if above and above[-1].step == cell.step and name == "_":
            return True
    of_session(walk, f"it looks at {name!r}, IPython's record of the session", line, cell)
    return True


def of_session(walk: Walk, what: str, line: int, cell: Cell) -> None:
    """Notes that the cell means what it means only in the session in which the cells above it ended."""
    walk.notes.note(
        "session-history",
        f"the cell can only go on where the one above it ended, as {what}: the step stops {ELSEWHERE}",
        "give what is looked at a name and use the name", cell, line,
    )  # fmt: skip
    walk.only_continued(cell, what)


def note(
    walk: Walk, name: str, line: int, cell: Cell, *, soft: bool, unsure: bool, within: Definition | None
) -> None:
    """Adds the error for a name that nothing in force defines, or a hazard where Run All may get past it."""
    unsure = unsure or walk.door is not None or cell.may_fail
    user = f"{within.name}() (cell {within.cell.index + 1})" if within else "the cell"
    what = f"{user} {'may read' if unsure else 'reads'} {name!r}, which "
    certainly = walk.notes.hazard if unsure else walk.notes.error
    stops = "Run All would stop here too" + (", if it got here" if unsure else "")
    untagged = _binder(walk, name, tagged=False)
    if name in walk.environment.deleted:
        gone = walk.environment.deleted[name]
        if not soft:
            certainly(
                "deleted", f"{what}cell {gone.cell.index + 1} deletes",
                "use it before it is deleted", cell, line,
            )  # fmt: skip
    elif untagged is not None:
        where = f"cell {untagged.index + 1}"
        hint = f"tag {where} with step:{cell.step or 'NAME'}, or with setup"
        cures: tuple[Fix, ...] = (fixes.into_setup(untagged),)
        if cell.step:
            cures = (fixes.into_step(untagged, cell.step), *cures)
        add = walk.notes.hazard if soft and within is None else walk.notes.error
        message = f"{what}only {where} defines; it has no tag"
        if not any(one.cell == cell.index and one.message == message for one in walk.notes.findings):
            add("untagged", message, hint, cell, line, cures)  # one cure serves every line that reads it
    elif not soft:
        later = _binder(walk, name, tagged=True)
        if later is not None and later.index > cell.index:
            certainly(
                "defined-below", f"{what}is defined only below, in cell {later.index + 1}",
                f"move the definition up: {stops}", cell, line,
            )  # fmt: skip
        else:
            known = [n for n in walk.environment if not n.startswith("~")]
            perhaps = f", unless cell {walk.door.index + 1} does so while it runs" if walk.door else ""
            certainly(
                "unknown-name", f"{what}nothing defines{perhaps}{nearest(name, known)}",
                "define it in a tagged cell above", cell, line,
            )  # fmt: skip


def _binder(walk: Walk, name: str, *, tagged: bool) -> Cell | None:
    """A cell that binds ``name``: the last untagged one above, or the first tagged one."""
    found = _binders(walk).get((name, tagged), [])
    if tagged:
        return found[0] if found else None
    return found[-1] if found else None


def _binders(walk: Walk) -> dict[tuple[str, bool], list[Cell]]:
    """For each name, the cells that bind it; made once, when the first question comes."""
    if walk.binders is None:
        found: dict[tuple[str, bool], list[Cell]] = {}
        for cell in walk.notebook.cells:
            if not cell.is_code:
                continue
            code = parse_cell(cell.source)
            for statement in () if code.discards_names else code.tree.body:
                effects = read_statement(statement, {}).effects
                for name in {**effects.binds, **effects.maybe}:
                    found.setdefault((name, cell.in_pipeline), []).append(cell)
        walk.binders = found
    return walk.binders
