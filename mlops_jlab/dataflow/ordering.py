"""Edges between the steps, the order they run in, and the errors that an order can have."""

from __future__ import annotations

import heapq
from itertools import pairwise

from mlops_jlab.dataflow import knowledge
from mlops_jlab.dataflow.needs import Rebinding
from mlops_jlab.dataflow.walk import Walk
from mlops_jlab.entities.findings import Finding, Severity
from mlops_jlab.entities.graphs import Edge, find_cycle
from mlops_jlab.errors import nearest
from mlops_jlab.notebook import fixes


class Ordering:
    """Turns what the steps need into edges and one running order.

    The running order is the document order wherever the cells of each step stand together.
    """

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self.findings: list[Finding] = []
        self.generators = self._tracked_generators()
        self.surrounded: dict[str, set[str]] = {}
        self._names: dict[tuple[str, str], dict[str, None]] = {}
        self._reasons: dict[tuple[str, str], dict[str, None]] = {}
        self._collect()
        self._after_tags()
        self._steps_apart()
        self._report_cycle()
        self.running_order = self._sort()
        self._two_writers()
        self._below = self._reads_below()

    def edges(self) -> tuple[Edge, ...]:
        """All edges, in running order of their targets and sources."""
        place = {name: at for at, name in enumerate(self.running_order)}
        pairs = sorted(
            {*self._names, *self._reasons}, key=lambda p: (place.get(p[1], -1), place.get(p[0], -1))
        )
        return tuple(
            Edge(a, b, tuple(sorted(self._names.get((a, b), ()))),
                 tuple(sorted({*self._reasons.get((a, b), ())} - {*self._names.get((a, b), ())})))
            for a, b in pairs
        )  # fmt: skip

    def read_below(self, name: str) -> set[str]:
        """The names that steps further down in the running order read."""
        return self._below[name]

    def _tracked_generators(self) -> set[str]:
        """Global generators whose order of drawing matters: somebody seeds them."""
        if self._walk.seeds_somehow:
            return set(knowledge.GENERATORS)
        return self._walk.seeded & set(knowledge.GENERATORS)

    def _collect(self) -> None:
        for step in self._walk.steps.values():
            for name, makers in step.inputs.items():
                for maker in makers:
                    self._names.setdefault((maker, step.name), {})[name] = None
            for source, reasons in step.orders.items():
                for reason in reasons:
                    if reason in knowledge.GENERATORS and reason not in self.generators:
                        continue
                    self._reasons.setdefault((source, step.name), {})[_words(reason)] = None

    def _after_tags(self) -> None:
        steps = self._walk.steps
        for step in steps.values():
            for cell in step.cells:
                for other in cell.after:
                    if other == step.name:
                        continue
                    if other in steps:
                        self._reasons.setdefault((other, step.name), {})["after tag"] = None
                        continue
                    self.findings.append(
                        Finding(
                            Severity.ERROR, "after-unknown",
                            f"after:{other} names no step{nearest(other, steps)}",
                            f"steps: {', '.join(steps)}", cell.index, cell.id,
                            fixes=(fixes.without(cell.index, cell.tags, f"after:{other}"),),
                        )
                    )  # fmt: skip

    def _steps_apart(self) -> None:
        """Steps whose cells are apart: what stands between them must fit before, between or after."""
        sequence = [cell for cell in self._walk.notebook.tagged if cell.step]
        spans = {
            name: (needs.cells[0].index, needs.cells[-1].index) for name, needs in self._walk.steps.items()
        }
        apart = {b.step for a, b in pairwise(sequence) if a.step != b.step and spans[b.step][0] < b.index}
        for name in apart:
            first, last = spans[name]
            for cell in sequence:
                if cell.step != name and first < cell.index < last:
                    self.surrounded.setdefault(name, set()).add(cell.step)
                    self._against(name, cell.index, cell.step)

    def _against(self, name: str, index: int, other: str) -> None:
        inner = self._walk.cells[index]
        for cell in self._walk.steps[name].cells:
            outer = self._walk.cells[cell.index]
            clash = (outer.writes & (inner.uses | inner.writes)) | (outer.uses & inner.writes)
            clash = {n for n in clash if n not in knowledge.GENERATORS or n in self.generators}
            for key in clash:
                pair = (name, other) if cell.index < index else (other, name)
                self._reasons.setdefault(pair, {})[_words(key)] = None

    def _report_cycle(self) -> None:
        pairs = {*self._names, *self._reasons}
        cycle = find_cycle(Edge(a, b) for a, b in sorted(pairs))
        if not cycle:
            return
        why = "; ".join(
            f"{b} needs {a} for " + ", ".join([*self._names.get((a, b), ()), *self._reasons.get((a, b), ())])
            for a, b in pairwise(cycle)
        )
        cell = self._walk.steps[cycle[0]].cells[-1]
        self.findings.append(
            Finding(
                Severity.ERROR, "cycle", f"the steps wait for each other: {' → '.join(cycle)} ({why})",
                "split a step in two, or remove an after: tag", cell.index, cell.id,
            )
        )  # fmt: skip

    def _sort(self) -> list[str]:
        """Kahn's order; among steps that are free, the one whose first cell stands higher."""
        place = {name: needs.cells[0].index for name, needs in self._walk.steps.items()}
        waiting: dict[str, set[str]] = {name: set() for name in place}
        below: dict[str, list[str]] = {}
        for source, target in {*self._names, *self._reasons}:
            if source != target:
                waiting[target].add(source)
                below.setdefault(source, []).append(target)
        free = [(place[name], name) for name, before in waiting.items() if not before]
        heapq.heapify(free)
        order: list[str] = []
        while free:
            _at, name = heapq.heappop(free)
            order.append(name)
            for target in below.get(name, ()):
                waiting[target].discard(name)
                if not waiting[target]:
                    heapq.heappush(free, (place[target], target))
        return [*order, *(name for name in place if name not in set(order))]

    def _two_writers(self) -> None:
        """A name that two independent steps bind and a third reads: the newest is meant.

        Where somebody has read the first binding, the notebook plainly binds the name anew.
        """
        before: dict[str, set[str]] = {}
        for source, target in {*self._names, *self._reasons}:
            before.setdefault(target, set()).add(source)
        seen: set[tuple[str, str, str]] = set()
        for use in self._walk.rebindings:
            other = _other_writer(use)
            key = (use.definition.name, use.definition.step, other)
            if not other or key in seen or _reaches(before, use.definition.step, other):
                continue
            seen.add(key)
            name, winner = use.definition.name, use.definition.step
            self.findings.append(
                Finding(
                    Severity.NOTE, "two-writers",
                    f"step {use.reader!r} reads {name!r} of step {winner!r} (cell "
                    f"{use.definition.cell.index + 1}), the newest above it; step {other!r} binds "
                    f"{name!r} as well, and nobody reads that",
                    "give each its own name if both are meant",
                    use.cell.index, use.cell.id, use.line,
                )
            )  # fmt: skip

    def _reads_below(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        below: set[str] = set()
        for name in reversed(self.running_order):
            found[name] = frozenset(below)  # type: ignore[assignment]  # only ever read
            needs = self._walk.steps[name]
            below |= set(needs.inputs) | set(needs.setup_values)
        return found


def _other_writer(use: Rebinding) -> str:
    """The step whose binding the used one replaced, if it was another step's."""
    winner = use.definition
    previous = winner.previous
    while previous is not None and (previous.step == winner.step or previous.by_change):
        previous = previous.previous
    if previous is None or previous.is_source or not previous.step or previous.was_read:
        return ""
    return previous.step if previous.step != use.reader else ""


def _reaches(before: dict[str, set[str]], step: str, wanted: str) -> bool:
    seen: set[str] = set()
    todo = [step]
    while todo:
        found = todo.pop()
        if found == wanted:
            return True
        if found not in seen:
            seen.add(found)
            todo.extend(before.get(found, ()))
    return False


def _words(reason: str) -> str:
    """A hidden variable in words."""
    if reason.startswith("~file:"):
        return f"file {reason[6:]}"
    return {
        "~random": "random's generator", "~numpy.random": "numpy's random generator",
        "~torch.random": "torch's random generator", "~shell": "the shell",
        "~environ": "environment variables", "~directory": "the working directory",
        "~path": "sys.path",
    }.get(reason, f"{reason[1:]} settings" if reason.startswith("~") else reason)  # fmt: skip
