"""Two states of a pipeline, and what has changed between them in the language of steps."""

from __future__ import annotations

import ast
import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from mlops_jlab.entities.graphs import Graph
from mlops_jlab.entities.notebooks import Cell, Role
from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.errors import ExportError
from mlops_jlab.pipeline.build import OWN_CELLS
from mlops_jlab.pipeline.manifest import Manifest, ManifestStep

T = TypeVar("T")

_ALIKE = 0.5  # the share of its cells that a step keeps when it is only renamed


@dataclass(frozen=True)
class Room:
    """The cells of a step, or the setup cells: their sources by id, in document order."""

    cells: Mapping[str, str]
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outline:
    """What a pipeline is, whether a notebook or an export says so."""

    parameters: Mapping[str, Parameter]
    setup: Room  # with the cells that declare the parameters
    declaring: frozenset[str]  # the ids of these
    steps: Mapping[str, Room]
    edges: Mapping[tuple[str, str], tuple[str, ...]]  # the names that cross


@dataclass(frozen=True)
class CellChange:
    """What happened to one cell of a step; ``cell`` counts within the step, from 1.

    ``kind`` is ``added``, ``removed``, ``came`` (from the step ``other``), ``went`` (to it), ``changed``, or
    ``layout`` where only comments and layout differ. ``diff`` is a unified difference of the sources.
    """

    cell: int
    kind: str
    other: str = ""
    added: int = 0
    removed: int = 0
    diff: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepChange:
    """What has changed in a step; ``before`` is its older name where it was renamed."""

    name: str
    kind: str  # added, removed, renamed, changed
    before: str = ""
    cells: tuple[CellChange, ...] = ()
    settings: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class EdgeChange:
    """An edge that came or went, or whose names did."""

    source: str
    target: str
    kind: str  # added, removed, changed
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class ParameterChange:
    """A parameter that came or went, or whose declaration did; texts are Python."""

    name: str
    kind: str  # added, removed, changed
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Changes:
    """All that differs; empty if the two are one pipeline."""

    parameters: tuple[ParameterChange, ...]
    setup: tuple[CellChange, ...]
    steps: tuple[StepChange, ...]
    edges: tuple[EdgeChange, ...]

    def __bool__(self) -> bool:
        return bool(self.parameters or self.setup or self.steps or self.edges)

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"same": not self, **asdict(self)}


def of_graph(graph: Graph) -> Outline:
    """The outline of a notebook that was analysed."""
    return Outline(
        parameters={one.name: one for one in graph.parameters},
        setup=Room(_by_id(graph.setup)),
        declaring=frozenset(cell.id for cell in graph.setup if cell.role is Role.PARAMETERS),
        steps={step.name: Room(_by_id(step.cells), dict(step.settings)) for step in graph.steps},
        edges={(edge.source, edge.target): edge.names for edge in graph.edges},
    )


def of_export(manifest: Manifest) -> Outline:
    """The outline of an export, from its manifest and its steps' notebooks.

    Raises:
        ExportError: a step's notebook cannot be read.
    """
    setup: dict[str, str] = {}
    declaring: set[str] = set()
    steps: dict[str, Room] = {}
    for step in manifest.steps:
        found = _cells_of(manifest, step)
        mine = {one: text for one, (text, _tags) in found.items() if one in step.cells}
        steps[step.name] = Room(mine, dict(step.settings))
        setup |= {one: text for one, (text, _tags) in found.items() if one not in mine}
        declaring |= {one for one, (_text, tags) in found.items() if "parameters" in tags}
    edges = {(edge.source, edge.target): edge.names for edge in manifest.edges}
    parameters = {one.name: one for one in manifest.parameters}
    return Outline(parameters, Room(setup), frozenset(declaring), steps, edges)


def compare(before: Outline, after: Outline) -> Changes:
    """What has to happen to ``before`` to make ``after`` of it."""
    renamed = _renamed(before.steps, after.steps)
    was = {name: renamed.get(name, name) for name in after.steps}
    homes = _Homes(_homes(before), _homes(after))
    steps: list[StepChange] = []
    for name, room in after.steps.items():
        older = before.steps.get(was[name])
        if older is None:
            steps.append(StepChange(name, "added", cells=_changed_cells(Room({}), room, homes)))
            continue
        cells = _changed_cells(older, room, homes)
        settings = _changed_settings(older.settings, room.settings)
        if name in renamed or cells or settings:
            kind = "renamed" if name in renamed else "changed"
            steps.append(StepChange(name, kind, renamed.get(name, ""), cells, settings))
    gone = before.steps.keys() - set(was.values())
    steps += [StepChange(name, "removed") for name in before.steps if name in gone]
    now = {old: new for new, old in renamed.items()}
    older_edges = {(now.get(a, a), now.get(b, b)): names for (a, b), names in before.edges.items()}
    parameters = _changed_parameters(before.parameters, after.parameters)
    told = before.declaring | after.declaring if parameters else frozenset()
    setup = (_without(before.setup, told), _without(after.setup, told))
    return Changes(
        parameters, _changed_cells(*setup, homes), tuple(steps), _changed_edges(older_edges, after.edges)
    )


@dataclass(frozen=True)
class _Homes:
    """Where each cell is, by its id: the step, or ``setup``."""

    before: Mapping[str, str]
    after: Mapping[str, str]


def _homes(outline: Outline) -> dict[str, str]:
    rooms = {**outline.steps, "setup": outline.setup}
    return {one: name for name, room in rooms.items() for one in room.cells}


def _without(room: Room, ids: frozenset[str]) -> Room:
    return Room({one: text for one, text in room.cells.items() if one not in ids})


