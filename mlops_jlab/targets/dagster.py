"""Assets of Dagster: one a step, with the metrics that it has logged as metadata."""

from __future__ import annotations

from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.targets import quoting
from mlops_jlab.targets.form import Feature, Form, Task
from mlops_jlab.targets.naming import IDENTIFIER, names_of
from mlops_jlab.targets.writing import Place, Target, header

_TYPES = {"int": "int", "float": "float", "bool": "bool", "str": "str", "date": "str", "datetime": "str",
          "Path": "str", "list": "list", "dict": "dict"}  # fmt: skip

_FILE = '''\
{head}"""{name}: each asset is made by one step of the export beside this file.

Values cross in STORE. Set MLOPS_JLAB_RUN_STORE and MLOPS_JLAB_PYTHON if these are not the right ones.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path
{typing}
import dagster as dg

HERE = Path(__file__).resolve().parent
PYTHON = os.environ.get("MLOPS_JLAB_PYTHON", {python})
STORE = os.environ.get("MLOPS_JLAB_RUN_STORE", {store})
NAMES = {names}


class Parameters(dg.ConfigurableResource):
    """The parameters of a run; what is None is as the notebook says."""

{parameters}
def run_step(
    context: dg.AssetExecutionContext, step: str, parameters: Parameters
) -> dg.MaterializeResult:
    """Runs a step, unless it is done in this run, or in the one that this run executes again."""
    given = {{name: getattr(parameters, name) for name in NAMES}}
    environment = {{
        **os.environ,
        "MLOPS_JLAB_RUN_NAME": context.run.root_run_id or context.run.run_id,
        "MLOPS_JLAB_RUN_STORE": STORE,
        "MLOPS_JLAB_PARAMETERS": json.dumps(
            {{name: value for name, value in given.items() if value is not None}}
        ),
    }}
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        command = [PYTHON, "-m", "mlops_jlab", "step", str(HERE / "pipeline"), step, "--once"]
        done = subprocess.run([*command, "--result", str(result)], env=environment, check=False)
        if done.returncode:
            why = f"step {{step}} failed with exit code {{done.returncode}}"
            raise dg.Failure(why, allow_retries=done.returncode == 1)
        told = json.loads(result.read_text("utf-8"))
    about = {{"notebook": told["notebook"], "status": told["status"]}}
    return dg.MaterializeResult(metadata={{**about, **told["metrics"]}})


{assets}
ASSETS = [
{all}]
job = dg.define_asset_job({job}, selection=dg.AssetSelection.assets(*ASSETS))
defs = dg.Definitions(
    assets=ASSETS,
    jobs=[job],
    resources={{"parameters": Parameters.configure_at_launch()}},
    schedules=[{schedule}],
)
'''
_ASSET = '''\
@dg.asset(name={asset}{options})
def {function}(context: dg.AssetExecutionContext, parameters: Parameters) -> dg.MaterializeResult:
    """{about}"""
    return run_step(context, {step}, parameters)


'''


def files(form: Form, place: Place) -> dict[str, str]:
    """The definitions."""
    names = names_of([task.name for task in form.tasks], IDENTIFIER, "Dagster")
    functions = {task: f"{name}_step" for task, name in names.items()}
    schedule = ""
    if form.wishes.cron:
        schedule = (
            f"dg.ScheduleDefinition(job=job, cron_schedule={quoting.python(form.wishes.cron)}, "
            f"execution_timezone={quoting.python(form.wishes.zone)})"
        )
    parameters = [f"    {one.name}: {_field(form, one)}\n" for one in form.open_parameters]
    typing = [
        name for name in ("Any", "Optional") if any(name in line.partition(" = ")[0] for line in parameters)
    ]
    text = _FILE.format(
        head=header(form, TARGET), name=form.name, python=quoting.python(place.python),
        store=quoting.python(form.wishes.store or str(place.output / "store")),
        parameters="".join(parameters) + "\n" if parameters else "",
        typing=f"from typing import {', '.join(typing)}\n" if typing else "",
        names=quoting.python([one.name for one in form.open_parameters]),
        assets="".join(_asset(task, names, functions) for task in form.tasks).rstrip("\n") + "\n\n",
        job=quoting.python(names_of([f"{form.name}_run"], IDENTIFIER, "Dagster")[f"{form.name}_run"]),
        all="".join(f"    {name},\n" for name in functions.values()), schedule=schedule,
    )  # fmt: skip
    return {f"{form.name.replace('-', '_')}_assets.py": text}


def _field(form: Form, one: Parameter) -> str:
    kind = _TYPES.get(one.kinds[0], "Any") if len(one.kinds) == 1 else "Any"
    default = form.default(one)
    if one.required and one.name not in form.wishes.values:
        return kind
    if default is None:
        return f"Optional[{kind}] = None"
    return f"{kind} = {quoting.python(default)}"


def _asset(task: Task, names: dict[str, str], functions: dict[str, str]) -> str:
    options = ""
    if task.after:
        options += f", deps=[{', '.join(functions[name] for name in task.after)}]"
    if task.retries:
        delay = f", delay={task.backoff:g}, backoff=dg.Backoff.EXPONENTIAL" if task.backoff else ""
        options += f", retry_policy=dg.RetryPolicy(max_retries={task.retries}{delay})"
    return _ASSET.format(
        asset=quoting.python(names[task.name]),
        options=options,
        function=functions[task.name],
        step=quoting.python(task.name),
        about=_about(task),
    )


def _about(task: Task) -> str:
    alias = task.name.removeprefix("@")
    return f"The step {task.name}." if alias == task.name else f"Promotes to {alias} what passed its gate."


def _then(form: Form, place: Place) -> str:
    return f"dagster dev -f {place.output}/{form.name.replace('-', '_')}_assets.py"


TARGET = Target(
    "dagster",
    "Dagster",
    "run with Dagster 1.13.27 in make engines",
    files,
    _then,
    {
        Feature.MEMORY: "assets share their worker's memory; the step's own limit holds",
        Feature.CPUS: "assets share their worker's processors; the step's own limit holds",
        Feature.FOR_EACH: "its parts are processes of one asset, not partitions",
        Feature.SECRETS: "they come from the environment of the workers",
        Feature.IMAGE: "assets are made on the project's own interpreter",
    },
)
