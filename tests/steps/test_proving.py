"""What was saved is held against the living values: all that comes back otherwise has a reason."""

from __future__ import annotations

import array
import collections
import contextlib
import contextvars
import copyreg
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import importlib
import io
import itertools
import logging
import operator
import os
import pathlib
import random
import re
import socket
import sqlite3
import sys
import threading
import types
import uuid
import weakref
import zoneinfo
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from scipy.spatial import cKDTree
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from mlops_jlab.errors import HandoffError
from mlops_jlab.handoff import bare, loggers, pickling, sharing, snapshot
from mlops_jlab.handoff.ambient import AMBIENT, Ambient
from mlops_jlab.handoff.equality import difference
from mlops_jlab.handoff.objects import ObjectStore
from mlops_jlab.handoff.proving import prove
from mlops_jlab.handoff.saving import Saver
from tests.steps.programs import answers


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    """A notebook's namespace."""
    module = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    yield module


def proved(folder: Path, values: dict[str, object], names: dict[str, Any] | None = None) -> dict[str, str]:
    """Saves the values as a step does, and proves them."""
    names = {} if names is None else names
    seen = snapshot.take(values, names)
    assert {name: one.refused for name, one in seen.values.items() if one.refused} == {}
    store = ObjectStore(folder)
    writes = Saver(store, names, seen).save(seen.groups(values), values)
    return prove(store, writes, values, names)


def cell(main: types.ModuleType, source: str) -> None:
    """Executes a cell of the notebook."""
    exec(source, vars(main))


class Point(NamedTuple):
    x: float
    y: float


class Colour(enum.Enum):
    RED = 1


class Flags(enum.Flag):
    A = 1
    B = 2


@dataclasses.dataclass
class Box:
    content: object
    label: str = ""


class Slotted:
    __slots__ = ("a", "b")
    a: int
    b: int


class Words(list):  # type: ignore[type-arg]
    language = "en"


def slotted() -> Slotted:
    made = Slotted()
    made.a = 1
    return made


def words() -> Words:
    made = Words(["a"])
    made.language = "de"
    return made


def circle() -> list[object]:
    made: list[object] = [1]
    made.append(made)
    return made


def generator_ahead() -> np.random.Generator:
    made = np.random.default_rng(3)
    made.random(5)
    return made


def data() -> tuple[Any, Any]:
    return np.random.default_rng(0).random((80, 3)), np.arange(80) % 2


def frame() -> pd.DataFrame:
    return pd.DataFrame(
    {"n": np.arange(50.0), "s": ["a", None] * 25, "c": pd.Categorical(list("uv") * 25),
     "t": pd.date_range("2024", periods=50, tz="Europe/Berlin"), "i": pd.array([1, None] * 25, "Int64")}
)  # fmt: skip


