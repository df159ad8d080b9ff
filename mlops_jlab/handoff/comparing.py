"""The end of a whole run of the notebook: are these the values that the pipeline ended with?"""

from __future__ import annotations

import itertools
import json
import sys
import types
from pathlib import Path
from typing import Any

from mlops_jlab.handoff import snapshot
from mlops_jlab.handoff.equality import difference
from mlops_jlab.handoff.loading import Loader
from mlops_jlab.handoff.objects import ObjectStore
from mlops_jlab.handoff.pickling import REFUSALS
from mlops_jlab.handoff.quietly import is_a
from mlops_jlab.handoff.records import StepRecord, records_above, resolve
from mlops_jlab.handoff.sessionnames import is_sessions
from mlops_jlab.handoff.sharing import can_be_shared


def compare(root: str, pipeline: str, target: str) -> None:
    """Compares every value in the notebook's namespace with the pipeline's, and writes the result.

    ``root`` is the handoff folder of a run that kept everything; ``target`` gets a JSON object:
    ``differences`` and ``uncompared`` by name, and ``prints``, a fingerprint for each name.
    """
    names = vars(sys.modules["__main__"])
    records = records_above(Path(root), pipeline, sys.maxsize)
    values = {
        name: value
        for name, value in names.items()
        if not is_sessions(name, value)
        and not is_a(value, types.ModuleType)
        and not (is_a(value, (types.FunctionType, type)) and value.__module__ == "__main__")
    }
    seen = snapshot.take(values, names)
    loader = Loader(ObjectStore(Path(root)))
    differences: dict[str, str] = {}
    uncompared: dict[str, str] = {}
    loaded: dict[str, Any] = {}
    for name, value in values.items():
        refusal = seen.values[name].refused
        if refusal is not None:
            uncompared[name] = refusal[0]
            continue
        found = _compare_one(name, value, seen.values[name], records, loader, loaded)
        if found:
            differences[name] = found
    differences |= _identities(values, loaded)
    result = {
        "differences": differences,
        "uncompared": uncompared,
        "compared": len(values) - len(uncompared),
        "prints": {name: one.fingerprint for name, one in seen.values.items()},
    }
    Path(target).write_text(json.dumps(result), "utf-8")


def _compare_one(
    name: str, value: object, seen: snapshot.Seen, records: list[StepRecord], loader: Loader,
    loaded: dict[str, Any],
) -> str:  # fmt: skip
    taken, record = resolve(records, name)
    if record is None:
        known = next((r.setup[name] for r in records if name in r.setup), seen.fingerprint)
        if taken.fingerprint == "deleted":
            return "the pipeline deletes it, the whole notebook does not"
        return "" if known == seen.fingerprint else "the whole notebook changes it, the pipeline does not"
    try:
        loaded[name] = loader.group(record.writes[name].object)[name]
    except REFUSALS as error:
        return f"the pipeline's value cannot be loaded: {error}"
    if taken.fingerprint == seen.fingerprint:
        return ""
    return difference(value, loaded[name])


def _identities(values: dict[str, Any], loaded: dict[str, Any]) -> dict[str, str]:
    """Names of one object must be names of one object in the pipeline too."""
    found: dict[str, str] = {}
    by_id: dict[int, list[str]] = {}
    for name in loaded:
        if can_be_shared(values[name]):
            by_id.setdefault(id(values[name]), []).append(name)
    for group in by_id.values():
        for one, other in itertools.pairwise(group):
            if loaded[one] is not loaded[other]:
                found[other] = f"it is the same object as {one} in the whole notebook only"
    return found
