"""Looking at values without changing them: a fingerprint of each, and the objects that they share."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from mlops_jlab.handoff import attributes, columns, nans
from mlops_jlab.handoff.definitions import names_reached
from mlops_jlab.handoff.digests import digest_of, hasher
from mlops_jlab.handoff.functions import shares_with_a_definition
from mlops_jlab.handoff.identities import memory_addresses, numbers_in
from mlops_jlab.handoff.objects import LARGE, Apart
from mlops_jlab.handoff.pickling import (
    REFUSALS,
    NotebookPickler,
    array_owner,
    deeply,
    is_large_leaf,
    refusal,
)
from mlops_jlab.handoff.pure import may_forget
from mlops_jlab.handoff.sharing import can_be_shared
from mlops_jlab.handoff.states import STATE, caches_in
from mlops_jlab.handoff.tensors import storages


@dataclass
class Seen:
    """One value: its fingerprint, the identities of what could be shared, or why it must stay."""

    fingerprint: str
    objects: frozenset[int] = frozenset()
    refused: tuple[str, str] | None = None
    reads: frozenset[str] = frozenset()  # names that its functions and methods look up


@dataclass
class Leaf:
    """A large leaf as pickle put it: it need not be asked again to be saved."""

    stream: bytes
    buffers: list[memoryview | Apart]


@dataclass
class Snapshot:
    """Several values at one moment. ``alive`` keeps every identity from being used again."""

    values: dict[str, Seen] = field(default_factory=dict)
    alive: dict[int, object] = field(default_factory=dict)
    leaves: dict[int, Leaf] = field(default_factory=dict)  # those of values that are to be saved
    owners: dict[int, set[int]] = field(default_factory=dict)
    opened: set[int] = field(default_factory=set)  # frames whose arrays others hold as well
    attributes: set[int] = field(default_factory=set)  # dicts that values hold, and objects have theirs in

    def groups(self, names: Iterable[str]) -> list[list[str]]:
        """The names, grouped so that names of different groups share no object."""
        group_of: dict[int, list[str]] = {}
        groups: dict[int, list[str]] = {}
        for name in names:
            mine = [name]
            for key in self.values[name].objects:
                other = group_of.get(key)
                if other is not None and other is not mine:
                    groups.pop(id(other), None)
                    mine.extend(n for n in other if n not in mine)
            groups[id(mine)] = mine
            for member in mine:
                for key in self.values[member].objects:
                    group_of[key] = mine
        return [sorted(group) for group in groups.values()]

    def note_columns(self, seen: Mapping[str, Collection[object]]) -> None:
        """Which frames have arrays that somebody holds by itself: the two are saved together.

        Frames that share arrays with frames alone are not: pandas makes a copy on the first write.
        """
        held = {_key(one) for objects in seen.values() for one in columns.alone(objects)}
        for name, objects in seen.items() if held else ():
            for frame in filter(columns.is_frame, objects):
                for array in columns.arrays_of([frame]):
                    if (key := _key(array)) in held:
                        self.values[name].objects |= {key}
                        self.opened.add(id(frame))
                        self.owners.setdefault(key, set()).add(id(array))
                        self.alive |= {id(array): array, key: array_owner(array)}

    def refuse_identities(
        self, numbers: Mapping[str, Collection[int]], namespace: Mapping[str, object]
    ) -> None:
        """Values with a number that is the address, or hash, of a living object or of its memory mean it."""
        if not any(numbers.values()):
            return
        # Functions and classes, which are defined again, are in the namespace alone.
        objects = {*self.alive, *map(id, namespace.values())}
        known = {*objects, *(key >> 4 for key in objects), *memory_addresses(self.alive.values())}
        for name, found in numbers.items():
            if not known.isdisjoint(found):
                self.values[name].refused = self.values[name].refused or _IDENTITY

    def note_attributes(self, dicts: Mapping[str, Collection[int]]) -> None:
        """Which dicts in these values are those that other objects have their attributes in.

        The value that holds such an object shares the dict, however the object's class says that it is saved.
        """
        holders = attributes.among(set().union(*dicts.values()), self.alive.values())
        self.attributes = set(holders.values())
        lost: set[int] = set()
        for seen in self.values.values() if holders else ():
            held = seen.objects & holders.keys()
            seen.objects |= {holders[key] for key in held}
            if not all(attributes.travels(self.alive[key]) for key in held):
                lost |= seen.objects & self.attributes
        for seen in self.values.values() if lost else ():
            if seen.objects & lost:
                seen.refused = seen.refused or _OWN_WAY

    def refuse_those_of_functions(self, dicts: Mapping[str, Collection[int]], functions: set[int]) -> None:
        """Values with a dict in which a function has its attributes: elsewhere that is defined again."""
        for name, found in dicts.items():
            if not functions.isdisjoint(found):
                self.values[name].refused = self.values[name].refused or _OF_FUNCTION


_OWN_WAY = (
    "the attributes of an object, as vars gives them, whose class saves them in a way of its own",
    "remember the object itself",
)
_TOGETHER = "make both in the step that uses them"
_OF_FUNCTION = ("the attributes of a function, as vars gives them", "remember the function itself")
_IDENTITY = ("the identity of an object, which is another one elsewhere", "remember the object itself")


@dataclass(frozen=True)
class Remembered:
    """That a function of ``functools.cache`` remembers what it gave; what that is, nobody can ask.

    Or ``what`` else only this process has; ``info`` is another text when it has changed.
    """

    info: str
    what: str = "what a function of functools.cache remembers"


def remembered(names: Mapping[str, object]) -> dict[str, object]:
    """For each of the notebook's functions and classes that remember something, the name of its state."""
    return {
        name + STATE: Remembered(", ".join(used))
        for name, value in list(names.items())
        if (used := [str(one.cache_info()) for one in caches_in(value) if not may_forget(one)])
    }


