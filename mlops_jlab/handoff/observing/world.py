"""A second net: what has changed in the globals of any module, whether or not a table names it.

:func:`look` walks over the namespace of the notebook and the globals of all loaded modules. It is shallow
and cheap: who an object is, how long it is, and, for plain containers and the attributes of instances,
what they hold at two levels. It asks nothing of the objects themselves: no ``__eq__``, no property, no
``__repr__`` is called.

Two looks can be compared if they were taken in one process, or in a process and its fork: an object has the
same address in both.
"""

from __future__ import annotations

import abc
import re
import sys
import types
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from types import MappingProxyType
from typing import Any, NamedTuple

from mlops_jlab.handoff.observing.contents import COMPILED, DEPTH, NOTHING, NOTHING_ELSE, Contents
from mlops_jlab.handoff.observing.footprint import UNKNOWN, Footprint, Places, is_known, untouched
from mlops_jlab.handoff.observing.versions import NONE, Mark, namespace_of, registered, version_of

_REGISTERED = "(registered)"  # stands for what an abstract class keeps where no attribute tells of it

# Machinery whose state is no part of an answer: modules, with all that lies below them.
MACHINERY = frozenset(
    "IPython ipykernel ipywidgets traitlets jupyter_client comm zmq tornado debugpy mlops_jlab "
    "importlib asyncio _asyncio concurrent multiprocessing threading _thread selectors socket ssl signal gc "
    "weakref _weakref _weakrefset abc _abc inspect linecache tokenize traceback pdb bdb cmd code "
    "codeop ast dis site sysconfig zipimport encodings codecs _codecs atexit faulthandler tracemalloc "
    "cProfile psutil prompt_toolkit pygments jedi parso stack_data executing asttokens pure_eval "
    "joblib.externals joblib.executor matplotlib_inline matplotlib.font_manager "
    "pexpect ptyprocess _pytest pytest pluggy hypothesis".split()
)
# Names in other modules that change without meaning: memories of what was computed, numbers that count on.
NOISE: dict[str, frozenset[str]] = {
    "sys": frozenset("modules path_importer_cache last_type last_value last_traceback stdin stdout "
                     "stderr argv displayhook excepthook flags meta_path path path_hooks ps1 ps2 ps3 "
                     "warnoptions _xoptions exec_prefix prefix".split()),
    "os": frozenset({"environ", "environb"}),  # a hidden variable of its own
    "posixpath": frozenset({"_varprog", "_varprogb"}),  # compiled when first needed
    "posix": frozenset({"environ"}),
    "builtins": frozenset({"_", "get_ipython", "display", "input"}),
    "warnings": frozenset({"filters", "onceregistry"}),
    "logging": frozenset({"_handlerList", "_handlers"}),
    "tempfile": frozenset({"_name_sequence", "tempdir"}),
    "subprocess": frozenset({"_active"}),
    "getpass": frozenset({"getpass"}),  # a kernel's own, anew for each cell
    "ctypes": frozenset({"_win_functype_cache", "_pointer_type_cache", "pythonapi"}),
    "ctypes._endian": frozenset({"pythonapi"}),
    "random": frozenset({"_inst"}),  # a hidden variable of its own
    "numpy.random.mtrand": frozenset({"_rand"}),
    "_warnings": frozenset({"filters"}),
    "typing": frozenset({"_overload_registry"}),
    "numpy": frozenset({"iinfo._max_vals", "iinfo._min_vals"}),
    "matplotlib.pyplot": frozenset({"_backend_mod", "draw_if_interactive", "_REPL_DISPLAYHOOK"}),
    "matplotlib.backends": frozenset({"backend"}),  # these when the first figure is made
    "matplotlib.backend_bases": frozenset({"_default_backends"}),
    "pyarrow.pandas_compat": frozenset(
        {"_logical_type_map", "_numpy_logical_type_map", "_pandas_logical_type_map"}
    ),
    "pandas.util._exceptions": frozenset({"_pkg_dir", "_test_dir"}),  # found out when first needed
    "os.path": frozenset({"_varprog", "_varprogb"}),
    "PIL.Image": frozenset("ID OPEN MIME SAVE SAVE_ALL EXTENSION DECODERS ENCODERS _initialized".split()),
    "pyarrow.lib": frozenset({"__pc"}),
    "dask.threaded": frozenset({"main_thread"}),  # another one in each fork
    "dateutil.tz": frozenset({"gettz"}),  # it remembers zones
    "dateutil.tz.tz": frozenset({"gettz"}),
    "sklearn.utils.parallel": frozenset({"_threadpool_controller"}),
    "sklearn.utils._openmp_helpers": frozenset({"_CPU_COUNTS"}),
    "time": frozenset({"tzname", "timezone", "altzone", "daylight"}),
}  # fmt: skip
_NOISY_WORDS = (
    "_value2member_map_",
    "cache",
    "memo",
    "lock",
    "counter",
    "_warned",
    "warningregistry",
    "dispatch_table",
    "backend_registry",  # matplotlib's, and its defaults: filled when the first figure is made
    "rcparamsdefault",
)
_NOISY = re.compile("|".join(map(re.escape, _NOISY_WORDS)), re.IGNORECASE)


