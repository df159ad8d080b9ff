"""A process that has imported what a kernel is made of, and becomes one as soon as it is told which.

:func:`main` reads one line of JSON: ``environment``, ``folder``,
``arguments`` of the kernel, and ``log``, the file for what it says of itself. Without a line it ends. It has
imported nothing of the user's, so it is the same kernel that would have been started then.
"""

from __future__ import annotations

import json
import os
import sys

# By these a kernel knows whose end is its own end, and how it is interrupted on Windows.
_OF_THE_LAUNCHER = ("JPY_PARENT_PID", "JPY_INTERRUPT_EVENT", "IPY_INTERRUPT_EVENT")


def main() -> int:
    """Waits, and becomes a kernel."""
    from mlops_jlab.processes.parent import threads

    threads.install()
    import ipykernel_launcher  # type: ignore[import-untyped]  # it is one line
    from ipykernel.kernelapp import IPKernelApp

    line = sys.stdin.buffer.readline()
    if not line:
        return 0
    order = json.loads(line)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for fd in (1, 2):
        os.dup2(log, fd)
    os.close(log)
    kept = {name: os.environ[name] for name in _OF_THE_LAUNCHER if name in os.environ}
    os.environ.clear()
    os.environ.update(order["environment"] | kept)
    os.chdir(order["folder"])
    sys.argv = [ipykernel_launcher.__file__, *order["arguments"]]
    IPKernelApp.launch_instance(argv=order["arguments"])
    return 0
