"""What a cell shows without a line of tracking code."""

from base64 import b64encode
from typing import Any

import numpy as np
import pytest

from mlops_jlab.engine.cache.keys import key_of
from mlops_jlab.handoff.scalars import scalars_of
from mlops_jlab.pipeline.manifest import ManifestStep
from mlops_jlab.tracking import htmltables, shown

TABLE = """<div><table border="1" class="dataframe"><thead><tr><th></th><th>auc</th><th>recall</th></tr></thead>
<tbody><tr><th>linear</th><td>0.9941</td><td>0.94</td></tr><tr><th>forest</th><td>0.97</td><td>0.88</td></tr></tbody>
</table></div>"""


def result(text: str, **more: str) -> dict[str, Any]:
    """The output of a cell's last expression."""
    return {"output_type": "execute_result", "data": {"text/plain": text, **more}}


@pytest.mark.parametrize(
    ("source", "text", "found"),
    [
        ("roc_auc_score(y, p)", "0.91", {"roc_auc_score": 0.91}),
        ("model.score(X, y)", "np.float64(0.91)", {"score": 0.91}),
        ("round(accuracy, 2)", "0.9", {"accuracy": 0.9}),
        ("scores['auc']", "0.9", {"auc": 0.9}),
        ("loss.item()", "0.25", {"loss": 0.25}),
        ("loss", "tensor(0.2500, grad_fn=<MseLossBackward0>)", {"loss": 0.25}),
        ("loss", "tensor(0.2500)", {"loss": 0.25}),
        ("loss, auc", "(0.25, np.float64(0.9))", {"loss": 0.25, "auc": 0.9}),
        ("report", "{'auc': np.float64(0.9), 'name': 'a'}", {"auc": 0.9}),
        ("a / b", "0.5", {"a / b": 0.5}),
        ("len(rows)", "500", {"len(rows)": 500.0}),
        ("max(losses)", "0.5", {"max(losses)": 0.5}),
        ("mlflow.log_param('depth', 3)", "3", {}),  # a call for what it does
        ("out.write(text)", "12", {}),
        ("next(batches)", "12", {}),
        ("3", "3", {}),
        ("flag", "True", {}),
        ("model", "LogisticRegression()", {}),
        ("auc = f()\nauc", "0.9", {}),  # by its name, from the variable itself
        ("f();", "0.9", {"f": 0.9}),
        ("this is not a Python", "1", {}),
    ],
)
def test_the_number_at_a_cells_end_is_named_as_people_call_it(source: str, text: str, found: object) -> None:
    assert shown.displayed([(source, [result(text)])], "fit").metrics == found


def test_a_variable_is_a_param_if_written_out_and_a_metric_if_computed() -> None:
    source = "depth = 3\nauc = f()\nbest = max(x)\n_own = 1\ndef f():\n    inner = 2\nname = g()\ntotal = 0\ntotal += 2"
    names = {"depth": 3, "auc": 0.9, "best": True, "_own": 1, "inner": 2, "name": "a", "total": 2, "f": len}
    found = shown.bound(source, names)
    assert found.params == {"depth": 3, "best": True, "name": "a"}
    assert found.metrics == {"auc": 0.9, "total": 2.0}


def test_figures_and_small_tables_are_files_and_results_in_a_table_are_metrics() -> None:
    image = {"output_type": "display_data", "data": {"image/png": b64encode(b"png").decode()}}
    found = shown.displayed(
        [("scores", [result("", **{"text/html": TABLE})]), ("plot()", [image])], "compare"
    )
    assert found.metrics == {
        "linear.auc": 0.9941,
        "linear.recall": 0.94,
        "forest.auc": 0.97,
        "forest.recall": 0.88,
    }
    assert found.files["tables/compare-1.csv"] == b",auc,recall\nlinear,0.9941,0.94\nforest,0.97,0.88\n"
    assert found.files["figures/compare-1.png"] == b"png"


@pytest.mark.parametrize(
    "html",
    [
        TABLE.replace("</div>", "<p>500 rows × 2 columns</p></div>"),
        TABLE.replace('class="dataframe"', ""),
        "<p>no table",
        TABLE.replace("</div>", f"<p>{'5' * 5000} rows × 2 columns</p></div>"),
        "<table class='dataframe'><tr><td",
    ],
)
def test_what_is_no_whole_table_is_left_alone(html: str) -> None:
    assert htmltables.read(html) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [(">linear<", ">0<"), (">0.94<", ">good<"), ("<th>auc</th><th>recall</th>", "<th>auc</th>")],
)
def test_a_table_of_data_gives_no_metrics(old: str, new: str) -> None:
    table = htmltables.read(TABLE.replace(old, new))
    assert table is not None
    assert table.numbers() == {}


def test_cells_over_several_rows_stand_in_each() -> None:
    table = htmltables.read(
        '<table class="dataframe"><thead><tr><th></th><th colspan="2">a</th></tr></thead><tbody>'
        '<tr><th rowspan="2">x</th><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></tbody></table>'
    )
    assert table is not None
    assert table.as_csv() == b",a,a\nx,1,2\nx,3,4\n"
    odd = TABLE.replace("<th>auc", '<th colspan="\u00b2">auc').replace(
        "<td>", f'<td rowspan="{"9" * 5000}">', 1
    )
    assert htmltables.read(odd) is not None


class Proxy:
    """A value that runs code when anybody looks at it."""

    @property  # type: ignore[misc]  # so that a look at the class is one at the value
    def __class__(self) -> type:
        raise AssertionError("looked at")

    def __getattr__(self, name: str) -> object:
        raise AssertionError(name)


def test_only_values_of_pythons_and_numpys_own_types_are_looked_at() -> None:
    names = {
        "a": 1, "b": np.float32(0.5), "c": True, "d": "x", "e": np.array(2), "f": "y" * 201, "g": [1], "h": 1 << 100,
        "_i": 1, "api_token": "abc", "j": Proxy(), "k": np.zeros(3), "l": np.datetime64("2020-01-01"), "m": None,
    }  # fmt: skip
    assert scalars_of(names) == {"a": 1, "b": 0.5, "c": True, "d": "x", "e": 2}


def test_whether_a_step_is_recorded_is_no_part_of_its_cache_key() -> None:
    cells = [{"id": "a", "source": "x = 1", "metadata": {}}]
    keys = {
        key_of(cells, ManifestStep("fit", 0, "", ("a",), (), settings), "python3")
        for settings in ({}, {"record": False}, {"record": True})
    }
    assert len(keys) == 1
