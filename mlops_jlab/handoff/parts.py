"""A step in parts: each process goes through a piece of a list, and the last puts their work together.

That last process executes the cells too, with no piece at all, so it has what the step makes outside its
loop. Whatever a part has changed beside the names that the loop adds to or binds would have been seen by the
next round: then the parts are of no use, and the step is executed as one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlops_jlab.errors import HandoffError
from mlops_jlab.handoff import snapshot
from mlops_jlab.handoff.loading import Loader
from mlops_jlab.handoff.objects import ObjectStore
from mlops_jlab.handoff.records import StepRecord, parts_root, read_record, record_path
from mlops_jlab.handoff.variables import PART

_UNKNOWN = "?"


class NotInParts(HandoffError):
    """The parts of a step do not add up to what the step as one would have made."""


def piece(count: int, number: int, length: int) -> slice:
    """Where the piece lies that the part ``number`` (from 1) of ``count`` takes of a list of ``length``."""
    return slice((number - 1) * length // count, number * length // count)


class Parts:
    """This process as one of several that execute a step; number 0 puts together what the others made."""

    def __init__(
        self, root: Path, identity: tuple[str, str, int], over: str, collects: Sequence[str],
        sets: Sequence[str], place: tuple[int, int],
    ) -> None:  # fmt: skip
        self._root = root
        self._identity = identity
        self._over = over
        self._collects = frozenset(collects)
        self._sets = frozenset(sets)
        self._number, self._count = place
        self._whole: Any = None
        self._records: list[StepRecord] = []

    @classmethod
    def of_this_process(
        cls, root: Path, identity: tuple[str, str, int], over: str, collects: Sequence[str],
        sets: Sequence[str],
    ) -> Parts | None:  # fmt: skip
        """What the environment says of this process: nothing if the step is executed as one."""
        number, _, count = os.environ.get(PART, "").partition("/")
        if not count:
            return None
        return cls(root, identity, over, collects, sets, (int(number), int(count)))

    @property
    def joins(self) -> bool:
        """Whether this process puts together what the others made."""
        return self._number == 0

    def narrow(self, names: dict[str, Any]) -> None:
        """Leaves this part's piece of the list in place of the list."""
        self._whole = names[self._over]
        if type(self._whole) not in (list, tuple, range):
            kind = type(self._whole).__name__
            raise NotInParts(f"{self._over!r} is not a list: {kind}", hint="make it a list: list(...)")
        own = slice(0, 0) if self.joins else piece(self._count, self._number, len(self._whole))
        names[self._over] = self._whole[own]

    def widen(self, names: dict[str, Any]) -> None:
        """Puts the list back, which the cells did not bind anew."""
        names[self._over] = self._whole

    def join(self, names: dict[str, Any], base: snapshot.Snapshot, live: Iterable[str]) -> None:
        """Adds what the parts have collected to the values in ``names``, which ``base`` has looked at.

        Raises:
            NotInParts: it cannot be told what the step as one would have made of them.
        """
        self._records = [self._record_of(number) for number in range(1, self._count + 1)]
        for record in self._records:
            self._check(record, base)
        wanted = set(live)
        loaders = [Loader(ObjectStore(self._root)) for _ in self._records]
        for name in sorted(wanted & self._collects):
            if name not in base.values:
                raise NotInParts(f"{name!r} is made nowhere outside the loop")
            collection = _Collection(name, names)
            for record, loader in zip(self._records, loaders, strict=True):
                if record.left[name] != base.values[name].fingerprint:
                    collection.add(self._made(record, loader, name))
        last, loader = self._records[-1], loaders[-1]
        for name in sorted(wanted & self._sets):
            seen = base.values.get(name)
            if seen is None or last.left.get(name) != seen.fingerprint:
                names[name] = self._made(last, loader, name)

    def _record_of(self, number: int) -> StepRecord:
        _pipeline, step, position = self._identity
        folder = parts_root(self._root, step, self._count) / str(number)
        return read_record(record_path(folder, position, step))

    def _check(self, record: StepRecord, base: snapshot.Snapshot) -> None:
        for name, seen in base.values.items():
            if name in self._collects | self._sets:
                continue
            left = record.left.get(name, "")
            if left == _UNKNOWN or seen.refused is not None:
                raise NotInParts(f"nobody can tell whether the loop changes {name!r}")
            if left != seen.fingerprint:
                raise NotInParts(f"the loop changes {name!r}, so that a round may see what another did")

    def _made(self, record: StepRecord, loader: Loader, name: str) -> Any:
        written = record.writes.get(name)
        if written is None:
            raise NotInParts(f"the loop may leave {name!r} as it was before the step")
        strange = sorted(set(written.group) - self._collects - self._sets)
        if strange:
            raise NotInParts(f"what the loop collects in {name!r} shares an object with {strange[0]!r}")
        return loader.group(written.object)[name]

    def finish(self, record: StepRecord, now: snapshot.Snapshot) -> tuple[Path, StepRecord]:
        """Where the record of this process belongs, with what it has to say beside.

        Raises:
            NotInParts: a part has changed a setting or drawn from a global generator.
        """
        if not self.joins:
            left = {n: _UNKNOWN if seen.refused else seen.fingerprint for n, seen in now.values.items()}
            folder = parts_root(self._root, self._identity[1], self._count) / str(self._number)
            return folder, replace(record, left=left)
        for part in self._records:
            _check_hidden(record, part)
        _check_files(self._records)
        whole = _united([record, *self._records])
        shutil.rmtree(parts_root(self._root, self._identity[1], self._count), ignore_errors=True)
        return self._root, whole


