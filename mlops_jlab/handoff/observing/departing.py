"""What a step has changed outside the notebook's names, and what no hidden variable stands for."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import types
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import sleep  # a notebook may put another in its place
from typing import Any

from mlops_jlab.handoff import loggers, modules
from mlops_jlab.handoff.observing import imports
from mlops_jlab.handoff.observing.keeping import Base, read, write
from mlops_jlab.handoff.observing.versions import Mark
from mlops_jlab.handoff.observing.world import SHELL, Change, World, look
from mlops_jlab.handoff.quietly import is_a, module_of

SUFFIX = ".world"
_WAIT = 60.0  # seconds for the look that was begun when the process was: without it no change is seen
# Modules, with all below them, whose state is a hidden variable, or comes back when it is needed.
_HANDED_ON = ("pandas._config", "matplotlib.rcParams", "logging.root", "random", "numpy.random",
              "sklearn._config", "locale", "decimal", "os.environ")  # fmt: skip
_PLAIN = frozenset({bool, int, float, str, type(None)})
_TAUGHT_BY_LINES = ("hooks", "display", "magics", "aliases")  # a line such as %load_ext is run again below


@dataclass(frozen=True)
class Outside:
    """What was seen when a step was left; ``why`` says what it, or one above, changed that stays behind.

    ``attempt`` says in which process: what is known of places in memory holds in that one, and in its forks.
    """

    world: World
    step: str = ""
    why: str = ""
    attempt: str = ""
    base: Base | None = None  # the file that holds most of it
    loggers: dict[str, str] = field(default_factory=dict)  # of packages, as their imports set them up

    @classmethod
    def read(cls, path: Path) -> Outside | None:
        """What was written down, or nothing."""
        with suppress(OSError, ValueError, TypeError, KeyError):
            world, base, about = read(path)
            return cls(
                world, about["step"], about["why"], about["attempt"], base, json.loads(about["loggers"])
            )
        return None

    def write(self, path: Path) -> None:
        """Keeps it for the next step."""
        about = {"step": self.step, "why": self.why, "attempt": self.attempt}
        about["loggers"] = json.dumps(self.loggers)
        write(path, self.world, self.base, about)

    def unkept(self, step: str) -> str:
        """Why the answer of ``step`` is not kept, or nothing."""
        if not self.why:
            return ""
        if self.step == step:
            return f"it changes {self.why}, which is outside the notebook's variables"
        return f"step {self.step!r} above it changes {self.why}, which is outside the notebook's variables"


def new_file(folder: Path) -> Path:
    """Where this process may write how the world is; one of the same number may have been there before."""
    return folder / f"{os.getpid()}-{time.monotonic_ns():x}{SUFFIX}"


def begin(path: Path, mark: Mark) -> None:
    """A new process has seen no cell yet: how the world is then. For ``mark`` see :func:`look`."""
    Outside(look(None, mark)).write(path)


@dataclass(frozen=True)
class Beginning:
    """Where :func:`begin` writes; ``by`` is the process beside this one that does, or 0 when it is done."""

    path: Path
    by: int = 0

    def read(self) -> Outside | None:
        """How the world was, once that is written; nothing if it could not be."""
        deadline = time.monotonic() + _WAIT
        while not self.path.exists() and self._is_under_way() and time.monotonic() < deadline:
            sleep(0.01)
        return Outside.read(self.path)

    def _is_under_way(self) -> bool:
        if not self.by:
            return False
        try:
            os.kill(self.by, 0)
        except ProcessLookupError:
            return False
        return True


def leave(
    step: str, before: Outside | None, patched: Collection[str], mark: Mark, *, has_lines: bool,
    names: Mapping[str, Any], strict: bool = True,
) -> Outside:  # fmt: skip
    """What is to be seen as the step is left. What is ``patched`` (``module.attribute``) is so again below.

    ``has_lines`` says that the same holds for lines that teach IPython something; ``mark`` is that of
    :func:`look`. Unless it is ``strict``, what installed libraries keep for themselves is no change.
    """
    now = look(before.world if before is not None else None, mark)
    if before is None or before.why:
        return replace(before, world=now) if before is not None else Outside(now)
    known = (*(place for one in patched for place in _places(one, names)), *modules.local_modules())
    changes = [one for one in now.changed_since(before.world) if not _is_handed_on(one, known, has_lines)]
    if not strict:
        changes = [one for one in changes if _is_the_notebooks(one)]
    set_up = loggers.of_new_packages()
    changes += [imports.of_logger(name) for name, how in set_up.items() if before.loggers.get(name) != how]
    changes = imports.explain(changes, before.world, now)
    why = changes[0].words if changes else ""
    return Outside(now, step if why else "", why, base=before.base, loggers=set_up)


def _places(patched: str, names: Mapping[str, Any]) -> Iterator[str]:
    """Where that stands which is patched, under the name that was used and where it is defined."""
    name, _, attribute = patched.partition(".")
    module = names.get(name)
    if is_a(module, types.ModuleType):
        yield ".".join(filter(None, (module.__name__, attribute)))
        value = vars(module).get(attribute)
        if is_a(value, types.ModuleType):
            yield value.__name__
        elif is_a(value, type):
            yield f"{value.__module__}.{value.__qualname__}"


def _is_the_notebooks(change: Change) -> bool:
    """Whether nobody but the notebook makes such a change: of the shell, of Python, or of its own making.

    Private numbers, flags and texts are what modules count and remember for themselves.
    """
    if change.module == SHELL:
        return True
    value = vars(sys.modules[change.module]).get(change.name.partition(".")[0])
    if type(value) in _PLAIN and change.name.startswith("_"):
        return False
    if is_a(value, logging.Logger):
        return True
    if is_a(value, (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type)):
        return _is_own(value)
    if change.module.partition(".")[0] in sys.stdlib_module_names:
        return True
    held = list(value.values()) if type(value) is dict else value if type(value) in (list, tuple) else [value]
    return any(type(one) in _PLAIN or _is_own(one) for one in held or ())


def _is_own(value: object) -> bool:
    return "__main__" in (module_of(value), type(value).__module__)


def _is_handed_on(change: Change, known: tuple[str, ...], has_lines: bool) -> bool:
    if change.module == SHELL:
        return has_lines and change.name in _TAUGHT_BY_LINES
    if change.module == "__main__":
        return True
    full = f"{change.module}.{change.name}."
    if full.startswith(tuple(f"{one}." for one in (*known, *_HANDED_ON))):
        return True
    held = vars(sys.modules.get(change.module, types)).get(change.name)
    if is_a(held, logging.Logger):  # it knows the root, whose level is handed on
        return loggers.obeys_what_is_handed_on(held)
    settings = vars(sys.modules.get("matplotlib", types)).get("rcParams")
    return held is settings is not None  # other modules have it under their own names
