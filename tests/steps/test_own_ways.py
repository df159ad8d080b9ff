"""Classes of a notebook have ways of their own: none of their code runs because a step was handed over.

Objects come back with all that they hold, whatever their class says of pickling, of its items or its attributes.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
import weakref
from pathlib import Path
from typing import Any

import pytest

from mlops_jlab.handoff import quietly, session, settings, snapshot
from mlops_jlab.handoff.hidden import HiddenState
from mlops_jlab.handoff.leaving import Departure, Found, Leaving, state_path
from mlops_jlab.handoff.loading import Loader
from mlops_jlab.handoff.objects import ObjectStore
from mlops_jlab.handoff.observing import departing, versions
from mlops_jlab.handoff.observing.world import look
from mlops_jlab.handoff.twins import twins_in
from mlops_jlab.processes.parent import safety, streams
from mlops_jlab.processes.parent import snapshot as parents_snapshot
from mlops_jlab.store import locks, recorder
from tests.steps.programs import answers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")


@pytest.fixture(autouse=True)
def _arrays() -> None:
    """What looks at arrays and frames has something to look for, as in a notebook that imports pandas."""
    importlib.import_module("pandas")


CONTAINERS = """\
from collections import Counter, OrderedDict, defaultdict, deque
class Limited(dict):
    def __init__(self, most):
        super().__init__(); self.most, self.order = most, []
    def __setitem__(self, k, v):
        self.order.append(k); super().__setitem__(k, v)
class Lower(dict):
    def __setitem__(self, k, v): super().__setitem__(k.lower() + "!", v)
class Seen(dict):
    n = 0
    def items(self): Seen.n += 1; return super().items()
    def __iter__(self): Seen.n += 1; return super().__iter__()
class Words(list):
    def __init__(self, *a): super().__init__(*a); self.n = 0
    def append(self, x): self.n += 1; super().append(x)
    def extend(self, xs): [self.append(x) for x in xs]
    def __iter__(self): Seen.n += 1; return super().__iter__()
    def __len__(self): Seen.n += 1; return super().__len__()
class Names(set):
    def __init__(self, name, items=()): super().__init__(items); self.name = name
    def add(self, x): print("adding", x); super().add(x)
class LRU(OrderedDict):
    def __init__(self, size): super().__init__(); self.size = size; print("made")
    def __getitem__(self, k): v = super().__getitem__(k); self.move_to_end(k); return v
class Missing(defaultdict):
    def __init__(self): super().__init__(list); self.misses = 0
    def __missing__(self, k): self.misses += 1; return super().__missing__(k)
class Letters(Counter):
    def __init__(self, *a, name="x"): self.name = name; super().__init__(*a)
class Window(deque):
    def __init__(self, size): super().__init__(maxlen=size); self.seen = 0
    def append(self, x): self.seen += 1; super().append(x)
class Bytes(bytearray):
    def extend(self, x): raise RuntimeError("not this way")
class Pair(tuple):
    def __new__(cls, x, y): print("new"); return super().__new__(cls, (x, y))
class Money(float):
    def __new__(cls, v, cur): o = super().__new__(cls, v); o.cur = cur; return o
class Word(str):
    made = 0
    def __new__(cls, v): Word.made += 1; return super().__new__(cls, v)
lim, low, seen, words, names = Limited(9), Lower(), Seen(a=1), Words([1]), Names("n", [1])
lim["a"] = 1; low["A"] = 1
lru, missing, letters, window = LRU(3), Missing(), Letters("aab", name="l"), Window(2)
lru["a"], lru["b"] = 1, 2; missing["a"].append(1); window.append(1)
raw, pair, money, word = Bytes(b"ab"), Pair(1, 2), Money(3, "U"), Word("w")
"""
ATTRIBUTES = """\
class Dot(dict):
    __getattr__, __setattr__ = dict.__getitem__, dict.__setitem__
class Params:
    def __init__(self, **kw): self.__dict__["_kw"] = kw
    def __getattr__(self, name): return self._kw[name]
    def __setattr__(self, name, v): self._kw[name] = v
class Wrap:
    def __init__(self, inner): self.inner = inner
    def __getattr__(self, name): return getattr(self.inner, name)
class Chain:
    def __init__(self, path=""): self.path = path
    def __getattr__(self, name): return Chain(self.path + "." + name)
class Strict:
    def __getattr__(self, name): raise RuntimeError("no " + name)
class Counting:
    def __init__(self): object.__setattr__(self, "n", 0)
    def __getattribute__(self, name):
        object.__setattr__(self, "n", object.__getattribute__(self, "n") + 1)
        return object.__getattribute__(self, name)
class Lazy:
    looked = 0
    @property
    def __class__(self): Lazy.looked += 1; return dict
class Untold:
    @property
    def __class__(self): raise ValueError("not told")
class Frozen:
    __slots__ = ("a", "b")
    log = []
    def __setattr__(self, k, v): Frozen.log.append(k); object.__setattr__(self, k, v)
class Meta(type):
    asked = []
    def __getattr__(cls, name): Meta.asked.append(name); return name
