"""A trial is watched: what is shown against a candidate ends it, with an entry in the audit log."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import InputError
from mlops_jlab.files import PRIVATE, write_whole
from mlops_jlab.gates.overtime import Night
from mlops_jlab.predictions import labels, logfolder
from mlops_jlab.serving import standing
from mlops_jlab.serving.standing import BETTER, DISAGREEMENT, WORSE, Standing
from mlops_jlab.store import auditing, database, opening
from mlops_jlab.store.location import Place
from mlops_jlab.telling import tell
from mlops_jlab.tracking import lifecycle

_PAUSE = 1.0  # seconds between two looks
ALPHA = 0.05
SHADOW, CANARY = "shadow", "canary"
_ENDED = "rolled back"


@dataclass(frozen=True)
class Watch:
    """A candidate in a trial of a ``kind``. ``alpha`` is the chance to end that of a good one."""

    place: Place
    candidate: ModelVersion
    kind: str
    share: float
    log: Path | None = None
    alpha: float = ALPHA
    disagreement: float = DISAGREEMENT


def begin(watch: Watch, *, again: bool = False) -> None:
    """Notes in the audit log that a trial begins.

    Raises:
        InputError: an earlier one was rolled back, and it is not asked for ``again``.
    """
    version = watch.candidate
    subject = f"{version.model}/{version.version}"
    with opening.writing(watch.place) as connection, database.transaction(connection, durable=True):
        past = auditing.entries(connection, subject=subject)
        ended = next((entry for entry in past if entry.action.endswith(_ENDED)), None)
        if ended is not None and not again:
            raise InputError(
                f"{version.title} was tried before, and rolled back: {ended.reason}",
                hint="register a better version, or try it once more: --again",
            )
        details = {"share": watch.share, "alpha": watch.alpha}
        auditing.append(connection, lifecycle.who(), f"{watch.kind}: begins", subject, details=details)


class Watcher:
    """Looks at a trial again and again. ``events`` gives what was counted by all processes up to now.

    Where the candidate is worse, the file ``going`` is removed, which ends the trial; ``page`` says how it
    stands.
    """

    def __init__(
        self, watch: Watch, events: Callable[[], Mapping[str, int]], going: Path, page: Path
    ) -> None:
        self._watch, self._events = watch, events
        self._going, self._page = going, page
        self._seen: tuple[object, ...] = ()
        self._nights: tuple[list[Night], int] = ([], 0)
        self._told = ""
        self._is_better = False
        self._unsaid: list[tuple[str, Standing]] = []  # what the audit log does not have yet
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mlops-jlab-watch", daemon=True)
        going.touch()

    def start(self) -> None:
        """Begins to look, in a thread of its own."""
        self._thread.start()

    def stop(self, patience: float = 10.0) -> None:
        """Looks once more, then no longer."""
        self._stopped.set()
        self._thread.join(patience)

    def _run(self) -> None:
        while not self._stopped.wait(_PAUSE):
            self._safely()
        self._safely()

    def _safely(self) -> None:
        try:
            self.look()
        except Exception as error:  # a log that somebody has damaged ends no thread
            if str(error) != self._told:
                self._told = str(error)
                tell(f"the {self._watch.kind} cannot be judged just now: {error}", once=False)

    def look(self) -> Standing | None:
        """How it stands now; nothing once it is over."""
        self._say()
        if not self._going.exists():
            return None
        watch = self._watch
        self._read_labels()
        nights, labelled = self._nights
        found = standing.standing(self._events(), nights, labelled, watch.alpha, watch.disagreement)
        if found.verdict == WORSE:
            self._going.unlink()
            self._unsaid.append((_ENDED, found))
        elif found.verdict == BETTER and not self._is_better:
            self._is_better = True
            self._unsaid.append(("shown to be better", found))
        write_whole(self._page, standing.as_json(found).encode(), PRIVATE)
        self._say()
        return found

    def _read_labels(self) -> None:
        if self._watch.log is None:
            return
        files = [*labels.label_files(self._watch.log), *logfolder.all_files(self._watch.log)]
        seen = tuple((path.name, path.stat().st_size) for path in files if path.exists())
        if seen != self._seen:
            self._nights = standing.nights_of(self._watch.log, self._watch.candidate)
            self._seen = seen

    def _say(self) -> None:
        """What was found goes to standard error and into the audit log; what it does not take, later."""
        version = self._watch.candidate
        while self._unsaid:
            what, found = self._unsaid[0]
            details: dict[str, float] = {"pairs": found.pairs, "labelled": found.labelled}
            details |= {one.what: round(min(one.evidence, 1e9), 3) for one in found.findings}
            place = self._watch.place
            with opening.writing(place) as connection, database.transaction(connection, durable=True):
                auditing.append(
                    connection, lifecycle.who(), f"{self._watch.kind}: {what}",
                    f"{version.model}/{version.version}", reason=found.why[:2000], details=details,
                )  # fmt: skip
            tell(f"{version.title} as {self._watch.kind}: {what}: {found.why}", once=False)
            del self._unsaid[0]
