"""Typed parameters: read from the cell, checked on every road in."""

from __future__ import annotations

import math

import pytest

from mlops_jlab.entities.notebooks import Cell
from mlops_jlab.entities.parameters import Parameter, resolve
from mlops_jlab.errors import ParameterError
from mlops_jlab.notebook.parameters import read_parameters

CELL = """\
from datetime import date, datetime
# how many trees
n: int = 10 * 10
rate: Annotated[float, Ge(0), Lt(1)] = -0.5 + 1  # learning rate
kind: Literal["rf", "svm"] = "rf"
start = date(2024, 1, 31)
at = datetime.fromisoformat("2024-01-31T08:00:00")
where: Path = Path("data") 
limit: int | None = None
names = ["a", -1, None]
table = {"a": {"b": 1.5}}
flag = False
depth: Annotated[int, range(1, 5)] = 2
top: Optional[float] = 1e308
api_key = "not a secret any more"
mail: SecretStr
needed: int
clock = time.time()
%matplotlib inline
"""


def declared() -> dict[str, Parameter]:
    found, findings = read_parameters(Cell(0, "p", CELL, True))
    assert not findings
    return {parameter.name: parameter for parameter in found}


def test_types_defaults_ranges_and_help_are_read() -> None:
    found = declared()
    assert {name: (p.type_text, p.default) for name, p in found.items()} == {
        "n": ("int", 100), "rate": ("float", 0.5), "kind": ("Literal['rf', 'svm']", "rf"),
        "start": ("date", "2024-01-31"), "at": ("datetime", "2024-01-31T08:00:00"),
        "where": ("Path", "data"), "limit": ("int | None", None), "names": ("list", ["a", -1, None]),
        "table": ("dict", {"a": {"b": 1.5}}), "flag": ("bool", False), "depth": ("int", 2),
        "top": ("float | None", 1e308), "api_key": ("str", None), "mail": ("str", None),
        "needed": ("int", None), "clock": ("any", None),
    }  # fmt: skip
    assert (found["n"].help, found["rate"].help) == ("how many trees", "learning rate")
    assert found["api_key"].secret
    assert found["mail"].secret
    assert found["needed"].required
    assert found["clock"].computed


def test_a_parameter_survives_the_journey_through_the_manifest() -> None:
    for parameter in declared().values():
        assert Parameter.from_json(parameter.as_json()) == parameter


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("n=7", 7), ("n=10000000000000000000000", 10**22), ("rate=0", 0.0), ("kind=svm", "svm"),
        ("start=2025-02-28", "2025-02-28"), ("limit=None", None), ("limit=3", 3),
        ('names=["ü", 1]', ["ü", 1]), ('table={"x": [1]}', {"x": [1]}), ("flag=yes", True),
        ("where=a b/c", "a b/c"), ("top=inf", math.inf),
    ],
)  # fmt: skip
def test_text_from_a_command_line_becomes_the_declared_type(pair: str, value: object) -> None:
    name, _, text = pair.partition("=")
    given = {"needed": "1", name: text}
    assert resolve(tuple(declared().values()), given, from_text=True)[name] == value


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("n=1.5", "expects int"), ("n=x", "expects int"), ("n=", "expects int"), ("rate=1", "must be >= 0 and < 1"),
        ("rate=nan", "must be"), ("kind=rg", "must be one of"), ("start=2024-02-30", "expects date"),
        ("names={}", "expects list"), ("flag=maybe", "expects bool"), ("depth=5", "must be"),
        ("treees=1", "no parameter 'treees'"), ("api_key=x", "is a secret"),
        ("a=1;import os;x#=1", "no parameter"), ("class=1", "no parameter"), ("__name__=1", "no parameter"),
    ],
)  # fmt: skip
def test_what_is_no_value_of_the_type_is_refused(pair: str, words: str) -> None:
    name, _, text = pair.partition("=")
    with pytest.raises(ParameterError, match=words):
        resolve(tuple(declared().values()), {"needed": "1", name: text}, from_text=True)


def test_an_unknown_parameter_names_the_nearest_and_a_missing_one_is_named() -> None:
    with pytest.raises(ParameterError, match="did you mean 'depth'"):
        resolve(tuple(declared().values()), {"deph": 1})
    with pytest.raises(ParameterError, match="missing parameter: needed"):
        resolve(tuple(declared().values()), {})


@pytest.mark.parametrize("value", [{1, 2}, (1,), 1j, b"x", {1: 2}, object()])
def test_values_that_are_no_plain_data_are_refused(value: object) -> None:
    with pytest.raises(ParameterError):
        resolve(tuple(declared().values()), {"needed": 1, "table": value})


@pytest.mark.parametrize(
    ("source", "code"),
    [("x: int = 'a'", "parameter-default"), ("__x__ = 1", "parameter-name"), ("x = 1 / 0", "parameter-default"),
     ("for i in y: pass", "parameters-statement")],
)  # fmt: skip
def test_a_bad_declaration_is_found_in_its_line(source: str, code: str) -> None:
    _, findings = read_parameters(Cell(0, "p", "ok = 1\n" + source, True))
    assert [(f.code, f.line) for f in findings] == [(code, 2)]
