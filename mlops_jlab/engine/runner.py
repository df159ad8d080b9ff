"""A manifest → a run: what is due starts, what saw stale values starts again, what fails stops."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from mlops_jlab.engine.beginning import begin
from mlops_jlab.engine.caching import Caching
from mlops_jlab.engine.cancelling import cancellation
from mlops_jlab.engine.conditions import Conditions
from mlops_jlab.engine.consistency import Court, Span
from mlops_jlab.engine.execution import CellFailure, Execution
from mlops_jlab.engine.executors import Executor, StepWork
from mlops_jlab.engine.executors.opening import check_executor, open_executor
from mlops_jlab.engine.options import Listener, Options
from mlops_jlab.engine.runfolder import RunFolder, RunState, now
from mlops_jlab.engine.sources import StepSources
from mlops_jlab.engine.splitting import Split
from mlops_jlab.entities import parameters as declared
from mlops_jlab.entities import settings
from mlops_jlab.errors import MlopsError, RunError
from mlops_jlab.handoff.objects import ObjectStore
from mlops_jlab.handoff.records import StepRecord, read_record, record_path, write_record
from mlops_jlab.handoff.trust import machine_key
from mlops_jlab.handoff.variables import ATTEMPT, HANDOFF, KEEP, MEMORY
from mlops_jlab.kernels.specs import check_kernel
from mlops_jlab.pipeline.manifest import Manifest, ManifestStep

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
        state = begin(folder, manifest, values, resume=options.resume)
        state.folder = str(options.folder)
        if manifest.folder.resolve() != folder.root / "pipeline":
            state.export = str(manifest.folder.resolve())
        sources = sources or StepSources(manifest)
        environment = _common_environment(folder, options)
        executor = open_executor(options, folder.root, sources, kernel, environment)
        return _Run(manifest, folder, state, values, sources, executor, options, listener).go()
    finally:
        folder.release()


def _common_environment(folder: RunFolder, options: Options) -> dict[str, str]:
    """What all steps have in common beside the runner's own environment."""
    return {
        "PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", "0"),
        **options.environment,
        HANDOFF: str(folder.handoff),
        ATTEMPT: "",
        KEEP: "all" if options.keep_all else "",
    }


