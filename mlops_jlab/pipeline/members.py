"""A file that names several notebooks → their graphs, each with what it takes and hands on."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from mlops_jlab.entities.findings import Finding, Severity, in_order
from mlops_jlab.entities.graphs import Graph
from mlops_jlab.entities.members import HAND_ON, OF_SETUP, Member, Several, Take, joined, parse_take
from mlops_jlab.entities.members import in_order as ordered
from mlops_jlab.entities.notebooks import Cell, Notebook, Role
from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.errors import InputError, ParameterError, nearest
from mlops_jlab.notebook import reading
from mlops_jlab.notebook.tags import slug
from mlops_jlab.pipeline.export import UnfitNotebook, graph_of_notebook, understood

_KEYS = ("name", "notebooks", "take")
_FORM = "write: pipeline: {notebooks: [load.ipynb, train.ipynb], take: {train: [from load take frame as df]}}"
_NAME = re.compile(r"[a-z][a-z0-9_-]*\Z")
_TAKEN, _HANDED = "mlops-taken-", "mlops-hand-on"


def read(path: Path) -> Several:
    """The pipeline that the file names; its notebooks are not read.

    Raises:
        InputError: it cannot be read, or names no pipeline that could run.
    """
    try:
        data = path.read_bytes()
        content = yaml.safe_load(data.decode("utf-8-sig"))
    except FileNotFoundError:
        raise InputError(f"there is no file {path}", hint="check the path") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path} cannot be read: {error}", hint=_FORM) from None
    try:
        given = content.get("pipeline") if isinstance(content, Mapping) else None
        if not isinstance(given, Mapping):
            raise InputError("it names no pipeline", hint=_FORM)
        for key in given:
            if key not in _KEYS:
                raise InputError(f"unknown key {key!r}{nearest(str(key), _KEYS)}", hint=_FORM)
        members = ordered(_members(path.parent, given))
    except InputError as error:
        raise InputError(f"{path}: {error.message}", hint=error.hint) from None
    name = slug(str(given.get("name") or path.stem))
    return Several(path, name, members, hashlib.sha256(data).hexdigest())


def _members(folder: Path, given: Mapping[str, object]) -> list[Member]:
    takes = _takes(given.get("take"))
    members: dict[str, Member] = {}
    for name, file in _files(given.get("notebooks")):
        if not _NAME.match(name):
            raise InputError(
                f"a notebook cannot be called {name!r}", hint="give it a name: notebooks: {load: FILE.ipynb}"
            )
        if name in members:
            raise InputError(
                f"two notebooks are called {name!r}: {members[name].path.name} and {file}",
                hint="name them: notebooks: {load: a/load.ipynb, other: b/load.ipynb}",
            )
        members[name] = Member(name, folder / file, takes.pop(name, ()))
    if takes:
        name = next(iter(takes))
        raise InputError(
            f"take: {name!r} is none of the notebooks{nearest(name, members)}",
            hint=f"notebooks: {', '.join(members)}",
        )
    return list(members.values())


def _files(given: object) -> list[tuple[str, str]]:
    """Names and files of the notebooks; one that is listed is called after its file."""
    if isinstance(given, Mapping) and given:
        return [(str(name), str(file)) for name, file in given.items()]
    if isinstance(given, list) and given and all(isinstance(file, str) for file in given):
        return [(slug(Path(file).stem), file) for file in given]
    raise InputError("notebooks is a list of files, or names with their files", hint=_FORM)


def _takes(given: object) -> dict[str, tuple[Take, ...]]:
    found: dict[str, tuple[Take, ...]] = {}
    if given is not None and not isinstance(given, Mapping):
        raise InputError("take says for each notebook what it takes", hint=_FORM)
    for name, lines in (given or {}).items():
        texts = [lines] if isinstance(lines, str) else lines
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise InputError(f"take: {name!r} has no list of lines", hint=_FORM)
        key = _called(str(name))
        parsed = [parse_take(text) for text in _lines(texts)]
        found[key] = joined(
            [*found.get(key, ()), *(Take(_called(take.source), take.names) for take in parsed)]
        )
    return found


def _lines(texts: Sequence[str]) -> list[str]:
    """The lines whole: within brackets YAML cuts one at its commas."""
    whole: list[str] = []
    for text in texts:
        if whole and not text.lstrip().startswith("from "):
            whole[-1] += f", {text}"
        else:
            whole.append(text)
    return whole


def _called(word: str) -> str:
    """A notebook's name, also where its file is given."""
    return slug(Path(word).stem) if word.endswith(".ipynb") else word