SURVIVE: dict[str, Callable[[], object]] = {
    "floats": lambda: [float("nan"), -0.0, 0.0, float("inf"), 1e-320, complex(0.0, -0.0)],
    "atoms": lambda: [1, True, None, "ü\ud800", b"x", ..., 10**50, NotImplemented],
    "ranges": lambda: (range(3), slice(1, None), [range(0, 9, 2)]),
    "a dict's order": lambda: {"b": 1, "a": [2], 3: None, (1, 2): {}},
    "sets": lambda: [{3, 1, 2}, frozenset("abc"), {(1, 2), (3, 4)}],
    "a circle": circle,
    "named tuples": lambda: [Point(1.0, float("nan"))],
    "enums": lambda: {Colour.RED: Flags.A | Flags.B},
    "a data class": lambda: Box([1], "x"),
    "slots": slotted,
    "a list with attributes": words,
    "collections": lambda: [
        collections.deque([1, [2]], maxlen=3), collections.OrderedDict([("z", 1), ("a", 2)]),
        collections.defaultdict(list, {"a": [1]}), collections.Counter("hello"), collections.ChainMap({1: 2}),
    ],
    "bytes": lambda: [bytearray(b"abc"), array.array("d", [1.5, -0.0])],
    "moments": lambda: [
        dt.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")), dt.UTC,
        dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))), dt.date(2024, 1, 1),
        dt.timedelta(days=1, microseconds=3), dt.time(3, 4),
    ],
    "numbers": lambda: [decimal.Decimal("1.20"), fractions.Fraction(1, 3), uuid.UUID(int=3)],
    "paths and patterns": lambda: [Path("a/../b"), pathlib.PureWindowsPath("c:/x"), re.compile("a+", re.I)],
    "functions of libraries": lambda: [np.sin, len, "abc".upper, [1].append, operator.itemgetter(1), np.mean],
    "partials": lambda: [functools.partial(int, base=2), functools.partial(print, "a", end="")],
    "iterators": lambda: [itertools.count(3), iter([1, 2]), enumerate("ab"), zip([1], [2], strict=True)],
    "an error": lambda: ValueError("bad", 3),
    "generators of numbers": lambda: [generator_ahead(), np.random.RandomState(1), random.Random(3)],
    "arrays": lambda: [np.zeros((3, 0)), np.array(1.5), np.array(["a", "bc"]), np.arange(3, dtype=">i4")],
    "an array's layout": lambda: [
        np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2), np.asfortranarray(np.ones((40, 50))),
        np.arange(20.0)[::2], np.arange(20.0)[::-1], np.arange(24.0).reshape(4, 6)[:, 1:3], np.ones((9, 9)).T[2:5],
        np.broadcast_to(np.arange(3.0), (4, 3)), np.arange(24).reshape(2, 3, 4)[::-1, :, ::2],
    ],
    "large views": lambda: [np.arange(90_000.0).reshape(300, 300)[:, 5], np.arange(9_000.0)[::-1]],
    "arrays of arrays": lambda: np.array([np.arange(3), None, [1]], dtype=object),
    "records": lambda: [np.zeros(3, [("a", "i4"), ("b", "f8")]), np.zeros(2, [("a", "i4")]).view(np.recarray)],
    "masked": lambda: np.ma.masked_less(np.arange(9.0), 3.0),
    "a matrix": lambda: np.matrix([[1, 2]]),
    "numpy's numbers": lambda: [np.float32(1.5), np.datetime64("2024-01-01"), np.bool_(True), np.dtype("f4")],
    "a frame": frame,
    "a part of a frame": lambda: frame()[["n", "i"]].iloc[3:20],
    "a frame's column": lambda: frame()["s"].rename("other"),
    "indexes": lambda: [
        pd.date_range("2024", periods=3, freq="D"), pd.RangeIndex(3, name="r"), pd.Index(["a", None]),
        pd.MultiIndex.from_product([[1, 2], ["a"]], names=["u", "v"]), pd.interval_range(0, 3),
        pd.CategoricalIndex(["a"]), pd.period_range("2024", periods=2, freq="M"), pd.timedelta_range("1s", periods=2),
    ],
    "pandas scalars": lambda: [pd.Timestamp("2024", tz="UTC"), pd.NaT, pd.NA, pd.Timedelta("1s"), pd.Period("2024")],
    "a table by groups": lambda: frame().groupby("c", observed=True)["n"].describe(),
    "sparse": lambda: [scipy.sparse.random(5, 5, 0.3, "csr", random_state=1), scipy.sparse.coo_array(np.eye(3))],
    "a linear model": lambda: make_pipeline(StandardScaler(), LogisticRegression()).fit(*data()),
    "a forest": lambda: RandomForestClassifier(5, random_state=0).fit(*data()),
    "boosting": lambda: HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(*data()),
    "clusters": lambda: KMeans(2, n_init=1, random_state=0).fit(data()[0]),
    "neighbours": lambda: KNeighborsClassifier(algorithm="kd_tree").fit(*data()),
    "a search": lambda: GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(*data()),
    "what all share": lambda: [np.random.mtrand._rand, np.random.random, random.random],
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("what", SURVIVE)
def test_what_comes_back_as_it_was_is_proved(what: str, tmp_path: Path) -> None:
    assert proved(tmp_path, {"x": SURVIVE[what]()}) == {}


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_boosters_that_keep_an_address_are_proved_by_what_they_would_write(
    library: str, tmp_path: Path
) -> None:
    module = pytest.importorskip(library)
    kind = module.XGBClassifier if library == "xgboost" else module.LGBMClassifier
    quiet = {} if library == "xgboost" else {"verbose": -1}
    assert proved(tmp_path, {"x": kind(n_estimators=3, n_jobs=1, **quiet).fit(*data())}) == {}


class Lossy:
    def __init__(self) -> None:
        self.note, self.kept = "x", 1

    def __getstate__(self) -> dict[str, object]:
        return {"kept": self.kept}


class Again:
    def __init__(self, size: int) -> None:
        self.size = size

    def __reduce__(self) -> tuple[object, ...]:
        return Again, (3,)


