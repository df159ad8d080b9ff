"""The table of named cases: what crosses from step to step, and what is said about it."""

from __future__ import annotations

import ast
import json
import re
import symtable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_jlab.dataflow import statements
from mlops_jlab.dataflow.analysis import analyse
from mlops_jlab.dataflow.reader import effects_of
from mlops_jlab.entities.graphs import Edge, Graph
from mlops_jlab.errors import HandoffError
from mlops_jlab.notebook.python import parse_cell
from mlops_jlab.notebook.reading import from_node
from mlops_jlab.pipeline import build
from tests.conftest import DATA, notebook_json

CASES: list[dict[str, Any]] = yaml.safe_load((DATA / "dataflow_cases.yaml").read_text("utf-8"))


def graph_of(cells: list[tuple[str, str]]) -> Graph:
    return analyse(*from_node(notebook_json(cells), Path("/nowhere/nb.ipynb"), "0" * 64))


def cells_of(case: dict[str, Any]) -> list[tuple[str, str]]:
    return [tuple(cell.split(" | ", 1)) for cell in case["cells"]]


def words(edge: Edge) -> str:
    reasons = f"({', '.join(edge.reasons)})" if edge.reasons else ""
    return f"{edge.source} -> {edge.target}: {', '.join(edge.names)}{reasons}"


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_each_named_case_is_exact(case: dict[str, Any]) -> None:
    graph = graph_of(cells_of(case))
    assert sorted(f.code for f in graph.findings) == sorted(case.get("findings", [])), graph.findings
    if "edges" in case:
        assert sorted(map(words, graph.edges)) == sorted(case["edges"])
    for name, carried in case.get("carried", {}).items():
        step = next(step for step in graph.steps if step.name == name)
        assert [source.name for source in step.carried] == carried


@pytest.mark.parametrize(
    "line",
    [
        "import optuna\noptuna.logging.set_verbosity(30)", "from tqdm import tqdm\ntqdm.pandas(desc='x')",
        "import altair as alt\nalt.data_transformers.disable_max_rows()", "import mlflow\nmlflow.autolog()",
        "import nltk\nnltk.data.path.append('/data')", "import scipy.special as s\ns.seterr(all='raise')",
        "import torch\ntorch.set_num_threads(1)", "import cv2\ncv2.setNumThreads(0)",
        "import holoviews as hv\nhv.extension('bokeh')", "import numbers\nnumbers.Number.register(str)",
    ],
)  # fmt: skip
def test_a_line_that_tells_a_library_something_runs_again_below(line: str) -> None:
    graph = graph_of([("step:a", line), ("step:b", "print(1)")])
    assert [one.text for one in graph.steps[1].carried] == line.split("\n")


@pytest.mark.parametrize(
    "line",
    [
        "import numpy as np\nnp.random.seed(0)", "import torch\ntorch.manual_seed(0)",
        "import pandas as pd\npd.set_option('display.width', 9)", "import seaborn as sns\nsns.set_theme()",
        "import dask\ndask.config.get('scheduler')", "import os\nos.environ.update(A='1')",
        "import nltk\nnltk.download('punkt')", "import pandas as pd\npd.read_csv('a.csv')",
        "import wandb\nwandb.init()", "import matplotlib.pyplot as plt\nplt.set_cmap('gray')",
        "import torch\nold = torch.set_num_threads(1)", "rows = []\nrows.append(1)",
    ],
)  # fmt: skip
def test_no_other_call_of_a_library_runs_again_below(line: str) -> None:
    graph = graph_of([("step:a", line), ("step:b", "print(1)")])
    assert not graph.steps[1].carried


@pytest.mark.parametrize(
    "above",
    [
        "import sys\nsetattr(sys.modules['__main__'], 'x', 1)", "get_ipython().push({'y': 1})",
        "import builtins\nbuiltins.x = 1", "globals().update(x=1)", "%load_ext some_extension",
    ],
)  # fmt: skip
def test_a_name_that_may_be_bound_unseen_is_a_hazard(above: str) -> None:
    graph = graph_of([("step:a", above), ("step:between", "1"), ("step:b", "print(x)")])
    assert not graph.errors
    assert "x" in next(step for step in graph.steps if step.name == "b").inputs
    assert graph_of([("step:a", "import sys, math"), ("step:b", "print(x)")]).errors
    assert graph_of([("step:a", "%matplotlib inline\n!ls"), ("step:b", "print(x)")]).errors


@pytest.mark.parametrize(
    "above", ["%alias shout echo %s", "get_ipython().input_transformers_cleanup.append(str.split)"]
)
def test_a_cell_that_ipython_may_have_learned_to_read_is_a_hazard(above: str) -> None:
    assert not graph_of([("step:a", above), ("step:b", "shout hello")]).errors
    assert graph_of([("step:a", "x = 1"), ("step:b", "shout hello")]).errors


