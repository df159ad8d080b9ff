"""Manifests against the strict schemas of Kubernetes, and Argo's own models."""

from __future__ import annotations

import subprocess

from tests.engines.conftest import Project

# Every model of Argo's refuses what it does not know, as the server does and hera by itself does not.
_STRICT = """
import sys, yaml
import hera.workflows.models as m
kinds = {"CronWorkflow": m.CronWorkflow, "Workflow": m.Workflow}
content = yaml.safe_load(open(sys.argv[1]))
found = kinds[content["kind"]].model_validate(content)
def unknown(given, made, path=""):
    if isinstance(given, dict):
        for key, value in given.items():
            if isinstance(made, dict) and key not in made:
                yield f"{path}.{key}"
            else:
                yield from unknown(value, made[key], f"{path}.{key}")
    elif isinstance(given, list):
        for place, value in enumerate(given):
            yield from unknown(value, made[place], f"{path}[{place}]")
made = found.model_dump(by_alias=True, exclude_none=True, mode="json")
problems = list(unknown(content, made))
assert not problems, problems
"""


def test_the_cron_job_is_what_kubernetes_takes(project: Project) -> None:
    out = project.export("cronjob", "--cron", "0 3 * * 1", "--tz", "Europe/Berlin")
    command = [project.tool("lint", "kubernetes-validate"), "--strict"]
    assert subprocess.run([*command, str(out / "cronjob.yaml")]).returncode == 0
    broken = (out / "cronjob.yaml").read_text().replace("concurrencyPolicy", "concurencyPolicy")
    (out / "broken.yaml").write_text(broken)
    assert subprocess.run([*command, str(out / "broken.yaml")]).returncode != 0


def test_the_workflow_is_what_argo_takes(project: Project) -> None:
    for more in (["--cron", "0 3 * * 1", "--tz", "Europe/Berlin"], []):
        out = project.export("argo", "--store", "s3://bucket/runs", *more)
        check = [project.tool("lint", "python"), "-c", _STRICT]
        assert subprocess.run([*check, str(out / "workflow.yaml")]).returncode == 0
        for right, wrong in (("retryStrategy", "retryStrateggy"), ("timezone", "timeZone")):
            text = (out / "workflow.yaml").read_text()
            if right in text:
                (out / "broken.yaml").write_text(text.replace(right, wrong))
                assert subprocess.run([*check, str(out / "broken.yaml")], capture_output=True).returncode != 0
