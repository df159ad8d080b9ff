"""The notebooks of a file, run one after the other: each watched, in the run table below the whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from mlops_jlab.engine.asked import Listener, Options
from mlops_jlab.engine.folder.state import RunFolder, RunState
from mlops_jlab.engine.report.page import write_report
from mlops_jlab.engine.run import automatic, members
from mlops_jlab.engine.run.loop import run
from mlops_jlab.engine.run.members import Course
from mlops_jlab.engine.run.tracked import TrackedRun
from mlops_jlab.entities.graphs import Graph
from mlops_jlab.entities.members import Member
from mlops_jlab.entities.runs import ENGINE
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.pipeline.manifest import Manifest
from mlops_jlab.store import belonging, location, opening
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import lifecycle
from mlops_jlab.tracking.live import LiveRun


class Together:
    """Runs one notebook after the other.

    ``listening`` gives who hears of each notebook's run, ``cwd`` is where cells run if not beside their
    notebook, and with a ``store`` the runs are in its run table: ``run_id`` is that of the whole. The steps
    in ``refresh``, such as ``load.clean``, make no use of the cache. ``kernels`` are those of notebooks that
    have another one than ``options`` say.
    """

    def __init__(
        self, course: Course, options: Options, listening: Callable[[], AbstractContextManager[Listener]], *,
        cwd: Path | None = None, store: Place | None = None, experiment: str = "", run_id: str = "",
        refresh: Sequence[str] = (), kernels: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.course = course
        self._options = options
        self._listening = listening
        self._cwd = cwd
        self._store = store
        self._experiment = experiment
        self._run_id = run_id
        self._refresh = refresh
        self._kernels = kernels or {}
        self._parent: LiveRun | None = None
        self.runs: dict[str, str] = {}
        self.reports: dict[str, Path] = {}

    @property
    def run(self) -> str:
        """The id of the run of the whole."""
        return self._parent.id if self._parent is not None else ""

    @property
    def failure(self) -> str:
        """What went wrong, after the notebook in which it did."""
        failed = next(
            ((name, s) for name, s in self.course.states.items() if s.status != "finished"), None
        )  # fmt: skip
        return f"{failed[0]}: {failed[1].failure}" if failed else ""

    def go(self, graphs: Mapping[str, Graph]) -> None:
        """Runs the notebooks in their order, up to the first that does not finish."""
        with self._tracking():
            members.go(self.course, graphs, self._one)

    @contextmanager
    def _tracking(self) -> Iterator[None]:
        """Within it a run of the whole is in the run table, above those of the notebooks."""
        if self._store is None:
            yield
            return
        course, several = self.course, self.course.several
        os.environ.setdefault(location.VARIABLE, str(self._store.root))
        self._parent = lifecycle.start(
            name=f"{several.name}-{course.root.name}", experiment=self._experiment or several.name,
            kind="pipeline", activate=False, run_id=self._run_id, tags={"pipeline": several.name},
            source=several.path.resolve(),
        )  # fmt: skip
        self._parent.add_facts({ENGINE: {"folder": str(course.root.resolve())}})
        self._parent.log_params(
            {f"{name}.{key}": value for name, given in course.given.items() for key, value in given.items()}
        )
        if self._options.resume:
            self._go_on(self._parent)
        try:
            yield
        except BaseException as error:
            self._parent.end(
                "killed" if isinstance(error, KeyboardInterrupt) else "failed", str(error)[:2000]
            )
            raise
        with suppress(MlopsError):
            automatic.lift(self._parent, course.states)
        self._parent.end(course.status, self.failure)

    def _go_on(self, run: LiveRun) -> None:
        """What notebooks that are done have registered is judged in this run."""
        run.recorder.flush()
        with suppress(MlopsError), opening.writing(run.recorder.place) as connection:
            for member in self.course.several.members:
                folder = RunFolder(self.course.folder(member.name).resolve())
                with suppress(InputError):  # one that has not begun
                    begun = folder.load().begun
                    runs = belonging.in_folder(connection, str(folder.root), begun)
                    belonging.adopt(connection, runs, run.id, who=lifecycle.user())

    def _one(
        self, member: Member, plan: Manifest, folder: Path, values: dict[str, object], resume: bool
    ) -> RunState:  # fmt: skip
        """Runs one notebook in its folder."""
        cwd = self._cwd or member.path.parent
        own = tuple(
            step for notebook, _, step in (word.partition(".") for word in self._refresh)
            if notebook == member.name
        )  # fmt: skip
        kernel = self._kernels.get(member.name, self._options.kernel)
        options = replace(
            self._options, folder=cwd.resolve(), kernel=kernel, resume=resume, refresh=own
        )  # fmt: skip
        whole = RunFolder(folder.resolve())
        with self._listening() as watching:
            tracked = None
            if self._parent is not None:
                experiment = self._parent.begun.experiment
                tracked = TrackedRun(
                    watching, member.path.resolve(), whole, experiment, self.run, manifest=plan
                )  # fmt: skip
                options = tracked.watching(options)
            state = run(plan, folder, values, options, tracked or watching)
        self.reports[member.name] = write_report(plan, whole, state)
        if tracked is not None and tracked.run is not None:
            self.runs[member.name] = tracked.run.id
            tracked.keep_report(self.reports[member.name])
        return state
