"""Doing what is due, now: the one thing that cron, a timer, CI or a worker has to call."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from mlops_jlab import interpreter
from mlops_jlab.entities.schedules import Firing, Schedule, Story, in_words
from mlops_jlab.errors import InputError
from mlops_jlab.retraining import schedules, watching
from mlops_jlab.retraining.story import Retraining
from mlops_jlab.scheduling import data, due
from mlops_jlab.store import monitored, opening, scheduling
from mlops_jlab.store.artifacts import digest_of_data
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import recorder_for
from mlops_jlab.telling import tell

GRACE = 300.0  # seconds for which a time that was due is not late yet
DEATHS = 4  # attempts beyond the tries of a schedule, for processes that die


@dataclass(frozen=True)
class Claimed:
    """A firing that belongs to this process now."""

    schedule: Schedule
    firing: Firing


def claim_all(
    place: Place, now: float, most: int = 0, cancelled: Callable[[], bool] = lambda: False
) -> Iterator[Claimed]:
    """Claims what is due, and what dead workers have left; one at a time, as the caller asks for the next.

    A look at data ends when it is ``cancelled``. Any number of processes may do so at once: each firing is
    given to one of them.
    """
    if not opening.exists(place):
        return
    watching.note(place)
    count = 0
    with opening.writing(place) as connection:
        left = scheduling.left_behind(connection, now)
        known = {schedule.id: schedule for schedule in scheduling.schedules(connection)}
    for firing in left:
        claimed = _go_on(place, firing, known.get(firing.schedule), now)
        if claimed is not None:
            yield claimed
            count += 1
            if count == most:
                return
    for schedule in known.values():
        claimed = None if schedule.paused else _claim(place, schedule, now, cancelled)
        if claimed is not None:
            yield claimed
            count += 1
            if count == most:
                return


def _go_on(place: Place, firing: Firing, schedule: Schedule | None, now: float) -> Claimed | None:
    """Takes over what another has left, unless there is no sense in it."""
    with opening.writing(place) as connection:
        mine = scheduling.take_over(connection, firing)
        if mine is None:
            return None
        if schedule is not None and mine.attempt <= schedule.retries + DEATHS:
            return Claimed(schedule, mine)
        why = "the schedule was removed" if schedule is None else "its process died again and again"
        steps = (*mine.steps, Story("due", "failed", why, now))
        scheduling.save(connection, replace(mine, status="failed", ended=now, steps=steps))
    return None


def _claim(place: Place, schedule: Schedule, now: float, cancelled: Callable[[], bool]) -> Claimed | None:
    since, moment = datetime.fromtimestamp(schedule.checked, UTC), datetime.fromtimestamp(now, UTC)
    found = due.due(schedule, since, moment)
    if found is not None:
        at, late = found.at.isoformat(timespec="seconds"), now - found.at.timestamp()
        missed = f", {found.missed} before it were missed" if found.missed else ""
        why = f"due at {at}" + (f", {in_words(round(late))} late" if late > GRACE else "") + missed
        if late > GRACE and schedule.catch_up == "skip":
            with opening.writing(place) as connection:
                scheduling.claim(
                    connection, schedule, at, "time", status="skipped", checked=now, alone=False,
                    steps=[Story("due", "skipped", f"{why}: missed times are not caught up", now)],
                )  # fmt: skip
            return None
        return _take(place, schedule, at, "time", why, now)
    if not due.is_within(schedule, moment):
        return None
    return _on_drift(place, schedule, now) or _on_data(place, schedule, now, cancelled)


def _on_drift(place: Place, schedule: Schedule, now: float) -> Claimed | None:
    """A firing that the monitor of the schedule's model asks for, if nobody has claimed it yet."""
    if not schedule.on_drift:
        return None
    with opening.reading(place) as connection:
        window = monitored.newest_signal(connection, schedule.on_drift, schedule.created)
        if window is None or scheduling.is_claimed(connection, schedule.id, window.due):
            return None
    return _take(place, schedule, window.due, "drift", window.why, now)


