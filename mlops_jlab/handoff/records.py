"""What a step took and made, as a signed file; and which step's value is the one to take.

The records alone decide what is newest: a step's value of a name is the one that the nearest step
above it in the running order has really written.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mlops_jlab.errors import HandoffError
from mlops_jlab.handoff.trust import is_ours, sign


@dataclass(frozen=True)
class Written:
    """A value that a step wrote: its fingerprint, the object it lies in, and who shares it.

    ``about`` is its type and size in words, for people; ``length`` that of a list, tuple or range.
    ``by_chance`` marks the state of a global generator that was drawn from but that nobody seeded.
    """

    fingerprint: str
    object: str
    group: tuple[str, ...] = ()
    by_chance: bool = False
    about: str = ""
    length: int = -1


@dataclass(frozen=True)
class Taken:
    """A value that a step took: from which step (empty: there was none), as which version."""

    step: str = ""
    fingerprint: str = ""


@dataclass(frozen=True)
class StepRecord:
    """All that is known of one finished step. Hidden variables have names that begin with ``~``.

    ``files_before`` were opened by setup, before the step's own cells; ``files_read`` and
    ``files_written`` by these. ``objects`` are the files that hold what the step wrote; ``seals`` are what
    the large ones looked like then, and ``spare`` those that it did not need after all, though another step
    may. ``watched`` says that files were watched from the first cell on.
    """

    pipeline: str
    step: str
    position: int
    takes: dict[str, Taken] = field(default_factory=dict)
    writes: dict[str, Written] = field(default_factory=dict)
    deleted: tuple[str, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)
    setup: dict[str, str] = field(default_factory=dict)
    starts: dict[str, str] = field(default_factory=dict)  # how generators stood that nobody handed on
    unforeseen: tuple[str, ...] = ()
    files_read: tuple[str, ...] = ()
    files_written: tuple[str, ...] = ()
    files_before: tuple[str, ...] = ()
    local_files: tuple[str, ...] = ()  # of the user's own modules
    package_files: dict[str, str] = field(default_factory=dict)  # one for each installed package
    hosts: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()
    seals: dict[str, str] = field(default_factory=dict)
    watched: bool = False
    versions: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)  # all values, where the step is one part of several
    usage: dict[str, float] = field(default_factory=dict)  # cpu_seconds, peak_memory (bytes)
    attempt: str = ""


def record_path(root: Path, position: int, step: str) -> Path:
    """Where the record of a step lies."""
    return root / "steps" / f"{position:05d}-{step}.json"


def write_record(root: Path, record: StepRecord) -> Path:
    """Signs and writes the record, whole or not at all."""
    body = json.dumps(asdict(record), sort_keys=True, ensure_ascii=True)
    path = record_path(root, record.position, record.step)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump({"signature": sign(body.encode()), "record": body}, file)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def read_record(path: Path) -> StepRecord:
    """The record at ``path``.

    Raises:
        HandoffError: it is damaged, or no run on this machine wrote it.
    """
    try:
        envelope = json.loads(path.read_text("ascii"))
        body, signature = envelope["record"], envelope["signature"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HandoffError(f"the record {path} cannot be read: {error}") from error
    if not is_ours(str(body).encode(), str(signature)):
        raise HandoffError(
            f"the record {path} was not written by a run on this machine, and is not trusted",
            hint="run the pipeline here; values of other machines are never loaded",
        )
    return from_fields(json.loads(body))


def claims(text: str) -> dict[str, Any]:
    """What the text of a record says, without proof of who wrote it: enough to move it, not to load by it.

    Raises:
        ValueError: it says nothing.
    """
    try:
        found: dict[str, Any] = json.loads(json.loads(text)["record"])
    except (KeyError, TypeError) as error:
        raise ValueError("this is no record") from error
    return found


def from_fields(fields: Mapping[str, Any]) -> StepRecord:
    """A record from what ``asdict`` and JSON made of it."""
    found: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()
    }
    found["takes"] = {n: Taken(**taken) for n, taken in fields["takes"].items()}
    found["writes"] = {n: Written(**{**w, "group": tuple(w["group"])}) for n, w in fields["writes"].items()}
    return StepRecord(**found)


def parts_root(root: Path, step: str, count: int) -> Path:
    """Where the records lie of a step that ``count`` processes go through."""
    return root / "parts" / f"{step}-{count}"


def records_above(root: Path, pipeline: str, position: int) -> list[StepRecord]:
    """The records of this pipeline's steps above ``position``, the nearest first."""
    found: list[StepRecord] = []
    folder = root / "steps"
    for path in sorted(folder.glob("[0-9]*.json"), reverse=True) if folder.is_dir() else ():
        number = path.name.partition("-")[0]
        if number.isdigit() and int(number) < position:
            record = read_record(path)
            if record.pipeline == pipeline:
                found.append(record)
    return found


def resolve(records: Iterable[StepRecord], name: str) -> tuple[Taken, StepRecord | None]:
    """Whose value of ``name`` is the newest among ``records`` (nearest first)."""
    for record in records:
        if name in record.writes:
            return Taken(record.step, record.writes[name].fingerprint), record
        if name in record.deleted:
            return Taken(record.step, "deleted"), None
    return Taken(), None


def setup_conflict(setup: dict[str, str], other: StepRecord) -> str:
    """The first setup value that differs between two steps, or nothing."""
    return next((name for name, digest in setup.items() if other.setup.get(name, digest) != digest), "")
