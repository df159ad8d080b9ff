"""The review of a notebook: what a system that runs on each change is told, and what its people read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.conftest import notebook_json

CELLS = [
    ("parameters", "factor: int = 2"),
    ("step:load", "rows = [1, 2, 3]"),
    ("step:score", "import mlops_jlab\nscore = factor * sum(rows)\nmlops_jlab.log_metric('score', score)"),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "train.ipynb").write_text(json.dumps(notebook_json(CELLS)))
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run([*git, *words], cwd=tmp_path, check=True)
    return tmp_path


def ci(project: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:

    own = {name: value for name, value in os.environ.items() if name != "MLOPS_JLAB_STORE"}
    return subprocess.run(
        [sys.executable, "-m", "mlops_jlab", "ci", "train.ipynb", *words], cwd=project, text=True,
        capture_output=True, timeout=300, env={**own, **environment},
    )  # fmt: skip


def edit(project: Path, number: int, source: str) -> None:
    path = project / "train.ipynb"
    node: dict[str, Any] = json.loads(path.read_text())
    node["cells"][number]["source"] = source
    path.write_text(json.dumps(node))


def cases(project: Path) -> dict[str, str]:
    suite = ElementTree.parse(project / "ci-report" / "junit.xml").getroot()
    return {case.get("name", ""): case[0].tag if len(case) else "passed" for case in suite}


def test_a_change_is_checked_proved_run_and_held_against_its_base(project: Path) -> None:
    edit(project, 1, "rows = [1, 2, 3, 4]")
    page = project / "page.md"
    done = ci(
        project, "--base", "HEAD", "-p", "factor=3", "--sample", "factor=1", GITHUB_STEP_SUMMARY=str(page)
    )
    assert done.returncode == 0, done.stderr
    assert "score: 18 → 30 (+12)" in done.stdout
    assert "(factor=1)" in done.stderr
    assert cases(project) == dict.fromkeys(("check", "verify", "run", "step load", "step score"), "passed")
    summary = (project / "ci-report" / "summary.md").read_text()
    assert "| score | 18 | 30 | +12 |" in summary
    assert "  ~ load\n      cell 1: changed (+1 −1 lines)" in summary
    assert page.read_text() == summary
    assert json.loads((project / "ci-report" / "check.sarif").read_text())["version"] == "2.1.0"
    assert not (project / ".mlops").exists(), "a review leaves no runs behind"


def test_what_fails_is_named_and_the_next_review_replaces_the_reports(project: Path) -> None:
    edit(project, 2, "print(missing_before)\nraise ValueError('too few rows: \\x1b[31mred')")
    edit(project, 0, "factor: int = 2\nmissing_before = 1")
    done = ci(project, "--no-verify")
    assert done.returncode == 1, done.stderr
    assert "✗ run: score: ValueError: too few rows" in done.stdout
    found = cases(project)
    assert (found["verify"], found["run"], found["step score"]) == ("skipped", "failure", "failure")
    edit(project, 2, "def broken(:")
    again = ci(project, "--base", "HEAD")
    assert again.returncode == 2, again.stderr
    assert cases(project) == {"check": "failure", "verify": "skipped", "run": "skipped"}


def test_a_folder_that_holds_something_else_is_left_alone(project: Path) -> None:
    (project / "thesis").mkdir()
    (project / "thesis" / "chapter.txt").write_text("mine")
    done = ci(project, "-o", "thesis")
    assert (done.returncode, "something else than reports" in done.stderr) == (2, True)
    assert (project / "thesis" / "chapter.txt").read_text() == "mine"
    unknown = ci(project, "--base", "nobody")
    assert (unknown.returncode, "git knows no revision 'nobody'" in unknown.stderr) == (2, True)
    wrong = ci(project, "-p", "facter=2")
    assert (wrong.returncode, "facter" in wrong.stderr) == (2, True)


@pytest.mark.slow
def test_a_base_that_does_not_run_fails_no_review_and_a_gate_does_where_it_is_asked_for(
    project: Path,
) -> None:
    edit(project, 1, "rows = [")
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qam", "broken"],
        cwd=project, check=True,
    )  # fmt: skip
    edit(project, 1, "rows = [1]")
    edit(project, 2, "from sklearn.dummy import DummyRegressor\nimport mlops_jlab\n"
         "model = DummyRegressor().fit([[0]], [factor])\nmlops_jlab.register_model(model, 'm')")  # fmt: skip
    done = ci(project, "--base", "HEAD", "--no-verify")
    assert done.returncode == 0, done.stderr
    assert "– base: the base has errors" in done.stdout
    assert "m 1: no gate" in done.stdout
    strict = ci(project, "--no-verify", "--require-gate")
    assert (strict.returncode, "✗ gates: 0 of 1 models passed" in strict.stdout) == (1, True), strict.stdout
