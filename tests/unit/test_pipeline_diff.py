"""What has changed in a pipeline is told in the language of steps, wherever its two states are read from."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import mlops_jlab
from mlops_jlab.cli.main import cli
from mlops_jlab.errors import InputError
from mlops_jlab.store.recorder import close_all
from tests.conftest import notebook_json

Cells = Sequence[tuple[str, str]]
BEFORE = [
    ("parameters", "trees: int = 100\nshare = 0.5"),
    ("setup", "import math"),
    ("step:load", "rows = [1, 2, 3]"),
    ("step:clean", "rows = [r for r in rows if r]\nlabels = rows[:1]"),
    ("step:clean", "odd = sum(rows)"),
    ("step:train", "model = len(rows) * trees\nprint(model)"),
]


def write(path: Path, cells: Cells, ids: str = "abcdefgh", **settings: Any) -> Path:
    node = notebook_json(list(cells))
    for one, cell in zip(ids, node["cells"], strict=False):
        cell["id"] = one
    if settings:
        node["metadata"]["mlops_jlab"] = {"steps": settings}
    path.write_text(json.dumps(node))
    return path


def diff(*words: object) -> Result:
    return CliRunner().invoke(cli, ["diff", *map(str, words)], standalone_mode=False)


def told(tmp_path: Path, cells: Cells, ids: str = "abcdefgh", **settings: Any) -> dict[str, Any]:
    before = write(tmp_path / "before.ipynb", BEFORE)
    after = write(tmp_path / "after.ipynb", cells, ids, **settings)
    done = diff("--format", "json", before, after)
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.return_value == (not found["same"])
    return found


def edited(number: int, tag: str, source: str) -> list[tuple[str, str]]:
    return [*BEFORE[:number], (tag, source), *BEFORE[number + 1 :]]


def test_one_pipeline_is_the_same_whatever_the_cells_ids_are(tmp_path: Path) -> None:
    assert told(tmp_path, BEFORE)["same"]
    assert told(tmp_path, BEFORE, "ABCDEFGH")["same"]


def test_parameters_are_told_by_their_declarations(tmp_path: Path) -> None:
    found = told(tmp_path, edited(0, "parameters", "trees: int = 200\nseed: int = 7"))
    assert found["parameters"] == [
        {"name": "trees", "kind": "changed", "before": "100", "after": "200"},
        {"name": "seed", "kind": "added", "before": "", "after": "int = 7"},
        {"name": "share", "kind": "removed", "before": "float = 0.5", "after": ""},
    ]
    assert not found["setup"], "it is told once"
    typed = told(tmp_path, edited(0, "parameters", "trees: float = 100\nshare = 0.5"))
    assert typed["parameters"][0]["after"] == "float = 100"
    computed = told(
        tmp_path, edited(0, "parameters", "trees: int = 100\nshare = 0.5\nfolder = 'a' + 'b'.upper()")
    )
    again = write(
        tmp_path / "again.ipynb", edited(0, "parameters", BEFORE[0][1] + "\nfolder = 'a' + 'c'.upper()")
    )
    assert [one["name"] for one in computed["parameters"]] == ["folder"]
    assert "cell 1: changed" in diff(tmp_path / "after.ipynb", again).stdout


def test_a_cell_that_has_changed_is_told_with_its_lines(tmp_path: Path) -> None:
    found = told(tmp_path, edited(4, "step:clean", "odd = max(rows)"))
    (step,) = found["steps"]
    (cell,) = step["cells"]
    assert (step["name"], step["kind"]) == ("clean", "changed")
    assert (cell["cell"], cell["kind"], cell["added"], cell["removed"]) == (2, "changed", 1, 1)
    assert cell["diff"][1:] == ["-odd = sum(rows)", "+odd = max(rows)"]
    layout = told(tmp_path, edited(4, "step:clean", "odd = sum(rows)  # of all"))
    assert layout["steps"][0]["cells"][0]["kind"] == "layout"


def test_a_renamed_step_keeps_its_edges_and_a_moved_cell_is_told_on_both_sides(tmp_path: Path) -> None:
    renamed = [(tag.replace("clean", "tidy"), source) for tag, source in BEFORE]
    found = told(tmp_path, renamed)
    assert [(s["kind"], s["before"], s["name"]) for s in found["steps"]] == [("renamed", "clean", "tidy")]
    assert not found["edges"]
    moved = told(tmp_path, edited(4, "step:count", "odd = sum(rows)"))
    assert [(s["name"], s["kind"], [(c["kind"], c["other"]) for c in s["cells"]]) for s in moved["steps"]] == [
        ("clean", "changed", [("went", "count")]), ("count", "added", [("came", "clean")]),
    ]  # fmt: skip
    assert [(e["source"], e["target"], e["kind"], e["added"]) for e in moved["edges"]] == [
        ("clean", "count", "added", ["rows"])
    ]


def test_settings_and_names_that_cross_are_told(tmp_path: Path) -> None:
    cells = edited(5, "step:train", "model = len(rows) * trees\nprint(model, labels)")
    found = told(tmp_path, cells, train={"retries": 2})
    assert found["steps"][0]["settings"] == {"retries": [None, 2]}
    assert [(e["kind"], e["added"]) for e in found["edges"]] == [("changed", ["labels"])]
    gone = told(tmp_path, [*BEFORE[:3], BEFORE[5]])
    assert [(s["name"], s["kind"]) for s in gone["steps"]] == [("clean", "removed")]


def test_git_an_export_and_a_run_are_older_states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    notebook = write(tmp_path / "train.ipynb", BEFORE)
    for words in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "1"),
    ):
        subprocess.run(["git", *words], check=True)
    monkeypatch.setenv("MLOPS_JLAB_NOTEBOOK", str(notebook))
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    with mlops_jlab.start_run() as run:
        pass
    close_all()
    assert CliRunner().invoke(cli, ["export", "train.ipynb", "-o", "out"]).exit_code == 0
    same = diff("train.ipynb")
    assert (same.return_value, same.stdout) == (0, "HEAD:train.ipynb → train.ipynb\nthe same pipeline\n")
    write(notebook, edited(0, "parameters", "trees: int = 200\nshare = 0.5"))
    for older in ("HEAD:train.ipynb", "out", run.id[:8]):
        done = diff(older, "train.ipynb")
        assert (done.return_value, "~ trees: 100 → 200" in done.stdout) == (1, True), done.output
    assert "\n        -trees" not in diff("--code", "train.ipynb").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("none.ipynb",), "there is no notebook none.ipynb"),
        (("none.ipynb", "train.ipynb"), "there is no file none.ipynb"),
        (("nobody:train.ipynb", "train.ipynb"), "git knows no revision 'nobody'"),
        (("HEAD:other.ipynb", "train.ipynb"), "HEAD has no file other.ipynb"),
        (("--", "--upload-pack=x:train.ipynb", "train.ipynb"), "not a revision of git"),
        (("HEAD:../train.ipynb", "train.ipynb"), "git knows no revision 'HEAD'"),
        (("3f2a", "train.ipynb"), "is not a notebook, an export or a run"),
    ],
)
def test_what_cannot_be_compared_is_said(
    words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.chdir(folder)
    write(folder / "train.ipynb", BEFORE)
    for git in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "1"),
    ):
        subprocess.run(["git", *git], check=True)
    done = diff(*words)
    assert isinstance(done.exception, InputError), done.output
    assert said in done.exception.message