class Grown(dict):  # type: ignore[type-arg]
    def __reduce__(self) -> tuple[object, ...]:
        return dict, (dict(self),)


class HalfSlotted:
    __slots__ = ("a", "b")
    a: int
    b: int

    def __getstate__(self) -> object:
        return None, {"a": self.a}


def half_slotted() -> HalfSlotted:
    made = HalfSlotted()
    made.a = made.b = 1
    return made


def raised() -> Exception:
    try:
        raise ValueError("bad")
    except ValueError as error:
        return error


def caused() -> Exception:
    made = ValueError("bad")
    made.__cause__ = KeyError("deep")
    return made


@functools.lru_cache
def remembered(number: int) -> int:
    return number


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What one test has called is nothing that the next one's steps would have to keep."""
    yield
    remembered.cache_clear()


def warm_cache() -> object:
    remembered(3)
    return remembered


def logger() -> logging.Logger:
    made = logging.getLogger("numpy.test.proving")  # a package's; the notebook's own are handed on
    made.setLevel(logging.DEBUG)
    return made


def memory_mapped() -> object:
    import tempfile

    return np.memmap(tempfile.TemporaryFile(), dtype="f8", shape=(5,), mode="w+")


def locked() -> object:
    class_ = Locked()
    class_.lock.acquire()
    return class_


class Locked:
    def __init__(self) -> None:
        self.lock = threading.Lock()

    def __getstate__(self) -> dict[str, object]:
        return {}

    def __setstate__(self, state: object) -> None:
        self.__init__()  # type: ignore[misc]


class ByName:
    def __reduce__(self) -> str:
        return "BY.name"


class BY:
    name = ByName()


ByName.__qualname__ = "BY.name"
MODULE_STATE: dict[str, object] = {"a": 1}
LOSE: dict[str, tuple[Callable[[], object], str]] = {
    "an attribute that __getstate__ leaves out": (Lossy, "loses .note"),
    "a value that __reduce__ makes up": (lambda: Again(5), r"x\.size is 5 and comes back as 3"),
    "a slot that is left out": (half_slotted, r"loses \.b"),
    "another type": (lambda: Grown(a=1), "a Grown and comes back as a dict"),
    "a traceback": (raised, "traceback"),
    "a cause": (caused, "__cause__"),
    "what a cache holds": (warm_cache, "cache holds 1 results"),
    "a logger's level": (logger, "level and handlers stay behind"),
    "an object that is found by name": (lambda: BY.name, "found again by its name only"),
    "a file in memory": (memory_mapped, "x"),
    "a held lock": (locked, r"x\.lock .*locked"),
    "a module's own object": (lambda: {"s": MODULE_STATE}, "MODULE_STATE itself"),
}


@pytest.mark.parametrize("what", LOSE)
def test_what_comes_back_otherwise_has_a_reason(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bare, "is_own", lambda _kind: False)  # classes of libraries: their word is taken
    for kind in [k for k in copyreg.dispatch_table if issubclass(k, (BaseException, types.TracebackType))]:
        monkeypatch.delitem(copyreg.dispatch_table, kind)  # with Dask imported, tracebacks travel
    make, reason = LOSE[what]
    found = proved(tmp_path, {"x": make()})
    assert list(found) == ["x"]
    assert re.search(reason, found["x"]), found["x"]


@pytest.mark.parametrize("make", [Lossy, half_slotted])
def test_an_object_of_an_own_class_is_saved_with_all_that_it_holds(
    make: Callable[[], object], tmp_path: Path
) -> None:
    assert proved(tmp_path, {"x": make()}) == {}


def test_a_free_lock_that_is_made_anew_is_as_good_as_the_old_one(tmp_path: Path) -> None:
    assert proved(tmp_path, {"x": Locked()}) == {}
    assert proved(tmp_path, {"x": logging.getLogger("mlops.test.untouched")}) == {}


def test_two_names_for_one_object_stay_two_names_for_one_object(tmp_path: Path) -> None:
    shared, slots, big = [1], slotted(), np.zeros(5000)
    table = frame()
    values = {
        "a": shared, "b": {"in": shared}, "c": slots, "d": [slots], "e": big, "f": big[10:20], "g": big[::2],
        "h": table, "i": [table], "k": table["n"], "l": bytearray(b"x"), "m": pd.Index([1, 2]),
    }  # fmt: skip
    values |= {"l2": values["l"], "m2": values["m"]}
    assert proved(tmp_path, values) == {}


