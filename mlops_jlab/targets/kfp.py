"""A pipeline of Kubeflow Pipelines v2: a component a step, with typed arguments and its metrics."""

from __future__ import annotations

from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.errors import InputError
from mlops_jlab.targets import commands, image, quoting
from mlops_jlab.targets.form import Feature, Form, Task
from mlops_jlab.targets.naming import KUBERNETES, Rule, names_of
from mlops_jlab.targets.writing import Place, Target, header

_TYPES = {"int": "int", "float": "float", "bool": "bool", "str": "str", "date": "str", "datetime": "str",
          "Path": "str", "list": "list", "dict": "dict"}  # fmt: skip
_TAKEN = frozenset(  # words of the file below, that no argument may hide
    "run metrics given json os subprocess sys tempfile open dict dsl with_secrets".split()
)
_COMPONENT = Rule(r"a-z0-9-", "-", 100)  # as kfp names components, whatever the function is called
_MARKS = ("{{",)  # with which kfp writes its own placeholders

_FILE = '''\
{head}"""{name}: each component runs one step of the export, which is in the image.

    python {file}                                  # compiles {name}.yaml
    python {file} --host URL                       # runs it
    python {file} --host URL --schedule            # runs it when it is due; not tried against a server
"""

import argparse
{typing}
from kfp import Client, compiler, dsl

try:
    from kfp import kubernetes  # pip install kfp-kubernetes
except ImportError:
    kubernetes = None

IMAGE = {image}
SECRETS = {secrets}
CRON = {cron}  # of {zone}; with seconds first, as Kubeflow has it


def with_secrets(task):
    """The task with the cluster's secrets, and nothing taken from Kubeflow's cache."""
    if kubernetes is not None:
        keys = {{name: name for name in SECRETS}}
        kubernetes.use_secret_as_env(task, secret_name={secret}, secret_key_to_env=keys)
    return task.set_caching_options(False)

{components}
@dsl.pipeline(name={pipeline}, description={description})
def pipeline({arguments}):
    run = dsl.PIPELINE_JOB_ID_PLACEHOLDER
    given = dict({passed})
{tasks}

def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", default="{name}.yaml")
    parser.add_argument("--host")
    parser.add_argument("--schedule", action="store_true")
    chosen = parser.parse_args()
    if kubernetes is None:
        print("without kfp-kubernetes the tasks get no secrets:", ", ".join(SECRETS))
    compiler.Compiler().compile(pipeline, chosen.output)
    if not chosen.host:
        return
    client = Client(host=chosen.host)
    if not chosen.schedule:
        client.create_run_from_pipeline_package(chosen.output)
        return
    experiment = client.create_experiment({pipeline})
    client.create_recurring_run(
        experiment_id=experiment.experiment_id, job_name={pipeline}, cron_expression=CRON, max_concurrency=1,
        no_catchup=True, pipeline_package_path=chosen.output,
    )


if __name__ == "__main__":
    main()
'''
_STEP = '''
@dsl.component(base_image=IMAGE)
def {function}(run: str, metrics: dsl.Output[dsl.Metrics]{typed}):
    """The step {step}."""
    import json
    import os
    import subprocess
    import sys
    import tempfile

    given = {given}
    texts = {texts}
    result = os.path.join(tempfile.mkdtemp(), "result.json")
    project = os.environ.get("MLOPS_JLAB_PROJECT", "{project}")
    export = os.path.join(project, {export})
    parameters = os.path.join(project, {parameters})
    python = os.environ.get("MLOPS_JLAB_PYTHON", sys.executable)
    command = [python, "-m", "mlops_jlab", "step", export, {word}, "--once"]
    command += ["--parameters-file", parameters, "--result", result]
    environment = {{
        **os.environ,
        "MLOPS_JLAB_RUN_NAME": run,
        "MLOPS_JLAB_RUN_STORE": os.environ.get("MLOPS_JLAB_RUN_STORE", {store}),
        "MLOPS_JLAB_PARAMETERS": json.dumps(
            {{name: value for name, value in given.items() if value is not None}}
        ),
        **{{f"MLOPS_JLAB_PARAMETER_{{name}}": value for name, value in texts.items() if value}},
    }}
    subprocess.run(command, env=environment, check=True)
    with open(result, encoding="utf-8") as file:
        told = json.load(file)
    for name, value in told["metrics"].items():
        metrics.log_metric(name, value)
    metrics.metadata["notebook"] = told["notebook"]

'''


