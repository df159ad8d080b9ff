"""One firing of a schedule, from what made it due to whom was told; each step with its reason.

What was done is written down before the next step begins, so that another worker can go on where this one
died. The run goes on in its own folder; a promotion is one transaction, and is not done twice.
"""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import NoReturn

from mlops_jlab.costs import quotas
from mlops_jlab.engine.asked import Options
from mlops_jlab.entities.models import CHALLENGER, CHAMPION, ModelVersion
from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.entities.runs import RunStatus, new_run_id
from mlops_jlab.entities.schedules import Firing, Schedule, Story
from mlops_jlab.errors import ConflictError, InputError, MlopsError
from mlops_jlab.gates.rules import MORE
from mlops_jlab.masking import masked
from mlops_jlab.pipeline.planning import name_of
from mlops_jlab.policies import standing
from mlops_jlab.policies.standing import PolicyBreach
from mlops_jlab.registry import versions
from mlops_jlab.retraining import alerts, executing, schedules
from mlops_jlab.retraining.executing import Executed
from mlops_jlab.scheduling import expressions
from mlops_jlab.store import opening, permitting, scheduling
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import announcing, lifecycle

RETRAINING = permitting.RETRAINING


class Failed(Exception):
    """A step of the story failed; ``again`` says whether another try may help."""

    def __init__(self, step: str, why: str, *, again: bool = True) -> None:
        super().__init__(why)
        self.step, self.why, self.again = step, why, again


class Stopped(Exception):
    """The process was told to end, as when the machine goes down: nobody has given up the firing."""


