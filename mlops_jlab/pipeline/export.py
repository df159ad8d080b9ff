"""Writing an export: whole or not at all, and byte for byte the same for the same notebook."""

from __future__ import annotations

import glob
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from mlops_jlab.dataflow.analysis import analyse
from mlops_jlab.entities.findings import Finding
from mlops_jlab.entities.graphs import Graph
from mlops_jlab.entities.notebooks import Notebook
from mlops_jlab.errors import ExportError, InputError, unwritten
from mlops_jlab.files import close_to_others
from mlops_jlab.notebook import reading, suggesting
from mlops_jlab.pipeline import build, manifest, readme, requirements
from mlops_jlab.store import locks

_ABANDONED = 600.0  # seconds after which an unfinished folder belongs to nobody


class UnfitNotebook(InputError):
    """A notebook with errors in its tags or data flow; ``graph`` has them all."""

    def __init__(self, graph: Graph) -> None:
        lines = [
            f"{finding.where}: {finding.message}" + (f"\n    → {finding.hint}" if finding.hint else "")
            for finding in graph.errors
        ]
        count = len(lines)
        super().__init__(
            f"{graph.notebook.path} has {count} error{'s' * (count > 1)}:\n  " + "\n  ".join(lines)
        )
        self.graph = graph

    def __reduce__(self) -> tuple[object, ...]:
        return UnfitNotebook, (self.graph,)


def graph_of(path: Path) -> Graph:
    """Reads and analyses a notebook; a notebook tagged for Kale is understood as it is."""
    return graph_of_notebook(*reading.read(path))


def graph_of_notebook(notebook: Notebook, findings: tuple[Finding, ...]) -> Graph:
    """Analyses a notebook that was read."""
    return analyse(understood(notebook), findings)


def understood(notebook: Notebook) -> Notebook:
    """The notebook with tags of ours in place of Kale's."""
    if suggesting.has_kale_tags(notebook):
        return suggesting.retagged(notebook, suggesting.suggest(notebook, "kale"))
    return notebook


def files_of(graph: Graph, target: Path) -> dict[str, bytes]:
    """Every file of the export, by its path within it.

    Raises:
        UnfitNotebook: the notebook has errors.
    """
    if graph.errors:
        raise UnfitNotebook(graph)
    identity = build.identity_of(graph)
    source = Path(os.path.relpath(graph.notebook.path.resolve(), target.resolve())).as_posix()
    notebooks = [f"steps/{build.file_name(step)}" for step in graph.steps]
    found = {
        name: build.dump(build.step_notebook(graph, step, identity))
        for name, step in zip(notebooks, graph.steps, strict=True)
    }
    modules = requirements.imported_modules(graph.notebook)
    pins = requirements.pinned(modules, graph.notebook.path.parent)
    found[manifest.FILE] = manifest.render(graph, identity, source).encode()
    found["requirements.txt"] = ("\n".join(pins) + "\n").encode()
    found["README.md"] = readme.render(graph, notebooks).encode()
    return found


def export(graph: Graph, target: Path, *, force: bool = False) -> Path:
    """Writes the export to ``target``, replacing an older export of ours; ``target`` itself.

    The new folder is made beside the old one and takes its place by renaming; if anything fails,
    the old one is still there.

    Raises:
        UnfitNotebook: the notebook has errors.
        ExportError: ``target`` is something else, or cannot be written.
    """
    content = files_of(graph, target)
    _check_kind(target)  # what no force can replace is refused before a folder is made
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritten(target, error, ExportError) from error
    with _alone_in(target.parent):
        _check_kind(target)
        if not force:
            _check_content(target)
        return _write(content, target)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Within it no other export is written to the folder, which serves as the lock."""
    if os.name != "posix":
        yield
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise unwritten(folder, error, ExportError) from error
    try:
        with suppress(OSError):  # a file system without locks
            locks.take(handle, folder)
        yield
    finally:
        os.close(handle)


def _write(content: Mapping[str, bytes], target: Path) -> Path:
    try:
        _sweep(target)
        fresh = target.parent / f".{target.name}.{secrets.token_hex(4)}.new"
        fresh.mkdir()
        close_to_others(fresh)
    except OSError as error:
        raise unwritten(target, error, ExportError) from error
    try:
        for name, data in content.items():
            path = fresh / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
            close_to_others(path.parent)
            close_to_others(path)
        _take_place(fresh, target)
    except OSError as error:
        untouched = "the older export, if any, is untouched"
        raise unwritten(target, error, ExportError, hint=untouched) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target


def _sweep(target: Path) -> None:
    """Puts right what exports that were killed left beside ``target``; one at work is left alone."""
    hidden = f".{glob.escape(target.name)}.*.new"
    for old in target.parent.glob(f"{hidden}.old"):
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.rename(old, target)
    for left in target.parent.glob(hidden):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED:
                shutil.rmtree(left, ignore_errors=True)


def _check_kind(target: Path) -> None:
    if target.is_symlink():
        raise ExportError(f"{target} is a symbolic link", hint="name the folder itself")
    with suppress(OSError):  # another export may just be taking its place; what else is wrong, writing says
        if not stat.S_ISDIR(target.stat().st_mode):
            raise ExportError(f"{target} is a file", hint="choose another folder with -o")


def _check_content(target: Path) -> None:
    """Only while no other export is written to the folder around it."""
    ours = (target / manifest.FILE).is_file() and (target / "steps").is_dir()
    if target.is_dir() and any(target.iterdir()) and not ours:
        raise ExportError(
            f"{target} holds something that is not an export",
            hint="choose another folder with -o, or replace it with --force",
        )


def _take_place(fresh: Path, target: Path) -> None:
    if not target.exists():
        os.rename(fresh, target)
        return
    old = target.with_name(f"{fresh.name}.old")
    os.rename(target, old)
    try:
        os.rename(fresh, target)
    except OSError:
        os.rename(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)
