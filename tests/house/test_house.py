"""The house rules that a machine can check: sizes, docs, one version, no stray imports."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent.parent
MODULES = sorted((ROOT / "mlops_jlab").rglob("*.py"))
DOCS = "\n".join(p.read_text("utf-8") for p in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))])


def test_no_module_is_over_400_lines_and_no_function_over_60() -> None:
    for path in MODULES:
        text = path.read_text("utf-8")
        assert text.count("\n") <= 400, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                length = (node.end_lineno or 0) - node.lineno + 1
                assert length <= 60, (path.name, node.name, length)


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, mlops_jlab; print(len(set(sys.modules) & {'click', 'pandas', 'yaml', 'papermill'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


def test_python_and_javascript_have_one_version() -> None:
    from mlops_jlab import __version__

    assert json.loads((ROOT / "package.json").read_text())["version"] == __version__


def test_every_command_and_option_is_in_the_docs() -> None:
    from mlops_jlab.cli.main import cli

    context = click.Context(cli)
    commands = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    groups = [(name, command) for name, command in commands.items() if isinstance(command, click.Group)]
    inner = [(f"{name} {key}", found) for name, group in groups for key, found in group.commands.items()]
    for name, command in [*commands.items(), *inner]:
        assert command is not None, name
        assert f"mlops-jlab {name}" in DOCS, name
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--"):
                    assert option in DOCS, f"{name} {option}"


def test_every_public_call_is_in_the_docs() -> None:
    import mlops_jlab

    for name in mlops_jlab.__all__:
        assert name == "__version__" or (callable(getattr(mlops_jlab, name)) and name in DOCS), name


def test_the_lock_file_names_no_registry() -> None:
    assert "resolved" not in (ROOT / "package-lock.json").read_text()


@pytest.mark.parametrize("path", sorted((ROOT / "docs").rglob("*.md")), ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target


def test_every_decision_page_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text("utf-8")
    for page in folder.glob("[0-9]*.md"):
        assert page.name in index


def test_every_dependency_has_a_tested_range_and_the_tests_a_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "tests" / "constraints.txt").read_text().splitlines()
    locked = dict(line.split("==") for line in lines if "==" in line)
    optional = [line for lines in project["optional-dependencies"].values() for line in lines]
    for line in [*project["dependencies"], *optional]:
        wanted = Requirement(line)
        if wanted.name == "mlops-jlab" or not wanted.specifier:
            continue  # our own extras; time zones and types of stubs, which only grow
        assert any(one.operator == "<" for one in wanted.specifier), line
        name = wanted.name.lower().replace("_", "-")
        assert wanted.specifier.contains(locked[name]), (line, locked[name])


def test_the_security_policy_says_what_is_promised_and_how_to_report() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    for heading in ("## Reporting", "## What is promised", "## What is not"):
        assert heading in text
    assert "docs/threat-model.md" in text
