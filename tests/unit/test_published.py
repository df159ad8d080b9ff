"""What is published: metadata, the recipe, the workflows and the other files that a repository has, hold together."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from mlops_jlab import __version__

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PACKAGE = json.loads((ROOT / "package.json").read_text("utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def test_one_version_and_one_address_everywhere() -> None:
    assert read("CITATION.cff")["version"] == PACKAGE["version"] == __version__
    assert read("conda/recipe.yaml")["context"]["version"] == __version__
    address = PROJECT["urls"]["Homepage"]
    assert (
        PACKAGE["homepage"]
        == read("CITATION.cff")["url"]
        == read("conda/recipe.yaml")["about"]["homepage"]
        == address
    )
    assert PACKAGE["bugs"]["url"] == PROJECT["urls"]["Issues"]
    assert (
        PACKAGE["author"]["name"]
        == PROJECT["authors"][0]["name"]
        == read("CITATION.cff")["authors"][0]["name"]
    )


def test_the_recipe_asks_for_what_the_package_asks_for() -> None:
    asked = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["lab"]]  # conda has no extras
    wanted = {Requirement(line).name.lower().replace("_", "-") for line in asked}
    run = read("conda/recipe.yaml")["requirements"]["run"]
    named = {line.split()[0].lower().replace("_", "-") for line in run} - {"python"}
    assert named - {"python-tzdata"} == wanted - {"tzdata"}


def test_classifiers_name_every_python_that_is_tested() -> None:
    tested = read(".github/workflows/test.yml")["jobs"]["units"]["strategy"]["matrix"]["python"]
    named = [one.rpartition(" ")[2] for one in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", one)]
    assert named == tested[: len(named)]  # the newest Python is tried before it is promised
    assert PROJECT["requires-python"] == f">={tested[0]}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_few_rights_and_an_end(path: Path) -> None:
    content = yaml.safe_load(path.read_text("utf-8"))
    assert content["permissions"] in ({}, {"contents": "read"}), path
    for name, job in content["jobs"].items():
        assert job["timeout-minutes"] <= 120, name
        for step in job["steps"]:
            if str(step.get("uses", "")).startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
            assert "${{ inputs" not in step.get("run", ""), "what somebody typed is not a part of a script"


def test_the_front_end_is_packed_once() -> None:
    hatch = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    assert "mlops_jlab/_labextension" in hatch["exclude"]
    assert "share/jupyter/labextensions/mlops-jlab" in hatch["shared-data"].values()
