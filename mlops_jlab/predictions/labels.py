"""Labels that come later join by id: late, twice, or never."""

from __future__ import annotations

import json
import math
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlops_jlab.errors import InputError, nearest, unwritten
from mlops_jlab.files import PRIVATE, write_whole
from mlops_jlab.predictions import logfolder
from mlops_jlab.predictions.logfolder import AT, ID, LABEL
from mlops_jlab.profiles import chunks

_IDS, _LABELS = (ID, "id"), (LABEL, "label")


@dataclass(frozen=True)
class Added:
    """What came of a file of labels.

    ``new`` have none before, ``repeated`` the same one, ``corrected`` another one, ``without`` hold none;
    ``strange`` of the new ones are of ids that the log does not have (yet).
    """

    new: int
    repeated: int
    corrected: int
    without: int
    strange: int


def add(folder: Path, source: Path, id_column: str = "", label_column: str = "") -> Added:
    """Adds the labels in a file of rows to a log; where an id has one already, the newer one counts.

    Raises:
        InputError: it is no log, the file cannot be read, or it has no such columns.
    """
    logfolder.read(folder)
    known = newest(folder)
    found: dict[str, Any] = {}
    without = 0
    for frame in chunks.of_file(source):
        ids = _column(frame, id_column, _IDS, "id")
        labels = _column(frame, label_column, _LABELS, "label", but=str(ids.name))
        for name, value in zip(ids.tolist(), labels.tolist(), strict=True):
            if value is None or (isinstance(value, float) and math.isnan(value)):
                without += 1
            else:
                found[in_words(name)] = value
    fresh = {name: value for name, value in found.items() if known.get(name, _Nothing) != value}
    new = [name for name in fresh if name not in known]
    if fresh:
        _write(folder, fresh)
    there = _answered(folder, set(new)) if new else set()
    return Added(
        len(new), len(found) - len(fresh), len(fresh) - len(new), without, len(new) - len(there)
    )  # fmt: skip


class _Nothing:
    """No label at all."""


def in_words(name: Any) -> str:
    """An id as the log has it; a whole number that was read as 7.0 is 7."""
    if isinstance(name, float) and name.is_integer():
        name = int(name)
    return str(name)


def _column(frame: Any, wanted: str, usual: Sequence[str], what: str, but: str = "") -> Any:
    there = [str(name) for name in frame.columns]
    if wanted and wanted not in there:
        raise InputError(
            f"there is no column {wanted!r}{nearest(wanted, there)}", hint=f"it has: {', '.join(there[:20])}"
        )
    named = wanted or next((name for name in usual if name in there and name != but), "")
    rest = [name for name in there if name != but]
    if not named and what == "label" and len(rest) == 1:
        named = rest[0]
    if not named:
        raise InputError(f"which column has the {what}s is not known", hint=f"name it: --{what} COLUMN")
    return frame[named]


def _write(folder: Path, found: dict[str, Any]) -> None:
    moment = time.time()
    stamp = f"{datetime.fromtimestamp(moment, UTC):%Y%m%dT%H%M%S.%f}-{secrets.token_hex(3)}"
    lines = [
        json.dumps({ID: name, AT: round(moment, 3), LABEL: value}, default=str)
        for name, value in found.items()
    ]
    path = folder / logfolder.LABELS / f"labels-{stamp}.jsonl"
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_whole(path, ("\n".join(lines) + "\n").encode("utf-8", "replace"), PRIVATE)
    except OSError as error:
        raise unwritten("the file of labels", error, InputError) from error


def entries(folder: Path) -> Iterator[tuple[str, float, Any]]:
    """All labels in the order in which they came: id, when (seconds since 1970), and the label."""
    found = [
        (float(str(line.get(AT, 0))), str(line[ID]), line[LABEL])
        for line in logfolder.lines([*label_files(folder), *logfolder.all_files(folder)])
        if line.get(LABEL) is not None
    ]
    for moment, name, value in sorted(found, key=lambda one: one[0]):
        yield name, moment, value


def newest(folder: Path) -> dict[str, Any]:
    """The label that counts for each id."""
    return {name: value for name, _moment, value in entries(folder)}


def label_files(folder: Path) -> list[Path]:
    """The files in which labels came, the oldest first."""
    return sorted((folder / logfolder.LABELS).glob("*.jsonl"))


def _answered(folder: Path, names: set[str]) -> set[str]:
    return {
        str(line[ID])
        for line in logfolder.lines(logfolder.all_files(folder))
        if line.get(logfolder.ROLE) == logfolder.ANSWER and line[ID] in names
    }