def save_apart(folder: Path, values: dict[str, object]) -> dict[str, str]:
    """Saves each value by itself, as if nobody had seen what they share."""
    store, seen = ObjectStore(folder), snapshot.take(values, {})
    writes = Saver(store, {}, snapshot.take({}, {})).save([[name] for name in values], values)
    assert len(seen.values) == len(values)
    return prove(store, writes, values, {})


APART: dict[str, Callable[[], tuple[object, object]]] = {
    "a list": lambda: (lambda s: (s, [s]))([1]),
    "an object with slots": lambda: (lambda s: (s, {"a": s}))(slotted()),
    "an array": lambda: (lambda s: (s, [s]))(np.arange(3)),
    "a view": lambda: (lambda s: (s, s[1:]))(np.arange(3.0)),
    "a view turned round": lambda: (lambda s: (s, s[::-1]))(np.arange(3.0)),
    "a generator": lambda: (lambda s: (s, s.bit_generator))(np.random.default_rng(1)),
    "a frame": lambda: (lambda s: (s, [s]))(frame()),
    "an index": lambda: (lambda s: (s, [s]))(pd.Index([1])),
    "what a method belongs to": lambda: (lambda s: (s, s.append))([1]),
    "a sentinel": lambda: (lambda s: (s, [s]))(object()),
    "a list within a list": lambda: (lambda s: ([[s]], [[s]]))([1]),
    "a column of a frame": lambda: (lambda s: (s, s["n"].to_numpy()))(numbers()),
    "an array with gaps in a frame": lambda: (lambda s: (s, s["m"].array))(numbers()),
    "texts in a series": lambda: (lambda s: ([s.array], s))(pd.Series(["a", "b"])),
    "categories in a frame": lambda: (lambda s: (s, s["c"].array))(numbers()),
    "a series around an array": lambda: (lambda s: (s, pd.Series(s, copy=False)))(np.arange(3.0)),
    "a series around an array with gaps": lambda: (lambda s: (s, pd.Series(s, copy=False)))(
        pd.array([1, None])
    ),
}
# Pickle has copies of what they look at, whatever is saved together.
COPIED: dict[str, Callable[[], tuple[object, object]]] = {
    "points in a tree": lambda: (lambda s: (s, cKDTree(s, copy_data=False)))(np.arange(6.0).reshape(3, 2)),
    "a fitted tree": lambda: (lambda s: (s, s.tree_.threshold))(
        DecisionTreeRegressor().fit([[1.0], [2.0]], [0, 1])
    ),
}


def numbers() -> pd.DataFrame:
    return pd.DataFrame(
        {"n": [1.0, 2.0], "m": pd.array([1, None], dtype="Int64"), "c": pd.Categorical(["u", "v"])}
    )


@pytest.mark.parametrize("what", COPIED)
def test_what_a_pickle_has_copies_of_is_found(what: str, tmp_path: Path) -> None:
    one, other = COPIED[what]()
    found = str(proved(tmp_path, {"one": one, "other": other}))
    assert re.search("comes back as another|does not share memory", found), found
    assert proved(tmp_path, {"other": COPIED[what]()[1]}) == {}


@pytest.mark.parametrize("what", APART)
def test_what_comes_apart_is_found(what: str, tmp_path: Path) -> None:
    one, other = APART[what]()
    found = save_apart(tmp_path, {"one": one, "other": other})
    assert len(found) == 1, found
    assert re.search("comes back as another|does not share memory", next(iter(found.values()))), found


@pytest.mark.parametrize("what", APART)
def test_what_is_shared_is_saved_together(what: str, tmp_path: Path) -> None:
    one, other = APART[what]()
    assert proved(tmp_path, {"one": one, "other": other}) == {}


def test_copies_of_frames_that_share_memory_until_they_are_written_to_are_apart(tmp_path: Path) -> None:
    table = frame()
    assert save_apart(tmp_path, {"a": table, "b": table[["n", "s"]], "c": table.copy(deep=False)}) == {}
    table = numbers()
    values = {"a": table, "b": table[["m", "c"]], "c": table.copy(deep=False), "d": table["n"]}
    assert save_apart(tmp_path, dict(values)) == {}
    seen = snapshot.take(values, {})
    assert seen.groups(values) == [["a"], ["b"], ["c"], ["d"]]


def test_a_name_that_shares_objects_with_one_that_is_lost_is_lost_with_it(tmp_path: Path) -> None:
    shared = [1]
    found = proved(tmp_path, {"a": [shared, Again(5)], "b": shared, "c": 1})
    assert set(found) == {"a", "b"}
    assert "shares an object with a" in found["b"]


