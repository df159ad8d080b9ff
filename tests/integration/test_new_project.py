"""``mlops-jlab new``: the project that it writes is clean, and runs as it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlops_jlab.scaffolding import writing


def mlops(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mlops_jlab", *words], cwd=cwd, text=True, capture_output=True, timeout=300,
        check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_a_new_project_is_clean_runs_and_promotes_behind_its_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLOPS_JLAB_STORE", raising=False)
    monkeypatch.setenv("MPLBACKEND", "agg")
    folder = tmp_path / "churn"
    assert "mlops-jlab run train.ipynb" in mlops("new", "churn", cwd=tmp_path).stdout
    checked = json.loads(mlops("check", "train.ipynb", "--format", "json", cwd=folder).stdout)
    assert [step["name"] for step in checked["steps"]] == ["load", "check-data", "train", "judge", "report"]
    assert checked["findings"] == []
    (folder / ".mlops").mkdir()
    added = mlops(
        "schedule", "add", "train.ipynb", "--name", "churn", "--cron", "0 3 * * 1", "--on-data", "data",
        "--promote", "champion", cwd=folder,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    ran = mlops("schedule", "run", "churn", "--format", "json", cwd=folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told: dict[str, Any] = {step["step"]: step["outcome"] for step in json.loads(ran.stdout)["steps"]}
    assert (told["gates"], told["promote"]) == ("pass", "done"), told
    (run,) = json.loads(mlops("runs", "list", "--format", "json", cwd=folder).stdout)
    assert run["parts"] == 5
    again = mlops("new", "churn", cwd=tmp_path)
    assert (again.returncode, "is not empty" in again.stderr) == (2, True)


def test_its_files_are_what_their_readers_expect(tmp_path: Path) -> None:
    written = writing.write(tmp_path / "churn")
    names = {str(path.relative_to(tmp_path / "churn")) for path in written}
    assert names == {
        ".github/workflows/pipeline.yml", ".gitignore", "Makefile", "README.md", "data/customers.csv",
        "requirements.txt", "train.ipynb",
    }  # fmt: skip
    assert all("{{" not in path.read_text("utf-8") for path in written)
    workflow = yaml.safe_load((tmp_path / "churn" / ".github/workflows/pipeline.yml").read_text())
    assert workflow["jobs"]["pipeline"]["steps"]
    assert (tmp_path / "churn" / "Makefile").read_text().count("\n\tmlops-jlab ") == 4


@pytest.mark.parametrize("name", ["Churn", "1st", "a b", "ü"])
def test_a_name_that_no_pipeline_can_have_is_refused(name: str, tmp_path: Path) -> None:
    from mlops_jlab.errors import InputError

    with pytest.raises(InputError, match="cannot be the name of a project"):
        writing.write(tmp_path / name)
    assert not (tmp_path / name).exists()
