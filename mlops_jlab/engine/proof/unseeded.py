"""What of a run goes back to random numbers that nobody seeded: no comparison proves anything about it."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass

from mlops_jlab.handoff.records import StepRecord


@dataclass(frozen=True)
class Unseeded:
    """The steps whose answers depend on chance, and the names whose last values do."""

    steps: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


def unseeded(
    records: Iterable[StepRecord], reading_anything: Set[str] = frozenset(), silent: Set[str] = frozenset()
) -> Unseeded:
    """What the records of one run tell of chance; two equal draws are luck, and change nothing.

    A step depends on a step above if it took a value of it or read a file that it wrote; those that are
    ``reading_anything``, if there is one. In those that are ``silent`` of Python's own generator only imports
    draw from it, to name things.
    """
    steps: set[str] = set()
    names: set[str] = set()
    files: set[str] = set()
    ordered = sorted(records, key=lambda record: record.position)
    for record in ordered:
        if (
            _draws(record, record.step in silent)
            or any(taken.step in steps for taken in record.takes.values())
            or files.intersection((*record.files_read, *record.files_before))
            or (steps and record.step in reading_anything)
        ):
            steps.add(record.step)
            names |= record.writes.keys()
            files |= set(record.files_written)
        else:
            names -= record.writes.keys()
            files -= set(record.files_written) - set(record.files_read)
        names -= set(record.deleted)
    if ordered and set.intersection(*(set(record.chance) for record in ordered)):
        written = {name for record in ordered for name in record.writes}
        names |= {name for record in ordered for name in record.setup} - written
    return Unseeded(frozenset(steps), frozenset(names))


def _draws(record: StepRecord, is_silent: bool) -> bool:
    drawn = {name for name, written in record.writes.items() if written.by_chance}
    return bool(record.chance) or bool(drawn - {"~random"} if is_silent else drawn)
