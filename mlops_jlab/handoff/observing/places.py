"""Who asks: the user's code, Python's import of a package, or the machinery around a notebook."""

from __future__ import annotations

import os
import sys
import sysconfig
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import FrameType

from mlops_jlab.loaded import is_installed

_OURS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep
_STDLIB = tuple({sysconfig.get_paths()[key] + os.sep for key in ("stdlib", "platstdlib")})


class Code(Enum):
    """Where code comes from."""

    USER = "user"
    PACKAGE = "package"
    STDLIB = "stdlib"
    IMPORT = "import"
    OURS = "ours"
    TEXT = "text"  # executed from a text by one of the others


class Asker(Enum):
    """On whose behalf something was asked."""

    USER = "user"
    IMPORT = "import"  # of an installed package
    SEARCH = "search"  # for a module
    NOBODY = "nobody"  # a kernel's own work, a library's thread, ours


@dataclass(frozen=True)
class Asked:
    """Who asked, through which packages and modules of the standard library, the innermost first.

    ``through`` has names of packages and, of the standard library, those of files; ``function`` is the
    name of the innermost function, ``outer`` of the one that called it,
    ``module`` of the file of the user's own module that asks.
    """

    asker: Asker
    through: tuple[str, ...] = ()
    packages: bool = False
    function: str = ""
    outer: str = ""
    module: str = ""


@cache
def origin(file: str) -> tuple[Code, str]:
    """Where the code of a file comes from, and its package or module."""
    if file.startswith("<frozen importlib"):
        return Code.IMPORT, "importlib"
    if file.startswith("<"):
        named = file.startswith("<frozen ")
        return (Code.STDLIB, file[8:-1]) if named else (Code.TEXT, "")
    if file.startswith(_OURS):
        return Code.OURS, "mlops_jlab"
    if is_installed(file):
        rest = file.replace("dist-packages", "site-packages").rpartition(f"site-packages{os.sep}")[2]
        return Code.PACKAGE, rest.split(os.sep)[0].removesuffix(".py")
    for root in _STDLIB:
        if file.startswith(root):
            name, *below = file[len(root) :].removesuffix(".py").split(os.sep)
            if name == "importlib" and below[:1] == ["metadata"]:  # it imports nothing
                return Code.STDLIB, "importlib.metadata"
            return (Code.IMPORT if name == "importlib" else Code.STDLIB), name
    if not os.path.isabs(file):
        return Code.TEXT, ""
    return Code.USER, ""


def who(frame: FrameType | None) -> Asked:
    """Who asks in ``frame``, looking up to the first code of the user's."""
    through: list[str] = []
    packages = False
    names = ("", "")
    if frame is not None:
        names = (frame.f_code.co_name, frame.f_back.f_code.co_name if frame.f_back is not None else "")
    while frame is not None:
        code, name = origin(frame.f_code.co_filename)
        if code is Code.USER:
            own = os.path.basename(frame.f_code.co_filename) if not is_cell(frame) else ""
            return Asked(Asker.USER, tuple(through), packages, *names, own)
        if code is Code.IMPORT:
            return Asked(Asker.IMPORT if through else Asker.SEARCH, tuple(through), packages, *names)
        if code is Code.OURS:
            break
        if code is not Code.TEXT and (not through or through[-1] != name):
            packages |= code is Code.PACKAGE
            through.append(name)
        frame = frame.f_back
    return Asked(Asker.NOBODY, tuple(through), packages, *names)


def is_cell(frame: FrameType) -> bool:
    """Whether the frame's code is a cell's, or was defined in one."""
    return frame.f_globals.get("__name__") == "__main__"


def roots() -> set[str]:
    """The folders in which Python and its packages are installed."""
    return {sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")}


def caller() -> FrameType | None:
    """The innermost frame that is not of this room."""
    frame: FrameType | None = sys._getframe(1)
    here = os.path.dirname(__file__)
    while frame is not None and frame.f_code.co_filename.startswith(here):
        frame = frame.f_back
    return frame