class _Run:
    """One run while it happens. Only the thread that calls :meth:`go` changes the plan."""

    def __init__(
        self, manifest: Manifest, folder: RunFolder, state: RunState, values: dict[str, object],
        sources: StepSources, executor: Executor, options: Options, listener: Listener,
    ) -> None:  # fmt: skip
        self._manifest = manifest
        self._folder = folder
        self._state = state
        self._values = dict(state.parameters) or values
        self._sources = sources
        self._executor = executor
        self._options = options
        self._listener = listener
        self._steps = {step.name: step for step in manifest.steps}
        self._before: dict[str, set[str]] = {name: set() for name in self._steps}
        for edge in manifest.edges:
            self._before[edge.target].add(edge.source)
        self._conditions = Conditions(manifest, self._values, options.metrics)
        for step in manifest.steps:
            self._before[step.name] |= self._conditions.waits_for(step)
        self._executions: dict[str, Execution] = {}
        self._begun: dict[str, float] = {}
        self._court = Court(manifest.steps)
        self._running: dict[Future[CellFailure | None], str] = {}
        self._not_before: dict[str, float] = {}
        self._needed: set[str] = set()  # digests of values
        self._spare: set[str] = set()
        self._clock = time.monotonic()
        self._jobs = options.jobs or executor.slots
        self._caching = Caching(
            options.cache, manifest, sources, self._values, options.kernel or manifest.kernel,
            options.environment, options.refresh,
        )  # fmt: skip

    def go(self) -> RunState:
        """Runs to the end, whatever it is, and writes it down."""
        self._folder.begin(self._state)
        self._listener.started(self._state)
        pool = ThreadPoolExecutor(self._jobs, thread_name_prefix="step")
        try:
            with cancellation() as asked:
                self._recall()
                self._loop(pool, asked)
        except KeyboardInterrupt as asked_to:
            self._stop("the run was cancelled")
            self._settle("killed", str(asked_to) or "cancelled; go on with --resume")
        except MlopsError as error:
            self._stop("the run was stopped")
            self._settle("failed", str(error))
        except BaseException as error:
            self._stop("the runner failed")
            self._settle("failed", f"{type(error).__name__}: {error}")
            raise
        else:
            failed = [step for step in self._state.steps if step.error]
            why = f"step {failed[0].name!r} failed" if failed else ""
            self._settle("failed" if failed else "finished", why)
        finally:
            pool.shutdown(wait=True)
            self._executor.close()
            self._caching.close()
        self._listener.ended(self._state)
        return self._state

    def _recall(self) -> None:
        """What finished before the run was resumed counts as evidence."""
        for step in self._state.steps:
            if step.status == "finished":
                record = self._record(step.name)
                self._state.versions |= record.versions
                self._send_back(self._court.hear(record))

    def _settle(self, status: str, error: str) -> None:
        for step in self._state.steps:
            if step.status == "running":
                step.status = "killed"
        self._state.status, self._state.error = status, error
        self._state.remark = self._executor.remark
        self._state.seconds = round(time.monotonic() - self._clock, 3)
        if status == "finished":  # what else went on may find them when it is resumed
            ObjectStore(self._folder.handoff).drop(self._spare - self._needed)
        self._folder.end(self._state)

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
            if step.status == "pending" and self._before[step.name] <= finished
        ]

    def _skip(self, name: str) -> bool:
        """Whether a step is left out; its record says that it made nothing, so others look further up."""
        if not self._conditions.exist:
            return False
        step = self._steps[name]
        skipped = {other.name for other in self._state.steps if other.status == "skipped"}
        why = self._conditions.why_not(step, skipped, self._court)
        if why:
            record = StepRecord(self._manifest.identity, name, step.position)
            write_record(self._folder.handoff, record)
            self._executor.share(self._work(step, ""))
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
        self._begun[name] = time.monotonic()
        self._running[pool.submit(self._execute, self._steps[name], execution)] = name

    def _execute(self, step: ManifestStep, execution: Execution) -> CellFailure | None:
        """One attempt at one step; runs in a thread of the pool."""
        timeout = step.settings.get("timeout")
        timer = None
        if isinstance(timeout, (int, float)) and timeout > 0:
            why = f"the time limit of {timeout:g} s was reached"
            timer = threading.Timer(timeout, execution.stop, (why,))
            timer.start()
        attempt = secrets.token_hex(8)
        work = self._work(step, attempt)
        state = self._state.step(step.name)
        try:
            if not state.again:
                used = self._caching.use(step, self._folder, attempt)
                state.why = used.why
                if used.entry is not None:
                    state.cached, state.origin = used.entry.created, used.entry.origin
                    self._executor.share(work)
                    return None
            failure = self._perform(step, work, execution)
        finally:
            if timer is not None:
                timer.cancel()
        if failure is None and self._attempt_of(step) != attempt:
            return CellFailure(
                "StoppedEarly", "the step ended before its last cell, as after sys.exit()",
                execution.cell_id,
            )  # fmt: skip
        return failure

    def _perform(self, step: ManifestStep, work: StepWork, execution: Execution) -> CellFailure | None:
        if "for_each" not in step.settings:
            return self._executor.execute(work, execution)
        state = self._state.step(step.name)
        split = Split(
            self._executor, self._folder.handoff, self._manifest.identity,
            lambda: 1 + self._jobs - len(self._running),
        )  # fmt: skip
        failure = split.execute(work, execution)
        state.split = split.note
        return failure

    def _work(self, step: ManifestStep, attempt: str) -> StepWork:
        pending = sum(other.status == "pending" for other in self._state.steps)
        return StepWork(
            step.name, step.position, attempt, self._manifest.notebook_of(step),
            self._folder.executed(step.name), self._options.folder, self._parameters_of(step),
            self._environment(step.name, attempt), step.settings, 1 + min(self._jobs, pending),
        )  # fmt: skip

    def _parameters_of(self, step: ManifestStep) -> dict[str, object]:
        cells = self._sources.cells(step.name)
        declares = any("parameters" in cell["metadata"].get("tags", ()) for cell in cells)
        return dict(self._values) if declares else {}

    def _environment(self, step: str, attempt: str) -> dict[str, str]:
        return {
            **_common_environment(self._folder, self._options),
            **self._options.environment_of(step),
            ATTEMPT: attempt,
            MEMORY: str(settings.size(self._steps[step].settings.get("memory")) or ""),
        }

    def _attempt_of(self, step: ManifestStep) -> str:
        path = record_path(self._folder.handoff, step.position, step.name)
        return read_record(path).attempt if path.exists() else ""

    def _finish(self, name: str, future: Future[CellFailure | None]) -> None:
        state = self._state.step(name)
        span = Span(self._begun.pop(name), time.monotonic())
        state.seconds = round(span.end - span.start, 3)
        del self._executions[name]
        failure = future.result()
        if failure is not None:
            retries = self._steps[name].settings.get("retries", 0)
            again = isinstance(retries, int) and state.attempts <= retries
            state.status = "pending" if again else "failed"
            if again:
                self._not_before[name] = time.monotonic() + settings.pause(
                    self._steps[name].settings, state.attempts
                )
            if not again:
                state.error = self._describe(self._steps[name], failure)
            else:
                state.again.append(f"attempt {state.attempts} failed: {failure.message[:200]}")
            self._folder.note(state)
            self._listener.step(state, state.again[-1] if again else "")
            return
        state.status = "finished"
        record = self._record(name)
        self._state.versions |= record.versions
        if not state.cached:
            origin = self._options.environment_of(name).get("MLOPS_JLAB_RUN", "").partition(":")[0]
            state.note = self._caching.keep(self._steps[name], record, state, self._folder, origin)
        misled = self._court.hear(record, span)
        self._folder.note(state)
        if name not in misled:
            self._listener.step(state)
        self._send_back(misled)

    def _send_back(self, misled: Mapping[str, str]) -> None:
        """These steps saw something else than Run All would have shown them."""
        for name, reason in misled.items():
            state = self._state.step(name)
            if state.status != "finished":
                continue  # it is on its way again, and will see what is there now
            state.status = "pending"
            state.again.append(reason)
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

    def _describe(self, step: ManifestStep, failure: CellFailure) -> dict[str, Any]:
        own = failure.cell_id in step.cells
        message, limit = failure.message, step.settings.get("memory")
        if failure.kind.endswith("MemoryError") and limit is not None:
            message = f"the memory limit of {limit} was reached: {message}"
        return {
            "kind": failure.kind,
            "message": message,
            "cell": failure.cell_id,
            "own_cell": own,
            "notebook": str(self._folder.executed(step.name)),
            "traceback": failure.traceback,
        }
