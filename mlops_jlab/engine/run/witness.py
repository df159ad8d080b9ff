"""The witness's court: which finished steps saw what Run All would not have shown them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlops_jlab.errors import RunError
from mlops_jlab.handoff.records import StepRecord, Taken
from mlops_jlab.pipeline.manifest import ManifestStep

_MODULE = "~module:"
_WARNED = "~warned"  # warnings that were shown and are not shown again


@dataclass(frozen=True)
class Span:
    """When a step ran, in seconds of a monotonic clock."""

    start: float
    end: float


class Court:
    """Hears the record of each step as it finishes; only the steps that it touches are looked at anew."""

    def __init__(self, steps: Sequence[ManifestStep], *, continues: bool = False) -> None:
        self._continues = continues  # steps go on in living state: what they find there cannot be stale
        self._records: dict[str, StepRecord] = {}
        self._spans: dict[str, Span] = {}
        self._writers: dict[str, dict[int, StepRecord]] = {}  # who wrote or deleted a name, by position
        self._takers: dict[str, set[str]] = {}
        self._starts: Counter[tuple[str, str]] = Counter()
        self._setup: dict[str, dict[str, str]] = {}  # what setup made of a name, by step
        self._apart = [(step.name, inner) for step in steps for inner in step.surrounds]

    def hear(self, record: StepRecord, span: Span | None = None) -> dict[str, str]:
        """The finished steps that must run again because of this record, each with the reason in words.

        ``span`` is when the step ran, if that was in this run.

        Raises:
            RunError: running again cannot put things right.
        """
        touched = self._replace(record)
        if span is not None:
            self._spans[record.step] = span
        self._check(record)
        found: dict[str, str] = {}
        concerned = {record.step}.union(*(self._takers.get(name, ()) for name in touched))
        for one in sorted((self._records[step] for step in concerned), key=lambda r: r.position):
            if not self._continues and (name := self._stale(one)):
                found[one.step] = self._why(one, name)
        for above, below in self._overlapping(record):
            clash = set(above.files_written) & {*below.files_read, *below.files_written}
            if clash and below.step not in found:
                found[below.step] = (
                    f"step {above.step!r} wrote {sorted(clash)[0]} while this step used it; "
                    f"after:{above.step} would say so beforehand"
                )
        return found

    def is_written_above(self, name: str, position: int) -> bool:
        """Whether there is a value of a name for the step at ``position``."""
        writer = self._writer(name, position)
        return writer is not None and name in writer.writes

    def _replace(self, record: StepRecord) -> set[str]:
        """Puts the record in the place of an older one; the names that either has to do with."""
        touched: set[str] = set()
        old = self._records.pop(record.step, None)
        if old is not None:
            touched |= _names(old)
            for name in _left(old):
                del self._writers[name][old.position]
            for name in old.takes:
                self._takers[name].discard(old.step)
            self._starts.subtract(old.starts.items())
            for name in old.setup:
                del self._setup[name][old.step]
        for name in _left(record):
            self._writers.setdefault(name, {})[record.position] = record
        for name in record.takes:
            self._takers.setdefault(name, set()).add(record.step)
        self._starts.update(record.starts.items())
        for name, digest in record.setup.items():
            self._setup.setdefault(name, {})[record.step] = digest
        self._records[record.step] = record
        return touched | _names(record)

    def _stale(self, record: StepRecord) -> str:
        """The first name whose newest value is no longer the one that the step took, or nothing."""
        for name, taken in record.takes.items():
            writer = self._writer(name, record.position)
            if writer is None:
                newest = Taken()
            elif name in writer.writes:
                newest = Taken(writer.step, writer.writes[name].fingerprint)
            else:
                newest = Taken(writer.step, "deleted")
            if newest != taken and not (writer and self._is_chance(writer, name)):
                if name == _WARNED and not taken.step and name not in record.writes:
                    continue  # it showed no warning, so none that it should have kept back
                return name
        return ""

    def _writer(self, name: str, position: int) -> StepRecord | None:
        """The nearest step above that wrote or deleted a name."""
        writers = self._writers.get(name, {})
        nearest = max((place for place in writers if place < position), default=None)
        return None if nearest is None else writers[nearest]

    def _is_chance(self, writer: StepRecord, name: str) -> bool:
        """Whether the state of a generator goes back to no seed: then its draws need no order.

        A generator that stood the same in two fresh kernels was seeded by setup.
        """
        written, start = writer.writes.get(name), writer.starts.get(name)
        same = self._starts[name, start] if start is not None else 0
        return written is not None and written.by_chance and same < 2

    def _why(self, record: StepRecord, name: str) -> str:
        writer = self._writer(name, record.position)
        what = _words(name)
        if writer is None or name not in writer.writes:
            return f"{what} is no longer what it was"
        return f"step {writer.step!r} changed {what}, which nothing in its source shows"

    def _check(self, record: StepRecord) -> None:
        for name, digest in record.setup.items() if not self._continues else ():
            other = next((step for step in self._setup[name] if step != record.step), None)
            if other is not None and self._setup[name][other] != digest:
                above, below = sorted((record.step, other), key=lambda step: self._records[step].position)
                raise RunError(
                    f"setup gives {name!r} another value in step {below!r} than in step {above!r}",
                    hint="setup is run in front of every step; move what is random, reads the "
                    "clock or makes temporary files into a step",
                )
        for above_one, below_one in self._overlapping(record):
            clash = set(above_one.files_read) & set(below_one.files_written) - set(above_one.files_written)
            if clash:
                raise RunError(
                    f"step {below_one.step!r} wrote {sorted(clash)[0]} while step {above_one.step!r}, which "
                    "stands above it, was reading it",
                    hint=f"tag step {below_one.step!r} with after:{above_one.step}",
                )
        for outer, inner in self._apart:
            if record.step in (outer, inner) and outer in self._records and inner in self._records:
                _check_surrounded(self._records[outer], self._records[inner])

    def _overlapping(self, record: StepRecord) -> Iterator[tuple[StepRecord, StepRecord]]:
        """Pairs (above, below) with this step, of which the lower did not wait for the upper."""
        if not (record.files_read or record.files_written):
            return
        for other in sorted(self._records.values(), key=lambda r: r.position):
            if other.step == record.step or not (other.files_read or other.files_written):
                continue
            above, below = (other, record) if other.position < record.position else (record, other)
            if above.step in self._spans and below.step in self._spans:
                if self._spans[below.step].start < self._spans[above.step].end:
                    yield above, below


def _left(record: StepRecord) -> set[str]:
    """What is otherwise after the step; of own modules, too, that cannot be handed on as they are then."""
    return {*record.writes, *record.deleted, *(name for name in record.refused if name.startswith(_MODULE))}


def _names(record: StepRecord) -> set[str]:
    return {*_left(record), *record.starts}


def _words(name: str) -> str:
    if name.startswith(_MODULE):
        return f"what the module {name.removeprefix(_MODULE)!r} keeps"
    if name.endswith("random"):
        return f"the state of the generator {name[1:]}" if name[0] == "~" else repr(name)
    if name == _WARNED:
        return "which warnings were shown before"
    if name == "~patches":
        return "functions of other modules"
    if name.startswith("~"):
        return f"the setting {name[1:]}"
    return f"what {name[:-2]!r} keeps beside its source" if name.endswith("()") else repr(name)


def _check_surrounded(outer: StepRecord, inner: StepRecord) -> None:
    """A change that nobody foresaw cannot be placed when the cells of a step stand apart."""
    for one, other in ((outer, inner), (inner, outer)):
        clash = set(one.unforeseen) & {*other.takes, *other.writes}
        if clash:
            raise RunError(
                f"step {one.step!r} changed {sorted(clash)[0]!r} in a way that its source does not "
                f"show, and the cells of step {outer.step!r} stand around step {inner.step!r}",
                hint=f"move the cells of step {outer.step!r} together, or make them two steps",
            )
