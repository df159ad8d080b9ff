"""What pickle writes of an object, and what of it is lost elsewhere."""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import enum
import logging
import random
from typing import Any

import numpy as np
import pytest

from mlops_jlab.handoff import snapshot
from mlops_jlab.handoff.attributes import left_out


def of_the_notebook(base: type, *given: Any) -> Any:
    made = type("Mine", (base,), {"__module__": "__main__"})(*given)
    made.note = "kept?"
    return made


class Mode(enum.Enum):
    __module__ = "__main__"
    A = 1


@pytest.mark.parametrize(
    "value",
    [of_the_notebook(decimal.Decimal, 1), of_the_notebook(datetime.date, 2020, 1, 2), of_the_notebook(random.Random, 1),
     of_the_notebook(collections.Counter, "ab"), np.zeros(2).view(type(of_the_notebook(np.ndarray, (2,))))],
    ids=lambda value: type(value).__base__.__name__,
)  # fmt: skip
def test_an_attribute_that_a_base_class_does_not_save_is_found(value: Any) -> None:
    value.note = "kept?"
    assert left_out(value) == "note"
    del value.note
    assert left_out(value) == ""


@pytest.mark.parametrize(
    "value",
    [of_the_notebook(base, *given) for base, *given in [
        (object,), (dict,), (str, "a"), (list, [1]), (collections.deque, [1]), (collections.OrderedDict,),
        (ValueError, "x"), (logging.Logger, "mine"),
    ]] + [Mode.A, decimal.Decimal(1), 3],
    ids=lambda value: f"{type(value).__base__.__name__} {type(value).__name__}",
)  # fmt: skip
def test_what_is_saved_with_its_attributes_travels(value: Any) -> None:
    assert left_out(value) == ""


def test_a_number_that_is_the_address_of_memory_or_of_a_function_does_not_travel() -> None:
    numbers, items = np.arange(5.0), array.array("d", [1, 2])

    def function() -> None: ...

    addresses = {
        "data": numbers.ctypes.data, "view": numbers[2:].ctypes.data, "items": items.buffer_info(),
        "of": id(function), "hash": {hash(function): "f"}, "other": 1 << 40,
    }  # fmt: skip
    values = {**addresses, "numbers": numbers, "part": numbers[2:], "array": items}
    seen = snapshot.take(values, {**values, "function": function}).values
    assert {name for name, one in seen.items() if one.refused} == {"data", "view", "items", "of", "hash"}
