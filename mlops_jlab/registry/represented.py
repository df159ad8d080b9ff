"""Who is in the data: groups of evaluation rows beside those that a version was fitted on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_jlab.drift import groups
from mlops_jlab.drift.groups import GroupShare
from mlops_jlab.profiles import profile
from mlops_jlab.profiles.profile import Profile

MATTERS = 0.05  # of the rows, from which a share that has moved is told


def beside(reference: Profile, column: str, values: Any, label: str, truth: Any) -> Mapping[str, Any] | None:
    """Shares of rows and of positive labels by group, now and in the reference; as JSON data.

    ``values`` has the group of each row, ``truth`` its label, 0 and 1 (or None: no label is told). None where
    the reference does not know the column's groups.
    """
    before = reference.column(column)
    frame = {column: values} if truth is None else {column: values, label: truth}
    current = profile.of_frame(frame)
    now = current.column(column)
    if before is None or now is None or not before.top or not now.top:
        return None
    shares = groups.representation(before, now)
    rates, then = current.label_rates(label, column), reference.label_rates(label, column)
    told = {one.group: one for one in groups.label_rates(then, rates)} if rates and then else {}
    findings = [_sentence(one, "of the rows") for one in shares if one.moved(MATTERS)]
    findings += [_sentence(one, f"have {label} = 1") for one in told.values() if one.moved(MATTERS)]
    return {
        "column": column, "label": label, "reference_rows": reference.rows,
        "groups": [_group(one, told.get(one.group)) for one in shares], "findings": findings,
    }  # fmt: skip


def _group(share: GroupShare, label: GroupShare | None) -> dict[str, Any]:
    bounded = None if label is None else {"value": label.share, "low": label.low, "high": label.high}
    return {
        "group": share.group, "share": share.share, "reference_share": share.before,
        "label": bounded, "reference_label": None if label is None else label.before,
    }  # fmt: skip


def _sentence(one: GroupShare, what: str) -> str:
    return f"{one.group}: {one.share:.1%} {what}, {one.before:.1%} in what the version was fitted on"
