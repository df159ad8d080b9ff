"""The words in which a gate is written: a rule a line, read when the cell is tagged, not at night.

::

    roc_auc better                        the first line is what counts most
    log_loss not worse by 0.01
    accuracy above 0.7
    slice carrier                         nowhere shown to be worse: for each value of a column,
    slice distance in 4 bins              for each of so many parts of its range,
    slice distance > 1000                 for the rows where this is so
    gap recall by sex below 0.1
    latency below 5 ms
    size below 50 MB
    beats baseline
    no overlap
    loads cleanly
    unit day                              rows of one day hang together
    id order                              rows are the same where this is the same
    roc_auc better over time              for schedules: what new rows have shown since the last promotion
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mlops_jlab import rulebook
from mlops_jlab.errors import InputError, nearest
from mlops_jlab.rulebook import Problem

HIGHER = frozenset({"roc_auc", "accuracy", "balanced_accuracy", "f1", "precision", "recall", "r2", "ndcg"})
LOWER = frozenset({"log_loss", "brier", "calibration", "mae", "mse", "rmse", "quantile_loss"})
ONE_SIDED = frozenset({"precision", "recall", "f1", "selection_rate", "false_positive_rate", "calibration"})
TO_ONE = frozenset(
    {
        "roc_auc",
        "accuracy",
        "balanced_accuracy",
        "f1",
        "precision",
        "recall",
        "brier",
        "calibration",
        "ndcg",
        "selection_rate",
        "false_positive_rate",
    }
)
RATES = frozenset({"selection_rate", "recall", "false_positive_rate", "accuracy", "precision"})
METRICS = HIGHER | LOWER
_KINDS = ("slice", "gap", "latency", "size", "beats baseline", "no overlap", "loads cleanly", "unit", "id")
ANY_METRIC = "*"  # among the names of metrics beside ours: they are not known before the cell is executed
MORE = "MLOPS_JLAB_GATE"  # the environment variable with rules that a schedule adds, a line each
_NUMBER = r"(\d+(?:\.\d*)?(?:e-?\d+)?)"
_METRIC = r"(\w+(?:\([0-9.]+\))?)"
_PATTERNS = {
    "over time": re.compile(rf"{_METRIC} better over time"),
    "better": re.compile(rf"{_METRIC} better(?: by {_NUMBER})?"),
    "not worse": re.compile(rf"{_METRIC} not worse by {_NUMBER}"),
    "limit": re.compile(rf"{_METRIC} (above|below) {_NUMBER}"),
    "bins": re.compile(r"slice (\w+) in (\d{1,9}) bins"),
    "where": re.compile(r"slice (\w+) (==|!=|<=|>=|<|>) (.+)"),
    "slice": re.compile(r"slice (\w+)"),
    "gap": re.compile(rf"gap (\w+) by (\w+) below {_NUMBER}"),
    "latency": re.compile(rf"latency below {_NUMBER} (ms|s)"),
    "size": re.compile(rf"size below {_NUMBER} (kB|MB|GB)"),
    "baseline": re.compile(r"beats baseline"),
    "overlap": re.compile(r"no overlap"),
    "loads": re.compile(r"loads cleanly"),
    "unit": re.compile(r"unit (\w+)"),
    "id": re.compile(r"id (\w+)"),
}
METRIC_KINDS = ("over time", "better", "not worse", "limit")
_NUMBERED: dict[str, Callable[[str], bool]] = {
    "quantile_loss": lambda number: number.count(".") == 1 and 0 < float(f"0{number}0") < 1,
    "ndcg": lambda number: re.fullmatch("0*[1-9][0-9]{0,8}", number) is not None,
}
_SHARES = frozenset({"roc_auc", "accuracy", "balanced_accuracy", "f1", "precision", "recall"})
_UNITS = {"ms": 1e-3, "s": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9}


@dataclass(frozen=True)
class Rule:
    """One rule. ``bound`` is a margin or limit in the metric's own units, in seconds or in bytes."""

    kind: str
    text: str
    metric: str = ""
    bound: float = 0.0
    column: str = ""
    operator: str = ""
    value: str = ""

    @property
    def compares(self) -> bool:
        """Whether it needs a champion to compare with."""
        return self.kind in ("over time", "better", "not worse", "slice", "bins", "where")


def parse(lines: str | Sequence[str | Rule], custom: Collection[str] = ()) -> list[Rule]:
    """The rules in a text, or in several; ``custom`` are names of metrics beside ours.

    Raises:
        InputError: a line is no rule, with its number.
    """
    given = lines.splitlines() if isinstance(lines, str) else [*lines]
    ready = [line for line in given if isinstance(line, Rule)]
    if ready and len(ready) == len(given):
        return ready
    texts = [line if isinstance(line, str) else line.text for line in given]
    found, wrong = read(texts, custom)
    rulebook.refuse(wrong)
    return found


