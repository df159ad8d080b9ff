"""What only the living session can tell: its record, its list of names, identities, and who changed a class."""

from __future__ import annotations

import ast
import importlib
import logging
import math
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_jlab.dataflow.identity import (
    asks_for_base,
    asks_for_calls,
    asks_for_identity,
    names_an_index,
    takes_an_index,
)
from mlops_jlab.dataflow.patches import places_of
from mlops_jlab.handoff import loggers, modules, nans, pure, settings, snapshot, states
from mlops_jlab.handoff.loading import Loader
from mlops_jlab.handoff.objects import ObjectStore
from mlops_jlab.handoff.saving import Saver
from mlops_jlab.handoff.session import values_of
from mlops_jlab.handoff.twins import BASE, CACHE, HELD_IDENTITY, IDENTITY, INDEX, told_apart, twins_in
from tests.steps.test_any_program import graph_of

_BIG = 10**40


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    module = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    return module


def carried(tmp_path: Path, values: dict[str, object], names: dict[str, object]) -> dict[str, Any]:
    """The values as they come back."""
    store = ObjectStore(tmp_path, {})
    seen = snapshot.take(values, names)
    writes = Saver(store, names, seen).save(seen.groups(sorted(values)), values)
    loader = Loader(store)
    return {name: loader.group(written.object)[name] for name, written in writes.items()}


@pytest.mark.parametrize(
    ("above", "cell", "is_bound"),
    [
        ("x = 1", "__annotations__", True),
        ("x = 1", "import sys\nsys.last_value", True),
        ("x = 1", "get_ipython().execution_count", True),
        ("x = 1", "print([n for n in globals()])", True),
        ("x = 1", "def show():\n    return list(globals())\nshow()", True),
        ("x = 1", "%tb", True),
        ("x = 1", "'_1' in globals()", True),
        ("x = 1", "'x' in globals()", False),
        ("x = 1", "globals()['x']", False),
        ("x = 1", "globals()['y'] = 2", False),
        ("x = 1", "def f():\n    return locals()\nf()", False),
        ("x = 1", "sorted(globals())", False),
        ("globals()['y'] = 1", "sorted(globals())", True),
        ("globals()['y'] = 1", "'y' in globals()", True),
        ("for n in 'ab':\n    exec(f'v_{n} = 1')", "eval('v_' + 'a')", True),
        ("for n in 'ab':\n    exec(f'v_{n} = 1')", "%whos", True),
        ("x = 1", "%whos", False),
        ("x = 1", "dir()", False),
    ],
)
def test_a_look_at_the_session_is_bound_to_it(above: str, cell: str, is_bound: bool) -> None:
    graph = graph_of([("step:a", above), ("step:b", cell)])
    assert bool(graph.steps[1].only_continued) is is_bound


@pytest.mark.parametrize(
    ("source", "identity", "index"),
    [
        ("a is b", True, False),
        ("a is None", False, False),
        ("type(a) is B", False, False),
        ("id(a)", True, False),
        ("i.is_(j)", True, False),
        ("df.index.name = 'k'", False, True),
        ("df.index.rename('k', inplace=True)", False, True),
        ("df.rename(columns={})", False, False),
        ("self.name = name", False, False),
    ],
)
def test_who_can_tell_two_objects_from_one(source: str, identity: bool, index: bool) -> None:
    tree = ast.parse(source)
    assert (asks_for_identity(tree), names_an_index(tree)) == (identity, index)


@pytest.mark.parametrize(
    ("source", "takes"),
    [
        ("data[0] is train", False),
        ("df['a'].sum() is x", False),
        ("i = df.index", True),
        ("a.columns is b.columns", True),
        ("i.is_(j)", True),
        ("getattr(df, 'index')", True),
        ("from operator import attrgetter as get", True),
        ("match df:\n    case pd.DataFrame(index=i): pass", True),
        ("df.__dict__", True),
    ],
)
def test_who_takes_an_index_out_of_a_frame(source: str, takes: bool) -> None:
    assert takes_an_index(ast.parse(source)) is takes


