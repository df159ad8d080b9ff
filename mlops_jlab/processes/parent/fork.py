"""What a forked process becomes: the shell of a step, an ordinary kernel, or a command handed over to it."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import signal
import socket
import sys
from typing import Any, TextIO

from mlops_jlab.processes.parent.ending import end

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


def become(request: dict[str, Any], fds: list[int]) -> None:
    """Turns this process, just forked, into what ``request`` asks for; it never returns.

    ``request`` has ``kind`` (``shell``, ``kernel`` or ``command``), ``environment`` and ``folder``; for a
    kernel ``connection``, for a command its ``words`` and the ``module`` whose ``main`` it is. The last two
    files are standard output and error; a shell's first one is its channel, a command's its standard input.
    """
    parent = os.getppid()
    with contextlib.suppress(PermissionError):
        os.setsid()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    is_command = request["kind"] == "command"
    given = fds[0] if is_command else os.open(os.devnull, os.O_RDONLY)
    for fd, target in ((given, 0), (fds[-2], 1), (fds[-1], 2)):
        os.dup2(fd, target)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    if is_command:
        end(_command(request, fds))
    _draw_anew()
    import ipykernel_launcher  # type: ignore[import-untyped]  # it is one line

    from mlops_jlab.processes.parent.lineage import Lineage
    from mlops_jlab.processes.parent.shell import KernelApp

    sys.argv = [ipykernel_launcher.__file__, "-f", request.get("connection", "")]
    if request["kind"] == "kernel":
        KernelApp.launch_instance(argv=["-f", request["connection"]])
    else:
        channel = socket.socket(fileno=os.dup(fds[0]))
        for fd in fds:
            os.close(fd)
        end(last=Lineage(channel).serve())
    end()


def _command(request: dict[str, Any], fds: list[int]) -> int:
    """Does what a command would have done in a process of its own; its exit code."""
    for fd in fds:
        os.close(fd)
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # type: ignore[misc]  # noqa: SIM115  # it stays open
    sys.stdout = sys.__stdout__ = _stream(1, sys.stdout)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _stream(2, sys.stderr)  # type: ignore[misc]
    sys.argv = list(request["words"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        importlib.import_module(request["module"]).main()
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        print(ended.code, file=sys.stderr)
        return 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def _stream(fd: int, old: TextIO) -> Any:
    """Standard output or error on what ``fd`` is now; a terminal, and errors, go out line by line."""
    by_line = fd == 2 or os.isatty(fd)
    return open(fd, "w", buffering=1 if by_line else -1, encoding=old.encoding, errors=old.errors,
                closefd=False)  # fmt: skip


def _draw_anew() -> None:
    """Generators that nobody seeded must not draw the same in each process; ``random`` sees to itself."""
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()
