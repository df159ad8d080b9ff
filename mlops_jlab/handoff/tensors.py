"""torch's tensors: those that share memory go on sharing it, and their memory is mapped like any other."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterable
from typing import Any

from mlops_jlab.handoff.quietly import is_a


def storages(objects: Iterable[object]) -> set[int]:
    """The memory of those that are tensors, by place; a negative number, as no object's identity is."""
    torch = sys.modules.get("torch")
    found: set[int] = set()
    if torch is None or not hasattr(torch, "Tensor"):  # it may still be in the middle of its import
        return found
    for one in objects:
        if is_a(one, torch.Tensor) and one.layout == torch.strided and one.device.type == "cpu":
            storage = one.untyped_storage()
            if storage.nbytes():
                found.add(-storage.data_ptr())
    return found


class Storages:
    """One object for each piece of memory in a pickle: torch makes a new one whenever it is asked."""

    def __init__(self) -> None:
        self._known: dict[int, Any] = {}

    def reduce(self, value: Any) -> Any:
        """How a storage is made again; nothing for what is none, or is not in this machine's memory."""
        torch = sys.modules.get("torch")
        if torch is None or not hasattr(torch, "UntypedStorage"):
            return None
        if is_a(value, torch.storage.TypedStorage):
            inner = value._untyped_storage
            if inner.device.type != "cpu":
                return None
            inner = self._known.setdefault(inner.data_ptr(), inner) if inner.nbytes() else inner
            return typed_storage, (inner, value.dtype)
        if is_a(value, torch.UntypedStorage) and value.device.type == "cpu":
            if not value.nbytes():
                return torch.UntypedStorage, (0,)
            array = torch.empty(0, dtype=torch.uint8).set_(value).numpy()
            return untyped_storage, (pickle.PickleBuffer(array),)
        return None


def typed_storage(storage: Any, dtype: Any) -> Any:
    """What a pickle calls for a storage whose items have a type."""
    import torch

    return torch.storage.TypedStorage(wrap_storage=storage, dtype=dtype, _internal=True)


def untyped_storage(memory: Any) -> Any:
    """What a pickle calls for memory; a mapped file stays where it is."""
    import torch

    return torch.frombuffer(memory, dtype=torch.uint8).untyped_storage()
