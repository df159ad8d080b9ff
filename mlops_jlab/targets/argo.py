"""A workflow of Argo: one pod a step, in the order that the values need."""

from __future__ import annotations

from typing import Any

from mlops_jlab.errors import InputError
from mlops_jlab.targets import commands, image, quoting
from mlops_jlab.targets.form import Feature, Form, Task
from mlops_jlab.targets.naming import KUBERNETES, names_of
from mlops_jlab.targets.writing import Place, Target, header

_MARKS = ("{{", "}}", "$(")  # the last one is that of the environment of a container


def files(form: Form, place: Place) -> dict[str, str]:
    """The workflow, and what its image is built from.

    Raises:
        InputError: pods have no store in common.
    """
    if not form.wishes.store:
        raise InputError(
            "the pods of a workflow share no folder",
            hint="name where steps hand on: --store s3://bucket/path",
        )
    head = header(form, TARGET)
    return {
        "parameters.yaml": head + quoting.as_yaml(dict(form.wishes.values)),
        "Dockerfile": image.dockerfile(head, form, place, image.requirements_of(place), runs=False),
        "workflow.yaml": head + quoting.as_yaml(_workflow(form, place)),
    }


def _workflow(form: Form, place: Place) -> dict[str, Any]:
    name = KUBERNETES.of(form.name)
    names = names_of([task.name for task in form.tasks], KUBERNETES, "Argo")
    shown = form.shown(*_MARKS)
    arguments = [{"name": key, **({} if text is None else {"value": text})} for key, text in shown]
    spec: dict[str, Any] = {
        "entrypoint": "pipeline",
        **({"arguments": {"parameters": arguments}} if arguments else {}),
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "fsGroup": 1000},
        "templates": [
            {"name": "pipeline", "dag": {"tasks": [_task(task, names) for task in form.tasks]}},
            *(_template(form, task, names[task.name], place) for task in form.tasks),
        ],
    }
    about = {"annotations": {"mlops-jlab/pipeline": form.identity}}
    if not form.wishes.cron:
        kind = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"}
        return {**kind, "metadata": {"generateName": f"{name}-", **about}, "spec": spec}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": {"name": name, **about},
        "spec": {
            "schedules": [form.wishes.cron],
            "timezone": form.wishes.zone,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 3600,
            "workflowSpec": spec,
        },
    }


def _task(task: Task, names: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": names[task.name], "template": f"step-{names[task.name]}"}
    if task.after:
        found["depends"] = " && ".join(names[name] for name in task.after)
    return found


def _template(form: Form, task: Task, name: str, place: Place) -> dict[str, Any]:
    given = [
        {"name": f"{commands.PARAMETER}{key}", "value": f"{{{{workflow.parameters.{key}}}}}"}
        for key, _ in form.shown(*_MARKS)
    ]
    template: dict[str, Any] = {
        "name": f"step-{name}",
        "metadata": {"annotations": {"mlops-jlab/step": task.name}},
        "container": {
            "image": form.wishes.image or f"{KUBERNETES.of(form.name)}:latest",
            "command": commands.step_in_image(place, task.name),
            "env": [
                {"name": commands.STORE, "value": form.wishes.store},
                {"name": commands.RUN, "value": "{{workflow.name}}"},
                *given,
                *commands.secrets_of_kubernetes(form),
            ],
            **commands.resources(task),
        },
    }
    if task.retries:
        backoff = {"duration": f"{task.backoff:g}s", "factor": "2"} if task.backoff else {}
        template["retryStrategy"] = {
            "limit": str(task.retries), "retryPolicy": "Always", **({"backoff": backoff} if backoff else {})
        }  # fmt: skip
    if seconds := commands.limit(task, once=True):
        template["activeDeadlineSeconds"] = str(seconds)
    return template


def _then(form: Form, place: Place) -> str:
    verb = "cron create" if form.wishes.cron else "submit"
    return f"argo {verb} {place.output / 'workflow.yaml'}"


TARGET = Target(
    "argo",
    "Argo Workflows",
    "held against Argo's models (hera) and our own checks, not run on a cluster",
    files,
    _then,
    {
        Feature.FOR_EACH: "its parts are processes of one pod",
        Feature.MODELS: "pods share no run table; a step that registers a model fails and says so",
        Feature.PROMOTION: "pods share no run table",
    },
)
