"""What a step took and made, as a signed file; and which step's value is the one to take.

The records alone decide what is newest: a step's value of a name is the one that the nearest step
above it in the running order has really written.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mlops_jlab.errors import HandoffError
from mlops_jlab.handoff.scalars import Scalar
from mlops_jlab.handoff.trust import is_ours, machine_key, sign


@dataclass(frozen=True)
class Written:
    """A value that a step wrote: its fingerprint, the object it lies in, and who shares it.

    ``about`` is its type and size in words, for people; ``length`` that of a list, tuple or range.
    ``reads`` are names that its functions look up when they are called.
    ``by_chance`` marks the state of a global generator that was drawn from but that nobody seeded.
    """

    fingerprint: str
    object: str
    group: tuple[str, ...] = ()
    by_chance: bool = False
    about: str = ""
    length: int = -1
    reads: tuple[str, ...] = ()


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
    may. ``watched`` says that the step was observed from the first cell on. ``looked`` to ``programs`` are
    what was observed beside files, setup's included: what was asked of the clock and of ``chance``,
    ``effects`` that skipping the step would leave out, and what was ``unseen``.
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
    looked: dict[str, dict[str, str]] = field(default_factory=dict)  # what was to be seen of each path
    marks: dict[str, str] = field(default_factory=dict)  # which files were read and left behind
    placed: bool = False  # some of it by names that mean another file in another folder
    made: tuple[str, ...] = ()  # folders
    variables: tuple[str, ...] = ()  # of the environment, by name; * are all
    clock: tuple[str, ...] = ()
    chance: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
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
    unkept: str = ""  # why this cannot serve another run
    looks_up: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by its functions and classes
    scalars: dict[str, Scalar] = field(default_factory=dict)  # by name, when its last cell was done
    alone: str = ""  # why what it left lives in its process alone, beside values that were refused
    twins: dict[str, str] = field(default_factory=dict)  # names that hold one object, by its kind, in words
    changed: str = ""  # what is otherwise in its process, outside values, for all that comes below


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


# What this process has read, and of which file with which key.
_read: dict[str, tuple[tuple[int | bytes, ...], StepRecord]] = {}
_MOST_READ = 2_000


def read_record(path: Path, key: bytes = b"") -> StepRecord:
    """The record at ``path``; who reads many gives the machine's ``key``.

    A file that was read before is not read again: a record is written whole, as a new file.

    Raises:
        HandoffError: it is damaged, or no run on this machine wrote it.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise HandoffError(f"the record {path} cannot be read: {error}") from error
    key = key or machine_key()
    file = (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size, key)
    known = _read.get(str(path))
    if known is not None and known[0] == file:
        return known[1]
    record = _read_anew(path, key)
    if len(_read) >= _MOST_READ:
        _read.clear()
    _read[str(path)] = file, record
    return record


def _read_anew(path: Path, key: bytes) -> StepRecord:
    try:
        envelope = json.loads(path.read_text("ascii"))
        body, signature = envelope["record"], envelope["signature"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HandoffError(f"the record {path} cannot be read: {error}") from error
    if not is_ours(str(body).encode(), str(signature), key):
        raise HandoffError(
            f"the record {path} was not written by a run on this machine, and is not trusted",
            hint="run the pipeline here, or give all machines of the run the same MLOPS_JLAB_KEY",
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
        raise ValueError("this is not a record") from error
    return found


def from_fields(fields: Mapping[str, Any]) -> StepRecord:
    """A record from what ``asdict`` and JSON made of it."""
    found: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()
    }
    found["takes"] = {n: Taken(**taken) for n, taken in fields["takes"].items()}
    found["writes"] = {
        n: Written(**{**w, "group": tuple(w["group"]), "reads": tuple(w["reads"])})
        for n, w in fields["writes"].items()
    }
    found["looks_up"] = {name: tuple(others) for name, others in fields["looks_up"].items()}
    return StepRecord(**found)


def parts_root(root: Path, step: str, count: int) -> Path:
    """Where the records lie of a step that ``count`` processes go through."""
    return root / "parts" / f"{step}-{count}"


def records_above(root: Path, pipeline: str, position: int) -> list[StepRecord]:
    """The records of this pipeline's steps above ``position``, the nearest first."""
    found: list[StepRecord] = []
    key = b""
    folder = root / "steps"
    for path in sorted(folder.glob("[0-9]*.json"), reverse=True) if folder.is_dir() else ():
        number = path.name.partition("-")[0]
        if number.isdigit() and int(number) < position:
            key = key or machine_key()
            record = read_record(path, key)
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
        if name in record.refused:  # it lives in its process: each attempt makes another
            return Taken(record.step, f"stays:{record.attempt}"), None
    return Taken(), None


def looked_up(records: Sequence[StepRecord], names: Iterable[str]) -> dict[str, str]:
    """What functions within the values of ``names`` look up when they are called, and in whose value each is.

    So do the functions in what they look up.
    """
    known, found = set(names), {}
    todo = sorted(known)
    while todo:
        name = todo.pop()
        _taken, record = resolve(records, name)
        for other in record.writes[name].reads if record is not None else ():
            if other not in known:
                known.add(other)
                found[other] = name
                todo.append(other)
    return found


def setup_conflict(setup: dict[str, str], other: StepRecord) -> str:
    """The first setup value that differs between two steps, or nothing."""
    return next((name for name, digest in setup.items() if other.setup.get(name, digest) != digest), "")
