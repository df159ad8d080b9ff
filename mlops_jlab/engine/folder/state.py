"""A run's folder: ``run.json`` and its journal, executed notebooks, handoff files, report.

While a run goes on, each change of a step is one line at the end of ``run.jsonl``; when it is over,
``run.json`` is written anew and says all of it.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

from mlops_jlab.errors import DataBlocked, InputError, MlopsError, unwritten
from mlops_jlab.files import PRIVATE, write_whole
from mlops_jlab.pipeline.planning import is_unbegun
from mlops_jlab.store.locks import holder

FORMAT = 1
UNWRITTEN = "what it made is not kept: "  # how the note of a step begins whose values no disk took
_LONGEST = 400  # characters of a cause
_DYING = 1.0  # seconds that a runner which was killed may need to be gone


@dataclass
class StepState:
    """One step of a run. ``status`` is pending, running, finished, skipped, failed or killed."""

    name: str
    status: str = "pending"
    started: str = ""
    seconds: float | None = None
    attempts: int = 0
    again: list[str] = field(default_factory=list)  # why it ran again
    error: dict[str, Any] | None = None
    cached: str = ""  # when its answer was computed, if that was in an earlier run
    origin: str = ""  # that step's run in the run table
    why: str = ""  # why it was run although there is a cache, or why it was skipped
    note: str = ""  # why its answer is not kept for other runs
    split: str = ""  # how a step that goes through a list was executed

    @property
    def is_blocked(self) -> bool:
        """Whether a check of its data has stopped it."""
        return self.status == "failed" and (self.error or {}).get("kind") == DataBlocked.__name__

    @property
    def reason(self) -> str:
        """What was raised, and its words; a check of data says all by itself."""
        kind, message = ((self.error or {}).get(key, "") for key in ("kind", "message"))
        return message if kind in ("", DataBlocked.__name__) else f"{kind}: {message}".strip(": ")

    @property
    def cause(self) -> str:
        """What went wrong in one line: ``divide: ZeroDivisionError: division by zero``."""
        said = self.reason.strip().partition("\n")[0]
        return ": ".join(filter(None, (self.name, said)))[:_LONGEST]


@dataclass
class RunState:
    """A run as ``run.json`` tells it."""

    pipeline: str
    notebook: str
    sha256: str
    parameters: dict[str, Any]
    steps: list[StepState]
    status: str = "running"
    started: str = ""
    seconds: float | None = None
    error: str = ""
    versions: dict[str, str] = field(default_factory=dict)  # of what the kernels really imported
    folder: str = ""  # the working directory of the steps
    remark: str = ""  # what was done in another way than asked for, and why
    export: str = ""  # the export that was run, if the run's folder has none of its own
    begun: str = ""  # what the run is known by in this folder, however often it goes on
    journal: str = ""  # names the lines of run.jsonl that go on where this ends
    format: int = FORMAT

    def step(self, name: str) -> StepState:
        """The state of the step ``name``."""
        return next(step for step in self.steps if step.name == name)

    @property
    def failure(self) -> str:
        """Why the run did not finish: what the first step raised that failed, or what stopped it."""
        return self.error or f"the run was {self.status}"


class RunFolder:
    """The folder of one run; ``save`` may be called by any thread."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()
        self._descriptor: FileIO | None = None
        self._name = ""
        self._claim = -1

    @property
    def handoff(self) -> Path:
        """Where the values that cross lie."""
        return self.root / "handoff"

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.root / "report.html"

    def executed(self, step: str) -> Path:
        """The executed notebook of a step."""
        return self.root / "executed" / f"{step}.ipynb"

    def create(self) -> None:
        """Makes the folder; one that holds something else is refused."""
        strange = [p for p in self.root.iterdir() if p.name != "pipeline"] if self.root.is_dir() else []
        if strange and not (self.root / "run.json").exists() and not is_unbegun(self.root):
            raise InputError(f"{self.root} holds something that is not a run", hint="choose another --output")
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self.root / "executed").mkdir(exist_ok=True, mode=0o700)
            self.handoff.mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise unwritten(self.root, error, InputError) from error

    @property
    def _journal(self) -> Path:
        return self.root / "run.jsonl"

    def claim(self) -> None:
        """Makes this the only runner in the folder, until :meth:`release` or the end of the process.

        Raises:
            InputError: another one is at work.
        """
        if sys.platform == "win32":
            return
        import fcntl

        if not self.root.is_dir():
            return
        self._claim = os.open(self.root, os.O_RDONLY)
        deadline = time.monotonic() + _DYING
        while True:
            try:
                fcntl.flock(self._claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() < deadline:
                    time.sleep(0.02)
                    continue
                os.close(self._claim)
                self._claim = -1
                raise InputError(
                    f"another runner is at work in {self.root}: {holder(self.root)}",
                    hint="wait until it is over, or choose another --output",
                ) from error
            except OSError:
                pass  # a file system without locks
            return

    def sweep(self) -> None:
        """Removes what a runner and its steps were writing when they were killed; :meth:`claim` first."""
        for unfinished in self.root.rglob(".*.tmp"):
            unfinished.unlink(missing_ok=True)

    def begin(self, state: RunState) -> None:
        """Writes ``run.json``, and what :meth:`note` says from now on goes on from there."""
        state.journal = secrets.token_hex(8)
        self._write(state)
        self._journal.unlink(missing_ok=True)  # what it says is in run.json now

    def note(self, step: StepState) -> None:
        """Writes down that a step has changed. It is there from then on, whatever becomes of this process."""
        line = json.dumps({"journal": self._name, "step": vars(step)}, ensure_ascii=False, default=str)
        with self._lock, _told("run.jsonl"):
            self._descriptor = self._descriptor or open(  # noqa: SIM115  # until end()
                self._journal, "ab", buffering=0, opener=_private
            )
            data = line.encode("utf-8", "replace") + b"\n"
            if self._descriptor.write(data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def end(self, state: RunState) -> None:
        """Writes ``run.json`` for good."""
        state.journal = ""
        self._write(state)
        with suppress(OSError):
            if self._descriptor is not None:
                self._descriptor.close()
            self._journal.unlink(missing_ok=True)

    def release(self) -> None:
        """Others may be at work in the folder now."""
        if self._claim >= 0:
            os.close(self._claim)
            self._claim = -1

    def _write(self, state: RunState) -> None:
        """Writes ``run.json``, whole or not at all."""
        text = json.dumps(asdict(state), indent=2, ensure_ascii=False, default=str)
        with self._lock, _told("run.json"):
            write_whole(self.root / "run.json", (text + "\n").encode("utf-8", "replace"), PRIVATE)
        self._name = state.journal

    def load(self) -> RunState:
        """The run that ``run.json`` and its journal tell of.

        Raises:
            InputError: there is none, or it is damaged.
        """
        path = self.root / "run.json"
        try:
            content: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
            steps = {step["name"]: StepState(**step) for step in content["steps"]}
            for line in self._lines(content.get("journal", "")):
                steps[line["step"]["name"]] = StepState(**line["step"])
            return RunState(**{**content, "steps": list(steps.values())})
        except FileNotFoundError:
            raise InputError(
                f"{self.root} holds no run", hint="give --output the folder of the run to resume"
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} cannot be read: {error}") from error

    def _lines(self, name: str) -> Iterator[dict[str, Any]]:
        """The whole lines of the journal with this name; the last one may have been cut off by a kill."""
        if not name or not self._journal.is_file():
            return
        for line in self._journal.read_bytes().split(b"\n")[:-1]:
            with suppress(ValueError):
                found = json.loads(line)
                if found.get("journal") == name:
                    yield found


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE)


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MlopsError(
            f"{what} cannot be written: {error.strerror or error}",
            hint="make room, or choose another --output; then go on with --resume",
        ) from error


def now() -> str:
    """This moment in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
