"""``policy.yaml`` in the folder of a store: read, checked against its schema; what is wrong, by line."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from blake3 import blake3

from mlops_jlab.errors import InputError, MlopsError, nearest
from mlops_jlab.policies.policy import (
    Approval,
    Licences,
    Packages,
    Personal,
    Policy,
    Promotion,
    Quota,
    Retention,
)

FILE = "policy.yaml"
VERSION = 1
_LARGEST = 1 << 20  # bytes
_DEEPEST = 20
Place = tuple[str | int, ...]  # of a value: the keys and numbers that lead to it


class BrokenPolicy(InputError):
    """A policy that cannot be obeyed: nothing that it might speak of goes on until it is mended."""


@dataclass
class _Content:
    """What a file holds, the line of each value, and what is wrong."""

    path: Path
    value: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)

    def line_of(self, place: Place) -> int:
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def wrong(self, place: Place, why: str) -> None:
        self.problems.append((self.line_of(place), why))


def read(path: Path, check_rule: Callable[[str], object] | None = None) -> Policy:
    """The policy in a file. ``check_rule`` raises where a text is no rule of a gate.

    Raises:
        BrokenPolicy: it cannot be read, or something in it is wrong; each problem with its line.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise BrokenPolicy(f"{path} is larger than a policy may be", hint=f"{_LARGEST:,} bytes at most")
        data = path.read_bytes()
    except OSError as error:
        raise BrokenPolicy(
            f"the policy {path} cannot be read: {error.strerror or error}", hint=_MEND
        ) from error
    content = _Content(path)
    _parse(content, data)
    if not content.problems:
        _against_schema(content)
    if not content.problems:
        _meaning(content, check_rule)
    if content.problems:
        said = [f"{path}:{line}: {why}" for line, why in sorted(content.problems)]
        raise BrokenPolicy("\n".join(said), hint=_MEND)
    return _policy(content, str(blake3(data).hexdigest()))


_MEND = "mend it, then look at it with: mlops-jlab policy check"


