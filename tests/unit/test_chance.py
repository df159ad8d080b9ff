"""A generator that was drawn from is told from one that was seeded."""

from __future__ import annotations

import random

import numpy as np
import pytest

from mlops_jlab.handoff.chance import drew_only, same


@pytest.mark.parametrize("draws", [1, 3, 623, 624, 625, 5000, 3_000_000])
def test_draws_are_recognised(draws: int) -> None:
    one = random.Random(7)
    one.random()
    before = one.getstate()
    one.getrandbits(32 * draws)
    assert drew_only(before, one.getstate())
    assert not drew_only(one.getstate(), before)


def test_draws_of_numpy_are_recognised() -> None:
    legacy = np.random.RandomState()
    before = legacy.get_state()
    legacy.normal(size=10_001)
    assert drew_only(before, legacy.get_state())


def test_another_generator_is_no_draw() -> None:
    twister = np.random.RandomState(1).get_state()
    other = ("PCG64", {"bit_generator": "PCG64", "state": {"state": 1}})
    assert not drew_only(twister, other)
    assert not drew_only(other, twister)
    assert same(other, other)
    assert not same(other, twister)


def test_a_seed_is_no_draw() -> None:
    one = random.Random()
    before = one.getstate()
    one.seed(7)
    assert not drew_only(before, one.getstate())
    one.random()
    assert not drew_only(before, one.getstate())
