"""How a forked process ends, after all that it was."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from typing import NoReturn


def end(code: int = 0, last: Callable[[], None] | None = None) -> NoReturn:
    """Ends the process as the end of an interpreter does, without taking it apart piece by piece.

    ``last`` is called when no code of anybody's will run any more.
    """
    with contextlib.suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]  # what an interpreter does first
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()
    if last is not None:
        last()
    os._exit(code)
