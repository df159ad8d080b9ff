"""Which steps are proved to know nothing of each other, so that they may run at once."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mlops_jlab.dataflow.evaluation.state import Trace
from mlops_jlab.dataflow.evaluation.statements import Evaluator
from mlops_jlab.dataflow.scopes import imported_names
from mlops_jlab.dataflow.walk import Walk
from mlops_jlab.entities.graphs import Edge
from mlops_jlab.entities.notebooks import Cell
from mlops_jlab.notebook.python import parse_cell

_NEAR = 64  # steps further up are not looked at
_QUIET_MAGICS = frozenset({"time"})
_HISTORY = frozenset({"_", "__", "___", "In", "Out", "_ih", "_oh", "_dh", "_i", "_ii", "_iii"})
_HOOKS = frozenset({"register_dataframe_accessor", "register_series_accessor", "register_index_accessor",
                    "register_extension_dtype",
                    "settrace", "setprofile", "displayhook", "register_magic_function"})  # fmt: skip


def independent_pairs(walk: Walk, edges: Iterable[Edge]) -> dict[str, tuple[str, ...]]:
    """For each step, the steps above it in document order beside which it may run at once.

    Of each pair neither looks at or writes a name that the other writes, nor an object that the
    other may change, through functions too; and both touch nothing outside variables. A setup cell
    belongs to the step below it, for it runs at its place.
    """
    order = sorted(walk.steps, key=lambda name: walk.steps[name].cells[0].index)
    above = _above(edges)
    candidates = {
        other: [
            one for one in order[max(0, place - _NEAR) : place]
            if one not in above.get(other, ()) and other not in above.get(one, ())
        ]
        for place, other in enumerate(order)
    }  # fmt: skip
    if not any(candidates.values()) or _is_watched(walk):
        return {}
    pairs = _Pairs(walk)
    found = {
        other: tuple(one for one in ones if pairs.are_proved(one, other))
        for other, ones in candidates.items()
    }
    return {other: ones for other, ones in found.items() if ones}


def _above(edges: Iterable[Edge]) -> dict[str, set[str]]:
    """For each step, all the steps that it waits for, directly or not."""
    direct: dict[str, set[str]] = {}
    for edge in edges:
        direct.setdefault(edge.target, set()).add(edge.source)
    found: dict[str, set[str]] = {}
    for name in direct:
        seen: set[str] = set()
        todo = [name]
        while todo:
            new = direct.get(todo.pop(), set()) - seen
            seen |= new
            todo.extend(new)
        found[name] = seen
    return found


def _is_watched(walk: Walk) -> bool:
    """Whether the notebook looks at its own session, or hooks itself into a library."""
    for cell in walk.notebook.tagged:
        code = parse_cell(cell.source)
        for node in ast.walk(code.tree):
            word = getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "name", None)
            if word in _HOOKS or (isinstance(node, ast.Name) and _is_history(node)):
                return True
    return False


def _is_history(node: ast.Name) -> bool:
    numbered = node.id.lstrip("_i").isdigit() and node.id.startswith("_")
    return isinstance(node.ctx, ast.Load) and (node.id in _HISTORY or numbered)


def _interleaved(walk: Walk) -> set[str]:
    """Steps whose cells stand apart, and those that stand between them."""
    sequence = [cell.step for cell in walk.notebook.tagged if cell.step]
    found: set[str] = set()
    for name in set(sequence):
        first = sequence.index(name)
        last = len(sequence) - 1 - sequence[::-1].index(name)
        inside = set(sequence[first : last + 1])
        found |= inside if len(inside) > 1 else set()
    return found


def _traces(walk: Walk) -> tuple[dict[int, Trace], Evaluator]:
    folder = walk.notebook.path.parent
    own: dict[str, bool] = {}

    def is_own(root: str) -> bool:
        if root not in own:
            own[root] = (folder / f"{root}.py").exists() or (folder / root).is_dir()
        return own[root]

    evaluator = Evaluator(_declared(walk), is_own)
    traces: dict[int, Trace] = {}
    for cell in walk.notebook.tagged:
        code = parse_cell(cell.source)
        trace = evaluator.cell(cell.index, code.tree.body)
        if code.problem or any(magic.name not in _QUIET_MAGICS for magic in code.magics):
            trace.reason = trace.reason or "a magic"
        if code.discards_names or (code.magics and not code.tree.body) or code.problem:
            evaluator.forget_everything()
        if walk.cells[cell.index].any_name:
            trace.reason = "any name"
            evaluator.forget_everything()
        traces[cell.index] = trace
    return traces, evaluator


def _declared(walk: Walk) -> Iterator[str]:
    for cell in walk.notebook.tagged:
        for node in ast.walk(parse_cell(cell.source).tree):
            if isinstance(node, (ast.Global, ast.Nonlocal)):
                yield from node.names


@dataclass(frozen=True)
class _Together:
    """What some cells do one after the other; ``reach`` is all that they can get at."""

    cells: list[Cell]
    trace: Trace
    reach: frozenset[int]


class _Pairs:
    """Compares steps of one notebook, two at a time."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._traces, self._evaluator = _traces(walk)
        self._loose = _interleaved(walk)
        self._setup = [cell for cell in walk.notebook.tagged if not cell.step]
        self._ends = sorted(c.index for c in walk.notebook.tagged if c.step)
        self._first = {name: self._first_of(name) for name in walk.steps}
        self._own = {name: self._of(needs.cells) for name, needs in walk.steps.items()}

    def are_proved(self, one: str, other: str) -> bool:
        """Whether ``one`` and the step ``other`` below it are proved to know nothing of each other."""
        if self._evaluator.lost or {one, other} & self._loose:
            return False
        begin = self._walk.steps[one].cells[-1].index
        end = self._walk.steps[other].cells[-1].index
        if _clash(self._first[one], self._own[other]) or _clash_of_names(
            self._walk, self._first[one].cells, self._own[other].cells
        ):
            return False
        between = [c for c in self._setup if begin < c.index < end]
        if not between:
            return True
        below = self._of(sorted([*between, *self._own[other].cells], key=lambda c: c.index))
        above = self._first[one]
        return not (_clash(above, below) or _clash_of_names(self._walk, above.cells, below.cells))

    def _first_of(self, name: str) -> _Together:
        """The step with the setup cells right in front of it, if there is a step before those."""
        cells = self._walk.steps[name].cells
        place = bisect_left(self._ends, cells[0].index)
        begin = self._ends[place - 1] if place else cells[0].index
        front = [c for c in self._setup if begin < c.index < cells[0].index]
        return self._of([*front, *cells])

    def _of(self, cells: list[Cell]) -> _Together:
        trace = _together(cells, self._traces)
        reach = self._evaluator.objects.within(trace.touches | trace.changes) if not trace.reason else ()
        return _Together(cells, trace, frozenset(reach))