class _Collection:
    """A collection as it was before the loop; what parts add goes into the object, which others share."""

    def __init__(self, name: str, names: dict[str, Any]) -> None:
        self._name = name
        self._names = names
        self._own = names[name]
        if type(self._own) not in (list, dict, set):
            kind = type(self._own).__name__
            raise NotInParts(f"{name!r} is a {kind}, and only lists, dicts and sets can be joined")
        self._before = self._own.copy()

    def add(self, made: Any) -> None:
        """Adds what a part has beyond what there was before the loop."""
        before = self._before
        if type(made) is not type(before):
            raise NotInParts(f"the loop makes a {type(made).__name__} of {self._name!r}")
        if type(before) is list:
            kept: Any = made[: len(before)]
            more: Any = made[len(before) :]
        elif type(before) is dict:
            kept = {key: made[key] for key in before if key in made}
            more = {key: value for key, value in made.items() if key not in before}
        else:
            kept, more = before & made, made - before
        if self._print(kept) != self._print(before):
            raise NotInParts(f"the loop changes what {self._name!r} held before")
        (self._own.extend if type(before) is list else self._own.update)(more)

    def _print(self, value: object) -> str:
        return snapshot.take({"": value}, self._names).values[""].fingerprint


def _check_hidden(base: StepRecord, part: StepRecord) -> None:
    for name in sorted({*base.writes, *part.writes}):
        if name[0] == "~":
            mine, theirs = base.writes.get(name), part.writes.get(name)
            if mine is None or theirs is None or mine.fingerprint != theirs.fingerprint:
                raise NotInParts(f"the loop changes {name.lstrip('~')}, which rounds share")


def _check_files(parts: Sequence[StepRecord]) -> None:
    for part in parts:
        for other in parts:
            both = sorted(set(part.files_written) & {*other.files_written, *other.files_read})
            if part is not other and both:
                raise NotInParts(f"several rounds use {both[0]}, and one of them writes it")


_SUMMED = ("cpu_seconds", "wall_seconds")


def _united(records: Sequence[StepRecord]) -> StepRecord:
    """All that was seen in any of the processes, as if it had been one."""

    def all_of(field: str) -> tuple[str, ...]:
        return tuple(sorted({item for record in records for item in getattr(record, field)}))

    def merged(field: str) -> dict[str, Any]:
        return {key: value for record in records for key, value in getattr(record, field).items()}

    first = records[0]
    names = ("unforeseen", "files_read", "files_written", "files_before", "local_files", "made", "variables",
             "clock", "chance", "effects", "unseen", "hosts", "programs")  # fmt: skip
    usage: dict[str, float] = {
        **{k: round(sum(r.usage.get(k, 0.0) for r in records), 3) for k in _SUMMED if k in first.usage},
        **{k: max(r.usage.get(k, 0) for r in records) for k in ("peak_memory", "gpus") if k in first.usage},
    }
    united: dict[str, Any] = {name: all_of(name) for name in names}
    return replace(
        first, takes={**merged("takes"), **first.takes}, starts=merged("starts"), versions=merged("versions"),
        package_files=merged("package_files"), looked=merged("looked"),
        marks=merged("marks"),
        placed=any(record.placed for record in records),
        watched=all(record.watched for record in records),
        usage=usage, **united,
    )  # fmt: skip
