"""How the world looked, as a file for the next look: the first one whole, later ones as what differs from it.

Most of the sixty thousand names of a notebook with the usual libraries never change, and a look that is
written whole takes megabytes.
"""

from __future__ import annotations

import json
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlops_jlab.files import PRIVATE, write_whole
from mlops_jlab.handoff.observing.footprint import Footprint
from mlops_jlab.handoff.observing.world import Looked, World

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
    content: dict[str, Any] = {"about": about}
    if base is not None and len(differing) <= _MOST * len(world.modules):
        content |= {"base": base.path, "number": base.number}
        content["gone"] = sorted(known.modules.keys() - world.modules.keys())
    else:
        known, differing = World(), world.modules
        content["number"] = secrets.token_hex(8)
    content["modules"] = {
        name: [one.texts, one.at, _written(one.footprint), one.abstract, one.living]
        for name, one in differing.items()
    }
    content["counts"] = [world.loaded, world.registered]
    content["known"] = [pair for pair in world.known.items() if pair[0] not in known.known]
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, json.dumps(content).encode("utf-8", "backslashreplace"), PRIVATE)


def read(path: Path) -> tuple[World, Base, dict[str, str]]:
    """A world that was kept, the file that holds one whole, and what was said about it.

    Raises:
        OSError: there is no file.
        ValueError, TypeError, KeyError: it says something else, or its base is not what it was.
    """
    content = json.loads(path.read_text("utf-8"))
    own = {
        name: Looked(texts, at, _read(footprint), *rest)
        for name, (texts, at, footprint, *rest) in content["modules"].items()
    }
    world = World(own, dict(content["known"]), *content["counts"])
    if "base" not in content:
        return world, Base(str(path), content["number"], world), content["about"]
    _, base, _ = read(Path(content["base"]))
    if base.number != content["number"]:
        raise ValueError(f"{base.path} was written anew")
    modules = base.world.modules | world.modules
    for name in content["gone"]:
        modules.pop(name, None)
    return replace(world, modules=modules, known=base.world.known | world.known), base, content["about"]


def _written(footprint: Footprint) -> list[str | int]:
    return [b64encode(footprint.places).decode("ascii"), footprint.size, footprint.digest]


def _read(content: tuple[str, int, int]) -> Footprint:
    places, *rest = content
    return Footprint(b64decode(places), *rest)
