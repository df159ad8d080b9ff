"""What the answer of a step depends on: its code, what it takes, and what it looked at while it ran."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_jlab.engine.cache import datasets
from mlops_jlab.engine.cache.durations import only_durations
from mlops_jlab.engine.cache.meaning import meaning
from mlops_jlab.engine.cache.store import Entry
from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.entities.settings import NOT_OF_THE_ANSWER
from mlops_jlab.handoff.observing.environment import ALL
from mlops_jlab.handoff.observing.facts import Aspect, names_in, see
from mlops_jlab.handoff.records import StepRecord, Taken, resolve
from mlops_jlab.handoff.trust import sign
from mlops_jlab.notebook.python import parse_cell
from mlops_jlab.pipeline.build import LOAD_CELL
from mlops_jlab.pipeline.manifest import Manifest, ManifestStep
from mlops_jlab.processes.client.start import lasting
from mlops_jlab.store.artifacts import digest_of

FORMAT = 4  # of entries: another number is another cache
_IDENTITY = re.compile(r'(enter\(\n)    "[^"]*",\n    "[^"]*",\n    \d+,\n')
# What libraries of C and Python itself read before anybody can tell.
_ALWAYS = ("TZ", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_NUMERIC", "LC_TIME", "LC_COLLATE",
           "PYTHONUTF8")  # fmt: skip
_REGISTRY = re.compile(r"\bgate\s*\.\s*compare\b|\bimport\s+compare\b|\bload_model\b")
_TEXT = re.compile(
    r"\bget(?:source|comments|frameinfo)|\bfindsource|\blinecache\b|\btraceback\b|lineno"
    r"|\bco_(?:lines|positions|linetable)|\binspect\.stack|\?\?|%p(?:source|info2)|%?%history|\bIn\["
)
_CHECKS = re.compile(r"\bcheck_data\b")


def looks_at_text(sources: Iterable[str]) -> bool:
    """Whether any of the ``sources`` may ask for the text of code, or for the lines where it stands."""
    return any(_TEXT.search(source) for source in sources)


def key_of(
    cells: Sequence[Mapping[str, Any]], step: ManifestStep, kernel: str, *, exact: bool = False
) -> str:
    """A digest of the step's code: comments, blank lines, layout and the step's place do not matter.

    If it is ``exact``, comments and lines do, as to a notebook that looks at the text of its functions.
    """
    settings = {key: value for key, value in step.settings.items() if key not in NOT_OF_THE_ANSWER}
    facts = [FORMAT, kernel, sys.version, step.name, sorted(settings.items(), key=str)]
    for cell in cells:
        facts.append([cell["id"] if cell["id"].startswith("mlops-") else "", _meaning(cell, exact=exact)])
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


def _meaning(cell: Mapping[str, Any], *, exact: bool) -> str:
    source = "".join(cell["source"])
    if cell["id"] == LOAD_CELL:
        return meaning(_IDENTITY.sub(r"\1", source))
    return source if exact else meaning(source)


def used(
    manifest: Manifest, values: Mapping[str, object], names: Collection[str], environment: Mapping[str, str]
) -> dict[str, object]:
    """The parameters among ``names``, as plain data: given ones and defaults. No secret is shown."""
    found: dict[str, object] = {}
    for parameter in manifest.parameters:
        if parameter.name in names:
            entry = parameter.as_json()
            value = values.get(parameter.name, entry.get("default"))
            if parameter.secret:
                value = sign(environment.get(parameter.name.upper(), "").encode("utf-8", "surrogateescape"))
            found[parameter.name] = value
    return found


def environment_of(names: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    """For each variable a signature of its value, from which nobody learns it; nothing if it is not set."""
    kept = lasting(environment)
    found = {}
    for name in {*names, *_ALWAYS}:
        if name == ALL:
            found[name] = _signed(json.dumps(kept))
        elif lasting({name: ""}):
            found[name] = _signed(f"{name}={kept[name]}") if name in kept else ""
    return found


def _signed(text: str) -> str:
    return sign(text.encode("utf-8", "surrogateescape"))


def look_at(paths: Iterable[str]) -> dict[str, str]:
    """What is to be seen at each path: a digest of the content or of the names in it, or nothing."""
    return {path: _seen(path) for path in paths}


def _seen(path: str) -> str:
    try:
        if os.path.isdir(path):
            return names_in(path)
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


def unfit(record: StepRecord, sources: Sequence[str]) -> str:
    """Why the answer of a step whose cells have these ``sources`` cannot be used again, or nothing."""
    source = "\n".join(sources)
    clock = [] if _takes_the_time(record, sources) else record.clock
    random = [name for name, written in record.writes.items() if written.by_chance]
    both = sorted(set(record.files_written) & {*record.files_read, *record.files_before})
    drawn = [text.removeprefix("chance through ") for text in record.chance]
    reasons = {
        f"it draws random numbers that nobody seeded{_listed(drawn)}": bool(random or drawn),
        f"it speaks to the network{_listed(record.hosts)}": bool(record.hosts),
        "it asks the model registry": bool(_REGISTRY.search(source)),
        "it asks for data by a computed name": datasets.is_computed(sources),
        "it checks data, against what was before too": bool(_CHECKS.search(source)),
        f"it asks what day or time it is{_listed(clock)}": bool(clock),
        f"it starts other programs{_listed(record.programs)}": bool(record.programs),
        f"it reads and writes {both[0] if both else ''}": bool(both),
        **dict.fromkeys((*record.effects, *record.unseen), True),
        "what its setup opens was not watched": not record.watched,
    }
    return next((words for words, applies in reasons.items() if applies), "")


def _takes_the_time(record: StepRecord, sources: Sequence[str]) -> bool:
    """Whether the clock was asked only to say how long something took."""
    cells = [parse_cell(source) for source in sources]
    if not {"time.time", "time.time_ns"}.issuperset(record.clock) or any(
        cell.magics or cell.problem for cell in cells
    ):
        return False
    return only_durations([cell.tree for cell in cells], record.writes)


def _listed(names: Sequence[str]) -> str:
    return f" ({', '.join(names[:3])})" if names else ""


def difference(
    entry: Entry, parameters: Mapping[str, object], above: Sequence[StepRecord],
    environment: Mapping[str, str], place: str = "",
) -> str:  # fmt: skip
    """The first thing that is not as it was when the entry was made, in words; nothing if all is."""
    for name in sorted({*entry.parameters, *parameters}):
        if entry.parameters.get(name) != parameters.get(name):
            what = "" if name.startswith(datasets.PREFIX) else "parameter "
            return f"{what}{name} is {parameters.get(name)!r}, and was {entry.parameters.get(name)!r}"
    for name, was in sorted(entry.record["takes"].items()):
        newest, _record = resolve(above, name)
        if newest.fingerprint != Taken(**was).fingerprint:
            made = f", made by step {newest.step}," if newest.step else ""
            return f"its input {name.removesuffix('()').lstrip('~')}{made} has changed"
    for name, was in sorted(entry.record["setup"].items()):
        now_made = next((record.setup[name] for record in above if name in record.setup), was)
        if now_made != was:
            return f"{name}, which setup makes, has changed"
    if entry.record["placed"] and entry.place != place:
        return f"it looks at files by their names alone, and was run in {entry.place}"
    for path, seen in sorted(entry.files.items()):
        if _seen(path) != seen:
            return f"{path} has changed" if seen else f"{path} is there now"
    for path, seen in sorted(entry.written.items()):
        if _seen(path) != seen:
            return f"{path}, which it writes, is not as it left it"
    for path in entry.record["made"]:
        if not os.path.isdir(path):
            return f"the folder {path}, which it makes, does not exist"
    if problem := _looked_otherwise(entry.record["looked"]):
        return problem
    now = stamps({name: stamp[0] for name, stamp in entry.packages.items()})
    for name, stamp in sorted(entry.packages.items()):
        if now[name] != stamp:
            return f"the package {name} was installed anew"
    now_set = environment_of(entry.environment, environment)
    for name, value in sorted(entry.environment.items()):
        if now_set.get(name, "") != value:
            what = "a variable of the environment" if name == ALL else f"the environment variable {name}"
            return f"{what} has changed"
    return ""


def _looked_otherwise(looked: Mapping[str, Mapping[str, str]]) -> str:
    """The first path that does not look as it did, in words, or nothing."""
    for path, aspects in sorted(looked.items()):
        for name, was in sorted(aspects.items()):
            aspect = Aspect(name)
            now = see(path, aspect)
            if now == was:
                continue
            if aspect is Aspect.LINK:
                return f"{path} leads to another place"
            if not was or not now:
                return f"{path} is there now" if now else f"{path} no longer exists"
            words = {
                Aspect.SIZE: "has another size",
                Aspect.TIME: "was changed at another time",
                Aspect.PACKAGES: "holds other packages",
            }
            return f"{path} {words.get(aspect, 'has changed')}"
    return ""