@dataclass
class Retraining:
    """Goes through the story of one firing that this process has claimed."""

    place: Place
    schedule: Schedule
    firing: Firing
    clock: Callable[[], float] = time.time
    announced: Callable[[str], None] = lambda _run: None  # is told each run's id before it begins
    _signals: list[int] = field(default_factory=list)

    def go(self) -> Firing:
        """To its end; how it came out is in the store.

        Raises:
            SystemExit: this process was told to end; the next one that looks goes on with the run.
        """
        event = "failed"
        begun = time.monotonic()
        try:
            pipeline = self._check_data()
            self._check_quota(pipeline)
            self._run(pipeline, begun)
            event = self._promote()
        except Stopped:
            self._leave()
        except Failed as failed:
            if failed.again and self.firing.attempt <= self.schedule.retries:
                return self._later(failed)
            self._note(failed.step, "failed", failed.why)
        self._tell(event)
        self.firing = replace(
            self.firing, status="failed" if event == "failed" else "finished", ended=self.clock()
        )
        self._save()
        self._forget_old()
        return self.firing

    def _note(self, step: str, outcome: str, why: str = "") -> None:
        told = Story(step, outcome, masked(why)[:2000], self.clock())
        self.firing = replace(self.firing, steps=(*self.firing.steps, told))
        self._save()

    def _save(self, not_before: float = 0.0) -> None:
        with opening.writing(self.place) as connection:
            scheduling.save(connection, self.firing, not_before=not_before)

    def _leave(self) -> NoReturn:
        with suppress(ConflictError):  # who has cancelled it has ended it as well
            self._note("run", "again", "its process was told to end; the next one that looks goes on")
            with opening.writing(self.place) as connection:
                scheduling.let_go(connection, self.firing)
        raise SystemExit(128 + signal.SIGTERM)

    def _later(self, failed: Failed) -> Firing:
        wait = min(86_400.0, self.schedule.backoff * 2.0 ** (self.firing.attempt - 1))
        self._note(failed.step, "again", f"{failed.why}; tried again in {wait:g} s")
        self.firing = replace(self.firing, status="waiting")
        self._save(self.clock() + wait)
        return self.firing

    def _check_data(self) -> Path:
        for path in self.schedule.on_data:
            found = Path(path)
            if not found.exists() or (found.is_dir() and not any(found.iterdir())):
                raise Failed("data", f"there is nothing at {path}")
            if found.is_file() and not found.stat().st_size:
                raise Failed("data", f"{path} is empty")
        try:
            pipeline = schedules.what_is_executed(self.place, self.schedule)
        except InputError as error:
            raise Failed("data", str(error.message), again=False) from error
        if self.schedule.on_data:
            self._note("data", "done", f"{len(self.schedule.on_data)} paths are there")
        return pipeline

    def _check_quota(self, pipeline: Path) -> None:
        """Nothing begins that would use more than the policy allows of this month."""
        if executing.has_begun(Path(self.firing.folder or "-")):
            return  # it has begun already, and is resumed
        try:
            if not standing.of(self.place.root).quotas:
                return
            why = quotas.check(
                self.place, name_of(pipeline), lifecycle.user(), who=RETRAINING,
                subject=f"schedule {self.schedule.name}", now=self.clock(),
            )  # fmt: skip
        except InputError as error:
            raise Failed("quota", error.message, again=False) from error
        if why:
            raise Failed("quota", why, again=False)

    def _run(self, pipeline: Path, begun: float) -> None:
        run_id = new_run_id()
        try:
            target = self._target(pipeline)
        except MlopsError as error:
            raise Failed("run", error.message, again=not isinstance(error, InputError)) from error
        self.firing = replace(self.firing, folder=str(target))
        self._save()
        try:
            self._announce(run_id, target)
            done = self._execute(pipeline, target, begun, run_id)
        except MlopsError as error:
            with suppress(MlopsError):  # a run that has begun says itself how it ended
                announcing.give_up(self.place, run_id, RunStatus.FAILED, error.message)
            raise Failed("run", error.message, again=not isinstance(error, InputError)) from error
        if done.status == "killed" and signal.SIGTERM in self._signals:
            raise Stopped
        if done.status != "finished":
            raise Failed("run", done.failure, again=not done.blocked)
        self._note("run", "done", done.in_words)

    def _target(self, pipeline: Path) -> Path:
        """The folder to run in: that of the try before, unless it has executed something else."""
        target = Path(self.firing.folder or self._folder())
        if executing.has_begun(target) and executing.has_changed(pipeline, target):
            self._note("run", "anew", f"{Path(self.schedule.pipeline).name} has changed since the try before")
            self.firing = replace(self.firing, run="")  # what that try has registered is not judged here
            target = next(
                found for number in count(2)
                if not (found := self._folder().with_name(f"{self._folder().name}-{number}")).exists()
            )  # fmt: skip
        elif not executing.has_begun(target):
            shutil.rmtree(target, ignore_errors=True)
        return target

    def _execute(self, pipeline: Path, target: Path, begun: float, run_id: str) -> Executed:
        options = Options(
            folder=target, resume=executing.has_begun(target), cache=self.place.root / "cache",
            environment={MORE: "\n".join(self.schedule.gate)},
            cancelled=lambda: self._too_long(begun), signalled=self._signals.append,
        )  # fmt: skip
        return executing.execute(
            self.place, self.schedule, pipeline, target, run_id, options, self._parameters
        )  # fmt: skip

    def _parameters(self, declared: tuple[Parameter, ...]) -> dict[str, object]:
        """The parameters, those that name a time as of the time that was due; which is written down."""
        due = datetime.fromisoformat(self.firing.due.partition(" ")[0])
        with opening.reading(self.place) as connection:
            last = scheduling.last_success(connection, self.schedule.id, self.firing.due)
        given = self.schedule.parameters
        then = schedules.moments(self.schedule, due, last)
        values = expressions.values(declared, given, then, from_text=False)
        timed = [f"{name}={values[name]}" for name, text in given.items() if expressions.has_expression(text)]
        if timed:
            self._note("parameters", "done", ", ".join(timed))
        return values

    def _folder(self) -> Path:
        stamp = "".join(char if char.isalnum() else "-" for char in self.firing.due)
        return self.place.root / "runs" / self.schedule.name / stamp[:80]

    def _announce(self, run_id: str, target: Path) -> None:
        """Who looks at the firing finds the run from here on, however it goes on."""
        name = self.schedule.name
        announcing.announce(self.place, announcing.Announcement(
            run_id, f"{name}-{target.name}", name, "pipeline", Path(self.schedule.pipeline),
            folder=target,
        ))  # fmt: skip
        runs = [*self.firing.run.split(), run_id]
        self.firing = replace(self.firing, run=" ".join(runs))
        self._save()
        self.announced(run_id)

    def _too_long(self, begun: float) -> str:
        limit = self.schedule.timeout
        over = limit and time.monotonic() - begun > limit
        return f"the time limit of {limit:g} s was reached" if over else ""

    def _promote(self) -> str:
        """Looks at what the run has registered and what its gates say; the event that comes of it."""
        runs = self.firing.run.split()
        made = [version for version in versions.of_runs(self.place, runs) if not self._stays(version, runs)]
        if not made:
            self._note("register", "nothing", "the run has registered no model: nothing in it has changed")
            return "kept"
        events = [self._judge(version) for version in made]
        return next(event for event in ("failed", "refused", "promoted", "kept") if event in events)

    def _stays(self, version: ModelVersion, runs: Sequence[str]) -> bool:
        """Whether a run has only compared with itself what has the alias already."""
        return version.whole not in runs and (self.schedule.promote or CHAMPION) in version.aliases

    def _judge(self, version: ModelVersion) -> str:
        runs, alias = self.firing.run.split(), self.schedule.promote
        before = "" if version.whole in runs else ", as it was registered before"
        self._note("register", "done", f"{version.title}, {version.size:,} bytes{before}")
        gate = version.gate if version.gate and version.gate["whole"] in runs else None
        verdict = str(gate["verdict"]) if gate else ""
        why = str(gate["why"]) if gate else "no gate has judged it in this run"
        self._note("gates", verdict or "none", f"{version.title}: {why}")
        if not alias:
            return "refused" if verdict == "fail" else "kept"
        if verdict != "pass":
            self._note("promote", "no", f"{version.model}@{alias} stays: {verdict or 'no gate'}")
            return "kept" if verdict == "not enough data" else "refused"
        if self.schedule.approve:
            alias = CHALLENGER
        if alias in version.aliases:
            self._note("promote", "done", f"{version.title} is the {alias} already")
            return "promoted"
        try:
            moved = versions.promote(
                self.place, f"{version.model}/{version.version}", alias,
                reason=f"schedule {self.schedule.name}, due {self.firing.due}: {why}", by=RETRAINING,
                asked_by=self.schedule.author if self.schedule.approve else "",
            )  # fmt: skip
        except (ConflictError, PolicyBreach) as error:
            self._note("promote", "no", error.message)
            return "refused"
        waits = f"; somebody has to approve: mlops-jlab models promote {version.model}@{CHALLENGER}"
        told = f"{moved.model}@{alias}: version {moved.before or 'none'} → {moved.after}"
        self._note("promote", "done", told + (waits if self.schedule.approve else ""))
        return "promoted"

    def _tell(self, event: str) -> None:
        if event not in self.schedule.alert_on or not self.schedule.alerts:
            return
        lines = [f"{step.step}: {step.outcome}  {step.why}".rstrip() for step in self.firing.steps]
        title = f"{self.schedule.name}: {event}"
        body = "\n".join([f"due {self.firing.due} ({self.firing.cause})", *lines, "", self.firing.folder])
        problems = alerts.send(self.schedule.alerts, alerts.Message(event, title, body))
        self._note("tell", "failed" if problems else "done", "; ".join(problems) or title)

    def _forget_old(self) -> None:
        """Keeps the folders of the last runs; all else of them stays in the run table."""
        with opening.reading(self.place) as connection:
            past = scheduling.firings(connection, self.schedule.id, 10_000)
        root = self.place.root / "runs"
        for firing in past[self.schedule.keep :]:
            folder = Path(firing.folder)
            if firing.folder and firing.status in ("finished", "failed") and folder.is_relative_to(root):
                shutil.rmtree(folder, ignore_errors=True)
