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
GENERATED = {"changelog.md", "commands.md"}  # pages of the site that are made from the code
PAGES = [path for path in sorted((ROOT / "docs").rglob("*.md")) if path.name not in GENERATED]
DOCS = "\n".join(page.read_text("utf-8") for page in [ROOT / "README.md", *PAGES])


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


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
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


def test_every_page_is_in_the_navigation_of_the_site_once() -> None:
    site = (ROOT / "zensical.toml").read_text("utf-8")
    for page in PAGES:
        name = page.relative_to(ROOT / "docs").as_posix()
        if not re.match(r"decisions/\d", name):  # listed on their own page
            assert site.count(f'"{name}"') == 1, name


def test_the_glossary_is_sorted_and_has_each_word_once() -> None:
    lines = (ROOT / "docs" / "glossary.md").read_text("utf-8").splitlines()
    words = [line.split("|")[1].strip().lower() for line in lines if line.startswith("| ")][1:]
    assert words == sorted(set(words))


def test_the_messages_of_the_page_about_trouble_are_those_of_the_code() -> None:
    code = "\n".join(path.read_text("utf-8") for path in MODULES)
    lines = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8").splitlines()
    messages = re.findall(
        r"`([a-z][^`]+)`", "\n".join(line.split("|")[1] for line in lines if line.startswith("| `"))
    )
    assert len(messages) > 10
    for message in set(messages) - {"mlops-jlab verify"}:
        words = max(re.split(r"…|numpy|int$", message), key=len).strip()
        assert words in code, message
