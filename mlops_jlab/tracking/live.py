"""A run in the making: everything that can be logged to it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from mlops_jlab.entities.runs import Artifact, Run, RunStatus, Sample
from mlops_jlab.errors import DataBlocked, TrackingError
from mlops_jlab.store import artifacts
from mlops_jlab.store.recorder import Recorder
from mlops_jlab.tracking import contents, values

_STATUSES = {"SCHEDULED": "pending", "RUNNING": "running", "FINISHED": "finished", "FAILED": "failed",
             "KILLED": "killed", "BLOCKED": "blocked"}  # fmt: skip


@dataclass(frozen=True)
class RunInfo:
    """What MLflow calls the info of a run. Times are milliseconds since 1970."""

    run_id: str
    run_name: str
    experiment_id: str
    status: str
    start_time: int
    end_time: int | None = None
    artifact_uri: str = ""


@dataclass
class Begun:
    """How a run was begun."""

    id: str
    name: str
    experiment: str
    attempt: int = 1
    parent: str = ""
    kind: str = "script"
    at: float = 0.0
    owned: bool = True  # whether this process says when the run ends
    clock: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Keeper:
    """Who begins runs: hears when one is ``left``, and when one that is its own is ``ending``.

    ``attach`` gives the run in another process, by id, attempt, name and experiment.
    """

    left: Callable[[LiveRun], None]
    ending: Callable[[LiveRun], None]
    attach: Callable[[str, int, str, str], LiveRun]


class LiveRun:
    """A run that can be logged to. ``with`` ends it, as failed if the block raises."""

    def __init__(self, recorder: Recorder, begun: Begun, keeper: Keeper) -> None:
        self.recorder = recorder
        self.begun = begun
        self.status = RunStatus.RUNNING
        self.entered = False  # by a with statement
        self.replaces: LiveRun | None = None  # ends as soon as it is clear that this run is no child of it
        self._keeper = keeper
        self._prefixes: dict[str, str] = {}
        self._next: dict[str, int] = {}

    @property
    def id(self) -> str:
        """The run's id: 32 hexadecimal digits."""
        return self.begun.id

    @property
    def name(self) -> str:
        """The run's name."""
        return self.begun.name

    @property
    def info(self) -> RunInfo:
        """Id, name, status and times, named as MLflow names them."""
        return RunInfo(
            self.id, self.name, self.begun.experiment, self.status.upper(), int(self.begun.at * 1000),
            artifact_uri=str(self.recorder.place.objects),
        )  # fmt: skip

    @property
    def data(self) -> Run:
        """The run as the store has it now: ``params``, ``metrics``, ``tags``."""
        from mlops_jlab.tracking.finding import get_run

        return get_run(self.id)

    def log_metric(self, key: str, value: Any, step: int | None = None, at: float | None = None) -> None:
        """Keeps one value of a metric. Without ``step`` it is the next one; the same step again replaces.

        ``at`` is when it was measured, in seconds since 1970; now by default.

        Raises:
            TrackingError: ``value`` is no number, or ``key`` no name.
        """
        if type(value) is not float:
            value = values.metric(key, value)
        prefix = self._prefixes.get(key) or self._prefix(key)
        if step is None:
            step = self._next.get(key, 0)
            self._next[key] = step + 1
        else:
            step = _iteration(key, step)
            if step >= self._next.get(key, 0):
                self._next[key] = step + 1
        number = repr(value) if value - value == 0 else f'"{value}"'
        self.recorder.write(f"{prefix}{step},{number},{time.time() if at is None else at:.3f}]\n".encode())

    def log_metrics(
        self, metrics: Mapping[str, Any], step: int | None = None, at: float | None = None
    ) -> None:
        """Keeps one value each of several metrics."""
        checked = {key: values.metric(key, value) for key, value in metrics.items()}
        for key, value in checked.items():
            self.log_metric(key, value, step, at)

    def _prefix(self, key: str) -> str:
        name = values.name_of(key, "metric")
        self._prefixes[key] = prefix = f'["m","{self.id}",{self.begun.attempt},{json.dumps(name)},'
        return prefix

    def go_on_from(self, run: Run) -> None:
        """The next iteration of each metric comes after those that the store has."""
        self._next = {name: metric.iteration + 1 for name, metric in run.metrics.items()}

    def log_param(self, key: str, value: Any) -> Any:
        """Keeps a param; another value later corrects it, and the store keeps both."""
        name = values.name_of(key, "param")
        self._put("param", name, values.param(name, value), round(time.time(), 3))
        return value

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Keeps several params."""
        for key, value in params.items():
            self.log_param(key, value)

    def set_tag(self, key: str, value: Any) -> None:
        """Sets a tag."""
        name = values.name_of(key, "tag")
        self._put("tag", name, values.tag(name, str(value)))

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Sets several tags."""
        for key, value in tags.items():
            self.set_tag(key, value)

    def delete_tag(self, key: str) -> None:
        """Takes a tag away."""
        self._put("tag", values.name_of(key, "tag"), None)

    def note(self, text: str) -> None:
        """What people should know of this run, as Markdown; a new note replaces the old one."""
        self._put("note", values.note(text))

    def log_artifact(self, local_path: str | Path, artifact_path: str | None = None) -> None:
        """Keeps a file, under its own name below ``artifact_path``; a folder with all that is in it.

        Raises:
            TrackingError: there is no such file, or its name cannot be one.
        """
        path = Path(local_path)
        if path.is_dir():
            self.log_artifacts(path, f"{artifact_path}/{path.name}" if artifact_path else path.name)
            return
        name = artifacts.check_name(f"{artifact_path}/{path.name}" if artifact_path else path.name)
        self._artifact(name, *artifacts.put(self.recorder.place, artifacts.parts_of(path)))

    def log_artifacts(self, local_dir: str | Path, artifact_path: str | None = None) -> None:
        """Keeps all regular files of a folder; links out of it are not followed."""
        folder = Path(local_dir)
        if not folder.is_dir():
            raise TrackingError(f"the folder {folder} does not exist")
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                inside = path.relative_to(folder).parent.as_posix()
                parts = [part for part in (artifact_path, inside) if part and part != "."]
                self.log_artifact(path, "/".join(parts) or None)

    def log_content(self, content: bytes, artifact_file: str) -> None:
        """Keeps bytes as a file."""
        name = artifacts.check_name(artifact_file)
        self._artifact(name, *artifacts.put(self.recorder.place, [content]))

    def keep_artifact(self, file: Artifact) -> None:
        """Keeps a file that another run of the same store has."""
        self._artifact(file.path, file.digest, file.size)

    def log_text(self, text: str, artifact_file: str) -> None:
        """Keeps a text as a file."""
        self.log_content(values.sound(text).encode(), artifact_file)

    def log_dict(self, dictionary: Any, artifact_file: str) -> None:
        """Keeps what JSON or YAML can hold as a file; its ending says which."""
        self.log_content(contents.dictionary(dictionary, artifact_file), artifact_file)

    def log_figure(self, figure: Any, artifact_file: str = "figure.png") -> None:
        """Keeps a figure of matplotlib or plotly, or an image of Pillow; the ending says how."""
        self.log_content(contents.figure(figure, artifact_file), artifact_file)

    def log_table(self, data: Any, artifact_file: str = "table.csv") -> None:
        """Keeps a DataFrame, or a dict of columns, as ``.csv``, ``.json`` or ``.parquet``."""
        frame, content = contents.table(data, artifact_file)
        self.log_content(content, artifact_file)
        self.add_facts({"data": {artifact_file: contents.fingerprint(frame)}})

    def log_model(self, model: Any, name: str = "model") -> None:
        """Keeps a fitted model: by skops where that can hold it, else as a pickle that says so."""
        for inside, content in contents.model(model).items():
            self.log_content(content, f"{name}/{inside}")

    def log_input(self, data: Any, name: str = "data") -> None:
        """Keeps the fingerprint of a DataFrame or array that the run reads, not the data."""
        self.add_facts({"data": {name: contents.fingerprint(data)}})

    def rename(self, name: str) -> None:
        """Gives the run another name."""
        self.begun.name = values.label(name, "name of the run")
        self._put("name", self.begun.name)

    def belong_to(self, parent: str) -> None:
        """The run is a part of the run with the id ``parent``."""
        self.begun.parent = parent
        self._put("parent", parent)

    def add_facts(self, facts: Mapping[str, Any]) -> None:
        """Adds to what is known of the run's origin."""
        self._put("facts", dict(facts))

    def add_samples(self, samples: Sequence[Sample]) -> None:
        """Adds to what the run's processes took of the machine."""
        self._put("samples", [list(astuple(sample)) for sample in samples])

    def _artifact(self, name: str, digest: str, size: int) -> None:
        self._put("artifact", name, digest, size)

    def _put(self, kind: str, *rest: Any) -> None:
        self.recorder.put([kind, self.id, self.begun.attempt, *rest])

    def end(self, status: str = "FINISHED", reason: str = "", at: float | None = None) -> None:
        """Ends the run. ``status`` is ours (``failed``) or MLflow's (``FAILED``).

        ``at`` is when it ended, in seconds since 1970; now by default.
        """
        word = _STATUSES.get(status.upper(), "")
        if not word:
            raise TrackingError(f"{status!r} is not a status", hint="finished, failed, killed or blocked")
        self._keeper.left(self)
        if self.status.is_over or not self.begun.owned:
            return
        self._keeper.ending(self)
        self.status = RunStatus(word)
        duration = max(time.monotonic() - self.begun.clock if at is None else at - self.begun.at, 0.0)
        now = time.time() if at is None else at
        self._put("end", {"status": word, "reason": values.text(reason), "duration": round(duration, 3),
                          "ended": max(now, self.begun.at)})  # fmt: skip
        self.recorder.let_go(self.id)

    def begin_again(self) -> None:
        """The run is open again, in another attempt."""
        self.status = RunStatus.RUNNING
        self.begun.clock = time.monotonic()
        self._prefixes.clear()

    def fail(self, error: BaseException) -> None:
        """Ends the run as failed, with the error as its reason; an interrupt kills it, a check blocks it."""
        if isinstance(error, KeyboardInterrupt):
            self.end("KILLED", "interrupted")
        elif isinstance(error, DataBlocked):
            self.end("BLOCKED", error.message[:2000])
        else:
            self.end("FAILED", f"{type(error).__name__}: {error}"[:2000])

    def __enter__(self) -> LiveRun:
        self.entered = True
        if self.replaces is not None:  # within, not instead
            self.belong_to(self.replaces.id)
            self.replaces = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.end()
        else:
            self.fail(error)

    def __reduce__(self) -> tuple[Any, ...]:
        """A run that is handed on to another process can be logged to there, and is not ended there."""
        return self._keeper.attach, (self.id, self.begun.attempt, self.name, self.begun.experiment)

    def __repr__(self) -> str:
        return f"<run {self.name} ({self.id[:8]}): {self.status}>"

    def _repr_html_(self) -> str:
        from mlops_jlab.tracking import pages

        return pages.card(self.data)


def _iteration(key: str, step: Any) -> int:
    """The whole number that ``step`` is."""
    if type(step) is int:
        if -(1 << 63) <= step < 1 << 63:
            return step
    elif hasattr(step, "__index__") or (isinstance(step, float) and step.is_integer()):
        return int(step)
    raise TrackingError(f"the step of metric {key!r} is a whole number, not {step!r}")