def _parse(content: _Content, data: bytes) -> None:
    import yaml

    try:
        text = data.decode("utf-8-sig")
        if _depth(text) > _DEEPEST * 5:  # its reader takes seconds for that
            content.problems.append((1, "its brackets are nested too deep"))
            return
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is None:
            content.problems.append((1, "it is empty; a policy begins with version: 1"))
            return
        content.value = _value(content, node, (), set())
    except UnicodeDecodeError as error:
        content.problems.append((data[: error.start].count(b"\n") + 1, "it is not text in UTF-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        content.problems.append((line, f"it is not valid YAML: {error.problem}"))
    except (yaml.YAMLError, RecursionError) as error:
        content.problems.append(
            (1, f"it is not valid YAML: {str(error).splitlines()[0][:200] or 'too deep'}")
        )


def _depth(text: str) -> int:
    """How deep brackets are nested, those in texts included."""
    depth = deepest = 0
    for char in re.findall(r"[\[\]{}]", text):
        depth = depth + 1 if char in "[{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest


def _value(content: _Content, node: Any, place: Place, seen: set[int]) -> Any:
    """What a node of YAML stands for, as safe YAML does; the line of each is kept."""
    import yaml

    content.lines.setdefault(place, node.start_mark.line + 1)
    if id(node) in seen:
        content.wrong(place, "it refers to another place of the file (*name): write it out")
        return None
    if len(place) > _DEEPEST:
        content.wrong(place, "it is nested too deep")
        return None
    if not isinstance(node, yaml.ScalarNode):
        seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_value(content, item, (*place, number), seen) for number, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(content, node, place, seen)
    try:
        found = yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError):
        found = math.nan
    if isinstance(found, float) and not math.isfinite(found):
        content.wrong(place, f"{str(node.value)[:60]!r} is not a value that a policy has")
    return found


def _mapping(content: _Content, node: Any, place: Place, seen: set[int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, item in node.value:
        name = str(key.value) if isinstance(key.value, str) else "?"
        where = (*place, name)
        content.lines[where] = key.start_mark.line + 1
        if name in found:
            content.wrong(where, f"{name!r} stands there twice")
        found[name] = _value(content, item, where, seen)
    return found


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of a policy, as it ships with the package."""
    text = files("mlops_jlab.policies").joinpath("policy.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def _validate() -> Callable[[Any], Any]:
    import fastjsonschema

    compiled: Callable[[Any], Any] = fastjsonschema.compile(schema())
    return compiled


def _against_schema(content: _Content) -> None:
    import fastjsonschema

    version = content.value.get("version") if isinstance(content.value, dict) else None
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        content.wrong(("version",), f"a policy of version {version}; known is {VERSION}: update mlops-jlab")
        return
    try:
        _validate()(content.value)
    except fastjsonschema.JsonSchemaValueException as error:
        place = _place_of(error.path)
        if error.rule == "additionalProperties":
            known = list(error.definition["properties"])
            for name in set(_at(content.value, place)) - set(known):
                where = f" in {_dotted(place)}" if place else ""
                content.wrong((*place, name), f"{name!r} is not known{where}{nearest(name, known)}")
        else:
            content.wrong(place, _in_words(error, place))


def _place_of(path: Sequence[str]) -> Place:
    """``["data", "promotion[0]", "by"]``, or with the numbers apart, as the place of a value."""
    found: list[str | int] = []
    for part in path[1:]:
        name, *numbers = re.split(r"\[(\d+)\]", part)
        found += [int(name)] if name.isdigit() else [name] if name else []
        found += [int(number) for number in numbers if number]
    return tuple(found)


def _at(value: Any, place: Place) -> Any:
    for part in place:
        value = value[part]
    return value


def _dotted(place: Place) -> str:
    text = ""
    for part in place:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _in_words(error: Any, place: Place) -> str:
    words = str(error.message).removeprefix(str(error.name)).strip()
    name = _dotted(place)
    if error.rule == "required":
        gone = [key for key in error.definition["required"] if key not in error.value]
        return f"{name or 'a policy'} needs {', '.join(gone)}"
    if error.rule == "const":
        return f"{name} is {error.value!r}; known is {error.definition['const']!r}"
    if error.rule == "enum":
        return f"{name} is {error.value!r}; it is one of {', '.join(map(repr, error.definition['enum']))}"
    return f"{name or 'a policy'} {words}"


def _meaning(content: _Content, check_rule: Callable[[str], object] | None) -> None:
    value: Mapping[str, Any] = content.value
    for number, entry in enumerate(value.get("promotion", ())):
        place: Place = ("promotion", number)
        for line, rule in enumerate(entry.get("rules", ())):
            if check_rule is not None:
                try:
                    check_rule(rule)
                except MlopsError as error:
                    content.wrong((*place, "rules", line), str(error.message))
        if not set(entry) - {"model", "alias"}:
            content.wrong(place, "it asks for nothing: say by, approval, gate, rules or override")
        if entry.get("by") == []:
            content.wrong((*place, "by"), "nobody may promote then; take it away, or name somebody")
    for key in ("allowed", "denied"):
        for number, text in enumerate(value.get("packages", {}).get(key, ())):
            why = _is_no_requirement(text)
            if why:
                content.wrong(("packages", key, number), f"{text!r} is not a package as pip names it: {why}")
    masked, hashed = (value.get("personal", {}).get(key, ()) for key in ("masked", "hashed"))
    for number, name in enumerate(hashed):
        if name in masked:
            content.wrong(("personal", "hashed", number), f"{name!r} is to be masked, and hashed")


def _is_no_requirement(text: str) -> str:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        Requirement(text)
    except InvalidRequirement as error:
        return str(error).splitlines()[0]
    return ""


def _policy(content: _Content, digest: str) -> Policy:
    value = content.value
    packages, licences = value.get("packages", {}), value.get("licences", {})
    kept, personal = value.get("retention", {}), value.get("personal", {})
    predictions = kept.get("predictions", {})
    roots = value.get("data", {}).get("roots")
    return Policy(
        value["version"], value.get("name", ""), tuple(_promotions(content)),
        None if roots is None else tuple(roots),
        Packages(tuple(packages.get("allowed", ())), tuple(packages.get("denied", ()))),
        Licences(
            tuple(licences.get("allowed", ())), tuple(licences.get("denied", ())),
            licences.get("unknown", "allow") == "allow",
        ),
        tuple(
            Quota(entry.get("pipeline", "*"), entry.get("user", "*"), **entry["month"],
                  line=content.line_of(("quotas", number)))
            for number, entry in enumerate(value.get("quotas", ()))
        ),
        Retention(kept.get("runs"), kept.get("artifacts"), predictions.get("days"),
                  tuple(predictions.get("folders", ()))),
        Personal(tuple(personal.get("masked", ())), tuple(personal.get("hashed", ()))),
        digest, str(content.path),
    )  # fmt: skip


def _promotions(content: _Content) -> Iterator[Promotion]:
    for number, entry in enumerate(content.value.get("promotion", ())):
        approval = entry.get("approval")
        by, override = entry.get("by"), entry.get("override")
        yield Promotion(
            entry.get("model", "*"), entry.get("alias", "*"), None if by is None else tuple(by),
            None
            if approval is None
            else Approval(tuple(approval.get("by", ("*",))), approval.get("count", 1)),
            "gate" in entry or bool(entry.get("rules")), tuple(entry.get("rules", ())),
            None if override is None else tuple(override), content.line_of(("promotion", number)),
        )  # fmt: skip
