"""A step that goes through a list as several processes: the same answer as one process, or executed as one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_jlab.engine.folder.state import RunFolder, RunState
from tests.integration.clusters import two_workers
from tests.integration.running import Bench

SPLIT = {"fit": {"for_each": "ids", "at_most": 4}}
LOAD = ("step:load", "ids = [3, 1, 4, 1, 5, 9, 2, 6]\nimport os, random, itertools")
MANY = [
    LOAD,
    ("step:fit", "print('begins')\nresults = ['base']\nby_id = {}\nseen = {0}"),
    (
        "step:fit",
        "print('goes')\nfor one in ids:\n    model = [one, one * 2]\n    print('round', one)\n"
        "    results.append(model)\n    by_id[one] = model\n    seen.add(one)",
    ),
    ("step:show", "print(results, by_id, seen)\nprint(model, results[-1] is model, by_id[6] is results[-1])"),
]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def split_of(state: RunState, step: str = "fit") -> str:
    return state.step(step).split


@pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])
def test_parts_make_what_one_process_makes_and_show_what_it_shows(bench: Bench, cold: bool) -> None:
    assert split_of(bench.run(MANY, cache=None, cold=cold)) == ""
    whole = bench.printed("fit"), bench.printed("show")
    state = bench.run(MANY, settings=SPLIT, cache=None, cold=cold)
    assert (state.status, split_of(state)) == ("finished", "in 4 parts")
    assert (bench.printed("fit"), bench.printed("show")) == whole
    assert not (RunFolder(bench.runs[-1]).handoff / "parts" / "fit-4").exists()


@pytest.mark.slow
def test_parts_on_two_workers(bench: Bench, tmp_path: Path) -> None:
    assert bench.run(MANY, cache=None).status == "finished"
    whole = bench.printed("show")
    with two_workers(tmp_path / "cluster") as cluster:
        state = bench.run(MANY, settings=SPLIT, cache=None, executor=cluster.address)
        assert (state.status, split_of(state)) == ("finished", "in 4 parts")
        assert bench.printed("show") == whole


def test_a_step_in_parts_is_cached_as_one(bench: Bench) -> None:
    assert split_of(bench.run(MANY, settings=SPLIT)) == "in 4 parts"
    again = bench.run(MANY, settings=SPLIT)
    assert all(step.cached for step in again.steps)
    other = [("step:load", LOAD[1].replace("6]", "7]")), *MANY[1:]]
    assert split_of(bench.run(other, settings=SPLIT)) == "in 4 parts"
    assert "[7, 14]" in bench.printed("show")


@pytest.mark.parametrize(
    ("before", "body", "why"),
    [
        ("rng = random.Random(1)", "out.append(rng.random() + one)", "changes 'rng'"),
        ("random.seed(1)", "out.append(random.random() + one)", "rounds share"),
        ("numbers = itertools.count()", "out.append(next(numbers))", "'numbers'"),
        ("def f(x, memo=[]):\n    memo.append(x)\n    return len(memo)", "out.append(f(one))", "changes 'f()'"),
        ("class C:\n    n = 0\n    def up(self):\n        C.n += 1\n        return C.n", "out.append(C().up())",
         "changes 'C()'"),
        ("other = out", "out.append(one)\n    x = len(other)", "changes 'other'"),
        ("from collections import Counter\nout = Counter()", "out[one] = one", "is a Counter"),
        ("out.extend(range(10))", "out[one] = 0", "held before"),
        ("", "os.environ.update(N=os.environ.get('N', '') + 'x')\n    out.append(os.environ['N'])", "rounds share"),
        ("open('n', 'w').close()",
         "with open('n', 'a') as f:\n        f.write('x')\n    out.append(os.path.getsize('n'))", "'n'|/n"),
        ("box = {'last': None}\ndef put(x):\n    old, box['last'] = box['last'], x\n    return old",
         "out.append(put(one))", "changes 'box'"),
    ],
)  # fmt: skip
def test_what_rounds_know_of_each_other_is_found_and_the_step_is_executed_as_one(
    bench: Bench, before: str, body: str, why: str
) -> None:
    cells = [
        LOAD,
        ("step:fit", f"out = []\n{before}"),
        ("step:fit", f"for one in ids:\n    {body}"),
        ("step:show", "print(out)"),
    ]
    assert bench.run(cells, cache=None).status == "finished"
    whole = bench.printed("show")
    state = bench.run(cells, settings=SPLIT, cache=None)
    assert state.status == "finished", state.error
    assert split_of(state).startswith("executed as one: "), split_of(state)
    assert any(word in split_of(state) for word in why.split("|")), split_of(state)
    assert bench.printed("show") == whole


def test_a_failing_round_fails_the_step_and_done_parts_are_not_repeated(bench: Bench) -> None:
    cells = [
        ("step:load", "import os\nids = [3, 1, 4, 5, 9, 2, 6]"),
        ("step:fit", "out = []"),
        ("step:fit",
         "for one in ids:\n    open(f'round-{one}', 'a').write('x')\n"
         "    assert one != 2 or os.path.exists('mended'), f'bad {one}'\n    out.append(one)"),
        ("step:show", "print(out)"),
    ]  # fmt: skip
    state = bench.run(cells, settings=SPLIT, cache=None, jobs=1)
    error = state.step("fit").error
    assert state.status == "failed"
    assert error is not None
    assert (error["kind"], error["message"]) == ("AssertionError", "bad 2")
    assert "bad 2" in bench.printed("fit")
    (bench.folder / "mended").touch()
    resumed = bench.resume()
    assert (resumed.status, split_of(resumed)) == ("finished", "in 4 parts")
    assert bench.printed("show") == "[3, 1, 4, 5, 9, 2, 6]\n"
    assert (bench.folder / "round-3").read_text() == "x"
    assert (bench.folder / "round-2").read_text() == "xx"


def test_an_empty_list_and_one_that_is_no_list(bench: Bench) -> None:
    for made, printed in [
        ("[]", "[]\n"),
        ("{7: 1}", "[7]\n"),
        ("(5,)", "[5]\n"),
        ("range(3)", "[0, 1, 2]\n"),
    ]:
        cells = [
            ("step:load", f"ids = {made}"), ("step:fit", "out = []\nfor one in ids:\n    out.append(one)"),
            ("step:show", "print(out)"),
        ]  # fmt: skip
        assert bench.run(cells, settings=SPLIT, cache=None).status == "finished"
        assert bench.printed("show") == printed


STATEMENTS = st.sampled_from([
    "out.append(one)", "out.extend([one, one])", "table[one] = [one]", "table[one % 3] = one",
    "last = one", "pair = (one, str(one))", "out.append(pair)" , "kinds.add(one % 2)",
    "if one % 2:\n        out.append('odd')\n        continue", "table.update({one: out_of(one)})",
    "for inner in range(2):\n        out.append(inner * one)",
])  # fmt: skip


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=st.lists(STATEMENTS, min_size=1, max_size=4), length=st.integers(0, 9))
def test_any_loop_that_is_taken_apart_gives_the_same(
    body: list[str], length: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bench = Bench(tmp_path_factory.mktemp("loop"))
    lines = ["pair = (one,)" if "out.append(pair)" in body else "pass", *body]
    cells = [
        ("setup", "def out_of(x):\n    return {'x': x}"),
        ("step:load", f"ids = [n * 7 % 5 for n in range({length})]"),
        ("step:fit", "out, table, kinds, last, pair = ['a'], {'b': 0}, {9}, None, None"),
        ("step:fit", "for one in ids:\n    " + "\n    ".join(lines)),
        ("step:show", "print(out, table, sorted(kinds))"),
    ]
    assert bench.run(cells, cache=None).status == "finished"
    whole = bench.printed("show")
    assert bench.run(cells, settings=SPLIT, cache=None).status == "finished"
    assert bench.printed("show") == whole