def test_one_deep_chain_is_compared_without_recursion() -> None:
    def chain(length: int, end: object) -> object:
        for _ in range(length):
            end = Box([end])
        return end

    assert difference(chain(5000, 1), chain(5000, 1)) == ""
    assert "[1] and comes back as [2]" in difference(chain(5000, 1), chain(5000, 2))


def test_what_is_too_deep_has_a_reason_and_leaves_the_limits_as_they_were() -> None:
    xs: list[object] = []
    for _ in range(300_000):
        xs = [xs]
    limits = sys.getrecursionlimit(), threading.stack_size()
    refused = snapshot.take({"x": xs}, {}).values["x"].refused
    assert refused is not None
    assert "too deep" in refused[0]
    assert (sys.getrecursionlimit(), threading.stack_size()) == limits


def test_paths_that_were_used_are_the_same_paths(tmp_path: Path) -> None:
    used = Path("a/b")
    assert used < Path("c")
    assert {used: str(used)}
    assert used.parents
    assert proved(tmp_path, {"x": [used]}) == {}


def test_what_is_said_to_stay_is_there_and_cannot_be_saved() -> None:
    """The names in the table are those of classes that there really are."""

    async def nothing() -> None: ...

    async def some() -> Any:
        yield 1

    with (
        contextlib.closing(sqlite3.connect(":memory:")) as base,
        socket.socket() as line,
        open(__file__) as text,
    ):
        waiting, table = nothing(), pd.DataFrame({"a": [1], "b": [2]})
        dated = pd.Series([1.0], index=pd.date_range("2026-01-01", periods=1))
        found = {type(one).__name__: one for one in (
            (i for i in [1]), waiting, some(), sys._getframe(), text, text.buffer, table.groupby("a"),
            table.groupby("a")["b"], base, base.cursor(), threading.Lock(), line, threading.Thread(),
            iter({}), iter({}.values()), iter({}.items()), iter(set()), dated.rolling(2), dated.expanding(),
            dated.ewm(1), dated.resample("D"), weakref.finalize(waiting, print),
        )}  # fmt: skip
        with open(os.devnull, "wb") as writer:
            found |= {type(writer).__name__: writer, "RLock": threading.RLock()}
            assert found.keys() >= pickling._STAYS.keys()
            seen = snapshot.take(found, {}).values
            assert {name for name in pickling._STAYS if seen[name].refused is None} == set()
        waiting.close()


def test_a_large_array_is_compared_as_bytes() -> None:
    one = np.random.default_rng(0).random(3_000_000)
    one[5] = np.nan
    other = one.copy()
    assert difference(one, other) == ""
    other[-1] += 1
    assert "numbers" in difference(one, other)
    assert difference(one[::2], one[::2].copy()) != ""


def test_a_nan_is_a_nan_and_minus_zero_is_not_zero() -> None:
    payload = np.array([0x7FF8000000000001, 0x7FF8000000000002], dtype="u8").view("f8")
    assert difference(payload[:1].copy(), payload[1:].copy()) == ""
    assert difference(np.array([0.0]), np.array([-0.0])) != ""
    assert difference([0.0], [-0.0]) != ""
    assert difference({1, 2}, {1, 3}) != ""
    assert difference({8, 0}, {0, 8}) != ""  # in this order they are gone through
    assert difference({"a", "b", ("c", 1)}, {("c", 1), "b", "a"}) == ""
    assert difference({"a", "b"}, {"a", "c"}) != ""
    assert difference(collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1)) != ""
    assert difference(True, 1) != ""


def test_what_the_notebook_defines_is_proved_by_the_definition(
    main: types.ModuleType, tmp_path: Path
) -> None:
    cell(
        main,
        "class Box:\n  def __init__(self): self.a = 1\ndef f(x): return x\nb = Box()\ng = {'f': f, 'm': b.__init__}",
    )
    assert proved(tmp_path, {"b": main.b, "g": main.g}, vars(main)) == {}


def test_a_cache_in_the_notebook_is_told_though_nobody_saves_it(
    main: types.ModuleType, tmp_path: Path
) -> None:
    cell(main, "import functools\n@functools.lru_cache\ndef f(x): return [x]\nx = 1")
    assert proved(tmp_path, {"x": 1}, vars(main)) == {}
    main.f(3)
    assert "cache" in proved(tmp_path, {"x": 1}, vars(main))["f"]


