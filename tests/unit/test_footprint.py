"""Bytes in memory tell whether objects hold what they held, and reading them can do no harm."""

from __future__ import annotations

import os
import resource
import sys
from array import array
from collections.abc import Callable
from typing import Any

import pytest

from mlops_jlab.handoff.observing import footprint, versions
from mlops_jlab.handoff.observing.contents import Contents
from mlops_jlab.handoff.observing.footprint import Footprint, untouched
from mlops_jlab.handoff.observing.world import look

pytestmark = pytest.mark.skipif(not footprint.is_known(), reason="this Python's objects are not known")


class Plain:
    def __init__(self) -> None:
        self.rate, self.rows = 0.5, [1.5, [2.5]]


class Slotted:
    __slots__ = ("__dict__", "one")


def footprint_of(value: object) -> Footprint:
    """That of one object."""
    _, places = Contents(lambda _name: False, {}, versions.ALL).text(value)
    assert places is not None
    found = places.footprint()
    assert found is not None
    return found


CHANGES: list[tuple[Any, Callable[[Any], object]]] = [
    ([0.5, print], lambda one: one.__setitem__(0, one[0] * 2)),
    ([0.5, print], lambda one: one.append(1)),
    ([print, "a" * 9], lambda one: one.__setitem__(1, "b" * 9)),
    ([print, {"a": 1}], lambda one: one[1].update(a=2)),
    ([print, frozenset({1.5})], lambda one: one.__setitem__(1, frozenset({2.5}))),
    ([print, {1.5}], lambda one: one[1].add(2.5)),
    ({"a": [print, 1.5]}, lambda one: one["a"].__setitem__(1, 2.5)),
    ({"a": 1}, lambda one: one.update(a=2)),
    ({1.5, 2.5}, lambda one: (one.discard(1.5), one.add(3.5))),
    (Plain(), lambda one: setattr(one, "rate", one.rate / 3)),
    (Plain(), lambda one: delattr(one, "rate")),
    (Plain(), lambda one: setattr(one, "more", 1)),
    (Plain(), lambda one: one.rows.append(1)),
    (Plain(), lambda one: setattr(one, "__dict__", {"rate": 0.5, "rows": one.rows})),
    ([print, Plain()], lambda one: setattr(one[1], "rate", 2.5)),
    ([print, Plain()], lambda one: one.__setitem__(1, Slotted())),
]


@pytest.mark.parametrize(("value", "change"), CHANGES)
def test_a_change_changes_bytes_and_a_use_does_not(value: Any, change: Callable[[Any], object]) -> None:
    footprint_of(value)  # instances that are asked for their attributes have a dict from then on
    before = footprint_of(value)
    repr(value), hash(id(value))
    again = list(value) if not isinstance(value, Plain) else value.rate
    del again
    assert untouched([before, before]) == [True, True]
    change(value)
    assert untouched([before]) == [False]
    footprint_of(value)
    assert untouched([footprint_of(value)]) == [True]


def test_attributes_are_known_before_anybody_asks_for_them() -> None:
    """A copy of a process that asks has a dict then; in the process itself they stand as before."""
    one = Plain()
    places = footprint.Places()
    places.of_attributes(one)
    before = places.footprint()
    assert before is not None
    one.rate = 0.5  # the same number, written once
    one.rate = float("0.25")
    assert untouched([before]) == [False]


def test_a_place_that_is_no_memory_any_more_is_a_change_and_no_crash() -> None:
    kept = [0.5, print]
    well = footprint_of(kept)
    gone = Footprint(array("Q", [8, 8]).tobytes(), 8, hash(b"\0" * 8))
    far = Footprint(array("Q", [2**47 - 8, 64]).tobytes(), 64, 0)
    assert untouched([well, gone, far, well]) == [True, False, False, True]
    assert untouched([]) == []


def test_many_places_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    many: list[Any] = [*(float(number) for number in range(1, 1_900)), print]
    before = footprint_of(many)
    assert before.size > 1_900 * 24
    assert untouched([before]) == [True]
    many[1_898] += 1.0
    assert untouched([before]) == [False]
    monkeypatch.setattr(footprint, "_AT_ONCE", 7)
    assert untouched([before, footprint_of(many)]) == [False, True]


def test_without_a_free_descriptor_everything_is_looked_at() -> None:
    before = footprint_of([0.5, print])
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = os.listdir("/proc/self/fd")
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limits[0], max(map(int, opened))), limits[1]))
    held = []
    try:
        while True:
            held.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        assert untouched([before]) == [False]
    finally:
        for one in held:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


LARGE = [
    [b"x" * 1_000_000],
    ["long" * 100_000],
    [[float(number) for number in range(1_900)] for _ in range(5)],
    list(range(1000, 4000)),
    [print, tuple(range(3_000))],
]


@pytest.mark.parametrize("value", LARGE, ids=["bytes", "text", "rows", "numbers", "a tuple within"])
def test_what_is_large_is_not_copied_but_looked_at_again(value: Any) -> None:
    assert Contents(lambda _name: False, {}, versions.ALL).text(value)[1] is None


def test_a_set_that_was_large_once_is_looked_at_again() -> None:
    value = set(range(1_000_000))
    for number in range(10, 1_000_000):
        value.discard(number)
    assert Contents(lambda _name: False, {}, versions.ALL).text(value)[1] is None


def test_of_what_a_list_holds_no_buffer_is_read() -> None:
    held = [memoryview(bytearray(10_000_000)), 1]
    before = footprint_of(held)
    assert before.size < 200
    assert untouched([before]) == [True]


def test_the_notebooks_own_names_are_not_placed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step changes them, and they hold what is large."""
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "rows_of_mine", [0.5, 1.5], raising=False)
    looked = look(None, versions.mark()).modules["__main__"]
    assert "rows_of_mine" in looked.living
