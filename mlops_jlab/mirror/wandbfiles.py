"""W&B's ``.wandb`` files → what a run has logged. Neither W&B nor protobuf is needed.

A file is a head of seven bytes and blocks of 32 KiB, as LevelDB writes its log; a record may cross blocks.
A record is a protobuf ``Record``. What is cut off at the end, as by a process that died, is left out.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_jlab.errors import InputError
from mlops_jlab.mirror.nesting import flat, number_of, parsed
from mlops_jlab.mirror.protobuf import Fields, bytes_of, fields, whole

_HEAD = b":W&B\xe1\xbe\x00"
_BLOCK = 1 << 15
_FULL, _FIRST, _LAST = 1, 2, 4  # of the parts of a record
_HISTORY, _SUMMARY, _CONFIG, _ARTIFACT, _RUN, _EXIT = 2, 3, 5, 8, 17, 18  # kinds of records
_NAMES = {"id": 1, "entity": 2, "project": 3, "group": 6, "job_type": 7, "name": 8, "note": 9, "sweep": 12}


@dataclass
class Logged:
    """What ``.wandb`` files tell of one run. Names of nested values are joined by dots."""

    words: dict[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    points: dict[str, dict[int, tuple[float, float]]] = field(default_factory=dict)  # step: value, time
    others: set[str] = field(default_factory=set)  # what is no number: texts, histograms, pictures
    artifacts: list[str] = field(default_factory=list)
    started: float = 0.0
    last: float = 0.0
    step: int = 0
    exit_code: int | None = None


def read(path: Path, logged: Logged | None = None) -> Logged:
    """What a file tells; added to ``logged`` where a run was resumed in another folder.

    Raises:
        InputError: it is not such a file, or is damaged.
    """
    found = logged or Logged()
    found.exit_code = None
    for record in _records(path):
        _add(found, fields(record))
    return found


def _records(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        if file.read(len(_HEAD)) != _HEAD:
            raise InputError(f"{path} is not a file of W&B", hint="move it out of the folder")
        place, parts = len(_HEAD), b""
        while True:
            left = _BLOCK - place % _BLOCK
            if left < 7:  # too little for the head of a record
                file.seek(left, 1)
                place += left
            head = file.read(7)
            if len(head) < 7:
                return
            crc, length, kind = struct.unpack("<IHB", head)
            data = file.read(length)
            if len(data) < length:  # its writer has died, or goes on
                return
            if zlib.crc32(head[6:] + data) != crc:
                raise InputError(f"{path} is damaged after {place} bytes", hint="move it out of the folder")
            place += 7 + length
            parts = data if kind in (_FULL, _FIRST) else parts + data
            if kind in (_FULL, _LAST):
                yield parts


def _add(found: Logged, record: Fields) -> None:
    if _RUN in record:
        _run(found, fields(bytes_of(record, _RUN)))
    elif _CONFIG in record:
        _change(found.config, fields(bytes_of(record, _CONFIG)))
    elif _SUMMARY in record:
        _change(found.summary, fields(bytes_of(record, _SUMMARY)))
    elif _HISTORY in record:
        _row(found, fields(bytes_of(record, _HISTORY)))
    elif _ARTIFACT in record:
        found.artifacts.append(_text(fields(bytes_of(record, _ARTIFACT)), 5))
    elif _EXIT in record:
        ended = fields(bytes_of(record, _EXIT))
        found.exit_code = whole(ended, 1)
        found.last = max(found.last, found.started + whole(ended, 2))


def _run(found: Logged, run: Fields) -> None:
    found.words |= {word: text for word, number in _NAMES.items() if (text := _text(run, number))}
    found.labels = tuple(
        label.decode("utf-8", "replace") for label in run.get(10, ()) if isinstance(label, bytes)
    )
    _change(found.config, fields(bytes_of(run, 4)))
    began = fields(bytes_of(run, 17))
    found.started = found.started or whole(began, 1) + whole(began, 2) / 1e9
    found.last = max(found.last, found.started)


def _change(kept: dict[str, Any], change: Fields) -> None:
    """What an update of the config or the summary sets and takes away."""
    for entry in change.get(1, ()):
        name, value = _item(entry)
        for gone in [other for other in kept if other == name or other.startswith(f"{name}.")]:
            del kept[gone]
        if name.split(".")[0] not in ("", "_wandb"):
            kept |= flat(name, value)
    for entry in change.get(2, ()):
        name, _ = _item(entry)
        for gone in [other for other in kept if other == name or other.startswith(f"{name}.")]:
            del kept[gone]


def _row(found: Logged, row: Fields) -> None:
    values: dict[str, Any] = {}
    for entry in row.get(1, ()):
        name, value = _item(entry)
        values |= flat(name, value)
    step = whole(fields(bytes_of(row, 2)), 1) if 2 in row else int(values.get("_step", 0))
    at = float(values.get("_timestamp", found.last))
    found.last, found.step = max(found.last, at), max(found.step, step)
    for name, value in values.items():
        if name.startswith("_"):
            continue
        number = number_of(value)
        kind = name.rpartition(".")[0]
        if f"{kind}._type" in values:
            found.others.add(kind)
        elif number is None:
            found.others.add(name)
        else:
            found.points.setdefault(name, {})[step] = (number, at)


def _item(entry: bytes | int) -> tuple[str, Any]:
    """The name and the value of an item; the parts of a nested name are joined by dots."""
    item = fields(entry if isinstance(entry, bytes) else b"")
    parts = [part.decode("utf-8", "replace") for part in item.get(2, ()) if isinstance(part, bytes)]
    try:
        value = parsed(_text(item, 16) or "null")
    except ValueError:
        value = None
    return ".".join(parts) or _text(item, 1), value


def _text(found: Fields, number: int) -> str:
    return bytes_of(found, number).decode("utf-8", "replace")
