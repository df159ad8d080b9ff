"""A DAG of Airflow 3: a BashOperator a step, on the project's own interpreter."""

from __future__ import annotations

from typing import Any

from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.targets import quoting
from mlops_jlab.targets.form import Feature, Form, Task
from mlops_jlab.targets.naming import IDENTIFIER, Rule, names_of
from mlops_jlab.targets.writing import Place, Target, header

_TYPES = {
    "int": "integer", "float": "number", "bool": "boolean", "str": "string", "list": "array",
    "dict": "object", "date": "string", "datetime": "string", "Path": "string",
}  # fmt: skip
_FORMATS = {"date": "date", "datetime": "date-time"}
_TASK = Rule(r"A-Za-z0-9_.-", "_", 200)

_DAG = '''\
{head}"""{name}: each task runs one step of the export beside this file, on the project's interpreter.

Values cross in STORE, which all workers must see. Set MLOPS_JLAB_RUN_STORE and MLOPS_JLAB_PYTHON where
they run, if these are not the right ones.
"""

import os
{timedelta}from pathlib import Path
from shlex import quote

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG{param}

HERE = Path(__file__).resolve().parent
PYTHON = os.environ.get("MLOPS_JLAB_PYTHON", {python})
STORE = os.environ.get("MLOPS_JLAB_RUN_STORE", {store})


def step(name: str, task_id: str = "", **options) -> BashOperator:
    """The task of a step; what is done already is not done again."""
    export = quote(str(HERE / "pipeline"))
    return BashOperator(
        task_id=task_id or name,
        bash_command=f"exec {{quote(PYTHON)}} -m mlops_jlab step {{export}} {{name}} --once",
        env={{
            "MLOPS_JLAB_RUN_NAME": "{{{{ run_id }}}}",
            "MLOPS_JLAB_RUN_STORE": STORE,
            "MLOPS_JLAB_PARAMETERS": "{{{{ dict(params) | tojson }}}}",  # which is read as a template once
        }},
        append_env=True,
        **options,
    )


with DAG(
    {dag},
    description={description},
    schedule={schedule},
    start_date=pendulum.datetime(2026, 1, 1, tz={zone}),
    catchup=False,
    max_active_runs=1,
{params}    tags=["mlops_jlab"],
    doc_md=__doc__,
) as dag:
{steps}
{edges}'''


def files(form: Form, place: Place) -> dict[str, str]:
    """The DAG."""
    head = header(form, TARGET)
    tasks = [task.name for task in form.tasks]
    variables = {task: f"step_{name}" for task, name in names_of(tasks, IDENTIFIER, "Python").items()}
    names = names_of(tasks, _TASK, "Airflow")
    params = [
        f"        {quoting.python(one.name)}: {_param(form, one)},\n"
        for one in form.open_parameters
        if one.name in form.wishes.values or not one.computed
    ]
    lines = [f"    {variables[task.name]} = {_step(task, names[task.name])}" for task in form.tasks]
    edges = [
        f"    {_all([variables[name] for name in task.after])} >> {variables[task.name]}\n"
        for task in form.tasks
        if task.after
    ]
    default = form.wishes.store or str(place.output / "store")
    text = _DAG.format(
        head=head, name=form.name, python=quoting.python(place.python), store=quoting.python(default),
        dag=quoting.python(form.name), description=quoting.python(f"made from {form.notebook}"),
        schedule=quoting.python(form.wishes.cron or None), zone=quoting.python(form.wishes.zone),
        params=f"    params={{\n{''.join(params)}    }},\n" if params else "",
        param=", Param" if params else "",
        timedelta="from datetime import timedelta\n" if any("timedelta" in line for line in lines) else "",
        steps="\n".join(lines), edges="".join(edges),
    )  # fmt: skip
    return {f"{form.name.replace('-', '_')}_dag.py": text}


def _all(variables: list[str]) -> str:
    return variables[0] if len(variables) == 1 else f"[{', '.join(variables)}]"


def _step(task: Task, name: str) -> str:
    words = [quoting.python(task.name), *([f"task_id={quoting.python(name)}"] if name != task.name else [])]
    if task.retries:
        words.append(f"retries={task.retries}")
        words.append(f"retry_delay=timedelta(seconds={task.backoff:g})")
    if task.backoff:
        words.append("retry_exponential_backoff=True")
    if task.timeout:
        words.append(f"execution_timeout=timedelta(seconds={task.timeout + 120:g})")
    return f"step({', '.join(words)})"


def _param(form: Form, one: Parameter) -> str:
    kinds = [_TYPES[kind] for kind in one.kinds if kind in _TYPES]
    kinds += ["null"] if one.optional else []
    schema: dict[str, Any] = {}
    if "any" not in one.kinds and kinds:
        schema["type"] = kinds[0] if len(kinds) == 1 else kinds
    formats = [_FORMATS[kind] for kind in one.kinds if kind in _FORMATS]
    if len(one.kinds) == 1 and formats == ["date"]:
        schema["format"] = "date"
    if one.choices:
        schema["enum"] = list(one.choices)
    for key, given, exclusive in zip(
        ("minimum", "maximum"), (one.minimum, one.maximum), one.exclusive, strict=True
    ):
        if given is not None:
            schema[f"exclusive{key.title()}" if exclusive else key] = given
    if one.help:
        schema["description"] = one.help
    default = form.default(one)
    words = [] if default is None and not one.optional else [quoting.python(default)]
    return (
        f"Param({', '.join([*words, *(f'{key}={quoting.python(value)}' for key, value in schema.items())])})"
    )


def _then(form: Form, place: Place) -> str:
    return f"AIRFLOW__CORE__DAGS_FOLDER={place.output} airflow dags test {form.name}"


TARGET = Target(
    "airflow",
    "Airflow 3",
    "run with airflow dags test of 3.3.2 in make engines",
    files,
    _then,
    {
        Feature.MEMORY: "tasks share their worker's memory; the step's own limit holds",
        Feature.CPUS: "tasks share their worker's processors; the step's own limit holds",
        Feature.FOR_EACH: "its parts are processes of one task, not mapped tasks",
        Feature.SECRETS: "they come from the environment of the workers",
        Feature.IMAGE: "tasks run on the project's own interpreter",
    },
)
