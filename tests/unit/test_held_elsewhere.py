"""What somebody else holds too: attributes as a dict, decimal's context, lists of loggers, room in memory."""

from __future__ import annotations

import argparse
import ast
import decimal
import logging
import multiprocessing
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_jlab.dataflow.identity import asks_for_memory, asks_for_size
from mlops_jlab.handoff import settings
from mlops_jlab.handoff.ambient import AMBIENT
from mlops_jlab.handoff.held import HELD
from mlops_jlab.handoff.snapshot import take
from mlops_jlab.handoff.twins import LOOKED_UP, SIZE, told_apart, twins_in
from tests.unit.test_told_apart import carried


@pytest.fixture
def context() -> Iterator[decimal.Context]:
    with decimal.localcontext(decimal.Context(prec=9)) as found:
        yield found


class Items(dict[str, Any]):
    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.__dict__ = self


class Slotted:
    __slots__ = ("__dict__", "side")


def test_attributes_that_a_name_holds_as_a_dict_stay_the_same(tmp_path: Path) -> None:
    options, mixed = argparse.Namespace(lr=1), Slotted()
    mixed.side, vars(mixed)["more"] = 3, 4
    values = {"options": options, "config": vars(options), "mixed": mixed, "held": [vars(mixed)]}
    back = carried(tmp_path, values, {})
    back["config"]["lr"] = 2
    back["held"][0]["more"] = 5
    assert back["options"].lr == 2
    assert (back["mixed"].side, back["mixed"].more) == (3, 5)
    alone = carried(tmp_path, {"options": options, "other": {"lr": 1}}, {})
    assert vars(alone["options"]) is not alone["other"]


def test_attributes_that_are_items_stay_so(tmp_path: Path) -> None:
    back = carried(tmp_path, {"cfg": Items(lr=1, inner=[Items(a=2)])}, {})["cfg"]
    back.lr = 5
    back.inner[0]["a"] = 7
    assert back["lr"] == 5
    assert back.inner[0].a == 7
    assert list(back) == ["lr", "inner"]


def test_the_context_of_decimal_comes_back_as_that_of_the_process(
    tmp_path: Path, context: decimal.Context
) -> None:
    back = carried(tmp_path, {"now": decimal.getcontext(), "other": decimal.Context(prec=3)}, {})
    assert back["now"] is context
    assert back["other"] is not context
    assert back["other"].prec == 3


def test_traps_and_flags_of_decimal_are_handed_on(context: decimal.Context) -> None:
    one, other = (next(a for a in AMBIENT if a.name == name) for name in ("~decimal", "~decimal.flags"))
    context.traps[decimal.DivisionByZero] = False
    decimal.Decimal(1) / 3
    known = one.capture(), other.capture()
    decimal.setcontext(decimal.Context(prec=4))
    one.restore(known[0])
    other.restore(known[1])
    now = decimal.getcontext()
    assert (now.prec, now.traps[decimal.DivisionByZero], now.traps[decimal.Overflow]) == (9, False, True)
    assert (now.flags[decimal.Inexact], now.flags[decimal.Overflow]) == (True, False)


def test_a_buffer_and_a_way_to_show_of_numpy_are_handed_on() -> None:
    numpy = next(a for a in AMBIENT if a.name == "~numpy")
    before = numpy.capture()
    try:
        np.setbufsize(1600)
        np.set_printoptions(override_repr=lambda a: f"<{a.sum()}>")
        known = numpy.capture()
        numpy.restore(before)
        assert (np.getbufsize(), repr(np.arange(3))) == (before[2], "array([0, 1, 2])")
        numpy.restore(known)
        assert (np.getbufsize(), repr(np.arange(3))) == (1600, "<3>")
    finally:
        numpy.restore(before)


def test_how_processes_are_started_is_told_only_once_somebody_chooses() -> None:
    before, chosen = settings.now(), multiprocessing.get_start_method(allow_none=True)
    try:
        multiprocessing.get_start_method()
        assert not settings.changed(before, settings.now())
        multiprocessing.set_start_method("spawn", force=True)
        assert settings.changed(before, settings.now()) == "how processes are started is another one"
    finally:
        multiprocessing.set_start_method(chosen, force=True)


def test_a_row_of_an_array_stays_and_a_copy_of_one_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.zeros(2, dtype=[("x", "i4")])
    monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
    assert take({"row": rows[0]}, {}).values["row"].refused
    assert not take({"row": rows[0].copy(), "rows": rows}, {}).values["row"].refused


def test_the_lists_of_a_logger_are_known_as_its_own() -> None:
    log = logging.getLogger("held.elsewhere")
    assert HELD.by_identity()[id(log.handlers)] == "handlers of the logger 'held.elsewhere'"


@pytest.mark.parametrize(
    ("source", "size", "memory"),
    [
        ("sys.getsizeof(xs)", True, True),
        ("getrefcount(xs)", True, True),
        ("df.info()", False, True),
        ("df.memory_usage(deep=True)", False, True),
        ("log.info('done')", False, False),
        ("df.size", False, False),
    ],
)
def test_who_asks_for_a_size(source: str, size: bool, memory: bool) -> None:
    tree = ast.parse(source)
    assert (asks_for_size(tree), asks_for_memory(tree)) == (size, memory)


def test_room_matters_to_who_asks_for_sizes_alone() -> None:
    frame = pd.DataFrame({"v": [1.0, 2.0]}, index=["a", "b"])
    assert told_apart(twins_in({"xs": [1]}), [SIZE])
    assert not told_apart(twins_in({"xs": [1]}), ["identity", LOOKED_UP])
    assert not twins_in({"frame": frame})
    frame.loc["a"]
    assert told_apart(twins_in({"frame": frame}), [LOOKED_UP])
    assert not told_apart(twins_in({"frame": frame}), ["identity"])
