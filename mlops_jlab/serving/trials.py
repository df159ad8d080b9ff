"""A candidate beside the version that is served: in its shadow, or with a share of the requests (canary).

Both versions are asked the same rows: one of them answers, the other is asked afterwards, by a thread of its
own, and what differs is counted. Where that thread has too much to do, pairs are left out: no request waits.
"""

from __future__ import annotations

import math
import queue
import random
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.predictions.logfolder import BESIDE
from mlops_jlab.predictions.writing import Answered, Writer, share_of
from mlops_jlab.registry import references
from mlops_jlab.serving import requests, scoring
from mlops_jlab.serving.counting import Counts
from mlops_jlab.telling import tell

_MOST_WAITING = 64  # requests whose second answer is not there yet
_MOST_KNOWN = 200_000  # ids of requests that are remembered, so that each counts once
_LOOK = 0.2  # seconds between two looks whether the trial is over
_SLOWER = 2.0  # times the other's processor time, from which an answer counts as slower
_NOISE = 0.0005  # seconds that do not count
_APART = 0.1  # of the larger of two numbers, from which they disagree
_CANARY = re.compile(r"(?P<version>[^=]+)=(?P<share>\d+(?:\.\d+)?)%")

PAIRS, ONLY_CANDIDATE, ONLY_OTHER, DISAGREED, SLOWER = (
    "pairs", "only the candidate failed", "only the other failed", "disagreed", "slower",
)  # fmt: skip


def share_in(text: str) -> tuple[str, float]:
    """The version and the share in ``VERSION=10%``.

    Raises:
        InputError: there are none.
    """
    found = _CANARY.fullmatch(text.strip())
    if found is None or not 0 < float(found["share"]) < 100:
        raise InputError(
            f"{text!r} is not a canary", hint="write VERSION=10%, such as 4=10% or challenger=5%"
        )
    return found["version"].strip(), float(found["share"]) / 100


class Trial:
    """A candidate version that is tried. ``share`` of the requests are answered by it; 0 for a shadow.

    It is over, for all processes that serve, as soon as the file ``going`` is gone: also a full disk ends it.
    """

    def __init__(
        self, version: ModelVersion, model: Any, share: float, going: Path, counts: Counts,
        log: Writer | None = None,
    ) -> None:  # fmt: skip
        self.version, self.model, self.share = version, model, share
        self._going, self._over, self._next = going, False, 0.0
        self._counts, self._log = counts, log
        self._known: dict[int, None] = {}  # ids of requests that have counted, the oldest first
        self._queue: queue.Queue[tuple[Pair, Answered] | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="mlops-jlab-trial", daemon=True)
        self._thread.start()

    @property
    def is_on(self) -> bool:
        """Whether the candidate still takes part."""
        now = time.monotonic()
        if not self._over and now >= self._next:
            self._over, self._next = not self._going.exists(), now + _LOOK
        return not self._over

    def begin(self, version: ModelVersion, model: Any, name: str) -> Pair:
        """A request, by whose id it is decided who answers: always the same for one id."""
        answers = self.share > 0 and share_of(name, f"canary {self.version.id}") < self.share
        return Pair(
            self, _Side(version, model), _Side(self.version, self.model), name, answers,
            not self._queue.full(),
        )  # fmt: skip

    def take(self, pair: Pair, entry: Answered) -> bool:
        """Takes an answered request over, to ask the other version too; False where too many wait."""
        try:
            self._queue.put_nowait((pair, entry))
        except queue.Full:
            return False
        return True

    @property
    def is_logged(self) -> bool:
        """Whether there is a log."""
        return self._log is not None

    def note(self, entry: Answered) -> None:
        """Logs what was answered, where there is a log."""
        if self._log is not None and not entry.error:
            self._log.put(entry)

    def close(self, patience: float = 10.0) -> None:
        """Compares what waits, and ends."""
        self._queue.put(None)
        self._thread.join(patience)

    def _run(self) -> None:
        while (one := self._queue.get()) is not None:
            pair, entry = one
            try:
                events = pair.compare(entry)
                if events and self._is_new(pair.name):
                    for event in events:
                        self._counts.trial(event)
            except Exception as error:  # answers that nobody can compare end no thread
                tell(f"answers cannot be compared: {type(error).__name__}: {str(error)[:300]}")

    def _is_new(self, name: str) -> bool:
        """Whether no request of this id has counted: one that is sent again and again is no more evidence."""
        key = hash(name)
        if key in self._known:
            return False
        if len(self._known) >= _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[key] = None
        return True


