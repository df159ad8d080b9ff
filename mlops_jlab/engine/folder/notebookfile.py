"""The executed notebook on disk: there from the first cell on, and never written again from its beginning.

Cells that are done stay as they were written. A save writes the cell that changed and what comes after
it, which has no outputs yet, over the end of the file.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlops_jlab.errors import RunError
from mlops_jlab.files import PRIVATE, told, write_whole
from mlops_jlab.pipeline.build import OWN_CELLS, lines_of

_SYNC = 1.0  # seconds after which a save is forced to the disk
_HEAD = b'{\n "cells": [\n'


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE)


class ExecutedFile:
    """The file ``path`` while the cells of a notebook are executed.

    Raises:
        RunError: the disk is full or cannot be written; what was saved before is still there.
    """

    def __init__(self, path: Path, notebook: Any) -> None:
        self._path = path
        self._notebook = notebook
        self._synced = time.monotonic()
        self._texts = [_text_of(cell) for cell in notebook.cells]
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = path.with_name(f".{path.name}.tmp")
            self._file = open(fresh, "wb", opener=_private)  # noqa: SIM115  # until close()
            self._starts = [len(_HEAD)]
            self._write(0, _HEAD, 0)
            fresh.replace(path)  # whole from the first moment, and never a link to what another run executed
        except OSError as error:
            raise RunError(f"{path} cannot be written: {told(error)}") from error

    def update(self, place: int) -> None:
        """Saves the cell at ``place``, counted from 0, and the notebook's metadata."""
        self._texts[place] = _text_of(self._notebook.cells[place])
        self._write(place, b"", self._starts[place])

    def close(self) -> None:
        """Saves the metadata a last time and forces everything to the disk."""
        self._write(len(self._texts), b"", self._starts[-1])
        self._sync(always=True)
        self._file.close()

    def _write(self, first: int, head: bytes, at: int) -> None:
        parts = [head]
        del self._starts[first + 1 :]
        at += len(head)
        for place in range(first, len(self._texts)):
            comma = b",\n" if place + 1 < len(self._texts) else b"\n"
            parts.append(self._texts[place] + comma)
            at += len(parts[-1])
            self._starts.append(at)
        parts.append(self._foot())
        data = b"".join(parts)
        try:
            self._file.seek(self._starts[first] - len(head))
            self._file.write(data)
            self._file.truncate()
            self._file.flush()
            self._sync()
        except OSError as error:
            raise RunError(
                f"{self._path} cannot be written: {told(error)}", hint="free some space"
            ) from error

    def _foot(self) -> bytes:
        rest = {key: value for key, value in self._notebook.items() if key != "cells"}
        return b" ],\n" + _dump(rest)[2:] + b"\n"

    def _sync(self, *, always: bool = False) -> None:
        if always or time.monotonic() - self._synced > _SYNC:
            os.fdatasync(self._file.fileno()) if hasattr(os, "fdatasync") else os.fsync(self._file.fileno())
            self._synced = time.monotonic()


def _text_of(cell: Any) -> bytes:
    lines = {**cell, "source": lines_of(cell["source"])}
    if "outputs" in cell:
        lines["outputs"] = [_plain(output) for output in cell["outputs"]]
    return b"  " + _dump(lines).replace(b"\n", b"\n  ")


def _plain(output: Any) -> dict[str, Any]:
    """An output as the format has it: text as lines, and nothing that is only of use while it runs."""
    found = {key: value for key, value in output.items() if key != "transient"}
    if isinstance(found.get("text"), str):
        found["text"] = lines_of(found["text"])
    if "data" in found:
        found["data"] = {
            kind: lines_of(value) if isinstance(value, str) and kind.startswith("text/") else value
            for kind, value in found["data"].items()
        }
    return found


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode("utf-8", "replace")


def repair(path: Path, source: Path) -> bool:
    """Makes a notebook that was cut off in the middle of a save whole again; whether it had to.

    The cells that are whole stay; the others are those of ``source``, not executed.
    """
    text = path.read_text("utf-8", "replace")
    with suppress(ValueError):
        json.loads(text)
        return False
    notebook = json.loads(source.read_text("utf-8"))
    whole = _whole_cells(text)
    known = {cell.get("id") for cell in whole}
    continued = known.isdisjoint(OWN_CELLS)
    ours = OWN_CELLS | {"mlops-about"} if continued else frozenset()
    rest = [cell for cell in notebook["cells"] if cell.get("id") not in known | ours]
    notebook["cells"] = [*whole, *rest]
    write_whole(path, _dump(notebook) + b"\n", PRIVATE)
    return True


def _whole_cells(text: str) -> Sequence[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    decoder = json.JSONDecoder()
    at = text.find("[") + 1
    while at > 0:
        while at < len(text) and text[at] in " \n,":
            at += 1
        try:
            cell, at = decoder.raw_decode(text, at)
        except ValueError:
            break
        found.append(cell)
    return found
