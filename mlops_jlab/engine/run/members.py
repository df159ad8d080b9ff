"""Several notebooks, one after the other: each is a run of its own, and what others take is put in place."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_jlab.engine.folder.state import RunFolder, RunState
from mlops_jlab.entities.graphs import Graph
from mlops_jlab.entities.members import HAND_ON, OF_SETUP, Member, Several, Take
from mlops_jlab.entities.parameters import resolve
from mlops_jlab.errors import InputError, ParameterError, RunError, unwritten
from mlops_jlab.files import PRIVATE, write_whole
from mlops_jlab.handoff.places import object_path
from mlops_jlab.handoff.records import records_above
from mlops_jlab.handoff.records import resolve as resolve_value
from mlops_jlab.pipeline import build, manifest, members, together
from mlops_jlab.pipeline import export as exporting
from mlops_jlab.pipeline.manifest import Manifest

FILE = "notebooks.json"
_FORMAT = 1


@dataclass
class Course:
    """A run of several notebooks in its folder: what it was begun with, and how far it is."""

    root: Path
    several: Several
    given: dict[str, dict[str, object]]  # the parameters of each notebook, as they were given
    states: dict[str, RunState] = field(default_factory=dict)

    def folder(self, name: str) -> Path:
        """The run's folder of one notebook."""
        return self.root / name

    @property
    def status(self) -> str:
        """That of the last notebook that was run."""
        return next(reversed(self.states.values())).status if self.states else "pending"


def split(graphs: Mapping[str, Graph], given: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """Whose parameter each value is: ``load.rows`` is that of notebook load, ``rows`` of the one that has it.

    Raises:
        ParameterError: no notebook has it, or several have.
    """
    found: dict[str, dict[str, object]] = {name: {} for name in graphs}
    for word, value in given.items():
        notebook, name = members.owner(graphs, word)
        found[notebook][name] = value
    for name, values in found.items():
        try:
            found[name] = dict(resolve(graphs[name].parameters, values, from_text=True))
        except ParameterError as error:
            raise ParameterError(f"{name}: {error.message}", hint=error.hint) from None
    return found


def begin(
    several: Several, graphs: Mapping[str, Graph], root: Path, given: Mapping[str, object], *, resume: bool
) -> Course:  # fmt: skip
    """The run in the folder ``root``: a new one, or the one that goes on.

    Raises:
        InputError: the folder holds something else, or the file or the parameters have changed since.
    """
    path = root / FILE
    if not resume:
        if root.exists() and any(root.iterdir()):
            raise InputError(f"{root} is not empty", hint="choose another --output, or add --resume")
        course = Course(root, several, split(graphs, given))
        content = {
            "format": _FORMAT, "pipeline": several.name, "file": several.digest,
            "notebooks": _identities(graphs), "parameters": course.given,
            "graph": together.describe(several, graphs),
        }  # fmt: skip
        try:
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(path, (json.dumps(content, indent=2, default=str) + "\n").encode(), PRIVATE)
        except OSError as error:
            raise unwritten(root, error, InputError) from error
        return course
    try:
        content = json.loads(path.read_text("utf-8"))
        old, values = content["file"], content["parameters"]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            f"{root} holds no run of several notebooks", hint="give --output the folder of the run to resume"
        ) from None
    changed = [several.path] if old != several.digest else _changed(content, several, graphs)
    if changed:
        raise InputError(
            f"{changed[0]} has changed since the run in {root} began",
            hint="run it anew: what is finished, and has not changed, comes from the cache",
        )
    if given and split(graphs, given) != values:
        raise InputError("a run is resumed with the parameters that it began with")
    return Course(root, several, values)


def has_changed(several: Several, graphs: Mapping[str, Graph], root: Path) -> bool:
    """Whether the file or a notebook of it is another one than when the run in ``root`` began."""
    content = json.loads((root / FILE).read_text("utf-8"))
    return content["file"] != several.digest or bool(_changed(content, several, graphs))


def _identities(graphs: Mapping[str, Graph]) -> dict[str, str]:
    return {name: build.identity_of(graph) for name, graph in graphs.items()}


