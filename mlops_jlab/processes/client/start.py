"""Starting a warm parent with next to nothing imported: it imports on while this process does the same."""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False  # the module typing takes as long to import as Python to start
if TYPE_CHECKING:
    from collections.abc import Mapping

# They say where somebody sits, or belong to one run.
_PASSING = ("MLOPS_JLAB_", "COLUMNS", "LINES", "PWD", "OLDPWD", "SHLVL", "_", "TERM", "PYTEST_", "JPY_")
# Modules beside a notebook must not stand in for those of the library, and -P would show in each step.
_BEGIN = """import sys
sys.path[:] = filter(None, sys.path)
from mlops_jlab.processes.parent import threads
threads.install()
from mlops_jlab.processes.parent import serve
sys.exit(serve.main())"""
_LONGEST = 4096  # bytes of what it said that are worth a look


def is_possible() -> bool:
    """Whether this system has processes that can be forked safely, and tells of them."""
    return sys.platform == "linux" and os.path.isdir("/proc/self/fd")


def lasting(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of an environment that imports and answers may depend on, in order."""
    return {k: v for k, v in sorted(environment.items()) if not k.startswith(_PASSING)}


class Spawned:
    """A warm parent that imports what every step needs until :meth:`tell` says more.

    It ends by itself if this process ends before that.
    """

    def __init__(self, python: str, kept: dict[str, str]) -> None:
        self.python = python
        self.kept = kept
        self._has_ended = False
        self._log = os.memfd_create("warm-parent")
        theirs, self._order = os.pipe()
        files = [(theirs, 0), (self._log, 1), (self._log, 2)]
        try:
            self._pid = os.posix_spawn(
                python, [python, "-c", _BEGIN, "mlops_jlab.processes.parent.serve"], kept, setsid=True,
                file_actions=[(os.POSIX_SPAWN_DUP2, *pair) for pair in files],
            )  # fmt: skip
        except OSError:
            self.let_go()
            raise
        finally:
            os.close(theirs)

    def tell(self, order: bytes) -> None:
        """Says in one line what to import soon, or at last what it is for."""
        try:
            while order:
                order = order[os.write(self._order, order) :]
        except OSError:
            pass  # it has ended, which is seen when nobody answers

    def has_ended(self) -> bool:
        """Whether it is gone."""
        return self._wait(os.WNOHANG)

    def wait(self) -> None:
        """Waits for its end."""
        self._wait(0)

    def _wait(self, how: int) -> bool:
        if not self._has_ended:
            try:
                self._has_ended = os.waitpid(self._pid, how)[0] != 0
            except ChildProcessError:  # the system reaps children itself where SIGCHLD is ignored
                self._has_ended = True
        return self._has_ended

    def said(self) -> str:
        """The end of what it has printed, which is nothing unless something went wrong."""
        size = os.fstat(self._log).st_size
        return os.pread(self._log, _LONGEST, max(0, size - _LONGEST)).decode("utf-8", "replace").strip()

    def end(self) -> None:
        """Ends it at once."""
        if not self.has_ended():
            os.kill(self._pid, signal.SIGKILL)
        self.let_go()

    def let_go(self) -> None:
        """There is nothing more to say; one that was not told what it is for ends."""
        for fd in (self._order, self._log):
            if fd >= 0:
                os.close(fd)
        self._order = self._log = -1


_early: list[Spawned] = []


def spawn_early() -> None:
    """Starts a warm parent for the run that this process is going to do."""
    kept = lasting({**os.environ, "PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", "0")})
    try:
        early = Spawned(sys.executable, kept)
    except OSError:
        return  # it is for speed alone
    _early.append(early)


def early() -> Spawned | None:
    """The parent that was started early, unless it is in use."""
    return _early[0] if _early else None


def end_early() -> None:
    """It was not needed."""
    while _early:
        _early.pop().end()


def spawn(python: str, kept: dict[str, str]) -> Spawned:
    """A warm parent that has just been started, or the early one if it will do.

    Raises:
        OSError: it cannot be started.
    """
    if _early and (_early[0].python, _early[0].kept) == (python, kept):
        return _early.pop()
    end_early()
    return Spawned(python, kept)