def test_an_index_that_frames_alone_have_in_common_matters_to_who_takes_it_out() -> None:
    index = pd.Index([3, 4])
    one, other = pd.Series([1, 2], index=index), pd.Series([1, 2], index=index)
    of_frames = twins_in({"a": one, "b": other})
    assert told_apart(of_frames, [IDENTITY]) == "a and b have an index in common"
    assert not told_apart(of_frames, [HELD_IDENTITY])
    assert told_apart(of_frames, [HELD_IDENTITY, INDEX])
    held = twins_in({"a": one, "rows": [index], "i": (index, 7)})
    assert "an index in common" in told_apart(held, [HELD_IDENTITY])
    assert told_apart(twins_in({"a": 10**20, "b": [a := 10**20, a]}), [HELD_IDENTITY])


@pytest.mark.parametrize(
    ("source", "asks"),
    [
        ("print(a.base is b)", True),
        ("a.base is None", True),
        ("sklearn.base.clone(m)", False),
        ("self.base", False),
        ("a.base = 1", False),
    ],
)
def test_who_asks_for_the_base_of_an_array(source: str, asks: bool) -> None:
    assert asks_for_base(ast.parse(source)) is asks


def test_the_base_of_an_array_matters_to_who_asks_for_it_alone() -> None:
    twins = twins_in({"rows": [np.ones(2)]})
    assert told_apart(twins, [BASE]) == "rows is, or holds, an array, whose base is another one elsewhere"
    assert not told_apart(twins, ["identity", INDEX])
    assert not told_apart(twins_in({"rows": [1.0]}), [BASE])


def test_names_that_hold_one_object_are_twins() -> None:
    big, frame = 10**20, pd.DataFrame({"a": [1, 2]})
    assert twins_in({"a": big, "b": big})["one int"] == "a and b have one int in common"
    assert twins_in({"a": 5, "b": 5, "c": True, "d": True, "e": int, "f": int, "g": None, "h": None}) == {}
    other = frame[["a"]]
    assert "the labels of an index" in twins_in({"a": frame, "b": other})
    index = pd.Index([3, 4])
    assert INDEX in twins_in({"a": pd.Series([1, 2], index=index), "b": pd.Series([1, 2], index=index)})
    assert INDEX not in twins_in({"a": frame, "b": pd.DataFrame({"a": [1, 2]})})


def test_a_frame_with_an_attribute_of_its_own_is_refused_and_one_that_came_back_is_not(
    tmp_path: Path,
) -> None:
    frame = pd.DataFrame({"a": [1, 2]})
    again = carried(tmp_path, {"df": frame, "s": frame.a}, {})
    assert all(seen.refused is None for seen in snapshot.take(again, {}).values.values())
    object.__setattr__(again["df"], "_note", "raw")
    refused = snapshot.take(again, {}).values["df"].refused
    assert refused is not None
    assert "an attribute of its own: _note" in refused[0]


def test_a_nan_is_the_very_nan_that_it_was(tmp_path: Path) -> None:
    nan = float("nan")
    found = carried(tmp_path, {"a": [nan, 1.0], "b": nan, "c": np.nan, "d": {"e": math.nan}}, {})
    assert found["a"][0] is found["b"]
    assert found["c"] is np.nan
    assert found["d"]["e"] is math.nan
    assert math.isnan(found["b"])
    assert found["b"] is not np.nan
    assert not nans.is_own(np.nan)


def test_what_was_put_into_a_class_or_kept_by_a_method_comes_back(main: Any, tmp_path: Path) -> None:
    source = """
def counted(fn):
    def inner(self):
        inner.calls += 1
        return fn(self), inner.calls
    inner.calls = 0
    return inner
class Model:
    def plain(self): return 1
    @counted
    def predict(self): return 2
    def remember(self, x, seen=[]):
        seen.append(x)
        return seen
"""
    changes = """
Model.plain = lambda self: "patched"
Model.__len__ = lambda self: 7
"""
    cell = compile(source, "/tmp/cell.py", "exec")
    exec(cell, vars(main))
    main.Model.predict(main.Model())
    main.Model().remember("x")
    exec(changes, vars(main))
    state = carried(tmp_path, {"Model()": states.state_of(main.Model)}, vars(main))["Model()"]
    exec(cell, vars(main))
    states.put_state(main.Model, state)
    one = main.Model()
    assert (one.plain(), len(one), one.predict(), one.remember("y")) == (
        "patched", 7, (2, 2), ["x", "y"],
    )  # fmt: skip


