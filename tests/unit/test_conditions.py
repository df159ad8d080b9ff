"""The conditions of steps: what they may say, and what they mean."""

from __future__ import annotations

import pytest

from mlops_jlab.entities.conditions import parse
from mlops_jlab.errors import InputError

PARAMS = {"mode": "full", "depth": 3, "fast": False}
METRICS = {"rows": 1000.0, "test/auc": 0.9}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.rows >= 1000 and mode == 'full'", True),
        ("params.depth in [1, 2] or fast", False),
        ("not fast", True),
        ("0 < depth < 3", False),
        ("metrics['test/auc'] > 0.8", True),
        ("depth > -1 and mode not in ('a', 'b')", True),
        ("mode != None", True),
    ],
)
def test_it_means_what_python_means(text: str, expected: bool) -> None:
    assert parse(text).holds(PARAMS, METRICS) is expected


@pytest.mark.parametrize(
    "text",
    ["__import__('os').system('x')", "depth.real > 1", "lambda: 1", "depth + 1 > 2", "x[0] == 1", "a if b else c",
     "", "metrics.rows >", "[d for d in depth]", "f'{mode}' == 'x'", "other.rows > 1"],
)  # fmt: skip
def test_anything_else_has_no_place(text: str) -> None:
    with pytest.raises(InputError, match="condition"):
        parse(text)


def test_names_are_known_before_it_is_decided() -> None:
    condition = parse("metrics.rows > depth and params.mode == 'x'")
    assert condition.params == {"depth", "mode"}
    assert condition.metrics == {"rows"}


def test_what_cannot_be_decided_says_why() -> None:
    with pytest.raises(InputError, match="no step above has logged the metric 'loss'"):
        parse("metrics.loss < 1").holds(PARAMS, METRICS)
    with pytest.raises(InputError, match="cannot be decided"):
        parse("mode > 1").holds(PARAMS, METRICS)
