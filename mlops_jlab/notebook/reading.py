"""A notebook file → a :class:`Notebook`; nbformat and jupytext are used here and nowhere else."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_jlab.entities.findings import Finding, Severity
from mlops_jlab.entities.notebooks import Cell, Notebook, Role
from mlops_jlab.errors import NotebookError, OtherLanguage
from mlops_jlab.notebook.tags import check_tags, role_of

DEFAULT_KERNEL = "python3"
_JUPYTEXT = {".py", ".md", ".rmd", ".qmd"}
SEVERAL = {".yaml", ".yml"}  # names notebooks
_UNWRITABLE = re.compile("[\ud800-\udfff\0]")
_CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


def read(path: Path) -> tuple[Notebook, tuple[Finding, ...]]:
    """The notebook at ``path`` and what its tags get wrong; the file is never written.

    Raises:
        NotebookError: no such file, no notebook, another language, or a newer format.
    """
    if path.suffix.lower() in SEVERAL and path.is_file():
        raise NotebookError(
            f"{path} names several notebooks, and this works on one",
            hint="check and run take the file; here, name one of its notebooks",
        )
    data = _bytes_of(path)
    if path.suffix.lower() in _JUPYTEXT:
        return from_node(_through_jupytext(path), path, hashlib.sha256(data).hexdigest())
    return from_bytes(data, path)


def from_bytes(data: bytes, path: Path) -> tuple[Notebook, tuple[Finding, ...]]:
    """A notebook from the bytes of its file, which is or was at ``path``; not a text notebook."""
    return from_node(_parse(path, data), path, hashlib.sha256(data).hexdigest())


def from_node(node: Mapping[str, Any], path: Path, digest: str) -> tuple[Notebook, tuple[Finding, ...]]:
    """A notebook from its parsed JSON, checked as :func:`read` checks it."""
    _check_shape(node, path)
    node = _upgrade(node, path)
    metadata = node.get("metadata") or {}
    _check_language(metadata, path)
    findings: list[Finding] = []
    cells, repaired = _cells(node["cells"], path, findings)
    kernelspec = metadata.get("kernelspec")
    kernel = str((kernelspec if isinstance(kernelspec, Mapping) else {}).get("name") or "")
    if not kernel:
        findings.append(
            Finding(
                Severity.NOTE,
                "no-kernel",
                f"the notebook names no kernel; {DEFAULT_KERNEL!r} is used",
                "choose a kernel in JupyterLab and save, or pass --kernel",
            )
        )
    settings = metadata.get("mlops_jlab")
    notebook = Notebook(
        path=path,
        cells=cells,
        kernel=kernel or DEFAULT_KERNEL,
        digest=digest,
        settings=settings if isinstance(settings, Mapping) else {},
        repaired_ids=tuple(repaired),
    )
    return notebook, tuple(findings)


def _bytes_of(path: Path) -> bytes:
    if path.is_dir():
        raise NotebookError(f"{path} is a folder, not a notebook", hint="name the .ipynb file")
    if path.exists() and not path.is_file():
        raise NotebookError(f"{path} is not a regular file", hint="name the .ipynb file")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NotebookError(f"there is no file {path}", hint="check the path") from None
    except (OSError, ValueError) as error:
        raise NotebookError(f"{str(path)!r} cannot be read: {error}") from None


def _parse(path: Path, data: bytes) -> Mapping[str, Any]:
    if not data.strip():
        raise NotebookError(f"{path} is empty", hint="restore it from a checkpoint or from git")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotebookError(f"{path} is not UTF-8 text: byte {error.start}") from None
    try:
        node = json.loads(text)
    except json.JSONDecodeError as error:
        marker = re.search(r"^(<{7}|={7}|>{7})", text, re.MULTILINE)
        if marker:
            line = text.count("\n", 0, marker.start()) + 1
            raise NotebookError(
                f"{path}, line {line}: a git conflict is not resolved",
                hint="resolve the conflict (nbdime does it cell by cell) and try again",
            ) from None
        raise NotebookError(
            f"{path}, line {error.lineno}: not a notebook, the JSON ends or breaks here ({error.msg})",
            hint="restore it from .ipynb_checkpoints or from git",
        ) from None
    except RecursionError:
        raise NotebookError(f"{path}: the JSON is nested too deeply") from None
    if not isinstance(node, dict):
        raise NotebookError(f"{path} holds a JSON {type(node).__name__}, not a notebook")
    return node


def _through_jupytext(path: Path) -> Mapping[str, Any]:
    try:
        import jupytext
    except ImportError:
        raise NotebookError(
            f"{path} is a text notebook and jupytext is not installed",
            hint="pip install jupytext, or give the .ipynb file",
        ) from None
    try:
        node: Mapping[str, Any] = json.loads(jupytext.writes(jupytext.read(path), fmt="ipynb"))
    except Exception as error:  # whatever jupytext's parsers raise, the file is at fault
        raise NotebookError(f"{path} cannot be read by jupytext: {error}") from error
    return _with_stable_ids(node)


def _with_stable_ids(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Text notebooks have no cell ids and jupytext draws random ones: number them instead."""
    for index, cell in enumerate(node["cells"]):
        cell["id"] = f"cell-{index + 1}"
    return node