def test_a_cell_that_may_raise_has_no_errors_of_its_own() -> None:
    assert not graph_of([("step:a raises-exception", "nothing + 1"), ("step:b", "print(1)")]).errors
    assert not graph_of([("step:a raises-exception", "if :"), ("step:b", "print(1)")]).errors


def test_what_an_untagged_cell_defines_is_one_error_for_each_name_in_a_cell() -> None:
    cells = [("-", "import random\nlr = 1"), ("step:a", "random.seed(lr)\nrows = [random.random()]"),
             ("step:b", "lr")]  # fmt: skip
    found = [(one.cell, one.line, one.message.split("'")[1]) for one in graph_of(cells).errors]
    assert found == [(1, 1, "random"), (1, 1, "lr"), (2, 1, "lr")]


def test_every_finding_names_a_cell_and_says_what_to_do() -> None:
    for case in CASES:
        for finding in graph_of(cells_of(case)).findings:
            assert finding.hint, finding
            assert finding.cell >= 0, finding
            assert finding.cell_id, finding


@pytest.mark.parametrize(
    "source",
    [
        "x = " + " + ".join(["a"] * 900), "x = " + "not " * 900 + "a", "a" + ".b" * 1500 + " = x = 1",
        "a" + "[0]" * 1500 + " = x = 1", "if a: pass\n" + "\n".join(f"elif a == {i}: x = {i}" for i in range(1200)),
        "class A0: pass\n" + "\n".join(f"class A{i + 1}(A{i}): pass" for i in range(1100)) + "\nx = A1100()",
        "n = None\nfor i in range(5000): n = (i, n)\nx = n",
    ],
    ids=["terms", "nots", "attributes", "items", "elifs", "classes", "nodes"],
)  # fmt: skip
def test_code_that_is_deeper_than_our_own_stack_is_read(source: str) -> None:
    graph = graph_of([("step:a", "a = [1]"), ("step:b", source), ("step:c", "print(x)")])
    assert not graph.errors
    assert "b -> c: x" in map(words, graph.edges)


NOTES = {
    "session-history": [("step:a", "1"), ("step:b", "_")],
    "definition-time": [
        ("step:a", "K = 3\ndef t(k):\n  return lambda f: f\n@t(K)\ndef f(): return 1\nK = 4"), ("step:b", "f()"),
    ],
    "setup-reads-step": [("step:a", "x = 1"), ("setup", "y = x"), ("step:b", "y")],
    "setup-below-step": [("step:a", "x = 1"), ("setup", "x = 2"), ("step:b", "x")],
}  # fmt: skip


@pytest.mark.parametrize("code", NOTES)
def test_what_has_one_meaning_here_is_a_note_and_stops_where_it_is_made_again(code: str) -> None:
    graph = graph_of(NOTES[code])
    assert [(f.code, f.severity.value) for f in graph.findings] == [(code, "note")]
    first, second = (build.step_notebook(graph, step, "p@0")["cells"] for step in graph.steps)
    assert build.STOP_CELL not in [cell["id"] for cell in first]
    stop = next(cell for cell in second if cell["id"] == build.STOP_CELL)
    with pytest.raises(HandoffError, match="only go on where the step above it ended"):
        exec("".join(stop["source"]))


def test_an_import_below_a_change_of_the_path_is_run_again_once_the_path_is_as_it_was() -> None:
    graph = graph_of([
        ("step:a", "import json\nimport sys\nsys.path.append('lib')"), ("step:b", "import mine"),
        ("step:c", "print(mine, json)"),
    ])  # fmt: skip
    ids = [cell["id"] for cell in build.step_notebook(graph, graph.steps[2], "p@0")["cells"]]
    early, load, late = (ids.index(i) for i in ("mlops-carried", build.LOAD_CELL, "mlops-carried-values"))
    assert early < load < late
    assert {s.name: bool(s.values) for s in graph.steps[2].carried} == {"json": False, "mine": True}


def test_notes_never_stop_an_export() -> None:
    for case in CASES:
        found = graph_of(cells_of(case))
        assert not {e.code for e in found.errors} & {"two-writers", "cannot-travel", "star-import", *NOTES}
        for step in found.steps:
            assert build.step_notebook(found, step, "p@0")["cells"]


