"""Resolving the names that a statement reads: to another step, to source that travels, to setup."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlops_jlab.dataflow import unknown
from mlops_jlab.dataflow.definitions import Definition
from mlops_jlab.dataflow.effects import SUBCLASSES, Effects
from mlops_jlab.dataflow.needs import Reached, Rebinding, StepNeeds
from mlops_jlab.dataflow.session import HISTORY
from mlops_jlab.entities.notebooks import Cell
from mlops_jlab.notebook import fixes

if TYPE_CHECKING:
    from mlops_jlab.dataflow.walk import Walk

PROVIDED = frozenset(dir(builtins)) | {
    "display", "get_ipython", "exit", "quit", "__IPYTHON__", "__name__", "__doc__", "__builtins__",
    "__builtin__", "__package__", "__spec__", "__loader__", "__annotations__",
}  # fmt: skip


class Uses:
    """Looks names up where the walk stands, and notes what the step needs because of them."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._taking_everything = False

    def read_all(
        self, effects: Effects, lines: dict[str, int], cell: Cell, needs: StepNeeds | None
    ) -> Reached:
        """Resolves every name that the statement reads, and all that those names lead to."""
        reached = Reached()
        seen: set[Definition] = set()
        changed = [n for n in effects.changes if not n.startswith("local:")]
        for name in dict.fromkeys([*effects.reads, *effects.soft, *changed]):
            soft, unsure = name not in effects.reads, name in effects.unsure
            soft |= unsure and (
                name in effects.binds or name in effects.maybe
            )  # or its own round has bound it
            found = self.one(name, lines.get(name, 1), cell, needs, soft=soft, unsure=unsure)
            kinds = self._follow(found, cell, needs, reached, seen)
            mentioned = name in effects.mentions
            own = {d for d in found if d.is_source and (d.facts or d.is_class)}
            reached.kinds |= kinds | (own if mentioned else {d for d in own if d.is_class})
        return reached

    def _follow(
        self, found: tuple[Definition, ...], cell: Cell, needs: StepNeeds | None,
        reached: Reached, seen: set[Definition],
    ) -> frozenset[Definition]:  # fmt: skip
        """Functions lead to the names in their bodies, values to the classes they are made of."""
        kinds: frozenset[Definition] = frozenset()
        todo = list(found)
        while todo:
            definition = todo.pop()
            kinds |= definition.kinds
            for kind in [definition, *definition.kinds]:
                if kind in seen or not kind.is_source:
                    continue
                seen.add(kind)
                if needs is not None:
                    self.carry(kind, cell, needs)
                if kind.facts is None:
                    continue
                reached.facts.append(kind.facts)
                inner = kind.facts.effects
                for name in dict.fromkeys([*inner.reads, *inner.soft, *inner.changes]):
                    more = self.one(name, kind.line, cell, needs, soft=True, within=kind)
                    todo.extend(more)
                    classes = {d for d in more if d.is_source and d.is_class}
                    functions = {d for d in more if d.facts and name in inner.mentions}
                    kinds |= classes | functions
        return kinds

    def one(
        self, name: str, line: int, cell: Cell, needs: StepNeeds | None, *,
        soft: bool, unsure: bool = False, within: Definition | None = None,
    ) -> tuple[Definition, ...]:  # fmt: skip
        """The definitions of ``name`` here; what the step needs for it is noted."""
        walk = self._walk
        walk.cells[cell.index].uses.add(name)
        if name == SUBCLASSES:
            return self._classes(line, cell, needs)
        found = walk.environment.lookup(name)
        if name.startswith("~"):
            self._hidden(name, found, needs)
            return found
        if name in PROVIDED:  # exec or a magic may bind it, which is found while running
            found = tuple(definition for definition in found if definition.name != "*")
        if not found:
            if name not in PROVIDED and not unknown.history(walk, name, line, cell, HISTORY):
                unknown.note(walk, name, line, cell, soft=soft, unsure=unsure, within=within)
                self._from_anywhere(name, needs)
            return ()
        if all(definition.name == "*" for definition in found):
            self._from_anywhere(name, needs)
        for definition in found:
            if needs is None:
                if definition.step and not soft:
                    walk.notes.note(
                        "setup-reads-step",
                        f"this {cell.role.value} cell reads {name!r}, which step "
                        f"{definition.step!r} makes (cell {definition.cell.index + 1}): the steps below it "
                        f"stop {unknown.ELSEWHERE}",
                        "there, setup is put in front of every step; move the line into a step",
                        cell, line, (fixes.into_step(cell, definition.step),),
                    )  # fmt: skip
                    walk.only_continued(cell, f"setup (cell {cell.index + 1}) reads {name!r} of a step")
            elif not definition.step:
                kind = needs.setup_definitions if definition.is_source else needs.setup_values
                kind.setdefault(name)
            elif definition.step != needs.name:
                for maker in self._makers(definition, needs):
                    self._from_elsewhere(maker, name, line, cell, needs)
        return found

    def _classes(self, line: int, cell: Cell, needs: StepNeeds | None) -> tuple[Definition, ...]:
        """All classes in force: each may be one of those that another is asked for."""
        walk = self._walk
        walk.cells[cell.index].any_name = True
        found: list[Definition] = []
        for name in list(walk.environment):
            if any(one.is_class for one in walk.environment.lookup(name)):
                found += self.one(name, line, cell, needs, soft=True)
        for one in found:
            if one.previous is not None and one.previous.is_class:
                what = f"it asks for subclasses, and {one.name!r} is the name of two"
                unknown.of_session(walk, what, line, cell)
        return tuple(found)

    def _from_anywhere(self, name: str, needs: StepNeeds | None) -> None:
        """Any step since the first that may bind names unseen may have made the value."""
        door = self._walk.door
        if needs is None or door is None:
            return
        for maker in self._walk.steps.values():
            if maker is not needs and maker.cells[-1].index >= door.index:
                needs.inputs.setdefault(name, {})[maker.name] = None
                maker.optional.setdefault(name)

    def _makers(self, definition: Definition, needs: StepNeeds) -> Iterator[Definition]:
        """The definition, and what the name means where the step that makes it is left out."""
        yield definition
        while definition.step in self._walk.conditional and definition.previous is not None:
            definition = definition.previous
            if definition.step not in ("", needs.name) and not definition.is_source:
                yield definition

    def _hidden(self, name: str, found: tuple[Definition, ...], needs: StepNeeds | None) -> None:
        if needs is None:
            return
        if name.startswith(("~file:", "~shell")):
            self._walk.note_reader(name, needs)
        for definition in found:
            if definition.step not in ("", needs.name):
                needs.orders.setdefault(definition.step, {})[name] = None

    def _from_elsewhere(
        self, definition: Definition, name: str, line: int, cell: Cell, needs: StepNeeds
    ) -> None:
        walk = self._walk
        if definition.is_source:
            self.carry(definition, cell, needs)
            return
        needs.inputs.setdefault(name, {})[definition.step] = None
        maker = walk.steps[definition.step]
        if self._taking_everything:
            maker.optional.setdefault(name)
            return
        maker.outputs.setdefault(name)
        definition.was_read = True
        if definition.stays:
            walk.notes.note(
                "cannot-travel",
                f"{name!r} is {definition.stays}, made in step {definition.step!r} "
                f"(cell {definition.cell.index + 1}), and cannot travel to step {needs.name!r}: "
                f"{definition.step!r} stops {unknown.ELSEWHERE}",
                unknown.cure(definition.stays, name), cell, line,
                (fixes.into_step(definition.cell, needs.name), fixes.into_step(cell, definition.step)),
            )  # fmt: skip
        self._kinds_of_partners(name, cell, needs)
        if not definition.stays and not definition.by_change:
            walk.rebindings.append(Rebinding(needs.name, definition, cell, line))

    def _kinds_of_partners(self, name: str, cell: Cell, needs: StepNeeds) -> None:
        """What shares an object with the value comes along with it, and so do its classes."""
        for partner in self._walk.environment.partners(name):
            newest = self._walk.environment.newest(partner)
            for kind in newest.kinds if newest is not None else ():
                self.carry(kind, cell, needs)

    def carry(self, definition: Definition, cell: Cell, needs: StepNeeds) -> None:
        """``definition`` travels to the step as source, with what it needs to be run again."""
        todo = [definition]
        while todo:
            one = todo.pop()
            if one.step in ("", needs.name) or one in needs.carried:
                continue
            needs.carried[one] = None
            for needed in one.needs:
                if needed.is_source:
                    todo.append(needed)
                elif needed.step:
                    self._value_for_source(needed, one, cell, needs)
                else:
                    needs.setup_values.setdefault(needed.name)
            todo.extend(one.patches)

    def _value_for_source(
        self, value: Definition, definition: Definition, cell: Cell, needs: StepNeeds
    ) -> None:
        """A default, decorator or class body that reads a value: it must still be the same one."""
        if value.name == "*":
            reason = f"{definition.words} of cell {definition.cell.index + 1}: any name may be meant"
            needs.only_continued.setdefault(reason)
            return
        newest = bound = self._newest_above(value.name, needs)
        while bound is not None and bound.by_change and bound is not value:
            bound = bound.previous
        rebound = bound is not value and not definition.is_plain_function
        if rebound or value.step == needs.name:
            self._walk.notes.note(
                "definition-time",
                f"{definition.words} (cell {definition.cell.index + 1}) was defined with the "
                f"value that {value.name!r} had then, and {value.name!r} is bound anew before "
                f"step {needs.name!r} uses it: the step stops {unknown.ELSEWHERE}",
                f"give the second {value.name!r} another name, or move the definition to setup",
                cell, 0, (fixes.into_setup(definition.cell),),
            )  # fmt: skip
            reason = f"{definition.words} was defined with a value of {value.name!r} that is gone"
            needs.only_continued.setdefault(reason)
            return
        for maker in (value, newest):
            if maker is not None and maker.step not in ("", needs.name):
                self._from_elsewhere(maker, value.name, definition.line, cell, needs)

    def _newest_above(self, name: str, needs: StepNeeds) -> Definition | None:
        """The newest binding that the step can see: what every step needs is looked up after the walk."""
        newest = self._walk.environment.newest(name)
        while newest is not None and newest.cell.index > needs.cells[-1].index:
            newest = newest.previous
        return newest

    def everything(self, cell: Cell, needs: StepNeeds | None) -> None:
        """The step may look at any name: all that there is comes along."""
        if needs is None:
            return
        needs.reads_all = True
        self._taking_everything = True
        for name in list(self._walk.environment):
            if not name.startswith("~"):
                self.one(name, 1, cell, needs, soft=True)
        self._taking_everything = False
