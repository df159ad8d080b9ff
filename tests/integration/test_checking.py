"""Several notebooks in one call of ``check``, as pre-commit calls it: each is judged on its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import yaml
from click.testing import CliRunner, Result

from mlops_jlab.cli.main import cli

WriteNotebook = Callable[..., Path]
ROOT = Path(__file__).parents[2]


def check(*words: object) -> Result:
    return CliRunner().invoke(cli, ["check", *map(str, words)], standalone_mode=False)


def test_each_notebook_has_its_own_names_and_any_error_is_the_exit_code(
    write_notebook: WriteNotebook,
) -> None:
    good = write_notebook([("step:a", "x = 1"), ("step:b", "print(x)")], "good.ipynb")
    bad = write_notebook([("step:a", "print(x)")], "bad.ipynb")
    assert check(good, good).return_value == 0
    for order in ((good, bad), (bad, good)):
        shown = check(*order)
        assert shown.return_value == 2
        assert shown.output.count("'x', which nothing defines") == 1
        assert shown.output.index(str(order[0])) < shown.output.index(str(order[1]))
    places = json.loads(check(good, bad, "--format", "sarif").stdout)["runs"][0]["results"]
    errors = [place for place in places if place["level"] == "error"]
    assert [e["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for e in errors] == [
        bad.as_posix()
    ]


def test_one_that_cannot_be_read_does_not_hide_the_others(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    torn = tmp_path / "torn.ipynb"
    torn.write_text('{"cells": [\n<<<<<<< HEAD\n')
    bad = write_notebook([("step:a", "print(x)")], "bad.ipynb")
    shown = check("--tagged", torn, bad)
    assert shown.return_value == 2
    assert "torn.ipynb, line 2: a git conflict is not resolved" in shown.output
    assert "which nothing defines" in shown.output


def test_tagged_leaves_out_what_is_no_pipeline(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    plain = write_notebook([("", "print(1)")], "plain.ipynb")
    papermill = write_notebook([("parameters", "n = 1"), ("", "print(n)")], "papermill.ipynb")
    other = tmp_path / "other.ipynb"
    content = json.loads(plain.read_text())
    content["metadata"]["kernelspec"] = {"name": "ir", "language": "R", "display_name": "R"}
    other.write_text(json.dumps(content))
    assert check(plain).return_value == 2
    for one in (plain, papermill, other):
        left_out = check("--tagged", one)
        assert (left_out.return_value, left_out.output) == (0, "")
    misspelt = check("--tagged", write_notebook([("step:Load It", "x = 1")], "misspelt.ipynb"))
    assert misspelt.return_value == 2
    assert "is not a valid name for a step" in misspelt.output


def test_formats_for_one_notebook_are_refused_for_several(write_notebook: WriteNotebook) -> None:
    good = write_notebook([("step:a", "x = 1")], "good.ipynb")
    for words in ((good, good), (good, "--tagged")):
        refused = check(*words, "--format", "json")
        assert "--format json takes one notebook" in str(refused.exception)


def test_the_hook_of_pre_commit_calls_what_exists(write_notebook: WriteNotebook) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    program, *words = hook["entry"].split()
    good = write_notebook([("step:a", "x = 1")], "good.ipynb")
    assert (program, words[0], hook["types"]) == ("mlops-jlab", "check", ["jupyter"])
    assert check(*words[1:], good, good).return_value == 0
