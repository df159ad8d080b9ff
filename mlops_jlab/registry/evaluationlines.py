"""What an evaluation has found, as the part of a model card that is about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mlops_jlab.registry.markdown import interval, number, table, text

_GROUPS = 20
_SLICES = 8
_TITLES = {
    "recall": "true positive rate", "mae": "mean absolute error", "demographic_parity_difference":
    "demographic parity difference", "demographic_parity_ratio": "demographic parity ratio",
    "equalized_odds_difference": "equalized odds difference", "equalized_odds_ratio": "equalized odds ratio",
}  # fmt: skip


def lines(report: Mapping[str, Any] | None) -> Iterator[str]:
    """The evaluation (its JSON) as Markdown; nothing where there is none."""
    if not report:
        return
    yield from ("", "## Evaluation", "")
    at = f"{datetime.fromtimestamp(report['at'], UTC):%Y-%m-%d %H:%M} UTC" if report.get("at") else ""
    positive = f" The positive class is {text(report['positive'])}." if report.get("positive") else ""
    yield (
        f"On {report['rows']:,} rows{f', {at}' if at else ''}; rows hang together by {text(report['unit'])}. "
        f"Intervals hold with {1 - report['alpha']:.0%} each.{positive}"
    )
    yield ""
    yield from table(
        [(name, _bounded(value)) for name, value in report["metrics"].items()], ("metric", "on these rows")
    )
    for one in report.get("fairness", ()):
        yield from _fairness(one)
    yield from _calibration(report.get("calibration"))
    yield from _slices(report.get("slices"))
    yield from importance(report.get("importance"))
    for one in report.get("dependence", ()):
        yield from _dependence(one)
    yield from _data(report.get("data", ()))


def title(name: str) -> str:
    """A metric or criterion in words."""
    return _TITLES.get(name, name.replace("_", " "))


def _bounded(value: Mapping[str, Any] | None) -> str:
    return interval(value["value"], value["low"], value["high"]) if value else ""


def _fairness(one: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", f"### Fairness by {text(one['column'])}", "")
    if one["criteria"]:
        yield from table(
            [(title(name), _bounded(value)) for name, value in one["criteria"].items()],
            ("criterion", "value"),
        )
        yield ""
    head = ["group", "rows", *(title(metric["metric"]) for metric in one["metrics"])]
    sizes = {rate["group"]: rate["rows"] for metric in one["metrics"] for rate in metric["groups"]}
    by = [
        {rate["group"]: interval(rate["value"], rate["low"], rate["high"]) for rate in metric["groups"]}
        for metric in one["metrics"]
    ]
    shown = sorted(sizes, key=lambda name: -sizes[name])[:_GROUPS]
    yield from table([(name, f"{sizes[name]:,}", *(f.get(name, "") for f in by)) for name in shown], head)
    gaps = [_bounded(metric["difference"]) for metric in one["metrics"]]
    if not one["criteria"]:
        yield from table([("largest difference", "", *gaps)], head)
    left = one.get("small", 0) + len(sizes) - len(shown)
    if left:
        yield from ("", f"{left} more groups are too small to look at, or have no room here.")


def _calibration(found: Mapping[str, Any] | None) -> Iterator[str]:
    if not found:
        return
    yield from ("", "### Calibration", "")
    if found.get("error"):
        chance = found.get("by_chance")
        more = (
            f" A perfectly calibrated model would show up to {number(chance)} on these rows."
            if chance is not None
            else ""
        )
        yield f"Expected calibration error {_bounded(found['error'])}.{more}"
        yield ""
    yield from table(
        [
            (number(p["said"]), interval(p["seen"], p["low"], p["high"]), f"{p['rows']:,}")
            for p in found["curve"]
        ],
        ("said, on average", "is so", "rows"),
    )


def _slices(found: Mapping[str, Any] | None) -> Iterator[str]:
    if not found:
        return
    yield from ("", "### Where it errs more", "")
    yield (
        f"Found by a tree on the {text(found['measure'])} of {found['searched']:,} rows, asked again of "
        f"{found['asked']:,} others and corrected for {found['candidates']} candidates (Bonferroni)."
    )
    sure = [one for one in found["slices"] if one["confirmed"]][:_SLICES]
    yield ""
    if not sure:
        yield "No slice is shown to be worse than the rest."
        return
    yield from table(
        [
            (one["rule"], f"{one['rows']:,}", number(one["loss"]), number(one["rest"]),
             interval(one["difference"], one["low"], one["high"]))
            for one in sure
        ],
        ("slice", "rows", found["measure"], "elsewhere", "difference"),
    )  # fmt: skip


def importance(found: Mapping[str, Any] | None) -> Iterator[str]:
    """What the model loses when a column is shuffled; nothing where that is not known."""
    if not found:
        return
    yield from ("", "### What it goes by", "")
    times = found.get("repeats", 1)
    yield (
        f"Loss in {text(found['metric'])} on {found['rows']:,} evaluation rows when one column is shuffled"
        f"{f', {times} times' if times > 1 else ''}. "
        "Columns that say the same stand in for one another: each may count little, both together much."
    )
    yield ""
    features: Sequence[Any] = found["features"]
    yield from table(
        [(name, number(loss), f"{number(low)} to {number(high)}") for name, loss, low, high in features],
        ("column", "loss", "95 % interval"),
    )
    if found["left_out"]:
        yield from ("", f"{found['left_out']} more columns were not looked at.")


def _dependence(one: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", f"### What it says by {text(one['column'])}", "")
    yield from table(
        [
            (number(value) or value, _bounded(said))
            for value, said in zip(one["values"], one["said"], strict=True)
        ],
        (one["column"], "mean prediction"),
    )


def _data(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in found:
        yield from ("", f"### Data by {text(one['column'])}", "")
        yield f"Beside the {one['reference_rows']:,} rows that it was fitted on."
        yield ""
        yield from table(
            [
                (part["group"], f"{part['share']:.1%}", f"{part['reference_share']:.1%}",
                 _bounded(part["label"]), number(part["reference_label"]))
                for part in one["groups"]
            ],
            ("group", "share of rows", "share then", one["label"], f"{one['label']} then"),
        )  # fmt: skip
        for sentence in one["findings"]:
            yield from ("", text(sentence))
