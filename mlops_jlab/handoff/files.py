"""What the step looks at outside itself: Python's audit events tell, whatever library it was."""

from __future__ import annotations

import importlib
import os
import sys
import sysconfig
import tempfile
from functools import cache
from typing import Any

from mlops_jlab.handoff.variables import HANDOFF

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SYSTEM = ("/proc", "/dev", "/sys", "/etc", "/usr")
# Where modules and packages may lie is no data: which of them were found is written down elsewhere.
_IMPORTING = ("<frozen importlib", os.path.dirname(importlib.__file__))
_OTHERS = {"os.remove": (0,), "os.rename": (0, 1), "os.truncate": (0,)}
# Libraries ask these what the machine is like, and no answer comes of it.
_HARMLESS = frozenset({"lscpu", "uname", "fc-list", "ldconfig", "sysctl"})


@cache
def watch() -> FileWatch:
    """The watch of this process, which begins with the first call."""
    return FileWatch()


class FileWatch:
    """Collects the absolute paths that were read and written, and what was reached or started.

    What is opened before :meth:`begin` goes to ``before``; :meth:`end` stops it.
    """

    def __init__(self) -> None:
        paths = {sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")}
        home = os.path.expanduser("~")
        # What we keep is no data of the notebook's.
        ours = [os.environ.get("MLOPS_JLAB_STORE"), os.environ.get(HANDOFF)]
        hidden = {os.path.join(home, name) for name in (".cache", ".config", ".ipython", ".local")}
        self._ignored = tuple(
            os.path.realpath(path) + os.sep
            for path in {*paths, *hidden, *_SYSTEM, *filter(None, ours), sys.prefix}
        )
        self._temporary = os.path.join(os.path.realpath(tempfile.gettempdir()), "ipykernel_")
        self.before: set[str] = set()
        self.read: set[str] = set()
        self.written: set[str] = set()
        self.hosts: set[str] = set()
        self.programs: set[str] = set()
        self._reads = self.before
        self._on = True
        sys.addaudithook(self._heard)

    def begin(self, ignored: str) -> None:
        """The step's own cells begin; what lies below ``ignored`` is none of their business."""
        self._ignored += (os.path.realpath(ignored) + os.sep,)
        self._reads = self.read
        self._on = True

    def end(self) -> None:
        """The step's own cells are over."""
        self._on = False

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._on:
            return
        if event == "open":
            path, mode, flags = arguments
            writing = bool(set(mode or "") & set("wax+")) or bool((flags or 0) & _WRITING)
            self._note(path, writing)
        elif event in ("os.listdir", "os.scandir"):
            if not sys._getframe(1).f_code.co_filename.startswith(_IMPORTING):
                self._note(arguments[0] or ".", False)
        elif event in _OTHERS:
            for place in _OTHERS[event]:
                self._note(arguments[place], True)
        elif event == "sqlite3.connect":
            self._note(arguments[0], True)
        elif event == "socket.connect":
            if isinstance(arguments[1], tuple):  # else it is a socket of this machine's
                self.hosts.add(str(arguments[1][0]))
        elif event in ("subprocess.Popen", "os.system", "os.posix_spawn", "os.forkpty"):
            self._note_program(arguments[0] if arguments else event)

    def _note_program(self, program: object) -> None:
        name = os.path.basename(os.fsdecode(program)) if isinstance(program, (str, bytes)) else str(program)
        if name not in _HARMLESS:
            self.programs.add(name[:80])

    def _note(self, path: object, writing: bool) -> None:
        if not isinstance(path, (str, os.PathLike)):
            return
        self._on = False  # looking the path up may open files of its own
        try:
            full = os.path.realpath(path)
        except (OSError, ValueError):
            return
        finally:
            self._on = True
        if full.startswith((*self._ignored, self._temporary)) or full.endswith((".pyc", ".so")):
            return
        if f"{os.sep}.mlops{os.sep}" in full:
            return
        (self.written if writing else self._reads).add(full)