def files(form: Form, place: Place) -> dict[str, str]:
    """The pipeline, and what its image is built from.

    Raises:
        InputError: pods have no store in common.
    """
    if not form.wishes.store:
        raise InputError(
            "the pods of a pipeline share no folder",
            hint="name where steps hand on: --store s3://bucket/path",
        )
    head = header(form, TARGET)
    tasks = [task.name for task in form.tasks]
    names_of(tasks, _COMPONENT, "Kubeflow")
    functions = {task: "step_" + task.replace("-", "_") for task in tasks}
    shown = [form.parameter(name) for name, _ in form.shown(*_MARKS)]
    name = KUBERNETES.of(form.name)
    required = [one for one in shown if one.required and one.name not in form.wishes.values]
    rest = [one for one in shown if one not in required]
    text = _FILE.format(
        head=head, name=form.name, file="pipeline.py", zone=form.wishes.zone,
        image=quoting.python(form.wishes.image or f"{name}:latest"),
        secrets=quoting.python(list(form.secrets)),
        cron=quoting.python(f"0 {form.wishes.cron}" if form.wishes.cron else ""),
        components="".join(_component(form, task, functions, shown, place) for task in form.tasks),
        pipeline=quoting.python(name), description=quoting.python(f"made from {form.notebook}"),
        arguments=", ".join(
            [f"{_word(one.name)}: {_kind(one)}" for one in required] + [_argument(form, one) for one in rest]
        ),
        typing="from typing import Optional\n" if any(_is_optional(form, one) for one in shown) else "",
        passed=", ".join(f"{_word(one.name)}={_word(one.name)}" for one in shown),
        tasks="".join(_task(task, functions) for task in form.tasks),
        secret=quoting.python(f"{name}-secrets"),
    )  # fmt: skip
    return {
        "parameters.yaml": head + quoting.as_yaml(dict(form.wishes.values)),
        "Dockerfile": image.dockerfile(head, form, place, image.requirements_of(place), runs=False),
        "pipeline.py": text,
    }


def _kind(one: Parameter) -> str:
    """The type of an argument; whatever Kubeflow has no type for is a text."""
    found = _TYPES.get(one.kinds[0], "str") if len(one.kinds) == 1 else "str"
    return f"Optional[{found}]" if one.optional and found != "str" else found


def _is_text(one: Parameter) -> bool:
    """Whether the argument is a text that means the value."""
    return _kind(one) == "str" and (one.kinds != ("str",) or one.optional)


def _argument(form: Form, one: Parameter) -> str:
    default = form.default(one)
    if _kind(one) == "str":
        return f"{_word(one.name)}: str = {quoting.python(form.text_of(one))}"
    if default is None:
        return f"{_word(one.name)}: Optional[{_kind(one).removeprefix('Optional[').rstrip(']')}] = None"
    return f"{_word(one.name)}: {_kind(one)} = {quoting.python(default)}"


def _component(
    form: Form, task: Task, functions: dict[str, str], shown: list[Parameter], place: Place
) -> str:
    typed = [f", {_word(one.name)}: {_kind(one)}" for one in shown if not _is_optional(form, one)]
    typed += [f", {_word(one.name)}: Optional[{_kind(one).removeprefix('Optional[').rstrip(']')}] = None"
              for one in shown if _is_optional(form, one)]  # fmt: skip
    base = image.inside(place)
    relative = base.removeprefix(image.PROJECT).lstrip("/")
    export = f"{relative}/{place.export}".lstrip("/")
    return _STEP.format(
        function=functions[task.name], typed="".join(typed), step=task.name, word=quoting.python(task.name),
        project=image.PROJECT,
        export=quoting.python(export),
        given=_mapping([one.name for one in shown if not _is_text(one)]),
        texts=_mapping([one.name for one in shown if _is_text(one)]),
        parameters=quoting.python(f"{relative}/parameters.yaml".lstrip("/")),
        store=quoting.python(form.wishes.store),
    )  # fmt: skip


def _mapping(names: list[str]) -> str:
    return "{" + ", ".join(f'"{name}": {_word(name)}' for name in names) + "}"


def _word(parameter: str) -> str:
    """The argument of a parameter: its name, with an underscore more where that means something else."""
    taken = parameter.rstrip("_") in _TAKEN or parameter.startswith("step_")
    return f"{parameter}_" if taken else parameter


def _is_optional(form: Form, one: Parameter) -> bool:
    required = one.required and one.name not in form.wishes.values
    return _kind(one) != "str" and not required and form.default(one) is None


def _task(task: Task, functions: dict[str, str]) -> str:
    name = functions[task.name]
    lines = [f"    {name}_task = with_secrets({name}(run=run, **given))"]
    after = ", ".join(f"{functions[other]}_task" for other in task.after)
    lines += [f"    {name}_task.after({after})"] if after else []
    if task.retries:
        pause = f', backoff_duration="{task.backoff:g}s", backoff_factor=2.0' if task.backoff else ""
        lines.append(f"    {name}_task.set_retry(num_retries={task.retries}{pause})")
    if size := commands.megabytes(task):
        lines.append(f'    {name}_task.set_memory_limit("{size}Mi")')
    if task.cpus:
        lines.append(f'    {name}_task.set_cpu_request("{task.cpus}")')
    return "".join(f"{line}\n" for line in lines)


def _then(_form: Form, place: Place) -> str:
    return f"python {place.output / 'pipeline.py'} --host URL"


TARGET = Target(
    "kfp",
    "Kubeflow Pipelines v2",
    "run with kfp.local of 2.17.0 in make engines, not on a cluster",
    files,
    _then,
    {
        Feature.TIME_ZONE: "recurring runs go by the clock of the server",
        Feature.TIMEOUT: "a task has none; the step's own limit holds",
        Feature.MODELS: "pods share no run table; a step that registers a model fails and says so",
        Feature.PROMOTION: "pods share no run table",
        Feature.FOR_EACH: "its parts are processes of one pod, not a ParallelFor",
    },
)
