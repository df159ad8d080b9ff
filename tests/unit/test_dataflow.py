"""The table of named cases: what crosses from step to step, and what is said about it."""

from __future__ import annotations

import ast
import symtable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mlops_jlab.dataflow import statements
from mlops_jlab.dataflow.analysis import analyse
from mlops_jlab.dataflow.reader import effects_of
from mlops_jlab.entities.graphs import Edge, Graph
from mlops_jlab.notebook.python import parse_cell
from mlops_jlab.notebook.reading import from_node
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


def test_every_finding_names_a_cell_and_says_what_to_do() -> None:
    for case in CASES:
        for finding in graph_of(cells_of(case)).findings:
            assert finding.hint, finding
            assert finding.cell >= 0, finding
            assert finding.cell_id, finding


def test_a_finding_names_the_line_of_the_cell_below_a_cell_magic() -> None:
    graph = graph_of([("step:a", "%%time\n\nx = 1\nprint(unknown_thing)")])
    assert [(f.code, f.line) for f in graph.findings] == [("unknown-name", 4)]


@pytest.mark.parametrize(
    ("settings", "severity"),
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
def test_settings_of_a_step_are_checked(settings: dict[str, object], severity: list[str]) -> None:
    node = notebook_json([("step:a", "1")])
    node["metadata"]["mlops_jlab"] = {"steps": {"a": settings}}
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
