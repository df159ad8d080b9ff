"""What each step of a manifest does, read once from its notebook: its cells, what it reads and writes."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from mlops_jlab.dataflow.identity import (
    asks_for_base,
    asks_for_calls,
    asks_for_identity,
    asks_for_memory,
    asks_for_size,
    names_an_index,
    takes_an_index,
)
from mlops_jlab.engine.sources import StepSources
from mlops_jlab.notebook.python import parse_cell
from mlops_jlab.pipeline.build import LOAD_CELL, OWN_CELLS, SAVE_CELL, STOP_CELL
from mlops_jlab.pipeline.manifest import Manifest, ManifestStep

_PARAMETERS = "mlops-parameters"
_LEFT_OUT = OWN_CELLS - {_PARAMETERS}


@dataclass(frozen=True)
class Piece:
    """A definition that travels as source: made by a step, and made anew where that step is not.

    ``line`` is that of its cell in which it begins, from 0: tracebacks and warnings show it.
    """

    name: str
    step: str
    text: str
    values: tuple[str, ...] = ()
    line: int = 0

    @property
    def placed(self) -> str:
        """The text in the lines in which its cell has it. IPython leaves out empty lines at the top."""
        return "#\n" * self.line + self.text


@dataclass(frozen=True)
class StepPlan:
    """One step. ``front`` are cells of setup and parameters, which are run once; ``cells`` its own."""

    name: str
    position: int
    front: tuple[Mapping[str, Any], ...]
    cells: tuple[Mapping[str, Any], ...]
    pieces: tuple[Piece, ...]
    inputs: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    watched: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    writes_any: bool = False
    apart: frozenset[str] = field(default=frozenset())
    only_continued: bool = False  # what it looks at cannot be made again from what was kept

    @property
    def looks_at_session(self) -> bool:
        """Whether it looks at what lives in the process of the cells above alone."""
        return self.only_continued or self.uses_history

    @cached_property
    def asks_for_identity(self) -> bool:
        """Whether it may tell one object from another that is the same."""
        return any(asks_for_identity(tree) for tree in self._trees)

    @cached_property
    def takes_an_index(self) -> bool:
        """Whether it may take an index out of a frame."""
        return any(takes_an_index(tree) for tree in self._trees)

    @cached_property
    def names_an_index(self) -> bool:
        """Whether it may give an index another name in place."""
        return any(names_an_index(tree) for tree in self._trees)

    @cached_property
    def asks_for_base(self) -> bool:
        """Whether it may ask an array whose memory it looks at."""
        return any(asks_for_base(tree) for tree in self._trees)

    @cached_property
    def asks_for_size(self) -> bool:
        """Whether it may ask how much memory a container takes."""
        return any(asks_for_size(tree) for tree in self._trees)

    @cached_property
    def asks_for_calls(self) -> bool:
        """Whether it may ask a function how often its cache was of use."""
        return any(asks_for_calls(tree) for tree in self._trees)

    @cached_property
    def asks_for_memory(self) -> bool:
        """Whether it may ask how much memory a frame takes."""
        return any(asks_for_memory(tree) for tree in self._trees)

    @cached_property
    def _trees(self) -> list[ast.Module]:
        texts = ["".join(cell["source"]) for cell in self.cells] + [piece.text for piece in self.pieces]
        return [parse_cell(text).tree for text in texts]

    @cached_property
    def uses_history(self) -> bool:
        """Whether it looks at what IPython keeps of earlier cells, which lives in their process alone."""
        names = {"_", "__", "___", "Out", "In", "_oh", "_ih", "_i", "_ii", "_iii", "_dh", "_exit_code"}
        for cell in self.cells:
            tree = parse_cell("".join(cell["source"])).tree
            named = [n for n in ast.walk(tree) if isinstance(n, ast.Name)]
            stored = {n.id for n in named if isinstance(n.ctx, ast.Store)}
            for node in ast.walk(tree):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in stored:
                    numbered = node.id[:1] == "_" and node.id.lstrip("_i").isdigit()
                    if node.id in names or numbered:
                        return True
        return False


# To execute such a step beside another may save time; a smaller one is done before it would have begun.
_LONG = frozenset(
    {"fit", "fit_transform", "fit_predict", "partial_fit", "train", "cv", "cross_val_score", "cross_validate",
     "cross_val_predict", "learning_curve", "validation_curve", "permutation_importance", "sleep"}
)  # fmt: skip
# Who uses these may look at, or change, what no reading of names tells.
_ANYTHING = frozenset(
    {"get_ipython", "globals", "locals", "vars", "exec", "eval", "compile", "setattr", "delattr",
     "__import__", "__annotations__", "__builtins__", "__main__", "modules", "settrace",
     "setprofile", "gc", "atexit", "signal", "inspect", "getframe", "_getframe",
     "user_ns", "displayhook", "excepthook", "audit"}
)  # fmt: skip


class Plan:
    """The steps of a manifest in their order."""

    def __init__(self, manifest: Manifest, sources: StepSources) -> None:
        self._sources = sources
        self._words: dict[str, frozenset[str]] = {}
        self._steps = {step.name: step for step in manifest.steps}
        self._parameters = {parameter.name for parameter in manifest.parameters}
        self._read: dict[str, StepPlan] = {}
        self.order = [step.name for step in manifest.steps]

    def step(self, name: str) -> StepPlan:
        """What the step does."""
        if name not in self._read:
            found = _read(self._steps[name], self._sources.cells(name))
            made = tuple(one for one in found.setup if one not in self._parameters)
            self._read[name] = replace(found, setup=made)
        return self._read[name]

    def apart(self, name: str) -> frozenset[str]:
        """The steps above that a step may run beside: it is proved independent, and both may take long."""
        if not self.step(name).apart or not self._is_plain or not self._words_of(name) & _LONG:
            return frozenset()
        return frozenset(one for one in self.step(name).apart if self._words_of(one) & _LONG)

    @cached_property
    def _is_plain(self) -> bool:
        return not any(self._words_of(name) & _ANYTHING for name in self.order)

    def _words_of(self, name: str) -> frozenset[str]:
        """All names and attributes in a step's source, and ``get_ipython`` if there is any magic in it."""
        if name not in self._words:
            found: set[str] = set()
            step = self.step(name)
            for cell in (*step.front, *step.cells):
                code = parse_cell("".join(cell["source"]))
                if code.magics or code.problem:
                    found.add("get_ipython")
                for node in ast.walk(code.tree):
                    if isinstance(node, ast.Name):
                        found.add(node.id)
                    elif isinstance(node, ast.Attribute):
                        found.add(node.attr)
                    elif isinstance(node, ast.alias):
                        found.update(node.name.split("."))
            self._words[name] = frozenset(found)
        return self._words[name]

    def names_of_setup(self, step: StepPlan) -> set[str]:
        """All that the cells of setup and parameters above a step bind."""
        found: set[str] = set()
        for cell in step.front:
            for node in ast.walk(parse_cell("".join(cell["source"])).tree):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    found.add(node.id)
                elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                    found.add(node.name)
                elif isinstance(node, ast.alias):
                    found.add(node.asname or node.name.partition(".")[0])
        return found

    def all(self) -> list[StepPlan]:
        """All steps."""
        return [self.step(one) for one in self.order]

    def from_here(self, name: str) -> list[StepPlan]:
        """The step and all below it."""
        return [self.step(one) for one in self.order[self._steps[name].position :]]


