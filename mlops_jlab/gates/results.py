"""What a gate found: a verdict for each rule, and one for all."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

PASS, FAIL, NOT_ENOUGH = "pass", "fail", "not enough data"
_MARKS = {PASS: "✓", FAIL: "✗", NOT_ENOUGH: "?"}


@dataclass(frozen=True)
class Part:
    """One slice's difference to the champion, or one group's rate, with its bounds."""

    name: str
    estimate: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True)
class RuleResult:
    """One rule's verdict. ``more`` rows would most likely decide it.

    ``estimate`` is the difference to the champion, positive where the challenger is better, or the value
    that has a limit; ``low`` and ``high`` are its bounds.
    """

    rule: str
    verdict: str
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    rows: int = 0
    units: int = 0
    method: str = ""
    why: str = ""
    more: int = 0
    night: tuple[float, float] | None = None  # the sum of tonight's differences and its variance
    parts: tuple[Part, ...] = ()  # each slice or group by itself


@dataclass(frozen=True)
class GateResult:
    """What a gate found. ``alpha`` is the share of the evaluation rows' error budget that was spent.

    ``content`` is the digest of the model that was judged, ``version`` the number of the registered version
    that it is (0: none yet); ``gate`` is the digest of rules, rows and opponent. ``use`` counts comparisons
    on the same rows, this one included; rows that are used again in part count in part.
    """

    model: str
    verdict: str
    rules: tuple[RuleResult, ...]
    champion: int
    alpha: float
    use: float
    evaluation: str
    comparison: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    content: str = ""
    version: int = 0
    gate: str = ""

    @property
    def passed(self) -> bool:
        """Whether the challenger may be promoted."""
        return self.verdict == PASS

    @property
    def more(self) -> int:
        """How many more rows would most likely decide; 0 where more would not help or are not needed."""
        return max((rule.more for rule in self.rules), default=0) if self.verdict == NOT_ENOUGH else 0

    @property
    def why(self) -> str:
        """In one sentence why the verdict is what it is."""
        against = [rule for rule in self.rules if rule.verdict == self.verdict]
        if self.verdict == PASS:
            return f"all {len(self.rules)} rules hold"
        words = "; ".join(f"{rule.rule}: {rule.why}" for rule in against[:3])
        return words + (f"; about {self.more:,} more rows would decide" if self.more else "")

    def as_json(self) -> dict[str, Any]:
        """Everything, as JSON data; numbers that JSON does not have are null."""
        plain: dict[str, Any] = json.loads(json.dumps(finite(asdict(self)), default=str))
        return {**plain, "why": self.why, "more": self.more}

    def __repr__(self) -> str:
        against = f"version {self.champion}" if self.champion else "no champion"
        lines = [f"{self.model} against {against}: {self.verdict}"]
        for rule in self.rules:
            lines.append(f"  {_MARKS[rule.verdict]} {rule.rule:<32} {_number(rule)}{rule.why}")
        if self.more:
            lines.append(f"  about {self.more:,} more rows would decide")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{_MARKS[r.verdict]}</td><td>{html.escape(r.rule)}</td><td>{html.escape(_number(r))}</td>"
            f"<td>{r.rows or ''}</td><td>{html.escape(r.why)}</td></tr>"
            for r in self.rules
        )
        return (
            f"<p><b>{html.escape(self.model)}: {self.verdict}</b> {html.escape(self.why)}</p>"
            f"<table><tr><th></th><th>rule</th><th>estimate</th><th>rows</th><th>why</th></tr>{rows}</table>"
        )


def _number(rule: RuleResult) -> str:
    if rule.estimate is None:
        return ""
    if rule.low is None or rule.high is None:
        return f"{rule.estimate:.4g}  "
    return f"{rule.estimate:+.4g} ({rule.low:+.4g} to {rule.high:+.4g})  "


def finite(value: Any) -> Any:
    """JSON data in which numbers that JSON does not have are null."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
