"""Profiles: what is exact is exact, what is estimated stays within its error, and nothing breaks them."""

from __future__ import annotations

import datetime
import decimal
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlops_jlab
from mlops_jlab.errors import InputError
from mlops_jlab.profiles import chunks, profile, sketches, written
from mlops_jlab.profiles.frames import Kind


def worst_rank(found: sketches.Quantiles, values: np.ndarray) -> float:
    """The largest distance between the ranks of a sketch and those of all values."""
    values = np.sort(values)
    at = np.unique(np.quantile(values, np.linspace(0, 1, 501), method="lower"))
    return float(np.abs(found.rank(at) - np.searchsorted(values, at, side="right") / len(values)).max())


def test_a_small_table_is_known_exactly() -> None:
    frame = pd.DataFrame(
        {"n": [3.0, 1.0, None, 2.0], "t": ["a", "b", "a", None], "b": [True, False, True, True]}
    )
    found = mlops_jlab.profile(frame)
    n, t, b = found.columns
    assert (n.rows, n.missing, n.minimum, n.maximum, n.mean, n.distinct) == (4, 1, 1.0, 3.0, 2.0, 3)
    assert n.deviation == pytest.approx(frame.n.std(ddof=0))
    assert n.quantiles.quantile(0.5) == 2.0
    assert (dict(t.top), t.missing, t.distinct) == ({"a": 2, "b": 1}, 1, 2)
    assert dict(b.top) == {"True": 3, "False": 1}


def test_parts_together_are_one_pass() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.normal(size=60_000), "y": rng.exponential(size=60_000)})
    frame["z"] = frame.x + frame.y
    frame["c"] = rng.choice(["a", "b", "c"], 60_000)
    whole = profile.of_frame(frame)
    parts = profile.merged([profile.of_frame(frame.iloc[at : at + 1000]) for at in range(0, 60_000, 1000)])
    for name in ("x", "y", "z"):
        one, other = whole.column(name), parts.column(name)
        assert one is not None
        assert other is not None
        assert other.mean == pytest.approx(one.mean)
        assert other.deviation == pytest.approx(one.deviation)
        assert (other.minimum, other.maximum) == (one.minimum, one.maximum)
        assert worst_rank(other.quantiles, frame[name].to_numpy()) < 0.005
        assert worst_rank(one.quantiles, frame[name].to_numpy()) < 0.01  # a sample
    assert parts.together is not None
    for one_name, other_name, value in parts.together.correlations():
        assert value == pytest.approx(frame[one_name].corr(frame[other_name]), abs=1e-9)
    c = parts.column("c")
    assert c is not None
    assert dict(c.top) == frame.c.value_counts().to_dict()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=40), min_size=1, max_size=8)
)
def test_whatever_the_numbers_are_parts_give_the_counts_of_the_whole(parts: list[list[float]]) -> None:
    frames = [pd.DataFrame({"x": pd.Series(part, dtype=float)}) for part in parts]
    merged = profile.merged([profile.of_frame(frame) for frame in frames]).columns[0]
    whole = profile.of_frame(pd.concat(frames, ignore_index=True)).columns[0]
    assert (merged.rows, merged.missing, merged.infinite, merged.finite) == (
        whole.rows, whole.missing, whole.infinite, whole.finite,
    )  # fmt: skip
    assert merged.quantiles.values.tolist() == whole.quantiles.values.tolist()
    again = written.from_json(written.as_json(profile.Profile(whole.rows, (whole,)), None))
    assert again.columns[0].quantiles.total == pytest.approx(whole.finite)


@pytest.mark.parametrize("values", [
    np.zeros(200_000), np.repeat([0.0, 1.0], [199_800, 200]), np.arange(200_000) % 7.0,
    np.where(np.arange(200_000) % 3, 0.0, np.arange(200_000)),
], ids=["constant", "rare one", "few values", "two thirds zero"])  # fmt: skip
def test_ties_keep_their_weight(values: np.ndarray) -> None:
    found = profile.of_frame(pd.DataFrame({"x": values})).columns[0]
    assert worst_rank(found.quantiles, values) < 0.01
    read = written.from_json(written.as_json(profile.of_frame(pd.DataFrame({"x": values})))).columns[0]
    assert worst_rank(read.quantiles, values) < 0.01


def test_a_shortened_distribution_keeps_its_ends_and_its_weight() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=5_000)
    found = sketches.of(values)
    assert len(found.values) <= sketches.POINTS
    for points in (3, 8, 64, 1023):
        short = found.shortened(points)
        assert len(short.values) <= points
        assert short.total == pytest.approx(5_000)
        assert (short.weights >= 0).all()
        assert (short.values[0], short.values[-1]) == (values.min(), values.max())
        assert worst_rank(short, values) < 2.5 / points + 0.002