def _on_data(place: Place, schedule: Schedule, now: float, cancelled: Callable[[], bool]) -> Claimed | None:
    if not schedule.on_data:
        return None
    moment = datetime.fromtimestamp(now, UTC)
    try:
        seen = data.look(schedules.watched(schedule), schedule.seen, now, digest_of_data, cancelled)
    except InputError as error:  # it keeps no other schedule from being looked at
        tell(f"schedule {schedule.name}: {error}")
        return None
    changed = data.changed(schedule.seen, seen)
    if not changed:
        if seen != schedule.seen:  # the same content with another time: it is not read again at each look
            with opening.writing(place) as connection:
                scheduling.see(connection, schedule, seen)
        return None
    names = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if len(changed) > 3 else "")
    at = f"{moment.isoformat(timespec='microseconds')} data"
    return _take(place, schedule, at, "data", f"changed: {names}", now, seen)


def waiting_for(place: Place, now: float) -> list[str]:
    """A sentence for each schedule that is due when data changes and waits, as a file is being written."""
    told = []
    for schedule in schedules.all_schedules(place):
        with suppress(InputError):
            held = data.held_up(schedules.watched(schedule), schedule.seen, now) if schedule.on_data else ""
            told += [f"{schedule.name} waits: {held} is being written"] if held else []
    return told


def _take(
    place: Place, schedule: Schedule, at: str, cause: str, why: str, now: float, seen: str = ""
) -> Claimed | None:
    with opening.writing(place) as connection:
        if schedule.cooldown and cause == "data":
            last = scheduling.firings(connection, schedule.id, 1)
            if last and now - last[0].started < schedule.cooldown:
                return None  # it is looked at again when the time is over
        told = [Story("due", "done", why, now)]
        won = scheduling.claim(connection, schedule, at, cause, steps=told, checked=now, seen=seen)
        return Claimed(schedule, scheduling.get(connection, schedule.id, at)) if won else None


def run_now(place: Place, name: str, why: str = "asked for") -> Claimed | None:
    """Claims a firing of a schedule by hand; nothing if one of it is running."""
    now = time.time()
    with opening.writing(place) as connection:
        schedule = scheduling.find(connection, name)
        at = f"{datetime.fromtimestamp(now, UTC).isoformat(timespec='microseconds')} by hand"
        told = [Story("due", "done", why, now)]
        won = scheduling.claim(connection, schedule, at, "hand", steps=told)
        return Claimed(schedule, scheduling.get(connection, schedule.id, at)) if won else None


def start(place: Place, claimed: Claimed) -> subprocess.Popen[bytes]:
    """Executes a claimed firing in a process of its own, which takes the claim over."""
    log = place.root / "schedules" / f"{claimed.schedule.id}.log"
    firing, module = claimed.firing, "mlops_jlab.retraining.ticking"
    words = interpreter.words("-m", module, str(place.root), firing.schedule, firing.due)
    with interpreter.masked_log(log) as writer:
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=writer.stdin, stderr=writer.stdin, start_new_session=True,
            env=interpreter.environment(os.environ, MLOPS_JLAB_STORE=str(place.root)),
        )  # fmt: skip


def execute(
    place: Place, claimed: Claimed, clock: Callable[[], float] = time.time,
    announced: Callable[[str], None] = lambda _run: None,
) -> Firing:  # fmt: skip
    """Executes a claimed firing here; ``announced`` is told the id of each run before it begins."""
    return Retraining(place, claimed.schedule, claimed.firing, clock, announced=announced).go()


def _speak_into(log: Path) -> None:
    """What this process says from here on is found with its run."""
    with suppress(OSError), interpreter.masked_log(log) as writer:
        if writer.stdin is not None:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(writer.stdin.fileno(), 1)
            os.dup2(writer.stdin.fileno(), 2)


def main(argv: list[str]) -> int:
    """A claimed firing, in this process: ``STORE SCHEDULE DUE``."""
    place = Place(Path(argv[0]))
    recorder_for(place, tell).open_database()
    with opening.writing(place) as connection:
        firing = scheduling.take_over(connection, scheduling.get(connection, argv[1], argv[2]), again=False)
        schedule = scheduling.find(connection, argv[1])
    if firing is None:
        return 1
    done = execute(
        place, Claimed(schedule, firing), announced=lambda run: _speak_into(place.log_of(run))
    )  # fmt: skip
    return 0 if done.status == "finished" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
