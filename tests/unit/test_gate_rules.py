"""The vocabulary of gates: what is a rule, and what is said of what is none; when the cell is tagged."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_jlab.dataflow.analysis import analyse
from mlops_jlab.dataflow.gatecells import rules_of
from mlops_jlab.entities.findings import Severity
from mlops_jlab.errors import InputError
from mlops_jlab.gates.rules import Rule, parse, read
from mlops_jlab.notebook.reading import from_node
from tests.conftest import notebook_json


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("roc_auc better", ("better", "roc_auc", 0.0, "", "")),
        ("roc_auc  better by 0.005  # why", ("better", "roc_auc", 0.005, "", "")),
        ("log_loss not worse by 1e-2", ("not worse", "log_loss", 0.01, "", "")),
        ("accuracy above 0.7", ("limit", "accuracy", 0.7, "", "above")),
        ("calibration below 0.05", ("limit", "calibration", 0.05, "", "below")),
        ("slice carrier", ("slice", "", 0.0, "carrier", "")),
        ("slice hour in 4 bins", ("bins", "", 4.0, "hour", "")),
        ("slice distance >= 1000", ("where", "", 0.0, "distance", ">=")),
        ("slice carrier == 'UA'", ("where", "", 0.0, "carrier", "==")),
        ("gap recall by sex below 0.1", ("gap", "recall", 0.1, "sex", "")),
        ("latency below 5 ms", ("latency", "", 0.005, "", "")),
        ("size below 1.5 MB", ("size", "", 1.5e6, "", "")),
        ("unit day", ("unit", "", 0.0, "day", "")),
        ("beats baseline", ("baseline", "", 0.0, "", "")),
        ("no overlap", ("overlap", "", 0.0, "", "")),
        ("loads cleanly", ("loads", "", 0.0, "", "")),
        ("roc_auc better over time", ("over time", "roc_auc", 0.0, "", "")),
        ("quantile_loss(0.9) better", ("better", "quantile_loss(0.9)", 0.0, "", "")),
        ("ndcg(10) above 0.5", ("limit", "ndcg(10)", 0.5, "", "above")),
        ("id order", ("id", "", 0.0, "order", "")),
    ],
)
def test_each_rule_says_what_it_means(text: str, rule: tuple[str, str, float, str, str]) -> None:
    found, problems = read(["roc_auc better", text])
    assert problems == []
    last = found[-1]
    assert (last.kind, last.metric, pytest.approx(last.bound), last.column, last.operator) == rule


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("quantile_loss(2) better", "is not a metric", "quantile_loss(0.9)"),
        ("roc_auc(3) better", "is not a metric", "ndcg(10)"),
        ("roc_auk better", "did you mean 'roc_auc'", "known: accuracy"),
        ("accuracy is better", "is not a rule", "roc_auc better"),
        ("slices carrier", "did you mean 'slice'", "see the page Gates"),
        ("gap roc_auc by sex below 0.1", "no rate 'roc_auc'", "selection_rate"),
        ("calibration better", "has a limit", "below 0.05"),
        ("slice hour in 99 bins", "from 2 to 50", "in 4 bins"),
        ("slice hour in " + "9" * 5000 + " bins", "is not a rule", "roc_auc better"),
        ("ndcg(" + "9" * 5000 + ") better", "is not a metric", "ndcg(10)"),
        ("__import__('os')", "is not a rule", "roc_auc better"),
        ("accuracy not worse by 1", "any value would hold it", "accuracy lies between 0 and 1"),
        ("f1 below 1.01", "any value would hold it", "f1 lies between 0 and 1"),
        ("gap recall by sex below 1.5", "any value would hold it", "recall lies between 0 and 1"),
        ("", "no rule speaks of a metric", "begin with one"),
        ("slice carrier", "no rule speaks of a metric", "begin with one"),
    ],
)
def test_what_is_no_rule_is_named_with_a_cure(text: str, words: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert words in caught.value.message
    assert hint in caught.value.hint


def test_rules_may_be_objects_as_well() -> None:
    rules = [Rule("better", "roc_auc better", "roc_auc")]
    assert parse(rules) == rules


def gate_cell(source: str) -> list[tuple[str, str, int, int]]:
    cells = [("step:a", "model = data = 1\nRULES = 'roc_auc better\\nnonsense'"), ("step:b gate", source)]
    graph = analyse(*from_node(notebook_json(cells), Path("/nowhere/nb.ipynb"), "0" * 64))
    return [(str(f.severity), f.code, f.cell, f.line) for f in graph.findings if f.code.startswith("gate")]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from mlops_jlab import gate\ngate.compare(model, data, 'y', name='m', rules='roc_auc better')", []),
        ("from mlops_jlab import gate\ngate.compare(\n    model, data, 'y', name='m',\n    rules='''\n"
         "roc_auc better\nslize x\n''')", [("gate-rule", 6)]),
        ("from mlops_jlab import gate\ngate.compare(model, data, 'y', name='m', rules=[\n  'roc_auc better',\n"
         "  'latency under 5 ms'])", [("gate-rule", 4)]),
        ("from mlops_jlab import gate\ngate.compare(model, data, 'y', name='m', rules=RULES)", [("gate-rule", 0)]),
        ("from mlops_jlab import gate\ngate.compare(model, data, 'y', name='m', rules=str(model))", []),
        ("from mlops_jlab import gate\ngate.compare(model, data, 'y', name='m', metrics={'profit': len},\n"
         "    rules='''profit better\nprofits better''')", [("gate-rule", 4)]),
        ("from mlops_jlab import gate\ngate.compare(model, data, 'y', name='m', metrics=own, rules='profit better')",
         []),
        ("print(model)", [("gate-empty", 0)]),
    ],
)  # fmt: skip
def test_rules_are_read_when_the_cell_is_tagged(source: str, found: list[tuple[str, int]]) -> None:
    assert [(code, line) for _severity, code, _cell, line in gate_cell(source)] == found
    if found and found[0][0] == "gate-rule":
        assert gate_cell(source)[0][0] == str(Severity.ERROR)


def test_the_rules_of_a_notebook_can_be_shown() -> None:
    cells = [("step:a gate", "gate.compare(1, 2, 'y', name='m', rules='roc_auc better  # yes\\nunit day')")]
    notebook, _ = from_node(notebook_json(cells), Path("/nowhere/nb.ipynb"), "0" * 64)
    assert rules_of(notebook) == {"a": ["roc_auc better", "unit day"]}
