"""Our words → MLflow's and back, with what MLflow cannot hold put where it can be found again."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from mlops_jlab.entities.runs import Run, RunStatus

ID = "mlops_jlab.run_id"
FACTS = "mlops_jlab.facts"
RECORD = "mlops_jlab/run.json"  # the artifact with what no param or tag can hold
LONGEST_PARAM = 6_000  # MLflow cuts what is longer, without a word
LONGEST_TAG = 5_000
LONGEST_NAME = 250
_GREATEST = 1.7976931348623157e308  # what MLflow's SQL store makes of an infinity
_FINE = re.compile(r"[\w\-. /]+\Z", re.ASCII)
_OWN_TAGS = ("mlflow.", "mlops_jlab.")
_STATUSES = {
    RunStatus.PENDING: "SCHEDULED", RunStatus.RUNNING: "RUNNING", RunStatus.FINISHED: "FINISHED",
    RunStatus.FAILED: "FAILED", RunStatus.KILLED: "KILLED",
    RunStatus.BLOCKED: "FAILED",  # which it has no word for; read back, FAILED is failed
}  # fmt: skip


def status(value: RunStatus) -> str:
    """MLflow's word for a status."""
    return _STATUSES[value]


def status_back(word: str) -> RunStatus:
    """Our word for MLflow's status."""
    return next((ours for ours, theirs in _STATUSES.items() if theirs == word), RunStatus.RUNNING)


def name(text: str) -> str:
    """A name that MLflow takes: other characters are written as ``.xHH`` (their UTF-8 bytes)."""
    plain = bool(_FINE.match(text)) and ".." not in text and "//" not in text and "/./" not in text
    if plain and not text.startswith(("/", ".")) and not text.endswith(("/", ".")) and ".x" not in text:
        if len(text) <= LONGEST_NAME:
            return text
    escaped = quote(text, safe=" -_").replace(".", "%2E").replace("%", ".x")
    return escaped[:LONGEST_NAME]


def name_back(text: str) -> str:
    """The name that :func:`name` made ``text`` of."""
    if ".x" not in text:
        return text
    return unquote(re.sub(r"\.x([0-9A-F]{2})", r"%\1", text))


def number(value: float) -> float:
    """A value as MLflow keeps it without a change: infinities as the greatest doubles."""
    return math.copysign(_GREATEST, value) if math.isinf(value) else value


def number_back(value: float) -> float:
    """The value that :func:`number` stands for."""
    return math.copysign(math.inf, value) if abs(value) >= _GREATEST else value


def params(run: Run) -> tuple[dict[str, str], dict[str, str]]:
    """The params as MLflow takes them, and those that are too long, whole."""
    short: dict[str, str] = {}
    long: dict[str, str] = {}
    for key, value in run.params.items():
        if len(value) > LONGEST_PARAM:
            long[key] = value
            value = value[: LONGEST_PARAM - 30] + "… (whole in mlops_jlab/)"
        short[name(key)] = value
    return short, long


def tags(run: Run, parent: str) -> dict[str, str]:
    """All tags of a run on the server: its own, and those that MLflow's page reads."""
    found = {
        name(key): value[:LONGEST_TAG] for key, value in run.tags.items() if not key.startswith(_OWN_TAGS)
    }
    known = {
        ID: run.id, "mlops_jlab.kind": run.kind, "mlops_jlab.group": run.group,
        "mlops_jlab.reason": run.reason[:LONGEST_TAG], "mlops_jlab.attempt": str(run.attempt),
        "mlops_jlab.duration": "" if run.duration is None else repr(run.duration),
    }  # fmt: skip
    said = system_tags(run, parent) | {"mlflow.note.content": run.note[:LONGEST_TAG]}
    return found | {key: value for key, value in (known | said).items() if value}


def system_tags(run: Run, parent: str) -> dict[str, str]:
    """What a run is, as the tags in which MLflow keeps it; those that say nothing are left out."""
    git = run.facts.get("git", {})
    known = {
        "mlflow.runName": run.name, "mlflow.user": run.user, "mlflow.source.name": run.source,
        "mlflow.source.type": _source_type(run), "mlflow.source.git.commit": git.get("commit", ""),
        "mlflow.source.git.branch": git.get("branch", ""), "mlflow.source.git.repoURL": git.get("remote", ""),
        "mlflow.note.content": run.note, "mlflow.parentRunId": parent,
    }  # fmt: skip
    return {key: value for key, value in known.items() if value}


def _source_type(run: Run) -> str:
    if run.kind in ("pipeline", "step"):
        return "JOB"
    return "NOTEBOOK" if run.source.endswith(".ipynb") else "LOCAL"


def record(run: Run, params: Mapping[str, str], zeros: Mapping[str, Sequence[int]]) -> str:
    """What MLflow cannot hold as it is.

    Facts, exact times, params that are too long or were corrected, long tags, and the iterations at which
    a metric was -0.0.
    """
    cut = {key: value for key, value in run.tags.items() if len(value) > LONGEST_TAG}
    note = run.note if len(run.note) > LONGEST_TAG else ""
    content: dict[str, Any] = {"facts": run.facts, "params": dict(params), "tags": cut, "note": note,
                               "started": run.started, "ended": run.ended,
                               "negative_zeros": dict(zeros)}  # fmt: skip
    return json.dumps({key: value for key, value in content.items() if value}, ensure_ascii=False)


def own_tags(found: Mapping[str, str]) -> dict[str, str]:
    """Of the tags on the server those that a person set."""
    return {name_back(key): value for key, value in found.items() if not key.startswith(_OWN_TAGS)}
