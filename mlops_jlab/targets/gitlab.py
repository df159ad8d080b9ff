"""A pipeline of GitLab CI: one job a step, which pass on what they make as artifacts."""

from __future__ import annotations

from typing import Any

from mlops_jlab.targets import commands, quoting
from mlops_jlab.targets.form import Feature, Form, Task
from mlops_jlab.targets.naming import Rule, names_of
from mlops_jlab.targets.writing import Place, Target, header

_MARKS = ("$", "\n")
_RETRIES = 2  # that GitLab makes at most
_JOB = Rule(
    r"A-Za-z0-9_.-", "_", 200,
    frozenset(
        "image services stages types before_script after_script variables cache include true false nil pages "
        "default workflow spec".split()
    ),
)  # fmt: skip


def files(form: Form, place: Place) -> dict[str, str]:
    """The pipeline and the parameters that it starts from."""
    head = header(form, TARGET)
    note = ""
    if form.wishes.cron:
        due = f"{form.wishes.cron}, {form.wishes.zone}"
        note = f"# The schedule is set in GitLab (Build > Pipeline schedules): {due}\n"
    return {
        f"{place.export}.yaml": head + quoting.as_yaml(dict(form.wishes.values)),
        ".gitlab-ci.yml": head + note + quoting.as_yaml(_pipeline(form, place)),
    }


def _pipeline(form: Form, place: Place) -> dict[str, Any]:
    names = names_of([task.name for task in form.tasks], _JOB, "GitLab")
    needed = quoting.shell(f"{place.export}/requirements.txt")
    variables: dict[str, Any] = {
        commands.RUN: "$CI_PIPELINE_ID",
        commands.STORE: form.wishes.store or "store",
        "PIP_CACHE_DIR": "$CI_PROJECT_DIR/.cache/pip",
    }
    for name, text in form.shown(*_MARKS):
        parameter = form.parameter(name)
        about = {"value": text or "", "description": parameter.help or f"{name}: {parameter.type_text}"}
        if parameter.choices and text:
            about["options"] = [quoting.text_of(choice) for choice in parameter.choices]  # type: ignore[assignment]  # a list
        variables[f"{commands.PARAMETER}{name}"] = about
    return {
        "workflow": {
            "name": form.name,
            "rules": [
                {"if": '$CI_PIPELINE_SOURCE == "schedule"'},
                {"if": '$CI_PIPELINE_SOURCE == "web"'},
                {"if": '$CI_PIPELINE_SOURCE == "api" || $CI_PIPELINE_SOURCE == "trigger"'},
            ],
        },
        "variables": variables,
        "default": {
            "image": form.wishes.image or f"python:{form.python}",
            "cache": {"key": {"files": [f"{place.export}/requirements.txt"]}, "paths": [".cache/pip"]},
            "before_script": [f"python -m pip install -r {needed}"],
        },
        **{names[task.name]: _job(form, task, names, place) for task in form.tasks},
    }


def _job(form: Form, task: Task, names: dict[str, str], place: Place) -> dict[str, Any]:
    once = 0 < task.retries <= _RETRIES and not task.backoff
    words = commands.step_words(place.export, f"{place.export}.yaml", task.name, once=once)
    job: dict[str, Any] = {
        "stage": "test",
        "needs": [names[name] for name in task.after],
        "script": [" ".join(map(quoting.shell, words))],
    }
    if seconds := commands.limit(task, once=once):
        job["timeout"] = f"{-(-seconds // 60) + 15} minutes"
    if once:
        job["retry"] = task.retries
    if not form.wishes.store:
        job["artifacts"] = {"when": "always", "paths": ["store/"], "expire_in": "1 week"}
    return job


def _then(_form: Form, _place: Place) -> str:
    return "git add, commit and push; then run a pipeline in GitLab (Build > Pipelines)"


TARGET = Target(
    "gitlab",
    "GitLab CI",
    "run with gitlab-ci-local in make engines",
    files,
    _then,
    {
        Feature.SCHEDULE: "it is set in GitLab itself, with its time zone; the file says which",
        Feature.MEMORY: "runners have the memory that they have; the step's own limit holds",
        Feature.CPUS: "runners have the processors that they have",
        Feature.MODELS: "jobs share no run table; a step that registers a model fails and says so",
        Feature.PROMOTION: "jobs share no run table",
        Feature.FOR_EACH: "its parts are processes of one job",
    },
    at_root=True,
)