def test_copies_in_memory_are_told_from_the_same_object(tmp_path: Path) -> None:
    """Two equal objects must not come back as one."""

    class Pool:
        def __init__(self) -> None:
            self.items = [[1], [1]]

        def __reduce__(self) -> tuple[object, ...]:
            return _one_for_both, ()

    globals()["Pool"] = Pool
    Pool.__qualname__ = "Pool"
    assert "come back as one" in proved(tmp_path, {"x": Pool()})["x"]


def _one_for_both() -> object:
    made = globals()["Pool"]()
    made.items[1] = made.items[0]
    return made


COUNTED = """import functools
def counted(f):
    calls = [0]
    @functools.wraps(f)
    def w(*a):
        calls[0] += 1
        return f(*a), calls[0]
    return w
@counted
def add(x): return x + 1
"""
TWICE = """def twice(f):
    n = 0
    def w(x):
        nonlocal n
        n += 1
        return f(f(x)), n
    return w
@twice
def inc(x): return x + 1
"""
REBUILT = {
    "a function that was defined again": (
        "def f(): return 1\nfs = [f]", "def f(): return 2\nfs.append(f)", "print([g() for g in fs])",
    ),
    "its old name": ("def f(): return 1\nold = f", "def f(): return old() + 1", "print(f(), old())"),
    "a decorator that counts": (COUNTED, "print(add(1))", "print(add(2), add.__name__, add.__wrapped__(1))"),
    "a decorator without wraps": (TWICE, "print(inc(1))", "print(inc(3))"),
    "a counter on the wrapper": (
        "import functools\ndef deco(f):\n  @functools.wraps(f)\n  def w(*a):\n    w.calls += 1\n    return f(*a)\n"
        "  w.calls = 0\n  return w\n@deco\ndef g(x): return x * 2",
        "g(1); g(2)", "print(g.calls)",
    ),
    "a partial of a function that was defined again": (
        "from functools import partial\ndef power(b, e): return b**e\nsq = partial(power, e=2)",
        "def power(b, e): return -1\nprint(sq(3))", "print(sq(4), power(1, 2))",
    ),
    "a generic function": (
        "from functools import singledispatch\n@singledispatch\ndef show(x): return 'any'",
        "@show.register\ndef _(x: int): return 'int'", "@show.register(str)\ndef _(x): return 'str'",
        "print(show(1), show('a'), show(1.0))",
    ),
    "a method of one object": (
        "import types\nclass C:\n  def f(self): return 1\nc = C()",
        "def g(self): return 4\nc.f = types.MethodType(g, c)", "print(c.f(), c.f.__self__ is c)",
    ),
    "a method that is put into a class later": (
        "class C:\n  def f(self): return 1\nc = C()", "C.f = lambda self: 2", "print(c.f())",
    ),
    "slots": (
        "class P:\n  __slots__ = ('x', 'y')\n  def __init__(self): self.x = [1]\np = P(); q = [p]",
        "p.x.append(2); p.y = 3", "print(q[0].x, q[0].y, q[0] is p)",
    ),
    "a deep chain": (
        "class N:\n  def __init__(self, v, n): self.v, self.next = v, n\nhead = None\nfor i in range(5000): head = N(i, head)",
        "c, n = 0, head\nwhile n: c += n.v; n = n.next\nprint(c)",
    ),
    "a deep list": (
        "xs = []\nfor i in range(5000): xs = [xs]", "d, n = 0, xs\nwhile n: n = n[0]; d += 1\nprint(d)",
    ),
    "an index by two names": ("import pandas as pd\ni = pd.Index([1, 2])\nj = i", "i.name = 'k'", "print(j.name, i is j)"),
    "an iterator by two names": ("it = iter([1, 2, 3])\njt = it", "next(it)", "print(next(jt), next(it))"),
    "a buffer by two names": ("import io\na = io.StringIO()\nb = a", "a.write('x')", "print(b.getvalue())"),
    "a generator's core": (
        "import numpy as np\nrng = np.random.default_rng(0); core = rng.bit_generator", "x = rng.random()",
        "print(np.random.Generator(core).random())",
    ),
    "what is everybody's": ("import random\nrandom.seed(3)\nr = random.random", "r()", "print(random.random(), r())"),
    "an array's layout": (
        "import numpy as np\nc = np.arange(12.0).reshape(3, 4)[:, 1]\nr = np.arange(3)[::-1]",
        "print(c.flags.c_contiguous, c, r, r.strides[0] < 0)",
    ),
    "levels of loggers": (
        "import logging\nlog = logging.getLogger('mine')\nlog.setLevel(10)\nlogging.getLogger().setLevel(40)\nlogging.disable(5)",
        "log.addHandler(logging.NullHandler())",
        "print(log.level, len(log.handlers), logging.root.level, logging.root.manager.disable)",
    ),
    "a backend": ("import matplotlib\nmatplotlib.use('svg')", "print(matplotlib.get_backend())"),
    "the recursion limit": ("import sys\nsys.setrecursionlimit(5000)", "print(sys.getrecursionlimit())"),
    "an own registry": (
        "import types\nsettings = types.SimpleNamespace(LR=1.0)\nheld = [settings]", "settings.LR *= 0.5",
        "print(settings.LR, held[0] is settings)",
    ),
}  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.parametrize("what", REBUILT)
def test_steps_that_are_rebuilt_give_the_same_answer(what: str, tmp_path: Path) -> None:
    assert answers(tmp_path, *REBUILT[what]) == []


