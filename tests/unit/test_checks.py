"""Checks of data: every rule finds what it is to find, and a line that is not a rule is said when it is written."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mlops_jlab
from mlops_jlab import telling
from mlops_jlab.checks.judging import Surroundings, judge
from mlops_jlab.checks.results import CheckResult, percent
from mlops_jlab.checks.rules import parse, rule_of
from mlops_jlab.dataflow.analysis import analyse
from mlops_jlab.errors import DataBlocked, InputError
from mlops_jlab.notebook.reading import from_node
from mlops_jlab.profiles import profile, written
from mlops_jlab.store import opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all
from tests.conftest import notebook_json

NOW = datetime.datetime(2013, 7, 1, tzinfo=UTC)
FRAME = pd.DataFrame({
    "id": [1, 2, 3, 3], "carrier": ["AA", "DL", None, "ZZ"], "distance": [100.0, -5.0, np.nan, 9000.0],
    "date": pd.to_datetime(["2013-06-01", "2013-06-30 23:59", "2013-05-01", None], format="ISO8601"),
    "late": [True, False, True, True], "odd name": ["N1", "N2", "x", "N4"], "count": [1.0, 2.0, 2.5, 4.0],
})  # fmt: skip


def asked(rules: str, frame: Any = FRAME, **around: Any) -> CheckResult:
    return judge(frame, parse(rules), Surroundings(around.pop("now", NOW), **around))


@pytest.mark.parametrize(("rule", "rows"), [
    ("distance above 0", (1,)), ("distance at least -5", ()), ("distance below 9000", (3,)),
    ("distance at most 9000", ()), ("distance between 0 and 5000", (1, 3)),
    ("carrier in AA, DL", (3,)), ("carrier in 'AA', \"DL\", ZZ", ()), ("id in 1, 2", (2, 3)), ("late in True", (1,)),
    ("'odd name' matches N\\d", (2,)), ('"odd name" matches N\\d|x', ()), ("id unique", (2, 3)), ("id, carrier unique", ()),
    ("carrier never missing", (2,)), ("date never missing", (3,)), ("count is a whole number", (2,)),
    ("date between 2013-05-02 and 2013-06-30", (2,)), ("date above 2013-06-01", (0, 2)), ("date at most 2013-06-29", (1,)),
    ("date below 2013-06-30 23:59", (1,)), ("carrier found in carriers.code", (3,)),
])  # fmt: skip
def test_a_rule_finds_the_rows_that_break_it(rule: str, rows: tuple[int, ...]) -> None:
    found = asked(rule, tables={"carriers": {"code": ["AA", "DL"]}}).rules[0]
    assert found.rows == rows
    assert (found.outcome == "holds") is not bool(rows)
    assert found.failing == len(rows)
    assert asked(f"warn: {rule}", tables={"carriers": {"code": ["AA", "DL"]}}).passed


@pytest.mark.parametrize(("rule", "holds"), [
    ("rows at least 4", True), ("rows at least 5", False), ("rows at most 4", True), ("rows between 1 and 3", False),
    ("columns id, carrier, 'odd name'", True), ("columns id, carier", False),
    ("only columns id, carrier, distance, date, late, 'odd name', count", True), ("only columns id", False),
    ("distance is a number", True), ("carrier is a number", False), ("late is a boolean", True), ("date is a time", True),
    ("carrier is text", True), ("count is a whole number", False), ("distance missing below 25 %", True),
    ("distance missing below 24.9 %", False), ("date fresh within 1 day", True), ("date fresh within 0.5 minutes", False),
    ("distance above 0 for 75 % of rows", True), ("distance above 0 for 76 % of rows", False), ("carrier above 3", False),
    ("late in AA", False), ("nowhere above 3", False),
])  # fmt: skip
def test_a_rule_holds_or_not(rule: str, holds: bool) -> None:
    assert asked(rule).passed is holds


def test_what_is_wrong_is_said_with_column_values_and_share() -> None:
    found = asked("distance between 0 and 5000\ncarier never missing").failed
    assert found[0].column == "distance"
    assert found[0].why == "2 of 4 rows (50 %): -5 to 9000"
    assert found[1].why == "there is no column 'carier'; did you mean 'carrier'?"
    assert percent(1e-9) == "under 0.01 %"
    assert percent(1 - 1e-9) == "over 99.99 %"


@pytest.mark.parametrize(("text", "words"), [
    ("distance abov 0", "did you mean 'above'"), ("distance is a nummer", "did you mean 'number'"), ("carrier in AA,,DL", "missing between"),
    ("distance between 5 and 1", "the lower one comes first"), ("date between 2013-01-01 and 7", "of one kind"),
    ("name matches (", "is not a pattern"), ("id unique for 99 % of rows", "row by row"), ("distance above 0 for 0 % of rows", "above 0 %"),
    ("carrier found in carriers", "TABLE.COLUMN"), ("rows within 50 % of the last 0 runs", "no last 0 runs"), ("rows within 50 % of the last " + "9" * 5000 + " runs", "no last 9999"),
    ("date above 2013-13-45", "neither a number nor a date"), ("rows at least many", "is not a rule"), ("x like the reference within ...", "not a number"),
])  # fmt: skip
def test_what_is_no_rule_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(InputError) as error:
        parse(f"rows at least 1   # a comment\n\n{text}")
    assert "rule 3: " in error.value.message
    assert words in str(error.value)


def test_comments_end_a_rule_and_quotes_keep_everything() -> None:
    assert rule_of("tag in 'A#1', \"b  c\"").words == ("A#1", "b  c")
    assert parse("tag   in 'A#1', \"b  c\" # why")[0].words == ("A#1", "b  c")


def test_rules_are_checked_when_they_are_written() -> None:
    source = ('import mlops_jlab\nRULES = "rows at leest 1"\n', "mlops_jlab.check_data(df, '''\nrows at least 1\nx abov 3\n''', name='a')\n"
              "mlops_jlab.check_data(df, rules=['x is a numbr'])\nmlops_jlab.check_data(df, RULES)\nmlops_jlab.check_data(df, f'{df}')")  # fmt: skip
    cells = [("step:a", "import pandas as pd\ndf = pd.DataFrame()\n" + source[0]), ("step:b", source[1])]
    graph = analyse(*from_node(notebook_json(cells), Path("/nowhere/nb.ipynb"), "0" * 64))
    found = [(f.code, f.line) for f in graph.findings if f.code == "data-rule"]
    assert sorted(found, key=lambda one: one[1] or 99) == [
        ("data-rule", 3),
        ("data-rule", 5),
        ("data-rule", 0),
    ]


def test_a_table_without_rows_does_not_hold_unless_a_rule_allows_it() -> None:
    empty = FRAME.iloc[:0]
    assert not asked("carrier never missing", empty).passed
    assert asked("rows at least 0\ncarrier never missing\ndistance above 0\nid unique", empty).passed


@pytest.mark.parametrize("values", [
    [None] * 3, [np.nan] * 3, [[1], [2], None], [decimal.Decimal("1.5"), None, decimal.Decimal(-3)],
    [np.inf, -np.inf, 0.0], [1, "a", None], pd.Categorical(["a", "b", None]), pd.array([1, None, 3], dtype="Int64"),
    [datetime.date(2013, 6, 1), None, datetime.date(2012, 1, 1)], pd.to_timedelta([1, 2, None], unit="D"),
    [1j, 2j, 3j], pd.period_range("2013", periods=3, freq="D"), pd.Series([b"x", b"y", None], dtype=object),
], ids=repr)  # fmt: skip
@pytest.mark.parametrize("rule", [
    "x above 0", "x in a, b", "x in 1, 2", "x matches .*", "x unique", "x never missing", "x is a whole number",
    "x is a time", "x between 2013-01-01 and 2014-01-01", "x fresh within 1 day", "x found in t.x", "x like the reference",
])  # fmt: skip
def test_no_column_breaks_a_check(values: Any, rule: str) -> None:
    frame = pd.DataFrame({"x": values})
    found = asked(rule, frame, tables={"t": frame}, reference=profile.of_frame(frame))
    assert repr(found)
    assert found.as_json()["rules"]
    if rule == "x found in t.x" and not isinstance(frame.x.dropna().head(1).squeeze(), list):
        assert found.passed


def test_the_reference_is_compared_by_significance_and_size() -> None:
    rng = np.random.default_rng(5)
    before = pd.DataFrame(
        {"a": rng.normal(size=5000), "b": rng.normal(size=5000), "c": rng.choice(["x", "y"], 5000)}
    )
    same = pd.DataFrame(
        {"a": rng.normal(size=3000), "b": rng.normal(size=3000), "c": rng.choice(["x", "y"], 3000)}
    )
    moved = same.assign(b=same.b + 0.5)
    reference = profile.of_frame(before)
    assert asked("all like the reference", same, reference=reference).passed
    found = asked("all like the reference\na like the reference", moved, reference=reference)
    assert [one.column for one in found.failed] == ["b"]
    assert asked("b like the reference within 0.8", moved, reference=reference).passed
    assert not asked("b mean within 10 % of the reference", moved, reference=reference).passed
    unknown = asked("all like the reference", moved).rules[0]
    assert (unknown.outcome, unknown.why) == ("not judged", "there is no reference yet")


def test_a_reference_column_that_is_gone_or_of_another_type_does_not_hold() -> None:
    reference = profile.of_frame(pd.DataFrame({"a": range(100), "b": range(100)}))
    assert (
        asked("all like the reference", pd.DataFrame({"a": range(100)}), reference=reference).failed[0].column
        == "b"
    )
    texts = pd.DataFrame({"a": list(map(str, range(100))), "b": range(100)})
    assert "is text now" in asked("all like the reference", texts, reference=reference).failed[0].why


# With a run.


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    telling._said.clear()
    yield Place(tmp_path / "store")
    while mlops_jlab.active_run():
        mlops_jlab.end_run()
    close_all()


def files(place: Place, run: str) -> dict[str, str]:
    from mlops_jlab.store import artifacts

    with opening.reading(place) as connection:
        found = reading.artifacts(connection, reading.find(connection, run))
    return {file.path: artifacts.read(place, file.digest).decode() for file in found}


def test_a_failed_check_blocks_the_run_and_keeps_the_rows(place: Place) -> None:
    frame = FRAME.assign(carrier=["=1+1", "DL", "AA", "token ghp_" + "a" * 36])
    with (
        pytest.raises(DataBlocked, match="distance between 0 and 5000: 2 of 4 rows") as error,
        mlops_jlab.start_run() as run,
    ):
        mlops_jlab.check_data(frame, "distance between 0 and 5000\nwarn: id unique", name="flights")
    assert "checks/flights-rows.csv" in error.value.hint
    found = mlops_jlab.get_run(run.id)
    assert found.status == "blocked"
    assert found.reason.startswith("the data 'flights' fail their check: distance between 0 and 5000")
    assert found.facts["blocked"] == {
        "check": "flights", "rule": "distance between 0 and 5000", "column": "distance",
        "why": "2 of 4 rows (50 %): -5 to 9000", "rules": ["distance between 0 and 5000"],
    }  # fmt: skip
    kept = files(place, run.id)
    lines = kept["checks/flights-rows.csv"].splitlines()
    assert lines[0].startswith("row,breaks,id,carrier,distance")
    assert [line.split(",")[0] for line in lines[1:]] == ["1", "2", "3"]
    assert "ghp_aaa" not in kept["checks/flights-rows.csv"]
    assert mlops_jlab.search_runs(filter_string="status = 'blocked'", output_format="list")[0].id == run.id


def test_a_warning_is_said_and_the_run_goes_on(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    with mlops_jlab.start_run() as run:
        found = mlops_jlab.check_data(FRAME, "warn: distance above 0\nid is a number")
    assert found.passed
    assert "warns: warn: distance above 0: 1 of 4 rows" in capsys.readouterr().err
    assert mlops_jlab.get_run(run.id).status == "finished"
    assert "checks/data-rows.csv" in files(place, run.id)


def test_the_number_of_rows_is_compared_with_the_last_runs_that_passed(place: Place) -> None:
    rule = "rows within 10 % of the last 3 runs"
    frame = pd.DataFrame({"x": range(1000)})
    for rows, passes in ((1000, True), (950, True), (500, False), (600, False), (990, True)):
        with mlops_jlab.start_run():
            if passes:
                assert mlops_jlab.check_data(frame.iloc[:rows], rule, name="n").passed
            else:
                with pytest.raises(DataBlocked):
                    mlops_jlab.check_data(frame.iloc[:rows], rule, name="n")
    with mlops_jlab.start_run():
        assert mlops_jlab.check_data(frame.iloc[:1], rule, name="another").rules[0].outcome == "not judged"


def test_without_a_run_nothing_is_written_and_the_verdict_is_the_same(place: Place) -> None:
    with pytest.raises(DataBlocked, match="distance above 0"):
        mlops_jlab.check_data(FRAME, "distance above 0")
    assert not place.root.exists()
    with pytest.raises(InputError, match="nothing to check"):
        mlops_jlab.check_data(FRAME)
    with pytest.raises(InputError, match="not a valid name"):
        mlops_jlab.check_data(FRAME, "id unique", name="../x")


def test_a_schema_of_pandera_is_asked_beside_our_rules() -> None:
    pandera = pytest.importorskip("pandera.pandas", reason="an extra")
    schema = pandera.DataFrameSchema({
        "distance": pandera.Column(float, pandera.Check.ge(0), nullable=True), "gone": pandera.Column(int),
    })  # fmt: skip
    with pytest.raises(DataBlocked, match="greater_than_or_equal_to"):
        mlops_jlab.check_data(FRAME, "rows at least 1", schema=schema)
    from mlops_jlab.datasets import schemas

    found = {one.column: one for one in schemas.ask(schema, FRAME)}
    assert found["distance"].rows == (1,)
    assert any("gone" in one.why or "gone" in one.rule for one in found.values())
    good = pandera.DataFrameSchema({"id": pandera.Column(int)})
    assert mlops_jlab.check_data(FRAME, schema=good).passed
    with pytest.raises(InputError, match="is not a schema"):
        mlops_jlab.check_data(FRAME, schema=3)


def test_groups_that_vanish_and_label_rates_that_move_break_rules(tmp_path: Path) -> None:
    def loans(seed: int, women: float = 0.5, gap: float = 0.0) -> pd.DataFrame:
        random = np.random.default_rng(seed)
        sex = random.choice(["F", "M"], 2000, p=[women, 1 - women])
        rate = np.where(sex == "F", 0.5 - gap, 0.5)
        return pd.DataFrame({"sex": sex, "approved": (random.random(2000) < rate).astype(int)})

    rules = (
        "sex represented within 5 % of the reference\napproved by sex within 5 % of the reference\n"
        "approved by sex within 10 %"
    )
    reference = profile.of_frame(loans(0))
    same = asked(rules, loans(1), reference=reference)
    assert same.passed
    assert "of the rows" in same.rules[0].why
    fewer = asked(rules, loans(2, women=0.3), reference=reference)
    assert [one.rule for one in fewer.failed] == [rules.splitlines()[0]]
    assert "in the reference" in fewer.failed[0].why
    unfair = asked(rules, loans(3, gap=0.2), reference=reference)
    assert [one.column for one in unfair.failed] == ["approved", "approved"]
    assert "F: 3" in unfair.failed[0].why
    assert "are approved in F" in unfair.failed[1].why
    few = loans(4, gap=0.2)[:60]  # too few rows to show anything
    assert asked(rules, few, reference=reference).passed
    odd = asked(rules, loans(5).assign(approved=7), reference=reference)
    assert "has to be 0 and 1, or a boolean" in odd.failed[0].why
    unknown = asked(rules, loans(6), reference=profile.of_frame(loans(0)[["sex"]])).rules
    assert [one.outcome for one in unknown] == ["holds", "not judged", "holds"]
    kept = written.from_json(written.as_json(reference, None))
    assert asked(rules, loans(3, gap=0.2), reference=kept).failed[0].why == unfair.failed[0].why
    both = profile.merged([profile.of_frame(loans(7)[:900]), profile.of_frame(loans(7)[900:])])
    assert both.rates == profile.of_frame(loans(7)).rates
    assert not written.from_json(written.as_json(reference)).rates  # a profile within 20 kB has none
    assert len(written.as_json(reference)) < 20_000
