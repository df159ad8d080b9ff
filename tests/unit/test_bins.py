"""Distributions side by side: the same bins for all, whatever a column holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_jlab.profiles import bins, profile, written
from mlops_jlab.profiles.bins import OTHERS, Bins

RANDOM = np.random.default_rng(0)


def beside(*values: Any, bound: int | None = None) -> Bins:
    profiles = [
        written.from_json(written.as_json(profile.of_frame({"x": one}), bound)) if one is not None else None
        for one in values
    ]
    return bins.of([one.column("x") if one is not None else None for one in profiles])


@pytest.mark.parametrize("values", [
    (RANDOM.normal(size=4000), RANDOM.normal(2, 3, 900)),
    (RANDOM.normal(size=90_000), RANDOM.normal(size=900)),
    (RANDOM.integers(0, 24, 90_000), RANDOM.integers(0, 24, 500)),
    (RANDOM.integers(0, 4, 900), RANDOM.integers(0, 6, 900)),
    (RANDOM.choice(list("abcdefghijklmnopqrstuvw"), 900), RANDOM.choice(list("abz"), 900)),
    ([True, False, True], [True, None, True]),
    ([f"name {n}" * (n % 7) for n in range(900)], [f"{n}" for n in range(300)]),
    (pd.date_range("2020", periods=900, freq="h"), pd.date_range("2021", periods=90, freq="h")),
    ([1e300, -1e300, 5.0], [1.0]), ([np.inf, 1.0, np.nan, 2.5], [2.5]), ([3.0], [3.0]),
])  # fmt: skip
def test_shares_add_up_to_one_in_each(values: tuple[Any, Any]) -> None:
    for bound in (None, 2_000):
        found = beside(*values, bound=bound)
        count = len(found.labels) or len(found.edges) - 1
        assert 0 < count <= bins.BINS
        for row in found.shares:
            assert len(row) == count
            assert sum(row) == pytest.approx(1)
            assert min(row) >= 0


def test_whole_numbers_fill_every_bin_alike() -> None:
    found = beside(np.repeat(np.arange(24), 3000))
    assert found.labels[0] == "0–1"
    assert found.shares[0] == pytest.approx([1 / 12] * 12, abs=0.001)
    assert beside(np.repeat([1, 2, 7], 30_000)).labels == ("1", "2", "7")


def test_what_is_new_in_the_second_stands_beside_what_was_in_the_first() -> None:
    found = beside(["a", "a", "b", None], ["a", "new"])
    assert found.labels == ("a", "b", "new")
    assert found.shares[1] == (0.5, 0.0, 0.5)
    many = beside([f"c{n % 40}" for n in range(400)])
    assert many.labels[-1] == OTHERS
    assert len(many.labels) == bins.BINS


def test_far_out_values_do_not_squeeze_the_rest() -> None:
    found = beside([*RANDOM.normal(size=5000), 1e9])
    assert found.edges[-1] < 10
    assert found.beyond == (True, True)


def test_without_values_or_of_another_kind_there_is_nothing() -> None:
    assert beside([None, None]) == Bins()
    assert beside([[1], [2]]) == Bins()
    assert beside([1.5, 2.5], None).shares[1] == (0.0, 0.0)
    assert sum(beside([1.5, 2.5], ["a", "b"]).shares[1]) == 0
