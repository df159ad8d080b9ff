"""What a process is told for good, and no variable and no module says: signals, limits, hooks, open files."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import signal
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

Settings = Mapping[str, object]

_TIMERS = ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF")
_DEPTH = 2  # containers that are looked into for the number of an open file
_MOST = 1_000  # entries of one
_NO_FILES = ("/dev/", "/proc/", "/memfd:")
_GONE = " (deleted)"


def hooks() -> Settings:
    """What cells set by a plain assignment, which can be done again elsewhere, by what each is called."""
    return {
        "sys.displayhook": _who(sys.displayhook), "sys.excepthook": _who(sys.excepthook),
        "sys.unraisablehook": _who(sys.unraisablehook), "threading.excepthook": _who(threading.excepthook),
        "sys.argv": tuple(sys.argv), "sys.path_hooks": [id(one) for one in sys.path_hooks],
    }  # fmt: skip


def now() -> Settings:
    """How all else is here and now, by what each is called in words."""
    found: dict[str, object] = {
        "the trace function": id(sys.gettrace()), "the profile function": id(sys.getprofile()),
        "the trace function of threads": id(threading.gettrace()),
        "the profile function of threads": id(threading.getprofile()),
        "the switch interval": sys.getswitchinterval(),
        "the depth of a coroutine's origin": sys.get_coroutine_origin_tracking_depth(),
        "the longest number in digits": sys.get_int_max_str_digits(),
        "garbage collection": (gc.isenabled(), gc.get_threshold(), gc.get_debug()),
        "tracing of memory": tracemalloc.is_tracing(), "the fault handler": faulthandler.is_enabled(),
        "the time zone": time.tzname,
    }  # fmt: skip
    _of_modules(found)
    for number in signal.valid_signals() - {signal.SIGINT}:  # a kernel sets that one for each cell
        found[f"what is done on signal {int(number)}"] = repr(signal.getsignal(number))
    if os.name == "posix":
        found["the signals that are held back"] = sorted(
            map(int, signal.pthread_sigmask(signal.SIG_BLOCK, []))
        )
        found["the working folder"] = folder() == ""
        found["the priority"] = os.getpriority(os.PRIO_PROCESS, 0)
        for name in _TIMERS:
            found["the alarm clock"] = found.get("the alarm clock") or timer(name)[0] > 0
        _of_system(found)
    return found


def changed(before: Settings, after: Settings) -> str:
    """What is otherwise than before, in words, or nothing."""
    return next((f"{name} is another one" for name in after if after[name] != before.get(name)), "")


def folder() -> str:
    """The working folder, or nothing if it is there no more."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""


def timer(name: str) -> tuple[float, float]:
    """The seconds that are left of one of the process's timers, and after which it rings again."""
    return signal.getitimer(getattr(signal, name))


def _of_modules(found: dict[str, object]) -> None:
    """What modules of C keep to themselves, if they are loaded."""
    if (socket := sys.modules.get("socket")) is not None:
        found["the time limit of sockets"] = socket.getdefaulttimeout()
    if (copyreg := sys.modules.get("copyreg")) is not None:
        calls = list(copyreg.dispatch_table.items())
        own = [kind for kind, call in calls if _is_own(kind) or getattr(call, "__module__", "") == "__main__"]
        found["how things are pickled"] = [id(kind) for kind in own]
    context = getattr(sys.modules.get("multiprocessing.context"), "_default_context", None)
    chosen = getattr(context, "_actual_context", None)  # nothing, or the system's own: nobody has chosen
    is_own = chosen is not getattr(context, "_default_context", None)
    found["how processes are started"] = getattr(chosen, "_name", "") if is_own else ""


def _of_system(found: dict[str, object]) -> None:
    import resource

    for name in dir(resource):
        if name.startswith("RLIMIT_") and name != "RLIMIT_AS":  # which is a step's own
            found[f"the limit {name}"] = resource.getrlimit(getattr(resource, name))
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
        found["the umask"] = next(line for line in lines if line.startswith("Umask"))


def _is_own(kind: type) -> bool:
    """Whether it is a class of the notebook's; neither it nor its class is asked."""
    return bool(type.__getattribute__(kind, "__dict__").get("__module__") == "__main__")


def _who(hook: object) -> int:
    """A function's identity; a kernel's own methods are bound anew for each cell."""
    return id(getattr(hook, "__func__", hook))


# The numbers of open files


def descriptors() -> dict[int, str]:
    """What is open, by its number."""
    found: dict[int, str] = {}
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
    return found


def others(open_now: Mapping[int, str], known: Mapping[int, str]) -> dict[int, str]:
    """What is open and not among what is ``known``."""
    return {number: target for number, target in open_now.items() if known.get(number) != target}


def open_for_writing(opened: Mapping[int, str], is_ignored: Callable[[str], bool]) -> str:
    """Which of these numbers is a file that may still be written, in words, or nothing."""
    for number, target in opened.items():
        if target.startswith(_NO_FILES) or not target.startswith("/") or target.endswith(_GONE):
            continue
        with contextlib.suppress(OSError, ValueError, StopIteration):
            lines = Path(f"/proc/self/fdinfo/{number}").read_text("ascii").splitlines()
            flags = next(int(line.split()[1], 8) for line in lines if line.startswith("flags:"))
            if flags & os.O_ACCMODE != os.O_RDONLY and not is_ignored(target):
                return f"the file {target!r} is open for writing"
    return ""


def known_number(opened: Mapping[int, str]) -> str:
    """Which of these numbers the notebook's values hold, in words, or nothing."""
    values = list(vars(sys.modules["__main__"]).values())
    number = _among(opened.keys(), values, _DEPTH) if opened else None
    return f"the number {number} stands for an open file" if number is not None else ""


def _among(numbers: Iterable[int], values: Iterable[object], depth: int) -> int | None:
    wanted = set(numbers)
    for value in values:
        if type(value) is int and value in wanted:
            return value
        inner: Iterable[object] = ()
        if type(value) is dict:
            inner = list(value.values())[:_MOST]
        elif any(type(value) is kind for kind in (list, tuple, set, frozenset)):
            inner = list(value)[:_MOST]  # type: ignore[call-overload]  # it is one of these
        elif _is_own(type(value)) and not issubclass(type(value), type):
            inner = gc.get_referents(value)[:_MOST]  # its attributes, or a dict of them
        if depth and (found := _among(wanted, inner, depth - 1)) is not None:
            return found
    return None
