"""Rules about groups of the data: how many rows each has, and how often its label is so."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_jlab.checks.results import Outcome, RuleResult, percent, result
from mlops_jlab.checks.rules import Rule
from mlops_jlab.drift import groups
from mlops_jlab.drift.groups import GroupShare
from mlops_jlab.profiles.profile import Profile

_SHOWN = 3


def represented(rule: Rule, reference: Profile, current: Profile) -> RuleResult:
    """Whether no group of a column has become rarer or more frequent by more than the rule says."""
    name = rule.columns[0]
    before, now = reference.column(name), current.column(name)
    if before is None or now is None or not before.top:
        return RuleResult(rule.text, name, Outcome.UNKNOWN, "the reference knows no groups of it")
    return _judged(rule, name, groups.representation(before, now), "of the rows")


def rate_like(rule: Rule, reference: Profile, current: Profile) -> RuleResult:
    """Whether in no group the label is so more or less often than then, by more than the rule says."""
    label, group = rule.columns
    before, now = (found.label_rates(label, group) for found in (reference, current))
    if now is None:
        return _no_rates(rule, label, group)
    if before is None:
        why = f"the reference does not know how often {label} is so by {group}"
        return RuleResult(rule.text, label, Outcome.UNKNOWN, why)
    return _judged(rule, label, groups.label_rates(before, now), f"are {label}")


def rate_alike(rule: Rule, current: Profile) -> RuleResult:
    """Whether the label is about as often so in each group of the data."""
    label, group = rule.columns
    now = current.label_rates(label, group)
    if now is None:
        return _no_rates(rule, label, group)
    ends = groups.gap(now)
    if ends is None:
        return RuleResult(rule.text, label, Outcome.UNKNOWN, f"fewer than two groups of {group} have 20 rows")
    least, most = ends
    why = f"{percent(least.share)} are {label} in {least.group}, {percent(most.share)} in {most.group}"
    return result(rule, label, holds=not most.moved(rule.number), why=why)


def _no_rates(rule: Rule, label: str, group: str) -> RuleResult:
    why = f"{label} has to be 0 and 1, or a boolean, and {group} to have from 2 to 20 categories"
    return result(rule, label, holds=False, why=why)


def _judged(rule: Rule, column: str, found: Sequence[GroupShare], words: str) -> RuleResult:
    if not found:
        return RuleResult(rule.text, column, Outcome.UNKNOWN, "there is nothing to compare")
    moved = sorted(
        (one for one in found if one.moved(rule.number)), key=lambda one: -abs(one.share - one.before)
    )
    shown = moved[:_SHOWN] or [max(found, key=lambda one: abs(one.share - one.before))]
    why = "; ".join(
        f"{one.group}: {percent(one.share)} {words}, {percent(one.before)} in the reference" for one in shown
    )
    return result(rule, column, holds=not moved, why=why)
