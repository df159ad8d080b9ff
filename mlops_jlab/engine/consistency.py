"""The witness's court: which finished steps saw what Run All would not have shown them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mlops_jlab.errors import RunError
from mlops_jlab.handoff.records import StepRecord, is_stale, setup_conflict
from mlops_jlab.pipeline.manifest import ManifestStep


@dataclass(frozen=True)
class Span:
    """When a step ran, in seconds of a monotonic clock."""

    start: float
    end: float


def steps_to_run_again(records: Mapping[str, StepRecord], spans: Mapping[str, Span]) -> dict[str, str]:
    """The finished steps that must run again, each with the reason in words."""
    found: dict[str, str] = {}
    for record in records.values():
        name = is_stale(record, list(records.values()))
        if name:
            found[record.step] = _why(record, name, records)
    for above, below in _overlapping(records, spans):
        clash = set(above.files_written) & {*below.files_read, *below.files_written}
        if clash and below.step not in found:
            found[below.step] = (
                f"step {above.step!r} wrote {sorted(clash)[0]} while this step used it; "
                f"after:{above.step} would say so beforehand"
            )
    return found


def _why(record: StepRecord, name: str, records: Mapping[str, StepRecord]) -> str:
    writers = [
        other.step
        for other in sorted(records.values(), key=lambda r: -r.position)
        if other.position < record.position and name in other.writes
    ]
    what = _words(name)
    if not writers:
        return f"{what} is no longer what it was"
    return f"step {writers[0]!r} changed {what}, which nothing in its source shows"


def _words(name: str) -> str:
    if name.startswith("~module:"):
        return f"what the module {name.removeprefix('~module:')!r} keeps"
    if name.endswith("random"):
        return f"the state of the generator {name[1:]}" if name[0] == "~" else repr(name)
    if name == "~patches":
        return "functions of other modules"
    if name.startswith("~"):
        return f"the setting {name[1:]}"
    return f"what {name[:-2]!r} keeps beside its source" if name.endswith("()") else repr(name)


def check(
    records: Mapping[str, StepRecord], spans: Mapping[str, Span], steps: Sequence[ManifestStep]
) -> None:
    """Raises RunError where running again cannot put things right."""
    ordered = sorted(records.values(), key=lambda r: r.position)
    for place, record in enumerate(ordered):
        for other in ordered[:place]:
            if name := setup_conflict(record.setup, other):
                raise RunError(
                    f"setup gives {name!r} another value in step {record.step!r} than in step {other.step!r}",
                    hint="setup is run in front of every step; move what is random, reads the "
                    "clock or makes temporary files into a step",
                )
    for above, below in _overlapping(records, spans):
        clash = set(above.files_read) & set(below.files_written) - set(above.files_written)
        if clash:
            raise RunError(
                f"step {below.step!r} wrote {sorted(clash)[0]} while step {above.step!r}, which "
                "stands above it, was reading it",
                hint=f"tag step {below.step!r} with after:{above.step}",
            )
    for step in steps:
        for other_name in step.surrounds:
            if step.name in records and other_name in records:
                _check_surrounded(records[step.name], records[other_name])


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


def _overlapping(
    records: Mapping[str, StepRecord], spans: Mapping[str, Span]
) -> Iterable[tuple[StepRecord, StepRecord]]:
    """Pairs (above, below) of steps of which the lower did not wait for the upper."""
    ordered = sorted(
        (r for r in records.values() if r.files_read or r.files_written), key=lambda r: r.position
    )
    for place, below in enumerate(ordered):
        for above in ordered[:place]:
            if above.step in spans and below.step in spans:
                if spans[below.step].start < spans[above.step].end:
                    yield above, below