def read(lines: Iterable[str], custom: Collection[str] = ()) -> tuple[list[Rule], list[Problem]]:
    """The rules in the lines, and what is wrong with the others. Empty lines and comments are left out."""
    rules, problems = rulebook.read(lines, lambda text: rule_of(text, custom))
    if not problems and not any(rule.kind in METRIC_KINDS for rule in rules):
        problems.append(Problem(1, "no rule speaks of a metric", "begin with one, such as: roc_auc better"))
    return rules, problems


def rule_of(text: str, custom: Collection[str] = ()) -> Rule:
    """The rule in one line.

    Raises:
        InputError: there is none.
    """
    for kind, pattern in _PATTERNS.items():
        found = pattern.fullmatch(text)
        if found:
            rule = _checked(kind, text, found, custom)
            if not math.isfinite(rule.bound):
                raise InputError(f"{text!r}: the limit is too large", hint="any value would hold it")
            if _holds_always(rule, custom):
                raise InputError(
                    f"{text!r}: any value would hold it", hint=f"{rule.metric} lies between 0 and 1"
                )
            return rule
    raise InputError(f"{text!r} is not a rule{_near(text)}", hint=f"{_EXAMPLES}; see the page Gates")


def _holds_always(rule: Rule, custom: Collection[str]) -> bool:
    """Whether a share cannot break a rule: none is worse than another one by more than 1."""
    share = rule.kind == "gap" or (rule.metric in _SHARES and rule.metric not in custom)
    above = rule.bound > 1 and (rule.kind == "gap" or (rule.kind == "limit" and rule.operator == "below"))
    return share and (above or (rule.kind == "not worse" and rule.bound >= 1))


class Limit(NamedTuple):
    """What a rule's estimate is held against.

    ``below``: it has to stay below ``value``. ``difference``: it is one to another model, else a value of
    the challenger's own.
    """

    value: float
    below: bool = False
    difference: bool = True


def limit_of(text: str) -> Limit | None:
    """The limit of a rule; nothing for one without an interval, and for a line that is none."""
    try:
        rule = rule_of(text, (ANY_METRIC,))
    except InputError:
        return None
    if rule.kind in ("limit", "latency", "size", "gap"):
        return Limit(rule.bound, rule.operator != "above", False)
    if rule.compares or rule.kind == "baseline":
        return Limit({"better": rule.bound, "not worse": -rule.bound}.get(rule.kind, 0.0))
    return None


_EXAMPLES = "write such as: roc_auc better by 0.005, log_loss not worse by 0.01, slice COLUMN"


def _near(text: str) -> str:
    words = text.split()
    if len(words) > 1 and words[1] in ("better", "not", "above", "below") and words[0] not in METRICS:
        return nearest(words[0], METRICS)
    return nearest(words[0], [kind.split()[0] for kind in _KINDS])


def _checked(kind: str, text: str, found: re.Match[str], custom: Collection[str]) -> Rule:
    groups = found.groups()
    if kind in METRIC_KINDS:
        name = groups[0]
        _check_metric(name, custom)
        if name == "calibration" and kind != "limit":
            raise InputError("calibration has a limit", hint="write: calibration below 0.05")
        operator = groups[1] if kind == "limit" else ""
        bound = 0.0 if kind == "over time" else float(groups[-1] or 0)
        return Rule(kind, text, name, bound, operator=operator)
    if kind == "gap":
        if groups[0] not in RATES:
            raise InputError(f"there is no rate {groups[0]!r}{nearest(groups[0], RATES)}", hint=_known(RATES))
        return Rule(kind, text, groups[0], float(groups[2]), groups[1])
    if kind in ("latency", "size"):
        return Rule(kind, text, bound=float(groups[0]) * _UNITS[groups[1]])
    if kind == "bins":
        if not 2 <= int(groups[1]) <= 50:
            raise InputError(f"{text!r}: there are from 2 to 50 bins", hint="slice COLUMN in 4 bins")
        return Rule(kind, text, bound=float(groups[1]), column=groups[0])
    if kind == "where":
        return Rule(kind, text, column=groups[0], operator=groups[1], value=groups[2].strip("'\""))
    return Rule(kind, text, column=groups[0] if groups else "")


def _check_metric(name: str, custom: Collection[str]) -> None:
    plain, bracket, number = name.rstrip(")").partition("(")
    if name in custom or ANY_METRIC in custom:
        return
    if plain not in METRICS:
        known = {*METRICS, *custom}
        raise InputError(f"there is no metric {plain!r}{nearest(plain, known)}", hint=_known(known))
    if bracket and (plain not in _NUMBERED or not _NUMBERED[plain](number)):
        raise InputError(
            f"{name!r} is not a metric", hint="quantile_loss(0.9) for a quantile, ndcg(10) for the first ten"
        )


def _known(names: Iterable[str]) -> str:
    return f"known: {', '.join(sorted(names))}"
