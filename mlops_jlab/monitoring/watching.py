"""One look at a model's new data: a window, a run of its own, and what comes of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

from mlops_jlab.datasets import contents
from mlops_jlab.datasets.contents import Source
from mlops_jlab.drift.detecting import ColumnDrift, Drift, detect, persisting
from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import MlopsError
from mlops_jlab.monitoring import logged, losses
from mlops_jlab.monitoring.logged import Service
from mlops_jlab.monitoring.policy import Action, Policy, Seen, decide
from mlops_jlab.predictions import logfolder
from mlops_jlab.profiles import chunks, profile, written
from mlops_jlab.profiles.profile import Profile
from mlops_jlab.registry import modelfiles, references, versions
from mlops_jlab.store import monitored, opening
from mlops_jlab.store.location import Place
from mlops_jlab.store.monitored import WindowRow
from mlops_jlab.tracking import lifecycle

KIND = "monitor"
ABOUT, DRIFT, PROFILE = "window.json", "drift.json", "profile.json"  # files of a window's run
_LOGGED = 100  # columns whose effect is a metric of the run
_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
    "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    "<style>:root{{color-scheme:light dark}}body{{font:16px/1.5 system-ui,sans-serif;max-width:70rem;"
    "margin:2rem auto;padding:0 1rem}}table{{border-collapse:collapse;width:100%}}td,th{{padding:.3rem .6rem;"
    "text-align:left;border-bottom:1px solid #8884}}</style><h1>{title}</h1><p>{why}</p>{body}</html>\n"
)


@dataclass(frozen=True)
class Looked:
    """What one look has found: the window, or why there was none."""

    window: WindowRow | None
    drift: Drift | None = None
    why: str = ""
    service: Service | None = None  # of a version that serves


@dataclass(frozen=True)
class _Arrived:
    """What is new at a source. ``seen`` are all files up to now with what they are known by."""

    current: Profile
    seen: Mapping[str, str]
    hidden: frozenset[str] = frozenset()  # columns that nothing is known of
    service: Service | None = None
    loss: losses.Loss | None = None


def look(
    place: Place, address: str, data: str | Path, policy: Policy, *, now: float | None = None,
    target: str = "", trust: bool = False,
) -> Looked:  # fmt: skip
    """Compares the files that are new at a source with what a version was fitted on.

    Files that were part of a window before are left alone; where nothing is new there is no window. The
    result is a run; what came of it is in the audit log. ``target`` names the column with the truth: where
    the files have it, the loss of the version is measured too. A prediction log has labels of its own.

    Raises:
        InputError: the model has no reference, there are no files of rows, or one cannot be read.
    """
    now = time.time() if now is None else now
    version = versions.find(place, address)
    reference = references.read(place, version)
    losses.check_target(target, references.inputs_of(version))
    source = contents.source_of(data)
    with opening.reading(place) as connection:
        past = monitored.windows(connection, version.model, source.text)
    before = past[0].seen if past else {}
    model = modelfiles.load(place, version, trust=trust)
    labelled = losses.Labelled(model, version, target)
    is_log = source.kind == "folder" and logfolder.is_log(source.base)
    arrived = (_logged if is_log else _filed)(source, labelled, before)
    if arrived is None:
        return Looked(None, why=f"nothing is new at {source.text}")
    current = arrived.current
    if not current.rows:
        return Looked(None, why=f"there are no rows in what is new at {source.text}", service=arrived.service)
    found = detect(reference, current, importance=_watched(version, reference, arrived))
    if arrived.loss is not None:
        found = replace(found, columns=(*found.columns, arrived.loss.as_column))
    lasting = _lasting(found, [one for one in past if one.version == version.version])
    seen = [Seen(one.at, one.rows, Action(one.action)) for one in past]
    action, why = decide(lasting, current.rows, seen, policy, now)
    window = WindowRow(
        0, version.model, version.version, source.text, now, "", current.rows,
        [one.name for one in found.drifted], action, why, arrived.seen,
    )  # fmt: skip
    kept = _keep(place, window, found, arrived, reference, policy)
    return Looked(kept, found, why, arrived.service)


def _filed(source: Source, labelled: losses.Labelled, before: Mapping[str, str]) -> _Arrived | None:
    """The files of rows that are new."""
    files = contents.files_of(source)
    new = [f for f in files if before.get(f.path) != f.digest and chunks.is_table(Path(f.path))]
    if not new:
        return None
    current = _profile(labelled, (source.base / file.path for file in new))
    return _Arrived(current, {file.path: file.digest for file in files}, loss=labelled.loss())


def _logged(source: Source, labelled: losses.Labelled, before: Mapping[str, str]) -> _Arrived | None:
    """What a served version was asked, and how it went."""
    found = logged.window(source.base, labelled.version, labelled.model, before)
    if found is None:
        return None
    return _Arrived(found.profile or Profile(0, ()), found.seen, found.hidden, found.service, found.loss)


def _profile(labelled: losses.Labelled, files: Iterable[Path]) -> Profile:
    """What the files look like with what the model says of them; rows whose truth is known are measured."""
    inputs = references.inputs_of(labelled.version)

    def looks(part: Any) -> Profile:
        labelled.add(part)
        return references.profile_of(labelled.model, part, inputs)

    found = chunks.gathered(looks(part) for file in files for part in chunks.of_file(file))
    return found if found is not None else Profile(0, ())


def _watched(version: ModelVersion, reference: Profile, arrived: _Arrived) -> dict[str, float]:
    """What may raise an alarm: what the model takes, and what it says; all where its columns are not known.

    What new data need not have, such as labels that come later, raises none.
    """
    inputs, current = references.inputs_of(version), arrived.current
    names = {*inputs, references.PREDICTION} if inputs else {column.name for column in current.columns}
    lacks = {references.PREDICTION} if current.column(references.PREDICTION) is None else set()
    return {c.name: 1.0 for c in reference.columns if c.name in names - lacks - arrived.hidden}


def _lasting(found: Drift, past: Sequence[WindowRow]) -> tuple[str, ...]:
    """The columns that have drifted now and in one more of the last two windows of this version."""
    windows = [
        Drift(tuple(ColumnDrift(name, "", 0, 0, 0, 0, drifted=True) for name in one.drifted), (0, 0), 0)
        for one in reversed(past[:2])
    ]
    return persisting([*windows, found])


def _keep(
    place: Place, window: WindowRow, found: Drift, arrived: _Arrived, reference: Profile, policy: Policy
) -> WindowRow:
    run = lifecycle.start(
        name=f"monitor-{window.model}", kind=KIND, activate=False, provenance=False,
        tags={"model": f"{window.model}/{window.version}"},
    )  # fmt: skip
    run.log_metrics({"rows": window.rows, "drifted": len(window.drifted)})
    for column in found.columns[:_LOGGED]:
        with suppress(MlopsError):  # a name that is none for a metric
            run.log_metric(f"drift.{column.name}", column.effect)
    if arrived.service is not None:
        run.log_metrics(dict(arrived.service.metrics()))
    if arrived.loss is not None:
        run.log_metric(f"window.{arrived.loss.metric}", arrived.loss.value)
    run.set_tag("monitor", window.action)
    loss = None if arrived.loss is None else asdict(arrived.loss)
    run.log_dict({"policy": asdict(policy), "loss": loss}, ABOUT)
    run.log_text(written.as_json(arrived.current), PROFILE)
    run.log_dict(asdict(found), DRIFT)
    run.log_text(page(window, found, arrived.current, reference, arrived.service), "report.html")
    run.end("finished", window.why)
    run.recorder.flush()
    kept = replace(window, run=run.id)
    with opening.writing(place) as connection:
        monitored.keep(connection, kept, who=lifecycle.who())
    return kept


def page(
    window: WindowRow, found: Drift, current: Profile, reference: Profile, service: Service | None = None
) -> str:
    """The report of a window as one page of HTML: it loads nothing and runs nothing."""
    rows = "".join(
        f"<tr><td>{'✗' if one.drifted else '✓'}</td><td>{escape(one.name)}</td><td>{escape(one.why)}</td>"
        f"<td>{_bars(reference, one.name)}</td><td>{_bars(current, one.name)}</td></tr>"
        for one in found.columns
    )
    head = "<tr><th></th><th>column</th><th>what was found</th><th>reference</th><th>now</th></tr>"
    title = f"{window.model} {window.version}: {window.rows:,} rows, {len(window.drifted)} columns drifted"
    served = f"<p>{escape(str(service))}</p>" if service is not None else ""
    body = f"{served}<table>{head}{rows}</table>"
    return _PAGE.format(title=escape(title), why=escape(window.why), body=body)


def _bars(looks: Profile, name: str) -> str:
    column = looks.column(name)
    return escape(profile.bars(column)) if column is not None else ""


def as_json(looked: Looked) -> str:
    """A look for programs."""
    window = None if looked.window is None else {**asdict(looked.window), "seen": len(looked.window.seen)}
    drift = None if looked.drift is None else asdict(looked.drift)
    service = None if looked.service is None else asdict(looked.service)
    found = {"window": window, "why": looked.why, "drift": drift, "service": service}
    return json.dumps(found, ensure_ascii=False)
