"""What Run All carries outside variables: random state, options, environment, working directory."""

from __future__ import annotations

import importlib.abc
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from mlops_jlab.handoff import loggers, modules, settings, warned

_OWN_ENVIRONMENT = ("KMP_", "JPY_", "IPY", "MLOPS_JLAB_", "PYDEVD", "MPLBACKEND", "COLUMNS", "LINES",
                    "PYTEST_", "FORKED_BY_")  # fmt: skip
_OWN_RC = ("backend", "interactive", "toolbar", "webagg")


@dataclass(frozen=True)
class Ambient:
    """One hidden variable: read and restored once ``module`` is loaded.

    A ``twister`` is a Mersenne Twister that starts anew in each process; torch's generator starts
    with the same seed everywhere. ``noisy`` ones are changed by mere imports: only a change that the
    source shows counts. ``unsaid`` ones change without the source saying so. One that is
    ``needed_by`` a package matters to a step that took values of that
    package, and did not bring the state about itself.
    """

    name: str
    module: str
    capture: Callable[[], Any]
    restore: Callable[[Any], None]
    is_generator: bool = False
    is_twister: bool = False
    noisy: bool = False
    unsaid: bool = False
    needed_by: str = ""


def _module(name: str) -> Any:
    return sys.modules[name]


def _capture_pandas() -> dict[str, Any]:
    config = importlib.import_module("pandas._config.config")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some options are there only to be deprecated
        return {key: config.get_option(key) for key in sorted(config._registered_options)}


def _restore_pandas(options: dict[str, Any]) -> None:
    pandas = _module("pandas")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for key, value in options.items():
            if pandas.get_option(key) != value:
                pandas.set_option(key, value)


def _capture_matplotlib() -> dict[str, Any]:
    params = dict.items(_module("matplotlib").rcParams)
    return {key: value for key, value in params if not key.startswith(_OWN_RC)}


def _restore_matplotlib(params: dict[str, Any]) -> None:
    dict.update(_module("matplotlib").rcParams, params)


def _capture_backend() -> str:
    """The backend that was chosen; nothing if it is the one that matplotlib itself came to."""
    matplotlib = _module("matplotlib")
    first, now = (dict.get(params, "backend") for params in (matplotlib.rcParamsOrig, matplotlib.rcParams))
    given = os.environ.get("MPLBACKEND")
    if not isinstance(now, str) or now in (first, given):
        return ""
    if now == "agg" and not given and not isinstance(first, str):
        return ""
    return now


def _restore_backend(name: str) -> None:
    if name:
        _module("matplotlib").use(name)


def _shows_figures() -> bool:
    """Whether IPython shows a figure as an image: a backend does that once the first one is drawn."""
    return "matplotlib_inline.backend_inline" in sys.modules


def _show_figures(shown: bool) -> None:
    if shown and not _shows_figures():
        pyplot = importlib.import_module("matplotlib.pyplot")
        pyplot.switch_backend(_module("matplotlib").rcParams["backend"])


def _capture_numpy() -> tuple[Any, ...]:
    numpy = _module("numpy")
    options = {k: v for k, v in numpy.get_printoptions().items() if k != "override_repr" or v is not None}
    return options, numpy.geterr(), numpy.getbufsize()


def _restore_numpy(state: tuple[Any, ...]) -> None:
    numpy = _module("numpy")
    numpy.set_printoptions(**state[0])
    numpy.seterr(**state[1])
    for size in state[2:]:
        numpy.setbufsize(size)


def _capture_environ() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(_OWN_ENVIRONMENT)}


def _restore_environ(values: dict[str, str]) -> None:
    for key in _capture_environ().keys() - values.keys():
        del os.environ[key]
    os.environ.update(values)


def _restore_list(target: list[Any]) -> Callable[[Any], None]:
    def restore(values: Any) -> None:
        target[:] = values

    return restore


def _restore_warnings(filters: list[Any]) -> None:
    with warnings.catch_warnings():
        pass  # leaving it tells the interpreter that the filters have changed
    warnings.filters[:] = filters  # type: ignore[index]  # a list at run time


def _capture_generator() -> tuple[Any, ...]:
    """The state of numpy's global generator; of another one that was put in its place, behind its name."""
    numpy = _module("numpy.random")
    found = numpy.get_state(legacy=False)
    kind = found["bit_generator"]
    return tuple(numpy.get_state()) if kind == "MT19937" else (kind, found)


def _restore_generator(state: tuple[Any, ...]) -> None:
    numpy = _module("numpy.random")
    kind, *rest = state
    if numpy.get_state(legacy=False)["bit_generator"] != kind:
        numpy.set_bit_generator(getattr(numpy, kind)())
    numpy.set_state(state if kind == "MT19937" else rest[0])


_OF_DECIMAL = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")


def decimals() -> Any:
    """The context of decimals. Who asks decimal itself makes one, where nobody has asked for it yet."""
    return copy_context().run(_module("decimal").getcontext)


def _capture_decimal() -> tuple[Any, ...]:
    context = decimals()
    return *(getattr(context, name) for name in _OF_DECIMAL), _signals(context.traps)


