"""From a model, a run, a file or a prediction to all that it came of, and all that came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_jlab.entities.models import ModelVersion, parse_address
from mlops_jlab.entities.runs import Run
from mlops_jlab.errors import InputError, MlopsError, NotFound
from mlops_jlab.lineage.graph import Kind, Lineage, Node
from mlops_jlab.store import artifacts, datasets, opening, reading, registering, usedfiles
from mlops_jlab.store.location import Place

if TYPE_CHECKING:
    import sqlite3

_ID, _VERSION = "_id", "_version"  # of a line of a prediction log
_MOST = 500  # runs that have used a file


def trace(place: Place, wanted: str, *, log: Path | None = None) -> Lineage:
    """The lineage of a model (``NAME@ALIAS``, ``NAME/NUMBER``), a run, data, or a file.

    With a ``log``, of a prediction by its id. A file that is there is one before anything else; then the
    address of a model counts, then a run.

    Raises:
        NotFound: there is nothing of that name.
        InputError: the log cannot be read, or several runs begin with it.
    """
    with opening.reading(place) as connection:
        tracer = _Tracer(place, connection)
        if log is not None:
            return tracer.of_prediction(wanted, log)
        if "@" not in wanted and Path(wanted).is_file():
            return tracer.of_file(Path(wanted))
        for find in (tracer.of_model, tracer.of_run, tracer.of_dataset):
            try:
                return find(wanted)
            except InputError:
                continue
        if usedfiles.runs_of(connection, str(Path(wanted).absolute()), ""):
            return tracer.of_file(Path(wanted))  # it is gone, but was used
    raise NotFound(
        f"there is no model, run, dataset or file {wanted!r}",
        hint="name MODEL@champion, the id of a run, data or a file; a prediction's id with --log FOLDER",
    )


def of_run(place: Place, run: str) -> Lineage:
    """The lineage of a run, by its id.

    Raises:
        NotFound: there is none.
    """
    with opening.reading(place) as connection:
        return _Tracer(place, connection).of_run(run)


class _Tracer:
    """Gathers the nodes and edges."""

    def __init__(self, place: Place, connection: sqlite3.Connection) -> None:
        self._place, self._connection = place, connection
        self.found = Lineage()
        self._versions = registering.versions(connection)

    def of_model(self, wanted: str) -> Lineage:
        version = registering.find(self._connection, parse_address(wanted))
        self.found.root = self._model(version)
        return self.found

    def of_run(self, wanted: str) -> Lineage:
        run = reading.find(self._connection, wanted)
        self.found.root = self._run(run)
        return self.found

    def of_dataset(self, wanted: str) -> Lineage:
        from mlops_jlab.entities.datasets import parse_dataset

        version = datasets.find(self._connection, parse_dataset(wanted))
        self.found.root = self._dataset(version.title, version.about, version.digest, version.version)
        for reader in datasets.readers(self._connection, version, _MOST):
            self._run(reading.find(self._connection, reader.run))
        return self.found

    def of_file(self, path: Path) -> Lineage:
        """Who used a file: by its path, or one with the same content."""
        digest = artifacts.digest_of(path) if path.is_file() else ""
        self.found.root = self._file(str(path.absolute()), digest)
        for run in usedfiles.runs_of(self._connection, str(path.absolute()), digest)[:_MOST]:
            with suppress(MlopsError):
                self._run(reading.find(self._connection, run))
        for edge in list(
            self.found.edges
        ):  # what was done with a copy, or with what it was, was done with it
            ends = [self.found.nodes[end] for end in (edge.source, edge.target)]
            alike = [node.id for node in ends if node.kind is Kind.FILE and _is(node, path, digest)]
            if alike and self.found.root not in alike:
                source, target = (self.found.root if e.id in alike else e.id for e in ends)
                self.found.link(source, target, edge.how)
        return self.found

    def of_prediction(self, wanted: str, log: Path) -> Lineage:
        """The version that gave an answer, by the id that stands in the log of predictions."""
        entry, model = _logged(wanted, log)
        version = registering.find(self._connection, parse_address(f"{model}/{entry.get(_VERSION, 0)}"))
        shown = {key: entry[key] for key in entry if key.startswith("_")}
        node = self.found.add(Node(f"prediction:{wanted}", Kind.PREDICTION, wanted, shown))
        self.found.link(self._model(version), node, "answered")
        self.found.root = node
        return self.found

    def _model(self, version: ModelVersion) -> str:
        node = Node(
            f"model:{version.model}/{version.version}", Kind.MODEL, f"{version.model}/{version.version}",
            {"aliases": list(version.aliases), "created": version.created, "user": version.user,
             "class": version.about.get("class", ""), "content": version.about.get("content", ""),
             "verdict": version.verdict,
             "files": [{"path": f.path, "digest": f.digest, "size": f.size} for f in version.files]},
        )  # fmt: skip
        if node.id in self.found.nodes:
            return node.id
        self.found.add(node)
        for wanted in filter(None, (version.whole, version.run)):
            with suppress(MlopsError):  # it was removed for good
                self.found.link(self._run(reading.find(self._connection, wanted)), node.id, "made")
        data = version.about.get("data")
        if isinstance(data, dict) and data.get("hash"):
            self.found.link(self._fingerprint("what it was fitted on", data), node.id, "read")
        return node.id

    def _run(self, run: Run) -> str:
        kind = Kind.STEP if run.kind == "step" else Kind.RUN
        name = f"run:{run.id}"
        if name in self.found.nodes:
            return name
        git = run.facts.get("git") or {}
        self.found.add(Node(name, kind, run.name, {
            "id": run.id, "status": str(run.status), "started": run.started, "ended": run.ended,
            "user": run.user, "kind": run.kind, "params": dict(run.params), "cached": run.engine.cached,
            "metrics": {key: metric.latest for key, metric in run.metrics.items()},
            "cells": list(self._cells(run)),
        }))  # fmt: skip
        self._code(name, run, git)
        self._inputs(name, run)
        for part in reading.children(self._connection, run):
            self.found.link(self._run(part), name, "part")
        if run.parent:
            with suppress(MlopsError):
                self.found.link(name, self._run(reading.find(self._connection, run.parent)), "part")
        for version in self._versions:
            if run.id in (version.run, version.whole):
                self.found.link(name, self._model(version), "made")
        return name

    def _code(self, name: str, run: Run, git: Mapping[str, Any]) -> None:
        notebook = run.facts.get("notebook") or run.facts.get("script") or {}
        path = str(notebook.get("path") or ("" if run.kind == "step" else run.source))  # its run has it
        if path:
            digest = str(notebook.get("digest", ""))
            node = Node(
                f"notebook:{path}:{digest}", Kind.NOTEBOOK, Path(path).name, {"path": path, "digest": digest}
            )
            self.found.link(self.found.add(node), name, "ran")
        if git.get("commit"):
            about = {key: git[key] for key in ("commit", "branch", "dirty", "remote", "diff") if git.get(key)}
            node = Node(f"code:{git['commit']}", Kind.CODE, str(git["commit"])[:12], about)
            self.found.link(self.found.add(node), name, "ran")

    def _inputs(self, name: str, run: Run) -> None:
        for version in datasets.read_by(self._connection, [run.id]) if run.kind != "pipeline" else ():
            node = self._dataset(version.title, version.about, version.digest, version.version)
            self.found.link(node, name, "read")
        for key, data in (run.facts.get("data") or {}).items():
            if isinstance(data, dict) and data.get("hash"):
                self.found.link(self._fingerprint(str(key), data), name, "read")
        used = run.facts.get(usedfiles.FACT) or {}
        for how in ("read", "written"):
            for file in used.get(how, ()):
                node = self._file(str(file["path"]), str(file.get("digest", "")), file)
                self.found.link(node, name, "read") if how == "read" else self.found.link(name, node, "made")

    def _dataset(self, title: str, about: Mapping[str, Any], digest: str, version: int) -> str:
        known = {
            key: about[key] for key in ("kind", "source", "rows", "files", "size", "schema") if key in about
        }
        node = Node(f"data:{title}", Kind.DATA, title, {**known, "digest": digest, "version": version})
        return self.found.add(node)

    def _fingerprint(self, name: str, data: Mapping[str, Any]) -> str:
        about = {key: data[key] for key in ("hash", "shape", "kind", "columns") if key in data}
        return self.found.add(Node(f"fingerprint:{data['hash']}", Kind.DATA, name, about))

    def _file(self, path: str, digest: str, about: Mapping[str, Any] | None = None) -> str:
        known = {**(about or {}), "path": path, "digest": digest}
        return self.found.add(Node(f"file:{path}:{digest[:16]}", Kind.FILE, Path(path).name, known))

    def _cells(self, run: Run) -> Iterator[dict[str, Any]]:
        """The notebook's cells that a step executed, with their ids, from its executed notebook."""
        if run.kind != "step":
            return
        wanted = f"executed/{run.name}.ipynb"
        file = next((f for f in reading.artifacts(self._connection, run) if f.path == wanted), None)
        if file is None:
            return
        with suppress(MlopsError, OSError, ValueError, KeyError, TypeError):
            for cell in json.loads(artifacts.read(self._place, file.digest))["cells"]:
                if cell["cell_type"] == "code" and f"step:{run.name}" in cell["metadata"].get("tags", ()):
                    yield {"id": cell.get("id", ""), "source": "".join(cell["source"])[:2000]}