@dataclass(frozen=True)
class _Side:
    version: ModelVersion
    model: Any

    def whole(self, frame: Any, result: _Result) -> dict[str, list[Any]]:
        """What was said, as JSON can hold it, with the chance of each class; nothing if it failed."""
        said = result.said
        if said and len(said) == 1 and hasattr(self.model, "predict_proba"):
            said = self.ask(frame, True).said
        return requests.answers(said)

    def ask(self, frame: Any, chances: bool) -> _Result:
        began = time.thread_time()
        try:
            said = scoring.said_of(self.version, self.model, frame, chances=chances)
        except MlopsError as error:
            return _Result({}, time.thread_time() - began, error)
        return _Result(said, time.thread_time() - began)


@dataclass(frozen=True)
class _Result:
    said: Mapping[str, Any]
    seconds: float  # of the processor: what else goes on in the process does not count
    error: MlopsError | None = None


@dataclass
class Pair:
    """One request for two versions, known by its id as ``name``.

    ``counts`` says whether the comparison had room for it from the start.
    """

    trial: Trial
    served: _Side
    candidate: _Side
    name: str
    candidate_answers: bool
    counts: bool
    _chances: bool = False
    _own: _Result | None = None  # what the candidate said
    _other: _Result | None = None

    def answer(self, frame: Any, chances: bool) -> tuple[ModelVersion, dict[str, Any]]:
        """What is returned. Where the candidate fails, the version that is served answers for it.

        Raises:
            MlopsError: that one fails as well.
        """
        self._chances = chances
        if self.candidate_answers:
            self._own = self.candidate.ask(frame, chances)
            if self._own.error is None:
                return self.candidate.version, dict(self._own.said)
        self._other = self.served.ask(frame, chances)
        if self._other.error is not None:
            self.finish(Answered([""] * len(frame), 0.0, 0, "", 0.0, frame, error="no answer"))
            raise self._other.error
        return self.served.version, dict(self._other.said)

    def finish(self, entry: Answered) -> None:
        """Hands on what was answered."""
        if not self.counts or not self.trial.take(self, entry):
            self.trial.note(entry)

    def compare(self, entry: Answered) -> Sequence[str]:
        """Asks who was not asked, logs both, and says what was seen."""
        own = self._own or self.candidate.ask(entry.frame, self._chances)
        other = self._other or self.served.ask(entry.frame, self._chances)
        self._log(entry, own, other)
        if own.error or other.error:
            one_failed = [PAIRS, ONLY_CANDIDATE if own.error else ONLY_OTHER]
            return [] if own.error and other.error else one_failed
        events = [PAIRS]
        place = random.randrange(len(entry.ids))  # noqa: S311  # rows hang together: one stands for all
        if differs(*(side.said[references.PREDICTION][place] for side in (own, other))):
            events.append(DISAGREED)
        if own.seconds > _SLOWER * other.seconds + _NOISE:
            events.append(SLOWER)
        return events

    def _log(self, entry: Answered, own: _Result, other: _Result) -> None:
        """The answer, and beside it what the other version says; both with chances, for a loss."""
        if not self.trial.is_logged or entry.error:
            return
        own_answered = entry.version == self.candidate.version.version
        sides = ((self.candidate, own), (self.served, other))
        for side, result in sides if own_answered else sides[::-1]:
            role = entry.role if side is (self.candidate if own_answered else self.served) else BESIDE
            frame = entry.frame if role == entry.role else None
            said = side.whole(entry.frame, result)
            if said:
                self.trial.note(
                    replace(entry, role=role, version=side.version.version, frame=frame, said=said,
                            seconds=entry.seconds if role == entry.role else result.seconds)
                )  # fmt: skip


def differs(one: Any, other: Any) -> bool:
    """Whether two predictions of a row disagree: other classes, or numbers that are a tenth apart."""
    one, other = (getattr(value, "item", lambda value=value: value)() for value in (one, other))
    if isinstance(one, float) or isinstance(other, float):
        try:
            return not math.isclose(float(one), float(other), rel_tol=_APART, abs_tol=1e-9)
        except (TypeError, ValueError):
            return True
    return bool(one != other)
