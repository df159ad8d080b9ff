"""A step that goes through a list, executed as several processes, and as one where that cannot be."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mlops_jlab.engine.executors import Executor, StepWork
from mlops_jlab.engine.step.attempt import CellFailure, Execution
from mlops_jlab.entities import settings
from mlops_jlab.errors import HandoffError
from mlops_jlab.files import write_whole
from mlops_jlab.handoff.records import parts_root, read_record, record_path, records_above, resolve
from mlops_jlab.handoff.variables import ATTEMPT, PART

_NOT_IN_PARTS = "NotInParts"
_PARTS_A_SLOT = 4


@dataclass
class Split:
    """One step in parts. ``note`` tells how it was executed in the end.

    ``handoff`` is where the run's values lie, ``pipeline`` whose they are; ``room`` says how many parts may
    be executed at once.
    """

    executor: Executor
    handoff: Path
    pipeline: str
    room: Callable[[], int]
    note: str = ""
    _running: dict[int, Execution] = field(default_factory=dict)
    _done: int = 0

    def execute(self, work: StepWork, execution: Execution) -> CellFailure | None:
        """Executes the step, by parts if the list is long enough. No part of an earlier try is repeated."""
        count = self._count(work)
        if count < 2 or not self.executor.splits:
            return self.executor.execute(work, execution)
        execution.stop_elsewhere = self._stop
        failure = self._in_parts(work, execution, count)
        if failure is not None and failure.kind == _NOT_IN_PARTS and not execution.stopped:
            self.note = f"executed as one: {failure.message}"
            execution.stop_elsewhere = None
            return self.executor.execute(work, execution)
        if failure is None:
            self.note = f"in {count} parts"
        return failure

    def _count(self, work: StepWork) -> int:
        """How many parts there will be; 1 where the length of the list is not known."""
        above = records_above(self.handoff, self.pipeline, work.position)
        over = str(work.settings["for_each"])
        _taken, record = resolve(above, over)
        length = record.writes[over].length if record is not None else 0
        most = settings.count(work.settings.get("at_most")) or self.executor.slots * _PARTS_A_SLOT
        return max(1, min(length, most))

    def _in_parts(self, work: StepWork, execution: Execution, count: int) -> CellFailure | None:
        due = [n for n in range(1, count + 1) if not self._is_done(work, n, count)]
        self._done = count - len(due)
        with ThreadPoolExecutor(max(1, min(self.room(), len(due) or 1))) as pool:
            answers = pool.map(lambda number: (number, self._one(work, execution, number, count)), due)
            failures = [(number, failure) for number, failure in answers if failure is not None]
        if failures:
            telling = [one for one in failures if one[1].kind != "Stopped"] or failures
            number, first = telling[0]
            execution.cell_id = first.cell_id
            with suppress(OSError):
                shutil.copyfile(_target(work, number, count), work.target)
            return first
        failure = self._one(work, execution, 0, count)
        if failure is None:
            _gather(work.target, [_target(work, number, count) for number in range(1, count + 1)])
        return failure

    def _one(self, work: StepWork, whole: Execution, number: int, count: int) -> CellFailure | None:
        """One part, or with number 0 the process that puts them together."""
        attempt = secrets.token_hex(8) if number else work.attempt
        own = Execution(on_cell=lambda _i, _n, cell: whole.on_cell(self._done, count + 1, cell))
        self._running[number] = own
        whole.parts.append(own)
        if whole.stopped:
            return CellFailure("Stopped", whole.stopped)
        environment = {**work.environment, PART: f"{number}/{count}", ATTEMPT: attempt}
        part = replace(work, attempt=attempt, target=_target(work, number, count), environment=environment)
        try:
            failure = self.executor.execute(part, own)
            if failure is None and number and not self._is_done(work, number, count, attempt):
                failure = CellFailure("StoppedEarly", "a part ended before its last cell", own.cell_id)
            if failure is not None and not whole.stopped:
                self._stop_others(number, "another part failed")
            return failure
        finally:
            del self._running[number]
            whole.parts.remove(own)
            self._done += 1

    def _is_done(self, work: StepWork, number: int, count: int, attempt: str = "") -> bool:
        """Whether a part has left its work, in this attempt or with the inputs that there are now."""
        path = record_path(parts_root(self.handoff, work.step, count) / str(number), work.position, work.step)
        try:
            record = read_record(path) if path.exists() else None
        except HandoffError:
            return False
        if record is None or attempt:
            return record is not None and record.attempt == attempt
        above = records_above(self.handoff, self.pipeline, work.position)
        same = all(resolve(above, name)[0] == taken for name, taken in record.takes.items())
        return record.pipeline == self.pipeline and same

    def _stop(self, why: str) -> None:
        self._stop_others(-1, why)

    def _stop_others(self, number: int, why: str) -> None:
        for other, execution in list(self._running.items()):
            if other != number:
                execution.stop(why)


def _target(work: StepWork, number: int, count: int) -> Path:
    """Where the executed notebook of a part goes; that of the last process is the step's."""
    digits = len(str(count))
    return work.target.with_suffix(f".{number:0{digits}d}.ipynb") if number else work.target


def _gather(target: Path, parts: Sequence[Path]) -> None:
    """Puts what the parts have shown into the step's executed notebook, cell by cell."""
    whole = json.loads(target.read_text("utf-8"))
    others = [json.loads(path.read_text("utf-8")) for path in parts if path.is_file()]
    for place, cell in enumerate(whole["cells"]):
        if cell["cell_type"] == "code":
            shown = [other["cells"][place].get("outputs", []) for other in others]
            cell["outputs"] = _together(cell.get("outputs", []), shown)
    text = json.dumps(whole, ensure_ascii=False, indent=1) + "\n"
    write_whole(target, text.encode("utf-8", "surrogateescape"))


def _together(base: list[dict[str, Any]], shown: Sequence[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The outputs of one cell: what all have, then what each part has beside it."""
    found = list(base)
    for outputs in shown:
        for place, output in enumerate(outputs):
            own = base[place] if place < len(base) else None
            more = _beyond(output, own) if own is not None else output
            if more is None:
                continue
            last = found[-1] if found else {}
            if more["output_type"] == "stream" == last.get("output_type") and more["name"] == last["name"]:
                found[-1] = {**last, "text": _text(last) + _text(more)}
            else:
                found.append(more)
    return found


def _beyond(output: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is in an output and not in the one that all have; nothing if it is the same."""
    if output == own:
        return None
    same = output["output_type"] == "stream" == own["output_type"] and output["name"] == own["name"]
    if same and _text(output).startswith(_text(own)):
        return {**output, "text": _text(output)[len(_text(own)) :]}
    return dict(output)


def _text(output: Mapping[str, Any]) -> str:
    return "".join(output["text"])
