"""What came of a sweep, which parameters matter, and new defaults."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mlops_jlab.errors import InputError, ParameterError
from mlops_jlab.notebook import defaults, reading
from tests.conftest import notebook_json


def test_new_defaults_change_values_alone() -> None:
    source = "rate: float = 0.1  # how fast\nname = 'é'; depth: int = 3\nwide: bool\nother = [1,\n  2]\n"
    node = notebook_json([("parameters", source), ("step:a", "x = depth")])
    notebook, _ = reading.from_node(node, Path("a.ipynb"), "")
    given = {"rate": "0.054", "depth": "5", "other": "[3]"}
    assert defaults.with_defaults(notebook, given) == {
        0: "rate: float = 0.054  # how fast\nname = 'é'; depth: int = 5\nwide: bool\nother = [3]\n"
    }
    assert defaults.with_defaults(notebook, {"wide": "true"})[0].splitlines()[2] == "wide: bool = True"
    assert defaults.with_defaults(notebook, {"depth": "3"}) == {}
    with pytest.raises(InputError, match="declares none"):
        defaults.with_defaults(notebook, {"none": "1"})
    with pytest.raises(ParameterError):
        defaults.with_defaults(notebook, {"depth": "deep"})


def test_the_parameter_that_decides_is_the_most_important() -> None:
    pytest.importorskip("optuna")
    from mlops_jlab.engine.sweeps.study import importances

    draw = random.Random(0)
    trials: list[tuple[dict[str, float | str], float]] = []
    for _ in range(40):
        rate, noise = 10 ** draw.uniform(-3, 0), draw.random()
        trials.append(({"rate": rate, "noise": noise, "kind": draw.choice("ab"), "same": 1}, rate * 2))
    found = importances(trials, ["rate"])
    assert next(iter(found)) == "rate"
    assert found["rate"] > 0.8
    assert "same" not in found
    assert sum(found.values()) == pytest.approx(1)
    assert importances(trials[:3]) == {}
    assert importances([(given, 1.0) for given, _ in trials]) == {}