def test_a_backend_was_chosen_if_it_is_not_the_one_that_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    matplotlib = importlib.import_module("matplotlib")
    capture = next(one.capture for one in AMBIENT if one.name == "~backend")
    monkeypatch.setattr(matplotlib, "rcParamsOrig", {"backend": None})
    monkeypatch.setattr(matplotlib, "rcParams", {"backend": "agg"})
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    assert capture() == "agg"
    monkeypatch.setenv("MPLBACKEND", "agg")
    assert capture() == ""
    monkeypatch.delenv("MPLBACKEND")
    assert capture() == ""  # without a screen matplotlib comes to it by itself


AGAIN = {
    "a class": ("class Box:\n  def area(self): return 1\nb = Box()", "class Box:\n  def area(self): return 2"),
    "its base": (
        "class A:\n  def f(self): return 1\nclass Box(A): pass\nb = Box()",
        "class Box:\n  def f(self): return 2",
    ),
    "a data class": (
        "from dataclasses import dataclass\n@dataclass\nclass Box:\n  x: int = 1\nb = Box()",
        "@dataclass\nclass Box:\n  x: int = 1\n  y: int = 2",
    ),
    "an enumeration": (
        "import enum\nclass Box(enum.Enum):\n  A = 1\nb = Box.A", "class Box(enum.Enum):\n  A = 1\n  B = 2",
    ),
    "a named tuple": (
        "from collections import namedtuple\nBox = namedtuple('Box', 'x y')\nb = Box(1, 2)",
        "Box = namedtuple('Box', 'x y z')",
    ),
}  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.parametrize("what", AGAIN)
def test_an_object_never_becomes_one_of_a_class_that_was_defined_again(what: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="before it was defined again"):
        answers(tmp_path, *AGAIN[what], "print(b, Box)")


def test_a_handler_that_nobody_can_set_up_again_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    log = logging.getLogger("mlops.own.handler")
    monkeypatch.setattr(log, "handlers", [logging.StreamHandler(io.StringIO())])
    state = loggers.capture()
    log.handlers = []
    with pytest.raises(HandoffError, match=r"handler logging\.StreamHandler of the logger 'mlops"):
        loggers.restore({"/disable": 0, "mlops.own.handler": state["mlops.own.handler"]})


@pytest.mark.parametrize("package", [name for name in sharing.LIBRARIES if name != "torch"])
def test_each_class_that_is_taken_for_unchangeable_is_there(package: str) -> None:
    """What the table says is asked of the installed libraries."""
    importlib.import_module(package)
    assert len(list(sharing.unchangeable(package))) == len(sharing.LIBRARIES[package])


def test_what_nothing_can_change_is_not_shared() -> None:
    for value in (np.dtype("f4"), np.float32(1), np.mean, np.sin, pd.NA, pd.NaT, pd.Timestamp("2024"), (1,), "a",
                  pd.Period("2024"), pd.CategoricalDtype(), pd.offsets.Day(), dt.date(2024, 1, 1), Colour.RED, len):  # fmt: skip
        assert not sharing.can_be_shared(value), value
    for value in ([], Slotted(), words(), pd.Index([1]), memoryview(b"a"), np.zeros(1), object(), iter([]),
                  np.random.default_rng(0), frame(), frame()["n"], scipy.sparse.eye(2), io.StringIO()):  # fmt: skip
        assert sharing.can_be_shared(value), value