def _is(node: Node, path: Path, digest: str) -> bool:
    """Whether a file is this one: by its content, or where nothing is known of that, by its path."""
    known, wanted = ("digest", digest) if digest else ("path", str(path.absolute()))
    return str(node.about[known]) == wanted


def _logged(wanted: str, log: Path) -> tuple[Mapping[str, Any], str]:
    """The line of a prediction in a folder of logs, and the model that the folder is of."""
    if not log.is_dir():
        raise InputError(
            f"{log} is not a folder of predictions", hint="the one that models serve --log writes"
        )
    for path in sorted(log.rglob("*.jsonl")):
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if wanted not in line:
                    continue
                with suppress(ValueError):
                    entry = json.loads(line)
                    if isinstance(entry, dict) and entry.get(_ID) == wanted and _VERSION in entry:
                        return entry, _model_of(path.parent, entry)
    raise NotFound(f"no prediction {wanted!r} is in {log}", hint="its log may have been rotated away")


def _model_of(folder: Path, entry: Mapping[str, Any]) -> str:
    with suppress(OSError, ValueError, AttributeError):
        return str(json.loads((folder / "log.json").read_text("utf-8"))["model"])
    model = entry.get("_model")
    if not model:
        raise InputError(f"{folder / 'log.json'} does not say of which model the predictions are")
    return str(model)