NASTY: dict[str, Any] = {
    "nothing at all": [None] * 5, "not a number": [np.nan] * 5, "infinite": [np.inf, -np.inf, 1.0, 2.0, np.nan],
    "huge": [1e308, -1e308, 1e308, 0.0, -0.0], "decimals": [decimal.Decimal("1.5"), None, decimal.Decimal(2)] + [None] * 2,
    "lists": [[1], [2], None, [], [3]], "dicts": [{"a": 1}] * 5, "mixed": [1, "a", None, 2.0, b"x"],
    "large integers": [2**70, -(2**70), 1, 2, 3], "dates": [datetime.date(2020, 1, 1)] * 4 + [None],
    "zones": [datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
              datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=5)))] + [None] * 3,
    "surrogates": pd.Series(["\ud800", "a", "<b>", "=1+1", "x" * 500], dtype=object),
    "nullable": pd.array([1, None, 3, 4, 5], dtype="Int64"),
    "categories": pd.Categorical(["a", None, "b", "a", "a"], categories=["a", "b", "never"]),
    "numbers as categories": pd.Categorical([1, 2, 1, None, 1]),
    "periods": pd.period_range("2020-01", periods=5, freq="M"),
    "durations": pd.to_timedelta([1, 2, None, 4, 5], unit="s"),
    "complex": [1j, 2, 3, 4, 5],
    "arrow decimals": pd.array([decimal.Decimal("1.5"), None] * 2 + [None], dtype=pd.ArrowDtype(pa.decimal128(5, 2))),
    "arrow structs": pd.array([{"a": 1}] * 5, dtype=pd.ArrowDtype(pa.struct({"a": pa.int64()}))),
}  # fmt: skip


@pytest.mark.parametrize("name", NASTY)
def test_any_column_has_a_profile_that_can_be_written_and_read(name: str) -> None:
    frame = pd.DataFrame({"x": NASTY[name]})
    found = profile.of_frame(frame)
    assert found.columns[0].rows == 5
    text = written.as_json(profile.merged([found, profile.of_frame(frame.iloc[:2]), found]))
    assert written.as_json(written.from_json(text)) == text
    json.dumps(written.plain(found), allow_nan=False)
    assert repr(found)
    assert "<b>" not in found._repr_html_()


def test_times_of_several_zones_are_moments() -> None:
    found = profile.of_frame(pd.DataFrame({"x": NASTY["zones"]})).columns[0]
    assert found.kind is Kind.TIME
    assert found.maximum - found.minimum == 5 * 3600


def test_decimals_and_nullable_numbers_are_numbers() -> None:
    for name in ("decimals", "nullable", "arrow decimals", "large integers", "durations"):
        assert profile.of_frame(pd.DataFrame({"x": NASTY[name]})).columns[0].kind is Kind.NUMBER, name


def test_a_profile_of_fifty_columns_is_under_20_kB_and_one_of_10_000_too() -> None:
    rng = np.random.default_rng(3)
    for columns, rows in ((50, 3_000), (200, 50), (10_000, 2)):
        frame = pd.DataFrame(rng.normal(size=(rows, columns)))
        found = profile.of_frame(frame)
        text = written.as_json(found)
        assert len(text.encode()) <= 20_000
        read = written.from_json(text)
        assert len(read.columns) + read.left_out == columns
        assert columns > 50 or worst_rank(read.columns[7].quantiles, frame[7].to_numpy()) < 0.2


def test_columns_of_one_name_and_columns_that_come_and_go() -> None:
    frame = pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"])
    assert [column.name for column in profile.of_frame(frame).columns] == ["a", "a (2)"]
    one, other = pd.DataFrame({"a": [1], "b": [2]}), pd.DataFrame({"b": [3], "c": ["x"]})
    both = profile.merged([profile.of_frame(one), profile.of_frame(other)])
    assert [(c.name, c.rows, c.missing) for c in both.columns] == [("a", 2, 1), ("b", 2, 0), ("c", 2, 1)]
    mixed = profile.merged(
        [profile.of_frame(pd.DataFrame({"a": [1]})), profile.of_frame(pd.DataFrame({"a": ["x"]}))]
    )
    assert mixed.columns[0].kind is Kind.OTHER


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".jsonl", ".feather", ".csv.gz", ".tsv"])
def test_a_file_is_read_in_parts(tmp_path: Path, ending: str) -> None:
    frame = pd.DataFrame({"n": np.arange(1000.0), "c": ["x", "y"] * 500})
    path = tmp_path / f"data{ending}"
    if ".csv" in ending or ending == ".tsv":
        frame.to_csv(path, index=False, sep="\t" if ending == ".tsv" else ",")
    elif ending == ".jsonl":
        frame.to_json(path, orient="records", lines=True)
    elif ending == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_feather(path)
    assert max(len(part) for part in chunks.of_file(path, rows=300)) <= 300
    found = mlops_jlab.profile(path)
    assert [(c.name, c.rows) for c in found.columns] == [("n", 1000), ("c", 1000)]
    assert found.columns[0].mean == 499.5
    assert mlops_jlab.profile(str(tmp_path)).rows == 1000


def test_what_speaks_arrow_is_a_table() -> None:
    class Foreign:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return pa.table({"x": [1, 2]}).__arrow_c_stream__(requested_schema)

    for data in (pa.table({"x": [1, 2]}), Foreign(), {"x": [1, 2]}, np.array([[1], [2]])):
        assert mlops_jlab.profile(data).rows == 2


def test_what_is_no_table_is_refused_with_the_reason(tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 not at all")
    empty = tmp_path / "empty.csv"
    empty.touch()
    for data, words in ((object(), "is not a table"), (broken, "cannot be read"), (empty, "cannot be read"),
                        (tmp_path / "none.csv", "there is no file"), (Path(__file__), "not read")):  # fmt: skip
        with pytest.raises(InputError, match=words):
            mlops_jlab.profile(data)
    with pytest.raises(InputError, match="not a profile"):
        written.from_json('{"format": 1}')