def _restore_decimal(state: tuple[Any, ...]) -> None:
    if _capture_decimal() == (*state,):
        return
    context = _module("decimal").getcontext()
    for name, value in zip(_OF_DECIMAL, state, strict=False):
        setattr(context, name, value)
    for traps in state[len(_OF_DECIMAL) :]:
        context.traps = dict.fromkeys(context.traps, False) | dict.fromkeys(traps, True)


def _signals(signals: Mapping[Any, bool]) -> list[Any]:
    """Those that are on, by name: how they are laid out depends on nothing else."""
    return sorted((one for one, is_on in signals.items() if is_on), key=lambda one: str(one.__name__))


def _capture_signals() -> list[Any]:
    return _signals(decimals().flags)


def _restore_signals(raised: list[Any]) -> None:
    if _capture_signals() == raised:
        return
    flags = _module("decimal").getcontext().flags
    for signal in list(flags):
        flags[signal] = signal in raised


AMBIENT = (
    Ambient("~random", "random", lambda: _module("random").getstate(),
            lambda s: _module("random").setstate(s), is_generator=True, is_twister=True),
    Ambient("~numpy.random", "numpy.random", _capture_generator, _restore_generator,
            is_generator=True, is_twister=True),
    Ambient("~torch.random", "torch", lambda: _module("torch").get_rng_state(),
            lambda s: _module("torch").set_rng_state(s), is_generator=True),
    Ambient("~pandas", "pandas", _capture_pandas, _restore_pandas),
    Ambient("~matplotlib", "matplotlib", _capture_matplotlib, _restore_matplotlib),
    Ambient("~backend", "matplotlib", _capture_backend, _restore_backend),
    Ambient("~figures", "matplotlib", _shows_figures, _show_figures, needed_by="matplotlib"),
    Ambient("~numpy", "numpy", _capture_numpy, _restore_numpy),
    Ambient("~sklearn", "sklearn", lambda: _module("sklearn").get_config(),
            lambda s: _module("sklearn").set_config(**s)),
    Ambient("~decimal", "decimal", _capture_decimal, _restore_decimal),
    Ambient("~decimal.flags", "decimal", _capture_signals, _restore_signals, unsaid=True),
    Ambient("~locale", "locale", lambda: _module("locale").setlocale(0 + _module("locale").LC_ALL),
            lambda s: _module("locale").setlocale(_module("locale").LC_ALL, s)),
    Ambient("~warnings", "warnings", lambda: list(warnings.filters), _restore_warnings, noisy=True),
    Ambient("~warned", "warnings", warned.capture, warned.restore, unsaid=True),
    Ambient("~environ", "os", _capture_environ, _restore_environ),
    Ambient("~directory", "os", settings.folder, os.chdir),
    Ambient("~patches", "sys", modules.capture_patches, modules.restore_patches),
    Ambient("~logging", "logging", loggers.capture, loggers.restore),
    Ambient("~recursion", "sys", sys.getrecursionlimit, sys.setrecursionlimit),
    Ambient("~path", "sys", lambda: list(sys.path), _restore_list(sys.path)),
)  # fmt: skip


@contextmanager
def _silence() -> Iterator[None]:
    """What is written to the streams meanwhile is dropped; they are the objects that they were."""
    found: list[Any] = list({id(one): one for one in (sys.stdout, sys.stderr)}.values())
    held = [(stream, dict(vars(stream))) for stream in found if hasattr(stream, "__dict__")]
    for stream, _own in held:
        stream.write = len  # the number of characters, as write gives it
    try:
        yield
    finally:
        for stream, own in held:
            del stream.write
            if "write" in own:  # IPython listens to what a cell prints
                stream.write = own["write"]


class ImportWatch(importlib.abc.MetaPathFinder):
    """Calls back right after a module that is ``wanted`` is imported for the first time.

    One that was ``printed`` above has said there what it says when it is imported. Any module may be imported
    ``within`` something.
    """

    def __init__(
        self, wanted: Callable[[ModuleSpec], bool], loaded: Callable[[str], None],
        printed: Callable[[ModuleSpec], bool] = lambda _spec: False,
        within: Callable[[ModuleSpec], AbstractContextManager[None] | None] = lambda _spec: None,
    ) -> None:  # fmt: skip
        self._wanted = wanted
        self._loaded = loaded
        self._printed = printed
        self._within = within
        self._known: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Python's import machinery asks for a module: hand out the real one, watched."""
        spec = self._of_others(fullname, path, target)
        if spec is None or spec.loader is None:
            return spec
        is_wanted = self._wanted(spec)
        around = self._within(spec)
        if not is_wanted and around is None:
            return spec
        loader, execute, loaded = spec.loader, spec.loader.exec_module, self._loaded
        again = is_wanted and target is None and fullname not in self._known and self._printed(spec)
        if is_wanted:
            self._known.add(fullname)

        def watched(module: ModuleType) -> None:
            with _silence() if again else nullcontext(), around or nullcontext():
                execute(module)
            if getattr(loader, "exec_module", None) is watched:
                loader.exec_module = execute  # type: ignore[method-assign]  # as it was
            if is_wanted:
                loaded(fullname)

        loader.exec_module = watched  # type: ignore[method-assign]  # for this one import
        return spec

    def _of_others(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        below = sys.meta_path[sys.meta_path.index(self) + 1 :] if self in sys.meta_path else ()
        for finder in below:
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                return spec
        return None
