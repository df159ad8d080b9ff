"""What the user's own modules are told in one step they know in the next, which imports them anew."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from tests.steps.programs import differences, graph_of

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
