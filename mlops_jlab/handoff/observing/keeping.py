"""How the world looked, as a file for the next look: the first one whole, later ones as what differs from it.

Most of the sixty thousand names of a notebook with the usual libraries never change, and a look that is
written whole takes megabytes. So what is long stands, as bytes that nobody has to understand, behind one
line of JSON that says how much of it is whose: numbers of dicts, then for each module texts and places.
"""

from __future__ import annotations

import json
import secrets
from array import array
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlops_jlab.files import PRIVATE, write_whole
from mlops_jlab.handoff.observing.footprint import Footprint
from mlops_jlab.handoff.observing.world import Looked, World

_WORD = 8
_MOST = 0.25  # share of the modules that a file of differences may have


@dataclass(frozen=True)
class Base:
    """A file that holds a whole world, by name and number, and what it says."""

    path: str
    number: str
    world: World


def write(path: Path, world: World, base: Base | None, about: dict[str, str]) -> None:
    """Keeps the world, and what is said ``about`` it."""
    known = base.world if base is not None else World()
    differing = {name: one for name, one in world.modules.items() if one is not known.modules.get(name)}
    head: dict[str, Any] = {"about": about}
    if base is not None and len(differing) <= _MOST * len(world.modules):
        head |= {"base": base.path, "number": base.number}
        head["gone"] = sorted(known.modules.keys() - world.modules.keys())
    else:
        known, differing = World(), world.modules
        head["number"] = secrets.token_hex(8)
    numbers = array("q", [n for pair in world.known.items() if pair[0] not in known.known for n in pair])
    head |= {"counts": [world.loaded, world.registered], "known": len(numbers) // 2}
    head["modules"] = {
        name: [len(one.texts), len(one.footprint.places), *one.footprint[1:], *_short(one)]
        for name, one in differing.items()
    }
    long = (part for one in differing.values() for part in (one.texts, one.footprint.places))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = b"".join([json.dumps(head).encode("ascii"), b"\n", numbers.tobytes(), *long])
    write_whole(path, content, PRIVATE)


def _short(one: Looked) -> tuple[int, dict[str, str], dict[str, str]]:
    return one.at, dict(one.abstract), dict(one.living)


def read(path: Path) -> tuple[World, Base, dict[str, str]]:
    """A world that was kept, the file that holds one whole, and what was said about it.

    Raises:
        OSError: there is no file.
        ValueError, TypeError, KeyError: it says something else, or its base is not what it was.
    """
    whole = path.read_bytes()
    at = whole.index(b"\n") + 1
    head, content = json.loads(whole[:at]), memoryview(whole)
    numbers = content[at : (at := at + 2 * _WORD * head["known"])].cast("q").tolist()
    own = {}
    for name, (texts, places, size, digest, *rest) in head["modules"].items():
        text = content[at : (at := at + texts)]
        own[name] = Looked(text, Footprint(content[at : (at := at + places)], size, digest), *rest)
    if at != len(whole):
        raise ValueError(f"{path} was cut off")
    world = World(own, dict(zip(numbers[::2], numbers[1::2], strict=True)), *head["counts"])
    if "base" not in head:
        return world, Base(str(path), head["number"], world), head["about"]
    _, base, _ = read(Path(head["base"]))
    if base.number != head["number"]:
        raise ValueError(f"{base.path} was written anew")
    modules = base.world.modules | world.modules
    for name in head["gone"]:
        modules.pop(name, None)
    return replace(world, modules=modules, known=base.world.known | world.known), base, head["about"]
