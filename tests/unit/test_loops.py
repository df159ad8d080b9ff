"""Which loops can be taken apart, and what is said of those that cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_jlab.dataflow.analysis import analyse
from mlops_jlab.entities.graphs import Graph, Loop
from mlops_jlab.notebook.reading import from_node
from tests.conftest import notebook_json


def graph_of(*cells: tuple[str, str], over: str = "ids") -> Graph:
    node = notebook_json(
        [("step:load", "ids = [1, 2]\nother = 3"), *cells, ("step:show", "print(out, last)")]
    )
    node["metadata"]["mlops_jlab"] = {"steps": {"fit": {"for_each": over}}}
    return analyse(*from_node(node, Path("/nowhere/nb.ipynb"), "0" * 64))


def fit(loop: str, before: str = "out, table, last = [], {}, None") -> Graph:
    return graph_of(("step:fit", before), ("step:fit", loop))


@pytest.mark.parametrize(
    ("body", "collects", "sets"),
    [
        ("out.append(one)\n    last = one", ("out",), ("last", "one")),
        ("last = one\n    table[one] = last\n    out.extend([last])", ("out", "table"), ("last", "one")),
        ("last = [x for x in range(one)]\n    if last:\n        out.append(last[0])", ("out",), ("last", "one")),
        ("with open('x') as file:\n        last = file.read()\n    out += [1]" , None, None),
        ("while one:\n        one -= 1\n        break\n    last = one\n    out.append(one)", ("out",), ("last", "one")),
    ],
)  # fmt: skip
def test_what_rounds_add_to_and_bind(body: str, collects: tuple[str, ...], sets: tuple[str, ...]) -> None:
    graph = fit(f"for one in ids:\n    {body}")
    step = next(step for step in graph.steps if step.name == "fit")
    if collects is None:
        assert [f.code for f in graph.errors] == ["for-each"]
        assert step.loop is None
    else:
        assert graph.errors == ()
        assert step.loop == Loop("ids", collects, sets)


@pytest.mark.parametrize(
    ("loop", "words", "line"),
    [
        ("for one in ids:\n    total = total + one", "'total' as the round before has left it (line 2)", 1),
        ("for one in ids:\n    out.append(len(out))\n    out = out", "'out' as the round before", 1),
        ("for one in ids:\n    if one:\n        last = one", "'last' is set in some rounds only", 1),
        (
            "for one in ids:\n    if one:\n        continue\n    last = one",
            "'last' is set in some rounds only",
            1,
        ),
        ("for one in ids:\n    if one:\n        break", "end before the list does", 3),
        ("for one in ids:\n    pass\nelse:\n    x = 1", "end before the list does", 4),
        ("for one in ids:\n    pass\nprint(out)", "its last statement is not", 3),
        ("for one in sorted(ids):\n    pass", "its last statement is not", 1),
        ("for one in ids:\n    print(len(ids))", "'ids' is used beside the loop", 2),
        ("for one in ids:\n    print(eval(str(one)))", "look at any name", 1),
        ("for one in ids:\n    other.best = one", "changes 'other'", 2),
        ("def f():\n    return out\nfor one in ids:\n    out.append(f())", "looked at by a function", 0),
        ("%%capture\nfor one in ids:\n    pass", "%%capture", 2),
    ],
)
def test_a_loop_whose_rounds_may_know_of_each_other_is_refused_with_its_line(
    loop: str, words: str, line: int
) -> None:
    errors = [f for f in fit(loop, "out, total, last = [], 0, None").errors if f.code == "for-each"]
    assert len(errors) == 1
    assert words in errors[0].message
    assert (errors[0].cell, errors[0].line) == (2, line)
    assert "without for_each" in errors[0].hint


def test_the_list_must_come_from_a_step_above() -> None:
    cells = ("step:fit", "mine = [1]\nout, last = [], 1\nfor one in mine:\n    out.append(one)")
    assert "which no step above hands to it" in graph_of(cells, over="mine").errors[0].message