@dataclass(frozen=True)
class Change:
    """A name in a module that does not stand for what it stood for, or holds something else."""

    module: str
    name: str

    @property
    def words(self) -> str:
        """What it is called."""
        return f"{self.module}.{self.name}"


class Looked(NamedTuple):
    """What is known of a module: the texts of its names as one, and how to see that they are the same.

    They are, if its namespace is ``at`` its place in memory, its ``footprint`` is as it was, no class was
    registered with one of the ``abstract`` ones, and what is ``living``, which leaves no footprint, has its
    texts. A place of 0 says that nobody can tell.
    """

    texts: bytes | memoryview
    footprint: Footprint = UNKNOWN
    at: int = 0
    abstract: Mapping[str, str] = MappingProxyType({})
    living: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class World:
    """What a look has seen of each module. ``known`` are numbers of dicts, by version.

    ``loaded`` is the version of the table of modules and ``registered`` how often a class had been registered
    with an abstract one, or 0 and -1 where that does not count.
    """

    modules: dict[str, Looked] = field(default_factory=dict)
    known: dict[int, int] = field(default_factory=dict)
    loaded: int = 0
    registered: int = -1

    def changed_since(self, other: World) -> list[Change]:
        """What is otherwise than in an earlier look. A module that was imported since is no change."""
        found = []
        for module, looked in self.modules.items():
            earlier = other.modules.get(module)
            if earlier is None or earlier is looked or earlier.texts == looked.texts:
                continue
            names, before = _parted(looked.texts), _parted(earlier.texts)
            for name in sorted({*names, *before}):
                now, was = names.get(name, ""), before.get(name, "")
                late = not was and now.startswith("code ")  # what is loaded late
                late = late or (was == NOTHING and now.startswith(COMPILED))
                if now != was and not late:
                    found.append(Change(module, name))
        return found


def look(before: World | None = None, mark: Mark = NONE) -> World:
    """What all loaded modules hold now.

    ``before`` is what was seen in this process, or in one that it was forked from; what has not changed since
    is not looked at again, nor even touched: in a copy of a process that would copy its page. ``mark`` says
    what had happened before this process was forked for those that go on: what is newer is known to this
    process alone.
    """
    before = before if before is not None else World()
    contents = Contents(partial(is_noise, ""), dict(before.known), mark)
    loaded, now = version_of(sys.modules), registered()
    unregistered = before.registered == now >= 0
    found: dict[str, Looked] = {}
    standing = [name for name, one in before.modules.items() if one.at]
    same = untouched([before.modules[name].footprint for name in standing])
    as_before = {name for name, is_same in zip(standing, same, strict=True) if is_same}
    if loaded and before.loaded == loaded:  # none was imported
        places: Iterable[tuple[str, types.ModuleType | None]] = ((name, None) for name in before.modules)
    else:
        places = _modules()
    for name, module in places:
        looked = before.modules.get(name)
        if name == SHELL:
            continue
        own = None if module is None else object.__getattribute__(module, "__dict__")
        if looked is not None and name in as_before and (own is None or id(own) == looked.at):
            if _is_as_it_was(name, looked, contents, unregistered=unregistered):
                found[name] = looked
                continue
        if not _is_machinery(name):
            found[name] = _globals(name, module or sys.modules[name], mark, contents)
    found[SHELL] = Looked(_joined(dict(_of_shell())))
    return World(
        found, contents.known, loaded if loaded <= mark.version else 0, now if now <= mark.registered else -1
    )


