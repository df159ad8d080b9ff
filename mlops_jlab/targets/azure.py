"""A pipeline of Azure DevOps: one job a step, which pass on what they make as artifacts."""

from __future__ import annotations

from typing import Any

from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.targets import commands, quoting
from mlops_jlab.targets.form import Feature, Form, Task
from mlops_jlab.targets.naming import IDENTIFIER, names_of
from mlops_jlab.targets.writing import Place, Target, header

_MARKS = ("${{", "$(", "$[", "\n")


def files(form: Form, place: Place) -> dict[str, str]:
    """The pipeline and the parameters that it starts from."""
    head = header(form, TARGET)
    return {
        f"{place.export}.yaml": head + quoting.as_yaml(dict(form.wishes.values)),
        "azure-pipelines.yml": head + quoting.as_yaml(_pipeline(form, place)),
    }


def _pipeline(form: Form, place: Place) -> dict[str, Any]:
    """Numbers are texts in it: so Azure's own schema wants them."""

    names = names_of([task.name for task in form.tasks], IDENTIFIER, "Azure")
    shown = form.shown(*_MARKS)
    parameters = [_parameter(form.parameter(name), text) for name, text in shown]
    branches = {"include": ["main"]}
    due = {"cron": form.wishes.cron, "displayName": form.name, "branches": branches, "always": "true"}
    return {
        "name": f"{form.name}-$(Date:yyyyMMdd)$(Rev:.r)",
        "trigger": "none",
        "pr": "none",
        **({"schedules": [due]} if form.wishes.cron else {}),
        **({"parameters": parameters} if parameters else {}),
        "variables": {commands.RUN: "$(Build.BuildId)", commands.STORE: form.wishes.store or "store"},
        "pool": {"vmImage": "ubuntu-latest"},
        "jobs": [_job(form, task, names, [name for name, _ in shown], place) for task in form.tasks],
    }


def _parameter(parameter: Parameter, text: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"name": parameter.name, "displayName": parameter.help or parameter.name}
    plain = not parameter.optional and bool(text)
    if plain and parameter.kinds == ("bool",):
        return {**found, "type": "boolean", "default": str(text)}
    if plain and set(parameter.kinds) <= {"int", "float"}:
        return {**found, "type": "number", "default": text}
    found["type"] = "string"
    if text is not None:
        found["default"] = text or " "  # Azure asks for one that is empty
    if parameter.choices and text:
        found["values"] = [quoting.text_of(choice) for choice in parameter.choices]
    return found


def _job(form: Form, task: Task, names: dict[str, str], shown: list[str], place: Place) -> dict[str, Any]:
    words = commands.step_words(place.export, f"{place.export}.yaml", task.name, once=bool(task.retries))
    environment = {secret: f"$({secret})" for secret in form.secrets}
    environment |= {f"{commands.PARAMETER}{name}": f"${{{{ parameters.{name} }}}}" for name in shown}
    run: dict[str, Any] = {
        "script": " ".join(map(quoting.shell, words)),
        "displayName": task.name,
        "env": environment,
    }
    if task.retries:
        run["retryCountOnTaskFailure"] = str(task.retries)
    needed = quoting.shell(f"{place.export}/requirements.txt")
    seconds = commands.limit(task, once=False)
    needs = [names[name] for name in task.after]
    return {
        "job": names[task.name],
        "displayName": task.name,
        **({"dependsOn": needs} if needs else {}),
        **({"timeoutInMinutes": str(-(-seconds // 60) + 15)} if seconds else {}),
        **({"container": form.wishes.image} if form.wishes.image else {}),
        "steps": [
            {"checkout": "self", "persistCredentials": "false"},
            {"task": "UsePythonVersion@0", "inputs": {"versionSpec": form.python}},
            {"script": f"python -m pip install -r {needed}", "displayName": "Install"},
            *([] if form.wishes.store else [_download(need) for need in needs]),
            run,
            *([] if form.wishes.store else [_upload(names[task.name])]),
        ],
    }


def _download(job: str) -> dict[str, Any]:
    inputs = {"artifactName": f"store-{job}", "targetPath": "store"}
    return {"task": "DownloadPipelineArtifact@2", "inputs": inputs}


def _upload(job: str) -> dict[str, Any]:
    return {"publish": "store", "artifact": f"store-{job}", "condition": "succeededOrFailed()"}


def _then(_form: Form, _place: Place) -> str:
    return "git add, commit and push; then make a pipeline of azure-pipelines.yml in Azure DevOps"


TARGET = Target(
    "azure",
    "Azure Pipelines",
    "held against Azure's schema in make engines, not run",
    files,
    _then,
    {
        Feature.TIME_ZONE: "its clock is UTC, and the line is taken as UTC",
        Feature.BACKOFF: "it tries again at once, later each time",
        Feature.MEMORY: "agents have the memory that they have; the step's own limit holds",
        Feature.CPUS: "agents have the processors that they have",
        Feature.MODELS: "jobs share no run table; a step that registers a model fails and says so",
        Feature.PROMOTION: "jobs share no run table",
        Feature.FOR_EACH: "its parts are processes of one job",
    },
    at_root=True,
)
