"""A form → a folder for a target: all of it or nothing, and never over what somebody else wrote."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mlops_jlab import __version__
from mlops_jlab.entities.graphs import Graph
from mlops_jlab.errors import ExportError, InputError, nearest, unwritten
from mlops_jlab.files import write_whole
from mlops_jlab.pipeline import export as exporting
from mlops_jlab.pipeline.build import identity_of
from mlops_jlab.targets import fusing
from mlops_jlab.targets.form import Feature, Form, Wishes, form_of, promoting

NAMES = ("plain", "github", "gitlab", "azure", "airflow", "kfp", "cronjob", "argo", "slurm", "dagster")
MARK = "Made by mlops-jlab"  # in a file that may be replaced
_HEAD = 1_000  # characters in which it stands
_SCRIPTS = (".sh", "run.py")


@dataclass(frozen=True)
class Place:
    """Where the files are: ``output``, and the ``export`` as seen from there.

    ``inside`` is ``output`` as seen from the project, the notebook's folder; ``notebook`` is the notebook as
    seen from ``output``; each is nothing where it lies elsewhere.
    """

    output: Path
    export: str
    inside: str = ""
    notebook: str = ""
    python: str = sys.executable


@dataclass(frozen=True)
class Target:
    """An engine. ``cannot`` has a sentence for each feature that its files cannot express.

    ``checked`` says how its files were tried. ``at_root``: ``output`` is the root of a repository.
    ``prepare`` may cut the graph in another way, ``beside`` gives files that are made of it, ``standalone``
    says whether there are files that need nothing of ours.
    """

    name: str
    title: str
    checked: str
    files: Callable[[Form, Place], Mapping[str, str]]
    then: Callable[[Form, Place], str]
    cannot: Mapping[Feature, str] = field(default_factory=dict)
    at_root: bool = False
    prepare: Callable[[Graph, Wishes], Graph] = lambda graph, _wishes: graph
    beside: Callable[[Graph, Wishes], Mapping[str, str]] = lambda _graph, _wishes: {}
    standalone: bool = False

    def lost(self, form: Form) -> list[str]:
        """What the form asks for and the target cannot express, a sentence each with the names."""
        used = form.used()
        return [
            f"{feature} ({', '.join(used[feature])}): {why}"
            for feature, why in self.cannot.items()
            if feature in used
        ]


def target_of(name: str) -> Target:
    """The target of a name.

    Raises:
        InputError: there is none.
    """
    if name not in NAMES:
        raise InputError(
            f"there is no target {name!r}{nearest(name, NAMES)}", hint=f"targets: {', '.join(NAMES)}"
        )
    found: Target = importlib.import_module(f"mlops_jlab.targets.{name}").TARGET
    return found


@dataclass(frozen=True)
class Prepared:
    """What is about to be written, and what people should know before it is."""

    target: Target
    graph: Graph
    form: Form
    place: Place
    remarks: tuple[str, ...]


def prepare(
    graph: Graph, target: Target, output: Path, wishes: Wishes, groups: Sequence[Sequence[str]] = ()
) -> Prepared:
    """Fuses what cannot be handed on and makes the form; nothing is written.

    Raises:
        UnfitNotebook: the notebook has errors.
        InputError: a wish that cannot be.
    """
    if graph.errors:
        raise exporting.UnfitNotebook(graph)
    if wishes.standalone and not target.standalone:
        raise InputError(
            f"{target.name} has nothing that runs without mlops-jlab", hint="--target plain does"
        )
    graph, remarks = fusing.fused(target.prepare(graph, wishes), groups)
    if graph.errors:
        raise exporting.UnfitNotebook(graph)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    form = form_of(graph, identity_of(graph), wishes, python, __version__)
    if wishes.promote and Feature.PROMOTION not in target.cannot:
        form = replace(form, tasks=promoting(form.tasks, wishes.promote))
    whole, source = output.resolve(), graph.notebook.path.resolve()
    inside = whole.relative_to(source.parent).as_posix() if whole.is_relative_to(source.parent) else ""
    notebook = source.relative_to(whole).as_posix() if source.is_relative_to(whole) else ""
    export = f"pipelines/{graph.name}" if target.at_root else "pipeline"
    return Prepared(target, graph, form, Place(whole, export, inside, notebook), tuple(remarks))


def write(prepared: Prepared, *, force: bool = False) -> list[Path]:
    """Writes the export and the target's files; the files that were written.

    Raises:
        ExportError: a file is there that is not ours, or the folder cannot be written.
    """
    place, form = prepared.place, prepared.form
    files = {**prepared.target.files(form, place), **prepared.target.beside(prepared.graph, form.wishes)}
    for name in files:
        path = place.output / name
        if path.exists() and not force and not _is_ours(path):
            raise ExportError(
                f"{path} is not from mlops-jlab", hint="choose another --output, or add --force"
            )
    if not form.wishes.standalone:
        exporting.export(prepared.graph, place.output / place.export, force=force)
    written = []
    for name, text in files.items():
        path = place.output / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text.encode("utf-8"))
            if name.endswith(_SCRIPTS):
                os.chmod(path, path.stat().st_mode | 0o100)  # for its owner
        except OSError as error:
            raise unwritten(path, error, ExportError) from error
        written.append(path)
    return written


def _is_ours(path: Path) -> bool:
    try:
        head = path.read_text("utf-8")[:_HEAD]
    except (OSError, UnicodeDecodeError):
        return False
    return MARK in head


def header(form: Form, target: Target, comment: str = "#") -> str:
    """The first lines of a file: what made it, of what, and how files of its kind were tried."""
    notebook = " ".join(form.notebook.split())  # a line stays a line
    lines = [
        f"{MARK} {form.version} from {notebook} ({form.identity}); change the notebook, not this file.",
        f"{target.title}: {target.checked}.",
    ]
    return "".join(f"{comment} {line}\n" for line in lines)
