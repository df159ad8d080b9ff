"""What the user's own modules are told in one step they know in the next, which imports them anew."""

from __future__ import annotations

import importlib
import random
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from mlops_jlab.handoff import inplace, modules, snapshot, states
from tests.conftest import DATA
from tests.programs import Program, is_wanted, read
from tests.steps.programs import answers, differences, graph_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")

SWITCHES = """\
from collections import Counter, OrderedDict
def slow(x): return ("slow", x)
def fast(x): return ("fast", x)
run, kind = slow, OrderedDict
def use(f, k):
    global run, kind
    run, kind = f, k
"""
STATES = """\
import enum
class State(enum.Enum):
    IDLE = 1
    BUSY = 2
class Missing:
    def __reduce__(self): return "MISSING"
MISSING = Missing()
current, last = State.IDLE, MISSING
def go():
    global current, last
    current, last = State.BUSY, current
"""
PARTS = """\
import functools, operator
combine, rule = functools.partial(operator.add, 1), (lambda x: x)
def choose():
    global combine, rule
    combine, rule = functools.partial(operator.mul, 3), operator.neg
"""
VIEWS = """\
import numpy as np
whole = np.zeros(4)
view = whole[:2]
def put(i, v): whole[i] = v
"""
PROGRAMS = {
    "a function and a class that it was switched to": (
        SWITCHES, ["own.use(own.fast, own.Counter)", "print(own.run(1), own.kind, own.run is own.fast)"],
    ),
    "a function of the notebook": (
        SWITCHES, ["def mine(x): return -x\nown.use(mine, dict)", "print(own.run(1), own.kind)"],
    ),
    "members of an enumeration and what is one by its name": (
        STATES,
        ["own.go()", "print(own.current, own.last, own.current is own.State.BUSY, list(own.State))",
         "own.go()", "print(own.last, own.State(1), own.MISSING.__reduce__())"],
    ),
    "what is more than its attributes": (
        PARTS, ["own.choose()", "print(own.combine(2), own.rule(5))"],
    ),
    "arrays that share memory": (
        VIEWS, ["own.put(0, 5.0)", "own.put(1, 2.0); print(own.view)", "print(own.np.shares_memory(own.view, own.whole))"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_own_module_is_what_it_was(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, sources = PROGRAMS[name]
    (tmp_path / "own.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    cells = [(f"step:s{place}", source) for place, source in enumerate(["import own", *sources])]
    assert differences(graph_of(cells), tmp_path, random.Random(0)) == []


KEPT = [program for program in read(DATA / "own_modules.txt") if is_wanted(program.name, 3)]
STAY = {  # in the process of the step that imports them: what they hold is that process's alone
    "mod-object-with-a-generator": "store.ids is, or holds, a generator",
    "modules-share-a-frame": "data and utils have one ndarray in common",
    "modules-share-something-nested": "a and b have one list in common",
    "mod-subclass-of-dict-with-lambda": "double and store are, or hold, one object",
    "mod-wraps-around-the-notebooks": "are, or hold, one object",
    "notebook-holds-what-a-module-holds": "are, or hold, one object",
    "module-registers-the-notebooks-objects": "a and reg are, or hold, one object",
    "module-made-functions-shared": "are, or hold, one object",
    "own-module-that-keeps-an-array-and-a-view-of-it": "store.cfg is, or holds",
}


@pytest.mark.parametrize("program", KEPT, ids=lambda program: program.name)
def test_what_an_own_module_keeps_is_there_in_the_step_below(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    for tags, source in program.cells:
        if tags == "file":
            name, _, text = source.partition("\n")
            path = tmp_path / name.removeprefix("# ")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text + "\n")
    cells = [source for tags, source in program.cells if tags != "file"]
    if why := STAY.get(program.name):
        with pytest.raises(AssertionError, match=why):
            answers(tmp_path, *cells)
    else:
        assert answers(tmp_path, *cells) == []


OWN = """\
import ssl
items, hooks = [[1]], []
context = ssl.create_default_context()
class Box:
    context = ssl.create_default_context()
    calls = 0
    def __init__(self): self.kids = []
box = Box()
def ask(*, context=context, log=[], gone=1): ...
def on(n):
    def hook(x):
        nonlocal n
        n += x
        return n
    hooks.append(hook)
    return hook
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "own_of_test.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(modules, "local_modules", lambda: ["own_of_test"])
    yield importlib.import_module("own_of_test")
    del sys.modules["own_of_test"]


def test_what_the_notebook_and_a_module_both_hold_keeps_them_in_one_process(own: Any) -> None:
    names = {
        "nested": own.items[0], "standing": own.box, "a part of it": own.box.kids, "made by it": own.on(3),
        "other": [1], "its class": own.Box, "another": own.Box(),
    }  # fmt: skip
    seen = snapshot.take(names, {})
    shared = {name for name in names if modules.shared_with(seen, [name])}
    assert shared == {"nested", "standing", "a part of it", "made by it"}
    assert modules.shared_with(seen, ["standing"]) == "standing and own_of_test.box are, or hold, one object"


def test_what_a_library_made_is_left_as_an_import_makes_it(own: Any) -> None:
    own.Box.calls, own.box.kids = 3, [4]
    kept = modules.capture("own_of_test").held
    assert "context" not in kept
    assert (kept["Box()"]["class"], kept["box"].state[0]) == ({"calls": 3}, {"kids": [4]})
    assert modules.staying() == {}
    own.ask.__kwdefaults__.pop("gone")
    own.ask.__kwdefaults__["log"].append(5)
    state = modules.capture("own_of_test").held["ask()"]
    assert state["keyword defaults"] == {"context": states.AS_IMPORTED, "log": [5]}
    own.ask.__kwdefaults__.update(log=[], gone=2)
    states.put_state(own.ask, state)
    assert own.ask.__kwdefaults__ == {"context": own.context, "log": [5]}
    own.box.kids.append(i for i in [1])
    assert "own_of_test.box is, or holds, a generator" in modules.staying()["own_of_test"]


def test_a_place_gives_one_object_to_all_who_ask(own: Any) -> None:
    places = inplace.Places()
    assert places.at("own_of_test", "box", own.Box) is own.box
    own.other = own.box
    other = places.at("own_of_test", "other", own.Box)  # two objects stood there once
    assert other is not own.box
    assert type(other) is own.Box
    assert places.at("own_of_test", "other", own.Box) is other
    assert places.at("own_of_test", "none", dict) == {}
    places.forget()
    assert places.at("own_of_test", "other", own.Box) is own.box


def test_a_lock_travels_unless_it_is_held() -> None:
    free, held, again = threading.Lock(), threading.Lock(), threading.RLock()
    held.acquire()
    again.acquire()
    names = {"free": [free, free], "held": held, "again": again}
    seen = snapshot.take(names, {}).values
    what = ("a lock that is held (_thread.lock)", "release it in the step that takes it")
    assert {name: one.refused for name, one in seen.items()} == {
        "free": None, "held": what, "again": (what[0].replace(".lock", ".RLock"), what[1])
    }  # fmt: skip
