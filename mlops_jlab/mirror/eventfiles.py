"""TensorBoard's event files → their scalars and hyperparameters. Neither TensorBoard nor protobuf is needed.

A file is a row of records: length, its checksum, data, its checksum. A record is a protobuf ``Event``.
What is cut off at the end, as by a process that died, is left out, as TensorBoard does.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mlops_jlab.errors import InputError
from mlops_jlab.mirror.protobuf import Fields, bytes_of, fields, whole

PATTERN = "*tfevents*"
_POLYNOMIAL = 0x82F63B78  # of CRC-32C
_MASK = 0xA282EAD8
_FLOAT, _DOUBLE = 1, 2  # TensorFlow's numbers for kinds of values
_HPARAMS = "_hparams_/session_start_info"


@dataclass
class Events:
    """What the event files of a folder hold: points by metric and step, and params.

    ``others`` are the tags of what is no scalar: images, histograms, texts.
    """

    points: dict[str, dict[int, tuple[float, float]]] = field(default_factory=dict)  # step: value, time
    params: dict[str, str | float | bool] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    first: float = 0.0
    last: float = 0.0


def read(paths: list[Path]) -> Events:
    """The events of files, the later ones of which replace what the earlier have at the same step.

    Raises:
        InputError: one of them is not an event file.
    """
    found = Events()
    for path in paths:
        for record in _records(path):
            _add(found, fields(record))
    return found


def _crc(data: bytes) -> int:
    """The masked CRC-32C that TensorFlow writes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF


def _records(path: Path) -> Iterator[bytes]:
    size = path.stat().st_size
    with path.open("rb") as file:
        while len(head := file.read(12)) == 12:
            length, crc = struct.unpack("<QI", head)
            if crc != _crc(head[:8]):
                raise InputError(
                    f"{path} is not an event file, or is damaged after {file.tell() - 12} bytes",
                    hint="move it out of the folder",
                )
            if file.tell() + length + 4 > size:  # its writer has died, or goes on
                return
            yield file.read(length)
            file.seek(4, 1)


def _add(found: Events, event: Fields) -> None:
    at = struct.unpack("<d", bytes_of(event, 1) or bytes(8))[0]
    found.first = min(found.first or at, at)
    found.last = max(found.last, found.first)
    step = whole(event, 2)
    for entry in fields(bytes_of(event, 5)).get(1, ()):
        summary = fields(entry if isinstance(entry, bytes) else b"")
        tag = bytes_of(summary, 1).decode("utf-8", "replace")
        plugin = fields(bytes_of(fields(bytes_of(summary, 9)), 1))
        if tag == _HPARAMS:
            found.params |= _params(bytes_of(plugin, 2))
            continue
        value = _value(summary)
        if value is None:
            if not tag.startswith("_hparams_/"):
                found.others.add(tag)
            continue
        found.points.setdefault(tag, {})[step] = (value, at)
        found.last = max(found.last, at)


def _value(summary: Fields) -> float | None:
    """The number of a scalar, as PyTorch writes it or as TensorFlow 2 does; None of anything else."""
    if 2 in summary:
        return float(struct.unpack("<f", bytes_of(summary, 2))[0])
    tensor = fields(bytes_of(summary, 8))
    dimensions = fields(bytes_of(tensor, 2)).get(2, ())
    code = {_FLOAT: "<f", _DOUBLE: "<d"}.get(whole(tensor, 1))
    if code is None or dimensions:
        return None
    content = bytes_of(tensor, 4) or bytes_of(tensor, 5 if code == "<f" else 6)
    return float(struct.unpack(code, content)[0]) if len(content) == struct.calcsize(code) else None


def _params(content: bytes) -> dict[str, str | float | bool]:
    """The hyperparameters of a session, by name."""
    found: dict[str, str | float | bool] = {}
    session = fields(bytes_of(fields(content), 3))
    for entry in session.get(1, ()):
        pair = fields(entry if isinstance(entry, bytes) else b"")
        value = fields(bytes_of(pair, 2))
        name = bytes_of(pair, 1).decode("utf-8", "replace")
        if 2 in value:
            found[name] = float(struct.unpack("<d", bytes_of(value, 2))[0])
        elif 3 in value:
            found[name] = bytes_of(value, 3).decode("utf-8", "replace")
        elif 4 in value:
            found[name] = bool(whole(value, 4))
    return found
