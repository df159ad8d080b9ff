"""Several notebooks as one pipeline: what the file may say, their order, and the graph of the whole."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from mlops_jlab.engine.run.members import split
from mlops_jlab.entities.members import Member, Take, in_order, parse_take
from mlops_jlab.errors import InputError, ParameterError
from mlops_jlab.pipeline import members, together
from tests.conftest import notebook_json

Cells = Sequence[tuple[str, str]]

LOAD = [
    ("parameters", "rows: int = 3"),
    ("setup", "import json\ndef double(x):\n    return 2 * x"),
    ("step:read", "frame = list(range(rows))"),
    ("step:clean", "labels = [double(x) for x in frame]\nlazy = (x for x in frame)"),
]
TRAIN = [("step:fit", "model = sum(df)"), ("step:say", "print(model, labels)")]


def written(folder: Path, text: str, **notebooks: Cells) -> Path:
    """A file of several notebooks, and these beside it."""
    for name, cells in notebooks.items():
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook_json(list(cells))))
    path = folder / "churn.yaml"
    path.write_text(text)
    return path


def findings(folder: Path, take: str, load: Cells = LOAD) -> list[str]:
    text = f"pipeline: {{notebooks: [train.ipynb, load.ipynb], take: {{train: [{take}]}}}}"
    graphs = members.graphs_of(members.read(written(folder, text, load=load, train=TRAIN)))
    return [f"{name}: {finding.message}" for name, graph in graphs.items() for finding in graph.errors]


@pytest.mark.parametrize(
    ("line", "take"),
    [
        ("from load take frame", Take("load", (("frame", "frame"),))),
        ("from load.ipynb take frame as df", Take("load", (("frame", "df"),))),
        ("  from load take frame as df, labels ", Take("load", (("frame", "df"), ("labels", "labels")))),
    ],
)
def test_a_line_names_what_crosses(line: str, take: Take) -> None:
    assert parse_take(line) == take


@pytest.mark.parametrize(
    "line",
    ["", "take frame", "from load frame", "from load take", "from load take a b", "from load take a as",
     "from load take a, ", "from load take 1a", "from load take class", "from load take a as if",
     "from load take a.b", "from load import frame"],
)  # fmt: skip
def test_a_line_that_names_nothing_is_refused(line: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_take(line)
    assert "from NOTEBOOK take NAME" in refused.value.hint


def _member(name: str, *lines: str) -> Member:
    return Member(name, Path(f"{name}.ipynb"), tuple(parse_take(line) for line in lines))


def test_notebooks_run_as_listed_each_below_those_that_it_takes_from() -> None:
    listed = [_member("report", "from left take a", "from right take b"), _member("right", "from load take x"),
              _member("left", "from load take x"), _member("load"), _member("alone")]  # fmt: skip
    assert [m.name for m in in_order(listed)] == ["load", "right", "left", "report", "alone"]


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ([_member("a", "from b take x"), _member("b", "from c take y"), _member("c", "from a take z")],
         "take from each other: b → a → c → b"),
        ([_member("a", "from a take x")], "takes from itself"),
        ([_member("a", "from lod take x"), _member("load")], "did you mean 'load'"),
        ([_member("a"), _member("b"), _member("c", "from a take x", "from b take x")],
         "takes two values as 'x': x of a and x of b"),
    ],
)  # fmt: skip
def test_what_cannot_be_put_in_order_is_refused(listed: list[Member], words: str) -> None:
    with pytest.raises(InputError, match=words):
        in_order(listed)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2]", "names no pipeline"),
        ("pipeline: 7", "names no pipeline"),
        ("pipeline: {notebooks: []}", "list of files"),
        ("pipeline: {notebooks: [1]}", "list of files"),
        ("pipeline: {notebook: [a.ipynb]}", "did you mean 'notebooks'"),
        ("pipeline: {notebooks: [a.ipynb, x/a.ipynb]}", "two notebooks are called 'a'"),
        ("pipeline: {notebooks: {'A b': a.ipynb}}", "cannot be called 'A b'"),
        ("pipeline: {notebooks: [a.ipynb], take: {b: [from a take x]}}", "'b' is none of the notebooks"),
        ("pipeline: {notebooks: [a.ipynb], take: {a: 7}}", "no list of lines"),
        ("pipeline: {notebooks: [a.ipynb], take: [from a take x]}", "for each notebook"),
        ("pipeline: {", "cannot be read"),
    ],
)
def test_a_file_that_says_something_else_is_refused(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        members.read(written(tmp_path, text))


def test_brackets_that_yaml_cuts_at_commas_mean_one_line(tmp_path: Path) -> None:
    text = "pipeline: {notebooks: [load.ipynb, train.ipynb], take: {train.ipynb: [from load take a as b, c]}}"
    takes = members.read(written(tmp_path, text)).members[1].takes
    assert takes == (Take("load", (("a", "b"), ("c", "c"))),)


def test_a_notebook_that_takes_what_is_there_has_no_errors(tmp_path: Path) -> None:
    assert findings(tmp_path, "from load take frame as df, labels") == []


@pytest.mark.parametrize(
    ("take", "message"),
    [
        ("from load take frme as df, labels", "load: train.ipynb takes 'frme', which nothing defines"),
        ("from load take double as df, labels", "load: train.ipynb takes 'double', which is a function"),
        ("from load take json as df, labels", "load: train.ipynb takes 'json', which is a function"),
        ("from load take lazy as df, labels", "load: 'lazy' is a generator"),
        ("from load take labels", "train: the cell reads 'df', which nothing defines"),
    ],
)
def test_what_cannot_be_taken_is_an_error_of_its_notebook(take: str, message: str, tmp_path: Path) -> None:
    (found,) = findings(tmp_path, take)
    assert found.startswith(message)


def test_what_only_an_untagged_cell_defines_cannot_be_taken(tmp_path: Path) -> None:
    untagged = [("step:clean", "labels = [1]"), ("", "frame = 1")]
    (found,) = findings(tmp_path, "from load take frame as df, labels", untagged)
    assert found.startswith("load: train.ipynb takes 'frame', which only cell 2 defines; it has no tag")


def test_the_whole_graph_has_the_steps_of_all_notebooks_and_what_crosses_between_them(
    tmp_path: Path,
) -> None:
    text = "pipeline: {notebooks: [train.ipynb, load.ipynb], take: {train: [from load take frame as df, labels]}}"
    several = members.read(written(tmp_path, text, load=LOAD, train=TRAIN))
    graphs = members.graphs_of(several)
    whole = together.whole(several, graphs)
    assert [step.name for step in whole.steps] == ["load.read", "load.clean", "train.fit", "train.say"]
    assert {(e.source, e.target, e.names) for e in whole.edges} == {
        ("load.read", "load.clean", ("frame",)),
        ("load.read", "train.fit", ("frame as df",)),
        ("load.clean", "train.say", ("labels",)),
        ("train.fit", "train.say", ("model",)),
    }
    drawn = together.mermaid(several, graphs)
    assert 'subgraph load["load.ipynb"]' in drawn
    assert 's0 -->|"frame as df"| s2' in drawn
    told = together.describe(several, graphs)
    assert [p["name"] for p in told["parameters"]] == ["load.rows"]
    assert told["notebooks"][1]["takes"] == ["from load take frame as df, labels"]


def test_a_parameter_goes_to_the_notebook_that_has_it(tmp_path: Path) -> None:
    text = "pipeline: {notebooks: [load.ipynb, train.ipynb, other.ipynb]}"
    plain = [("parameters", "rows = 1\ndepth = 2"), ("step:fit", "print(rows, depth)")]
    graphs = members.graphs_of(
        members.read(written(tmp_path, text, load=LOAD, train=TRAIN[:0] + plain, other=plain))
    )
    given: Mapping[str, object] = {"load.rows": "7", "train.depth": "4"}
    assert split(graphs, given) == {"load": {"rows": 7}, "train": {"depth": 4}, "other": {}}
    for bad, words in [
        ({"rows": "7"}, "is a parameter of load and train and other"), ({"lod.rows": "7"}, "did you mean 'load'"),
        ({"rws": "7"}, "did you mean 'rows'"), ({"load.rows": "many"}, "load: "), ({"load.rws": "1"}, "load: "),
    ]:  # fmt: skip
        with pytest.raises(ParameterError, match=words):
            split(graphs, bad)


def test_two_unfit_notebooks_are_told_at_once(tmp_path: Path) -> None:
    text = "pipeline: {notebooks: [a.ipynb, b.ipynb]}"
    broken = [("step:x", "print(nowhere)")]
    several = members.read(written(tmp_path, text, a=broken, b=broken))
    with pytest.raises(InputError) as refused:
        members.check(members.graphs_of(several))
    assert "a.ipynb has 1 error" in str(refused.value)
    assert "b.ipynb has 1 error" in str(refused.value)
