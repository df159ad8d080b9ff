"""Questions that no audit event tells of: what exists, what time it is, what chance gives."""

from __future__ import annotations

import datetime
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from mlops_jlab.handoff.observing import noise
from mlops_jlab.handoff.observing.chance import Chance
from mlops_jlab.handoff.observing.facts import Aspect
from mlops_jlab.handoff.observing.places import Asked, Asker, Code, origin
from mlops_jlab.handoff.observing.seen import Watcher, note
from mlops_jlab.handoff.observing.taps import Heard

_BY_FUNCTION = {
    **dict.fromkeys(
        ("exists", "isfile", "isdir", "ismount", "is_file", "is_dir", "samefile"), Aspect.EXISTS),
    **dict.fromkeys(("lexists", "islink", "is_symlink", "_joinrealpath", "realpath"), Aspect.LINK),
    "getsize": Aspect.SIZE, "getmtime": Aspect.TIME, "getctime": Aspect.TIME, "getatime": Aspect.TIME,
}  # fmt: skip
# They make what is missing, and the outcome is the same; or an audit event tells what they go through.
_THE_SAME = frozenset("makedirs mkdir walk _walk fwalk rmtree _rmtree_safe_fd copymode copystat".split())
_NUMBER = "which process it is in"
_COMPUTED = "for how long its process has computed"
_WALKS = frozenset({"_joinrealpath", "realpath"})


def questions(watcher: Watcher, chance: Chance) -> list[tuple[Any, Heard]]:
    """The functions that ask, each with what is to be done when it is called."""
    posix, random, codecs = map(import_module, ("posix", "_random", "_codecs"))
    return [
        *_looks(watcher, posix),
        *_clocks(watcher),
        *_numbers(watcher, posix),
        *_openings(watcher, posix),
        (codecs.register, _registered(watcher, "it registers a codec with Python")),
        (codecs.register_error, _registered(watcher, "it registers a codec with Python")),
        (import_module("atexit").register, _registered(watcher, "it wants something done when it ends")),
        (posix.urandom, chance.drawn),
        (posix.getrandom, chance.drawn),
        (random.Random.__dict__["seed"], chance.begun),
        *((made, chance.drawn) for made in _uuid()),
    ]


def _registered(watcher: Watcher, words: str) -> Heard:
    """What C keeps in a list of its own, and nobody can look at."""

    def heard(_given: tuple[Any, ...]) -> None:
        found = watcher.asked()
        if found is not None and found[0].asker is Asker.USER:
            if not noise.ENDINGS.intersection(found[0].through):
                found[1].stays.add(words)

    return heard


def _numbers(watcher: Watcher, posix: Any) -> list[tuple[Any, Heard]]:
    """Who asks which process or thread this is, or what it has used so far, and may keep the answer."""
    thread = import_module("_thread")

    def known(words: str) -> Heard:
        def heard(_given: tuple[Any, ...]) -> None:
            code, name = origin(sys._getframe(2).f_code.co_filename)  # libraries ask very often
            if code is Code.USER or name == "psutil":
                found = watcher.asked()
                if (
                    found is not None
                    and found[0].asker is Asker.USER
                    and found[0].through in ((), ("psutil",))
                ):
                    found[1].stays.add(f"it knows {words}")
                    watcher.knows = words

        return heard

    numbers = (
        posix.getpid,
        posix.getpgid,
        posix.getpgrp,
        posix.getsid,
        thread.get_ident,
        thread.get_native_id,
    )
    clocks = (
        time.process_time, time.process_time_ns, time.thread_time, time.thread_time_ns,
        posix.times, import_module("resource").getrusage,
    )  # fmt: skip
    heard, computed = known(_NUMBER), known(_COMPUTED)
    return [*((one, heard) for one in numbers), *((one, computed) for one in clocks)]


def _openings(watcher: Watcher, posix: Any) -> list[tuple[Any, Heard]]:
    """Who opens something that has no name, only a number."""

    def heard(_given: tuple[Any, ...]) -> None:
        if origin(sys._getframe(2).f_code.co_filename)[0] is Code.USER:
            watcher.opens_by_number = True

    names = ("open", "pipe", "pipe2", "dup", "dup2", "memfd_create", "eventfd", "openpty")
    return [(getattr(posix, name), heard) for name in names if hasattr(posix, name)]


