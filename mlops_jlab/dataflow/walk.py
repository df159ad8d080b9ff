"""One walk over the tagged cells in document order: who makes what, who needs it, and from whom."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Set

from mlops_jlab.dataflow import doors, knowledge, unknown
from mlops_jlab.dataflow.definitions import Definition
from mlops_jlab.dataflow.effects import Effects, Look
from mlops_jlab.dataflow.environment import Environment
from mlops_jlab.dataflow.magics import opaque_effects, timed, tracked_effects
from mlops_jlab.dataflow.needs import CellEffects, Notes, Reached, Rebinding, StepNeeds
from mlops_jlab.dataflow.patches import is_plain, is_plain_change, root_of_told
from mlops_jlab.dataflow.stars import names_of_star
from mlops_jlab.dataflow.statements import Statement, read_enclosed, read_statement
from mlops_jlab.dataflow.uses import Uses
from mlops_jlab.entities import settings
from mlops_jlab.entities.notebooks import Cell, Notebook, Role
from mlops_jlab.notebook import fixes
from mlops_jlab.notebook.python import ENCLOSED, Code


class Walk:
    """The state of the walk; :meth:`run` fills ``steps``, ``notes`` and the rest."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.environment = Environment()
        self.notes = Notes()
        self.steps: dict[str, StepNeeds] = {}
        self.conditional = settings.conditional(notebook.settings)
        self.cells: dict[int, CellEffects] = {}
        self.rebindings: list[Rebinding] = []
        self.session: list[Definition] = []
        self.bound_setup: list[tuple[Cell, str]] = []
        self.setup_values: dict[str, None] = {}
        self.setup_definitions: dict[str, None] = {}
        self.seeded: set[str] = set()
        self.seeds_somehow = False
        self.uses = Uses(self)
        self._order = 0
        self._lazy_annotations = False  # IPython keeps the flags of ``from __future__`` for the session
        self._readers: dict[str, set[str]] = {}
        self.door: Cell | None = None  # the first cell through which names may come that nobody can see
        self.binders: dict[tuple[str, bool], list[Cell]] | None = None

    def run(self) -> None:
        """Walks all tagged cells."""
        for cell in self.notebook.tagged:
            needs = None
            if cell.role is Role.STEP:
                needs = self.steps.setdefault(cell.step, StepNeeds(cell.step))
                needs.cells.append(cell)
            self.cells[cell.index] = CellEffects()
            self._cell(cell, needs)
        for cell, reason in self.bound_setup:
            for needs in self.steps.values():
                if needs.cells[-1].index > cell.index:
                    needs.only_continued.setdefault(reason)

    def _cell(self, cell: Cell, needs: StepNeeds | None) -> None:
        code = doors.read_cell(cell, self.environment, self.notebook.tagged)
        if code.problem:
            self._no_python(cell, needs, code)
            return
        if self.door is None and doors.opens(code, self.notebook.path.parent, self.environment):
            self.door = cell
        if needs is not None:
            self._settings_above(needs)
        for magic in code.magics:
            if magic.name == "capture":
                out = next((word for word in magic.line.split() if word.isidentifier()), "")
                if out:
                    self._bind(Definition(out, cell, 1, self._next()), cell, needs, sure=True)
            elif not code.tree.body and not code.text:
                self._apply(Statement(None, opaque_effects(magic)), cell, needs, code)
        if code.discards_names:
            first = [node for magic in code.magics if magic.name in ENCLOSED for node in timed(magic.line)]
            self._apply(read_enclosed([*first, *code.tree.body], self.environment.imports), cell, needs, code)
        for statement in code.tree.body if not code.discards_names else ():
            self._statement(statement, cell, needs, code)
        for magic in code.magics:
            if magic.name == "track":
                self._apply(Statement(None, tracked_effects(magic)), cell, needs, code)

    def _no_python(self, cell: Cell, needs: StepNeeds | None, code: Code) -> None:
        """An error; where IPython may have learned above to read it, the cell may do anything."""
        what = f"the cell is not Python: {code.problem}"
        if self.door is None and not cell.may_fail:
            self.notes.error("syntax", what, "mend the cell", cell, code.problem_line)
            return
        why = (
            "it may raise"
            if self.door is None
            else f"cell {self.door.index + 1} may teach IPython to read it"
        )
        self.notes.hazard(
            "syntax", f"{what}; {why}",
            "the step takes every value along and its changes are found while it runs",
            cell, code.problem_line,
        )  # fmt: skip
        if self.door is not None:
            self._apply(Statement(None, Effects(reads_all=True, writes_any=True)), cell, needs, code)

    def _looks(self, looks: Iterable[Look], cell: Cell, code: Code) -> None:
        """The cell looks at the session itself, which no other process has."""
        for look in looks:
            if not look.beyond_source or self.environment.anyone is not None:
                unknown.of_session(self, look.what, _line(code, look.line), cell)

    def only_continued(self, cell: Cell, reason: str) -> None:
        """The cell means what it means only where the one above it ended, and so does what it is put in."""
        if cell.step:
            self.steps[cell.step].only_continued.setdefault(reason)
        else:
            self.bound_setup.append((cell, reason))

    def _settings_above(self, needs: StepNeeds) -> None:
        for name in knowledge.SETTINGS:
            newest = self.environment.newest(name)
            if newest is not None and newest.step not in ("", needs.name):
                needs.orders.setdefault(newest.step, {})[name] = None

    def _next(self) -> int:
        self._order += 1
        return self._order

    def _statement(self, node: ast.stmt, cell: Cell, needs: StepNeeds | None, code: Code) -> None:
        statement = read_statement(node, self.environment.imports, lazy_annotations=self._lazy_annotations)
        if statement.star:
            self._star(node, statement.star, cell, needs, code)
            return
        self._lazy_annotations |= statement.is_future
        self._apply(statement, cell, needs, code)

    def _apply(self, statement: Statement, cell: Cell, needs: StepNeeds | None, code: Code) -> None:
        effects, node = statement.effects, statement.node
        lines = {n: _line(code, at) for n, at in {**effects.soft, **effects.reads}.items()}
        for hazard in effects.hazards:
            self.notes.hazard(hazard.code, hazard.message, hazard.hint, cell, _line(code, hazard.line))
        self.seeds_somehow |= effects.seeds_somehow
        reached = self.uses.read_all(effects, lines, cell, needs)
        changes = self._changes(effects, reached, lines, code)
        own = [name for name in changes if name in effects.changes or name in self.environment.imports]
        if node is not None and not statement.is_source and self._is_patch(node, effects, own):
            self._patch(node, effects, own, cell, code)
            changes = {}
        elif node is not None and (told := root_of_told(node, effects, self.environment.imports)):
            self._patch(node, effects, [told], cell, code)
        if statement.is_source and node is not None:
            self._define(statement, node, cell, needs, code)
        else:
            self._store(statement, reached, cell, needs, code)
        self._change(changes, reached, cell, needs)
        self._by_functions(reached, effects, cell, needs, code)
        parts = [effects, *(f.effects for f in reached.facts)]
        self._looks([look for part in parts for look in part.looks], cell, code)
        if any(part.reads_all or part.writes_any for part in parts):
            self.cells[cell.index].any_name = True
        if effects.reads_all or any(f.effects.reads_all for f in reached.facts):
            self.uses.everything(cell, needs)
        if effects.resets:
            self._reset(cell)
        if effects.writes_any or any(f.effects.writes_any for f in reached.facts):
            self._anything(cell, needs)

    # What is changed in place

    def _changes(
        self, effects: Effects, reached: Reached, lines: dict[str, int], code: Code
    ) -> dict[str, int]:
        changes = {name: _line(code, at) for name, at in effects.changes.items()}
        for call in effects.calls:
            for definition in self.environment.lookup(call.function):
                if definition.facts is not None:
                    for name in definition.facts.changed_arguments(call):
                        changes.setdefault(name, _line(code, call.line))
        for facts in reached.facts:
            for name in facts.effects.changes:
                changes.setdefault(name, lines.get(name, 1))
        return {n: at for n, at in changes.items() if not n.startswith("local:")}

    def _change(self, changes: dict[str, int], reached: Reached, cell: Cell, needs: StepNeeds | None) -> None:
        touched = dict(changes)
        for name, line in changes.items():
            for partner in self.environment.partners(name):
                touched.setdefault(partner, line)
        for name, line in touched.items():
            old = self.environment.newest(name)
            if old is not None and old.is_source and not name.startswith("~"):
                continue
            if old is None and not name.startswith("~"):
                continue
            if name not in changes:
                self.uses.one(name, line, cell, needs, soft=True)
            kinds = reached.kinds | (old.kinds if old else frozenset())
            new = Definition(name, cell, line, self._next(), kinds=kinds, previous=old)
            new.by_change = True
            new.stays = old.stays if old else ""
            self._write(name, new, cell, needs)
            self.environment.change(new)
            if needs is not None:
                self._after_readers(name, needs)
                if name in knowledge.GENERATORS + knowledge.SETTINGS:
                    needs.hidden.setdefault(name)

    def _after_readers(self, name: str, needs: StepNeeds) -> None:
        """Files have no versions: who reads the old content comes before who writes the new."""
        if name.startswith(("~file:", "~shell")):
            for reader in self._readers.pop(name, set()) - {needs.name}:
                needs.orders.setdefault(reader, {})[name] = None

    def note_reader(self, name: str, needs: StepNeeds) -> None:
        """Remembers that a step looked at a file."""
        self._readers.setdefault(name, set()).add(needs.name)

    def _by_functions(
        self, reached: Reached, effects: Effects, cell: Cell, needs: StepNeeds | None, code: Code
    ) -> None:
        """Functions that were used may bind names of the notebook through ``global``."""
        for facts in reached.facts:
            for name in [*facts.effects.binds, *facts.effects.maybe]:
                if name in effects.binds:
                    continue
                new = Definition(name, cell, 1, self._next(), kinds=reached.kinds)
                self._bind(new, cell, needs, sure=name.startswith("~"))

    def _anything(self, cell: Cell, needs: StepNeeds | None) -> None:
        self.environment.anyone = Definition("*", cell, 1, self._next())
        if needs is not None:
            needs.writes_any = True

    def _reset(self, cell: Cell) -> None:
        """Every name is gone, those of the handoff too."""
        self.cells[cell.index].any_name = True
        self.only_continued(cell, "it resets the session")
        for name in [n for n in self.environment if not n.startswith("~")]:
            self.cells[cell.index].writes.add(name)
            self.environment.delete(name, Definition(name, cell, 1, self._next()))

    # What is bound

    def _store(
        self, statement: Statement, reached: Reached, cell: Cell, needs: StepNeeds | None, code: Code
    ) -> None:
        effects = statement.effects
        for name in effects.deletes:
            gone = Definition(name, cell, _line(code, effects.deletes[name]), self._next())
            self._write(name, gone, cell, needs)
            self.environment.delete(name, gone)
        for names, sure in ((effects.binds, not cell.may_fail), (effects.maybe, False)):
            for name, at in names.items():
                new = Definition(name, cell, _line(code, at), self._next(), kinds=reached.kinds)
                new.stays = statement.stays if name in statement.staying else ""
                self._bind(new, cell, needs, sure=sure)
                if needs is not None and name in knowledge.GENERATORS:
                    needs.seeded.setdefault(name)
        self._learn_imports(statement)
        for one, other in effects.aliases:
            if self._may_share(one) and self._may_share(other):
                self.environment.share(one, other)

    def _may_share(self, name: str) -> bool:
        newest = self.environment.newest(name)
        return newest is not None and not newest.is_source

    def _bind(self, definition: Definition, cell: Cell, needs: StepNeeds | None, *, sure: bool) -> None:
        name = definition.name
        old = self.environment.newest(name)
        definition.previous = old
        self._write(name, definition, cell, needs)
        self.environment.imports.pop(name, None)
        self.environment.bind(definition, sure=sure)
        if name in knowledge.GENERATORS:
            self.seeded.add(name)

    def _write(self, name: str, definition: Definition, cell: Cell, needs: StepNeeds | None) -> None:
        self.cells[cell.index].writes.add(name)
        old = self.environment.newest(name)
        if needs is not None or name.startswith(("~file:", "~shell")):
            return
        if definition.is_source:
            self.setup_definitions.setdefault(name)
        elif not name.startswith("~"):
            self.setup_values.setdefault(name)
        again = old is not None and old.is_source and definition.is_source and old.text == definition.text
        if old is not None and old.step and not again:
            what = f"the setting {name[1:]!r}" if name.startswith("~") else repr(name)
            self.notes.note(
                "setup-below-step",
                f"this {cell.role.value} cell writes {what}, which step {old.step!r} "
                f"(cell {old.cell.index + 1}) writes above it: the steps below it stop {unknown.ELSEWHERE}",
                "move the cell above the steps, or into a step: there, it is put in front of every step",
                cell, definition.line, (fixes.into_step(cell, old.step),),
            )  # fmt: skip
            self.only_continued(cell, f"setup (cell {cell.index + 1}) writes {what} below a step")

    # What travels as source

    def _define(
        self, statement: Statement, node: ast.stmt, cell: Cell, needs: StepNeeds | None, code: Code
    ) -> None:
        effects, text = statement.effects, code.source_of(node)
        body = effects.soft if isinstance(getattr(node, "value", None), ast.Lambda) else ()
        needed = self._needed(effects, set(body))
        order = self._next()
        for name in statement.defines or ("~session",):
            new = Definition(name, cell, code.line(node), order, is_source=True, text=text)
            new.facts, new.needs, new.is_class = statement.facts, needed, isinstance(node, ast.ClassDef)
            new.is_plain_function = is_plain(node)
            new.is_class |= isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
            new.is_late = statement.is_import and self._path_changed()
            if name == "~session" or statement.is_future or statement.registers:
                self.session.append(new)
            if name != "~session":
                self._bind(new, cell, needs, sure=name in effects.binds)
        if (
            getattr(node, "decorator_list", ()) and statement.facts is not None
        ):  # others may call it from now on
            for name in statement.facts.effects.used():
                self.uses.one(name, code.line(node), cell, needs, soft=True)
        self._learn_imports(statement)

    def _path_changed(self) -> bool:
        newest = self.environment.newest("~path")
        return newest is not None and bool(newest.step)

    def _needed(self, effects: Effects, later: Set[str] = frozenset()) -> tuple[Definition, ...]:
        """The definitions in force of all names that running the statement reads, ``later`` ones left out.

        A decorator is called while its function is defined, so what its body reads is read too.
        """
        found: dict[Definition, None] = {}
        todo = sorted({*effects.reads, *effects.soft} - later)
        while todo:
            for definition in self.environment.lookup(todo.pop(0)):
                if definition not in found:
                    found[definition] = None
                    inner = definition.facts.effects if definition.facts else Effects()
                    todo += sorted({*inner.reads, *inner.soft})
        return tuple(found)

    def _learn_imports(self, statement: Statement) -> None:
        for name, full in statement.imported:
            if name in self.environment:
                self.environment.imports[name] = full

    def _is_patch(self, node: ast.stmt, effects: Effects, changes: Iterable[str]) -> bool:
        """Whether the statement changes an imported or defined thing, and nothing else."""
        named = [name for name in changes if not name.startswith("~")]
        newest = [self.environment.newest(name) for name in named]
        return (
            bool(named)
            and (is_plain_change(node) or any(name in self.environment.imports for name in named))
            and not (effects.binds or effects.maybe)
            and all(d is not None and d.is_source for d in newest)
        )

    def _patch(
        self, node: ast.stmt, effects: Effects, changes: Iterable[str], cell: Cell, code: Code
    ) -> None:
        needed = self._needed(effects)
        text, order = code.source_of(node), self._next()
        for name in changes:
            root = self.environment.newest(name)
            if root is None or name.startswith("~"):
                continue
            patch = Definition(f"~patch:{name}", cell, code.line(node), order, is_source=True)
            patch.text, patch.needs = text, needed
            if name in self.environment.imports:
                self.session.append(patch)
            elif all(definition.is_source for definition in needed):
                root.patches.append(patch)  # else the step hands the state of the root on

    def _star(self, node: ast.stmt, module: str, cell: Cell, needs: StepNeeds | None, code: Code) -> None:
        names = names_of_star(module, self.notebook.path.parent)
        if names is None:
            self.notes.hazard(
                "star-import", f"what `from {module} import *` brings is only found while running",
                "name what is imported", cell, code.line(node),
            )  # fmt: skip
            self.cells[cell.index].any_name = True
            self._anything(cell, needs)
            return
        order = self._next()
        for name in names:
            new = Definition(name, cell, code.line(node), order, is_source=True)
            new.text = code.source_of(node)
            self._bind(new, cell, needs, sure=True)
            self.environment.imports[name] = f"{module}.{name}"


def _line(code: Code, at: int) -> int:
    return code.lines[min(at, len(code.lines)) - 1] if code.lines else at