class Colour(metaclass=Meta): pass
class Sized:
    asked = 0
    @property
    def shape(self): Sized.asked += 1; return (1,)
    @property
    def _fields(self): Sized.asked += 1; return 1
    @property
    def __wrapped__(self): Sized.asked += 1; return print
    def __len__(self): Sized.asked += 1; return 0
    def __bool__(self): Sized.asked += 1; return False
dot, params, wrap, chain, strict = Dot(lr=[1]), Params(a=[1], b=2), Wrap([1, 2]), Chain("api"), Strict()
counting, lazy, untold, frozen, sized, grey = Counting(), Lazy(), Untold(), Frozen(), Sized(), Colour()
frozen.a = 1
"""
HOOKS = """\
import threading
class Told:
    def __init__(self): self.a, self.cache = 1, {"x": 1}
    def __getstate__(self): print("saving"); return {"a": self.a}
    def __setstate__(self, state): print("loading"); self.__dict__.update(state)
class Forgets:
    saved = 0
    def __init__(self): self.a = self.cache = 1
    def __getstate__(self): self.cache = None; Forgets.saved += 1; return self.__dict__.copy()
class Single:
    made = []
    def __new__(cls, *a): Single.made.append(1); return super().__new__(cls)
    def __init__(self, n=0): self.n = n
class Guarded:
    def __init__(self): self.lock, self.n = threading.Lock(), 1
    def __getstate__(self): return {"n": self.n}
    def __setstate__(self, state): self.__init__(); self.n = state["n"]
class Code(ValueError):
    def __init__(self, *, code): super().__init__(f"code {code}"); self.code = code
class Both(Exception):
    def __init__(self, a, b): super().__init__(f"{a}/{b}"); self.a = a