class Memory:
    """What is asked for the digest of a large piece of memory."""

    def digest_of(self, memory: memoryview, *, save: bool) -> str:
        """The digest of what is there; with ``save``, the content is kept as an object of its own too."""
        return digest_of(memory)


class _Hasher:
    """A file to write to that keeps the digest, and what it was made from if that is to be saved."""

    def __init__(self, memory: Memory, *, save: bool = False) -> None:
        self.digest = hasher()
        self._memory = memory
        self._save = save
        self._stream: list[bytes] = []
        self._buffers: list[memoryview | Apart] = []

    def write(self, data: Any) -> int:
        raw = pickle.PickleBuffer(data).raw()  # flat bytes, whatever the items are
        self.digest.update(raw)
        if self._save:
            self._stream.append(bytes(raw))
        return raw.nbytes

    def append(self, buffer: pickle.PickleBuffer) -> None:
        """Memory that the pickle refers to is looked at where it lies, without a copy."""
        raw = buffer.raw()
        self.digest.update(f"{raw.nbytes} {raw.readonly} ".encode())
        found: memoryview | Apart = raw
        if raw.nbytes < LARGE:
            self.digest.update(raw)
        else:
            digest = self._memory.digest_of(raw, save=self._save)
            self.digest.update(digest.encode())
            found = Apart(digest, raw.nbytes, raw.readonly)
        if self._save:
            self._buffers.append(found)

    @property
    def leaf(self) -> Leaf:
        """What was written."""
        return Leaf(b"".join(self._stream), self._buffers)


def reaching(
    look: Callable[[set[str]], Snapshot], live: set[str], known: Collection[str]
) -> tuple[Snapshot, set[str]]:
    """What ``look`` sees of the names in ``live``, and of ``known`` ones that functions in those look up."""
    now = look(live)
    reached, todo = set(live), list(live)
    while todo:
        seen = now.values.get(todo.pop())
        more = {name for name in (seen.reads if seen is not None else ()) if name in known} - reached
        reached |= more
        todo += more
    return (look(reached), reached) if reached != live else (now, live)


def take(
    names: Mapping[str, object], namespace: Mapping[str, object], memory: Memory | None = None,
    saved: Collection[str] = (),
) -> Snapshot:  # fmt: skip
    """The fingerprints of ``names``; classes and functions are looked up in ``namespace``.

    Of the values that are going to be ``saved``, large pieces of memory are written in the same go.
    """
    snapshot = Snapshot()
    objects: dict[str, Collection[object]] = {}
    prints: dict[int, str] = {}
    numbers: dict[str, set[int]] = {}
    dicts: dict[str, set[int]] = {}
    for name, value in names.items():
        seen: dict[int, object] = {}
        numbers[name], dicts[name] = numbers_in(value)
        if type(value) is Remembered:
            snapshot.values[name] = Seen(
                f"stays:{value.info}", refused=(value.what, "call it in the step that needs it")
            )
            continue
        try:
            digest = _fingerprint(
                value, namespace, seen, prints, snapshot, memory or Memory(), save=name in saved
            )
        except REFUSALS as error:
            snapshot.values[name] = Seen(f"stays:{id(value)}", refused=refusal(error))
            snapshot.alive[id(value)] = value
            continue
        shared = {key for key, obj in seen.items() if can_be_shared(obj) or nans.is_own(obj)}
        shared |= {id(array_owner(obj)) for obj in seen.values() if _is_array(obj)}
        shared |= storages(seen.values())
        snapshot.alive.update(seen)
        objects[name] = seen.values()
        reads = frozenset(names_reached(list(seen.values()), namespace))
        other = shares_with_a_definition(seen.values(), namespace, saved or names)
        refused = (f"a function that shares a variable with {other}", _TOGETHER) if other else None
        snapshot.values[name] = Seen(digest, frozenset(shared), refused, reads)
    snapshot.note_columns(objects)
    snapshot.refuse_identities(numbers, namespace)
    snapshot.note_attributes(dicts)
    functions = (one for one in namespace.values() if type(one) is FunctionType)
    snapshot.refuse_those_of_functions(dicts, {id(vars(one)) for one in functions})
    return snapshot


def _fingerprint(
    value: object, namespace: Mapping[str, object], seen: dict[int, object],
    prints: dict[int, str], snapshot: Snapshot, memory: Memory, *, save: bool,
) -> str:  # fmt: skip
    places: dict[int, int] = {}

    def leaf(obj: object) -> object | None:
        if _is_array(obj):
            owner = array_owner(obj)
            snapshot.owners.setdefault(id(owner), set()).add(id(obj))
            snapshot.alive[id(owner)] = owner
        if not is_large_leaf(obj):
            return None
        if id(obj) not in prints:
            inner = _Hasher(memory, save=save)
            NotebookPickler(inner, namespace, lambda _obj: None, None, inner).dump(obj)
            prints[id(obj)] = inner.digest.hexdigest()
            snapshot.alive[id(obj)] = obj
            if save:
                snapshot.leaves[id(obj)] = inner.leaf
        return ("leaf", places.setdefault(id(obj), len(places)), prints[id(obj)])

    def dump() -> str:
        places.clear()
        file = _Hasher(memory)
        NotebookPickler(file, namespace, leaf, seen, file).dump(value)
        return str(file.digest.hexdigest())

    digest: str = deeply(dump)
    return digest


def _key(array: object) -> int:
    """What stands for the memory of an array."""
    return id(array_owner(array))


def _is_array(obj: object) -> bool:
    return type(obj).__module__ == "numpy" and type(obj).__name__ == "ndarray"
