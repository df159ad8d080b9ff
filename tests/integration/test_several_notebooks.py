"""Several notebooks in one run: each has a namespace of its own, and gets what it takes by name."""

from __future__ import annotations

import contextlib
import copy
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mlops_jlab.cli.main import cli
from mlops_jlab.errors import MlopsError
from mlops_jlab.store.recorder import close_all
from tests.conftest import notebook_json

Cells = Sequence[tuple[str, str]]

# One name means something else in each notebook, what one changes is no business of another, and what is
# one object in the one that hands on is one object in the one that takes.
DIAMOND: dict[str, Cells] = {
    "report": [
        ("step:both", "total = low + high\nprint(total, log)"),
        ("step:say", "print('report', total, sorted(dir())[-1] > '')"),
    ],
    "load": [
        ("parameters", "n: int = 4"),
        ("setup", "def double(x):\n    return 2 * x"),
        ("step:read", "rows = [double(i) for i in range(n)]\ntotal = 'of load'"),
        ("step:pair", "rows.append(99)\npair = [rows, rows]\nprint('load', rows)"),
    ],
    "left": [
        ("step:low", "double = 7\ndata.append(double)\nlow = min(data)\nlog = ['left']\nprint(data)"),
    ],
    "right": [
        ("step:high", "rows = two[0]\nrows.append(1)\nprint(two[0] is two[1] is rows, whole is rows)"),
        ("step:sum", "high = sum(rows) + len(two[1])\ntotal = -1\nprint(high, whole)"),
    ],
}
TAKES = {
    "left": {"data": ("load", "rows")},
    "right": {"two": ("load", "pair"), "whole": ("load", "rows")},
    "report": {"low": ("left", "low"), "log": ("left", "log"), "high": ("right", "high")},
}
FILE = """\
pipeline:
  notebooks: [report.ipynb, load.ipynb, left.ipynb, right.ipynb]
  take:
    left: from load take rows as data
    right: [from load take pair as two, rows as whole]
    report:
      - from left take low, log
      - from right take high
"""


def one_after_the_other(given: dict[str, int]) -> dict[str, str]:
    """What each notebook prints when it is run whole, with the values that it takes as copies."""
    spaces: dict[str, dict[str, Any]] = {}
    printed: dict[str, str] = {}
    for name in ("load", "left", "right", "report"):
        sources: dict[str, dict[str, str]] = {}
        for here, (source, there) in TAKES.get(name, {}).items():
            sources.setdefault(source, {})[here] = there
        space: dict[str, Any] = {}
        for source, names in sources.items():  # together, so that what is one object stays one
            space |= copy.deepcopy({here: spaces[source][there] for here, there in names.items()})
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            for tag, text in DIAMOND[name]:
                exec(text, space)
                if tag == "parameters":
                    space.update(given)
        spaces[name], printed[name] = space, out.getvalue()
    return printed


