"""Runs a scenario in a process of its own and lets one call to the outside world fail.

Every open, write, rename, removal, database statement and process start of this package is a place where
a fault may strike. The standard library's own functions are wrapped, so that no line of the package knows
of this. Usage::

    python faulty.py count SCENARIO FOLDER            writes the places to FOLDER/places.txt, one a line
    python faulty.py kill-before|kill-after|raise N SCENARIO FOLDER
"""

from __future__ import annotations

import contextlib
import errno
import functools
import io
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

OF_FILES = ("write", "fsync", "replace", "rename", "unlink", "remove", "mkdir", "ftruncate", "open")
OURS = os.sep + "mlops_jlab" + os.sep
THIS = __file__


class Faults:
    """Counts the places, and strikes at one of them."""

    def __init__(self, how: str, at: int) -> None:
        self.how, self.at = how, at
        self.hits = 0
        self.seen: list[str] = []
        self._mine = threading.Lock()

    def watch(self) -> None:
        """From now on, in every thread."""
        for name in OF_FILES:
            self._wrap(os, name, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        self._wrap(io, "open", OSError(errno.EMFILE, os.strerror(errno.EMFILE)))
        self._wrap(subprocess, "_fork_exec", OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)))
        faults = self

        class Connection(sqlite3.Connection):
            """A connection whose statements may fail."""

        for name in ("execute", "executemany", "backup"):
            faults._wrap(Connection, name, sqlite3.OperationalError("disk I/O error"))
        real = sqlite3.connect
        sqlite3.connect = functools.partial(real, factory=Connection)

    def _wrap(self, owner: Any, name: str, error: Exception) -> None:
        real = getattr(owner, name)

        @functools.wraps(real)
        def call(*given: Any, **named: Any) -> Any:
            mine = self._hit(name, error)
            try:
                return real(*given, **named)
            finally:
                if mine and self.how == "kill-after":
                    os.kill(os.getpid(), signal.SIGKILL)

        setattr(owner, name, call)

    def _hit(self, name: str, error: Exception) -> bool:
        """Counts a call; whether it is the one. Strikes, if that is to be done before it."""
        frame = sys._getframe(2)
        if not _is_ours(frame):
            return False
        with self._mine:
            self.hits += 1
            mine = self.hits == self.at
        self.seen.append(f"{name} {Path(frame.f_code.co_filename).name}:{frame.f_lineno}")
        if mine and self.how == "kill-before":
            os.kill(os.getpid(), signal.SIGKILL)
        if mine and self.how == "raise":
            raise error
        return mine


def _is_ours(frame: Any) -> bool:
    """Whether the call is made by this package, if need be through the standard library."""
    for _ in range(6):
        if frame is None:
            return False
        name = frame.f_code.co_filename
        if OURS in name:
            return True
        if "site-packages" in name or "importlib" in name or name == THIS:
            return False
        frame = frame.f_back
    return False


def say(*words: object) -> None:
    """Acknowledges, on standard output, what has returned."""
    print(" ".join(map(str, words)), flush=True)


def track(folder: Path) -> None:
    """Two runs with everything that can be logged, and a store that is looked at and cleaned."""
    os.environ["MLOPS_JLAB_STORE"] = str(folder / "store")
    import mlops_jlab
    from mlops_jlab.store import changing, database, location, opening

    with mlops_jlab.start_run(run_name="one"):
        say("run one")
        for number in range(3):
            mlops_jlab.log_metric("x", number, step=number)
            say("metric one", number)
        mlops_jlab.flush()
        with _unharmed():
            mlops_jlab.log_param("p", "1")
            say("param one p")
        with _unharmed():
            mlops_jlab.log_text("some text", "a.txt")
            say("artifact one a.txt")
        mlops_jlab.set_tag("t", "v")
        with mlops_jlab.start_run(run_name="two", nested=True):
            say("run two")
            mlops_jlab.log_metrics({"x": 0.0, "y": float("inf")}, step=0)
            say("metric two", 0)
    say("end one")
    place = location.find()
    with opening.writing(place) as connection:
        changing.clean(place, connection)
        database.checkpoint(connection, place.database, always=True)


def promote(folder: Path) -> None:
    """Two versions, a gate, promotions and a rollback, and a schedule that is claimed and done."""
    os.environ["MLOPS_JLAB_STORE"] = str(folder / "store")
    import pandas

    import mlops_jlab
    from mlops_jlab import gate
    from mlops_jlab.entities.schedules import Schedule
    from mlops_jlab.registry import versions
    from mlops_jlab.retraining import schedules, ticking
    from mlops_jlab.store import location

    class Model:
        """A model without a library."""

        def predict(self, rows: Any) -> Any:
            """The column itself."""
            return rows["a"].to_numpy()

    rows = pandas.DataFrame({"a": [float(n) for n in range(40)], "y": [n + n % 3 / 4 for n in range(40)]})
    for number in (1, 2):
        mlops_jlab.register_model(Model(), "m")
        say("version", number)
    place = location.find()
    versions.promote(place, "m/1")
    say("champion", 1)
    gate.compare(Model(), rows, "y", name="m", rules="mae below 9")
    say("gate", 1)
    versions.promote(place, "m/2", expected=1)
    say("champion", 2)
    versions.roll_back(place, "m")
    say("champion", 1)
    schedules.add(place, Schedule("s", str(folder / "notebook.ipynb"), every=3600.0), {})
    say("schedule", "s")
    claimed = ticking.run_now(place, "s")
    say("claimed", claimed is not None)


def export(folder: Path) -> None:
    """A notebook exported into a folder, twice: the second replaces the first."""
    _command("export", str(folder / "notebook.ipynb"), "-o", str(folder / "exported"))
    say("exported")
    say("code", _command("export", str(folder / "notebook.ipynb"), "-o", str(folder / "exported")))


def run(folder: Path) -> None:
    """A notebook's pipeline run and recorded."""
    os.environ["MLOPS_JLAB_STORE"] = str(folder / "store")
    say("code", _command("run", str(folder / "notebook.ipynb"), "-o", str(folder / "out")))


def _command(*words: str) -> object:
    """The exit code of a command of ours, run in this process."""
    from mlops_jlab.cli import main

    sys.argv = ["mlops-jlab", *words]
    try:
        main.main()
    except SystemExit as end:
        return end.code


@contextlib.contextmanager
def _unharmed() -> Any:
    """A call that may refuse: then it is not acknowledged, and the cell goes on."""
    from mlops_jlab.errors import MlopsError

    try:
        yield
    except MlopsError as error:
        print(error, file=sys.stderr)


SCENARIOS: dict[str, Callable[[Path], None]] = {
    "track": track, "export": export, "run": run, "promote": promote,
}  # fmt: skip


def _main(words: list[str]) -> None:
    how = words.pop(0)
    at = int(words.pop(0)) if how != "count" else 0
    scenario, folder = SCENARIOS[words[0]], Path(words[1])
    faults = Faults(how, at)
    faults.watch()
    try:
        scenario(folder)
    finally:
        if how == "count":
            (folder / "places.txt").write_text("\n".join(faults.seen) + "\n")


if __name__ == "__main__":
    _main(sys.argv[1:])