def _clash(one: _Together, other: _Together) -> bool:
    if one.trace.reason or other.trace.reason:
        return True
    imported = one.trace.imported
    same = {name for name, full in other.trace.imported.items() if imported.get(name) == full}
    for first, second in ((one, other), (other, one)):
        if first.trace.writes & (second.trace.uses | second.trace.writes) - same:
            return True
        if first.trace.changes & second.reach:
            return True
    return False


def _together(cells: list[Cell], traces: dict[int, Trace]) -> Trace:
    """The traces of cells that run one after the other, as one."""
    whole = Trace()
    for cell in cells:
        trace = traces[cell.index]
        for name in trace.writes | trace.uses:
            full = trace.imported.get(name, "")
            first = name not in whole.writes | whole.uses
            if full and (first or whole.imported.get(name) == full):
                whole.imported[name] = full
            elif name in trace.writes or first:
                whole.imported.pop(name, None)
        whole.uses |= trace.uses
        whole.writes |= trace.writes
        whole.touches |= trace.touches
        whole.changes |= trace.changes
        whole.reason = whole.reason or trace.reason
    return whole


def _clash_of_names(walk: Walk, mine: list[Cell], others: list[Cell]) -> bool:
    """What the walk over names has found, as a second witness; imports are compared above."""
    imported = {name for cell in [*mine, *others] for name in _imports(cell)}
    for one in mine:
        for other in others:
            first, second = walk.cells[one.index], walk.cells[other.index]
            clash = (first.writes & (second.uses | second.writes)) | (first.uses & second.writes)
            if clash - imported:
                return True
    return False


def _imports(cell: Cell) -> Iterator[str]:
    for node in ast.walk(parse_cell(cell.source).tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (name for name, _full in imported_names(node))
