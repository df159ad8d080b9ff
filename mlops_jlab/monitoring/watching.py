"""One look at a model's new data: a window, a run of its own, and what comes of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any

from mlops_jlab.datasets import contents
from mlops_jlab.drift.detecting import ColumnDrift, Drift, detect, persisting
from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import MlopsError
from mlops_jlab.monitoring import arriving, jointly, losing, losses
from mlops_jlab.monitoring.arriving import Arrived
from mlops_jlab.monitoring.labels import Labels
from mlops_jlab.monitoring.logged import Service
from mlops_jlab.monitoring.losing import LossFound
from mlops_jlab.monitoring.losses import Loss
from mlops_jlab.monitoring.policy import TOGETHER, Action, Policy, Seen, decide
from mlops_jlab.profiles import profile, written
from mlops_jlab.profiles.profile import Profile
from mlops_jlab.registry import modelfiles, references, versions
from mlops_jlab.store import evaluated, monitored, opening
from mlops_jlab.store.location import Place
from mlops_jlab.store.monitored import WindowRow
from mlops_jlab.tracking import lifecycle

KIND = "monitor"
ABOUT, DRIFT, PROFILE = "window.json", "drift.json", "profile.json"  # files of a window's run
_LITTLE = 0.02  # of the loss by the most important column: one that costs less at most is not used
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
    """What one look has found: the window, or why there was none.

    ``measured`` is a metric of the rows whose truth is known, ``loss`` what labels say as they come, and
    ``service`` how a version that serves has done.
    """

    window: WindowRow | None
    drift: Drift | None = None
    why: str = ""
    service: Service | None = None
    measured: Loss | None = None
    loss: LossFound = field(default_factory=LossFound)

    @property
    def sentences(self) -> list[str]:
        """What there is to say beside the drift."""
        return [*([str(self.service)] if self.service is not None else []), *self.loss.sentences]


def look(
    place: Place, address: str, data: str | Path, policy: Policy, *, now: float | None = None,
    trust: bool = False, labels: Labels | None = None, every: float = losing.EVERY,
    beside: str | Path | None = None,
) -> Looked:  # fmt: skip
    """Compares the files that are new at a source with what a version was fitted on.

    Files that were part of a window before are left alone; where nothing is new there is no window. The
    result is a run; what came of it is in the audit log. With ``labels`` a metric of the window is measured,
    and where the version was evaluated its loss is watched as they come: ``every`` is how many of them lie
    between two false alarms, on average at least. A prediction log has labels of its own. ``beside`` are rows
    that the version was fitted on: with them a classifier looks at the columns of files together.

    Raises:
        InputError: the model has no reference, there are no files of rows, or one cannot be read.
    """
    now = time.time() if now is None else now
    version = versions.find(place, address)
    reference = references.read(place, version)
    target = labels.target if labels is not None and labels.source is None else ""
    losses.check_target(target, references.inputs_of(version))
    source = contents.source_of(data)
    with opening.reading(place) as connection:
        past = monitored.windows(connection, version.model, source.text)
        report = evaluated.newest(connection, place, version) or {}
    model = modelfiles.load(place, version, trust=trust)
    labelled = losses.Labelled(model, version, target)
    arrived = arriving.arrived(source, labelled, labels, past[0].seen if past else {})
    if arrived is None:
        return Looked(None, why=f"nothing is new at {source.text}")
    if not arrived.rows and not arrived.late:
        return Looked(None, why=f"there are no rows in what is new at {source.text}", service=arrived.service)
    of_version = [one for one in past if one.version == version.version]
    loss = losing.look(
        place, version, model, arrived.current, arrived.files, None if arriving.is_log(source) else labels,
        arrived.late, of_version, report, now=now, every=every,
    )  # fmt: skip
    found = _drift(version, reference, arrived, report, loss)
    if found is not None and beside is not None:
        found = _together(found, version, beside, arrived)
    lasting = _lasting(found, [one for one in of_version if one.rows]) if found is not None else ()
    decided = [Seen(one.at, one.rows, Action(one.action)) for one in past]
    action, why = decide(lasting, arrived.rows, decided, policy, now, loss.sentences[0] if loss.alarm else "")
    window = WindowRow(
        0, version.model, version.version, source.text, now, "", arrived.rows,
        [one.name for one in found.drifted] if found is not None else [], action, why, arrived.seen,
    )  # fmt: skip
    looked = Looked(window, found, why, arrived.service, arrived.loss or loss.as_metric(report), loss)
    return replace(looked, window=_keep(place, window, looked, arrived, reference, policy))


def _drift(
    version: ModelVersion, reference: Profile, arrived: Arrived, report: Mapping[str, Any], loss: LossFound
) -> Drift | None:
    """The drift of the new rows; where labels are not judged as they come, their metric is a column too."""
    if arrived.current is None or not arrived.rows:
        return None
    watched = _watched(version, reference, arrived.current, report)
    watched = {name: worth for name, worth in watched.items() if name not in arrived.hidden}
    found = detect(reference, arrived.current, importance=watched)
    if arrived.loss is not None and loss.detector is None:
        return replace(found, columns=(*found.columns, arrived.loss.as_column))
    return found


def _together(found: Drift, version: ModelVersion, beside: str | Path, arrived: Arrived) -> Drift:
    """The drift with what a classifier sees in the columns that the version takes."""
    one = jointly.look(beside, arrived.files, references.inputs_of(version))
    if one is None:
        return replace(found, not_judged=(*found.not_judged, TOGETHER))
    return replace(found, columns=(one, *found.columns) if one.drifted else (*found.columns, one))


def _watched(
    version: ModelVersion, reference: Profile, current: Profile, report: Mapping[str, Any]
) -> dict[str, float]:
    """What may raise an alarm, and how much it counts: what the model takes, and what it says.

    Where an evaluation or a gate has measured what the model loses without a column, it counts by the upper
    bound of that; one that it does not use, as far as is known, raises no alarm. Neither does what new data
    need not have, such as labels that come later. Where its columns are not known, all may.
    """
    inputs = references.inputs_of(version)
    there = {column.name for column in current.columns}
    names = {*inputs, references.PREDICTION} if inputs else there
    lacks = {references.PREDICTION} - there
    measured = report.get("importance") or (version.gate or {}).get("facts", {}).get("importance") or {}
    lost = {str(name): max(float(high), 0.0) for name, _loss, _low, high in measured.get("features", ())}
    most = max(lost.values(), default=0.0)
    counts = {name: high / most if high >= _LITTLE * most else 0.0 for name, high in lost.items()}
    return {c.name: counts.get(c.name, 1.0) for c in reference.columns if c.name in names - lacks}


def _lasting(found: Drift, past: Sequence[WindowRow]) -> tuple[str, ...]:
    """The columns that have drifted now and in one more of the last two windows of this version."""
    windows = [
        Drift(tuple(ColumnDrift(name, "", 0, 0, 0, 0, drifted=True) for name in one.drifted), (0, 0), 0)
        for one in reversed(past[:2])
    ]
    return persisting([*windows, found])


def _keep(
    place: Place, window: WindowRow, looked: Looked, arrived: Arrived, reference: Profile, policy: Policy
) -> WindowRow:
    run = lifecycle.start(
        name=f"monitor-{window.model}", kind=KIND, activate=False, provenance=False,
        tags={"model": f"{window.model}/{window.version}"},
    )  # fmt: skip
    for name, value in _metrics(window, looked):
        with suppress(MlopsError):  # a name that is none for a metric
            run.log_metric(name, value)
    run.set_tag("monitor", window.action)
    measured = None if looked.measured is None else asdict(looked.measured)
    run.log_dict({"policy": asdict(policy), "loss": measured}, ABOUT)
    if looked.drift is not None and arrived.current is not None:
        run.log_text(written.as_json(arrived.current), PROFILE)
        run.log_dict(asdict(looked.drift), DRIFT)
        shown = page(window, looked.drift, arrived.current, reference, looked.sentences)
        run.log_text(shown, "report.html")
    for path, content in looked.loss.files.items():
        run.log_content(content, path)
    run.end("finished", window.why)
    run.recorder.flush()
    kept = replace(window, run=run.id)
    with opening.writing(place) as connection:
        monitored.keep(connection, kept, who=lifecycle.who())
    return kept


def _metrics(window: WindowRow, looked: Looked) -> Iterator[tuple[str, float]]:
    """What a window's run has as metrics."""
    yield from (("rows", window.rows), ("drifted", len(window.drifted)))
    for column in looked.drift.columns[:_LOGGED] if looked.drift is not None else ():
        yield f"drift.{column.name}", column.effect
    if looked.service is not None:
        yield from looked.service.metrics()
    if looked.measured is not None:
        yield f"window.{looked.measured.metric}", looked.measured.value
    if looked.loss.mean is not None:
        yield from (("loss", looked.loss.mean), ("labels", looked.loss.labels))
    for name, value in looked.loss.estimated.items():
        yield f"estimated.{name}", value.value