def _read(step: ManifestStep, cells: Sequence[Mapping[str, Any]]) -> StepPlan:
    own = set(step.cells)
    entered, left = _words(cells, LOAD_CELL), _words(cells, SAVE_CELL)
    return StepPlan(
        step.name,
        step.position,
        tuple(cell for cell in cells if cell["id"] not in own | _LEFT_OUT),
        tuple(cell for cell in cells if cell["id"] in own),
        tuple(piece for cell in cells for piece in _pieces(cell)),
        inputs=(*entered.get("inputs", ()), *_taken(cells)),
        setup=tuple(entered.get("setup", ())),
        outputs=tuple(left.get("outputs", ())),
        optional=tuple(left.get("optional", ())),
        watched=tuple(left.get("watched", ())),
        seeds=tuple(left.get("seeds", ())),
        settings=tuple(left.get("settings", ())),
        writes_any=bool(left.get("writes_any", False)),
        apart=frozenset(getattr(step, "apart", ())),
        only_continued=any(cell["id"] == STOP_CELL for cell in cells),
    )


def _call(cells: Sequence[Mapping[str, Any]], cell_id: str) -> ast.Call | None:
    """The call with which a cell of ours ends."""
    for cell in cells:
        if cell["id"] == cell_id:
            last = ast.parse("".join(cell["source"])).body[-1]
            if isinstance(last, (ast.Assign, ast.Expr)) and isinstance(last.value, ast.Call):
                return last.value
    return None


def _words(cells: Sequence[Mapping[str, Any]], cell_id: str) -> dict[str, Any]:
    call = _call(cells, cell_id)
    return {} if call is None else {one.arg or "": ast.literal_eval(one.value) for one in call.keywords}


def _taken(cells: Sequence[Mapping[str, Any]]) -> list[str]:
    call = _call(cells, "mlops-take")
    return [] if call is None else list(ast.literal_eval(call.args[0]))


def _pieces(cell: Mapping[str, Any]) -> list[Piece]:
    lines = "".join(cell["source"]).split("\n")
    return [
        Piece(
            part["name"], part["step"], "\n".join(lines[part["line"] : part["line"] + part["count"]]),
            tuple(part["values"]), part["at"],
        )
        for part in cell["metadata"].get("mlops_jlab", {}).get("carried", ())
    ]  # fmt: skip
