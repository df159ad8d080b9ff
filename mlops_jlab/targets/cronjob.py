"""A CronJob of Kubernetes: the whole pipeline in one pod, with nothing but an image."""

from __future__ import annotations

from typing import Any

from mlops_jlab.errors import InputError
from mlops_jlab.targets import commands, image, plain, quoting
from mlops_jlab.targets.form import Feature, Form, Task
from mlops_jlab.targets.naming import KUBERNETES
from mlops_jlab.targets.writing import Place, Target, header


def files(form: Form, place: Place) -> dict[str, str]:
    """The manifest, and what its image is built from.

    Raises:
        InputError: nobody says when it is due.
    """
    if not form.wishes.cron:
        raise InputError("a CronJob is due at some time", hint="say when: --cron '0 3 * * 1'")
    head = header(form, TARGET)
    return {
        "parameters.yaml": head + quoting.as_yaml(dict(form.wishes.values)),
        "run.py": plain.run_file(head, form, place),
        "Dockerfile": image.dockerfile(head, form, place, image.requirements_of(place)),
        "cronjob.yaml": head + quoting.as_yaml(_manifest(form, place)),
    }


def _manifest(form: Form, place: Place) -> dict[str, Any]:
    name = KUBERNETES.of(form.name)
    largest = Task(
        "all", memory=max(t.memory for t in form.tasks), cpus=max(t.cpus for t in form.tasks)
    )  # fmt: skip
    limits = [commands.limit(task, once=False) for task in form.tasks]
    command = ["python", f"{image.inside(place)}/run.py", "--output", f"{image.TABLE}/run"]
    if form.wishes.store:
        command += ["--artifacts", form.wishes.store]
    pod = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "fsGroup": 1000},
        "containers": [
            {
                "name": "pipeline",
                "image": form.wishes.image or f"{name}:latest",
                "command": command,
                "env": commands.secrets_of_kubernetes(form),
                **commands.resources(largest),
                "volumeMounts": [{"name": "run", "mountPath": image.TABLE}],
            }
        ],
        "volumes": [{"name": "run", "emptyDir": {}}],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, "annotations": {"mlops-jlab/pipeline": form.identity}},
        "spec": {
            "schedule": form.wishes.cron,
            "timeZone": form.wishes.zone,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 3600,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 5,
            "jobTemplate": {
                "spec": {
                    "backoffLimit": 0,
                    **({"activeDeadlineSeconds": sum(limits)} if all(limits) else {}),
                    "template": {"spec": pod},
                }
            },
        },
    }


def _then(form: Form, place: Place) -> str:
    tag = form.wishes.image or f"{KUBERNETES.of(form.name)}:latest"
    return (
        f"docker build -t {tag} -f {place.output / 'Dockerfile'} {place.output / image.context(place)}"
        f" && kubectl apply -f {place.output / 'cronjob.yaml'}"
    )


TARGET = Target(
    "cronjob",
    "Kubernetes CronJob",
    "held against the schemas of Kubernetes 1.37, not run on a cluster",
    files,
    _then,
    {
        Feature.PARAMETERS: "a scheduled run has those that were given when it was exported",
        Feature.PARALLEL: "steps run in one pod; there they run side by side where that is proved safe",
        Feature.MODELS: "the pod's run table goes with it",
        Feature.PROMOTION: "the pod's run table goes with it",
        Feature.FOR_EACH: "its parts are processes of the pod",
    },
)
