"""Steps on the workers of a Dask cluster; distributed is imported here alone.

Dask holds nothing that would be missed: values and records lie in the run's folder, if the workers see it, or
in a store of values. Its memory has one small answer a step, which is taken and let go at once. So a
worker that dies costs the step that it was executing and no other.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlops_jlab import __version__
from mlops_jlab.engine.executors import Rebuilding, StepWork, working
from mlops_jlab.engine.step.attempt import CellFailure, Execution
from mlops_jlab.engine.step.limits import USUAL
from mlops_jlab.entities import settings
from mlops_jlab.errors import InputError, RunError
from mlops_jlab.handoff.remote import Artifacts
from mlops_jlab.handoff.trust import machine_key
from mlops_jlab.interpreter import SAFE

_CONNECT = 15.0  # seconds
_STOP = 30.0  # seconds that a worker has to end a step before it is given up
_TOPIC = "mlops-jlab"


class DaskCluster(Rebuilding):
    """The workers behind the scheduler at ``address`` (``HOST:PORT``, or with ``tcp://``, ``tls://``).

    ``modules`` are what the steps import; ``folder`` is the run's, which all workers must see unless there
    are ``artifacts``.

    Raises:
        InputError: there is no such cluster, or its workers cannot execute this run.
    """

    def __init__(
        self, address: str, folder: Path, artifacts: str, kernel: str, modules: list[str] | None,
        environment: Mapping[str, str], *, cold: bool,
    ) -> None:  # fmt: skip
        self._folder = folder
        self._url = artifacts
        self._artifacts = Artifacts(artifacts) if artifacts else None
        self._common = {
            "kernel": kernel, "modules": modules, "cold": cold, "artifacts": artifacts,
            "run": str(folder), "environment": dict(environment), "key": machine_key().hex(),
            "safe": os.environ.get(SAFE, ""),
        }  # fmt: skip
        self._listening: dict[str, Execution] = {}
        self._client = _connect(address)
        try:
            self._check_workers(environment)
            self._client.subscribe_topic(_TOPIC, self._heard)
        except BaseException:
            self._client.close()
            raise

    @property
    def slots(self) -> int:
        """The threads of all workers that are there now."""
        return max(1, int(sum(self._client.nthreads().values())))

    @property
    def remark(self) -> str:
        """Nothing is done in another way than asked for."""
        return ""

    @property
    def splits(self) -> bool:
        """A step may be several processes where all workers see the run's folder."""
        return self._artifacts is None

    def execute(self, work: StepWork, execution: Execution) -> CellFailure | None:
        """Executes a step on some worker and takes its answer out of Dask's memory at once."""
        from distributed import CancelledError
        from distributed.scheduler import KilledWorker, NoValidWorkerError

        order = self._order(work)
        stop = self._artifacts or working.FolderStop(self._folder)
        execution.stop_elsewhere = lambda why: stop.ask_to_stop(work.attempt, why)
        self._listening[work.attempt] = execution
        future = self._client.submit(
            working.execute, json.dumps(order), key=f"mlops-jlab-{work.step}-{work.attempt}", pure=False,
            resources=self._resources(work),
        )  # fmt: skip
        try:
            answer = json.loads(self._wait(future, execution))
        except (KilledWorker, NoValidWorkerError) as error:
            return CellFailure("WorkerLost", f"its workers died: {error}", execution.cell_id)
        except CancelledError:
            why = execution.stopped or "the scheduler dropped it"
            return CellFailure("Stopped" if execution.stopped else "WorkerLost", why, execution.cell_id)
        finally:
            future.release()
            self._listening.pop(work.attempt, None)
        if self._artifacts is not None:
            self._artifacts.fetch_executed(work.target)
            self._artifacts.fetch_records(self._folder / "handoff")
        if "error" in answer:
            raise RunError(f"worker {answer['worker']}: {answer['error']}")
        return CellFailure(**answer["failure"]) if answer["failure"] else None

    def note_answer(self, work: StepWork, *, skipped: bool) -> None:
        """Copies a step that was finished without a worker to where the workers look."""
        if self._artifacts is not None:
            self._artifacts.put_step(self._folder / "handoff", work.position, work.step, work.target)

    def close(self) -> None:
        """Leaves the cluster as it was."""
        self._client.close()

    def _order(self, work: StepWork) -> dict[str, Any]:
        return {
            **self._common,
            "step": work.step, "position": work.position, "attempt": work.attempt,
            "source": work.source.read_text("utf-8"), "name": work.target.name, "folder": str(work.folder),
            "parameters": dict(work.parameters), "variables": dict(work.environment),
            "cpus": settings.count(work.settings.get("cpus")),
            "processes": settings.count(work.settings.get("processes")) or USUAL,
        }  # fmt: skip

    def _wait(self, future: Any, execution: Execution) -> str:
        waited = 0.0
        while True:
            try:
                return str(future.result(timeout=1.0))
            except TimeoutError:
                waited += 1.0 if execution.stopped else 0.0
                if waited > _STOP:
                    future.cancel()

    def _heard(self, event: Any) -> None:
        """A worker begins a cell."""
        message = event[1] if isinstance(event, tuple) else event
        execution = self._listening.get(message["attempt"])
        if execution is not None:
            execution.cell_id = message["cell"]
            execution.on_cell(message["index"], message["count"], message["cell"])

    def _resources(self, work: StepWork) -> dict[str, float]:
        """What the step asks for, of that which any worker declares to have.

        Raises:
            InputError: no worker has so much.
        """
        asked = {
            "cpus": settings.count(work.settings.get("cpus")),
            "memory": settings.size(work.settings.get("memory")) or 0,
        }
        found: dict[str, float] = {}
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        for name, amount in asked.items():
            most = max((worker.get("resources", {}).get(name, 0) for worker in workers), default=0)
            if amount and most:
                if most < amount:
                    raise RunError(
                        f"step {work.step!r} asks for {name} {amount:,}, and the largest worker has "
                        f"{most:,.0f}",
                        hint=f"lower {name} of the step, or start a larger worker",
                    )
                found[name] = amount
        return found

    def _check_workers(self, environment: Mapping[str, str]) -> None:
        store = environment.get("MLOPS_JLAB_STORE") or os.environ.get("MLOPS_JLAB_STORE", "")
        with _understood(), _mark(self._folder) as mark:
            said = self._client.run(working.introduce, str(mark), store)
        if not said:
            raise InputError("the Dask cluster has no workers", hint="start one: dask worker HOST:PORT")
        for worker, facts in sorted(said.items()):
            if facts["version"] != __version__:
                raise InputError(
                    f"worker {worker} has mlops-jlab {facts['version']}, and this is {__version__}",
                    hint="install the same version on all machines",
                )
            if not facts["sees_run"] and not self._url:
                raise InputError(
                    f"worker {worker} does not see the run's folder {self._folder}",
                    hint="put it on a file system that all machines share with --output, or keep values in a "
                    "store with --artifacts URL",
                )
            if store and not facts["sees_store"]:
                raise InputError(
                    f"worker {worker} does not see the run table in {store}, so what steps log would be lost",
                    hint="put it where all machines see it (MLOPS_JLAB_STORE), or add --no-track",
                )


def _connect(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError(
            "Dask is not installed", hint="pip install 'mlops-jlab[dask]' here and on the workers"
        ) from error
    try:
        return Client(address, timeout=_CONNECT, set_as_default=False, name="mlops-jlab")
    except (OSError, ValueError) as error:
        raise InputError(
            f"there is no Dask scheduler at {address}: {str(error) or 'no answer'}",
            hint="start one with: dask scheduler",
        ) from error


@contextmanager
def _mark(folder: Path) -> Iterator[Path]:
    """A file that only those can see who see this very folder."""
    mark = folder / f".seen-{secrets.token_hex(8)}"
    mark.touch()
    try:
        yield mark
    finally:
        mark.unlink()


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise InputError(
            f"a worker cannot import mlops-jlab: {error}", hint="install it on all machines"
        ) from error
