"""Which variables of the environment are read: the table behind ``os.environ`` tells."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

ALL = "*"  # somebody went through all of them


class _Table(dict[Any, Any]):
    """The table as it was, which tells the names that are asked for."""

    asked: Callable[[str], None]

    def __getitem__(self, key: Any) -> Any:
        self.asked(os.fsdecode(key))
        return dict.__getitem__(self, key)

    def __iter__(self) -> Iterator[Any]:
        self.asked(ALL)
        return dict.__iter__(self)

    def keys(self) -> Any:
        self.asked(ALL)
        return dict.keys(self)

    def values(self) -> Any:
        self.asked(ALL)
        return dict.values(self)

    def items(self) -> Any:
        self.asked(ALL)
        return dict.items(self)

    def __reduce_ex__(self, _protocol: Any) -> tuple[Any, ...]:
        return dict, (dict(dict.items(self)),)


def watch_environment(asked: Callable[[str], None]) -> None:
    """From now on ``asked`` is called with each name that is read of ``os.environ``."""
    old: Any = os.environ._data  # type: ignore[attr-defined]
    table = _Table(old)
    table.asked = asked
    os.environ._data = table  # type: ignore[attr-defined]
    if hasattr(os, "environb"):
        bytewise: Any = os.environb
        bytewise._data = table
