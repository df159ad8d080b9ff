"""A check of data in a cell: rules against a table, with a verdict that is kept and may stop the step."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mlops_jlab.checks.judging import Surroundings, judge
from mlops_jlab.checks.results import CheckResult, Outcome
from mlops_jlab.checks.rules import Rule, parse
from mlops_jlab.datasets import comparing, schemas
from mlops_jlab.errors import DataBlocked, InputError
from mlops_jlab.masking import masked
from mlops_jlab.policies import standing
from mlops_jlab.profiles import frames
from mlops_jlab.profiles.profile import Profile
from mlops_jlab.store import checked, location, opening
from mlops_jlab.telling import tell
from mlops_jlab.tracking import lifecycle
from mlops_jlab.tracking.exporting import harmless
from mlops_jlab.tracking.live import LiveRun

BLOCKED = "blocked"  # the key of what has stopped a run among its facts
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_ROWS = 1_000  # rows of the artifact
_COLUMNS = 200
_LONGEST = 200  # characters of a cell


def check(
    data: Any, rules: str | Sequence[str] = "", *, name: str = "data", schema: Any = None,
    reference: Any = None, tables: Mapping[str, Any] | None = None, now: datetime | None = None,
) -> CheckResult:  # fmt: skip
    """Asks the rules of a table; see :func:`mlops_jlab.datasets.fluent.check_data`."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name[:80]!r} is not a valid name for a check",
            hint="letters, digits, dots, dashes and underscores",
        )
    asked = parse(rules)
    if not asked and schema is None:
        raise InputError("there is nothing to check", hint="check_data(frame, 'rows at least 1000')")
    frame = frames.pandas_frame(data)
    run = lifecycle.current()
    around = Surroundings(
        now or datetime.now(UTC), dict(tables or {}), _profile(reference), _rows_before(name, run, asked)
    )
    found = judge(frame, asked, around, name)
    if schema is not None:
        found = CheckResult(name, found.rows, (*found.rules, *schemas.ask(schema, frame)))
    found = _shown(found, asked, [column.name for column in frames.columns(frame)])
    if run is not None:
        _keep(run, found, frame)
    if found.warned:
        first = found.warned[0]
        more = f" (and {len(found.warned) - 1} more)" if len(found.warned) > 1 else ""
        tell(f"check {name!r} warns: {first.rule}: {first.why}{more}", once=False)
    if found.failed:
        where = _artifact(name) if run is not None and any(one.rows for one in found.failed) else ""
        raise DataBlocked(
            f"the data {name!r} fail their check: {masked(found.why)}",
            hint=f"the rows are the artifact {where} of the run" if where else "mend the data, or the rule",
        )
    return found


def _shown(found: CheckResult, asked: Sequence[Rule], names: Sequence[str]) -> CheckResult:
    """What was found, without a value of a column that the policy calls personal."""
    personal = {name for name in names if standing.is_personal(name)}
    if not personal:
        return found
    of_text = {rule.text: set(rule.columns) for rule in asked}
    return replace(found, rules=tuple(
        replace(one, why=f"{one.failing:,} of {one.of:,} rows; the values are personal" if one.why else "")
        if personal & ({one.column} | of_text.get(one.rule, personal)) else one
        for one in found.rules
    ))  # fmt: skip


def _profile(reference: Any) -> Profile | None:
    return None if reference is None else comparing.profile_at(reference)


def _rows_before(name: str, run: LiveRun | None, rules: Sequence[Rule]) -> list[int]:
    most = max((int(rule.bounds[0]) for rule in rules if rule.kind == "rows like before"), default=0)
    place = run.recorder.place if run is not None else location.find()
    if not most or not opening.exists(place):
        return []
    with opening.reading(place) as connection:
        return checked.rows_before(connection, name, run.id if run else "", most)


def _artifact(name: str) -> str:
    return f"checks/{name}-rows.csv"


def _keep(run: LiveRun, found: CheckResult, frame: Any) -> None:
    report = {**found.as_json(), "why": masked(found.why)}
    for rule in report["rules"]:
        rule["why"] = masked(rule["why"])
    run.recorder.open_database()
    with opening.writing(run.recorder.place) as connection:
        checked.keep(connection, report, run.id)
    run.log_dict(report, f"checks/{found.name}.json")
    against = found.failed or found.warned
    if any(one.rows for one in against):
        run.log_text(_table(found, frame), _artifact(found.name))
    facts: dict[str, Any] = {"checks": {found.name: {"passed": found.passed, "rows": found.rows}}}
    if found.failed:
        first = found.failed[0]
        facts[BLOCKED] = {
            "check": found.name, "rule": first.rule, "column": first.column, "why": masked(first.why),
            "rules": [one.rule for one in found.failed][:50],
        }  # fmt: skip
    run.add_facts(facts)


def _table(found: CheckResult, frame: Any) -> str:
    """The rows that break rules, as CSV: each with its place and the rules that it breaks."""
    broken: dict[int, list[str]] = {}
    for one in found.rules:
        if one.outcome in (Outcome.FAILS, Outcome.WARNS):
            for row in one.rows:
                broken.setdefault(row, []).append(one.rule)
    places = sorted(broken)[:_ROWS]
    some = standing.hidden(frame.iloc[places, :_COLUMNS])
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["row", "breaks", *(harmless(str(name)) for name in some.columns)])
    for place, cells in zip(places, some.astype("object").itertuples(index=False, name=None), strict=True):
        texts = [harmless(masked(str(cell))[:_LONGEST]) for cell in cells]
        writer.writerow([place, "; ".join(broken[place]), *texts])
    return file.getvalue()