def _uuid() -> list[Any]:
    """What makes names of the clock and of chance."""
    try:
        made = getattr(import_module("_uuid"), "generate_time_safe", None)
    except ImportError:
        return []
    return [made] if made is not None else []


def _looks(watcher: Watcher, posix: Any) -> list[tuple[Any, Heard]]:
    def look(aspect: Aspect | None, *, follow: bool) -> Heard:
        def heard(given: tuple[Any, ...]) -> None:
            found = watcher.asked()
            if found is None or not given:
                return
            asked, seen = found
            names = given[-1] if isinstance(given[-1], dict) else {}
            path = names.get("path", given[0])
            if names.get("dir_fd") is not None or path is names:
                return
            what = aspect or _aspect(asked)
            if what is Aspect.LINK and asked.function in _WALKS and not os.path.islink(path):
                return  # realpath looks at each folder on the way
            if what is not None:
                watcher.look(seen, path, what)
                if what is Aspect.STATE and not (follow and names.get("follow_symlinks", True)):
                    watcher.look(seen, path, Aspect.LINK)

        return heard

    def entry(given: tuple[Any, ...]) -> None:
        found = watcher.asked()
        if found is not None and _aspect(found[0]) is not None:
            watcher.look(found[1], given[0].path, Aspect.STATE)

    def folder(_given: tuple[Any, ...]) -> None:
        found = watcher.asked()
        if found is not None:
            found[1].placed = True

    return [
        (posix.getcwd, folder), (posix.getcwdb, folder),
        (posix.stat, look(None, follow=True)), (posix.lstat, look(None, follow=False)),
        (posix.access, look(Aspect.RIGHTS, follow=True)), (posix.readlink, look(Aspect.LINK, follow=True)),
        (posix.DirEntry.__dict__["stat"], entry),
    ]  # fmt: skip


def _aspect(asked: Asked) -> Aspect | None:
    """What is asked of a path, to tell by the function of the standard library that asks."""
    if not asked.through:
        return Aspect.STATE
    if asked.through[0] in noise.LOOKS | noise.INSTALLED or not _THE_SAME.isdisjoint(
        (asked.function, asked.outer)
    ):
        return None
    if asked.through[0] == "shutil":
        return Aspect.EXISTS
    if asked.through[0] == "pathlib":
        return Aspect.EXISTS if asked.outer in _BY_FUNCTION else Aspect.STATE
    return _BY_FUNCTION.get(asked.function, Aspect.STATE)


def _clocks(watcher: Watcher) -> list[tuple[Any, Heard]]:
    def heard(name: str, times: Callable[[tuple[Any, ...]], bool], *, by_packages: bool = True) -> Heard:
        def asked(given: tuple[Any, ...]) -> None:
            if times(given) and (found := watcher.asked()) is not None:
                who, seen = found
                if by_packages or not who.packages:
                    note(seen.clock, name, who, noise.CLOCK)

        return asked

    def without(count: int) -> Callable[[tuple[Any, ...]], bool]:
        return lambda given: len(given) < count or given[count - 1] is None

    def always(_given: tuple[Any, ...]) -> bool:
        return True

    moment, day = datetime.datetime.__dict__, datetime.date.__dict__
    return [
        (moment["now"], heard("datetime.now", always)), (moment["utcnow"], heard("datetime.utcnow", always)),
        (day["today"], heard("date.today", always)),
        # Packages take the time to say how long something took.
        (time.time, heard("time.time", always, by_packages=False)),
        (time.time_ns, heard("time.time_ns", always, by_packages=False)),
        (time.localtime, heard("time.localtime", without(1))),
        (time.gmtime, heard("time.gmtime", without(1))),
        (time.ctime, heard("time.ctime", without(1))),
        (time.asctime, heard("time.asctime", without(1))),
        (time.strftime, heard("time.strftime", without(2))),
        (time.clock_gettime, heard("time.clock_gettime", lambda given: given[:1] == (time.CLOCK_REALTIME,))),
    ]  # fmt: skip
