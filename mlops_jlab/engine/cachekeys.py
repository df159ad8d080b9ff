"""What the answer of a step depends on: its code, what it takes, and what it looked at while it ran."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_jlab.engine.cachestore import Entry
from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.handoff.records import StepRecord, Taken, resolve
from mlops_jlab.handoff.trust import sign
from mlops_jlab.kernels.spawning import lasting
from mlops_jlab.notebook.python import parse_cell
from mlops_jlab.pipeline.build import LOAD_CELL
from mlops_jlab.pipeline.manifest import Manifest, ManifestStep
from mlops_jlab.store.artifacts import digest_of

FORMAT = 2  # of entries: another number is another cache
_IDENTITY = re.compile(r'(enter\(\n)    "[^"]*",\n    "[^"]*",\n    \d+,\n')
_READS_ENVIRONMENT = re.compile(r"\benviron\b|\bgetenv\b|%env\b")
_REGISTRY = re.compile(r"\bgate\s*\.\s*compare\b|\bimport\s+compare\b|\bload_model\b")
_CLOCK = re.compile(r"\b(?:datetime|date|Timestamp)\.(?:now|today|utcnow)\(")
_NO_SEED = re.compile(r"\b(?:default_rng|RandomState|SystemRandom|uuid1|uuid4|urandom|token_\w+)\(\s*\)")


def key_of(cells: Sequence[Mapping[str, Any]], step: ManifestStep, kernel: str) -> str:
    """A digest of the step's code: comments, blank lines, layout and the step's place do not matter."""
    facts = [FORMAT, kernel, sys.version, step.name, sorted(step.settings.items(), key=str)]
    for cell in cells:
        facts.append([cell["id"] if cell["id"].startswith("mlops-") else "", _meaning(cell)])
    text = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()


def executed_cells(
    cells: Sequence[Mapping[str, Any]], parameters: Sequence[Parameter]
) -> list[Mapping[str, Any]]:
    """The cells that matter to the answer; of parameters, their values do, not the cell that has them."""
    if any(parameter.computed for parameter in parameters):
        return list(cells)
    own = {"parameters", "mlops-parameters"}
    return [cell for cell in cells if not own & set(cell["metadata"].get("tags", ()))]


def _meaning(cell: Mapping[str, Any]) -> str:
    source = "".join(cell["source"])
    if cell["id"] == LOAD_CELL:
        source = _IDENTITY.sub(r"\1", source)
    code = parse_cell(source)
    if code.problem or (code.magics and not code.tree.body):
        return source
    magics = [[magic.name, magic.line] for magic in code.magics]
    return f"{magics} {ast.dump(code.tree)}"


def used(
    manifest: Manifest, values: Mapping[str, object], step: ManifestStep, environment: Mapping[str, str]
) -> dict[str, object]:
    """The parameters that the step looks at, as plain data: given ones and defaults. No secret is shown."""
    found: dict[str, object] = {}
    for parameter in manifest.parameters:
        if parameter.name in step.parameters:
            entry = parameter.as_json()
            value = values.get(parameter.name, entry.get("default"))
            if parameter.secret:
                value = sign(environment.get(parameter.name.upper(), "").encode("utf-8", "surrogateescape"))
            found[parameter.name] = value
    return found


def environment_of(source: str, environment: Mapping[str, str]) -> str:
    """A digest of the environment, where the code reads it at all."""
    if not _READS_ENVIRONMENT.search(source):
        return ""
    return hashlib.sha256(json.dumps(lasting(environment)).encode("utf-8", "surrogateescape")).hexdigest()


def look_at(paths: Iterable[str]) -> dict[str, str]:
    """What is to be seen at each path: a digest of the content or of the names in it, or nothing."""
    return {path: _seen(path) for path in paths}


def _seen(path: str) -> str:
    try:
        if os.path.isdir(path):
            names = sorted(name for name in os.listdir(path) if name[:1] != "." and name != "__pycache__")
            return hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()
        return digest_of(Path(path)) if os.path.isfile(path) else ""
    except OSError:
        return ""


def stamps(files: Mapping[str, str]) -> dict[str, list[Any]]:
    """For each package its file, and that file's time and size: an installation changes them."""
    found: dict[str, list[Any]] = {}
    for name, path in files.items():
        try:
            state = os.stat(path)
            found[name] = [path, state.st_mtime_ns, state.st_size]
        except OSError:
            found[name] = [path, 0, 0]
    return found


def unfit(record: StepRecord, source: str) -> str:
    """Why the answer of a step cannot be used again, or nothing."""
    random = [name for name, written in record.writes.items() if written.by_chance]
    both = sorted(set(record.files_written) & {*record.files_read, *record.files_before})
    reasons = {
        "it draws random numbers that nobody seeded": bool(random) or bool(_NO_SEED.search(source)),
        f"it speaks to the network ({', '.join(record.hosts[:3])})": bool(record.hosts),
        "it asks the model registry": bool(_REGISTRY.search(source)),
        "it asks what day or time it is": bool(_CLOCK.search(source)),
        f"it starts other programs ({', '.join(record.programs[:3])})": bool(record.programs),
        f"it reads and writes {both[0] if both else ''}": bool(both),
        "what its setup opens was not watched": not record.watched,
    }
    return next((words for words, applies in reasons.items() if applies), "")


def difference(
    entry: Entry, parameters: Mapping[str, object], above: Sequence[StepRecord], environment: str
) -> str:
    """The first thing that is not as it was when the entry was made, in words; nothing if all is."""
    for name in sorted({*entry.parameters, *parameters}):
        if entry.parameters.get(name) != parameters.get(name):
            return f"parameter {name} is {parameters.get(name)!r}, and was {entry.parameters.get(name)!r}"
    for name, was in sorted(entry.record["takes"].items()):
        newest, _record = resolve(above, name)
        if newest.fingerprint != Taken(**was).fingerprint:
            made = f", made by step {newest.step}," if newest.step else ""
            return f"its input {name.removesuffix('()').lstrip('~')}{made} has changed"
    for path, seen in sorted(entry.files.items()):
        if _seen(path) != seen:
            return f"{path} has changed" if seen else f"{path} is there now"
    for path, seen in sorted(entry.written.items()):
        if _seen(path) != seen:
            return f"{path}, which it writes, is not as it left it"
    now = stamps({name: stamp[0] for name, stamp in entry.packages.items()})
    for name, stamp in sorted(entry.packages.items()):
        if now[name] != stamp:
            return f"the package {name} was installed anew"
    if entry.environment != environment:
        return "the environment variables have changed"
    return ""