def test_what_was_put_into_a_class_and_cannot_be_saved_is_refused(main: Any) -> None:
    exec("class Model: pass\nModel.area = property(lambda self: 5)", vars(main))
    seen = snapshot.take({"Model()": states.state_of(main.Model)}, vars(main))
    refused = seen.values["Model()"].refused
    assert refused is not None
    assert "property" in refused[0]


def test_a_class_of_its_own_methods_only_keeps_nothing(main: Any) -> None:
    exec("class Plain:\n    def f(self, x): return super().__repr__()", vars(main))
    exec("from dataclasses import dataclass\n@dataclass\nclass Data:\n    a: int", vars(main))
    assert states.state_of(main.Plain) is None
    exec("from typing import NamedTuple\nclass Pair(NamedTuple):\n    a: int = 1", vars(main))
    exec("import enum\nclass Kind(enum.Enum):\n    A = 1", vars(main))
    assert states.state_of(main.Data) is None
    assert states.state_of(main.Pair) is None
    assert states.state_of(main.Kind) is None


def test_defaults_of_methods_are_kept_and_those_that_a_library_wrote_are_left(main: Any) -> None:
    source = (
        "from dataclasses import dataclass, field\nclass Plain:\n    def f(self, x=1, *, y=2): return x, y\n"
    )
    source += "@dataclass\nclass Data:\n    a: int = 3\n    b: list = field(default_factory=list)\n"
    exec(source, vars(main))
    kept = {name: states.state_of(vars(main)[name]) for name in ("Plain", "Data")}
    exec(source.replace("1", "7").replace("2", "8").replace("3", "9"), vars(main))
    for name, state in kept.items():
        assert state is not None
        states.put_state(vars(main)[name], state)
    assert main.Plain().f() == (1, 2)
    assert main.Data() == main.Data(3, [])
    assert main.Data().b is not main.Data().b


def test_what_descriptors_inner_classes_and_later_kinds_keep_comes_back(main: Any, tmp_path: Path) -> None:
    source = """
from functools import singledispatchmethod
class Meter:
    def __init__(self): self.n = 0
    def __get__(self, one, owner=None):
        if one is None: return self
        self.n += 1
        return self.n
class Model:
    reads = Meter()
    class Inner:
        hits = 0
    @singledispatchmethod
    def show(self, x): return "any"
"""
    cell = compile(source, "/tmp/cell.py", "exec")
    exec(cell, vars(main))
    assert main.Model().reads == 1
    main.Model.Inner.hits += 1
    exec("Model.show.register(int, lambda self, x: 'int')", vars(main))
    state = carried(tmp_path, {"Model()": states.state_of(main.Model)}, vars(main))["Model()"]
    exec(cell, vars(main))
    states.put_state(main.Model, state)
    assert (main.Model().reads, main.Model.Inner.hits, main.Model().show(1)) == (2, 1, "int")


def test_what_a_function_took_out_of_a_class_stays_out(main: Any) -> None:
    source = "class Model:\n    def fit(self): return 1\n    def old(self): return 0"
    exec(source + "\ndef strip(cls):\n    del cls.old", vars(main))
    assert "Model()" not in values_of({"Model": main.Model})
    main.strip(main.Model)
    state = values_of({"Model": main.Model, "strip": main.strip})["Model()"]
    exec(source, vars(main))
    states.put_state(main.Model, state)
    assert not hasattr(main.Model, "old")
    assert main.Model().fit() == 1