def _modules() -> Iterator[tuple[str, types.ModuleType]]:
    """The loaded modules; one may have two names, as os.path has."""
    seen: set[int] = set()
    for name, module in list(sys.modules.items()):
        # By its type: libraries of C that cffi has opened say that they are modules, and have no globals.
        is_module = issubclass(type(module), types.ModuleType)
        if name != "__mp_main__" and is_module and id(module) not in seen:
            seen.add(id(module))
            yield name, module


_OF_SHELLS = ("ast_node_interactivity", "autocall", "automagic", "autoawait", "loop_runner", "xmode",
              "colors", "cache_size", "show_rewritten_input")  # fmt: skip
_OF_FORMATTERS = ("enabled", "pprint", "verbose", "max_width", "max_seq_length", "newline", "float_precision",
                  "float_format")  # fmt: skip
SHELL = "the shell"  # stands for a module whose names are what IPython was taught


def _of_shell() -> Iterator[tuple[str, str]]:
    """What the notebook has taught IPython: how to read cells, what to call around them, how to show."""
    kinds = getattr(sys.modules.get("IPython.core.interactiveshell"), "InteractiveShell", None)
    shell = kinds._instance if kinds is not None and kinds.initialized() else None
    if shell is None:
        return
    manager = shell.input_transformer_manager
    reading = [shell.ast_transformers, shell.input_transformers_post, manager.cleanup_transforms]
    reading += [manager.line_transforms, manager.token_transformers]
    yield "reading of cells", " ".join(str(id(one)) for several in reading for one in several)
    calls = [call for several in shell.events.callbacks.values() for call in several]
    yield "hooks", _ours(calls)
    shown = shell.display_formatter.formatters.values()
    printers = [one.type_printers for one in shown] + [one.singleton_printers for one in shown]
    printers += [one.deferred_printers for one in shown]
    yield "display", _ours(call for several in printers for call in several.values())
    magics = shell.magics_manager.magics.values()
    yield "magics", _ours(call for several in magics for call in several.values())
    yield "aliases", str(hash(tuple(sorted(map(str, shell.alias_manager.aliases)))))
    yield "folders to go back to", str(shell.dir_stack)
    yield "settings", str(hash(tuple(_settings_of(shell))))
    yield "streams", f"{id(sys.stdout)} {id(sys.stderr)}"
    yield "errors", " ".join(str(id(one)) for one in shell.custom_exceptions)


def _settings_of(shell: Any) -> Iterator[str]:
    """What magics such as ``%pprint``, ``%precision`` and ``%xmode`` change, as far as it is plain."""
    for one, names in (
        (shell, _OF_SHELLS), (shell.InteractiveTB, ("mode",)),
        *((formatter, _OF_FORMATTERS) for formatter in shell.display_formatter.formatters.values()),
    ):  # fmt: skip
        yield from (str(getattr(one, name, "")) for name in names)


def _ours(calls: Iterable[object]) -> str:
    """Those that are functions or methods of the notebook."""
    found = []
    for call in calls:
        function = (
            call.__func__ if isinstance(call, types.MethodType) else call
        )  # others load what they stand for
        if type(function) is not types.FunctionType or function.__module__ == "__main__":
            found.append(id(function) if type(function) is types.FunctionType else _kind_if_ours(call))
    return " ".join(str(one) for one in found if one)


def _kind_if_ours(call: object) -> int:
    """For what is called like a function."""
    own = type.__getattribute__(type(call), "__module__") if type(type(call)) is type else ""
    return id(call) if own == "__main__" else 0


def _is_machinery(module: str) -> bool:
    """Whether the module, or one above it, is machinery; debugpy's have names of their own."""
    if module.startswith(("pydev", "_pydev")):
        return True
    while module:
        if module in MACHINERY:
            return True
        module = module.rpartition(".")[0]
    return False


def is_noise(module: str, name: str) -> bool:
    """Whether a name changes without meaning."""
    if module == "__main__":  # IPython's own
        return name.startswith("_") or name in ("In", "Out", "exit", "quit", "open", "get_ipython")
    return name in NOISE.get(module, ()) or _is_noisy(name)