def _changed(content: Mapping[str, Any], several: Several, graphs: Mapping[str, Graph]) -> list[Path]:
    """The notebooks whose cells are others than those that the run executes."""
    now, then = _identities(graphs), content["notebooks"]
    if not isinstance(then, dict):  # a run of an older version has not noted it
        return []
    return [member.path for member in several.members if now[member.name] != then.get(member.name)]


def go(
    course: Course, graphs: Mapping[str, Graph],
    one: Callable[[Member, Manifest, Path, dict[str, object], bool], RunState],
) -> None:  # fmt: skip
    """Runs the notebooks in their order with ``one``, up to the first that does not finish."""
    for member in course.several.members:
        folder = course.folder(member.name)
        state = _finished(folder)
        if state is None:
            plan, goes_on = _placed(course, member, graphs[member.name])
            state = one(member, plan, folder, course.given.get(member.name, {}), goes_on)
        course.states[member.name] = state
        if state.status != "finished":
            return


def _finished(folder: Path) -> RunState | None:
    if not (folder / "run.json").is_file():
        return None
    state = RunFolder(folder).load()
    return state if state.status == "finished" else None


def _placed(course: Course, member: Member, graph: Graph) -> tuple[Manifest, bool]:
    """The manifest of a notebook in its folder, beside what it takes; and whether a run there goes on."""
    folder = course.folder(member.name)
    if (folder / "run.json").is_file():
        return manifest.read(folder / "pipeline"), True
    shutil.rmtree(folder, ignore_errors=True)  # of a runner that was killed before the run began
    folder.mkdir(mode=0o700)
    exporting.export(filled(course, member, graph), folder / "pipeline")
    for source, found in _all_given(course, member).items():
        for digest in {needed for _, all_needed in found.values() for needed in all_needed}:
            _link(
                object_path(course.folder(source) / "handoff", digest),
                object_path(folder / "pipeline" / "taken", digest),
            )
    return manifest.read(folder / "pipeline"), False


def filled(course: Course, member: Member, graph: Graph) -> Graph:
    """The graph of a notebook with the objects that it takes in this run.

    Raises:
        RunError: a value cannot leave the notebook that made it.
    """
    objects = {
        source: {name: digest for name, (digest, _) in found.items()}
        for source, found in _all_given(course, member).items()
    }
    return members.filled(graph, member.takes, objects)


def _all_given(course: Course, member: Member) -> dict[str, dict[str, tuple[str, tuple[str, ...]]]]:
    return {take.source: _given(course, take, member) for take in member.takes}


def _given(course: Course, take: Take, member: Member) -> dict[str, tuple[str, tuple[str, ...]]]:
    """In which object of the other notebook each value lies, by name, and all objects that it may need.

    Raises:
        RunError: one of them cannot leave it.
    """
    source = next(one for one in course.several.members if one.name == take.source)
    home = course.folder(source.name)
    plan = manifest.read(home / "pipeline")
    end = next(step.position for step in plan.steps if step.name == HAND_ON)
    records = records_above(home / "handoff", plan.identity, end + 1)
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for there, _here in take.names:
        key = there
        taken, record = resolve_value(records, key)
        if not taken.step:  # no step has made it
            key = OF_SETUP
            _taken, record = resolve_value(records, key)
        why = next((r.refused[key] for r in records if key in r.refused), "it no longer exists")
        value = record.writes[key] if record is not None else None
        if value is not None and value.reads:
            why = f"a function in it looks up {value.reads[0]!r} of {source.path.name} when it is called"
        if record is None or value is None or value.reads:
            raise RunError(
                f"{member.path.name} takes {there!r} from {source.path.name}, and it cannot leave it: {why}",
                hint="hand on plain data, and put functions and classes into a module that both import",
            )
        found[there] = value.object, record.objects
    return found


def _link(source: Path, target: Path) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        try:
            shutil.copyfile(source, target)
        except OSError as error:
            raise unwritten(target, error, RunError) from error