def test_a_method_that_remembers_what_it_gave_cannot_be_brought_elsewhere(main: Any) -> None:
    exec(
        "from functools import cache\nclass Api:\n    @staticmethod\n    @cache\n    def get(k): return [k]",
        vars(main),
    )
    assert snapshot.remembered({"Api": main.Api}) == {}
    main.Api.get(1)
    names = {"Api": main.Api}
    seen = snapshot.take(values_of(names) | snapshot.remembered(names), names)
    assert seen.values["Api()"].refused is not None


def test_what_only_an_own_module_holds_is_said_with_the_names_that_stand_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_and_cached.py").write_text(
        "import functools, threading\nlock = threading.Lock()\n"
        "@functools.cache\ndef f(x): return [x]\n@functools.cache\ndef g(x): return x + g(x - 1) if x else 0\ndef numbers(): yield 1\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    module: Any = importlib.import_module("own_and_cached")
    monkeypatch.setitem(sys.modules, "own_and_cached", module)
    names = {"m": module, "f": module.f, "x": 1, "np": np}
    assert "own_and_cached" not in modules.what_stays(names)[0]
    module.f(1)
    what, bound = modules.what_stays(names)
    assert "own_and_cached.f remembers what it gave (1 calls)" in what
    assert bound == ["m", "f"]
    module.f.cache_clear()
    module.g(3)
    assert "own_and_cached" not in modules.what_stays(names)[0]
    assert twins_in({}, names)[CACHE].endswith("remembers how often it was called")
    module.used = lambda: module.g.cache_info()
    assert "own_and_cached.g remembers what it gave (4 calls)" in modules.what_stays(names)[0]
    module.g.cache_clear()
    module.halfway = module.numbers()
    module.lock.acquire()
    what = modules.what_stays(names)[0]
    assert "own_and_cached.lock is locked, own_and_cached.halfway is halfway" in what
    assert "own_and_cached.f" not in what


def test_a_filter_or_a_handler_of_ones_own_stays_in_its_process() -> None:
    logger = logging.getLogger("a-logger-of-the-notebook")
    handler = logging.StreamHandler(sys.stdout)
    logger.addHandler(handler)
    before = loggers.what_stays()
    assert "a-logger-of-the-notebook" not in before
    handler.addFilter(lambda _record: True)
    assert not loggers.is_handed_on(logger)
    handler.filters.clear()
    logger.addFilter(logging.Filter("x"))
    assert loggers.what_stays() == before or "has a Filter" in loggers.what_stays()
    assert not loggers.is_handed_on(logger)
    logger.filters.clear()
    logger.removeHandler(handler)
    assert loggers.is_handed_on(logger)


@pytest.mark.parametrize(
    ("values", "is_one"),
    [
        ({"a": (1, 2), "b": (1, 3)}, False),
        ({"b": {"x": [10**30]}}, False),
        ({"a": [{"k": [_BIG]}], "b": {"x": ({"y": _BIG},)}}, True),
        ({"a": [_BIG, [_BIG]]}, True),
        ({"a": ["text", ["text"]]}, False),
        ({"a": [{"lr": 1}], "b": {"lr": 2}}, False),
    ],
)
def test_what_two_containers_hold_deep_inside_is_known_to_be_one(
    values: dict[str, object], is_one: bool
) -> None:
    assert bool(told_apart(twins_in(values), ["identity"])) is is_one


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("logging.Formatter.converter = time.gmtime", ["logging.Formatter"]),
        ("plt.rcParams['lines.linewidth'] = 3", ["plt.rcParams"]),
        ("m.a = m.b = 1\ndel m.c", ["m.a", "m.b", "m.c"]),
        ("m.n += 1", ["m.n"]),
        ("m.a = other.b = 1", ["m"]),
        ("setattr(m, 'a', 1)", ["m"]),
        ("m.set(1)", ["m"]),
    ],
)
def test_a_line_that_is_run_again_speaks_for_what_it_sets_alone(text: str, places: list[str]) -> None:
    assert places_of(text.partition(".")[0] if "setattr" not in text else "m", text) == places