@pytest.mark.parametrize(
    ("source", "severity"),
    [
        ("gone", ["error"]),
        ("if gone: pass", ["error"]),
        ("if x: gone", ["hazard"]),
        ("if True: gone", ["error"]),
        ("x and gone", ["hazard"]),
        ("gone and x", ["error"]),
        ("1 < 2 < gone", ["hazard"]),
        ("assert x, gone", ["hazard"]),
        ("gone if x else 1", ["hazard"]),
        ("for i in x: gone", ["hazard"]),
        ("for i in range(3): gone", ["error"]),
        ("for i in range(3):\n  if i: continue\n  gone", ["hazard"]),
        ("for i in range(0): gone", ["hazard"]),
        ("while x: gone", ["hazard"]),
        ("while True: gone", ["error"]),
        ("[gone for i in x]", ["hazard"]),
        ("[gone for i in [1, 2]]", ["error"]),
        ("[i for i in gone]", ["error"]),
        ("for i in x:\n  for j in x: made = j\n  print(made)", []),
        ("for i in x:\n  print(made)\n  made = i", []),
        ("try:\n  gone\nexcept ValueError: pass", ["error"]),
        ("try:\n  x()\n  gone\nexcept ValueError: pass", ["hazard"]),
        ("try:\n  x()\nexcept Gone: pass", ["hazard"]),
        ("try:\n  x()\nfinally: gone", ["error"]),
        ("try:\n  gone\nexcept NameError: pass", []),
        ("import contextlib\nwith contextlib.suppress(NameError): gone", []),
        ("import pytest\nwith pytest.raises((ValueError, NameError)): gone", []),
        ("with open('x') as f: gone", ["error"]),
        ("class K:\n  gone", ["error"]),
        ("class K:\n  if x: gone", ["hazard"]),
        ("match x:\n  case 1: gone", ["hazard"]),
        ("%%timeit\ny = 0\nfor i in x: y += i", []),
        ("%%timeit a = 1\na + 1", []),
        ("%timeit gone", ["error"]),
    ],
)
def test_an_unknown_name_is_an_error_where_run_all_surely_stops(source: str, severity: list[str]) -> None:
    found = graph_of([("step:a", "x = []"), ("step:b", source)]).findings
    assert [f.severity.value for f in found] == severity, [f.message for f in found]
    tolerant = graph_of([("step:a", "x = []"), ("step:b raises-exception", source)]).findings
    assert all(f.severity.value == "hazard" for f in tolerant)


@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        (["xmode Plain"], []),
        (["reset -f"], []),
        (["history"], ["session-history"]),
        (["quickref = 1", "quickref"], []),
        (["reset = 1", "reset -f"], ["unknown-name"]),
        (["unheard of"], ["syntax"]),
        (["%load_ext mine", "unheard of"], ["magic"]),
        (["%load_ext mine", "print of"], ["syntax"]),
        (["_exit_code + 1"], ["session-history"]),
        (["__IPYTHON__"], []),
        (["import gc", "len(gc.get_objects())"], ["session-history"]),
        (["from gc import get_objects as all_of", "len(all_of())"], ["session-history"]),
        (["import gc", "gc.collect()"], []),
        (["import json", "json.JSONEncoder.__subclasses__()"], ["session-history"]),
        (["class A: pass", "class B(A): pass", "A.__subclasses__()"], []),
        (
            ["class A: pass", "class B(A): pass", "class B(A): pass", "A.__subclasses__()"],
            ["session-history"],
        ),
        (["ip = get_ipython()", "ip.push({'a': 1})", "a"], ["magic"]),
        (["import builtins", "builtins.a = 1", "a"], ["namespace"]),
        (["import sys", "sys.modules['__main__'].a = 1", "a"], ["namespace"]),
        (["import sys", "'os' in sys.modules", "a"], ["unknown-name"]),
    ],
)
def test_names_and_magics_are_those_of_the_session(cells: list[str], codes: list[str]) -> None:
    found = graph_of([(f"step:s{place}", source) for place, source in enumerate(cells)]).findings
    assert [f.code for f in found] == codes


def test_a_finding_names_the_line_of_the_cell_below_a_cell_magic() -> None:
    graph = graph_of([("step:a", "%%time\n\nx = 1\nprint(unknown_thing)")])
    assert [(f.code, f.line) for f in graph.findings] == [("unknown-name", 4)]


@pytest.mark.parametrize(
    ("given_settings", "severity"),
    [
        ({"retries": 2, "timeout": 1.5}, []),
        ({"retries": -1}, ["error"]),
        ({"retries": True}, ["error"]),
        ({"timeout": "1h"}, ["error"]),
        ({"uses": "x"}, ["error"]),
        ({"memory": "1G"}, []),
        ({"memory": 5_000_000}, []),
        ({"memory": "much"}, ["error"]),
        ({"memory": 0}, ["error"]),
        ({"cpus": 2, "cache": False, "backoff": 1.5}, []),
        ({"cpus": 0}, ["error"]),
        ({"cache": "sometimes"}, ["error"]),
        ({"backoff": -1}, ["error"]),
        ({"gpus": 2}, ["note"]),
    ],
)
def test_settings_of_a_step_are_checked(given_settings: dict[str, object], severity: list[str]) -> None:
    node = notebook_json([("step:a", "1")])
    node["metadata"]["mlops_jlab"] = {"steps": {"a": given_settings}}
    graph = analyse(*from_node(node, Path("/nowhere/nb.ipynb"), "0" * 64))
    assert [f.severity.value for f in graph.findings] == severity


