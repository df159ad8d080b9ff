"""Several notebooks as one pipeline: its members, and what one takes from another by name."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_jlab.entities.graphs import Edge, find_cycle
from mlops_jlab.errors import InputError, nearest

HAND_ON = "hand-on"  # the step that ends a notebook from which others take
OF_SETUP = "_of_setup"  # what this step hands on that no step has made, by name
_LINE = re.compile(r"\s*from\s+(\S+)\s+take\s+(\S.*?)\s*\Z", re.DOTALL)
_ITEM = re.compile(r"(\w+)(?:\s+as\s+(\w+))?\Z")
_FORM = "write: from NOTEBOOK take NAME as OTHER, NAME"


@dataclass(frozen=True)
class Take:
    """What a notebook takes from the notebook ``source``; ``names`` are pairs: there, and here."""

    source: str
    names: tuple[tuple[str, str], ...]

    @property
    def step(self) -> str:
        """The step of the taking notebook that holds it."""
        return f"from-{self.source}"

    def __str__(self) -> str:
        parts = [there if there == here else f"{there} as {here}" for there, here in self.names]
        return f"from {self.source} take {', '.join(parts)}"


@dataclass(frozen=True)
class Member:
    """One of several notebooks; ``name`` is what the others and the command line call it."""

    name: str
    path: Path
    takes: tuple[Take, ...] = ()


@dataclass(frozen=True)
class Several:
    """A pipeline of several notebooks, in the order in which they run."""

    path: Path
    name: str
    members: tuple[Member, ...]
    digest: str

    def given(self, name: str) -> tuple[str, ...]:
        """The names that others take from a notebook, each once."""
        found = [there for m in self.members for t in m.takes if t.source == name for there, _ in t.names]
        return tuple(dict.fromkeys(found))

    def takers(self, name: str, value: str) -> tuple[str, ...]:
        """The files of the notebooks that take ``value`` from the notebook ``name``."""
        return tuple(
            m.path.name for m in self.members for t in m.takes
            if t.source == name and value in [there for there, _ in t.names]
        )  # fmt: skip


def parse_take(line: str) -> Take:
    """What a line such as ``from load take frame as df, labels`` says; a notebook may be named by its file.

    Raises:
        InputError: it says nothing.
    """
    found = _LINE.match(line)
    if found is None:
        raise InputError(f"{line!r} takes nothing", hint=_FORM)
    pairs: list[tuple[str, str]] = []
    for part in found[2].split(","):
        item = _ITEM.match(part.strip())
        names = (item[1], item[2] or item[1]) if item is not None else ()
        if not names or not all(name.isidentifier() and not keyword.iskeyword(name) for name in names):
            raise InputError(f"{line!r}: {part.strip()!r} is not a name", hint=_FORM)
        pairs.append((names[0], names[1]))
    return Take(found[1].removesuffix(".ipynb"), tuple(pairs))


def joined(takes: Iterable[Take]) -> tuple[Take, ...]:
    """The same with one :class:`Take` for each notebook."""
    by_source: dict[str, dict[tuple[str, str], None]] = {}
    for take in takes:
        by_source.setdefault(take.source, {}).update(dict.fromkeys(take.names))
    return tuple(Take(source, tuple(names)) for source, names in by_source.items())


def in_order(members: Sequence[Member]) -> tuple[Member, ...]:
    """The notebooks as they were listed, each below those that it takes from.

    Raises:
        InputError: one takes from a notebook that is not there, from itself, in a circle, or one name twice.
    """
    names = [member.name for member in members]
    for member in members:
        _check(member, names)
    edges = [Edge(take.source, member.name) for member in members for take in member.takes]
    if cycle := find_cycle(edges):
        raise InputError(
            f"the notebooks take from each other: {' → '.join(cycle)}",
            hint="move what both need into a notebook above them",
        )
    done: dict[str, Member] = {}
    while len(done) < len(members):
        done |= next(
            {member.name: member} for member in members
            if member.name not in done and all(take.source in done for take in member.takes)
        )  # fmt: skip
    return tuple(done.values())


def _check(member: Member, names: Sequence[str]) -> None:
    here: dict[str, str] = {}
    for take in member.takes:
        if take.source not in names:
            raise InputError(
                f"{member.path.name} takes from {take.source!r}, which is none of the notebooks"
                f"{nearest(take.source, names)}", hint=f"notebooks: {', '.join(names)}",
            )  # fmt: skip
        if take.source == member.name:
            raise InputError(f"{member.path.name} takes from itself", hint="remove the line")
        for there, name in take.names:
            what = f"{there} of {take.source}"
            if here.setdefault(name, what) != what:
                raise InputError(
                    f"{member.path.name} takes two values as {name!r}: {here[name]} and {what}",
                    hint=f"give one another name: take {there} as OTHER",
                )
