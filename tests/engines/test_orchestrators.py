"""Airflow, Kubeflow Pipelines and Dagster run what was written for them, each in an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.engines.conftest import WANTED, Project

_SCHEDULE = ("--cron", "0 3 * * 1", "--tz", "Europe/Berlin")


def _run(command: list[str], folder: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "MLOPS_JLAB_KEY": "k" * 40, **environment}, capture_output=True,
        text=True, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-6000:]
    return done.stdout + done.stderr


def test_airflow_runs_the_dag_and_tries_again(project: Project) -> None:
    out = project.export("airflow", *_SCHEDULE)
    home = project.folder / "airflow"
    settings = {
        "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(out), "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }  # fmt: skip
    airflow = project.tool("airflow", "airflow")
    _run([airflow, "db", "migrate"], project.folder, **settings)
    _run([airflow, "dags", "test", "nb"], project.folder, **settings)
    assert project.answer(out / "store") == WANTED
    assert project.imported(out / "store")["status"] == "finished"
    zone = "import runpy, sys; dag = runpy.run_path(sys.argv[1])['dag']; print(dag.timezone, dag.schedule)"
    told = _run(
        [project.tool("airflow", "python"), "-c", zone, str(out / "nb_dag.py")], project.folder, **settings
    )
    assert "Europe/Berlin" in told


_LOCAL = """
import runpy, sys
from kfp import local
module = runpy.run_path(sys.argv[1])
local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=sys.argv[2])
module["pipeline"]()
"""
_STRICT = """
import sys, yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2
content = next(yaml.safe_load_all(open(sys.argv[1])))
spec = json_format.ParseDict(content, pipeline_spec_pb2.PipelineSpec())
print(sorted(spec.root.input_definitions.parameters))
"""


def test_kubeflow_compiles_and_runs_the_pipeline(project: Project) -> None:
    store = project.folder / "store"
    out = project.export("kfp", "--store", str(store), *_SCHEDULE)
    python = project.tool("kfp", "python")
    _run([python, str(out / "pipeline.py"), "--output", "nb.yaml"], project.folder)
    assert "'full', 'rate', 'rows'" in _run([python, "-c", _STRICT, "nb.yaml"], project.folder)
    settings = {"MLOPS_JLAB_PYTHON": sys.executable, "MLOPS_JLAB_PROJECT": str(project.folder)}
    told = _run(
        [python, "-c", _LOCAL, str(out / "pipeline.py"), str(project.folder / "root")],
        project.folder,
        **settings,
    )
    assert project.answer(store) == WANTED
    assert project.imported(store)["status"] == "finished"
    assert "SUCCESS" in told


_ASSETS = """
import runpy, sys
import dagster as dg
defs = runpy.run_path(sys.argv[1])["defs"]
with dg.DagsterInstance.ephemeral() as instance:
    result = defs.get_job_def("nb_run").execute_in_process(instance=instance, raise_on_error=False)
    for event in result.get_asset_materialization_events():
        print(event.asset_key.to_user_string(), {k: v.value for k, v in event.materialization.metadata.items()})
    schedule = next(iter(defs.get_repository_def().schedule_defs))
    print(schedule.cron_schedule, schedule.execution_timezone)
    sys.exit(0 if result.success else 1)
"""


def test_dagster_makes_the_assets_and_tries_again(project: Project) -> None:
    out = project.export("dagster", *_SCHEDULE)
    told = _run([project.tool("dagster", "python"), "-c", _ASSETS, str(out / "nb_assets.py")], project.folder)
    assert project.answer(out / "store") == WANTED
    assert "'a': 2.5" in told
    assert "0 3 * * 1 Europe/Berlin" in told
    assert project.imported(out / "store")["status"] == "finished"