def test_another_generator_in_the_place_of_numpys_is_handed_on(tmp_path: Path) -> None:
    ambient = next(one for one in AMBIENT if one.name == "~numpy.random")
    before, first = ambient.capture(), np.random.get_bit_generator()
    try:
        np.random.set_bit_generator(mine := np.random.PCG64(5))
        state = ambient.capture()
        assert state[0] == "PCG64"
        assert "stays behind" in str(proved(tmp_path, {"mine": np.random.Generator(mine)}))
        drawn = np.random.random(3)
        np.random.set_bit_generator(np.random.MT19937(1))
        ambient.restore(state)
        assert list(np.random.random(3)) == list(drawn)
    finally:
        np.random.set_bit_generator(first)
        ambient.restore(before)


def test_nobody_makes_a_context_of_decimals_by_looking() -> None:
    """Who asks for one that nobody has asked for yet makes it, of what is the default then."""

    def prec() -> int:
        for ambient in (one for one in AMBIENT if one.module == "decimal"):
            ambient.restore(ambient.capture())
        snapshot.take({"x": decimal.DefaultContext}, {})
        decimal.DefaultContext.prec = 7
        return decimal.getcontext().prec

    try:
        assert contextvars.Context().run(prec) == 7
    finally:
        decimal.DefaultContext.prec = 28


@pytest.mark.parametrize("ambient", [a for a in AMBIENT if a.module != "torch"], ids=lambda a: a.name)
def test_each_hidden_variable_is_restored_as_it_was(ambient: Ambient) -> None:
    """What is captured of an installed library can be saved, and restoring it changes nothing."""
    importlib.import_module(ambient.module)
    if ambient.module == "matplotlib":
        importlib.import_module("matplotlib.pyplot")
    before = ambient.capture()
    assert snapshot.take({"x": before}, {}).values["x"].refused is None
    ambient.restore(before)
    assert difference(before, ambient.capture()) == ""


@pytest.mark.parametrize(
    ("saves", "right"),
    [
        ("def __getstate__(self): return dict(self.__dict__)", True),
        ("def __getstate__(self): return {'x': self.x}", False),
        ("def __reduce__(self): return (A, ())", False),
    ],
)
def test_attributes_that_somebody_else_holds_stay_those_of_the_object_or_it_is_said(
    main: types.ModuleType, tmp_path: Path, saves: str, right: bool
) -> None:
    cell(main, f"class A:\n    def __init__(self): self.x, self.y = [1], 2\n    {saves}\na = A()")
    cell(main, "def reader(held):\n    def read(): return held\n    return read\nreads = [reader(vars(a))]")
    held: dict[str, dict[str, object]] = {
        "by a name": {"d": vars(main.a)},
        "in a container": {"d": collections.ChainMap({}, vars(main.a))},
        "in a closure": {"d": main.reads},
        "beside": {"d": types.SimpleNamespace(of=vars(main.a))},
    }
    for where, values in held.items():
        both = {"a": main.a, **values}
        seen = snapshot.take(both, vars(main)).values
        refused = {name for name, one in seen.items() if one.refused}
        assert refused == (set() if right else {"a", "d"}), where
        assert not right or proved(tmp_path, both, vars(main)) == {}, where


def test_the_attributes_of_a_function_do_not_travel_alone(main: types.ModuleType) -> None:
    cell(main, "def f(): pass\nf.calls = 1\nkept = [vars(f)]\nof = {'f': f}")
    seen = snapshot.take({"kept": main.kept, "of": main.of}, vars(main)).values
    assert "attributes of a function" in (seen["kept"].refused or ("",))[0]
    assert seen["of"].refused is None


def test_a_function_that_shares_a_variable_with_a_definition_does_not_travel(main: types.ModuleType) -> None:
    """The definition is run again, and has a variable of its own then."""
    head = "def counted(f):\n  n = 0\n  def inner(): nonlocal n; n += 1; return f(), n\n  def reset(): nonlocal n; n = 0\n"
    cell(
        main,
        head + "  inner.reset = reset\n  return inner\n@counted\ndef g(): return 1\nrs, gs = [g.reset], [g]",
    )
    values = {"rs": main.rs, "gs": main.gs}
    seen = snapshot.take(values, vars(main), saved=values).values
    assert "shares a variable with g" in (seen["rs"].refused or ("",))[0]
    assert seen["gs"].refused is not None  # its attribute shares the variable, too
    cell(main, "one, other = [*map(counted, 'ab')]\nrs = [one.reset]")
    values = {"rs": main.rs, "one": main.one}
    assert not snapshot.take(values, vars(main), saved=values).values["rs"].refused