def _check_shape(node: Mapping[str, Any], path: Path) -> None:
    version = node.get("nbformat")
    if not isinstance(version, int) or isinstance(version, bool):
        raise NotebookError(f"{path} is JSON but no notebook: it has no 'nbformat' number")
    if version > 4:
        raise NotebookError(
            f"{path} is in notebook format {version}, newer than 4, the newest that is supported",
            hint="save it from JupyterLab as format 4, or upgrade mlops-jlab",
        )
    if version < 3:
        raise NotebookError(
            f"{path} is in notebook format {version}, too old",
            hint=f"upgrade a copy: jupyter nbconvert --to notebook {path.name}",
        )
    cells = node.get("worksheets" if version == 3 else "cells")
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise NotebookError(f"{path} is JSON but no notebook: it has no list of cells")


def _upgrade(node: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """Formats 3 and 4.0 to 4.4 become 4.5 in memory, with ids that are the same each time."""
    if node["nbformat"] == 4:
        if int(node.get("nbformat_minor") or 0) >= 5:
            return node
        return {
            **node,
            "cells": [
                {**cell, "id": cell.get("id") or f"cell-{index + 1}"}
                for index, cell in enumerate(node["cells"])
            ],
        }
    import nbformat

    try:
        upgraded = nbformat.convert(nbformat.from_dict(node), 4)
    except Exception as error:  # nbformat's converters raise whatever the old file trips over
        raise NotebookError(f"{path} cannot be upgraded from notebook format 3: {error}") from error
    return _with_stable_ids(upgraded)


def _check_language(metadata: object, path: Path) -> None:
    if not isinstance(metadata, Mapping):
        raise NotebookError(f"{path}: the notebook's metadata is not a JSON object")
    info = metadata.get("language_info")
    spec = metadata.get("kernelspec")
    names = [
        str(part[key])
        for part, key in ((info, "name"), (spec, "language"))
        if isinstance(part, Mapping) and part.get(key)
    ]
    for name in names:
        if name.lower() not in ("python", "ipython", "python3"):
            raise OtherLanguage(
                f"{path} is written in {name}, and only Python notebooks become pipelines",
                hint="plain papermill can run it whole",
            )


def _cells(
    nodes: Sequence[Mapping[str, Any]], path: Path, findings: list[Finding]
) -> tuple[tuple[Cell, ...], list[str]]:
    cells: list[Cell] = []
    seen: set[str] = set()
    repaired: list[str] = []
    for index, node in enumerate(nodes):
        cell_id, was = _unique_id(node.get("id"), index, seen)
        if was:
            repaired.append(cell_id)
            findings.append(
                Finding(
                    Severity.NOTE,
                    "cell-id",
                    f"the cell id {was!r} is missing, malformed or used twice; "
                    f"the export calls the cell {cell_id!r}",
                    "open and save the notebook in JupyterLab to mend it",
                    index,
                    cell_id,
                )
            )
        cells.append(_cell(node, index, cell_id, path, findings))
    return tuple(cells), repaired


def _unique_id(given: object, index: int, seen: set[str]) -> tuple[str, str]:
    """A usable id for the cell, and the unusable one that it replaces, if any."""
    if isinstance(given, str) and _CELL_ID.match(given) and given not in seen:
        seen.add(given)
        return given, ""
    number = index + 1
    while f"cell-{number}" in seen:
        number += len(seen) + 1
    seen.add(f"cell-{number}")
    return f"cell-{number}", str(given)[:64]


def _cell(node: Mapping[str, Any], index: int, cell_id: str, path: Path, findings: list[Finding]) -> Cell:
    source = node.get("source", "")
    if isinstance(source, list):
        source = "".join(str(part) for part in source)
    if not isinstance(source, str):
        raise NotebookError(f"{path}, cell {index + 1}: the source is not text")
    is_code = node.get("cell_type") == "code"
    tags = _tags_of(node, index, cell_id, findings)
    role, names = role_of(tags) if is_code else (Role.NONE, ())
    if is_code:
        findings.extend(check_tags(tags, cell=index, cell_id=cell_id))
        _check_characters(source, index, cell_id, findings)
    return Cell(
        index=index,
        id=cell_id,
        source=source,
        is_code=is_code,
        tags=tags,
        role=role,
        step=names[0] if role is Role.STEP else "",
        after=tuple(tag[6:] for tag in tags if tag.startswith("after:")),
        gate="gate" in tags,
    )


def _tags_of(node: Mapping[str, Any], index: int, cell_id: str, findings: list[Finding]) -> tuple[str, ...]:
    metadata = node.get("metadata")
    tags = metadata.get("tags", []) if isinstance(metadata, Mapping) else []
    if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
        return tuple(tags)
    findings.append(
        Finding(
            Severity.ERROR,
            "tags-shape",
            f"the cell's tags are {json.dumps(tags)[:60]}, not a list of words",
            'write "tags": ["step:NAME"] in the cell\'s metadata',
            index,
            cell_id,
        )
    )
    return ()


def _check_characters(source: str, index: int, cell_id: str, findings: list[Finding]) -> None:
    if not _UNWRITABLE.search(source):
        return
    for number, line in enumerate(source.split("\n"), 1):
        if _UNWRITABLE.search(line):
            findings.append(
                Finding(
                    Severity.ERROR,
                    "characters",
                    "the line holds a character that cannot be written to a file (a lone surrogate or NUL)",
                    "retype the line",
                    index,
                    cell_id,
                    number,
                )
            )
