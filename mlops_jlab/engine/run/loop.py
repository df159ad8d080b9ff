"""A manifest → a run: what is due starts, what saw stale values starts again, what fails stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from queue import Empty, SimpleQueue

from mlops_jlab.engine.asked import Listener, Options
from mlops_jlab.engine.cache.use import Caching
from mlops_jlab.engine.executors import CannotGoOn, Executor
from mlops_jlab.engine.executors.opening import check_executor, open_executor
from mlops_jlab.engine.folder.state import UNWRITTEN, RunFolder, RunState, now
from mlops_jlab.engine.run.attempts import Attempts, common_environment
from mlops_jlab.engine.run.cancel import cancellation
from mlops_jlab.engine.run.conditions import Conditions
from mlops_jlab.engine.run.start import begin
from mlops_jlab.engine.run.witness import Court, Span
from mlops_jlab.engine.sources import StepSources
from mlops_jlab.engine.step.attempt import CellFailure, Execution
from mlops_jlab.entities import parameters as declared
from mlops_jlab.entities import settings
from mlops_jlab.errors import MlopsError, RunError
from mlops_jlab.handoff.objects import ObjectStore
from mlops_jlab.handoff.records import StepRecord, read_record, record_path, write_record
from mlops_jlab.handoff.trust import machine_key
from mlops_jlab.pipeline.manifest import Manifest
from mlops_jlab.processes.specs import check_kernel

_MOST_REPEATS = 25
_PAUSE = 0.05  # seconds between two looks at steps that wait


def run(
    manifest: Manifest, target: Path, given: Mapping[str, object], options: Options,
    listener: Listener, sources: StepSources | None = None,
) -> RunState:  # fmt: skip
    """Runs the pipeline into the folder ``target`` and tells how it went.

    ``given`` are parameters as plain JSON data, checked by
    :func:`mlops_jlab.entities.parameters.resolve`; ``sources`` those of the manifest, if they were read.

    Raises:
        InputError: an unknown parameter or kernel, or a folder that holds something else.
    """
    values = declared.resolve(manifest.parameters, given)
    kernel = options.kernel or manifest.kernel
    check_executor(options.executor)
    check_kernel(kernel)
    machine_key()
    folder = RunFolder(target.resolve())
    try:
        state = begin(folder, manifest, values, resume=options.resume, apart=bool(options.only))
        state.folder = str(options.folder)
        if manifest.folder.resolve() != folder.root / "pipeline":
            state.export = str(manifest.folder.resolve())
        sources = sources or StepSources(manifest)
        environment = common_environment(folder, options)
        written: SimpleQueue[tuple[str, str]] = SimpleQueue()
        executor = open_executor(options, manifest, folder, sources, kernel, environment, written.put)
        return _Run(manifest, folder, state, values, sources, executor, options, listener, written).go()
    finally:
        folder.release()


class _Run:
    """One run while it happens. Only the thread that calls :meth:`go` changes the plan."""

    def __init__(
        self, manifest: Manifest, folder: RunFolder, state: RunState, values: dict[str, object],
        sources: StepSources, executor: Executor, options: Options, listener: Listener,
        written: SimpleQueue[tuple[str, str]],
    ) -> None:  # fmt: skip
        self._manifest = manifest
        self._folder = folder
        self._state = state
        self._values = dict(state.parameters) or values
        self._executor = executor
        self._options = options
        self._listener = listener
        self._written = written  # steps whose values have been written down after they were over, or why not
        self._steps = {step.name: step for step in manifest.steps}
        self._before: dict[str, set[str]] = {name: set() for name in self._steps}
        for edge in manifest.edges:
            self._before[edge.target].add(edge.source)
        self._conditions = Conditions(manifest, self._values, options.metrics)
        for step in manifest.steps:
            self._before[step.name] |= self._conditions.waits_for(step) | executor.waits_for(step.name)
        self._executions: dict[str, Execution] = {}
        self._begun: dict[str, float] = {}
        self._court = Court(manifest.steps, continues=executor.continues)
        self._running: dict[Future[CellFailure | None], str] = {}
        self._spans: dict[str, Span] = {}
        self._restarts = 0
        self._not_before: dict[str, float] = {}
        self._needed: set[str] = set()  # digests of values
        self._spare: set[str] = set()
        self._clock = time.monotonic()
        self._unwritten: MlopsError | None = None  # why the folder does not say how the run ended
        self._jobs = options.jobs or executor.slots
        self._caching = Caching(
            options.cache, manifest, sources, self._values, options.kernel or manifest.kernel,
            options.environment, options.refresh, options.folder,
        )  # fmt: skip
        self._attempts = Attempts(
            manifest, folder, state, self._values, sources, executor, options, self._caching, self._jobs
        )

    def go(self) -> RunState:
        """Runs to the end, whatever it is, and writes it down."""
        self._folder.begin(self._state)
        self._listener.started(self._state)
        pool = ThreadPoolExecutor(self._jobs, thread_name_prefix="step")
        try:
            with cancellation(self._options.signalled) as asked:
                self._recall()
                self._loop(pool, asked)
                self._executor.settle()
                self._hear_written()
        except KeyboardInterrupt as asked_to:
            self._stop("the run was cancelled")
            self._settle("killed", str(asked_to) or "cancelled; go on with --resume")
        except MlopsError as error:
            self._stop("the run was stopped")
            self._settle("failed", str(error))
        except BaseException as error:
            self._stop("the runner failed")
            self._settle("failed", f"{type(error).__name__}: {error}")
            self._listener.ended(self._state)
            raise
        else:
            failed = [step for step in self._state.steps if step.error]
            why = failed[0].cause if failed else ""
            self._settle("failed" if failed else "finished", why)
        finally:
            pool.shutdown(wait=True)
            self._executor.close()
            self._caching.close()
        self._listener.ended(self._state)
        if self._unwritten is not None:
            raise self._unwritten
        return self._state

    def _recall(self) -> None:
        """What finished before the run was resumed counts as evidence."""
        for step in self._state.steps:
            if step.status in ("finished", "skipped"):
                record = self._record(step.name)
                self._state.versions |= record.versions
                self._send_back(self._court.hear(record))
                self._executor.note_answer(
                    self._attempts.work(self._steps[step.name], record.attempt),
                    skipped=step.status == "skipped",
                )

    def _settle(self, status: str, error: str) -> None:
        for step in self._state.steps:
            if step.status == "running":
                step.status = "killed"
        self._state.status, self._state.error = status, error
        self._state.remark = self._executor.remark
        self._state.seconds = round(time.monotonic() - self._clock, 3)
        if status == "finished":  # what else went on may find them when it is resumed
            ObjectStore(self._folder.handoff).drop(self._spare - self._needed)
        try:
            self._folder.end(self._state)
        except MlopsError as unwritten:  # as on a full disk; the table of runs says how it ended all the same
            self._unwritten = unwritten
            if status == "finished":
                self._state.status, self._state.error = "failed", str(unwritten)

    def _stop(self, why: str) -> None:
        threads = [
            threading.Thread(target=execution.stop, args=(why,)) for execution in self._executions.values()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _loop(self, pool: ThreadPoolExecutor, asked: threading.Event) -> None:
        while True:
            self._hear_written()
            if asked.is_set():
                raise KeyboardInterrupt
            if why := self._options.cancelled():
                raise KeyboardInterrupt(why)
            failed = any(step.error for step in self._state.steps)
            ready = [] if failed else self._ready()
            due = [name for name in ready if self._not_before.get(name, 0) <= time.monotonic()]
            skipped = False
            for name in due[: self._jobs - len(self._running)]:
                if self._skip(name):
                    skipped = True
                else:
                    self._start(pool, name)
            if skipped:
                continue  # it may have been all that others waited for
            if not self._running:
                if not ready and not failed:
                    self._executor.settle()
                    self._hear_written()
                    ready = self._ready()
                if not ready:
                    return
                asked.wait(_PAUSE)  # all that is left waits before it is tried again
                continue
            done, _ = wait(self._running, return_when=FIRST_COMPLETED, timeout=0.2)
            for future in done:
                self._finish(self._running.pop(future), future)

    def _ready(self) -> list[str]:
        """The steps whose inputs are there, those included that wait for their next try."""
        finished = {step.name for step in self._state.steps if step.status in ("finished", "skipped")}
        return [
            step.name
            for step in self._state.steps
            if step.status == "pending" and self._before[step.name] <= finished and self._is_mine(step.name)
        ]

    def _is_mine(self, name: str) -> bool:
        """Whether this runner executes the step."""
        return not self._options.only or name in self._options.only

    def _skip(self, name: str) -> bool:
        """Whether a step is left out; its record says that it made nothing, so others look further up."""
        if not self._conditions.exist:
            return False
        step = self._steps[name]
        skipped = {other.name for other in self._state.steps if other.status == "skipped"}
        self._executor.settle()  # who takes what, and from whom, has to be known
        self._hear_written()
        why = self._conditions.why_not(step, skipped, self._court)
        if why:
            record = StepRecord(self._manifest.identity, name, step.position)
            write_record(self._folder.handoff, record)
            self._executor.note_answer(self._attempts.work(step, ""), skipped=True)
            self._send_back(self._court.hear(record))
            state = self._state.step(name)
            state.status, state.why, state.seconds = "skipped", why, None
            self._folder.note(state)
            self._listener.step(state)
        return bool(why)

    def _start(self, pool: ThreadPoolExecutor, name: str) -> None:
        state = self._state.step(name)
        state.status, state.started, state.error = "running", now(), None
        state.attempts += 1
        state.cached = state.note = state.why = ""
        self._folder.note(state)
        self._listener.step(state)
        execution = Execution(
            on_cell=lambda index, count, cell: self._listener.cell(name, index, count, cell)
        )
        self._executions[name] = execution
        self._options.watched(name, execution.processes)
        self._begun[name] = time.monotonic()
        self._running[pool.submit(self._attempts.execute, self._steps[name], execution)] = name

    def _finish(self, name: str, future: Future[CellFailure | None]) -> None:
        state = self._state.step(name)
        span = Span(self._begun.pop(name), time.monotonic())
        state.seconds = round(span.end - span.start, 3)
        del self._executions[name]
        try:
            failure = future.result()
        except CannotGoOn as why:
            self._go_back(name, why)
            return
        if failure is not None and failure.kind != "Stopped" and (beside := self._executor.ran_beside(name)):
            first = min(beside, key=lambda other: self._steps[other].position)
            beside_it = f"it failed beside step {first!r}, and is executed after it"
            self._go_back(name, CannotGoOn([name], beside_it))
            return
        if failure is not None:
            retries = self._steps[name].settings.get("retries", 0)
            again = isinstance(retries, int) and state.attempts <= retries
            state.status = "pending" if again else "failed"
            if again:
                self._not_before[name] = time.monotonic() + settings.pause(
                    self._steps[name].settings, state.attempts
                )
            if not again:
                state.error = self._attempts.describe(self._steps[name], failure)
            else:
                state.again.append(f"attempt {state.attempts} failed: {failure.message[:200]}")
            self._folder.note(state)
            self._listener.step(state, state.again[-1] if again else "")
            return
        state.status = "finished"
        if self._executor.writes_later(name) and not state.cached:
            self._spans[name] = span
            self._folder.note(state)
            self._listener.step(state)
            return
        misled = self._judge(name, span)
        self._folder.note(state)
        if name not in misled:
            self._listener.step(state)
        self._send_back(misled)

    def _judge(self, name: str, span: Span | None) -> Mapping[str, str]:
        """Takes up the record of a finished step, and keeps its answer; the steps that were misled."""
        state = self._state.step(name)
        record = self._record(name)
        self._state.versions |= record.versions
        if not state.cached:
            origin = self._options.environment_of(name).get("MLOPS_JLAB_RUN", "").partition(":")[0]
            state.note = self._caching.keep(self._steps[name], record, state, self._folder, origin)
        return self._court.hear(record, span)

    def _hear_written(self) -> None:
        """What was written down since the last look."""
        while True:
            try:
                name, why = self._written.get_nowait()
            except Empty:
                return
            state = self._state.step(name)
            if state.status != "finished":
                continue  # it is executed once more
            if why:
                state.note = UNWRITTEN + why
                self._folder.note(state)
                continue
            misled = self._judge(name, self._spans.get(name))
            self._folder.note(state)
            self._listener.written(state)
            self._send_back(misled)

    def _go_back(self, name: str, why: CannotGoOn) -> None:
        """A step cannot begin before others were executed once more."""
        self._restarts += 1
        if not why.steps or self._restarts > _MOST_REPEATS:
            raise RunError(f"step {name!r} cannot go on: {why}")
        self._executor.open_again([*why.steps, name], serial=True)
        for step in self._manifest.steps:
            self._before[step.name] |= self._executor.waits_for(step.name)
            state = self._state.step(step.name)
            if step.name in why.steps and state.status in ("finished", "pending"):
                state.status = "pending"
                state.again.append(why.message)
                self._folder.note(state)
                self._listener.step(state, why.message)
        state = self._state.step(name)
        state.status = "pending"
        state.attempts -= 1
        self._folder.note(state)

    def _send_back(self, misled: Mapping[str, str]) -> None:
        """These steps saw something else than Run All would have shown them."""
        for name, reason in misled.items():
            state = self._state.step(name)
            if state.status != "finished":
                continue  # it is on its way again, and will see what is there now
            if not self._is_mine(name):
                raise RunError(
                    f"step {name!r} is done, and has to be executed again: {reason}",
                    hint="tag the step that is to wait with after:NAME, and export the notebook again",
                )
            state.status = "pending"
            state.again.append(reason)
            self._executor.open_again([name])
            if len(state.again) > _MOST_REPEATS:
                raise RunError(f"step {name!r} never comes to rest: {reason}")
            self._folder.note(state)
            self._listener.step(state, reason)
            for below in self._state.steps[self._steps[name].position + 1 :]:
                if below.status == "skipped":
                    below.status = "pending"  # what it waits for may be another now

    def _record(self, name: str) -> StepRecord:
        record = read_record(record_path(self._folder.handoff, self._steps[name].position, name))
        self._needed.update(record.objects)
        self._spare.update(record.spare)
        return record