def page(
    window: WindowRow, found: Drift, current: Profile, reference: Profile, more: Sequence[str] = ()
) -> str:
    """The report of a window as one page of HTML: it loads nothing and runs nothing."""
    rows = "".join(
        f"<tr><td>{'✗' if one.drifted else '✓'}</td><td>{escape(one.name)}</td><td>{escape(one.why)}</td>"
        f"<td>{_bars(reference, one.name)}</td><td>{_bars(current, one.name)}</td></tr>"
        for one in found.columns
    )
    head = "<tr><th></th><th>column</th><th>what was found</th><th>reference</th><th>now</th></tr>"
    title = f"{window.model} {window.version}: {window.rows:,} rows, {len(window.drifted)} columns drifted"
    told = "".join(f"<p>{escape(sentence)}</p>" for sentence in more)
    return _PAGE.format(
        title=escape(title), why=escape(window.why), body=f"{told}<table>{head}{rows}</table>"
    )


def _bars(looks: Profile, name: str) -> str:
    column = looks.column(name)
    return escape(profile.bars(column)) if column is not None else ""


def as_json(looked: Looked) -> str:
    """A look for programs."""
    window = None if looked.window is None else {**asdict(looked.window), "seen": len(looked.window.seen)}
    found = {
        name: None if value is None else asdict(value)
        for name, value in (
            ("drift", looked.drift),
            ("service", looked.service),
            ("measured", looked.measured),
        )
    }
    told = {"window": window, "why": looked.why, **found, "loss": looked.loss.as_json()}
    return json.dumps(told, ensure_ascii=False)