SNIPPETS = st.lists(
    st.sampled_from(
        [
            "a = b", "b += a", "def f(x):\n    y = x + a\n    return [y for y in c if y > b]",
            "c = [i for i in range(3) if (w := i)]", "d = lambda a: a + b",
            "class K:\n    a = 1\n    def m(self):\n        global g\n        g = a",
            "for a, *b in c:\n    e = a", "with a as b:\n    pass", "print(f'{a!r:>{b}}')",
            "try:\n    a\nexcept E as e:\n    b = e", "del a", "import m.n as o, p.q",
            "def outer():\n    n = 1\n    def inner():\n        nonlocal n\n        n = a\n    return inner",
        ]
    ),
    min_size=1, max_size=4,
)  # fmt: skip


@given(SNIPPETS)
def test_the_names_found_are_those_of_pythons_own_compiler(parts: list[str]) -> None:
    """Every global that the compiler sees in a statement is in its effects or its functions'."""
    from mlops_jlab.dataflow.definitions import facts_of

    for part in parts:
        node = ast.parse(part).body[0]
        effects = effects_of(node, {})
        facts = facts_of(node, {})
        found = effects.used() | effects.written()
        if facts is not None:
            found |= facts.effects.used() | facts.effects.written()
        if any(isinstance(n, ast.ExceptHandler) for n in ast.walk(node)):
            found.add("e")  # bound and taken away again
        assert globals_in(symtable.symtable(part, "<t>", "exec")) <= found


def globals_in(table: symtable.SymbolTable) -> set[str]:
    top = table.get_type() == "module"
    mine = {s.get_name() for s in table.get_symbols() if top or (s.is_global() and s.is_referenced())}
    return mine.union(*(globals_in(child) for child in table.get_children())) - {"print", "range"}


@given(st.lists(st.sampled_from([cell for case in CASES for cell in cells_of(case)]), max_size=8))
def test_what_is_known_of_a_statement_does_not_depend_on_what_was_read_before(
    cells: list[tuple[str, str]],
) -> None:
    """Statements are read once and kept; a notebook means the same whether they were kept or not."""
    kept = graph_of(cells)
    for memory in (parse_cell, statements._names_in, statements._read):
        memory.cache_clear()
    assert graph_of(cells) == kept


NOTEBOOKS = [
    p for place in (DATA / "notebooks", DATA.parents[1] / "notebooks") for p in place.rglob("*.ipynb")
]
SOURCES = sorted(
    {"".join(cell["source"]) for path in NOTEBOOKS for cell in json.loads(path.read_text("utf-8")).get("cells", ())
     if cell["cell_type"] == "code"}
    | {source for case in CASES for _tags, source in cells_of(case)}
)  # fmt: skip
WORDS = sorted({word for source in SOURCES for word in re.findall(r"\b[A-Za-z_]\w*\b", source)})


def in_function(source: str) -> str:
    return "def f(*a, **k):\n" + "\n".join("    " + line for line in source.split("\n"))


@st.composite
def mangled(draw: st.DrawFn) -> str:
    """A cell of somebody's notebook after an accident or two."""
    source = draw(st.sampled_from(SOURCES))
    for kind in draw(st.lists(st.integers(0, 5), max_size=2)):
        if kind == 0:
            source = "\n".join(draw(st.permutations(source.split("\n"))))
        elif kind == 1 and (words := re.findall(r"\b[A-Za-z_]\w*\b", source)):
            old, new = draw(st.sampled_from(words)), draw(st.sampled_from(WORDS))
            source = re.sub(rf"\b{old}\b", new, source)
        elif kind == 2:
            source += "\n" + draw(st.sampled_from(SOURCES))
        elif kind == 3:
            source = in_function(source)
        elif kind == 4:
            source = "class K:\n" + in_function(source).partition("\n")[2]
        else:
            source = draw(st.sampled_from(["%", "!", "%%", "?"])) + source[draw(st.integers(0, 40)) :]
    return source


TAGS = st.sampled_from(["step:a", "step:b", "step:c", "setup", "step:d", "parameters", "step:e gate", "-"])


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(TAGS, mangled()), min_size=1, max_size=6))
def test_no_notebook_makes_the_analysis_fail(cells: list[tuple[str, str]]) -> None:
    graph = graph_of(cells)
    for finding in graph.findings:
        assert "~" not in finding.message, finding
    if not graph.errors:
        for step in graph.steps:
            assert build.step_notebook(graph, step, "p@0")["cells"]
