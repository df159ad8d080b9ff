"""Which files the step opens: Python's audit events tell, whatever library it was."""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SYSTEM = ("/proc", "/dev", "/sys", "/etc", "/usr")
_OTHERS = {"os.remove": (0,), "os.rename": (0, 1), "os.truncate": (0,)}


class FileWatch:
    """Collects the absolute paths that were read and written while it is ``on``."""

    def __init__(self, ignored: tuple[str, ...] = ()) -> None:
        paths = {sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")}
        home = os.path.expanduser("~")
        runs = os.environ.get("MLOPS_JLAB_STORE")  # the store of runs is no data of the notebook's
        hidden = {os.path.join(home, name) for name in (".cache", ".config", ".ipython", ".local")}
        self._ignored = tuple(
            os.path.realpath(path) + os.sep
            for path in {*paths, *hidden, *ignored, *_SYSTEM, *filter(None, [runs]), sys.prefix}
        )
        self._temporary = os.path.join(os.path.realpath(tempfile.gettempdir()), "ipykernel_")
        self.read: set[str] = set()
        self.written: set[str] = set()
        self.on = False
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "open":
            path, mode, flags = arguments
            writing = bool(set(mode or "") & set("wax+")) or bool((flags or 0) & _WRITING)
            self._note(path, writing)
        elif event in _OTHERS:
            for place in _OTHERS[event]:
                self._note(arguments[place], True)
        elif event == "sqlite3.connect":
            self._note(arguments[0], True)

    def _note(self, path: object, writing: bool) -> None:
        if not isinstance(path, (str, os.PathLike)):
            return
        self.on = False  # looking the path up may open files of its own
        try:
            full = os.path.realpath(path)
        except (OSError, ValueError):
            return
        finally:
            self.on = True
        if full.startswith((*self._ignored, self._temporary)) or full.endswith((".pyc", ".so")):
            return
        if f"{os.sep}.mlops{os.sep}" in full:
            return
        (self.written if writing else self.read).add(full)
