"""What importing alone does to other modules: libraries put things into one another's tables.

scipy tells threadpoolctl of a class of its own, and numpy's masked arrays learn new functions, when some
library that needs them is first imported. That is no work of the step's: whoever imports the same modules
has it too. So another process imports them, and nothing else, and what it holds then is held against what
the step has left. It also does what libraries do of themselves when they are first used.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import subprocess
import sys
import types
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from mlops_jlab.files import write_whole
from mlops_jlab.handoff import loggers, modules
from mlops_jlab.handoff.observing.contents import attributes_of
from mlops_jlab.handoff.observing.world import Change, World

_SECONDS = 60  # of a processor
_PATIENCE = 600.0  # seconds on the clock: a busy machine takes its time
_MOST = 2_000  # entries of a container that are written down
_DEPTH = 5
_LOGGERS = "(loggers)"  # stands for their table
_SAME = {"numpy.ma": "numpy.ma.core", "_sqlite3": "sqlite3", "sqlite3.dbapi2": "sqlite3"}
_BEGIN = (
    "import json, sys; asked = json.load(sys.stdin); sys.path[:] = asked['path']; "
    f"from {__name__} import answer; answer(asked)"
)


@dataclass(frozen=True)
class OfLogger(Change):
    """A logger of a package that is not as loggers begin."""

    @property
    def words(self) -> str:
        """What it is called."""
        return f"the logger {self.name!r}"


def of_logger(name: str) -> OfLogger:
    """What is set up of a logger."""
    return OfLogger(_LOGGERS, name)


def explain(changes: Sequence[Change], before: World, now: World) -> list[Change]:
    """Those of ``changes`` that imports do not explain.

    ``before`` and ``now`` are looks in this process; what was imported between them is imported again, in
    its order, in a new process. No process is started where that can explain nothing.
    """
    new = [name for name in now.modules if name not in before.modules and name in sys.modules]
    asked = [
        (one.module, one.name)
        for one in changes
        if new or one.module == _LOGGERS or _home(one.module) in FIRST_USES
    ]
    if not asked:
        return list(changes)
    held = _imported([*before.modules, *new], asked)
    return [one for one in changes if _text(one.module, one.name) not in held.get(_key(one), ())]


def _home(module: str) -> str:
    return _SAME.get(module, module)


def _key(change: Change) -> str:
    return f"{change.module}:{change.name}"


def _imported(names: Sequence[str], asked: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """What may stand under ``asked`` in a process that has only imported ``names``; empty if it fails.

    The answer is remembered for this user, as the same modules are imported night after night.
    """
    from platformdirs import user_cache_dir

    question = json.dumps({"path": sys.path, "names": names, "asked": asked, "seconds": _SECONDS})
    key = json.dumps([question, sys.version, modules.loaded_versions()])
    known = Path(user_cache_dir("mlops-jlab", appauthor=False)) / "imports"
    known /= f"{hashlib.blake2b(key.encode(), digest_size=16).hexdigest()}.json"
    with suppress(OSError, ValueError):
        found: dict[str, list[str]] = json.loads(known.read_text("utf-8"))
        return found
    answered = _ask(question)
    with suppress(OSError):
        if answered:
            known.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(known, json.dumps(answered).encode())
    return answered


def _ask(question: str) -> dict[str, list[str]]:
    with suppress(OSError, subprocess.SubprocessError, ValueError):
        done = subprocess.run(
            [sys.executable, "-I", "-W", "ignore", "-c", _BEGIN], input=question, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_PATIENCE, check=True,
        )  # fmt: skip
        found: dict[str, list[str]] = json.loads(done.stdout)
        return found
    return {}


def answer(question: dict[str, Any]) -> None:
    """The other process: imports what it is told to, uses it, and prints what was held then."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (question["seconds"],) * 2)
    asked = [Change(*one) for one in question["asked"]]
    held: dict[str, list[str]] = {_key(one): [] for one in asked}
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):  # handlers of logs know these
        for act in (_import, _use_first):
            act(question["names"], asked)
            for one in asked:
                held[_key(one)].append(_text(one.module, one.name))
    print(json.dumps(held))


def _import(names: Iterable[str], _asked: Iterable[Change]) -> None:
    for name in names:
        with suppress(BaseException):  # some modules can only be imported by others
            importlib.import_module(name)


def _use_first(_names: Iterable[str], asked: Iterable[Change]) -> None:
    for use in {FIRST_USES.get(_home(one.module)) for one in asked} - {None}:
        with suppress(Exception):
            use()  # type: ignore[misc]


def _units() -> None:
    """pandas lends matplotlib its converters while it plots."""
    converter = importlib.import_module("pandas.plotting._matplotlib.converter")
    with converter.pandas_converters():
        pass


def _plotting() -> None:
    """pandas finds out what draws its plots."""
    importlib.import_module("pandas.plotting._core")._get_plot_backend("matplotlib")


def _sqlite() -> None:
    """pandas teaches sqlite3 to write dates."""
    importlib.import_module("pandas.io.sql").SQLiteTable._register_date_adapters(None)


def _masked() -> None:
    """numpy finds out from when on it must not divide."""
    masked = importlib.import_module("numpy.ma")
    masked.divide(1, 1)
    masked.true_divide(1, 1)


# What libraries do of themselves at their first use, by the module in which it is seen.
FIRST_USES: dict[str, Callable[[], None]] = {
    "matplotlib.units": _units,
    "pandas.plotting._core": _plotting,
    "sqlite3": _sqlite,
    "numpy.ma.core": _masked,
}


def _text(module: str, name: str) -> str:
    """What is held under a name of a module or of a class in it, written so that processes can compare it."""
    if module == _LOGGERS:
        return loggers.described(name)
    holder: object = sys.modules.get(module)
    *classes, last = name.split(".")
    for one in classes:
        holder = _names_of(holder).get(one)
    names = _names_of(holder)
    return _write(names[last], _DEPTH, ()) if last in names else ""


def _names_of(holder: object) -> dict[str, Any]:
    if issubclass(type(holder), types.ModuleType):
        return dict(object.__getattribute__(holder, "__dict__"))
    return dict(type.__getattribute__(holder, "__dict__")) if isinstance(holder, type) else {}


def _write(value: object, depth: int, above: Collection[int]) -> str:
    kind = type(value)
    if kind in (int, float, complex, bool, str, bytes, type(None)):
        return repr(value)
    if isinstance(value, (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)):
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', value.__name__)}"
    whose = f"{kind.__module__}.{kind.__qualname__} {_own_name(value)}"
    if depth == 0 or id(value) in above:
        return whose
    below = (depth - 1, (*above, id(value)))
    if issubclass(kind, dict):
        items: list[tuple[Any, Any]] = list(dict.items(value))[:_MOST]  # type: ignore[arg-type]  # it is one
        return f"{whose}{{{', '.join(_write(k, *below) + ': ' + _write(v, *below) for k, v in items)}}}"
    if kind in (list, tuple, set, frozenset):  # order may be that of a set, another in each process
        return f"{whose}[{', '.join(sorted(_several(value, *below)))}]"  # type: ignore[arg-type]
    own = attributes_of(value)
    return f"{whose}<{_write(own, *below)}>" if own is not None else whose


def _own_name(value: object) -> str:
    """The name that numpy's functions and their like go by; nothing of the user's is called."""
    if type(value).__module__.partition(".")[0] != "numpy":
        return ""
    return str(getattr(value, "__name__", ""))


def _several(values: Iterable[object], depth: int, above: Collection[int]) -> list[str]:
    return [_write(one, depth, above) for one in list(values)[:_MOST]]
