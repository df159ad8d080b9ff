"""A workflow of GitHub Actions: one job a step, which pass on what they make as artifacts."""

from __future__ import annotations

from typing import Any

from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.targets import commands, quoting
from mlops_jlab.targets.form import Feature, Form, Task
from mlops_jlab.targets.naming import Rule, names_of
from mlops_jlab.targets.writing import Place, Target, header

_MARKS = ("${{", "\n")
_MOST = 25  # inputs of a workflow
_JOB = Rule(r"A-Za-z0-9_-", "_", 100)
_MINUTES = 360  # of a job, where nothing is said


def files(form: Form, place: Place) -> dict[str, str]:
    """The workflow, the parameters that it starts from, and the review of pull requests."""
    head = header(form, TARGET)
    found = {
        f"{place.export}.yaml": head + quoting.as_yaml(dict(form.wishes.values)),
        f".github/workflows/{form.name}.yml": head + quoting.as_yaml(_workflow(form, place)),
    }
    if place.notebook:
        review = head + quoting.as_yaml(_review(form, place))
        found[f".github/workflows/{form.name}-review.yml"] = review
    return found


def _workflow(form: Form, place: Place) -> dict[str, Any]:
    names = names_of([task.name for task in form.tasks], _JOB, "GitHub")
    shown = form.shown(*_MARKS)[:_MOST]
    inputs = {name: _input(form.parameter(name), text) for name, text in shown}
    on: dict[str, Any] = {"workflow_dispatch": {"inputs": inputs} if inputs else {}}
    if form.wishes.cron:
        zone = {} if form.wishes.zone == "UTC" else {"timezone": form.wishes.zone}
        on["schedule"] = [{"cron": form.wishes.cron, **zone}]
    given = [name for name, _ in shown]
    return {
        "name": form.name,
        "on": on,
        "permissions": {"contents": "read"},
        "concurrency": {"group": form.name, "cancel-in-progress": False},
        "env": {commands.RUN: "${{ github.run_id }}", commands.STORE: form.wishes.store or "store"},
        "jobs": {names[task.name]: _job(form, task, names, given, place) for task in form.tasks},
    }


def _review(form: Form, place: Place) -> dict[str, Any]:
    """A job on each pull request that touches the notebook: the review, and a comment with what it says."""
    words = ["mlops-jlab", "ci", place.notebook, "--parameters-file", f"{place.export}.yaml", "--base"]
    own = "github.event.pull_request.head.repo.full_name == github.repository"  # others' tokens only read
    return {
        "name": f"{form.name} review",
        "on": {"pull_request": {"paths": [place.notebook, f"{place.export}.yaml", "**.py"]}},
        "permissions": {"contents": "read", "pull-requests": "write"},
        "concurrency": {"group": f"{form.name}-review-${{{{ github.ref }}}}", "cancel-in-progress": True},
        "jobs": {
            "review": {
                "name": "review",
                "runs-on": "ubuntu-latest",
                **({"container": form.wishes.image} if form.wishes.image else {}),
                "steps": [
                    _checkout(whole=True),
                    *_python(form, place),
                    {
                        "name": "Review",
                        "run": f'{" ".join(map(quoting.shell, words))} "origin/$GITHUB_BASE_REF"',
                        "env": {secret: f"${{{{ secrets.{secret} }}}}" for secret in form.secrets},
                    },
                    {
                        "if": "always()",
                        "uses": "actions/upload-artifact@v4",
                        "with": {"name": "review", "path": "ci-report", "if-no-files-found": "ignore"},
                    },
                    {
                        "name": "Comment",
                        "if": f"always() && {own} && hashFiles('ci-report/summary.md') != ''",
                        "run": 'gh pr comment "$NUMBER" --edit-last --create-if-none'
                        " --body-file ci-report/summary.md",
                        "env": {
                            "GH_TOKEN": "${{ github.token }}",
                            "NUMBER": "${{ github.event.pull_request.number }}",
                        },
                    },
                ],
            }
        },
    }


def _checkout(*, whole: bool = False) -> dict[str, Any]:
    more = {"fetch-depth": 0} if whole else {}
    return {"uses": "actions/checkout@v5", "with": {"persist-credentials": False, **more}}


def _python(form: Form, place: Place) -> list[dict[str, Any]]:
    needed = f"{place.export}/requirements.txt"
    return [
        {
            "uses": "actions/setup-python@v6",
            "with": {"python-version": form.python, "cache": "pip", "cache-dependency-path": needed},
        },
        {"name": "Install", "run": f"python -m pip install -r {quoting.shell(needed)}"},
    ]


def _input(parameter: Parameter, text: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"description": parameter.help or f"{parameter.name}: {parameter.type_text}"}
    if text is None:
        found["required"] = True
    if parameter.choices:
        found |= {"type": "choice", "options": [quoting.text_of(choice) for choice in parameter.choices]}
    elif parameter.kinds == ("bool",) and not parameter.optional:
        found["type"] = "boolean"
    elif set(parameter.kinds) <= {"int", "float"} and not parameter.optional:
        found["type"] = "number"
    else:
        found["type"] = "string"
    if text:
        found["default"] = text == "true" if found["type"] == "boolean" else text
    return found


def _job(form: Form, task: Task, names: dict[str, str], shown: list[str], place: Place) -> dict[str, Any]:
    needs = [names[name] for name in task.after]
    seconds = commands.limit(task, once=False)
    environment = {secret: f"${{{{ secrets.{secret} }}}}" for secret in form.secrets}
    environment |= {f"{commands.PARAMETER}{name}": f"${{{{ inputs.{name} }}}}" for name in shown}
    words = commands.step_words(place.export, f"{place.export}.yaml", task.name, once=False)
    return {
        "name": task.name,
        "runs-on": "ubuntu-latest",
        **({"container": form.wishes.image} if form.wishes.image else {}),
        **({"needs": needs} if needs else {}),
        "timeout-minutes": min(-(-seconds // 60) + 15, _MINUTES) if seconds else _MINUTES,
        "steps": [
            _checkout(),
            *_python(form, place),
            *([] if form.wishes.store else [_download(need) for need in needs]),
            {"name": "Run", "run": " ".join(map(quoting.shell, words)), "env": environment},
            *([] if form.wishes.store else [_upload(names[task.name])]),
        ],
    }


def _download(job: str) -> dict[str, Any]:
    return {"uses": "actions/download-artifact@v5", "with": {"name": f"store-{job}", "path": "store"}}


def _upload(job: str) -> dict[str, Any]:
    return {
        "if": "always()",
        "uses": "actions/upload-artifact@v4",
        "with": {"name": f"store-{job}", "path": "store", "overwrite": True, "if-no-files-found": "ignore"},
    }


def _then(form: Form, _place: Place) -> str:
    return f"git add, commit and push; then: gh workflow run {form.name}.yml"


TARGET = Target(
    "github",
    "GitHub Actions",
    "run with act, linted by actionlint's rules and zizmor in make engines",
    files,
    _then,
    {
        Feature.MEMORY: "runners have the memory that they have; the step's own limit holds",
        Feature.CPUS: "runners have the processors that they have",
        Feature.MODELS: "jobs share no run table; a step that registers a model fails and says so",
        Feature.PROMOTION: "jobs share no run table",
        Feature.FOR_EACH: "its parts are processes of one job, not a matrix",
    },
    at_root=True,
)