told, forgets, single, guarded, code, both = Told(), Forgets(), Single(3), Guarded(), Code(code=3), Both(1, 2)
"""
PROGRAMS = {
    "containers": (
        CONTAINERS,
        "lim['b'] = low['B'] = 2; seen['b'] = 2; words.append(2); names.add(2); lru['a']; missing['b'].append(2)\n"
        "letters.update('b'); window.append(2); window.append(3); money.cur = 'V'",
        "other = 1",
        "print(lim, lim.order, lim.most, low, dict(dict.items(seen)), words.n, list.__len__(words))\n"
        "print(sorted(set.__iter__(names)), names.name, list(lru.keys()), lru.size, dict(missing), missing.misses)\n"
        "print(letters, letters.name, window, window.seen, window.maxlen, Seen.n)\n"
        "print(raw, pair, type(pair).__name__, money, money.cur, word, Word.made)",
    ),
    "attributes": (
        ATTRIBUTES,
        "dot.lr.append(2); params.a.append(2); wrap.append(3); x = chain.users.path; strict.v = 2; counting.n\n"
        "frozen.b = 2; red = Colour.red; grey.x = 1",
        "other = isinstance(lazy, list)",
        "print(dot, params.a, params.b, len(wrap.inner), wrap.count(3), x, chain.y.path, strict.v)\n"
        "print(object.__getattribute__(counting, 'n'), Lazy.looked, type(untold).__name__, Frozen.log, frozen.b)\n"
        "print(Meta.asked, red, Sized.asked, other)",
    ),
    "what they say of pickling": (
        HOOKS,
        "told.cache['y'] = 2; single.n += 1; guarded.n += 1; code.code += 1; both.a += 1",
        "other = 1",
        "print(told.a, told.cache, forgets.cache, Forgets.saved, single.n, Single.made, guarded.n)\n"
        "print(guarded.lock.locked(), code, code.code, code.args, both, both.a, other)",
    ),
}  # fmt: skip


PROGRAMS |= {
    "decorators that are classes": (
        "class Memo:\n  def __init__(self, f): self.f, self.cache, self.hits = f, {}, 0\n"
        "  def __call__(self, x):\n    self.hits += x in self.cache\n"
        "    return self.cache.setdefault(x, self.f(x))\n"
        "  def __getattr__(self, name): return getattr(self.__dict__['f'], name)\n"
        "@Memo\ndef square(x): return x * x\n@Memo\ndef cube(x): return x * square(x)\nother = [square(2)]",
        "cube(2); cube(3)",
        "other.append(square(3))",
        "print(square.hits, square.cache, cube.hits, cube.cache, other, square.__name__, cube(4), square.cache)",
    ),
    "names that look like the session's": (
        "__version__, __all__, __seed__ = '1.2', ['f'], 3\ndef __helper__(x): return x + __seed__\n"
        "__file__ = '/x/nb.ipynb'\nquit, exit, In, _step, _handoff = 5, 'x', [1], 9, 10\ndef open(x): return 'my ' + x",
        "__seed__ += 1; quit += 1; In.append(2); _step += 1",
        "__doc__ = 'mine'; exit += 'y'; other = __helper__(1)",
        "print(__version__, __all__, __seed__, other, __file__, __doc__, quit, exit, In, _step, _handoff, open('a'))",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", PROGRAMS)
def test_no_code_of_a_class_runs_because_its_objects_are_handed_on(what: str, tmp_path: Path) -> None:
    assert answers(tmp_path, *PROGRAMS[what]) == []


def test_objects_within_each_other_come_back_as_such(tmp_path: Path) -> None:
    tree = (
        "class Tree(list):\n  def __init__(self, up=None): self.up = up\n  def __getattr__(self, n): return self.up.name\n"
        "class Named(dict):\n  def __setitem__(self, k, v): raise KeyError(k)\n"
        "root = Tree(); leaf = Tree(root); list.append(root, leaf); root.name = 'r'\n"
        "named = Named(); dict.__setitem__(named, 'me', named); named.tree = root"
    )
    again = "leaf.append(5); root[0].append(6); leaf.up.more = 7; dict.__setitem__(named, 'leaf', leaf)"
    shown = "print(leaf, root.more, leaf.name, named['me']['leaf'], named['leaf'].up.more); named.tree.append(8); print(len(root))"
    assert answers(tmp_path, tree, again, "other = 1", shown) == []


def test_what_raises_when_it_is_pickled_stays_in_its_process() -> None:
    class Own(Exception):
        pass

    class Raises:
        def __init__(self, error: BaseException) -> None:
            self.error = error

        def __reduce__(self) -> str:
            raise self.error

    for error in (Own("never"), KeyError("x"), SystemExit(3)):
        refused = snapshot.take({"x": [Raises(error)]}, {}).values["x"].refused
        assert refused is not None
        assert f"{type(error).__name__}: {error}" in refused[0]


def test_a_folder_that_is_gone_stays_gone_in_its_process_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    before = settings.now()
    gone.rmdir()
    assert settings.folder() == ""
    assert settings.changed(before, settings.now()) == "the working folder is another one"


def test_what_waits_beside_a_notebook_does_not_wait_by_its_sleep() -> None:
    """It would be told to the notebook, or would not wait at all."""
    modules = (departing, safety, parents_snapshot, streams, locks, recorder)
    assert [one.__name__ for one in modules if vars(one).get("sleep") is not time.sleep] == []


def test_a_weak_proxy_stays_in_its_process() -> None:
    class Node:
        n = 1

    node = Node()
    proxy = weakref.proxy(node)
    seen = snapshot.take({"alive": [proxy]}, {}).values
    assert seen["alive"].refused == ("a weak proxy", "make it again in the step that uses it")
    del node
    gone = snapshot.take({"gone": proxy, "held": {"in": proxy}}, {}).values
    assert {name: one.refused is not None for name, one in gone.items()} == {"gone": True, "held": True}


def test_only_an_object_that_can_be_called_stands_for_a_state_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Plain:
        label = "plain" * 3

    class Called(Plain):
        def __call__(self) -> None: ...

    monkeypatch.setattr(Plain, "__module__", "__main__")
    monkeypatch.setattr(Called, "__module__", "__main__")
    plain, called = Plain(), Called()
    vars(called)["held"] = held = "x" * len(Plain.label)
    values = session.values_of({"plain": plain, "called": called})
    assert values == {"plain": plain, "called": called, "called()": {"object": called}}
    assert twins_in(values) == {}
    assert "called and held have one str" in str(twins_in({**values, "held": held}))


def test_a_look_that_nobody_writes_any_more_is_not_waited_for(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    began = time.monotonic()
    assert departing.Beginning(tmp_path / "none.world", int(done.stdout)).read() is None
    assert time.monotonic() - began < 5
    departing.begin(tmp_path / "one.world", versions.NONE)
    assert departing.Beginning(tmp_path / "one.world").read() is not None


def test_a_question_is_put_to_the_type_of_an_object() -> None:
    class Meta(type):
        def __getattr__(cls, name: str) -> Any:
            raise AssertionError(name)

    class Odd(metaclass=Meta):
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

    odd = Odd()
    assert not quietly.is_a(odd, dict)
    assert quietly.attribute(odd, "nothing") is None
    assert quietly.attribute(Odd, "nothing") is None
    assert quietly.module_of(odd) == quietly.module_of(Odd) == __name__
    assert quietly.module_of(weakref.proxy(odd)) == "weakref"


def test_what_another_process_wrote_since_is_no_look_of_this_one(tmp_path: Path) -> None:
    """It knows of other places in memory: a step that was executed once more has a state of the same name."""
    above = state_path(tmp_path, 0, "load")
    leaving = Leaving(str(tmp_path), "p", "clean", 1, "mine", before=str(above))
    found = Found({}, None, versions.mark(), "", frozenset({"first", "mine"}))
    departure = Departure(leaving, found, HiddenState((), Loader(ObjectStore(tmp_path, {}))), {})
    own = state_path(tmp_path, 1, "clean")
    for attempt, why in (("first", ""), ("second", "the state in which it began is not known")):
        departing.Outside(look(None, versions.mark()), attempt=attempt).write(above.with_suffix(".world"))
        assert departure._outside(own) == why
    seen = departing.Outside.read(own.with_suffix(".world"))
    assert seen is not None
    assert seen.attempt == "mine"
