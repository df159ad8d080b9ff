"""Whether there is money for one more run, before it begins: what was spent this month, and what is usual."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_jlab.costs import prices, reckoning
from mlops_jlab.costs.prices import Prices
from mlops_jlab.costs.reckoning import Cost
from mlops_jlab.policies import standing
from mlops_jlab.policies.policy import Quota, fits
from mlops_jlab.store import permitting, used
from mlops_jlab.store.location import Place
from mlops_jlab.store.used import UsedRow

_PAST = 10  # runs that an estimate is made of
_MEASURES = {"money": "money", "cpu_hours": "processor hours", "gpu_hours": "GPU hours"}


@dataclass(frozen=True)
class Estimate:
    """What one run of a pipeline is likely to use: the median of its last runs, and how many they were."""

    cost: Cost
    runs: int


@dataclass(frozen=True)
class Standing:
    """One measure of a quota in the current month: what was used of it, and what a run is likely to add."""

    quota: Quota
    measure: str
    limit: float
    spent: float
    expected: float
    runs: int  # that the estimate is of

    @property
    def is_over(self) -> bool:
        """Whether one more run would be too much."""
        return self.spent >= self.limit or self.spent + self.expected > self.limit

    def in_words(self, currency: str) -> str:
        """What was spent, what a run is likely to add, and the limit."""
        name = f"{_MEASURES[self.measure]} ({currency})" if currency and self.measure == "money" else ""
        name = name or _MEASURES[self.measure]
        history = f"the median of the last {self.runs} runs" if self.runs else "nothing is known of past runs"
        return (
            f"{self.spent:.4g} of {self.limit:g} {name} of this month are used by {self.quota.whose}; "
            f"a run is likely to use {self.expected:.4g} ({history})"
        )


def estimate(found: Sequence[UsedRow], table: Prices, pipeline: str) -> Estimate:
    """What one run of a pipeline is likely to use, from those that were executed."""
    past = [
        row.id for row in found
        if row.is_whole and row.pipeline == pipeline and row.status in ("finished", "failed", "blocked")
    ][-_PAST:]  # fmt: skip
    costs = [one.total for one in reckoning.of_runs(found, table, past).values()]
    if not costs:
        return Estimate(Cost(), 0)
    middle = {name: statistics.median(getattr(cost, name) for cost in costs) for name in _MEASURES}
    return Estimate(Cost(**middle), len(costs))


def standings(place: Place, pipeline: str, user: str, now: float | None = None) -> list[Standing]:
    """How the quotas that count for a run of a pipeline by a user stand; none where the policy has none.

    Raises:
        BrokenPolicy: the policy cannot be read.
        InputError: the prices cannot be read.
    """
    quotas = [
        quota for quota in standing.of(place.root).quotas
        if fits(pipeline, [quota.pipeline]) and fits(user, [quota.user])
    ]  # fmt: skip
    if not quotas:
        return []
    table, found = prices.read(place), reckoning.rows(place)
    month = used.month_of(time.time() if now is None else now)
    expected = estimate(found, table, pipeline)
    return [one for quota in quotas for one in _of(quota, found, table, month, expected)]


def _of(
    quota: Quota, found: Sequence[UsedRow], table: Prices, month: str, expected: Estimate
) -> list[Standing]:
    mine = [
        row for row in found
        if row.month == month and not row.cached and fits(row.pipeline, [quota.pipeline])
        and fits(row.user, [quota.user])
    ]  # fmt: skip
    spent = sum((reckoning.of_row(row, table) for row in mine), Cost())
    limits = {name: getattr(quota, name) for name in _MEASURES}
    return [
        Standing(quota, name, limit, getattr(spent, name), getattr(expected.cost, name), expected.runs)
        for name, limit in limits.items()
        if limit is not None
    ]


def check(place: Place, pipeline: str, user: str, *, who: str, subject: str, now: float | None = None) -> str:
    """Why one more run of a pipeline is too much by the quotas, which is then in the audit log; or nothing.

    Raises:
        BrokenPolicy: the policy cannot be read.
        InputError: the prices cannot be read.
    """
    over = [one for one in standings(place, pipeline, user, now) if one.is_over]
    if not over:
        return ""
    currency = prices.read(place).currency
    why = "; ".join(f"{one.in_words(currency)} (policy.yaml:{one.quota.line})" for one in over)
    permitting.note_breach(place.root, subject, why, who=who)
    return why
