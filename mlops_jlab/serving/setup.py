"""How a model is served, as it was asked for; each process that serves opens it for itself."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlops_jlab.entities.models import ModelVersion, parse_address
from mlops_jlab.errors import InputError
from mlops_jlab.predictions import logfolder
from mlops_jlab.predictions.logfolder import LogSettings
from mlops_jlab.predictions.writing import Writer
from mlops_jlab.registry import modelfiles, versions
from mlops_jlab.serving import counting, telemetry
from mlops_jlab.serving.answering import Desk
from mlops_jlab.serving.served import Served
from mlops_jlab.serving.trials import Trial
from mlops_jlab.serving.watching import CANARY, SHADOW, Watch
from mlops_jlab.store.location import Place

_PAUSE = 1.0  # seconds between two looks whether the parent lives


@dataclass(frozen=True)
class Setup:
    """A model at an address, and what goes with it.

    ``runtime`` is a folder of this service alone. ``candidate`` is the address of the version on trial, if
    there is one; ``share`` of the requests are answered by it.
    """

    place: Place
    address: str
    runtime: Path
    token: str = ""
    trust: bool = False
    log: Path | None = None
    settings: LogSettings | None = None
    candidate: str = ""
    share: float = 0.0
    id_column: str = ""
    disagreement: float = 0.5

    @property
    def model(self) -> str:
        """The name of the model."""
        return parse_address(self.address).model

    @property
    def going(self) -> Path:
        """The file that is there while the trial goes on."""
        return self.runtime / "trial"

    @property
    def standing(self) -> Path:
        """The file that says how the trial stands."""
        return self.runtime / "standing.json"

    @property
    def answering(self) -> Path:
        """The file that says which version answers."""
        return self.runtime / "answers"

    @property
    def counted(self) -> Path:
        """The folder in which several processes count together."""
        return self.runtime / "counted"

    def watch(self) -> Watch | None:
        """What is watched, if a version is on trial."""
        if not self.candidate:
            return None
        kind = CANARY if self.share else SHADOW
        found = versions.find(self.place, self.candidate)
        return Watch(self.place, found, kind, self.share, self.log, disagreement=self.disagreement)

    def check(self) -> ModelVersion:
        """The version that is served first, after a look whether what was asked for is there.

        Raises:
            InputError: it is not.
        """
        served = versions.find(self.place, self.address)
        if self.log is not None and self.settings is not None:
            logfolder.prepare(self.log, self.settings)
        if (watch := self.watch()) is not None:
            if watch.candidate.model != served.model:
                raise InputError(
                    f"{watch.candidate.title} is not a version of {served.model}", hint="a candidate is one"
                )
            if watch.candidate.id == served.id:
                raise InputError(f"{served.title} is what is served", hint="name another version")
        return served

    @contextmanager
    def opened(self) -> Iterator[Desk]:
        """Where this process answers requests; what it has to write is written when it is left."""
        counts = counting.Counts(counting.together())
        served = Served(self.place, self.address, trust=self.trust, kept=self.answering, behind=counts.behind)
        log = trial = None
        if self.log is not None and self.settings is not None:
            log = Writer(self.log, self.settings, counts.lost)
        if (watch := self.watch()) is not None:
            model = modelfiles.load(self.place, watch.candidate, trust=self.trust)
            trial = Trial(watch.candidate, model, self.share, self.going, counts, log)
        served.follow()
        told = telemetry.begin(self.model, counts)
        try:
            yield Desk(served, counts, log, trial, self.id_column, told)
        finally:
            served.stop()
            if trial is not None:
                trial.close()
            if log is not None:
                log.close()
            if told is not None:
                told.close()


def end_with(parent: int) -> None:
    """Ends this process when its parent is dead: nobody else would."""

    def look() -> None:
        while os.getppid() == parent:
            threading.Event().wait(_PAUSE)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=look, name="mlops-jlab-parent", daemon=True).start()
