"""Which objects modules hold: found out once a module, and right all the same."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator

import pytest

from mlops_jlab.handoff.held import Held


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    made = types.ModuleType("held_example")
    vars(made).update(
        settings={"a": 1}, session=None, ready=False, number=1, text="x", names=["b"], call=len, kind=int
    )
    monkeypatch.setitem(sys.modules, "held_example", made)
    yield made


def names(held: Held, own: frozenset[str] = frozenset()) -> set[str]:
    return {what for what in held.by_identity(own).values() if what.startswith("held_example.")}


def test_what_can_be_changed_is_found(module: types.ModuleType) -> None:
    held = Held()
    assert names(held) == {"held_example.settings", "held_example.names"}
    assert held.by_identity()[id(module.settings)] == "held_example.settings"


@pytest.mark.parametrize(
    ("key", "value"),
    [("session", {"made": "late"}), ("ready", [1]), ("settings", {"another": 2}), ("new", {1})],
)
def test_what_is_bound_later_is_found(module: types.ModuleType, key: str, value: object) -> None:
    held = Held()
    held.look()
    setattr(module, key, value)
    assert held.by_identity()[id(value)] == f"held_example.{key}"


def test_what_is_gone_is_not_found(module: types.ModuleType) -> None:
    held = Held()
    held.look()
    del module.names
    module.settings = 3
    assert names(held) == set()


def test_a_module_that_was_loaded_again_is_looked_at_again(
    module: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held()
    held.look()
    other = types.ModuleType("held_example")
    vars(other).update({f"v{place}": [place] for place in range(len(vars(module)) - len(vars(other)))})
    assert len(vars(other)) == len(vars(module))
    monkeypatch.setitem(sys.modules, "held_example", other)
    assert names(held) == {f"held_example.v{place}" for place in range(8)}


def test_the_users_own_modules_are_looked_at_each_time(module: types.ModuleType) -> None:
    held = Held()
    held.look()
    module.number = [1]  # type: ignore[assignment]
    assert "held_example.number" not in names(held)
    assert "held_example.number" in names(held, frozenset({"held_example"}))
