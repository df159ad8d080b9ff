"""One request, from its table to what a version says of it; what is logged or compared is done afterwards."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import InputError
from mlops_jlab.predictions.labels import in_words
from mlops_jlab.predictions.logfolder import ANSWER, LABEL
from mlops_jlab.predictions.writing import Answered, Writer
from mlops_jlab.registry import references
from mlops_jlab.serving import requests, scoring
from mlops_jlab.serving.counting import Counts
from mlops_jlab.serving.pace import Pace
from mlops_jlab.serving.telemetry import Telemetry
from mlops_jlab.serving.trials import Pair, Trial

_LONGEST = 200  # characters of an id
_FEW = 16  # rows of a small request
Read = Callable[[Mapping[str, Any], Sequence[str]], Any]


def _ignore(**_about: Any) -> None:
    """Nobody wants to know."""


_UNTOLD = nullcontext(_ignore)


class Serving(Protocol):
    """The version that answers now, and its model; ``problem`` says what stands against a newer one."""

    now: tuple[ModelVersion, Any]
    problem: str


@dataclass(frozen=True)
class Asked:
    """What a request asks: ``read`` makes the table of ``content``; ``name`` is the request's own id."""

    content: Mapping[str, Any]
    read: Read
    chances: bool = False
    name: str = ""


@dataclass(frozen=True)
class Reply:
    """What a version says of a request's rows, by column, as JSON can hold it."""

    version: ModelVersion
    said: dict[str, list[Any]]
    ids: Sequence[str]
    name: str


@dataclass
class Desk:
    """Where requests are answered, by the version that is served or by the one on trial."""

    served: Serving
    counts: Counts
    log: Writer | None = None
    trial: Trial | None = None
    id_column: str = ""
    telemetry: Telemetry | None = None
    pace: Pace = field(default_factory=Pace, init=False)

    def answer(self, asked: Asked) -> Reply:
        """What is said of the rows.

        Raises:
            InputError: the request holds no rows that the version takes.
            MlopsError: the model fails on them.
        """
        begun = self.pace.begin()
        version, model = self.served.now  # both of one moment, whatever happens to the alias meanwhile
        self.counts.begin()
        outcome, rows, seconds = "failed", 0, 0.0
        try:
            frame = asked.read(asked.content, references.inputs_of(version))
            name, ids = self._ids(asked, frame)
            pair = self._pair(version, model, name if len(ids) > 1 else ids[0])
            with self._part("predict") as note:
                note(model=version.model, version=version.version, rows=len(ids), request=name)
                version, said = (pair or _Alone(version, model)).answer(frame, asked.chances)
                note(version=version.version)  # of which the one on trial may have answered
            plain = requests.answers(said)
            outcome, rows, seconds = "ok", len(ids), time.perf_counter() - begun.clock
            columns = references.inputs_of(version) or frame.columns
            entry = Answered(ids, time.time(), version.version, ANSWER, seconds, frame, columns, plain)
            if pair is not None:
                pair.finish(entry)  # it is compared, and logged with that, by a thread of its own
            elif self.log is not None:
                self.log.put(entry)
            return Reply(version, plain, ids, name)
        except InputError:
            outcome = "refused"
            raise
        finally:
            if outcome != "ok":
                self._note_failure(version, asked.name)
            if rows <= _FEW:
                self.pace.end(begun)
            self.counts.end(version.model, version.version, outcome, rows, seconds)

    def _part(self, name: str) -> AbstractContextManager[Callable[..., None]]:
        return _UNTOLD if self.telemetry is None else self.telemetry.part(name)

    def _ids(self, asked: Asked, frame: Any) -> tuple[str, list[str]]:
        """The request's id and those of its rows: given with it, in a column of it, or made here."""
        rows = len(frame)
        name = asked.name[:_LONGEST] or secrets.token_hex(8)
        given = asked.content.get("ids")
        if given is None and self.id_column and self.id_column in frame.columns:
            given = frame[self.id_column].tolist()
        if given is None:
            return name, [name] if rows == 1 else [f"{name}/{place}" for place in range(rows)]
        if not isinstance(given, list) or len(given) != rows:
            raise InputError(
                f"there are {rows:,} rows, and not as many ids", hint='"ids" is a list, one a row'
            )
        if any(isinstance(one, (dict, list)) or one is None for one in given):
            raise InputError("an id is neither text nor a number", hint='"ids" is a list, one a row')
        return name, [in_words(one)[:_LONGEST] for one in given]

    def _pair(self, version: ModelVersion, model: Any, name: str) -> Pair | None:
        trial = self.trial
        if trial is None or not trial.is_on or trial.version.id == version.id:
            return None
        return trial.begin(version, model, name)

    def _note_failure(self, version: ModelVersion, name: str) -> None:
        if self.log is not None:
            ids = [name[:_LONGEST] or secrets.token_hex(8)]
            self.log.put(Answered(ids, time.time(), version.version, ANSWER, 0.0, error="no answer"))

    def label(self, content: Mapping[str, Any]) -> int:
        """Takes labels that came later over into the log; how many.

        Raises:
            InputError: it is no list of labels, or there is no log.
        """
        given = content.get("labels")
        if self.log is None:
            raise InputError(
                "labels go into a log, and this service writes none", hint="models serve MODEL --log FOLDER"
            )
        if not isinstance(given, list) or not all(
            isinstance(one, dict) and "id" in one and "label" in one for one in given
        ):
            raise InputError("there are no labels", hint='send {"labels": [{"id": ID, "label": LABEL}, ...]}')
        kept = [one for one in given if one["label"] is not None]
        if any(isinstance(one[key], (dict, list)) for one in kept for key in ("id", "label")):
            raise InputError("an id or a label is neither text nor a number")
        if kept:
            ids = [in_words(one["id"])[:_LONGEST] for one in kept]
            self.log.put(
                Answered(ids, time.time(), 0, LABEL, 0.0, said={LABEL: [one["label"] for one in kept]})
            )
        return len(kept)


@dataclass(frozen=True)
class _Alone:
    """A version that answers by itself."""

    version: ModelVersion
    model: Any

    def answer(self, frame: Any, chances: bool) -> tuple[ModelVersion, dict[str, Any]]:
        return self.version, scoring.said_of(self.version, self.model, frame, chances=chances)