def test_members_of_an_enumeration_keep_what_they_had(main: Any, tmp_path: Path) -> None:
    source = "import enum\nclass Kind(enum.Enum):\n    A = 1\n    def __init__(self, _): self.hits = []"
    exec(source, vars(main))
    main.Kind.A.hits.append("x")
    state = carried(tmp_path, {"Kind()": states.state_of(main.Kind)}, vars(main))["Kind()"]
    exec(source, vars(main))
    states.put_state(main.Kind, state)
    assert main.Kind.A.hits == ["x"]


def test_a_file_that_is_open_for_writing_is_found_by_its_number(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file, (tmp_path / "log").open() as reader:
        opened = {one.fileno(): os.readlink(f"/proc/self/fd/{one.fileno()}") for one in (file, reader)}
        assert "log' is open for writing" in settings.open_for_writing(opened, lambda _path: False)
        assert settings.open_for_writing(opened, lambda _path: True) == ""
        del opened[file.fileno()]
        assert settings.open_for_writing(opened, lambda _path: False) == ""


def test_a_module_that_loads_itself_when_asked_is_not_asked() -> None:
    import importlib.util

    spec = importlib.util.find_spec("wave")
    assert spec is not None
    assert spec.loader is not None
    loader = importlib.util.LazyLoader(spec.loader)
    spec.loader = loader
    lazy = importlib.util.module_from_spec(spec)
    loader.exec_module(lazy)
    assert modules.not_loaded({"w": lazy, "sys": sys}) == "w is a module that is not loaded yet"
    assert type(lazy) is not types.ModuleType


@pytest.mark.parametrize(
    ("source", "call", "may"),
    [
        ("@lru_cache\ndef f(n): return n if n < 2 else f(n - 1) + f(n - 2)", "f(20)", True),
        ("@cache\ndef f(r, *, k=2): return math.pi * r ** k", "f(2, k=3); f(1)", True),
        ("@lru_cache(maxsize=2)\ndef f(s): return tuple(sorted(s.split(), key=lambda w: len(w)))", "f('a b')", True),
        ("@cache\ndef f(n): return [n]", "f(1)", False),
        ("@cache\ndef f(n): return n", "f((1, A()))", False),
        ("@cache\ndef f(n): return n * K", "f(1)", False),
        ("@cache\ndef f(n): return g(n)", "f(1)", False),
        ("@cache\ndef f(n): print(n)", "f(1)", False),
        ("@cache\ndef f(n):\n    global K\n    K = n", "f(1)", False),
        ("@cache\ndef f(n):\n    import random\n    return random.random()", "f(1)", False),
        ("@cache\ndef f(n, into=[]): return len(into)", "f(1)", False),
        ("@cache\ndef f(n): return n\nf.note = 1", "f(1)", False),
        ("def made(k):\n    @cache\n    def f(n): return n * k\n    return f\nf = made(2)", "f(1)", False),
        ("f = cache(str.upper)", "f('a')", False),
        ("sum = max\n@cache\ndef f(n): return sum(n)", "f((1, 2))", False),
        ("@cache\ndef f(n): return n", "[f(i) for i in range(300)]", False),
        ("@cache\ndef f(n): return [n]", "", True),
    ],
)  # fmt: skip
def test_who_may_forget_what_it_gave(main: types.ModuleType, source: str, call: str, may: bool) -> None:
    head = "import math\nfrom functools import cache, lru_cache\nK = 3\nclass A: pass\ndef g(n): return n\n"
    exec(f"{head}{source}\n{call}", vars(main))
    assert pure.may_forget(main.f) is may


def test_how_often_a_cache_was_of_use_matters_to_who_asks_for_it_alone() -> None:
    assert asks_for_calls(ast.parse("f.cache_info().hits"))
    assert asks_for_calls(ast.parse("getattr(f, 'cache_info')()"))
    assert not asks_for_calls(ast.parse("f.cache_clear()"))
    twins = {CACHE: "f remembers how often it was called"}
    assert told_apart(twins, [CACHE])
    assert told_apart(twins, [IDENTITY])
    assert not told_apart(twins, [BASE, INDEX])