def graphs_of(several: Several) -> dict[str, Graph]:
    """The graph of each notebook, in the order in which they run; each has findings of its own."""
    return {member.name: graph_of(several, member) for member in several.members}


def parameters(graphs: Mapping[str, Graph]) -> tuple[Parameter, ...]:
    """The parameters of all notebooks, each called after its own: ``load.rows``."""
    return tuple(
        replace(parameter, name=f"{name}.{parameter.name}")
        for name, graph in graphs.items()
        for parameter in graph.parameters
    )


def owner(graphs: Mapping[str, Graph], word: str) -> tuple[str, str]:
    """Whose parameter is meant: ``load.rows`` is that of notebook load, ``rows`` of the one that has it.

    Raises:
        ParameterError: no notebook has it, or several have.
    """
    known = {name: [p.name for p in graph.parameters] for name, graph in graphs.items()}
    notebook, dot, name = word.partition(".")
    owners = [notebook] if dot else [one for one, names in known.items() if word in names]
    if dot and notebook not in known:
        raise ParameterError(
            f"{word!r}: there is no notebook {notebook!r}{nearest(notebook, known)}",
            hint=f"notebooks: {', '.join(known)}",
        )
    if not owners:
        everywhere = [p for names in known.values() for p in names]
        raise ParameterError(f"no notebook has a parameter {word!r}{nearest(word, everywhere)}")
    if len(owners) > 1:
        raise ParameterError(
            f"{word!r} is a parameter of {' and '.join(owners)}",
            hint=f"say which, such as -p {owners[0]}.{word}=VALUE",
        )
    return owners[0], name if dot else word


def filled(graph: Graph, takes: Sequence[Take], objects: Mapping[str, Mapping[str, str]]) -> Graph:
    """The graph with the objects in which lie what is taken, by notebook and the name that it has there."""
    sources = {_taking(take): _taking(take, objects[take.source]) for take in takes}
    cells = tuple(
        replace(cell, source=sources[cell.source]) if cell.id.startswith(_TAKEN) else cell
        for cell in graph.notebook.cells
    )
    notebook = replace(graph.notebook, cells=cells)
    by_id = {cell.id: cell for cell in cells}
    steps = tuple(replace(step, cells=tuple(by_id[cell.id] for cell in step.cells)) for step in graph.steps)
    return replace(graph, notebook=notebook, steps=steps)


def check(graphs: Mapping[str, Graph]) -> None:
    """Refuses notebooks with errors, all of them at once.

    Raises:
        UnfitNotebook: one notebook has errors.
        InputError: several have.
    """
    unfit = [UnfitNotebook(graph) for graph in graphs.values() if graph.errors]
    if len(unfit) == 1:
        raise unfit[0]
    if unfit:
        raise InputError("\n".join(error.message for error in unfit))