def _by_id(cells: Iterable[Cell]) -> dict[str, str]:
    return {cell.id: cell.source for cell in cells}


def _cells_of(manifest: Manifest, step: ManifestStep) -> dict[str, tuple[str, list[str]]]:
    path = manifest.notebook_of(step)
    try:
        node = json.loads(path.read_text("utf-8"))
        return {
            cell["id"]: ("".join(cell["source"]), cell.get("metadata", {}).get("tags", []))
            for cell in node["cells"]
            if cell["cell_type"] == "code" and cell["id"] not in OWN_CELLS
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ExportError(f"{path} cannot be read: {error}", hint="export the notebook again") from error


def _renamed(before: Mapping[str, Room], after: Mapping[str, Room]) -> dict[str, str]:
    """New names of steps that are there before under another one, each taken once."""
    new = [name for name in after if name not in before]
    old = [name for name in before if name not in after]
    pairs = sorted(
        ((_alike(before[b], after[a]), a, b) for a in new for b in old), key=lambda pair: -pair[0]
    )  # fmt: skip
    found: dict[str, str] = {}
    for share, a, b in pairs:
        if share >= _ALIKE and a not in found and b not in found.values():
            found[a] = b
    return found


def _alike(before: Room, after: Room) -> float:
    """The share of their cells that two steps have in common, by id or by text."""
    texts = set(before.cells.values())
    common = sum(one in before.cells or text in texts for one, text in after.cells.items())
    return common / max(len(before.cells), len(after.cells), 1)


def _changed_cells(before: Room, after: Room, homes: _Homes) -> tuple[CellChange, ...]:
    left = dict(before.cells)
    changes: list[CellChange] = []
    new: list[tuple[int, str, str]] = []
    for number, (one, text) in enumerate(after.cells.items(), start=1):
        if one in left:
            changes += _changed_text(number, left.pop(one), text)
        else:
            new.append((number, one, text))
    for number, one, text in new:
        same = next((key for key, older in left.items() if older == text), None)  # ids are drawn anew
        if same is not None:
            del left[same]
            continue
        origin = homes.before.get(one, "")
        changes.append(CellChange(number, "came" if origin else "added", origin, *_count("", text)))
    places = {one: number for number, one in enumerate(before.cells, start=1)}
    for one, text in left.items():
        target = homes.after.get(one, "")
        changes.append(CellChange(places[one], "went" if target else "removed", target, *_count(text, "")))
    return tuple(changes)


def _changed_text(number: int, before: str, after: str) -> list[CellChange]:
    if before == after:
        return []
    kind = "layout" if _meaning(before) == _meaning(after) else "changed"
    return [CellChange(number, kind, "", *_count(before, after))]


def _meaning(source: str) -> str:
    try:
        return ast.dump(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError):
        return source


def _count(before: str, after: str) -> tuple[int, int, tuple[str, ...]]:
    """Lines added and removed, and the difference itself."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2))[2:]
    added = sum(line.startswith("+") for line in lines)
    return added, sum(line.startswith("-") for line in lines), tuple(lines)


def _changed_settings(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    names = sorted(before.keys() | after.keys())
    return {n: (before.get(n), after.get(n)) for n in names if before.get(n) != after.get(n)}


def _changed_parameters(
    before: Mapping[str, Parameter], after: Mapping[str, Parameter]
) -> tuple[ParameterChange, ...]:
    changes: list[ParameterChange] = []
    for name in _in_order(before, after):
        older, newer = before.get(name), after.get(name)
        if older is None or newer is None:
            kind = "added" if older is None else "removed"
            changes.append(ParameterChange(name, kind, _declared(older), _declared(newer)))
        elif older != newer:
            texts = (_declared(older), _declared(newer))
            changes.append(ParameterChange(name, "changed", *_telling(texts, older, newer)))
    return tuple(changes)


def _telling(texts: tuple[str, str], older: Parameter, newer: Parameter) -> tuple[str, str]:
    """The two texts, without what they share: mostly the type."""
    if texts[0] == texts[1]:  # bounds, or the help
        return older.help or "no help", newer.help or "no help"
    if older.type_text == newer.type_text and not (older.required or newer.required):
        return _value(older), _value(newer)
    return texts


def _declared(parameter: Parameter | None) -> str:
    if parameter is None:
        return ""
    bounds = ""
    if parameter.minimum is not None or parameter.maximum is not None:
        low = "" if parameter.minimum is None else f"{parameter.minimum:g}"
        high = "" if parameter.maximum is None else f"{parameter.maximum:g}"
        bounds = f" within {low}..{high}"
    value = "" if parameter.required else f" = {_value(parameter)}"
    return f"{parameter.type_text}{bounds}{value}"


def _value(parameter: Parameter) -> str:
    if parameter.secret:
        return "***"
    return "an expression" if parameter.computed else repr(parameter.default)


def _changed_edges(
    before: Mapping[tuple[str, str], Sequence[str]], after: Mapping[tuple[str, str], Sequence[str]]
) -> tuple[EdgeChange, ...]:
    changes: list[EdgeChange] = []
    for edge in _in_order(before, after):
        older, newer = before.get(edge), after.get(edge)
        added = tuple(name for name in newer or () if name not in (older or ()))
        removed = tuple(name for name in older or () if name not in (newer or ()))
        if older is None or newer is None or added or removed:
            kind = "added" if older is None else "removed" if newer is None else "changed"
            changes.append(EdgeChange(*edge, kind, added, removed))
    return tuple(changes)


def _in_order(before: Iterable[T], after: Iterable[T]) -> list[T]:
    return list(dict.fromkeys([*after, *before]))
