"""Drift: significant and large, or none; by the names that people know; whatever the data are like."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mlops_jlab.drift import distances
from mlops_jlab.drift.detecting import Drift, detect, persisting
from mlops_jlab.errors import InputError
from mlops_jlab.profiles import profile, written
from mlops_jlab.profiles.profile import Profile


def of(**columns: Any) -> Profile:
    return profile.of_frame(pd.DataFrame(columns))


def normal(seed: int, rows: int = 1000, columns: int = 20, shift: float = 0.0) -> Profile:
    values = np.random.default_rng(seed).normal(size=(rows, columns))
    values[:, 0] += shift
    return profile.of_frame(pd.DataFrame(values).add_prefix("x"))


def names(found: Drift) -> list[str]:
    return [column.name for column in found.drifted]


def test_distances_are_those_of_scipy() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=900), rng.normal(0.3, 1.2, size=800)
    a, b = of(x=one).columns[0], of(x=other).columns[0]
    assert distances.distance("ks", a, b) == pytest.approx(stats.ks_2samp(one, other).statistic)
    assert distances.wasserstein(a.quantiles, b.quantiles) == pytest.approx(
        stats.wasserstein_distance(one, other)
    )
    assert distances.distance("wasserstein", a, b) == pytest.approx(
        stats.wasserstein_distance(one, other) / one.std()
    )
    names_a, names_b = rng.choice(["x", "y", "z"], 500), rng.choice(["x", "y", "z"], 400, p=[0.5, 0.3, 0.2])
    c, d = of(x=names_a).columns[0], of(x=names_b).columns[0]
    table = [[(names_a == n).sum() for n in "xyz"], [(names_b == n).sum() for n in "xyz"]]
    assert distances.distance("chi-square", c, d) == pytest.approx(
        stats.chi2_contingency(table, correction=False).statistic
    )
    from scipy.spatial.distance import jensenshannon

    assert distances.distance("jensen-shannon", c, d) == pytest.approx(jensenshannon(*table, base=2))
    assert distances.distance("psi", a, a) == 0
    assert 0.1 < distances.distance("psi", a, b) < 0.4
    with pytest.raises(InputError, match="did you mean 'psi'"):
        distances.distance("pSi", a, b)


def test_ks_has_the_p_values_of_scipy() -> None:
    rng = np.random.default_rng(2)
    one, other = rng.normal(size=1000), rng.normal(0.15, 1, size=1000)
    found = detect(of(x=one), of(x=other)).columns[0]
    assert found.p == pytest.approx(stats.ks_2samp(one, other, method="asymp").pvalue, rel=0.15)


def test_equal_data_raise_no_alarm_and_moved_ones_do() -> None:
    before = normal(0, 5000)
    windows = [detect(before, normal(seed)) for seed in range(1, 41)]
    assert sum(window.found for window in windows) <= 2
    assert not any(persisting(windows[at : at + 3]) for at in range(38))
    moved = [detect(before, normal(seed, shift=0.3)) for seed in range(1, 11)]
    assert all("x0" in names(window) for window in moved)
    assert sum(len(names(window)) - 1 for window in moved) <= 2
    assert persisting(moved) == ("x0",)
    assert "x0" in repr(moved[0])
    assert "moved by 0.26 sd" in moved[0].columns[0].why


def test_a_difference_that_does_not_matter_is_no_drift_however_many_rows_say_so() -> None:
    found = detect(normal(0, 50_000, 3), normal(1, 50_000, 3, shift=0.05))
    assert found.columns[0].p < 1e-6
    assert not found.found
    assert detect(normal(0, 50_000, 3), normal(1, 50_000, 3, shift=0.05), effect=0.03).found


def test_many_rare_categories_are_no_large_change() -> None:
    rng = np.random.default_rng(3)
    words = np.array([f"c{i}" for i in range(52)])
    shares = np.r_[np.full(50, 0.001), 0.55, 0.4]
    before = of(x=words[rng.choice(52, 5000, p=shares)])
    effects = [
        detect(before, of(x=words[rng.choice(52, 1000, p=shares)])).columns[0].effect for _ in range(20)
    ]
    assert np.median(effects) < 0.03
    new = words[rng.choice(52, 1000, p=shares)]
    new[:100] = "never seen"
    found = detect(before, of(x=new))
    assert names(found) == ["x"]
    assert "10.0% are new" in found.columns[0].why


def test_missing_values_types_and_columns_that_are_gone_are_drift() -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(size=1000)
    before = of(a=values, b=values, c=values, d=values)
    now = pd.DataFrame(
        {
            "a": np.where(rng.random(1000) < 0.1, np.nan, values),
            "b": values.astype(str),
            "d": values,
            "new": 1,
        }
    )
    found = {column.name: column for column in detect(before, profile.of_frame(now)).drifted}
    assert found["a"].test == "missing"
    assert found["b"].why == "was number, is text now"
    assert found["c"].why == "the column is gone"
    assert set(found) == {"a", "b", "c"}


def test_a_column_that_is_not_used_does_not_cry() -> None:
    before, now = normal(0, 2000, 5), normal(1, 2000, 5, shift=2)
    assert names(detect(before, now, importance={"x1": 1.0, "x2": 0.5})) == []
    assert names(detect(before, now, importance={"x0": 0.1, "x1": 1.0})) == ["x0"]


def test_rows_that_hang_together_need_windows_of_the_past() -> None:
    from scipy.signal import lfilter

    def window(seed: int, rows: int = 1000, shift: float = 0.0) -> Profile:
        noise = np.random.default_rng([9, seed]).normal(size=(rows + 200, 5)) * np.sqrt(1 - 0.81)
        return profile.of_frame(
            pd.DataFrame(
                lfilter([1], [1, -0.9], noise, axis=0)[200:] + np.array([shift, 0, 0, 0, 0])
            ).add_prefix("x")
        )

    before = window(0, 5000)
    history = [window(seed) for seed in range(1, 13)]
    plain = [detect(before, window(seed)) for seed in range(20, 50)]
    calibrated = [detect(before, window(seed), history=history) for seed in range(20, 50)]
    assert sum(one.found for one in plain) > 15
    assert sum(one.found for one in calibrated) <= 3
    assert calibrated[0].calibrated == 12
    assert detect(before, window(60, shift=1.0), history=history).found


@pytest.mark.parametrize("values", [
    [1.0] * 50, [np.nan] * 50, [None] * 50, ["a"] * 50, [[1]] * 50, [True] * 50, [1e308, -1e308] * 25, [0.1 + 0.2] * 50,
    [f"text {i}" for i in range(50)], pd.date_range("2020", periods=50), pd.Categorical(["a", "b"] * 25),
], ids=lambda values: repr(values)[:25])  # fmt: skip
def test_no_column_breaks_it_and_equal_is_equal(values: Any) -> None:
    one = of(x=values)
    found = detect(one, of(x=values))
    assert not found.found
    read = written.from_json(written.as_json(one, None))
    assert not detect(read, one).found
    for name in distances.DISTANCES:
        assert distances.distance(name, one.columns[0], one.columns[0]) == pytest.approx(0.0, abs=1e-9)
    assert repr(detect(one, of(x=["z"] * 50)))


def test_a_constant_that_has_another_value_has_drifted() -> None:
    assert detect(of(x=[1.0] * 100), of(x=[2.0] * 100)).found
    assert not detect(of(x=[0.3] * 100), of(x=[0.1 + 0.2] * 100)).found


def test_few_rows_are_not_judged_and_nothing_in_common_is_refused() -> None:
    found = detect(of(x=range(1000)), of(x=range(10)))
    assert (found.found, found.not_judged) == (False, ("x",))
    assert "for want of rows: x" in repr(found)
    with pytest.raises(InputError, match="no column in common"):
        detect(of(x=[1]), of(y=[1]))
    with pytest.raises(InputError, match="alpha"):
        detect(of(x=[1]), of(x=[1]), alpha=5)


def test_long_texts_are_compared_by_their_length() -> None:
    rng = np.random.default_rng(5)

    def texts(longest: int) -> list[str]:
        return ["".join(rng.choice(list("abcdefgh"), rng.integers(5, longest))) for _ in range(800)]

    before = of(x=texts(30))
    assert not detect(before, of(x=texts(30))).found
    found = detect(before, of(x=texts(60))).columns[0]
    assert found.drifted
    assert "lengths moved" in found.why


def test_a_coarse_reference_raises_no_alarm_of_its_own() -> None:
    rng = np.random.default_rng(6)
    before = profile.of_frame(pd.DataFrame(rng.normal(size=(5000, 50))).add_prefix("x"))
    coarse = written.from_json(written.as_json(before))  # 20 kB for 50 columns
    now = [profile.of_frame(pd.DataFrame(rng.normal(size=(5000, 50))).add_prefix("x")) for _ in range(5)]
    assert not any(detect(coarse, one).found for one in now)
    moved = profile.of_frame(pd.DataFrame(rng.normal(0.5, 1, size=(5000, 50))).add_prefix("x"))
    assert len(detect(coarse, moved).drifted) == 50


def test_a_classifier_sees_what_no_column_shows() -> None:
    from mlops_jlab.datasets.classifying import tell_apart

    rng = np.random.default_rng(7)

    def table(sign: float) -> pd.DataFrame:
        x = rng.normal(size=3000)
        return pd.DataFrame(
            {
                "x": x,
                "y": sign * 0.8 * x + 0.6 * rng.normal(size=3000),
                "c": rng.choice(["a", "b", None], 3000),
            }
        )

    before, same, turned = table(1), table(1), table(-1)
    assert not detect(profile.of_frame(before), profile.of_frame(turned)).found
    equal, found = tell_apart(before, same), tell_apart(before, turned)
    assert equal.low < 0.5 < equal.high
    assert found.low > 0.8
    assert {name for name, _lost in found.columns[:2]} == {"x", "y"}
    assert "tells them apart: AUC 0." in repr(found)
    assert "cannot tell" in repr(equal)
    with pytest.raises(InputError, match="at least 100"):
        tell_apart(before.head(10), same)
    with pytest.raises(InputError, match="no column in common"):
        tell_apart(before, same.add_prefix("z"))


def test_on_the_command_line(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    from click.testing import CliRunner

    import mlops_jlab
    from mlops_jlab.cli.main import cli
    from mlops_jlab.store.recorder import close_all

    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    rng = np.random.default_rng(8)
    for name, shift in (("before", 0.0), ("now", 0.0), ("moved", 1.0)):
        pd.DataFrame({"x": rng.normal(shift, 1, 800), "y": rng.normal(size=800)}).to_csv(
            tmp_path / f"{name}.csv", index=False
        )
    mlops_jlab.add_dataset("d", tmp_path / "before.csv")
    (tmp_path / "p.json").write_text(written.as_json(mlops_jlab.profile(tmp_path / "now.csv")))

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(
            cli, ["data", "drift", *words], catch_exceptions=False, standalone_mode=False
        )
        return int(done.return_value), done.output

    assert run("d@latest", str(tmp_path / "p.json"))[0] == 0
    code, told = run("d", str(tmp_path / "moved.csv"), "--distance", "psi")
    assert code == 1
    assert "✗ x" in told
    assert "psi x" in told
    found = json.loads(run("d", str(tmp_path / "moved.csv"), "--format", "json", "--distance", "ks")[1])
    assert [one["name"] for one in found["columns"] if one["drifted"]] == ["x"]
    assert found["distances"]["x"] > 0.3
    with pytest.raises(InputError, match="there is no dataset 'nowhere'"):
        run("nowhere", "d")
    assert mlops_jlab.compare_data("d", pd.DataFrame({"x": [0.0] * 100})).found
    close_all()


def test_texts_drift_by_what_any_language_shows_and_by_words_that_nobody_knew() -> None:
    words = np.array([f"wort{n}" for n in range(2000)])
    shares = 1 / np.arange(1, 2001)

    def texts(seed: int, count: int = 600, new: float = 0.0, loud: bool = False) -> Profile:
        random = np.random.default_rng([5, seed])
        made = []
        for _ in range(count):
            some = random.choice(words, random.integers(5, 15), p=shares / shares.sum())
            told = [f"neu{random.integers(10**6)}" if random.random() < new else word for word in some]
            made.append(" ".join(told).upper() if loud and random.random() < 0.2 else " ".join(told))
        return of(note=made)

    before = texts(0, 2000)
    assert sum(detect(before, texts(seed)).found for seed in range(1, 13)) <= 1
    kept = written.from_json(written.as_json(before, None))
    assert not detect(kept, texts(20)).found
    strange = detect(kept, texts(21, new=0.15))
    by = {column.test: column for column in strange.columns}
    assert by["vocabulary"].drifted
    assert "words that the reference does not know" in by["vocabulary"].why
    assert not by["words"].drifted
    loud = {column.test for column in detect(before, texts(22, loud=True)).drifted}
    assert "capitals" in loud
    assert "vocabulary" not in loud
    halves = profile.merged([texts(1), texts(2)]).columns[0].text
    assert halves is not None
    assert halves.texts == 1200
    assert of(name=[f"name-{n}" for n in range(600)]).columns[0].text is None  # names are no texts
    assert written.from_json(written.as_json(before)).columns[0].text is None  # within 20 kB
