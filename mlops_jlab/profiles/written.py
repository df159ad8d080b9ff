"""Profiles as JSON, within a bound of bytes, and back."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mlops_jlab.errors import InputError
from mlops_jlab.profiles.columns import ColumnProfile
from mlops_jlab.profiles.frames import Kind
from mlops_jlab.profiles.profile import Profile, Together
from mlops_jlab.profiles.rates import LabelRates
from mlops_jlab.profiles.sketches import EMPTY, POINTS, Quantiles
from mlops_jlab.profiles.texts import MEASURES, TextProfile

BOUND = 20_000  # bytes of a profile that is kept with a run
FORMAT = 1
_TEXT_POINTS = 256
_LEAST = 100  # bytes of a column with hardly anything in it
_STEPS = ((POINTS, 1000), (256, 200), (128, 100), (64, 50), (48, 30), (32, 20), (24, 10), (16, 8), (12, 5),
          (8, 3), (5, 2), (0, 0))  # fmt: skip


def as_json(profile: Profile, bound: int | None = BOUND) -> str:
    """The profile as JSON of at most ``bound`` bytes, as fine as has room there; None: in full.

    Where not even the plainest description of all columns has room, the last ones are left out and counted.
    Rates of labels and what texts look like are written where there is no bound.
    """
    room = math.inf if bound is None else bound
    steps = _STEPS[-1:] if len(profile.columns) * _LEAST > room else _STEPS
    text = ""
    for points, categories in steps:
        text = _text(profile, points, categories, full=bound is None)
        if len(text.encode()) <= room:
            return text
    kept = len(profile.columns)
    while kept > 1 and len(text.encode()) > room:
        kept = min(kept - 1, int(kept * room / len(text.encode())))
        columns = profile.columns[:kept]
        fewer = Profile(profile.rows, columns, None, profile.left_out + len(profile.columns) - kept)
        text = _text(fewer, 0, 0)
    return text


def _text(profile: Profile, points: int, categories: int, *, full: bool = False) -> str:
    content: dict[str, Any] = {
        "format": FORMAT, "rows": profile.rows,
        "columns": [
            {**_column(column, points, categories), **(_texts(column) if full else {})}
            for column in profile.columns
        ],
    }  # fmt: skip
    if profile.left_out:
        content["left_out"] = profile.left_out
    if profile.together is not None and points:
        content["together"] = _together(profile.together)
    if profile.rates and full:
        content["rates"] = [
            {"group": one.group, "label": one.label,
             "rows": {name: _short(count, 9) for name, count in one.rows.items()},
             "positive": {name: _short(count, 9) for name, count in one.positive.items()}}
            for one in profile.rates
        ]  # fmt: skip
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _together(together: Together) -> dict[str, Any]:
    scale = np.sqrt(np.diag(together.products) / max(together.count, 1.0))
    safe = np.where(scale > 0, scale, 1.0)
    matrix = together.products / max(together.count, 1.0) / np.outer(safe, safe)
    return {
        "names": list(together.names), "count": _short(together.count, 12),
        "means": [_short(value, 9) for value in together.means],
        "deviations": [_short(value, 9) for value in scale],
        "correlations": [[_short(matrix[i, j], 4) for j in range(i)] for i in range(len(matrix))],
    }  # fmt: skip


def _column(column: ColumnProfile, points: int, categories: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": column.name, "kind": str(column.kind), "dtype": column.dtype, "rows": column.rows,
    }  # fmt: skip
    for key in ("missing", "infinite"):
        if getattr(column, key):
            found[key] = getattr(column, key)
    if column.sampled:
        found["sampled"] = True
    if column.finite:
        found |= {
            "finite": column.finite, "minimum": _short(column.minimum, 12),
            "maximum": _short(column.maximum, 12), "mean": _short(column.mean, 12),
            "squares": _short(column.squares, 9),
        }  # fmt: skip
    quantiles = column.quantiles.shortened(points) if points else EMPTY
    if len(quantiles.values):
        digits = 12 if column.kind is Kind.TIME or quantiles.exact else 6
        found["values"] = [_short(value, digits) for value in quantiles.values]
        found["weights"] = _weights(quantiles)
        if not quantiles.exact:
            found["exact"] = False
    order = sorted(column.top.items(), key=lambda item: (-item[1], item[0]))
    if order[:categories]:
        found["top"] = {name: _short(count, 9) for name, count in order[:categories]}
    rarer = column.rarer + sum(count for _name, count in order[categories:])
    if rarer:
        found["rarer"] = _short(rarer, 9)
    return found


def _texts(column: ColumnProfile) -> dict[str, Any]:
    if column.text is None:
        return {}
    text = column.text.shortened()
    measures = {
        name: {"values": [_short(v, 6) for v in found.values], "weights": _weights(found)}
        for name, found in ((name, found.shortened(_TEXT_POINTS)) for name, found in text.measures.items())
    }
    return {"text": {"texts": text.texts, "measures": measures, "vocabulary": dict(text.vocabulary),
                     "rarer": text.rarer, "unknown": text.unknown}}  # fmt: skip


def _weights(quantiles: Quantiles) -> list[Any] | float:
    """The weights; one number where they are all the same."""
    short = [_short(weight, 9 if quantiles.exact else 6) for weight in quantiles.weights]
    return short[0] if len(set(short)) == 1 else short


def _short(value: float, digits: int) -> Any:
    number = float(value)
    if not math.isfinite(number):
        return None
    number = float(f"{number:.{digits}g}")
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def plain(profile: Profile) -> dict[str, Any]:
    """The profile for programs: with quantiles, histograms and correlations spelt out."""
    columns = []
    for column in profile.columns:
        found = _column(column, 0, 20)
        found.pop("squares", None)
        edges, counts = column.quantiles.histogram()
        shares = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
        if edges:
            found["quantiles"] = {str(s): _short(column.quantiles.quantile(s), 12) for s in shares}
            found["histogram"] = {
                "edges": [_short(e, 9) for e in edges],
                "rows": [_short(c, 9) for c in counts],
            }
            found["deviation"] = _short(column.deviation, 9)
        found["distinct"] = column.distinct
        columns.append(found)
    pairs = profile.together.correlations() if profile.together else ()
    return {
        "rows": profile.rows, "columns": columns, "left_out": profile.left_out,
        "correlations": [[one, other, round(value, 4)] for one, other, value in pairs],
    }  # fmt: skip


def from_json(text: str | bytes) -> Profile:
    """The profile that :func:`as_json` wrote.

    Raises:
        InputError: it is none.
    """
    try:
        content = json.loads(text)
        if content["format"] != FORMAT:
            raise InputError(
                f"a profile of format {content['format']!r}", hint="update mlops-jlab to read it"
            )
        columns = tuple(_read_column(entry) for entry in content["columns"])
        together = _read_together(content["together"]) if "together" in content else None
        rates = tuple(_read_rates(entry) for entry in content.get("rates", ()))
        return Profile(int(content["rows"]), columns, together, int(content.get("left_out", 0)), rates)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"this is not a profile: {error!r}", hint="give a file that data profile wrote"
        ) from error


def _read_column(entry: Mapping[str, Any]) -> ColumnProfile:
    values = np.array([_float(value) for value in entry.get("values", ())], dtype=float)
    weights = entry.get("weights", [])
    weights = [weights] * len(values) if isinstance(weights, (int, float)) else weights
    quantiles = Quantiles(values, np.array(weights, dtype=float), bool(entry.get("exact", True)))
    text = _read_text(entry["text"]) if "text" in entry else None
    if len(quantiles.weights) != len(values):
        raise ValueError("as many weights as values")
    numbers = {key: _float(entry.get(key)) for key in ("minimum", "maximum", "mean")}
    return ColumnProfile(
        str(entry["name"]), Kind(entry["kind"]), str(entry["dtype"]), int(entry["rows"]),
        int(entry.get("missing", 0)), int(entry.get("infinite", 0)), int(entry.get("finite", 0)),
        **numbers, squares=_float(entry.get("squares", 0.0)), quantiles=quantiles,
        top={str(name): float(count) for name, count in entry.get("top", {}).items()},
        rarer=float(entry.get("rarer", 0.0)), sampled=bool(entry.get("sampled", False)), text=text,
    )  # fmt: skip


def _read_text(entry: Mapping[str, Any]) -> TextProfile:
    measures = {}
    for name in MEASURES:
        values = np.array([_float(value) for value in entry["measures"][name]["values"]])
        weights = entry["measures"][name]["weights"]
        weights = [weights] * len(values) if isinstance(weights, (int, float)) else weights
        measures[name] = Quantiles(values, np.array(weights, dtype=float), exact=False)
    counts = {str(word): _float(count) for word, count in entry["vocabulary"].items()}
    return TextProfile(
        _float(entry["texts"]), measures, counts, _float(entry["rarer"]), _float(entry["unknown"])
    )


def _read_rates(entry: Mapping[str, Any]) -> LabelRates:
    rows, positive = ({str(k): _float(v) for k, v in entry[part].items()} for part in ("rows", "positive"))
    return LabelRates(str(entry["group"]), str(entry["label"]), rows, positive)


def _float(value: Any) -> float:
    return math.nan if value is None else float(value)


def _read_together(entry: Mapping[str, Any]) -> Together:
    size = len(entry["names"])
    matrix = np.eye(size)
    for i, row in enumerate(_rows(entry["correlations"])):
        matrix[i, : len(row)] = row
        matrix[: len(row), i] = row
    scale = np.array([_float(value) for value in entry["deviations"]])
    count = float(entry["count"])
    means = np.array([_float(value) for value in entry["means"]])
    return Together(tuple(map(str, entry["names"])), count, means, matrix * np.outer(scale, scale) * count)


def _rows(rows: Any) -> Iterator[list[float]]:
    for row in rows:
        yield [_float(value) for value in row]