class Bench:
    """A folder with notebooks, a store of its own, and the command line."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        monkeypatch.chdir(folder)
        monkeypatch.setenv("MLOPS_JLAB_STORE", str(folder / "store"))

    def write(self, file: str, notebooks: dict[str, Cells], name: str = "churn.yaml") -> None:
        for stem, cells in notebooks.items():
            (self.folder / f"{stem}.ipynb").write_text(json.dumps(notebook_json(list(cells))))
        (self.folder / name).write_text(file)

    def __call__(self, *words: object) -> Result:
        done = CliRunner().invoke(cli, [*map(str, words)], standalone_mode=False)
        close_all()
        return done

    def json(self, *words: object) -> Any:
        done = self(*words, *["-q"] * (words[0] == "run"), "--format", "json")
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return json.loads(done.stdout)

    def printed(self, run: str, notebook: str) -> str:
        texts: list[str] = []
        steps = json.loads((self.folder / run / notebook / "run.json").read_text())["steps"]
        for step in steps:
            path = self.folder / run / notebook / "executed" / f"{step['name']}.ipynb"
            for cell in json.loads(path.read_text())["cells"]:
                texts += [
                    "".join(o.get("text", "")) for o in cell.get("outputs", ()) if o.get("name") == "stdout"
                ]
        return "".join(texts)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


def test_a_diamond_gives_the_answer_of_its_notebooks_one_after_the_other(bench: Bench) -> None:
    bench.write(FILE, DIAMOND)
    told = bench.json("run", "churn.yaml", "-o", "first", "-p", "n=6")
    assert told["status"] == "finished"
    assert [one["name"] for one in told["notebooks"]] == ["load", "left", "right", "report"]
    expected = one_after_the_other({"n": 6})
    assert {name: bench.printed("first", name) for name in expected} == expected
    assert expected["right"].startswith("True True")
    whole, *_ = bench.json("runs", "list")
    assert whole["name"] == "churn-first"
    assert whole["parts"] == 4
    # Another pipeline that shares notebooks with this one finds their steps done.
    bench.write(FILE.replace("[report.ipynb, ", "[report.ipynb, more.ipynb, "), {"more": [("step:x", "print(1)")]},
                "more.yaml")  # fmt: skip
    again = bench.json("run", "more.yaml", "-o", "second", "-p", "n=6")
    shared = {one["name"]: {step["name"]: bool(step["cached"]) for step in one["steps"]}
              for one in again["notebooks"]}  # fmt: skip
    assert shared.pop("more") == {"x": False}
    assert all(all(steps.values()) for steps in shared.values()), shared
    assert {name: bench.printed("second", name) for name in expected} == expected


def test_steps_of_several_notebooks_are_computed_anew(bench: Bench) -> None:
    bench.write(FILE, DIAMOND)
    bench.json("run", "churn.yaml", "-o", "first")

    def anew(output: str, *words: str) -> set[str]:
        told = bench.json("run", "churn.yaml", "-o", output, *words)
        assert told["status"] == "finished"
        assert bench.printed(output, "report") == bench.printed("first", "report")
        ours = ("hand-on", "from-load", "from-left", "from-right")
        return {
            one["name"]
            for one in told["steps"]
            if not one["cached"] and one["name"].split(".")[1] not in ours
        }

    assert anew("second", "--from", "right.high") == {"right.high", "right.sum", "report.both", "report.say"}
    assert anew("third", "--refresh", "say", "--refresh", "load.pair") == {"report.say", "load.pair"}
    assert anew("fourth", "--from", "low") == {"left.low", "report.both", "report.say"}
    bench.write(FILE, DIAMOND | {"left": [("step:sum", "low, log = 1, []")]})
    for word, said in (("sum", "'sum' is a step of left and right"), ("summ", "there is no step 'summ'")):
        assert said in str(bench("run", "churn.yaml", "--refresh", word).exception)


def test_a_run_that_failed_goes_on_in_the_notebook_that_failed(bench: Bench) -> None:
    bench.write(
        "pipeline: {notebooks: [load.ipynb, train.ipynb], take: {train: from load take rows as df}}",
        {
            "load": [("parameters", "n: int = 2"), ("step:read", "rows = list(range(n))")],
            "train": [("step:fit", "import pathlib\ngood = pathlib.Path('good').read_text()"),
                      ("step:say", "print(sum(df), good)")],
        },
    )  # fmt: skip
    failed = bench("run", "churn.yaml", "-o", "run", "-p", "load.n=5")
    assert failed.return_value == 1
    assert "where:  train.ipynb, cell 1 (step 'fit')" in failed.output
    assert "mlops-jlab debug run/train" in failed.output
    before = (bench.folder / "run" / "load" / "run.json").read_bytes()
    (bench.folder / "good").write_text("it is there")
    assert bench("run", "churn.yaml", "-o", "run", "--resume").return_value == 0
    assert bench.printed("run", "train") == "10 it is there\n"
    assert (bench.folder / "run" / "load" / "run.json").read_bytes() == before
    path = bench.folder / "train.ipynb"
    path.write_text(path.read_text().replace("print(sum(df), good)", "print(good)"))
    with pytest.raises(MlopsError, match="train.ipynb has changed since"):
        bench.json("run", "churn.yaml", "-o", "run", "--resume")
    (bench.folder / "churn.yaml").write_text("pipeline: {notebooks: [load.ipynb]}")
    with pytest.raises(MlopsError, match="has changed since"):
        bench.json("run", "churn.yaml", "-o", "run", "--resume")


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ("class Own:\n    pass\nrows = [Own()]", "made of 'Own'"),
        (
            "rows = [(n for n in [1])]",
            "takes 'rows' from load.ipynb, and it cannot leave it",
        ),
        ("k = 2\ndef add(x):\n    return x + k\nrows = [add]", "looks up 'k' of load.ipynb"),
    ],
)
def test_a_value_that_lives_in_its_notebook_alone_stops_the_run(bench: Bench, made: str, words: str) -> None:
    bench.write(
        "pipeline: {notebooks: [load.ipynb, train.ipynb], take: {train: from load take rows}}",
        {"load": [("step:read", made)], "train": [("step:fit", "print(len(rows))")]},
    )
    done = bench("run", "churn.yaml", "-o", "run")
    assert done.return_value != 0
    assert words in done.output + str(done.exception)
    (whole,) = bench.json("runs", "list")
    assert whole["status"] == "failed"


def test_parameters_setup_values_and_nothing_at_all_are_taken_as_they_are(bench: Bench) -> None:
    bench.write(
        "pipeline: {notebooks: [load.ipynb, train.ipynb], take: {train: [from load take n, K, x, changed]}}",
        {
            "load": [("parameters", "n: int = 2"), ("setup", "K = [1, 2]\nchanged = [1]"),
                     ("step:read", "x = None\nchanged.append(n)"), ("step:more", "K2 = K")],
            "train": [("step:fit", "print(n, K, x, changed)")],
        },
    )  # fmt: skip
    assert bench("run", "churn.yaml", "-o", "run", "-p", "n=5").return_value == 0
    assert bench.printed("run", "train") == "5 [1, 2] None [1, 5]\n"


def test_what_works_on_one_notebook_says_so(bench: Bench) -> None:
    bench.write("pipeline: {notebooks: [load.ipynb]}", {"load": [("step:read", "rows = 1")]})
    for words in (
        ["export", "churn.yaml"],
        ["sweep", "churn.yaml", "-p", "n=1,2"],
        ["verify", "churn.yaml", "--every-cut"],
        ["tag", "churn.yaml", "--from", "cells"],
    ):
        done = bench(*words)
        assert isinstance(done.exception, MlopsError), words
    assert "names several notebooks" in str(bench("export", "churn.yaml").exception)
    assert "--artifacts is of one" in str(bench("run", "churn.yaml", "--artifacts", "kept").exception)


def test_check_shows_one_graph_and_names_the_notebook_of_an_error(bench: Bench) -> None:
    bench.write(FILE, DIAMOND)
    shown = bench("check", "churn.yaml")
    assert shown.return_value == 0
    assert "8 steps in 4 notebooks" in shown.output or "7 steps in 4 notebooks" in shown.output
    assert "← load.pair: pair as two" in shown.output
    bench.write(FILE.replace("take low,", "take lowest,"), {})
    shown = bench("check", "churn.yaml")
    assert shown.return_value == 2
    assert "error left.ipynb, notebook: report.ipynb takes 'lowest', which nothing defines" in shown.output
    assert "error report.ipynb, cell 1, line 1: the cell reads 'low'" in shown.output
    sarif = json.loads(bench("check", "churn.yaml", "--format", "sarif").output)
    places = {
        r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in sarif["runs"][0]["results"]
    }
    assert places >= {"left.ipynb", "report.ipynb"}


def test_verify_holds_each_notebook_against_itself_run_whole(bench: Bench) -> None:
    bench.write(FILE, DIAMOND)
    told = bench.json("verify", "churn.yaml", "-p", "n=6", "-o", "proof")
    assert (told["same"], told["differences"], told["failure"]) == (True, [], "")
    assert told["steps"] == 14
    assert told["values"] == 20
    assert not (bench.folder / "store").exists(), "a proof leaves no runs behind"
    said = bench("verify", "churn.yaml", "-q")
    assert (said.return_value, said.output) == (0, "")
    process = "os.readlink('/proc/self')"  # by this nobody sees that it asks
    bench.write(
        "pipeline: {notebooks: [load.ipynb, train.ipynb], take: {train: [from load take rows]}}",
        {
            "load": [("step:read", "rows = [1, 2]"), ("step:chance", "import random\nluck = random.random()")],
            "train": [
                ("step:begin", f"import os\nrows.append(3)\npid = {process}"),
                ("step:end", f"print(rows, pid == {process})"),
            ],
        },
        "apart.yaml",
    )  # fmt: skip
    done = bench("verify", "apart.yaml")
    assert done.return_value == 1
    assert "train: output of cell 2" in done.output
    assert "depends on an unseeded draw, so not compared: load: value of 'luck'" in done.output


def test_verify_says_which_notebook_stops(bench: Bench) -> None:
    bench.write(
        "pipeline: {notebooks: [load.ipynb, train.ipynb], take: {train: [from load take rows]}}",
        {"load": [("step:read", "rows = []")], "train": [("step:fit", "best = max(rows)")]},
    )
    done = bench("verify", "churn.yaml")
    assert done.return_value == 1
    assert "train: both stop with ValueError" in done.output
    empty = bench("verify", "churn.yaml", "--env", "locked")
    assert isinstance(empty.exception, MlopsError)
    assert "load" in str(empty.exception)
