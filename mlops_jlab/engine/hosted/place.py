"""What the steps of one hosted run leave in its store, for each other and for who collects the run.

::

    STORE/RUN/run.json           which pipeline, with which parameters: the first step writes it
    STORE/RUN/steps/00001-x.json the record of a step that is done, written last
    STORE/RUN/objects/           values by digest
    STORE/RUN/states/x.json      how the step ended, and the metrics that it logged
    STORE/RUN/executed/x.ipynb   the executed notebook, and x.log
    STORE/RUN/tracked/x.json     all that it logged
    STORE/RUN/files/             artifacts by digest
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mlops_jlab import __version__
from mlops_jlab.engine.folder.state import StepState
from mlops_jlab.errors import InputError, NotFound
from mlops_jlab.handoff.remote import Artifacts

_PLAIN = re.compile(r"[A-Za-z0-9._-]")
_LONGEST = 120


@dataclass(frozen=True)
class About:
    """What a hosted run is. ``id`` is that of its row in a run table."""

    pipeline: str
    run: str
    notebook: str
    steps: tuple[str, ...]
    parameters: dict[str, Any]
    id: str
    experiment: str = ""
    version: str = __version__  # of this package, in the task that came first
    format: int = 1


@dataclass(frozen=True)
class Ended:
    """How a step ended, and the latest metrics that its code has logged."""

    state: StepState
    metrics: dict[str, float] = field(default_factory=dict)


def run_name(text: str) -> str:
    """The name of an engine's run as a part of a path; two names never become one.

    Raises:
        InputError: it is empty.
    """
    if not text.strip():
        raise InputError("the run has no name", hint="give --run what names this run in your engine")
    safe = "".join(c if _PLAIN.match(c) else "".join(f"={b:02x}" for b in c.encode()) for c in text)
    if safe.startswith("."):
        safe = f"=2e{safe[1:]}"
    if len(safe) > _LONGEST:
        safe = f"{safe[: _LONGEST - 17]}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    return safe


def address_of(store: str, run: str) -> str:
    """Where a store keeps the run that an engine calls ``run``."""
    return f"{store.rstrip('/')}/{run_name(run)}"


class RunStore:
    """The part of a store that belongs to one hosted run: what lies at ``url``, STORE/RUN."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.artifacts = Artifacts(url)

    def begin(self, about: About) -> None:
        """Writes down what the run is, unless another step did."""
        if self.about() is None:
            self.write("run.json", asdict(about))

    def check(self, about: About) -> None:
        """Checks that this step belongs to the run, if that has begun.

        Raises:
            InputError: the run began with another pipeline, other parameters, or another version of ours.
        """
        found = self.about()
        if found is None:
            return
        if found.pipeline != about.pipeline:
            raise InputError(
                f"the run in {self.url} is of {found.pipeline}, and the pipeline is {about.pipeline} now",
                hint="start a new run: the notebook has changed since",
            )
        if found.version != about.version:
            raise InputError(
                f"the run in {self.url} began with mlops-jlab {found.version}, and here is {about.version}",
                hint="install the same version where tasks run",
            )
        for name in sorted(found.parameters.keys() | about.parameters.keys()):
            one, other = found.parameters.get(name), about.parameters.get(name)
            if one != other:
                raise InputError(
                    f"the run in {self.url} began with {name}={one!r}, and this step has {other!r}",
                    hint="give all steps of a run the same parameters, or give the run another --run",
                )

    def about(self) -> About | None:
        """What the run is, once a step has begun."""
        found = self._json("run.json")
        return None if found is None else About(**{**found, "steps": tuple(found["steps"])})

    def known(self) -> About:
        """What the run is.

        Raises:
            NotFound: there is none.
        """
        found = self.about()
        if found is None:
            raise NotFound(f"there is no run in {self.url}", hint="name STORE/RUN, or STORE for all its runs")
        return found

    def ended(self, step: str) -> Ended | None:
        """How a step ended, if it did."""
        found = self._json("states", f"{step}.json")
        return None if found is None else Ended(StepState(**found["state"]), found["metrics"])

    def tracked(self, step: str) -> dict[str, Any] | None:
        """What a step has logged."""
        return self._json("tracked", f"{step}.json")

    def end(self, step: str, ended: Ended) -> None:
        """A step is over, in whichever way."""
        self.write(f"states/{step}.json", asdict(ended))

    def write(self, name: str, content: Any) -> None:
        """Publishes something as JSON, whole or not at all."""
        with tempfile.TemporaryDirectory(prefix="mlops-jlab-") as folder:
            path = Path(folder) / "content.json"
            path.write_text(json.dumps(content, ensure_ascii=False, default=str), "utf-8")
            self.artifacts.put_file(path, *name.split("/"))

    def _json(self, *parts: str) -> dict[str, Any] | None:
        text = self.artifacts.text(*parts)
        if not text:
            return None
        try:
            found: dict[str, Any] = json.loads(text)
        except ValueError as error:
            raise InputError(f"{self.url}/{'/'.join(parts)} cannot be read: {error}") from error
        return found


def runs_below(store: str) -> list[str]:
    """The addresses of the hosted runs in a store, or of the one that ``store`` is itself."""
    files = Artifacts(store)
    if files.has("run.json"):
        return [store.rstrip("/")]
    found = [name for name in files.names() if files.has(name, "run.json")]
    if not found:
        raise NotFound(f"there is no run in {store}", hint="name the --store of the steps, or STORE/RUN")
    return [f"{store.rstrip('/')}/{name}" for name in found]
