"""What a check of data has found, rule by rule."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from html import escape
from typing import Any

from mlops_jlab.checks.rules import Rule

MOST_ROWS = 1_000  # offending rows of a rule that are kept


class Outcome(enum.StrEnum):
    """How a rule came out. ``UNKNOWN``: there was nothing to compare with yet."""

    HOLDS = "holds"
    FAILS = "fails"
    WARNS = "warns"
    UNKNOWN = "not judged"


_MARKS = {Outcome.HOLDS: "✓", Outcome.FAILS: "✗", Outcome.WARNS: "!", Outcome.UNKNOWN: "–"}


@dataclass(frozen=True)
class RuleResult:
    """What was found of one rule: ``failing`` rows of ``of``; ``rows`` are the places of the first ones."""

    rule: str
    column: str
    outcome: Outcome
    why: str = ""
    failing: int = 0
    of: int = 0
    rows: tuple[int, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    """What a check has found of a table."""

    name: str
    rows: int
    rules: tuple[RuleResult, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing stands against going on."""
        return not self.failed

    @property
    def failed(self) -> tuple[RuleResult, ...]:
        """The rules that stop the step."""
        return tuple(rule for rule in self.rules if rule.outcome is Outcome.FAILS)

    @property
    def warned(self) -> tuple[RuleResult, ...]:
        """The rules that do not hold and only warn."""
        return tuple(rule for rule in self.rules if rule.outcome is Outcome.WARNS)

    @property
    def why(self) -> str:
        """In one sentence what stands against going on, or that nothing does."""
        against = self.failed or self.warned
        if not against:
            return f"all {len(self.rules)} rules hold"
        words = "; ".join(f"{one.rule}: {one.why}" for one in against[:3])
        return words + (f"; and {len(against) - 3} more" if len(against) > 3 else "")

    def as_json(self) -> dict[str, Any]:
        """Everything, as JSON data."""
        rules = [
            {"rule": r.rule, "column": r.column, "outcome": str(r.outcome), "why": r.why,
             "failing": r.failing, "of": r.of, "rows": list(r.rows)}
            for r in self.rules
        ]  # fmt: skip
        return {"name": self.name, "rows": self.rows, "passed": self.passed, "why": self.why, "rules": rules}

    def __repr__(self) -> str:
        word = "holds" if self.passed else "does not hold"
        lines = [f"check {self.name!r} of {self.rows:,} rows {word}"]
        lines += [f"  {_MARKS[one.outcome]} {one.rule:<36} {one.why}".rstrip() for one in self.rules]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{_MARKS[r.outcome]}</td><td>{escape(r.rule)}</td><td>{escape(r.why)}</td></tr>"
            for r in self.rules
        )
        return f"<p><b>{escape(repr(self).splitlines()[0])}</b></p><table>{rows}</table>"


def outcome(rule: Rule, *, holds: bool) -> Outcome:
    """How a rule came out that holds or does not."""
    if holds:
        return Outcome.HOLDS
    return Outcome.FAILS if rule.stops else Outcome.WARNS


def result(
    rule: Rule, column: str, *, holds: bool, why: str = "", failing: int = 0, of: int = 0,
    rows: Any = (),
) -> RuleResult:  # fmt: skip
    """What was found of a rule."""
    kept = tuple(int(row) for row in rows[:MOST_ROWS])
    return RuleResult(rule.text, column, outcome(rule, holds=holds), why, failing, of, kept)


def percent(share: float) -> str:
    """A share in print; never 0 % of some, or 100 % of not all."""
    if 0 < share < 1e-4:
        return "under 0.01 %"
    text = f"{share * 100:.{2 if share < 0.1 or share > 0.99 else 0}f} %"
    return "over 99.99 %" if text.startswith("100") and not math.isclose(share, 1.0, rel_tol=1e-12) else text