def graph_of(several: Several, member: Member) -> Graph:
    """The graph of one notebook: first it takes, at its end it hands on."""
    notebook, findings = reading.read(member.path)
    notebook = understood(notebook)
    names = several.given(member.name)
    own = {cell.step for cell in notebook.cells}
    added = [take.step for take in member.takes] + [HAND_ON] * bool(names)
    if clash := next((step for step in added if step in own), ""):
        raise InputError(
            f"{member.path}: step {clash!r} has the name of a step that is added here", hint="rename the step"
        )
    graph = graph_of_notebook(_widened(notebook, member.takes, names), findings)
    of_setup = [name for name in names if name in graph.setup_values]
    if of_setup:
        graph = graph_of_notebook(_widened(notebook, member.takes, names, of_setup), findings)
        steps = tuple(
            replace(step, outputs=(OF_SETUP,)) if step.name == HAND_ON else step for step in graph.steps
        )
        graph = replace(graph, steps=steps)
    graph = replace(graph, name=member.name)
    if not names:
        return graph
    told = in_order(_told(several, member, graph, finding, names) for finding in graph.findings)
    more = _definitions(several, member, graph, names)
    return replace(graph, findings=in_order([*told, *more]))


def _widened(
    notebook: Notebook, takes: Sequence[Take], names: Sequence[str], of_setup: Sequence[str] = ()
) -> Notebook:  # fmt: skip
    """The notebook with steps of ours. The cells that take stand above all others: cell 0 and before.

    Each is at ``cells[index]`` all the same, as its index is negative.
    """
    cells = list(notebook.cells)
    pairs = ", ".join(f"{name!r}: {name}" for name in of_setup)
    kept = [f"{OF_SETUP} = {{{pairs}}}"] if of_setup else []
    if names:
        cells.append(_cell(len(cells), _HANDED, "\n".join([*names, *kept, "None"]), HAND_ON))
    above = [
        _cell(place - len(takes), f"{_TAKEN}{place + 1}", _taking(take), take.step)
        for place, take in enumerate(takes)
    ]
    return replace(notebook, cells=(*cells, *above))


def _taking(take: Take, objects: Mapping[str, str] | None = None) -> str:
    """The source of the cell that takes."""
    names = ", ".join(here for _, here in take.names)
    lies = {there: objects[there] for there, _ in take.names} if objects else None
    given = repr(str(take)) + (f", {json.dumps(lies)}" if lies else "")
    return f"from mlops_jlab.handoff.taking import taken as _taken_over\n({names},) = _taken_over({given})"


def _cell(index: int, cell_id: str, source: str, step: str) -> Cell:
    return Cell(index, cell_id, source, True, (f"step:{step}",), Role.STEP, step)


def _told(
    several: Several, member: Member, graph: Graph, finding: Finding, names: Sequence[str]
) -> Finding:  # fmt: skip
    """A finding about the step that hands on, as one about what another notebook takes."""
    if finding.cell_id != _HANDED or not finding.line:
        return finding
    takers = ", ".join(several.takers(member.name, names[finding.line - 1]))
    if finding.code == "cannot-travel":
        words = finding.message.partition(f" to step {HAND_ON!r}")[0]
        return Finding(
            Severity.ERROR, finding.code, f"{words} to {takers}, which takes it", finding.hint
        )  # fmt: skip
    words = finding.message.replace("the cell reads", f"{takers} takes", 1)
    ours = next(cell.index for cell in graph.notebook.cells if cell.id == _HANDED)
    fixes = tuple(fix for fix in finding.fixes if all(place < ours for place, _ in fix.tags))
    return replace(finding, message=words, cell=-1, cell_id="", line=0, fixes=fixes)


def _definitions(several: Several, member: Member, graph: Graph, names: Sequence[str]) -> list[Finding]:
    """Functions, classes and imports that others take: they belong to the notebook's own namespace."""
    step = next(step for step in graph.steps if step.name == HAND_ON)
    known = {*graph.setup_definitions, *(source.name for source in step.carried)}
    return [
        Finding(
            Severity.ERROR, "takes-definition",
            f"{', '.join(several.takers(member.name, name))} takes {name!r}, which is a function, a class "
            "or an import of this notebook, and no value",
            "put it into a module, a .py file beside the notebooks, and import it in both",
        )
        for name in names if name in known
    ]  # fmt: skip
