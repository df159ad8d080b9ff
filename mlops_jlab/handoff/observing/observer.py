"""What the step looks at outside itself, whatever library does it: the process's one observer.

Four things tell: Python's audit events; taps on functions of C that have none (:mod:`taps`); the table
behind ``os.environ``; and what installed libraries ask the C library for (:mod:`native`). A last look at
the process (:mod:`doubts`) finds what all of them have missed.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from threading import get_ident
from typing import Any

from mlops_jlab.handoff.modules import files_of_local
from mlops_jlab.handoff.observing import doubts, noise, places, taps
from mlops_jlab.handoff.observing.asking import questions
from mlops_jlab.handoff.observing.chance import Chance
from mlops_jlab.handoff.observing.environment import ALL, watch_environment
from mlops_jlab.handoff.observing.facts import Aspect, mark, see
from mlops_jlab.handoff.observing.files import FileEvents
from mlops_jlab.handoff.observing.native import Deed, NativeWatch, Noted
from mlops_jlab.handoff.observing.places import Asked, Asker
from mlops_jlab.handoff.observing.seen import Seen
from mlops_jlab.handoff.variables import HANDOFF

_SYSTEM = ("/proc", "/dev", "/sys", "/etc", "/usr")
_BLIND = "on this system it cannot be seen whether it asks for the time, for chance or for what files exist"


@cache
def watch() -> Observer:
    """The observer of this process, which begins with the first call."""
    return Observer()


class Observer:
    """Collects what is looked at and done; a step's own between :meth:`begin` and :meth:`end`.

    What else the user's code, and the import of packages, look at matters to all steps. A process may go
    through several steps, and a fork of it goes on with the next one.
    """

    def __init__(self) -> None:
        home = os.path.expanduser("~")
        # What we keep is no data of the notebook's.
        ours = [os.environ.get("MLOPS_JLAB_STORE"), os.environ.get(HANDOFF)]
        hidden = {os.path.join(home, name) for name in (".cache", ".ipython", ".local")}
        installed = {*places.roots(), *hidden, *_SYSTEM, *filter(None, ours), sys.prefix}
        self._ignored = tuple(os.path.realpath(path) + os.sep for path in installed)
        self._temporary = os.path.join(os.path.realpath(tempfile.gettempdir()), "ipykernel_")
        self._quiet: set[int] = set()  # threads in which we ask ourselves
        self.is_inside = False
        self.knows = ""
        self.opens_by_number = False
        self._modules = 0
        self.before = Seen()
        self._own = Seen()
        self._native = NativeWatch() if taps.are_possible() else None
        self._chance = Chance(self)
        self._doubts = doubts.Doubts()
        self.events = FileEvents(self)
        if self._native is not None:
            self._native.look()
            loads = importlib.import_module("_imp").exec_dynamic
            if not taps.tap(loads, lambda _given: self.extension_loaded(), in_searches=True):
                self.before.unseen.add(_BLIND)
            missing = taps.tap_all(questions(self, self._chance))
            self._chance.look()
            if missing:
                self.before.unseen.add(f"on this system nobody can see its calls of {', '.join(missing)}")
        else:
            self.before.unseen.add(_BLIND)
        watch_environment(self.variable)
        self._imported_before()
        sys.addaudithook(self.events.heard)

    def begin(self, ignored: str) -> None:
        """A step's own cells begin; what lies below ``ignored`` is none of their business."""
        for place in (
            ignored,
            os.environ.get("MLOPS_JLAB_STORE"),
        ):  # where this began, it may not have been known
            below = os.path.realpath(place) + os.sep if place else ""
            if below and below not in self._ignored:
                self._ignored += (below,)
        self.drain()
        self._own = Seen()
        with self.quiet():
            self._doubts.begin()
            self.events.begin()
        self.is_inside = True

    def aside(self) -> AbstractContextManager[None]:
        """Within it values are brought in: what is read for that needs no file that somebody saw."""
        return self._doubts.aside()

    def end(self) -> None:
        """The step's own cells are over."""
        if self.is_inside:
            self.drain()
            with self.quiet():
                self.events.end()
                self._doubts.end(self, self.events.opened, has_children=self.events.has_children)
                self._mark()
            self.is_inside = False

    def _mark(self) -> None:
        """Which files the step leaves behind, before any step below may touch them."""
        for path in self._own.written:
            self._own.marks[path] = mark(path)
        if len(sys.modules) != self._modules:
            self._modules = len(sys.modules)
            for path in files_of_local():  # those that were brought in from elsewhere than a file
                self.imported(path)

    def imported(self, path: str) -> None:
        """An own module is read from ``path``; what lies there later may be another text."""
        if path not in self.before.marks:
            self.before.marks[path] = mark(path)

    def seen(self) -> Seen:
        """What was observed of the step that ended last, or of the one that is going on."""
        return self._own

    def as_record(self) -> dict[str, Any]:
        """The same as fields of a step's record."""
        return self._own.as_record(self.before)

    # What the four tell

    def asked(self) -> tuple[Asked, Seen] | None:
        """Who asks now and where that belongs; nothing if it is nobody's business."""
        if self.is_busy:
            return None
        asked = places.who(places.caller())
        if asked.asker not in (Asker.USER, Asker.IMPORT):
            return None
        return asked, self.where(asked)

    def where(self, asked: Asked) -> Seen:
        """What an import looks at matters to all that comes later."""
        return self._own if self.is_inside and asked.asker is not Asker.IMPORT else self.before

    def variable(self, name: str) -> None:
        """A variable of the environment is read."""
        found = self.asked()
        if found is not None:
            asked, seen = found
            if name != ALL or not noise.ENVIRONMENT.intersection(asked.through):
                seen.variables.add(name)

    def look(self, seen: Seen, path: object, aspect: Aspect) -> None:
        """Somebody looks at ``path``: what there is to be seen is written down."""
        full = self.place(path)
        if full and full not in seen.written and not self.is_ignored(full):
            with self.quiet():  # looking has events of its own
                seen.look(full, aspect.value, see(full, aspect))

    def note(self, seen: Seen, path: object, writing: bool) -> str:
        """A file is opened: its place without links, or nothing if it is no data of the notebook's."""
        full = self.place(path)
        if not full:
            return ""
        with self.quiet(), suppress(OSError, ValueError):  # looking the path up may open files of its own
            real = os.path.realpath(full)
            if self.is_ignored(real):
                return ""
            if writing:
                seen.written.add(real)
            else:
                seen.read_now(real)
            if real != full:
                seen.look(full, Aspect.LINK.value, real)
            if not writing and os.path.isdir(real):
                seen.look(full, Aspect.NAMES.value, see(full, Aspect.NAMES))
            return real
        return ""

    @property
    def is_busy(self) -> bool:
        """Whether it is we who ask, in this thread."""
        return get_ident() in self._quiet

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """What this thread asks is nobody's business."""
        me = get_ident()
        outermost = me not in self._quiet
        self._quiet.add(me)
        try:
            yield
        finally:
            if outermost:
                self._quiet.discard(me)

    def place(self, path: object) -> str:
        """The absolute path, or nothing if it is none."""
        try:
            text = os.fsdecode(path)  # type: ignore[arg-type]
        except TypeError:  # the number of a file that is open
            return ""
        if not text or text[0] == "<" or "\0" in text:
            return ""
        if not os.path.isabs(text):
            self.placed()
        with self.quiet():
            return os.path.abspath(text)

    def placed(self) -> None:
        """Something depends on the folder in which it is done."""
        (self._own if self.is_inside else self.before).placed = True

    def is_ignored(self, full: str) -> bool:
        """Whether a path belongs to what is installed, to the system or to us."""
        inside = full + os.sep
        return (
            inside.startswith((*self._ignored, self._temporary))
            or full.endswith((".pyc", ".so"))
            or f"{os.sep}.mlops{os.sep}" in inside
        )

    def extension_loaded(self) -> None:
        """A library of C was loaded: it is listened to from now on."""
        if self._native is not None:
            with self.quiet(), self.aside():  # the list of what is loaded is a file, and long
                self._native.look()
                self._chance.look()

    def drain(self) -> None:
        """Takes up what libraries have asked the system for so far."""
        if self._native is not None:
            with self.quiet():
                self._take(*self._native.drain())

    def _take(self, noted: list[Noted], lost: bool) -> None:
        seen = self._own if self.is_inside else self.before
        if lost and self.is_inside:
            seen.unseen.add("it opens more files than can be watched")
        for one in noted:
            if one.deed is Deed.LOOK:
                self.look(seen, one.name, Aspect.EXISTS)
            elif one.deed is Deed.HOST and self.is_inside:
                seen.hosts.add(one.name)
            elif one.deed is Deed.VARIABLE:
                self.before.variables.add(one.name)
            elif one.deed is Deed.CLOCK:
                seen.clock.add("numpy's date of now")
            elif one.deed in (Deed.READ, Deed.WRITE):
                self.note(seen, one.name, one.deed is Deed.WRITE)

    def _imported_before(self) -> None:
        """What matplotlib looked for when it was imported ahead of the step, in a folder like this one."""
        matplotlib = sys.modules.get("matplotlib")
        if matplotlib is not None:
            self.before.variables |= {"MATPLOTLIBRC", "MPLCONFIGDIR", "XDG_CONFIG_HOME"}
            given = os.environ.get("MATPLOTLIBRC", "")
            folders = [os.getcwd(), given, os.path.join(os.path.expanduser("~"), ".config", "matplotlib")]
            for path in [*(os.path.join(folder, "matplotlibrc") for folder in folders if folder), given]:
                if path and not os.path.isdir(path):
                    self.note(self.before, path, False)
