"""A command is handed over to a warm runner: a process that has all imported, and forks one that does it.

This process stays until it is done: it passes signals on, and if it dies, so does what it handed over.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType

from mlops_jlab.kernels import meeting, spawning
from mlops_jlab.kernels.wire import Receiver, send

_READY, _MAIN = "mlops_jlab.cli.ready", "mlops_jlab.cli.main"
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


def hand_over(words: list[str]) -> int | None:
    """The exit code of the command ``words``, done by a warm runner; nothing where there is none."""
    channel = None
    with suppress(OSError):
        path = _path()
        channel = meeting.call(path) if path.exists() else None
    if channel is None:
        return None
    request = {
        "kind": "command", "module": _MAIN, "words": words, "environment": dict(os.environ),
        "folder": os.getcwd(), "id": 0, "fds": 3,
    }  # fmt: skip
    _pass_on(channel)
    try:
        send(channel, request, [0, 1, 2])
    except OSError:
        return None  # it ended just now, or a standard file is closed
    spawning.end_early()
    return _follow(channel)


def keep_ready(linger: float) -> None:
    """Leaves a warm runner behind for so many seconds, for commands of this environment."""
    if not spawning.is_possible():
        return
    with suppress(OSError):  # it is for speed alone
        path = _path()
        channel = meeting.call(path)
        if channel is None:
            path.unlink(missing_ok=True)
            parent = spawning.Spawned(sys.executable, spawning.lasting(os.environ))
            meeting.listen(parent, path, linger, command=_READY)
            parent.let_go()
        else:
            send(channel, {"linger": linger})
            channel.close()


def _path() -> Path:
    return meeting.socket_of(sys.executable, [_READY], spawning.lasting(os.environ))


def _pass_on(channel: socket.socket) -> None:
    def tell(number: int, _frame: FrameType | None) -> None:
        with suppress(OSError):
            send(channel, {"signal": number})

    for number in _PASSED_ON:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, tell)


def _follow(channel: socket.socket) -> int:
    receiver = Receiver(channel)
    while not receiver.ended:
        for message in receiver.read():
            if "ended" in message:
                code = int(message["code"])
                if code < 0:
                    signal.signal(-code, signal.SIG_DFL)
                    os.kill(os.getpid(), -code)
                return code
    print("error: the warm runner was ended by somebody; go on with --resume", file=sys.stderr)
    return 1