@cache
def _is_noisy(name: str) -> bool:
    """Whether a name says by itself, in any module, that it changes without meaning."""
    return (
        name == "_LIB"  # the library of C that it is a face of, loaded when it is first needed
        or _NOISY.search(name) is not None
        or (name.startswith("__") and name.endswith("__"))
    )


def _globals(name: str, module: types.ModuleType, mark: Mark, contents: Contents) -> Looked:
    """The texts of a module's names, and of what its own classes keep."""
    own = object.__getattribute__(module, "__dict__")
    places, newest = Places(), version_of(own)
    places.of_dict(own)
    texts: dict[str, str] = {}
    living: dict[str, str] = {}
    abstract: dict[str, str] = {}

    def add(key: str, value: object, depth: int) -> None:
        nonlocal places
        texts[key], some = contents.text(value, depth, placed=name != "__main__")  # which each step changes
        if some is None:
            living[key] = texts[key]
        elif some is not NOTHING_ELSE:
            places += some

    for key, value in list(own.items()):
        if type(key) is not str or is_noise(name, key):
            continue
        add(key, value, _depth(name))
        if _is_own_class(name, value):
            namespace = namespace_of(value)
            places.of_dict(namespace)
            newest = max(newest, version_of(namespace))
            for attribute, inner in _containers(name, key, value):
                add(f"{key}.{attribute}", inner, DEPTH)
            if isinstance(value, abc.ABCMeta):
                at = f"{key}.{_REGISTERED}"
                texts[at] = abstract[at] = _registered(value)
    footprint = places.footprint() if is_known() and newest <= mark.version else None
    if footprint is None:
        return Looked(_joined(texts))
    return Looked(_joined(texts), footprint, id(own), abstract, living)


def _is_own_class(module: str, value: Any) -> bool:
    """Whether it is a class that is defined in the module."""
    kind = type(value)
    return (
        isinstance(kind, type)
        and issubclass(kind, type)
        and type.__getattribute__(value, "__dict__").get("__module__") == module
    )


def _containers(module: str, name: str, kind: Any) -> Iterator[tuple[str, Any]]:
    """The containers that a class keeps for itself."""
    for key, value in list(type.__getattribute__(kind, "__dict__").items()):
        if issubclass(type(value), (dict, list, set, deque)):
            if not (is_noise(module, key) or is_noise(module, f"{name}.{key}")):
                yield key, value


def _registered(kind: Any) -> str:
    """The notebook's classes that were registered with an abstract one: no attribute tells of them."""
    classes = [reference() for reference in abc._get_dump(kind)[0]]  # type: ignore[attr-defined]
    return " ".join(sorted(str(id(one)) for one in classes if getattr(one, "__module__", "") == "__main__"))


def _depth(module: str) -> int:
    """Registries of the standard library are deep."""
    return DEPTH + (module.partition(".")[0] in sys.stdlib_module_names)


def _is_as_it_was(name: str, looked: Looked, contents: Contents, *, unregistered: bool) -> bool:
    """Whether a module whose footprint is as it was holds what it held."""
    if not looked.living and (unregistered or not looked.abstract):
        return True
    own = object.__getattribute__(sys.modules[name], "__dict__")
    for key, text in looked.living.items():
        holder, _, attribute = key.partition(".")
        if key in own:
            found = contents.text(own[key], _depth(name))[0]
        else:
            found = contents.text(type.__getattribute__(own[holder], "__dict__")[attribute], DEPTH)[0]
        if found != text:
            return False
    registries = {} if unregistered else looked.abstract
    return all(_registered(own[key.partition(".")[0]]) == text for key, text in registries.items())


def _joined(texts: dict[str, str]) -> bytes:
    """All texts as one, which is compared and kept at no cost."""
    both = (f"{name.replace(';', '%3b').replace('=', '%3d')}={text}" for name, text in texts.items())
    return ";".join(both).encode("utf-8", "surrogatepass")


def _parted(joined: bytes | memoryview) -> dict[str, str]:
    whole = str(joined, "utf-8", "surrogatepass")
    return dict(one.split("=", 1) for one in whole.split(";")) if whole else {}
